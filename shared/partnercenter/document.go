package partnercenter

import "time"

// Operation is one step of an RFC 6902 document; Partner Center knows "add" and "replace" only.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Document is a referral as Partner Center holds it: a JSON object of which we understand a part.
type Document struct {
	raw  []byte
	tree map[string]any
	etag string
	date time.Time
}

// ParseDocument reads a referral. An empty etag is taken from the member eTag. Kinds of fault: Broken.
func ParseDocument(body []byte, etag string, date time.Time) (Document, error) {
	return Document{}, errUnbuilt
}

// ID is the referral's id.
func (d Document) ID() string { return "" }

// ETag is the version, quotes included, as If-Match wants it.
func (d Document) ETag() string { return d.etag }

// Date is the clock of the server when it answered.
func (d Document) Date() time.Time { return d.date }

// Text gives a scalar as text, numbers as written; "" for null and absent members.
func (d Document) Text(pointer string) string { return "" }

// Has says whether the member is present and not null.
func (d Document) Has(pointer string) bool { return false }

// Value gives the decoded member with json.Number inside, nil when absent. It must not be changed.
func (d Document) Value(pointer string) any { return nil }

// JSON is the document as it was received.
func (d Document) JSON() []byte { return d.raw }
