package bicep

import (
	"path/filepath"
	"slices"
	"strings"
)

// names follows every name of a file to where it is declared.
type names struct {
	project  *Project
	file     *file
	used     map[string]bool
	findings []Finding
}

// others are names that the language has without a declaration.
var others = []string{"az", "sys", "string", "int", "bool", "object", "array"}

// functions are those that templates here may call; those that eval.go cannot work out are told apart there.
var deploymentOnly = []string{"newGuid", "utcNow"}

func (s *names) wrong(n *node, say string) {
	s.findings = append(s.findings, s.file.finding(n, say))
}

func (s *names) all() {
	for _, d := range s.file.all {
		for _, n := range append(slices.Clone(d.decorators), d.typ) {
			if n != nil {
				s.expression(n, nil)
			}
		}
		if d.kind == "type" || d.kind == "func" {
			continue
		}
		if body := d.outermost(); body != nil {
			s.expression(body, nil)
		}
		s.twice(d)
	}
	if s.file.using != "" {
		return
	}
	for _, d := range s.file.all {
		if s.unused(d) {
			s.wrong(d.node, "nothing uses the "+d.kind+" "+d.name)
		}
	}
}

// outermost is the value with its loop and its condition.
func (d *declared) outermost() *node {
	if d.kind == "resource" || d.kind == "module" {
		return last(d.node.parts())
	}
	return d.value
}

func (s *names) twice(d *declared) {
	if d.kind != "output" && s.file.names[d.name] != d {
		s.wrong(d.node, d.name+" is declared twice")
	}
}

func (s *names) unused(d *declared) bool {
	switch d.kind {
	case "param", "var", "type", "func":
		return !s.used[d.name]
	case "resource":
		return d.existing && !s.used[d.name]
	}
	return false
}

// expression follows the names in an expression; local are those that loops and lambdas around it declare.
func (s *names) expression(n *node, local []string) {
	switch n.Type {
	case "identifier":
		s.name(n, local)
		return
	case "object":
		for _, p := range n.of("object_property") {
			parts := p.parts()
			if len(parts) > 0 && parts[0].Type != "identifier" { // a name that stands there is the member's
				s.expression(parts[0], local)
			}
			if len(parts) > 1 {
				s.expression(parts[1], local)
			}
		}
		return
	case "resource_declaration", "decorators":
		return // declared by itself
	case "for_statement", "lambda_expression":
		s.scope(n, local)
		return
	case "call_expression":
		s.call(n, local)
		return
	case "member_expression":
		s.output(n)
		s.expression(n.child("object"), local)
		return
	case "resource_expression":
		s.expression(n.child("object"), local)
		s.expression(n.child("resource"), local)
		return
	}
	for _, c := range n.Children {
		s.expression(c, local)
	}
}

func (s *names) name(n *node, local []string) {
	if slices.Contains(local, n.Text) || slices.Contains(others, n.Text) {
		return
	}
	if s.file.names[n.Text] == nil {
		s.wrong(n, "nothing is named "+n.Text)
	}
	s.used[n.Text] = true
}

// scope is a loop or a lambda: its last part may use the names that the first ones declare.
func (s *names) scope(n *node, local []string) {
	parts := n.parts()
	inner := slices.Clone(local)
	declares := parts[:1]
	if n.Type == "lambda_expression" {
		declares = parts[:len(parts)-1]
	}
	for _, d := range declares {
		d.walk(func(c *node) bool {
			if len(c.Children) == 0 && c.Text != "(" && c.Text != ")" && c.Text != "," {
				inner = append(inner, c.Text)
			}
			return true
		})
	}
	if n.Type == "for_statement" {
		s.expression(parts[1], local)
	}
	s.expression(last(parts), inner)
}

func (s *names) call(n *node, local []string) {
	name := called(n)
	_, known := builtin[name]
	decorates := slices.Contains([]string{"description", "secure", "allowed", "minLength", "maxLength", "minValue", "maxValue", "onlyIfNotExists", "batchSize", "export", "sealed"}, name)
	if own := s.file.names[name]; own != nil && own.kind == "func" {
		s.used[name], known = true, true
	}
	if !known && !decorates && !slices.Contains(deploymentOnly, name) {
		s.wrong(n, "the function "+name+" is not known here")
	}
	for _, a := range argumentsOf(n) {
		s.expression(a, local)
	}
}

// output checks that a module has the output that is asked for.
func (s *names) output(n *node) {
	of := n.child("object")
	if of.Type != "member_expression" || of.child("property").Text != "outputs" {
		return
	}
	name := of.child("object")
	if name.Type == "subscript_expression" {
		name = name.child("object")
	}
	d := s.file.names[name.Text]
	if d == nil || d.kind != "module" {
		return
	}
	m := s.project.files[filepath.Clean(filepath.Join(filepath.Dir(s.file.path), d.ref))]
	if m == nil {
		return
	}
	wanted := strings.TrimSpace(n.child("property").Text)
	if !slices.ContainsFunc(m.all, func(o *declared) bool { return o.kind == "output" && o.name == wanted }) {
		s.wrong(n, "the module "+d.ref+" has no output "+wanted)
	}
}
