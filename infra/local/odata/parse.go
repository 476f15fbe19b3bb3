package odata

import (
	"errors"
	"strings"
)

// deepest is how far parentheses and "not" may nest: the limit of Microsoft's own library.
const deepest = 100

// scope is what names mean while a row is tested: "" is the row, others are lambda variables.
type scope map[string]any

type condition func(scope) bool

type parser struct {
	filter string
	pieces []Literal
	schema Schema
	vars   map[string]Schema // of the lambda variables that are open
}

func (p *parser) peek() Literal { return p.pieces[0] }

func (p *parser) take() Literal {
	t := p.pieces[0]
	if t.Kind != end {
		p.pieces = p.pieces[1:]
	}
	return t
}

// skip takes the next piece if it is this word or sign.
func (p *parser) skip(kind Kind, text string) bool {
	if !p.peek().is(kind, text) {
		return false
	}
	p.take()
	return true
}

func (p *parser) expect(text string) error {
	if t := p.take(); !t.is(sign, text) {
		return p.bad(t, "'"+text+"' is expected")
	}
	return nil
}

func (p *parser) bad(at Literal, text string) error {
	return &Error{Problem: Syntax, Pos: at.Pos, Filter: p.filter, Found: p.written(at), Text: text}
}

// written is a piece as it stands in the filter.
func (p *parser) written(l Literal) string {
	switch l.Kind {
	case end:
		return ""
	case Text, Enum:
		return l.Type + "'" + strings.ReplaceAll(l.Text, "'", "''") + "'"
	}
	return l.Text
}

// refused puts the place to what the schema said.
func (p *parser) refused(problem Problem, at Literal, err error) error {
	var own *Error
	if errors.As(err, &own) && own.Filter == "" {
		own.Filter = p.filter
		return own
	}
	return &Error{Problem: problem, Pos: at.Pos, Filter: p.filter, Found: p.written(at), Text: err.Error(), Err: err}
}

func (p *parser) or(depth int) (condition, error) {
	left, err := p.and(depth)
	for err == nil && p.skip(Word, "or") {
		a := left
		var b condition
		b, err = p.and(depth)
		left = func(s scope) bool { return a(s) || b(s) }
	}
	return left, err
}

func (p *parser) and(depth int) (condition, error) {
	left, err := p.not(depth)
	for err == nil && p.skip(Word, "and") {
		a := left
		var b condition
		b, err = p.not(depth)
		left = func(s scope) bool { return a(s) && b(s) }
	}
	return left, err
}

func (p *parser) not(depth int) (condition, error) {
	if depth > deepest {
		return nil, &Error{Problem: TooDeep, Pos: p.peek().Pos, Filter: p.filter, Found: p.written(p.peek()), Text: "the filter nests too deep"}
	}
	if p.skip(Word, "not") {
		inner, err := p.not(depth + 1)
		return func(s scope) bool { return !inner(s) }, err
	}
	if p.skip(sign, "(") {
		inner, err := p.or(depth + 1)
		if err == nil {
			err = p.expect(")")
		}
		return inner, err
	}
	first := p.take()
	if first.Kind != Word {
		return nil, p.bad(first, "a name is expected")
	}
	if !p.peek().is(sign, "(") {
		return p.comparison(first)
	}
	if path, ok := strings.CutSuffix(first.Text, "/any"); ok {
		return p.lambda(first, path, false, depth)
	}
	if path, ok := strings.CutSuffix(first.Text, "/all"); ok {
		return p.lambda(first, path, true, depth)
	}
	return p.call(first)
}

// resolve finds the schema that a path speaks of: the lambda variable's it starts with, or the row's.
func (p *parser) resolve(path string) (variable, rest string, s Schema) {
	first, below, _ := strings.Cut(path, "/")
	if of, ok := p.vars[first]; ok {
		return first, below, of
	}
	return "", path, p.schema
}

