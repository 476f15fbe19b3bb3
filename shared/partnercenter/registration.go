package partnercenter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Registration is the one webhook registration of the tenant.
// https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
type Registration struct {
	WebhookURL        string
	Events            []string
	SignatureInHeader bool   // x-ms-signature instead of Authorization, which gateways inspect
	SubscriberID      string // only in answers, and not in all of them
}

// TestResult is what became of a test event.
type TestResult struct {
	Status  string // "Submitted", then "completed" or "failed"; see Over
	URL     string // where it was delivered to
	Results []TestAttempt
}

// TestAttempt is one delivery of a test event.
type TestAttempt struct {
	ResponseCode    string // the name of the status, "OK", or its number, "200"; see Delivered
	ResponseMessage string
	SystemError     bool
	At              string // as written, UTC without a zone
}

// Over says that no more attempts follow.
func (r TestResult) Over() bool {
	return strings.EqualFold(r.Status, "completed") || strings.EqualFold(r.Status, "failed")
}

// taken are the names of the 2xx statuses as .NET writes them.
// https://learn.microsoft.com/dotnet/api/system.net.httpstatuscode
var taken = []string{"OK", "Created", "Accepted", "NonAuthoritativeInformation", "NoContent", "ResetContent", "PartialContent", "MultiStatus", "AlreadyReported", "IMUsed"}

// Delivered says that the attempt was answered with a 2xx status, by name or by number.
func (a TestAttempt) Delivered() bool {
	code := strings.TrimSpace(a.ResponseCode)
	if n, err := strconv.Atoi(code); err == nil {
		return n >= 200 && n <= 299
	}
	return slices.ContainsFunc(taken, func(name string) bool { return strings.EqualFold(name, code) })
}

// wireRegistration is read without case: the documentation mixes both.
type wireRegistration struct {
	SubscriberID string   `json:"SubscriberId,omitempty"`
	URL          string   `json:"WebhookUrl"`
	Events       []string `json:"WebhookEvents"`
	InHeader     any      `json:"SignatureTokenToMsSignatureHeader,omitempty"` // a flag, or its text
}

// Registration reads the registration; false when there is none.
func (c *Client) Registration(ctx context.Context) (Registration, bool, error) {
	resp, err := c.webhook(ctx, http.MethodGet, "", nil)
	if fault.Is(err, fault.Gone) {
		return Registration{}, false, nil
	}
	if err != nil {
		return Registration{}, false, fmt.Errorf("reading the webhook registration: %w", err)
	}
	if resp.Status == http.StatusNoContent {
		return Registration{}, false, nil
	}
	r, err := readRegistration(resp)
	if err != nil {
		return Registration{}, false, fmt.Errorf("reading the webhook registration: %w", err)
	}
	return r, r.WebhookURL != "", nil
}

// Register makes the first registration. Conflict: there is one, see Replace.
func (c *Client) Register(ctx context.Context, r Registration) (Registration, error) {
	return c.register(ctx, http.MethodPost, r)
}

// Replace replaces the registration, whoever made it. Gone: there is none.
func (c *Client) Replace(ctx context.Context, r Registration) (Registration, error) {
	return c.register(ctx, http.MethodPut, r)
}

func (c *Client) register(ctx context.Context, method string, r Registration) (Registration, error) {
	body, err := json.Marshal(wireRegistration{URL: r.WebhookURL, Events: r.Events, InHeader: r.SignatureInHeader})
	if err != nil {
		return Registration{}, fault.New(fault.Invalid, "writing the registration: %w", err)
	}
	resp, err := c.webhook(ctx, method, "", body)
	if err != nil {
		return Registration{}, fmt.Errorf("registering the webhook: %w", err)
	}
	if got, err := readRegistration(resp); err == nil && got.WebhookURL != "" {
		return got, nil
	}
	return r, nil // done, and the answer does not repeat it
}

func readRegistration(resp *httpclient.Response) (Registration, error) {
	var w wireRegistration
	if err := resp.Decode(&w); err != nil {
		return Registration{}, err
	}
	return Registration{
		WebhookURL: w.URL, Events: w.Events, SubscriberID: w.SubscriberID,
		SignatureInHeader: strings.EqualFold(fmt.Sprint(w.InHeader), "true"),
	}, nil
}

