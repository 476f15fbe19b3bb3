package bicep

import (
	"fmt"
	"strconv"
	"strings"
)

// A value is what an expression comes to: string, int, bool, nil, []any, map[string]any, a lambda, or a handle of a
// resource or a module. What only the deployment knows is a string of the form {type/name:path}.
type lambda func(args ...any) (any, error)

// handle is a resource or a module that an expression refers to.
type handle struct {
	resource *Resource      // nil of a module, and of what is not deployed
	outputs  map[string]any // of a module; nil of a resource
	absent   bool           // its condition does not hold
	what     string
}

// env is what names stand for.
type env struct {
	run    *run
	locals map[string]any
	outer  *env
}

func (e *env) with(locals map[string]any) *env { return &env{run: e.run, locals: locals, outer: e} }

func (e *env) lookup(n *node) (any, error) {
	for at := e; at != nil; at = at.outer {
		if v, ok := at.locals[n.Text]; ok {
			return v, nil
		}
	}
	return e.run.symbol(n.Text, n)
}

func (e *env) wrong(n *node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", e.run.file.path, n.Line, fmt.Sprintf(format, args...))
}

// eval works out an expression.
func (e *env) eval(n *node) (any, error) {
	switch n.Type {
	case "string":
		return e.text(n)
	case "number":
		return strconv.Atoi(n.Text)
	case "boolean":
		return n.Children[0].Type == "true", nil
	case "null":
		return nil, nil
	case "identifier":
		return e.lookup(n)
	case "parenthesized_expression":
		return e.eval(n.parts()[0])
	case "object":
		return e.object(n)
	case "array":
		return e.array(n)
	case "for_statement":
		return e.loop(n)
	case "lambda_expression":
		return e.lambda(n), nil
	case "call_expression":
		return e.call(n)
	case "unary_expression":
		v, err := e.eval(n.child("argument"))
		return v != true, err
	case "binary_expression":
		return e.binary(n)
	case "ternary_expression":
		return e.ternary(n)
	case "member_expression":
		return e.member(n)
	case "subscript_expression":
		return e.subscript(n)
	case "resource_expression":
		return e.run.symbol(n.child("resource").Text, n)
	}
	return nil, e.wrong(n, "cannot work out a %s", n.Type)
}

func (e *env) text(n *node) (any, error) {
	if s, ok := n.text(); ok {
		return s, nil
	}
	var out strings.Builder
	for _, c := range n.Children {
		switch c.Type {
		case "string_content", "escape_sequence":
			out.WriteString(unescaped(c))
		case "interpolation":
			v, err := e.eval(c.parts()[0])
			if err != nil {
				return nil, err
			}
			fmt.Fprint(&out, v)
		}
	}
	return out.String(), nil
}