// lambda reads team/any(t:t/email eq 'x'), team/all(t:…) and team/any().
func (p *parser) lambda(at Literal, path string, all bool, depth int) (condition, error) {
	variable, rest, s := p.resolve(path)
	if s.Collection == nil {
		return nil, &Error{Problem: Function, Pos: at.Pos, Filter: p.filter, Found: at.Text, Text: "any and all are not offered here"}
	}
	collection, err := s.Collection(rest)
	if err != nil {
		return nil, p.refused(Name, at, err)
	}
	p.take() // the parenthesis
	if !all && p.skip(sign, ")") {
		return func(s scope) bool { return len(collection.Items(s[variable])) > 0 }, nil
	}
	name := p.take()
	if name.Kind != Word || strings.ContainsAny(name.Text, "/.") {
		return nil, p.bad(name, "a variable is expected, as in any(t:t/email eq 'x')")
	}
	if _, open := p.vars[name.Text]; open {
		return nil, p.bad(name, "this variable is in use already")
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	p.vars[name.Text] = collection.Of
	inner, err := p.or(depth + 1)
	delete(p.vars, name.Text)
	if err == nil {
		err = p.expect(")")
	}
	return func(s scope) bool {
		for _, e := range collection.Items(s[variable]) {
			in := scope{name.Text: e}
			for k, v := range s {
				in[k] = v
			}
			if inner(in) != all {
				return !all
			}
		}
		return all
	}, err
}

// call reads a function that is a condition by itself.
func (p *parser) call(at Literal) (condition, error) {
	c := Call{Function: at.Text, Pos: at.Pos}
	p.take() // the parenthesis
	for len(c.Args) > 0 || !p.peek().is(sign, ")") {
		a, err := p.argument()
		if err != nil {
			return nil, err
		}
		c.Args = append(c.Args, a)
		if !p.skip(sign, ",") {
			break
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if p.schema.Call == nil {
		return nil, p.refused(Function, at, NotOffered(c))
	}
	test, err := p.schema.Call(p.schema, c)
	if err != nil {
		return nil, p.refused(Name, at, err)
	}
	return func(s scope) bool { return test(s[""]) }, nil
}

func (p *parser) argument() (a Argument, err error) {
	if len(p.pieces) > 1 && p.peek().Kind == Word && p.pieces[1].is(sign, "=") {
		a.Name = p.take().Text
		p.take()
	}
	if !p.skip(sign, "[") {
		a.Literal = p.take()
		if a.Literal.Kind == sign || a.Literal.Kind == end {
			return a, p.bad(a.Literal, "an argument is expected")
		}
		return a, nil
	}
	a.IsList = true
	for len(a.List) > 0 || !p.peek().is(sign, "]") {
		l := p.take()
		if l.Kind == sign || l.Kind == end {
			return a, p.bad(l, "a value is expected")
		}
		a.List = append(a.List, l)
		if !p.skip(sign, ",") {
			break
		}
	}
	return a, p.expect("]")
}

// comparison reads the operator and the right side.
func (p *parser) comparison(path Literal) (condition, error) {
	variable, rest, s := p.resolve(path.Text)
	field, err := s.Field(rest)
	if err != nil {
		return nil, p.refused(Name, path, err)
	}
	op := p.take()
	holds := map[string]func(int) bool{
		"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 },
		"gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
		"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 },
	}[op.Text]
	if op.Kind != Word || holds == nil {
		return nil, p.bad(op, "an operator is expected: eq, ne, gt, ge, lt or le")
	}
	right := p.take()
	if right.Kind == sign || right.Kind == end {
		return nil, p.bad(right, "a value is expected")
	}
	if right.isNull() {
		return func(s scope) bool {
			isNull := field.Get(s[variable]) == nil
			return op.Text == "eq" && isNull || op.Text == "ne" && !isNull
		}, nil
	}
	want, err := field.Literal(right)
	if err != nil {
		return nil, p.refused(Value, right, err)
	}
	return func(s scope) bool {
		have := field.Get(s[variable])
		if have == nil {
			return op.Text == "ne"
		}
		order, comparable := field.Compare(have, want)
		if !comparable {
			return op.Text == "ne"
		}
		return holds(order)
	}, nil
}
