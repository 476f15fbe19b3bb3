package dataverse

import (
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// Query selects columns and rows. Filter is made with the builders of this package only; OrderBy is
// "modifiedon desc" or alike.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/query/overview
type Query struct {
	Select  []string
	Filter  string
	Expand  []Expand
	OrderBy string
	Top     int
}

// Expand reads the rows that a navigation property leads to.
type Expand struct {
	Nav   string
	Query Query
}

// unbuilt marks a filter that a builder refused. It cannot be part of a good one, since builders refuse
// NUL characters; the client refuses it, because a filter left out would match everything.
const unbuilt = "\x00"

// isName says whether a text may stand for a table, a column or a message; every event has several.
func isName(s string) bool {
	for i, c := range []byte(s) {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// isPath says whether a text can name a column, or one of the row that a property leads to.
func isPath(s string) bool {
	first, second, deeper := strings.Cut(s, "/")
	return isName(first) && (!deeper || isName(second))
}

var ordering = pattern.New(`^[A-Za-z_][A-Za-z0-9_]*( asc| desc)?$`).UpTo(133)

// EqText compares a column with a text, taken literally.
func EqText(path, value string) string {
	if strings.Contains(value, unbuilt) {
		return unbuilt
	}
	return equal(path, quoted(value))
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// StartsWith looks for texts that begin so, taken literally; Dataverse does not mind the case.
func StartsWith(path, text string) string {
	if strings.Contains(text, unbuilt) || !isPath(path) {
		return unbuilt
	}
	return "startswith(" + path + "," + quoted(text) + ")"
}

// Contains looks for texts that hold the text somewhere, taken literally; Dataverse does not mind the case.
func Contains(path, text string) string {
	if strings.Contains(text, unbuilt) || !isPath(path) {
		return unbuilt
	}
	return "contains(" + path + "," + quoted(text) + ")"
}

// Null asks for rows in which the column is empty.
func Null(path string) string { return equal(path, "null") }

// NotNull asks for rows in which the column holds something.
func NotNull(path string) string {
	if !isPath(path) {
		return unbuilt
	}
	return path + " ne null"
}

// EqID compares a column with an id; what is not a GUID makes a filter that the client refuses.
func EqID(path, id string) string {
	if id = guid(id); id == "" {
		return unbuilt
	}
	return equal(path, id)
}

// EqInt compares a column with a number.
func EqInt(path string, value int) string { return equal(path, strconv.Itoa(value)) }

// EqBool compares a column with a flag.
func EqBool(path string, value bool) string { return equal(path, strconv.FormatBool(value)) }

func equal(path, literal string) string {
	if !isPath(path) {
		return unbuilt
	}
	return path + " eq " + literal
}

// And joins filters that must all hold; an empty one asks for nothing.
func And(filters ...string) string {
	var wanted []string
	for _, f := range filters {
		if f != "" {
			wanted = append(wanted, f)
		}
	}
	return strings.Join(wanted, " and ")
}

// Or joins filters of which one must hold. None at all would match everything, and is refused.
func Or(filters ...string) string {
	if len(filters) == 0 {
		return unbuilt
	}
	for _, f := range filters {
		if f == "" {
			return unbuilt
		}
	}
	return "(" + strings.Join(filters, " or ") + ")"
}

// Bind names a row as @odata.bind wants it, "/accounts(<id>)". What is not a set and a GUID gives "",
// which Dataverse refuses.
func Bind(set, id string) string {
	if id = guid(id); id == "" || !isName(set) {
		return ""
	}
	return "/" + set + "(" + id + ")"
}

// encode writes the query for a URL, with its question mark.
func (q Query) encode() (string, error) {
	out, err := q.appendTo(make([]byte, 0, q.size()), false)
	return string(out), err
}

// appendTo writes the query for a URL: one with its question mark, or the inner one of an expansion in its brackets.
func (q Query) appendTo(out []byte, inner bool) ([]byte, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	mark, next, plain := "?", "&", appendText
	if inner { // all of it stands in an option
		mark, next, plain = "(", ";", appendEscaped
	}
	option := func(name string) {
		out = plain(plain(out, mark), name)
		mark = next
	}
	if len(q.Select) > 0 {
		option("$select=")
	}
	for i, c := range q.Select {
		if i > 0 {
			out = appendEscaped(out, ",")
		}
		out = append(out, c...)
	}
	if q.Filter != "" {
		option("$filter=")
		out = appendEscaped(out, q.Filter)
	}
	if q.OrderBy != "" {
		option("$orderby=")
		out = appendEscaped(out, q.OrderBy)
	}
	if q.Top > 0 {
		option("$top=")
		out = strconv.AppendInt(out, int64(q.Top), 10)
	}
	if len(q.Expand) > 0 {
		option("$expand=")
	}
	for i, e := range q.Expand {
		if i > 0 {
			out = appendEscaped(out, ",")
		}
		var err error
		if out, err = e.Query.appendTo(append(out, e.Nav...), true); err != nil {
			return nil, err
		}
	}
	if inner && mark == next {
		out = appendEscaped(out, ")")
	}
	return out, nil
}

// check refuses what would be something else in a URL than it is meant to be.
func (q Query) check() error {
	for _, c := range q.Select {
		if !isName(c) {
			return badQuery("column", c)
		}
	}
	if strings.Contains(q.Filter, unbuilt) {
		return fault.New(fault.Invalid, "the filter compares with something that is not an id or a text").With("filter.invalid", "")
	}
	if q.OrderBy != "" && !ordering.MatchString(q.OrderBy) {
		return badQuery("order", q.OrderBy)
	}
	for _, e := range q.Expand {
		if !isName(e.Nav) {
			return badQuery("navigation property", e.Nav)
		}
	}
	return nil
}

// size is about how long the query is in a URL, rather more than less.
func (q Query) size() int {
	n := 64 + 3*len(q.Filter)/2 + 2*len(q.OrderBy)
	for _, c := range q.Select {
		n += len(c) + len("%2C")
	}
	for _, e := range q.Expand {
		n += len(e.Nav) + len("%2C") + e.Query.size()
	}
	return n
}

func appendText(out []byte, s string) []byte { return append(out, s...) }

// appendEscaped writes a text for a URL, with %20 for the blank.
func appendEscaped(out []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			out = append(out, c)
		default:
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return out
}

func badQuery(what, text string) error {
	return fault.New(fault.Invalid, "%q is not the name of a %s", text, what).With("query.invalid", "compare the field sheet with the CRM's columns")
}
