package dataversesim

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// predicate tells whether a row is wanted.
type predicate func(*row) bool

// operand is something a filter can name: how to read it, and what it is compared with.
type operand struct {
	get func(*row) any
	col *column // nil for metadata, whose values are plain JSON
}

// resolver finds what a path in a filter or $orderby stands for.
type resolver func(path string) (operand, error)

type token struct {
	kind string // word, string, ( ) , and end
	text string
}

var numberPattern = regexp.MustCompile(`^-?\d+(\.\d+)?([eE][+-]?\d+)?$`)

func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case ' ', '\t':
			i++
		case '(', ')', ',':
			out = append(out, token{string(c), string(c)})
			i++
		case '\'':
			end := i + 1
			for {
				n := strings.IndexByte(s[end:], '\'')
				if n < 0 {
					return nil, syntax("There is an unterminated string literal at position %d in '%s'.", len(s), s)
				}
				end += n + 1
				if end >= len(s) || s[end] != '\'' {
					break
				}
				end++
			}
			text, _ := unquote(s[i:end])
			out = append(out, token{"string", text})
			i = end
		default:
			end := i
			for end < len(s) && !strings.ContainsRune(" \t(),'", rune(s[end])) {
				end++
			}
			out = append(out, token{"word", s[i:end]})
			i = end
		}
	}
	return append(out, token{"end", ""}), nil
}

type filterParser struct {
	text    string
	tokens  []token
	resolve resolver
}

// compileFilter makes a predicate of a $filter text.
func compileFilter(text string, resolve resolver) (predicate, error) {
	if text == "" {
		return func(*row) bool { return true }, nil
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &filterParser{text: text, tokens: tokens, resolve: resolve}
	f, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tokens[0].kind != "end" {
		return nil, p.bad()
	}
	return f, nil
}

func (p *filterParser) bad() error {
	return syntax("Syntax error at '%s' in the filter '%s'.", p.tokens[0].text, clip(p.text, 500))
}

func (p *filterParser) next() token {
	t := p.tokens[0]
	if t.kind != "end" {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *filterParser) word(w string) bool {
	if p.tokens[0] == (token{"word", w}) {
		p.next()
		return true
	}
	return false
}

func (p *filterParser) or() (predicate, error) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right predicate
		if right, err = p.and(); err == nil {
			l := left
			left = func(r *row) bool { return l(r) || right(r) }
		}
	}
	return left, err
}

func (p *filterParser) and() (predicate, error) {
	left, err := p.not()
	for err == nil && p.word("and") {
		var right predicate
		if right, err = p.not(); err == nil {
			l := left
			left = func(r *row) bool { return l(r) && right(r) }
		}
	}
	return left, err
}

func (p *filterParser) not() (predicate, error) {
	if p.word("not") {
		f, err := p.not()
		return func(r *row) bool { return !f(r) }, err
	}
	if p.tokens[0].kind == "(" {
		p.next()
		f, err := p.or()
		if err == nil && p.next().kind != ")" {
			return nil, p.bad()
		}
		return f, err
	}
	first := p.next()
	if first.kind != "word" {
		return nil, p.bad()
	}
	if p.tokens[0].kind == "(" {
		return p.function(first.text)
	}
	return p.comparison(first.text)
}

