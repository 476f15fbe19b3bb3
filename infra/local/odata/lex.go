package odata

import (
	"fmt"
	"regexp"
	"strings"
)

// Kind is what a piece of a filter is.
type Kind string

// The kinds. Word to Enum can stand on the right side of a comparison and reach Field.Literal.
const (
	Word   Kind = "word" // a name, a path, an operator
	Text   Kind = "text" // 'O''Hara', without its quotes
	Number Kind = "number"
	GUID   Kind = "guid"
	Date   Kind = "date"   // 2026-09-30
	Moment Kind = "moment" // 2026-09-30T10:00:00Z
	Enum   Kind = "enum"   // Some.Type'Member'

	sign Kind = "sign" // ( ) , : = [ ]
	end  Kind = "end"
)

// Literal is one piece of a filter, as it is given to Field.Literal.
type Literal struct {
	Kind Kind
	Text string // without quotes
	Type string // of an Enum: the name before the quotes
	Pos  int    // of its first byte, counted from 0
}

// is tells whether the piece is this word or sign.
func (l Literal) is(kind Kind, text string) bool { return l.Kind == kind && l.Text == text }

// null, true and false are words; everything else that is a literal has a kind of its own.
func (l Literal) isNull() bool { return l.is(Word, "null") }

// patterns are the unquoted pieces; the first that fits counts. Never changed.
var patterns = []struct {
	kind Kind
	form *regexp.Regexp
}{
	{GUID, regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)},
	{Moment, regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)`)},
	{Date, regexp.MustCompile(`^\d{4}-\d\d-\d\d`)},
	{Number, regexp.MustCompile(`^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`)},
	{Word, regexp.MustCompile(`^[\pL_@$][\pL\pN_@$./-]*`)},
}

// lex cuts a filter into pieces; the last one is end.
func lex(filter string) ([]Literal, error) {
	var out []Literal
	for pos := 0; pos < len(filter); {
		if strings.IndexByte(" \t\r\n", filter[pos]) >= 0 {
			pos++
			continue
		}
		piece, length, err := next(filter, pos)
		if err != nil {
			return nil, err
		}
		piece.Pos = pos
		out = append(out, piece)
		pos += length
	}
	return append(out, Literal{Kind: end, Pos: len(filter)}), nil
}

// next reads one piece and says how many bytes it took.
func next(filter string, pos int) (Literal, int, error) {
	rest := filter[pos:]
	if strings.IndexByte("(),:=[]", rest[0]) >= 0 {
		return Literal{Kind: sign, Text: rest[:1]}, 1, nil
	}
	if rest[0] == '\'' {
		text, length, err := quoted(filter, pos)
		return Literal{Kind: Text, Text: text}, length, err
	}
	for _, p := range patterns {
		t := p.form.FindString(rest)
		after := rest[len(t):]
		if t == "" || after != "" && strings.IndexByte(" \t\r\n(),:=[]'", after[0]) < 0 {
			continue
		}
		if p.kind == Word && strings.HasPrefix(after, "'") {
			text, length, err := quoted(filter, pos+len(t))
			return Literal{Kind: Enum, Type: t, Text: text}, len(t) + length, err
		}
		return Literal{Kind: p.kind, Text: t}, len(t), nil
	}
	return Literal{}, 0, &Error{Problem: Syntax, Pos: pos, Filter: filter, Found: upToSpace(rest), Text: "cannot be read"}
}

// quoted reads the string that opens at pos; a quote inside it is written twice.
func quoted(filter string, pos int) (text string, length int, err error) {
	for at := pos + 1; at < len(filter); at++ {
		if filter[at] != '\'' {
			continue
		}
		if at+1 < len(filter) && filter[at+1] == '\'' {
			at++
			continue
		}
		return strings.ReplaceAll(filter[pos+1:at], "''", "'"), at + 1 - pos, nil
	}
	return "", 0, &Error{Problem: Unterminated, Pos: pos, Filter: filter, Found: filter[pos:], Text: "the string has no closing quote"}
}

func upToSpace(s string) string {
	if i := strings.IndexAny(s, " \t\r\n"); i > 0 {
		return s[:i]
	}
	return s
}

// Problem is what is wrong with a filter.
type Problem string

// The problems; a simulator maps them to the texts and codes of its own system.
const (
	Syntax       Problem = "syntax"
	Unterminated Problem = "unterminated" // a string without its closing quote
	Function     Problem = "function"     // a function that is not offered
	Arguments    Problem = "arguments"    // a function is offered, but not with these arguments
	Name         Problem = "name"         // Schema.Field or Schema.Collection refused a path
	Value        Problem = "value"        // Field.Literal refused the right side
	TooDeep      Problem = "too deep"
)

// Error says what is wrong with a filter, and where.
type Error struct {
	Problem Problem
	Pos     int    // byte in Filter at which the trouble starts, counted from 0
	Filter  string // the whole
	Found   string // the piece at Pos, empty at the end
	Text    string // what is wrong with it
	Err     error  // of Name and Value: what the schema said
}

func (e *Error) Error() string {
	found := "the end"
	if e.Found != "" {
		found = fmt.Sprintf("%q", e.Found)
	}
	return fmt.Sprintf("at position %d, %s: %s", e.Pos, found, e.Text)
}

// Unwrap gives the schema's own error.
func (e *Error) Unwrap() error { return e.Err }
