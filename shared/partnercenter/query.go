package partnercenter

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// Query selects referrals. Filter is made with the builders of this package only; OrderBy is
// "updatedDateTime desc" or alike; Top 0 leaves the page size to the server.
type Query struct {
	Filter  string
	OrderBy string
	Top     int
	// Left is told how many items of a page cannot be used, because they name no id; nil: nobody wants to know.
	Left func(n int)
}

// unbuilt marks a filter that a builder refused. It cannot be part of a good one, since builders refuse
// NUL characters; List refuses it, because a filter left out would match everything.
const unbuilt = "\x00"

var (
	memberPath = pattern.New(`^[A-Za-z][A-Za-z0-9]*(/[A-Za-z][A-Za-z0-9]*)*$`)
	ordering   = pattern.New(`^[A-Za-z][A-Za-z0-9]*( asc| desc)?$`)
)

// Eq compares a member with a text, taken literally.
func Eq(path, value string) string {
	if !memberPath.MatchString(path) || strings.Contains(value, unbuilt) {
		return unbuilt
	}
	return path + " eq '" + strings.ReplaceAll(value, "'", "''") + "'"
}

// EqGUID compares a member with an id; what is not a GUID makes a filter that List refuses.
func EqGUID(path, id string) string {
	if id = guid(id); id == "" {
		return unbuilt
	}
	return Eq(path, id)
}

// Since selects what is not older than t.
func Since(path string, t time.Time) string {
	if !memberPath.MatchString(path) {
		return unbuilt
	}
	return path + " ge " + t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// guid gives the plain form of an id in lower case, "" for everything else.
func guid(id string) string {
	if len(id) != len("00000000-0000-0000-0000-000000000000") { // of this length Parse takes the plain form alone
		return ""
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return ""
	}
	return parsed.String()
}

func (q Query) encode() (string, error) {
	if strings.Contains(q.Filter, unbuilt) {
		return "", fault.New(fault.Invalid, "the filter compares with something that is not an id or a text").With("filter.invalid", "")
	}
	if q.OrderBy != "" && !ordering.MatchString(q.OrderBy) {
		return "", fault.New(fault.Invalid, "the order %q is not a member and a direction", q.OrderBy).With("filter.invalid", "")
	}
	v := url.Values{}
	if q.Filter != "" {
		v.Set("$filter", q.Filter)
	}
	if q.OrderBy != "" {
		v.Set("$orderby", q.OrderBy)
	}
	if q.Top > 0 {
		v.Set("$top", fmt.Sprint(q.Top))
	}
	return encodeQuery(v), nil
}

// encodeQuery writes option names as they are and blanks as %20: OData servers need not know "+".
func encodeQuery(v url.Values) string {
	return strings.ReplaceAll(strings.ReplaceAll(v.Encode(), "+", "%20"), "%24", "$")
}
