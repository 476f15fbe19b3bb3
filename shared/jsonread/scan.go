package jsonread

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// fail makes the reader give up.
func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.at = len(r.text)
}

func (r *Reader) blanks() {
	for r.at < len(r.text) && (r.text[r.at] == ' ' || r.text[r.at] == '\n' || r.text[r.at] == '\r' || r.text[r.at] == '\t') {
		r.at++
	}
}

// next is the character with which the next value begins, 0 at the end.
func (r *Reader) next() byte {
	if r.blanks(); r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// word goes over the word, if it is what comes next.
func (r *Reader) word(w string) bool {
	r.blanks()
	if !strings.HasPrefix(r.text[r.at:], w) {
		return false
	}
	r.at += len(w)
	return true
}

// Null goes over null, if that is what comes next.
func (r *Reader) Null() bool { return r.next() == 'n' && r.word("null") }

// open goes over the bracket that has to come next.
func (r *Reader) open(bracket byte) bool {
	if r.next() != bracket {
		r.fail(errKind)
		return false
	}
	r.at++
	if r.depth++; r.depth > mostDepth {
		r.fail(errDeep)
	}
	return r.err == nil
}

// more goes over the comma before another member or element, or over the closing bracket: then there is none.
func (r *Reader) more(closing byte, first bool) bool {
	switch c := r.next(); {
	case c == closing:
		r.at++
		r.depth--
		return false
	case first && c != 0:
		return true
	case !first && c == ',':
		if r.at++; r.next() != closing {
			return true
		}
	}
	r.fail(errSyntax)
	return false
}

func (r *Reader) colon() bool {
	if r.next() != ':' {
		r.fail(errSyntax)
		return false
	}
	r.at++
	return true
}

// number gives a number as it is written.
func (r *Reader) number() string {
	r.blanks()
	from := r.at
	if r.at < len(r.text) && r.text[r.at] == '-' {
		r.at++
	}
	if r.at < len(r.text) && r.text[r.at] == '0' {
		r.at++
	} else if !r.digits() {
		return ""
	}
	if r.at < len(r.text) && r.text[r.at] == '.' {
		if r.at++; !r.digits() {
			return ""
		}
	}
	if r.at < len(r.text) && (r.text[r.at] == 'e' || r.text[r.at] == 'E') {
		if r.at++; r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}
		if !r.digits() {
			return ""
		}
	}
	return r.text[from:r.at]
}

// digits wants one or more.
func (r *Reader) digits() bool {
	from := r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
	}
	if r.at == from {
		r.fail(errKind)
	}
	return r.err == nil
}

// quoted gives the text that has to come next. One without escapes, as nearly all are, is a part of the whole.
func (r *Reader) quoted() string {
	if r.next() != '"' {
		r.fail(errKind)
		return ""
	}
	from := r.at + 1
	ascii := true
	for i := from; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			if text := r.text[from:i]; ascii || utf8.ValidString(text) {
				return text
			}
			return r.decoded(from, from)
		case c == '\\':
			if !ascii {
				i = from
			}
			return r.decoded(from, i)
		case c < ' ':
			r.fail(errSyntax)
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	r.fail(errSyntax)
	return ""
}

// decoded gives the text that begins at from, which is as it is written up to i: a byte that is no UTF-8 becomes U+FFFD.
func (r *Reader) decoded(from, i int) string {
	var out strings.Builder
	out.Grow(r.closing(i) - from)
	out.WriteString(r.text[from:i])
	for i < len(r.text) {
		c := r.text[i]
		switch {
		case c == '"':
			r.at = i + 1
			return out.String()
		case c < ' ':
			r.fail(errSyntax)
			return ""
		case c < utf8.RuneSelf && c != '\\':
			out.WriteByte(c)
			i++
			continue
		case c >= utf8.RuneSelf:
			char, size := utf8.DecodeRuneInString(r.text[i:])
			out.WriteRune(char)
			i += size
			continue
		}
		char, size := escape(r.text[i:])
		if size == 0 {
			break
		}
		out.WriteRune(char)
		i += size
	}
	r.fail(errSyntax)
	return ""
}

// closing is where the quoted text ends that goes on at i.
func (r *Reader) closing(i int) int {
	for ; i < len(r.text) && r.text[i] != '"'; i++ {
		if r.text[i] == '\\' {
			i++
		}
	}
	return min(i, len(r.text))
}

// escape reads what begins with a backslash; 0 bytes: it is no escape.
func escape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	const letters, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(letters, s[1]); i >= 0 {
		return rune(meant[i]), 2
	}
	first, ok := unit(s)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(first):
		return first, 6
	}
	if second, ok := unit(s[6:]); ok {
		if char := utf16.DecodeRune(first, second); char != utf8.RuneError {
			return char, 12
		}
	}
	return utf8.RuneError, 6
}

// unit reads \u and four digits.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var out rune
	for i := 2; i < 6; i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		out = out<<4 | rune(c)
	}
	return out, true
}
