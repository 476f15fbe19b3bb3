package partnercentersim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// scope is what names mean while a filter is evaluated: "" is the referral, others are lambda variables.
type scope map[string]any

type condition func(scope) bool

// filterParser reads the part of OData's $filter that the referrals API is documented or presumed to know:
// eq ne gt ge lt le, and or not, parentheses, nested paths, collection/any(x:…).
type filterParser struct {
	sim    *Sim
	tokens []string
	pos    int
	vars   map[string]lambda
}

type lambda struct {
	path    string
	element *shape
}

// documentedFields are the properties that Microsoft's pages filter by.
func documentedFields() []string {
	return []string{"engagementId", "status", "substatus", "qualification", "type", "direction", "createdDateTime",
		"updatedDateTime", "customerProfile/address/country", "team/email"}
}

func (s *Sim) filter(text string) (keep func(document) bool, refused *refusal) {
	if strings.TrimSpace(text) == "" {
		return func(document) bool { return true }, nil
	}
	p := &filterParser{sim: s, vars: map[string]lambda{}}
	c, err := p.parse(text)
	if err != nil {
		return nil, invalid("invalidFilter", "$filter: %v", err)
	}
	return func(d document) bool { return c(scope{"": map[string]any(d)}) }, nil
}

func (p *filterParser) parse(text string) (condition, error) {
	if err := p.split(text); err != nil {
		return nil, err
	}
	c, err := p.or()
	if err == nil && p.pos < len(p.tokens) {
		err = fmt.Errorf("unexpected %q", p.tokens[p.pos])
	}
	return c, err
}

// split cuts the text into strings, dates, GUIDs, numbers, names with paths, and signs.
func (p *filterParser) split(text string) error {
	token := regexp.MustCompile(`^(?:'(?:[^']|'')*'` +
		`|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}` +
		`|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)` +
		`|-?\d+(?:\.\d+)?|[A-Za-z_@][A-Za-z0-9_/]*|[():])`)
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		t := token.FindString(text)
		if t == "" {
			return fmt.Errorf("cannot read %q", text)
		}
		p.tokens = append(p.tokens, t)
		text = text[len(t):]
	}
	return nil
}

func (p *filterParser) peek() string {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return ""
}

func (p *filterParser) take() string {
	t := p.peek()
	p.pos++
	return t
}

func (p *filterParser) expect(sign string) error {
	if t := p.take(); t != sign {
		return fmt.Errorf("%q expected, not %q", sign, t)
	}
	return nil
}

func (p *filterParser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.peek() == "or" {
		p.take()
		var right condition
		a := left
		right, err = p.and()
		left = func(s scope) bool { return a(s) || right(s) }
	}
	return left, err
}

func (p *filterParser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.peek() == "and" {
		p.take()
		var right condition
		a := left
		right, err = p.not()
		left = func(s scope) bool { return a(s) && right(s) }
	}
	return left, err
}

func (p *filterParser) not() (condition, error) {
	switch p.peek() {
	case "not":
		p.take()
		c, err := p.not()
		return func(s scope) bool { return !c(s) }, err
	case "(":
		p.take()
		c, err := p.or()
		if err == nil {
			err = p.expect(")")
		}
		return c, err
	}
	path := p.take()
	if collection, found := strings.CutSuffix(path, "/any"); found {
		return p.any(collection)
	}
	return p.comparison(path)
}

