package mapping

import (
	"slices"
	"strings"
	"unicode"
)

const (
	// mostParts is how many parts of a name are asked for: each is a condition on every name that begins alike.
	mostParts = 3
	// partLength is how long they are.
	partLength = 3
)

// Parts are what names of the customer contain, whatever the spelling: one of each list. With them the CRM gives few
// accounts where hundreds begin alike, as "Customer 0001 Trading" does. Only what every spelling has is in them: of a
// word its first letters or its last, since a hyphen or a space may be in it, and of a number its last three digits,
// which stay together but for "20 20" and "2020". Letters that other spellings write in another way are left out.
func (c Customer) Parts() (all [][]string) {
	var numbers, names [][]string
	for _, run := range c.runs() {
		switch n := len(run); {
		case n >= partLength && isDigit(rune(run[0])):
			numbers = append(numbers, lastDigits(run))
		case n >= 2*partLength-1 && !isDigit(rune(run[0])):
			first, last := run[:partLength], run[n-partLength:]
			if !writtenApart(first) && !writtenApart(last) {
				names = append(names, append(spaced(first), spaced(last)...))
			}
		}
	}
	all = append(numbers, names...)
	return all[:min(mostParts, len(all))]
}

// spaced are three letters as they are written, and with a space among them, as "At Home" has.
func spaced(part string) []string {
	return []string{part, part[:1] + " " + part[1:], part[:2] + " " + part[2:]}
}

// lastDigits are the last three, of which the first may be written apart.
func lastDigits(run string) (out []string) {
	last := run[len(run)-partLength:]
	for _, between := range []string{"", " ", "-", ".", "/"} {
		out = append(out, last[:1]+between+last[1:])
	}
	return out
}

// runs are the plain letters, and the digits, that stand together in the name as it is written, without the legal form.
func (c Customer) runs() (out []string) {
	text := strings.ToLower(c.exact)
	name := c.Name
	for text != "" {
		start := strings.IndexFunc(text, isPlain)
		if start < 0 {
			break
		}
		text = text[start:]
		digits := isDigit(rune(text[0]))
		end := strings.IndexFunc(text, func(r rune) bool { return !isPlain(r) || isDigit(r) != digits })
		if end < 0 {
			end = len(text)
		}
		run := text[:end]
		text = text[end:]
		at := strings.Index(name, run)
		if at < 0 { // the legal form, or an article
			continue
		}
		name = name[at+len(run):]
		out = append(out, run)
	}
	return slices.Compact(out)
}

func isPlain(r rune) bool { return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// writtenApart says whether some write these letters as one sign: ß, or a ligature.
func writtenApart(part string) bool {
	return slices.ContainsFunc([]string{"ss", "ff", "fi", "fl"}, func(sign string) bool { return strings.Contains(part, sign) })
}
