package dataversesim

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/odata"
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

var numberPattern = regexp.MustCompile(`^-?\d+(\.\d+)?([eE][+-]?\d+)?$`)

// compileFilter makes a predicate of a $filter text. Collections is nil where any and all are not offered.
func compileFilter(text string, resolve resolver, collections func(path string) (odata.Collection, error)) (predicate, error) {
	test, err := odata.Compile(text, filterSchema(resolve, collections))
	if err != nil {
		return nil, filterRefused(err)
	}
	return func(r *row) bool { return test(r) }, nil
}

// filterSchema says what a filter may name. Texts compare without case, as the database's collation does.
func filterSchema(resolve resolver, collections func(path string) (odata.Collection, error)) odata.Schema {
	return odata.Schema{
		Field: func(path string) (odata.Field, error) {
			o, err := resolve(path)
			if err != nil {
				return odata.Field{}, err
			}
			get := func(v any) any {
				r, _ := v.(*row)
				return o.get(r)
			}
			return odata.Field{Get: get, Literal: o.literal, Compare: compared}, nil
		},
		Collection: collections,
		Call:       queryFunction,
	}
}

func compared(have, want any) (int, bool) {
	c := compare(have, want)
	return c, c != incomparable
}

// filterRefused puts a problem of a filter into the words of the Web API.
func filterRefused(err error) error {
	var own *apiError
	if errors.As(err, &own) {
		return own
	}
	var e *odata.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Problem {
	case odata.Unterminated:
		return syntax("There is an unterminated string literal at position %d in '%s'.", len(e.Filter), clip(e.Filter, 500))
	case odata.Function:
		return missing("the query function %s (contains, startswith, endswith, In, NotIn, ContainValues and DoesNotContainValues are)", e.Found)
	case odata.Arguments:
		return syntax("No function signature for the function with name '%s' matches the specified arguments in '%s'.", e.Found, clip(e.Filter, 500))
	}
	return syntax("Syntax error at position %d in '%s': %s.", e.Pos, clip(e.Filter, 500), e.Text)
}

// literal turns the right side of a comparison into a value of the operand's kind.
func (o operand) literal(l odata.Literal) (any, error) {
	if o.col == nil {
		return plainLiteral(l), nil
	}
	c := o.col
	switch {
	case c.kind == kindString || c.kind == kindMemo:
		if l.Kind == odata.Text {
			return strings.ToLower(l.Text), nil
		}
	case c.kind == kindMulti:
		if v, err := c.parseChoices(l.Text); err == nil && l.Kind == odata.Text && v != nil {
			return v, nil
		}
	case c.kind == kindBool:
		if l.Kind == odata.Word && (l.Text == "true" || l.Text == "false") {
			return l.Text == "true", nil
		}
	case c.kind == kindGUID || c.kind.isLookup():
		if guidPattern.MatchString(l.Text) {
			return guid(strings.ToLower(l.Text)), nil
		}
	case c.kind == kindDate || c.kind == kindDateTime:
		if v, err := c.literalTime(l.Text); err == nil && (l.Kind == odata.Date || l.Kind == odata.Moment) {
			return v, nil
		}
	default:
		if l.Kind == odata.Number {
			return strconv.ParseFloat(l.Text, 64)
		}
	}
	return nil, syntax("A binary operator with incompatible types was detected. The value '%s' does not fit the property '%s'.", clip(l.Text, 100), c.prop)
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

// plainLiteral is a value to compare metadata with; of an enumeration its member counts.
func plainLiteral(l odata.Literal) any {
	switch l.Kind {
	case odata.Number:
		if f, err := strconv.ParseFloat(l.Text, 64); err == nil {
			return f
		}
	case odata.Word:
		if l.Text == "true" || l.Text == "false" {
			return l.Text == "true"
		}
		return strings.ToLower(l.Text[strings.LastIndexByte(l.Text, '.')+1:])
	}
	return strings.ToLower(l.Text)
}

// incomparable is what compare says of two values of different kinds: they are never equal.
const incomparable = -2

// compare orders a stored value against another value or a literal; texts compare without case, as the
// database's collation does.
func compare(a, b any) int {
	switch x := a.(type) {
	case choices:
		if y, ok := b.(choices); ok {
			return strings.Compare(string(x), string(y))
		}
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
	return incomparable
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
