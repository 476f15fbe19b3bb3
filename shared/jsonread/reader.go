// Package jsonread reads JSON in one pass and without reflection: whole trees, or the few members that are wanted. It
// takes what encoding/json takes, and finds members by their exact names.
package jsonread

import (
	"errors"
	"strconv"
	"time"
)

var (
	errSyntax = errors.New("it is not JSON")
	errKind   = errors.New("a value is of another kind than expected")
	errDeep   = errors.New("too much stands in one another")
)

// mostDepth is how many objects and lists may stand in one another: the documented ones have a dozen.
const mostDepth = 500

// Reader goes over one text. After a mistake its methods do nothing and give nothing; End tells of it.
type Reader struct {
	text  string
	at    int
	depth int
	err   error
	tree  building
}

// Of reads the text. Texts that the reader gives are parts of it and keep it in memory: who holds them for long clones them.
func Of(text string) *Reader { return &Reader{text: text} }

// End wants nothing but blanks from here on, and says what was wrong, here or before.
func (r *Reader) End() error {
	if r.blanks(); r.err == nil && r.at < len(r.text) {
		r.fail(errSyntax)
	}
	return r.err
}

// Object calls each for every member of the object that comes next; each reads the value with one call, or leaves it. null has
// no members.
func (r *Reader) Object(each func(name string)) {
	if r.Null() || !r.open('{') {
		return
	}
	for first := true; r.more('}', first); first = false {
		if name := r.quoted(); r.colon() {
			r.offer(func() { each(name) })
		}
	}
}

// List calls each for every element of the list that comes next; each reads it with one call, or leaves it. null has none.
func (r *Reader) List(each func()) {
	if r.Null() || !r.open('[') {
		return
	}
	for first := true; r.more(']', first); first = false {
		r.offer(each)
	}
}

// offer goes over a value that nobody has read.
func (r *Reader) offer(read func()) {
	r.blanks()
	from := r.at
	if read(); r.at == from {
		r.Skip()
	}
}

// Text reads a text; null is "".
func (r *Reader) Text() string {
	if r.Null() {
		return ""
	}
	return r.quoted()
}

// Flag reads true or false; null is false.
func (r *Reader) Flag() bool {
	if r.Null() {
		return false
	}
	yes := r.word("true")
	if !yes && !r.word("false") {
		r.fail(errKind)
	}
	return yes
}

// Int reads a whole number; null is 0.
func (r *Reader) Int() int {
	if r.Null() {
		return 0
	}
	n, err := strconv.Atoi(r.number())
	if err != nil {
		r.fail(errKind)
	}
	return n
}

// Time reads a moment as RFC 3339 writes it; null is none.
func (r *Reader) Time() time.Time {
	if r.Null() {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, r.quoted())
	if err != nil {
		r.fail(errKind)
	}
	return at
}

// Raw reads whatever comes next, and gives it as it is written.
func (r *Reader) Raw() string {
	r.blanks()
	from := r.at
	if r.Skip(); r.err != nil {
		return ""
	}
	return r.text[from:r.at]
}

// Skip goes over whatever comes next.
func (r *Reader) Skip() {
	switch r.next() {
	case '{':
		r.Object(func(string) {})
	case '[':
		r.List(func() {})
	case '"':
		r.quoted()
	default:
		if !r.word("true") && !r.word("false") && !r.word("null") {
			r.number()
		}
	}
}
