// Package partnercenter speaks with Partner Center: referrals, webhook registration and webhook events.
package partnercenter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

var errUnbuilt = errors.New("not built")

// Options are what a Client needs. The two hosts want tokens of two audiences, hence two chains.
type Options struct {
	ReferralsURL string // https://api.partner.microsoft.com/v1.0/engagements/referrals
	WebhooksURL  string // https://api.partnercenter.microsoft.com/webhooks/v1/registration
	Referrals    *httpclient.Client
	Webhooks     *httpclient.Client
	Log          *slog.Logger
}

// Client calls both hosts of Partner Center. It may be used by many goroutines.
type Client struct{ o Options }

// NewClient makes a client.
func NewClient(o Options) (*Client, error) { return &Client{o: o}, nil }

// Get reads one referral.
func (c *Client) Get(ctx context.Context, id string) (Document, error) {
	return Document{}, errUnbuilt
}

// Create sends one POST, never repeated.
func (c *Client) Create(ctx context.Context, body any, requestID string) (Document, error) {
	return Document{}, errUnbuilt
}

// Unknown says that a Create may or may not have happened.
func Unknown(err error) bool { return false }

// Patch changes a referral under the condition of its ETag.
func (c *Client) Patch(ctx context.Context, id, etag string, ops []Operation) (Document, error) {
	return Document{}, errUnbuilt
}

// Query selects referrals. Filter is made with the builders of this package only.
type Query struct {
	Filter  string
	OrderBy string
	Top     int
}

// List calls each for every referral until it returns false.
func (c *Client) List(ctx context.Context, q Query, each func(Document) (more bool)) (time.Time, error) {
	return time.Time{}, errUnbuilt
}

// Eq compares a member with a text.
func Eq(path, value string) string { return "" }

// EqGUID compares a member with an id.
func EqGUID(path, id string) string { return "" }

// Since selects what is not older than t.
func Since(path string, t time.Time) string { return "" }

// And joins filters.
func And(filters ...string) string { return "" }

// Registration is the one webhook registration of the tenant.
type Registration struct {
	WebhookURL        string
	Events            []string
	SignatureInHeader bool // x-ms-signature instead of Authorization
	SubscriberID      string
}

// TestResult is what became of a test event.
type TestResult struct {
	Status  string // "completed", …
	Results []TestAttempt
}

// TestAttempt is one delivery of a test event.
type TestAttempt struct {
	ResponseCode    string
	ResponseMessage string
	SystemError     bool
	At              string
}

// Registration reads the registration; false when there is none.
func (c *Client) Registration(ctx context.Context) (Registration, bool, error) {
	return Registration{}, false, errUnbuilt
}

// Register makes the first registration. Conflict: there is one.
func (c *Client) Register(ctx context.Context, r Registration) (Registration, error) {
	return Registration{}, errUnbuilt
}

// Replace replaces the registration.
func (c *Client) Replace(ctx context.Context, r Registration) (Registration, error) {
	return Registration{}, errUnbuilt
}

// SendTestEvent asks for a test event.
func (c *Client) SendTestEvent(ctx context.Context) (correlationID string, err error) {
	return "", errUnbuilt
}

// TestEvent follows a test event.
func (c *Client) TestEvent(ctx context.Context, correlationID string) (TestResult, error) {
	return TestResult{}, errUnbuilt
}

// Event is what a verified webhook said. Only Verifier.Open makes one.
type Event struct {
	Name          string
	ReferralID    string // "" unless Referral
	CorrelationID string // of a test event
	ChangedAt     time.Time
	Referral      bool
}

// Verifier opens webhook requests.
type Verifier struct{}

// Open verifies and parses one request. Kinds of fault: Invalid 400, Denied 401, Broken 503.
func (v *Verifier) Open(r *http.Request, body []byte) (Event, error) { return Event{}, errUnbuilt }

// Secrets keeps the refresh token (Key Vault).
type Secrets interface {
	Get(ctx context.Context, name string) (string, error)
	Set(ctx context.Context, name, value string) error
}
