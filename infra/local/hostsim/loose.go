package hostsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// The host reads and writes JSON with Newtonsoft's library, which keeps the order of members, accepts
// more than the standard and formats values in .NET's way. This file knows those habits.

// value is a JSON value: *object, []value, string, number, bool or nil.
type value any

// number keeps the digits of a JSON number.
type number string

// object keeps the order of its members.
type object struct {
	names  []string
	values map[string]value
}

func newObject() *object { return &object{values: map[string]value{}} }

func (o *object) put(name string, v value) *object {
	if _, known := o.values[name]; !known {
		o.names = append(o.names, name)
	}
	o.values[name] = v
	return o
}

// find looks a member up without regard to case.
func (o *object) find(name string) (value, bool) {
	for _, n := range o.names {
		if strings.EqualFold(n, name) {
			return o.values[n], true
		}
	}
	return nil, false
}

// key is the spelling under which name is stored, or name itself.
func (o *object) key(name string) string {
	for _, n := range o.names {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

type looseReader struct {
	s []byte
	i int
}

// parseLoose reads the first JSON value; what follows it is ignored. Single quotes, unquoted names and
// comments are accepted.
func parseLoose(data []byte) (value, error) {
	p := &looseReader{s: bytes.TrimPrefix(data, []byte("\ufeff"))}
	return p.value(0)
}

var errJSON = errors.New("is not JSON")

func (p *looseReader) fail() error { return fmt.Errorf("%w at byte %d", errJSON, p.i) }

func (p *looseReader) space() {
	for p.i < len(p.s) {
		rest := p.s[p.i:]
		switch {
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			p.i++
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest, []byte("*/"))
			if end < 0 {
				p.i = len(p.s)
				return
			}
			p.i += end + 2
		case bytes.HasPrefix(rest, []byte("//")):
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			p.i += end
		default:
			return
		}
	}
}

func (p *looseReader) peek() byte {
	p.space()
	if p.i >= len(p.s) {
		return 0
	}
	return p.s[p.i]
}

func (p *looseReader) value(depth int) (value, error) {
	if depth > 64 {
		return nil, p.fail()
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"' || c == '\'':
		return p.text()
	case c == '-' || c >= '0' && c <= '9':
		start := p.i
		for p.i < len(p.s) && strings.IndexByte("+-.eE0123456789", p.s[p.i]) >= 0 {
			p.i++
		}
		if !json.Valid(p.s[start:p.i]) {
			return nil, p.fail()
		}
		return number(p.s[start:p.i]), nil
	}
	for word, v := range map[string]value{"true": true, "false": false, "null": nil} {
		if bytes.HasPrefix(p.s[p.i:], []byte(word)) {
			p.i += len(word)
			return v, nil
		}
	}
	return nil, p.fail()
}

func (p *looseReader) object(depth int) (value, error) {
	o := newObject()
	for p.i++; ; {
		switch c := p.peek(); {
		case c == '}':
			p.i++
			return o, nil
		case c == '"' || c == '\'':
		default:
			return nil, p.fail()
		}
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if p.peek() != ':' {
			return nil, p.fail()
		}
		p.i++
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.put(name, v)
		if err := p.comma('}'); err != nil {
			return nil, err
		}
	}
}

func (p *looseReader) array(depth int) (value, error) {
	list := []value{}
	for p.i++; ; {
		if p.peek() == ']' {
			p.i++
			return list, nil
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if err := p.comma(']'); err != nil {
			return nil, err
		}
	}
}

func (p *looseReader) comma(end byte) error {
	switch p.peek() {
	case ',':
		p.i++
	case end:
	default:
		return p.fail()
	}
	return nil
}

func (p *looseReader) text() (string, error) {
	quote := p.s[p.i]
	var b strings.Builder
	for p.i++; p.i < len(p.s); {
		c := p.s[p.i]
		p.i++
		switch {
		case c == quote:
			return b.String(), nil
		case c != '\\':
			b.WriteByte(c)
			continue
		case p.i >= len(p.s):
			return "", p.fail()
		}
		c = p.s[p.i]
		p.i++
		if i := strings.IndexByte(`bfnrt"'\/`, c); i >= 0 {
			b.WriteByte("\b\f\n\r\t\"'\\/"[i])
			continue
		}
		if c != 'u' {
			return "", p.fail()
		}
		r := p.unit()
		if utf16.IsSurrogate(r) && bytes.HasPrefix(p.s[min(p.i, len(p.s)):], []byte(`\u`)) {
			p.i += 2
			r = utf16.DecodeRune(r, p.unit())
		}
		b.WriteRune(r)
	}
	return "", p.fail()
}

// unit reads four hex digits; garbage becomes the replacement character.
func (p *looseReader) unit() rune {
	if p.i+4 > len(p.s) {
		p.i = len(p.s)
		return utf8.RuneError
	}
	n, err := strconv.ParseUint(string(p.s[p.i:p.i+4]), 16, 16)
	p.i += 4
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}

// quoted writes a JSON string as Newtonsoft does: only what must be escaped is.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch i := strings.IndexRune("\"\\\b\f\n\r\t", r); {
		case i >= 0:
			b.WriteString([]string{`\"`, `\\`, `\b`, `\f`, `\n`, `\r`, `\t`}[i])
		case r < 0x20 || r == 0x85 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// compact writes a value without blanks.
func compact(v value) string { return render(v, "", "") }

// indented writes a value with two blanks per level.
func indented(v value) string { return render(v, "\n", "  ") }

func render(v value, line, step string) string {
	switch v := v.(type) {
	case *object:
		if len(v.names) == 0 {
			return "{}"
		}
		colon := ":"
		if line != "" {
			colon = ": "
		}
		var b strings.Builder
		b.WriteByte('{')
		for i, name := range v.names {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(line + step + quoted(name) + colon + render(v.values[name], line+stepIf(line, step), step))
		}
		b.WriteString(line + "}")
		return b.String()
	case []value:
		if len(v) == 0 {
			return "[]"
		}
		var b strings.Builder
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(line + step + render(item, line+stepIf(line, step), step))
		}
		b.WriteString(line + "]")
		return b.String()
	case string:
		return quoted(v)
	case number:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "null"
}

func stepIf(line, step string) string {
	if line == "" {
		return ""
	}
	return step
}

// netText is what .NET's ToString makes of a JSON scalar.
func netText(v value) string {
	switch v := v.(type) {
	case string:
		if t, ok := isoDate(v); ok {
			return t.Format("01/02/2006 15:04:05")
		}
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case number:
		if _, isInt := new(big.Int).SetString(string(v), 10); isInt {
			return string(v)
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return string(v)
		}
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return compact(v)
}

// isoDate recognises the strings that Newtonsoft silently turns into dates.
func isoDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