func (p *filterParser) function(name string) (predicate, error) {
	match, ok := map[string]func(s, part string) bool{
		"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix}[name]
	if !ok {
		return nil, missing("the query function %s (contains, startswith and endswith are)", name)
	}
	p.next()
	path, comma, literal, end := p.next(), p.next(), p.next(), p.next()
	if path.kind != "word" || comma.kind != "," || literal.kind != "string" || end.kind != ")" {
		return nil, syntax("No function signature for the function with name '%s' matches the specified arguments in '%s'.", name, clip(p.text, 500))
	}
	o, err := p.resolve(path.text)
	if err != nil {
		return nil, err
	}
	part := strings.ToLower(literal.text)
	return func(r *row) bool {
		s, ok := o.get(r).(string)
		return ok && match(strings.ToLower(s), part)
	}, nil
}

func (p *filterParser) comparison(path string) (predicate, error) {
	o, err := p.resolve(path)
	if err != nil {
		return nil, err
	}
	op := p.next()
	if op.kind != "word" || !strings.Contains(" eq ne gt ge lt le ", " "+op.text+" ") {
		return nil, p.bad()
	}
	lit := p.next()
	if lit.kind != "word" && lit.kind != "string" {
		return nil, p.bad()
	}
	if lit == (token{"word", "null"}) {
		switch op.text {
		case "eq":
			return func(r *row) bool { return o.get(r) == nil }, nil
		case "ne":
			return func(r *row) bool { return o.get(r) != nil }, nil
		}
		return func(*row) bool { return false }, nil
	}
	want, err := o.literal(lit)
	if err != nil {
		return nil, err
	}
	test := map[string]func(int) bool{
		"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 },
		"gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
		"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 }}[op.text]
	orNull := op.text == "ne"
	return func(r *row) bool {
		v := o.get(r)
		if v == nil {
			return orNull
		}
		return test(compare(v, want))
	}, nil
}

// literal turns the right side of a comparison into a value of the operand's kind.
func (o operand) literal(t token) (any, error) {
	if o.col == nil {
		return plainLiteral(t), nil
	}
	bad := syntax("A binary operator with incompatible types was detected. The value '%s' does not fit the property '%s'.", t.text, o.col.prop)
	c := o.col
	switch {
	case c.kind == kindString || c.kind == kindMemo:
		if t.kind == "string" {
			return strings.ToLower(t.text), nil
		}
	case c.kind == kindBool:
		if t.kind == "word" && (t.text == "true" || t.text == "false") {
			return t.text == "true", nil
		}
	case c.kind == kindGUID || c.kind.isLookup():
		if guidPattern.MatchString(t.text) {
			return guid(strings.ToLower(t.text)), nil
		}
	case c.kind == kindDate || c.kind == kindDateTime:
		if v, err := c.literalTime(t.text); err == nil && t.kind == "word" {
			return v, nil
		}
	default:
		if t.kind == "word" && numberPattern.MatchString(t.text) {
			f, err := strconv.ParseFloat(t.text, 64)
			return f, err
		}
	}
	return nil, bad
}

func (c *column) literalTime(text string) (any, error) {
	if datePattern.MatchString(text) {
		if c.kind == kindDate {
			return date(text), nil
		}
		return time.Parse(time.DateOnly, text)
	}
	t, err := time.Parse(time.RFC3339, text)
	if c.kind == kindDate {
		return date(t.UTC().Format(time.DateOnly)), err
	}
	return t, err
}

func plainLiteral(t token) any {
	if t.kind == "string" {
		return strings.ToLower(t.text)
	}
	if t.text == "true" || t.text == "false" {
		return t.text == "true"
	}
	if guidPattern.MatchString(t.text) {
		return strings.ToLower(t.text)
	}
	if f, err := strconv.ParseFloat(t.text, 64); err == nil {
		return f
	}
	return strings.ToLower(t.text[strings.LastIndexByte(t.text, '.')+1:])
}

// compare orders a stored value against another value or a literal; texts compare without case, as the
// database's collation does.
func compare(a, b any) int {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(strings.ToLower(x), strings.ToLower(y))
		}
	case bool:
		if y, ok := b.(bool); ok {
			return number(boolNumber(x), boolNumber(y))
		}
	case guid:
		return strings.Compare(string(x), guidText(b))
	case ref:
		return strings.Compare(x.id, guidText(b))
	case date:
		if y, ok := b.(date); ok {
			return strings.Compare(string(x), string(y))
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	}
	x, okX := toFloat(a)
	y, okY := toFloat(b)
	if okX && okY {
		return number(x, y)
	}
	return -2 // not comparable: never equal
}

func number(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func boolNumber(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func guidText(v any) string {
	switch x := v.(type) {
	case guid:
		return string(x)
	case ref:
		return x.id
	case string:
		return x
	}
	return ""
}

func toFloat(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case int:
		return float64(x), true
	case float64:
		return x, true
	case decimal:
		return x.num, true
	case json.Number:
		f, err := x.Float64()
		return f, err == nil
	}
	return 0, false
}