// any reads team/any(t:t/email eq 'x').
func (p *filterParser) any(path string) (condition, error) {
	collection := p.sim.shape.find(path)
	if collection == nil || collection.kind != list {
		return nil, fmt.Errorf("%q is not a collection", path)
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	name := p.take()
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	p.vars[name] = lambda{path: path, element: collection.element}
	inner, err := p.or()
	delete(p.vars, name)
	if err == nil {
		err = p.expect(")")
	}
	return func(s scope) bool {
		root, _ := s[""].(map[string]any)
		return slices.ContainsFunc(document(root).items(path), func(e any) bool { return inner(scope{"": root, name: e}) })
	}, err
}

// resolve finds what a path means: the variable it starts with, the rest, and the property.
func (p *filterParser) resolve(path string) (variable, rest string, prop *shape, err error) {
	first, below, _ := strings.Cut(path, "/")
	full := path
	rest, prop = path, p.sim.shape.find(path)
	if v, ok := p.vars[first]; ok {
		variable, rest, full = first, below, v.path+"/"+below
		prop = v.element.find(below)
	}
	switch {
	case prop == nil || prop.kind == object || prop.kind == list || prop.kind == opaque:
		return "", "", nil, fmt.Errorf("%q is not a property that can be compared", path)
	case p.sim.is("filterFields", "documented") && !slices.Contains(documentedFields(), full):
		return "", "", nil, fmt.Errorf("%q cannot be filtered by", path)
	case full == "updatedDateTime" && p.sim.is("listFilterUpdated", "refuse"):
		return "", "", nil, fmt.Errorf("updatedDateTime cannot be filtered by")
	}
	return variable, rest, prop, nil
}

func (p *filterParser) comparison(path string) (condition, error) {
	variable, rest, prop, err := p.resolve(path)
	if err != nil {
		return nil, err
	}
	sign := p.take()
	holds := map[string]func(int) bool{
		"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 },
		"gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
		"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 },
	}[sign]
	if holds == nil {
		return nil, fmt.Errorf("%q is not an operator: eq, ne, gt, ge, lt or le", sign)
	}
	compare, err := literal(prop, p.take())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return func(s scope) bool {
		from, _ := s[variable].(map[string]any)
		c, comparable := compare(document(from).at(rest))
		if !comparable {
			return sign == "ne"
		}
		return holds(c)
	}, nil
}

// literal reads the right side of a comparison, which must fit the property, and gives the comparison of a
// value with it; false when the two cannot be compared, as with null.
func literal(prop *shape, t string) (func(any) (int, bool), error) {
	wrong := fmt.Errorf("%q does not fit the property", t)
	if t == "null" {
		return func(v any) (int, bool) { return 0, v == nil }, nil
	}
	switch prop.kind {
	case flag:
		if t != "true" && t != "false" {
			return nil, wrong
		}
		return func(v any) (int, bool) { b, ok := v.(bool); return 0, ok && fmt.Sprint(b) == t }, nil
	case decimal:
		n, ok := new(big.Rat).SetString(t)
		if !ok || strings.ContainsAny(t, "'/") {
			return nil, wrong
		}
		return func(v any) (int, bool) {
			have, _ := v.(json.Number)
			m, ok := new(big.Rat).SetString(have.String())
			if !ok {
				return 0, false
			}
			return m.Cmp(n), true
		}, nil
	case moment:
		at, err := time.Parse(time.RFC3339, t)
		if err != nil {
			return nil, wrong
		}
		return func(v any) (int, bool) {
			have, _ := v.(string)
			m, err := time.Parse(time.RFC3339, have)
			return m.Compare(at), err == nil
		}, nil
	}
	return textLiteral(prop, t)
}

// textLiteral reads a quoted string; a bare GUID is taken as well, since the service's own links hold one.
func textLiteral(prop *shape, t string) (func(any) (int, bool), error) {
	value := t
	switch {
	case strings.HasPrefix(t, "'"):
		value = strings.ReplaceAll(t[1:len(t)-1], "''", "'")
	case len(t) != 36 || strings.Count(t, "-") != 4:
		return nil, fmt.Errorf("%q is not a quoted string", t)
	}
	if prop.kind == enum && !slices.Contains(prop.values, value) {
		return nil, fmt.Errorf("%q is none of %s", value, strings.Join(prop.values, ", "))
	}
	return func(v any) (int, bool) {
		have, ok := v.(string)
		return strings.Compare(have, value), ok
	}, nil
}
