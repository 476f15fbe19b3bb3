// Package dataverse speaks with the Dataverse Web API: rows, change sets, change feeds, metadata and events.
package dataverse

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

var errUnbuilt = errors.New("not built")

// Row is a row as Dataverse gave it, with its annotations.
type Row struct {
	tree map[string]any
	date time.Time
}

// ParseRow reads a JSON object.
func ParseRow(body []byte, date time.Time) (Row, error) { return Row{}, errUnbuilt }

// ID is the row's id, lower case.
func (r Row) ID(idColumn string) string { return "" }

// ETag is the row's version, as If-Match wants it.
func (r Row) ETag() string { return "" }

// Date is the clock of the server when it answered.
func (r Row) Date() time.Time { return r.date }

// Text gives a column as text.
func (r Row) Text(column string) string { return "" }

// Has says whether the column is present and not null.
func (r Row) Has(column string) bool { return false }

// Row gives an expanded row.
func (r Row) Row(nav string) (Row, bool) { return Row{}, false }

// Rows gives an expanded collection.
func (r Row) Rows(nav string) []Row { return nil }

// Formatted gives the column as people see it.
func (r Row) Formatted(column string) string { return "" }

// Query selects columns and rows. Filter is made with the builders of this package only.
type Query struct {
	Select  []string
	Filter  string
	Expand  []Expand
	OrderBy string
	Top     int
}

// Expand reads rows that a navigation property leads to.
type Expand struct {
	Nav   string
	Query Query
}

// Options are what a Client needs.
type Options struct {
	BaseURL string // https://ORG.crm.dynamics.com/api/data/v9.2
	HTTP    *httpclient.Client
	Log     *slog.Logger
}

// Client calls the Web API of one environment. It may be used by many goroutines.
type Client struct{ o Options }

// NewClient makes a client.
func NewClient(o Options) (*Client, error) { return &Client{o: o}, nil }

// Get reads one row. Gone: it does not exist.
func (c *Client) Get(ctx context.Context, set, id string, q Query) (Row, error) {
	return Row{}, errUnbuilt
}

// List reads rows, at most 10,000.
func (c *Client) List(ctx context.Context, set string, q Query) ([]Row, error) {
	return nil, errUnbuilt
}

// Update changes columns of a row whose version is etag ("*" for child rows), and returns the row as q asks.
func (c *Client) Update(ctx context.Context, set, id, etag string, columns map[string]any, q Query) (Row, error) {
	return Row{}, errUnbuilt
}

// Create makes a row under the id; false means that it existed already, and the row is empty.
func (c *Client) Create(ctx context.Context, set, id string, columns map[string]any, q Query) (Row, bool, error) {
	return Row{}, false, errUnbuilt
}

// Delete removes a row.
func (c *Client) Delete(ctx context.Context, set, id, etag string) error { return errUnbuilt }

// Write is one write of a change set. Path is relative: "opportunities(<id>)", "WinOpportunity".
type Write struct {
	Method, Path         string
	IfMatch, IfNoneMatch string
	Body                 map[string]any
}

// Read is the read that may follow a change set.
type Read struct {
	Set, ID string
	Query   Query
}

// ChangeSet sends the writes as one transaction, then reads.
func (c *Client) ChangeSet(ctx context.Context, writes []Write, then *Read) (Row, error) {
	return Row{}, errUnbuilt
}

// Changes reads a change feed.
func (c *Client) Changes(ctx context.Context, set string, selects []string, deltaLink string) (rows []Row, deleted []string, next string, err error) {
	return nil, nil, "", errUnbuilt
}

// WhoAmI names the user that we are.
func (c *Client) WhoAmI(ctx context.Context) (userID, organizationID string, err error) {
	return "", "", errUnbuilt
}

// Attribute is what the metadata says of a column.
type Attribute struct {
	Type      string // "String", "Memo", "Money", "Picklist", …
	MaxLength int
	Options   []Option
	Targets   []string
}

// Option is one choice: Labels by language code.
type Option struct {
	Value  int
	Labels map[int]string
}

// Attributes reads the metadata of a table, by logical name.
func (c *Client) Attributes(ctx context.Context, table string) (map[string]Attribute, error) {
	return nil, errUnbuilt
}

// EqText compares a column with a text.
func EqText(path, value string) string { return "" }

// EqID compares a column with an id.
func EqID(path, id string) string { return "" }

// EqInt compares a column with a number.
func EqInt(path string, value int) string { return "" }

// EqBool compares a column with a flag.
func EqBool(path string, value bool) string { return "" }

// And joins filters.
func And(filters ...string) string { return "" }

// Or joins filters.
func Or(filters ...string) string { return "" }

// Bind names a row as @odata.bind wants it.
func Bind(set, id string) string { return "" }

// Event is what a checked webhook said. Only Verifier.Open makes one.
type Event struct {
	Message        string // "Create", "Update", "Delete", "Win", "Lose"
	Table          string
	ID             string
	OrganizationID string
	OpportunityID  string // of a solution row, or of a Win or Lose; "" if absent
	CorrelationID  string
}

// Verifier opens webhook requests.
type Verifier struct{}

// Open checks and parses one request. Kinds of fault: Invalid 400, Denied 401, Broken 503.
func (v *Verifier) Open(r *http.Request, body []byte) (Event, error) { return Event{}, errUnbuilt }
