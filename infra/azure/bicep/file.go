package bicep

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Finding is something wrong with a file: where, and what.
type Finding struct {
	File string
	Line int
	Say  string
}

// String is file:line: what is wrong.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Say) }

// declared is what has a name in a file.
type declared struct {
	kind       string // param, var, resource, module, output, type or func
	name       string
	line       int
	node       *node
	value      *node   // default, value, or body; of a resource what is inside loop and condition
	typ        *node   // of a param or an output
	ref        string  // of a resource its type@version, of a module its path
	loop       *node   // the for_statement around the body, nil if there is one only
	condition  *node   // nil: always
	existing   bool    // it is somebody else's, and only referred to
	decorators []*node // call_expression
	parent     string  // of a resource that stands inside another
}

// file is a template, a module or a file of parameters.
type file struct {
	path  string // as it was given
	root  *node
	all   []*declared // in the order of the file
	names map[string]*declared
	using string // of a file of parameters: its template
}

// Project is a set of templates, with everything that they refer to.
type Project struct {
	files map[string]*file
	order []string
}

// Open parses templates, modules and files of parameters. tools is this package's folder, where its parser is
// installed from npm. A syntax error is a finding of Check, not an error here.
func Open(ctx context.Context, tools string, paths ...string) (*Project, error) {
	trees, err := parse(ctx, tools, paths)
	if err != nil {
		return nil, err
	}
	p := &Project{files: map[string]*file{}}
	for _, path := range paths {
		p.files[filepath.Clean(path)] = read(path, trees[path])
		p.order = append(p.order, filepath.Clean(path))
	}
	return p, nil
}

// read lists what a file declares.
func read(path string, root *node) *file {
	f := &file{path: path, root: root, names: map[string]*declared{}}
	f.read(root.Children, "")
	return f
}

var kinds = map[string]string{"parameter_declaration": "param", "variable_declaration": "var", "resource_declaration": "resource",
	"module_declaration": "module", "output_declaration": "output", "type_declaration": "type", "user_defined_function": "func"}

func (f *file) read(list []*node, parent string) {
	var decorators []*node
	for _, n := range list {
		switch n.Type {
		case "decorators":
			for _, d := range n.of("decorator") {
				decorators = append(decorators, d.of("call_expression")...)
			}
			continue
		case "using_statement":
			for _, s := range n.of("string") {
				f.using, _ = s.text()
			}
		}
		if kind := kinds[n.Type]; kind != "" {
			f.declare(kind, n, decorators, parent)
		}
		if n.Type != "comment" && n.Type != "diagnostic_comment" {
			decorators = nil
		}
	}
}

func (f *file) declare(kind string, n *node, decorators []*node, parent string) {
	d := &declared{kind: kind, line: n.Line, node: n, decorators: decorators, parent: parent, existing: n.has("existing")}
	rest := slices.DeleteFunc(n.parts(), func(c *node) bool { return c.Type == kind || c.Type == "existing" })
	if len(rest) > 0 && (rest[0].Type == "identifier" || rest[0].Type == "property_identifier") {
		d.name, rest = rest[0].Text, rest[1:]
	}
	switch kind {
	case "resource", "module":
		if len(rest) > 0 {
			d.ref, _ = rest[0].text()
			rest = rest[1:]
		}
	case "param", "output":
		if len(rest) > 0 && rest[0].Type == "type" || len(rest) > 1 {
			d.typ, rest = rest[0], rest[1:]
		}
	}
	if kind != "func" && kind != "type" && len(rest) > 0 {
		d.value = rest[len(rest)-1]
	}
	if kind == "resource" || kind == "module" {
		d.unwrap()
	}
	if other := f.names[d.name]; other == nil || kind != "output" {
		if kind != "output" {
			f.names[d.name] = d
		}
	}
	f.all = append(f.all, d)
	if kind == "resource" && d.value != nil && d.value.Type == "object" {
		for _, p := range d.value.of("object_property") {
			f.read(p.Children, d.name)
		}
	}
}

// unwrap takes loop and condition off the body.
func (d *declared) unwrap() {
	for d.value != nil {
		switch d.value.Type {
		case "for_statement":
			d.loop = d.value
			d.value = last(d.value.parts())
		case "if_statement":
			parts := d.value.parts()
			d.condition, d.value = parts[0], last(parts)
		default:
			return
		}
	}
}

func last[T any](list []T) (zero T) {
	if len(list) == 0 {
		return zero
	}
	return list[len(list)-1]
}

// decorator gives the arguments of a decorator, and whether it is there.
func (d *declared) decorator(name string) (args []*node, ok bool) {
	for _, c := range d.decorators {
		if called(c) == name {
			return argumentsOf(c), true
		}
	}
	return nil, false
}

// called is the name of a called function, with its namespace left out.
func called(call *node) string {
	f := call.child("function")
	switch {
	case f == nil:
		return ""
	case f.Type == "member_expression":
		return f.child("property").Text
	}
	return f.Text
}

func argumentsOf(call *node) []*node {
	if a := call.child("arguments"); a != nil {
		return a.parts()
	}
	return nil
}

// property is a member of an object.
type property struct {
	name string // "" where it has to be worked out first
	key  *node
	val  *node
}

// properties are the members of an object, without resources that stand inside.
func properties(object *node) (out []property) {
	if object == nil || object.Type != "object" {
		return nil
	}
	for _, n := range object.of("object_property") {
		parts := n.parts()
		if len(parts) < 2 || parts[0].Type == "resource_declaration" || parts[0].Type == "decorators" {
			continue
		}
		p := property{key: parts[0], val: parts[len(parts)-1]}
		p.name = parts[0].Text
		if parts[0].Type == "string" {
			p.name, _ = parts[0].text()
		}
		out = append(out, p)
	}
	return out
}

// member gives the value of a member, nil if there is none.
func member(object *node, name string) *node {
	for _, p := range properties(object) {
		if p.name == name {
			return p.val
		}
	}
	return nil
}

// typeOf is a resource's full type and its version: one that stands inside another adds to that one's.
func (f *file) typeOf(d *declared) (name, version string) {
	name, version, _ = strings.Cut(d.ref, "@")
	if d.parent != "" {
		outer, outerVersion := f.typeOf(f.names[d.parent])
		return outer + "/" + name, cmp.Or(version, outerVersion)
	}
	return name, version
}
