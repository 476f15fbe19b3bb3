package ledger

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// rows is one partition of a table store, real or in memory. All properties are text.
type rows interface {
	// get reads one row: one call.
	get(ctx context.Context, table, key string) (row, bool, error)
	// write does all or nothing, at most 100 of them, and gives the versions of the rows put or inserted.
	// errTaken: a row to insert exists. errStale: a row has another version, or is gone.
	write(ctx context.Context, table string, ops ...op) (versions []string, err error)
	// list reads the rows from one key up to, not including, another, in key order, until each says false.
	list(ctx context.Context, table, from, to string, each func(row) bool) error
	// now is the store's clock.
	now(ctx context.Context) (time.Time, error)
}

var (
	errTaken = errors.New("the row exists")
	errStale = errors.New("the row has another version")
)

type row struct {
	key, version string
	changed      time.Time // by the store's clock
	read         time.Time // by the same, when a list gave it, to the second; zero: the store did not say
	props        map[string]string
}

type kind int

const (
	insert kind = iota // must not exist
	put                // merges; with a version only into that one, without into any or none
	remove             // with a version only that one; without also when it is gone, unless with others
)

type op struct {
	kind    kind
	key     string
	version string
	props   map[string]string
}

// maxUnits is how much text goes into one property: Table Storage takes 64 KiB of UTF-16.
// https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
const maxUnits = 30_000

// setLong splits a text over properties name, name1, name2 …; name+"N" says how many there are, because a
// merge leaves the ones of a longer text behind.
func setLong(props map[string]string, name, text string) {
	n := 0
	for first := true; first || text != ""; first = false {
		cut := cutUnits(text, maxUnits)
		props[part(name, n)], text = text[:cut], text[cut:]
		n++
	}
	props[name+"N"] = strconv.Itoa(n)
}

func (r row) long(name string) string {
	n, _ := strconv.Atoi(r.props[name+"N"])
	if n == 1 {
		return r.props[name]
	}
	var b strings.Builder
	for i := range n {
		b.WriteString(r.props[part(name, i)])
	}
	return b.String()
}

func part(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + strconv.Itoa(i)
}

// cutUnits gives the length in bytes of the longest prefix that has at most so many UTF-16 units.
func cutUnits(s string, units int) int {
	if len(s) <= units {
		return len(s)
	}
	for i, r := range s {
		width := utf16.RuneLen(r)
		if units -= max(width, 1); units < 0 {
			return i
		}
	}
	return len(s)
}

// cut shortens a text that is not needed whole, on a rune boundary and with a mark.
func cut(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	if n := cutUnits(s, maxUnits); n < len(s) {
		return s[:cutUnits(s, maxUnits-1)] + "…"
	}
	return s
}

// key makes a row key. Ids are compared without regard to case, and what a row key may not hold is
// written as =XX. https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model#characters-disallowed-in-key-fields
func key(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, p := range parts {
		escaped[i] = escape(strings.ToLower(p))
	}
	return strings.Join(escaped, "|")
}

// after is the first key that does not begin with the prefix and a bar.
func after(prefix string) string { return prefix + "}" } // the character after the bar

// stays says whether a character may stand in a key as it is.
func stays(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.:@ ", c) >= 0
}

func escape(s string) string {
	const hex = "0123456789ABCDEF"
	plain := 0
	for plain < len(s) && stays(s[plain]) {
		plain++
	}
	if plain == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:plain])
	for i := plain; i < len(s); i++ {
		c := s[i]
		if stays(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('=')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
