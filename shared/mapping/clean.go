package mapping

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"golang.org/x/text/unicode/norm"
)

// Clean makes a text what both systems can hold: CRLF becomes a single line feed, and control characters
// other than tab, carriage return and line feed, half surrogates (which JSON readers turn into U+FFFD),
// bytes that are no UTF-8 and the two code points that are no characters are removed. Both sides are read
// in this form, so cleaning never looks like an edit.
func Clean(text string) string {
	if strings.IndexFunc(text, dirty) >= 0 {
		text = strings.Map(func(r rune) rune {
			if dirty(r) {
				return -1
			}
			return r
		}, text)
	}
	return strings.ReplaceAll(text, "\r\n", "\n") // last: what stood between the two may be gone now
}

func dirty(r rune) bool {
	switch r {
	case '\t', '\r', '\n':
		return false
	case utf8.RuneError, '\uFFFE', '\uFFFF':
		return true
	}
	return unicode.IsControl(r)
}

// Ids are read in one form where they are GUIDs, and as they are where they are somebody else's.
func idFromReferral(_ *glossary, v any) (string, error) {
	text, err := Text(v)
	return idOrText(text), err
}

func idFromCRM(_ *glossary, _, text string) (string, error) { return idOrText(Clean(text)), nil }

func idOrText(text string) string {
	if id, ok := cosell.ID(text); ok {
		return id
	}
	return text
}

// KeyText makes keys of list members comparable: one Unicode form, lower case, no blanks around.
func KeyText(text string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFC.String(Clean(text))))
}
