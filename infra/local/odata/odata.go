// Package odata reads OData's $filter for both simulators: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html,
// section 5.1.1. It knows the language and nothing of what is filtered: a Schema says which names there are,
// what they stand for in a row, and which values can be compared with them.
package odata

import "strings"

// Schema is what a filter may name, for rows of one kind. Only Field must be set.
type Schema struct {
	// Field finds what a path of a comparison stands for; its error refuses the filter.
	Field func(path string) (Field, error)
	// Collection finds what stands before /any or /all; nil refuses every lambda.
	Collection func(path string) (Collection, error)
	// Call compiles a function that stands alone, such as contains(name,'x'); nil refuses all of them.
	// It refuses one by NotOffered or BadArguments, or by an error of its own. TextFunction is one for
	// contains, startswith and endswith.
	Call func(s Schema, c Call) (func(row any) bool, error)
}

// Field is a property that can be compared.
type Field struct {
	// Get is its value in a row; nil is null.
	Get func(row any) any
	// Literal turns the right side of a comparison into what Compare takes, or refuses what does not fit.
	// It is not asked about null.
	Literal func(Literal) (any, error)
	// Compare orders a value that is not null against a literal; false when the two cannot be compared.
	// Such a row only fits "ne".
	Compare func(have, want any) (order int, comparable bool)
}

// Collection is a property with elements, and what a filter may name in each of them.
type Collection struct {
	Items func(row any) []any
	Of    Schema
}

// Argument is one argument of a function: a path (Literal.Kind is Word), a literal, or a list of literals.
type Argument struct {
	Name    string // of name=value, as in Microsoft.Dynamics.CRM.In(PropertyName='x',PropertyValues=['a','b'])
	Literal Literal
	List    []Literal // of [a,b]; nil otherwise
	IsList  bool
}

// Call is a function as it stands in a filter.
type Call struct {
	Function string
	Args     []Argument
	Pos      int
}

// Compile reads a filter and gives the test of a row. An empty filter keeps every row. Errors are *Error.
func Compile(filter string, s Schema) (func(row any) bool, error) {
	if strings.TrimSpace(filter) == "" {
		return func(any) bool { return true }, nil
	}
	pieces, err := lex(filter)
	if err != nil {
		return nil, err
	}
	p := &parser{filter: filter, pieces: pieces, schema: s, vars: map[string]Schema{}}
	test, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.peek().Kind != end {
		return nil, p.bad(p.peek(), "an operator or the end is expected")
	}
	return func(row any) bool { return test(scope{"": row}) }, nil
}

// NotOffered refuses a function that a system does not know.
func NotOffered(c Call) error {
	return &Error{Problem: Function, Pos: c.Pos, Found: c.Function, Text: "is not a function that is offered here"}
}

// BadArguments refuses the arguments of a function.
func BadArguments(c Call) error {
	return &Error{Problem: Arguments, Pos: c.Pos, Found: c.Function, Text: "does not take these arguments"}
}

// TextFunction makes a Schema.Call of contains, startswith and endswith. Both sides go through fold first,
// such as strings.ToLower for a database that compares without case.
func TextFunction(fold func(string) string) func(Schema, Call) (func(any) bool, error) {
	return func(s Schema, c Call) (func(any) bool, error) {
		match, ok := map[string]func(s, part string) bool{"contains": strings.Contains,
			"startswith": strings.HasPrefix, "endswith": strings.HasSuffix}[c.Function]
		if !ok {
			return nil, NotOffered(c)
		}
		if len(c.Args) != 2 || c.Args[0].Literal.Kind != Word || c.Args[1].Literal.Kind != Text || c.Args[0].Name+c.Args[1].Name != "" {
			return nil, BadArguments(c)
		}
		field, err := s.Field(c.Args[0].Literal.Text)
		if err != nil {
			return nil, err
		}
		part := fold(c.Args[1].Literal.Text)
		return func(row any) bool {
			have, ok := field.Get(row).(string)
			return ok && match(fold(have), part)
		}, nil
	}
}
