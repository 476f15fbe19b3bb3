package dataverse

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/jsonread"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

var usableETag = pattern.New(`^(W/)?"[!#-~]+"$`).UpTo(1004)

// Row is a row as Dataverse gave it, with its annotations. It is never changed after it was read.
type Row struct {
	tree map[string]any
	date time.Time
}

// ParseRow reads a JSON object. Broken: it is not one.
func ParseRow(body []byte, date time.Time) (Row, error) {
	document, err := jsonread.Tree(body)
	tree, _ := document.(map[string]any)
	if err != nil || tree == nil {
		return Row{}, fault.New(fault.Broken, "the answer is not a row").With("answer.malformed", "")
	}
	return Row{tree: tree, date: date}, nil
}

// ID is the row's id, lower case; "" where the column holds no GUID.
func (r Row) ID(idColumn string) string { return guid(r.Text(idColumn)) }

// ETag is the row's version, as If-Match wants it.
func (r Row) ETag() string { return r.Text("@odata.etag") }

// Date is the server's clock when it answered.
func (r Row) Date() time.Time { return r.date }

// Has says whether the column is present and not null.
func (r Row) Has(column string) bool { return r.value(column) != nil }

// Text gives a column as text: numbers as written, flags as true and false, "" for null and absent ones.
// "parentaccountid/name" goes into an expanded row.
func (r Row) Text(column string) string {
	switch v := r.value(column).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// Row gives an expanded row; false when there is none.
func (r Row) Row(nav string) (Row, bool) {
	tree, ok := r.value(nav).(map[string]any)
	return Row{tree: tree, date: r.date}, ok
}

// Rows gives an expanded collection.
func (r Row) Rows(nav string) []Row {
	list, _ := r.value(nav).([]any)
	rows := make([]Row, 0, len(list))
	for _, item := range list {
		if tree, ok := item.(map[string]any); ok {
			rows = append(rows, Row{tree: tree, date: r.date})
		}
	}
	return rows
}

// value follows a path of names. Annotations hold dots and an @, never a slash.
func (r Row) value(path string) any {
	here := r.tree
	for {
		name, rest, more := strings.Cut(path, "/")
		if !more {
			return here[path]
		}
		next, ok := here[name].(map[string]any)
		if !ok {
			return nil
		}
		here, path = next, rest
	}
}

// guid gives the plain form of an id in lower case, "" for everything else.
func guid(id string) string {
	if len(id) != 36 {
		return ""
	}
	for i := range len(id) {
		c := id[i] | 0x20
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (id[i] == '-') || !dash && (id[i] < '0' || id[i] > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return strings.ToLower(id)
}