// Partner Center takes so many test events in a minute.
// https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
const (
	mostTests   = 2
	testsWithin = time.Minute
)

// pace remembers when the last test events were asked for.
type pace struct {
	mu   sync.Mutex
	sent []time.Time
}

// wait is how long the next one has to wait; 0: it may be sent, and counts.
func (p *pace) wait(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = slices.DeleteFunc(p.sent, func(at time.Time) bool { return now.Sub(at) >= testsWithin })
	if len(p.sent) >= mostTests {
		return testsWithin - now.Sub(p.sent[0])
	}
	p.sent = append(p.sent, now)
	return 0
}

// SendTestEvent asks for a test event; test-created must be registered. Later: the third in a minute, which is not sent.
func (c *Client) SendTestEvent(ctx context.Context) (correlationID string, err error) {
	if wait := c.tests.wait(time.Now()); wait > 0 {
		return "", fault.Wait(wait, "Partner Center takes %d test events in a minute: ask again in %s", mostTests, wait.Round(time.Second))
	}
	resp, err := c.webhookBy(ctx, c.testEvents, http.MethodPost, "/validationEvents", nil)
	if err != nil {
		return "", fmt.Errorf("asking for a test event: %w", err)
	}
	var answer struct {
		CorrelationID string `json:"correlationId"`
	}
	if json.Unmarshal(resp.Body, &answer) != nil {
		_ = json.Unmarshal(resp.Body, &answer.CorrelationID) // the swagger says a bare text
	}
	if id := guid(answer.CorrelationID); id != "" {
		return id, nil
	}
	return "", fmt.Errorf("asking for a test event: %w", fault.New(fault.Broken, "the answer holds no correlation id"))
}

// TestEvent follows a test event. Gone: unknown, or older than 7 days.
func (c *Client) TestEvent(ctx context.Context, correlationID string) (TestResult, error) {
	id := guid(correlationID)
	if id == "" {
		return TestResult{}, fault.New(fault.Invalid, "reading a test event: the correlation id is not a GUID")
	}
	resp, err := c.webhook(ctx, http.MethodGet, "/validationEvents/"+id, nil)
	if err != nil {
		return TestResult{}, fmt.Errorf("reading test event %s: %w", id, err)
	}
	var answer struct {
		Status  string `json:"status"`
		URL     string `json:"callbackUrl"`
		Results []struct {
			Code    any    `json:"responseCode"` // a text, or the number itself
			Message string `json:"responseMessage"`
			System  bool   `json:"systemError"`
			At      string `json:"dateTimeUtc"`
		} `json:"results"`
	}
	if err := resp.Decode(&answer); err != nil {
		return TestResult{}, fmt.Errorf("reading test event %s: %w", id, err)
	}
	result := TestResult{Status: answer.Status, URL: answer.URL}
	for _, r := range answer.Results {
		result.Results = append(result.Results, TestAttempt{codeText(r.Code), shorten(r.Message, maxText), r.System, r.At})
	}
	return result, nil
}

func codeText(v any) string {
	if v == nil {
		return ""
	}
	return shorten(fmt.Sprint(v), 64)
}

// webhook calls the registration host and gives answers of the 200s only.
func (c *Client) webhook(ctx context.Context, method, path string, body []byte) (*httpclient.Response, error) {
	return c.webhookBy(ctx, c.webhookAPI, method, path, body)
}

func (c *Client) webhookBy(ctx context.Context, chain *httpclient.Client, method, path string, body []byte) (*httpclient.Response, error) {
	header := jsonHeader()
	header.Set("MS-Contract-Version", "v1")
	header.Set("MS-PartnerCenter-Application", "cosell-sync")
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	resp, err := chain.Do(ctx, httpclient.Request{Method: method, URL: c.webhooks + path, Header: header, Body: body})
	if err != nil {
		return nil, err
	}
	if resp.Status < 200 || resp.Status > 299 {
		return nil, classify(resp, registration)
	}
	return resp, nil
}
