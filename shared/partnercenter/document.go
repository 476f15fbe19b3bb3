package partnercenter

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/jsonread"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// Operation is one step of an RFC 6902 document; Partner Center knows "add" and "replace" only.
// https://learn.microsoft.com/partner-center/developer/patch-a-referral
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Document is a referral as Partner Center holds it: a JSON object of which we understand a part. It is
// never changed after it was read.
type Document struct {
	raw  []byte
	tree map[string]any
	etag string
	date time.Time
}

// strongETag is what If-Match may carry. A weak or unquoted one would make a write that compares nothing.
var strongETag = pattern.New(`^"[!#-~]+"$`).UpTo(1002)

// ParseDocument reads a referral. An empty etag is taken from the member eTag, which list items may lack.
// Broken: not a JSON object, or an ETag that cannot be used as a condition.
func ParseDocument(body []byte, etag string, date time.Time) (Document, error) {
	tree, err := decodeObject(body)
	if err != nil {
		return Document{}, fault.New(fault.Broken, "the answer is not a referral: %w", err).With("answer.malformed", "")
	}
	d := spelt(body, tree)
	d.etag, d.date = etag, date
	if d.etag == "" {
		d.etag = d.Text("/eTag")
	}
	if d.etag != "" && !strongETag.MatchString(d.etag) {
		return Document{}, fault.New(fault.Broken, "the answer's ETag is weak, unquoted or too long").With("etag.unusable", "")
	}
	return d, nil
}

// spelt is the document with its members in camelCase, in which we know them: that is what the recorded answers
// hold, but the documentation's tables have PascalCase.
func spelt(body []byte, tree map[string]any) Document {
	if _, pascal := tree["Id"]; !pascal {
		return Document{raw: body, tree: tree}
	}
	lowerNames(tree)
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(tree) != nil {
		return Document{raw: body, tree: tree} // what was decoded can be encoded
	}
	return Document{raw: bytes.TrimSpace(raw.Bytes()), tree: tree}
}

// lowerNames spells the first letter of every member's name small.
func lowerNames(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Collect(maps.Keys(v)) {
			lowerNames(v[name])
			if lower := lowerFirst(name); lower != name {
				v[lower] = v[name]
				delete(v, name)
			}
		}
	case []any:
		for _, e := range v {
			lowerNames(e)
		}
	}
}

// lowerFirst leaves ETag its second capital: it is eTag in the answers.
func lowerFirst(name string) string {
	if name == "" || name[0] < 'A' || name[0] > 'Z' {
		return name
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func decodeObject(body []byte) (map[string]any, error) {
	document, err := jsonread.Tree(body)
	tree, _ := document.(map[string]any)
	if err != nil || tree == nil {
		return nil, errNotJSON
	}
	return tree, nil
}

// ID is the referral's id, lower case; "" where the document has none that is a GUID.
func (d Document) ID() string { return guid(d.Text("/id")) }

// ETag is the version with its quotes, as If-Match wants it. A list item may have none.
func (d Document) ETag() string { return d.etag }

// Date is the server's clock when it answered.
func (d Document) Date() time.Time { return d.date }

// JSON is the document as it was received.
func (d Document) JSON() []byte { return d.raw }

// Has says whether the member is present and not null.
func (d Document) Has(pointer string) bool { return d.Value(pointer) != nil }

// Lacks says whether the document does not have the top-level member at all, not even as null.
func (d Document) Lacks(member string) bool {
	_, ok := d.tree[member]
	return !ok
}

// Text gives a scalar as text: numbers as written, flags as true and false, "" for null, absent members,
// objects and lists.
func (d Document) Text(pointer string) string {
	switch v := d.Value(pointer).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// Value gives the decoded member (RFC 6901) with json.Number for numbers, nil when absent. It belongs to
// the document and must not be changed.
func (d Document) Value(pointer string) any {
	var here any = d.tree
	if pointer == "" {
		return here
	}
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		switch node := here.(type) {
		case map[string]any:
			here = node[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			here = node[i]
		default:
			return nil
		}
	}
	return here
}