func (e *env) object(n *node) (any, error) {
	out := map[string]any{}
	for _, p := range properties(n) {
		name := p.name
		if name == "" {
			v, err := e.eval(p.key)
			if err != nil {
				return nil, err
			}
			name = fmt.Sprint(v)
		}
		v, err := e.eval(p.val)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

func (e *env) array(n *node) (any, error) {
	out := []any{}
	for _, c := range n.parts() {
		v, err := e.eval(c)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// rounds calls do for each round of a loop.
func (e *env) rounds(n *node, do func(*env, int) error) error {
	parts := n.parts()
	item, index := parts[0].Text, ""
	if parts[0].Type == "for_loop_parameters" {
		item, index = parts[0].of("loop_variable")[0].Text, parts[0].of("loop_enumerator")[0].Text
	}
	list, err := e.eval(parts[1])
	if err != nil {
		return err
	}
	items, ok := list.([]any)
	if !ok {
		return e.wrong(n, "a loop over what is no list: %v", list)
	}
	for i, v := range items {
		if err := do(e.with(map[string]any{item: v, index: i}), i); err != nil {
			return err
		}
	}
	return nil
}

func (e *env) loop(n *node) (any, error) {
	out := []any{}
	err := e.rounds(n, func(in *env, _ int) error {
		v, err := in.eval(last(n.parts()))
		out = append(out, v)
		return err
	})
	return out, err
}

func (e *env) lambda(n *node) lambda {
	parts := n.parts()
	var names []string
	for _, p := range parts[:len(parts)-1] {
		p.walk(func(c *node) bool {
			if c.Type == "identifier" {
				names = append(names, c.Text)
			}
			return true
		})
	}
	return func(args ...any) (any, error) {
		locals := map[string]any{}
		for i, name := range names {
			locals[name] = args[i]
		}
		return e.with(locals).eval(last(parts))
	}
}

func (e *env) ternary(n *node) (any, error) {
	v, err := e.eval(n.child("condition"))
	if err != nil {
		return nil, err
	}
	if v == true {
		return e.eval(n.child("consequence"))
	}
	return e.eval(n.child("alternative"))
}

func (e *env) binary(n *node) (any, error) {
	left, err := e.eval(n.child("left"))
	if err != nil {
		return nil, err
	}
	sign := n.child("operator").Type
	switch {
	case sign == "&&" && left != true, sign == "||" && left == true, sign == "??" && left != nil:
		return left, nil
	}
	right, err := e.eval(n.child("right"))
	if err != nil {
		return nil, err
	}
	switch sign {
	case "&&", "||", "??":
		return right, nil
	case "==":
		return same(left, right), nil
	case "!=":
		return !same(left, right), nil
	}
	a, isInt := left.(int)
	b, both := right.(int)
	if !isInt || !both {
		return nil, e.wrong(n, "%v %s %v is not among numbers", left, sign, right)
	}
	switch sign {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "/":
		return a / b, nil
	case "<":
		return a < b, nil
	case ">":
		return a > b, nil
	case "<=":
		return a <= b, nil
	case ">=":
		return a >= b, nil
	}
	return nil, e.wrong(n, "cannot work out %s", sign)
}

func (e *env) member(n *node) (any, error) {
	of, err := e.eval(n.child("object"))
	if err != nil {
		return nil, err
	}
	name := n.child("property").Text
	switch of := of.(type) {
	case map[string]any:
		if v, ok := of[name]; ok {
			return v, nil
		}
		if n.has(".?") {
			return nil, nil
		}
		return nil, e.wrong(n, "there is no %s in %v", name, of)
	case *handle:
		return e.ofHandle(n, of, name)
	case later:
		return of.member(name), nil
	case nil:
		if safe(n) {
			return nil, nil
		}
	}
	return nil, e.wrong(n, "there is no %s in %v", name, of)
}

// safe says whether a chain of members is asked for with .? anywhere: then it ends at the first that is not there.
func safe(n *node) bool {
	for ; n != nil; n = n.child("object") {
		if n.has(".?") {
			return true
		}
	}
	return false
}

// later is what only the deployment knows, as {type/name:path}.
type later string

func (l later) member(name string) later {
	return later(strings.TrimSuffix(string(l), "}") + "." + name + "}")
}

func (e *env) ofHandle(n *node, h *handle, name string) (any, error) {
	switch {
	case h.absent && n.has(".?"):
		return nil, nil
	case h.absent:
		return nil, e.wrong(n, "%s is not deployed here", h.what)
	case h.outputs != nil && name == "outputs":
		return h.outputs, nil
	case h.outputs != nil:
		return nil, e.wrong(n, "a module has no %s", name)
	case name == "id":
		return h.resource.ID, nil
	case name == "name":
		return h.resource.Name[strings.LastIndex(h.resource.Name, "/")+1:], nil
	}
	return later("{" + h.resource.Type + "/" + h.resource.Name + ":" + name + "}"), nil
}

func (e *env) subscript(n *node) (any, error) {
	of, err := e.eval(n.child("object"))
	if err != nil {
		return nil, err
	}
	index, err := e.eval(n.child("index"))
	if err != nil {
		return nil, err
	}
	switch of := of.(type) {
	case []any:
		if i, ok := index.(int); ok && i >= 0 && i < len(of) {
			return of[i], nil
		}
	case map[string]any:
		if v, ok := of[fmt.Sprint(index)]; ok {
			return v, nil
		}
	}
	return nil, e.wrong(n, "there is no [%v] in %v", index, of)
}
