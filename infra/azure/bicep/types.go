package bicep

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Types is what the compiler knows of Azure's resource types: by type@version, every writable property by its path,
// as properties.siteConfig.appSettings[].name; * stands for any name.
type Types map[string]map[string]Property

// Property is one of them.
type Property struct {
	Type     string   `json:"type"` // string, int, bool, object, array or any
	Required bool     `json:"required"`
	Enum     []string `json:"enum"`
}

// LoadTypes reads files of types; later ones add to earlier ones.
func LoadTypes(files ...string) (Types, error) {
	out := Types{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the resource types: %w", err)
		}
		if err := json.Unmarshal(b, &out); err != nil {
			return nil, fmt.Errorf("reading the resource types in %s: %w", filepath.Base(file), err)
		}
	}
	return out, nil
}

// bicepOnly are the members of a resource that are Bicep's own.
var bicepOnly = []string{"parent", "scope", "dependsOn"}

// variants are objects whose members depend on one of them: the list of types has the members of all variants in
// one, and those that are required in any. Here are those that each one has to have, for the variants that occur.
// https://learn.microsoft.com/azure/templates/microsoft.insights/metricalerts
var variants = map[string]map[string][]string{
	"Microsoft.Insights/metricAlerts": {
		"properties.criteria":         {"odata.type"},
		"properties.criteria.allOf[]": {"criterionType", "name", "metricName", "operator", "threshold", "timeAggregation"},
	},
}

// checker holds one resource against its type.
type checker struct {
	file     *file
	kind     string
	known    map[string]Property
	findings []Finding
}

func (c *checker) wrong(n *node, format string, args ...any) {
	c.findings = append(c.findings, Finding{c.file.path, n.Line, fmt.Sprintf(format, args...)})
}

// checkTypes holds every resource of a file against its type.
func (t Types) checkTypes(f *file) (out []Finding) {
	for _, d := range f.all {
		if d.kind != "resource" {
			continue
		}
		kind, version := f.typeOf(d)
		c := &checker{file: f, kind: kind, known: t[kind+"@"+version]}
		switch {
		case c.known == nil:
			c.wrong(d.node, "%s@%s is not among the resource types that are known here", kind, version)
		case d.existing:
			if member(d.value, "name") == nil {
				c.wrong(d.node, "%s has no name", d.name)
			}
		default:
			c.newest(t, d, version)
			c.object(d.value, "", d.value)
		}
		out = append(out, c.findings...)
	}
	return out
}

// newest is the linter's rule use-recent-api-versions.
func (c *checker) newest(t Types, d *declared, version string) {
	for name := range t {
		if kind, other, _ := strings.Cut(name, "@"); kind == c.kind && other > version {
			c.wrong(d.node, "%s has a newer version, %s", kind, other)
		}
	}
}

// property finds what is known of a path; free says that its object takes any name.
func (c *checker) property(object, name string) (p Property, path string, ok bool) {
	path = strings.TrimPrefix(object+"."+name, ".")
	if named, ok := c.known["."+name]; ok && object == "" { // its values decide which variant of the type it is
		return named, path, true
	}
	if p, ok = c.known[path]; ok {
		return p, path, true
	}
	anyName := strings.TrimPrefix(object+".*", ".")
	p, ok = c.known[anyName]
	return p, anyName, ok
}

// open says whether nothing is known of what an object may hold, so that it may hold anything.
func (c *checker) open(path string) bool {
	for known := range c.known {
		if strings.HasPrefix(known, path+".") {
			return false
		}
	}
	return true
}

// object checks the members of an object, and whether those that are required are there.
func (c *checker) object(n *node, path string, at *node) {
	present := map[string]bool{}
	for _, p := range properties(n) {
		present[p.name] = true
		if path == "" && slices.Contains(bicepOnly, p.name) || path != "" && c.open(path) {
			continue
		}
		known, full, ok := c.property(path, p.name)
		if !ok {
			c.wrong(p.key, "%s has no property %s", c.kind, strings.TrimPrefix(path+"."+p.name, "."))
			continue
		}
		c.value(p.val, known, full)
	}
	for _, name := range c.required(path) {
		if !present[name] {
			c.wrong(at, "%s lacks %s, which is required", c.kind, strings.TrimPrefix(path+"."+name, "."))
		}
	}
}

func (c *checker) required(path string) (out []string) {
	if own, ok := variants[c.kind][path]; ok {
		return own
	}
	prefix := ""
	if path != "" {
		prefix = path + "."
	}
	for known, p := range c.known {
		name, below := strings.CutPrefix(known, prefix)
		if below && p.Required && !strings.ContainsAny(name, ".[") && name != "*" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// value checks a value, and every branch of one that depends on something.
func (c *checker) value(n *node, p Property, path string) {
	switch n.Type {
	case "parenthesized_expression":
		c.value(n.parts()[0], p, path)
		return
	case "ternary_expression":
		c.value(n.child("consequence"), p, path)
		c.value(n.child("alternative"), p, path)
		return
	case "identifier":
		c.name(n, p, path)
		return
	case "null":
		return
	}
	got := literal(n)
	if got == "" || p.Type == "any" {
		return
	}
	if got != p.Type {
		c.wrong(n, "%s of %s is %s %s, and has to be %s %s", path, c.kind, article(got), got, article(p.Type), p.Type)
		return
	}
	switch got {
	case "object":
		c.object(n, path, n)
	case "array":
		c.array(n, path)
	case "string":
		if s, ok := n.text(); ok && len(p.Enum) > 0 && !slices.Contains(p.Enum, s) {
			c.wrong(n, "%s of %s is %s, which is not among %s", path, c.kind, strconv.Quote(s), strings.Join(p.Enum, ", "))
		}
	}
}

func article(word string) string {
	if strings.ContainsAny(word[:1], "aeiou") {
		return "an"
	}
	return "a"
}

func (c *checker) array(n *node, path string) {
	each, ok := c.known[path+"[]"]
	if !ok {
		if c.open(path + "[]") {
			return
		}
		each = Property{Type: "object"}
	}
	list := n.parts()
	if n.Type == "for_statement" {
		list = list[len(list)-1:]
	}
	for _, one := range list {
		if one.Type == "if_statement" {
			one = last(one.parts())
		}
		c.value(one, each, path+"[]")
	}
}

// name checks what a name stands for: the value of a variable, the type of a parameter.
func (c *checker) name(n *node, p Property, path string) {
	d := c.file.names[n.Text]
	switch {
	case d == nil || p.Type == "any":
	case d.kind == "var":
		c.value(d.value, p, path)
	case d.kind == "param" && len(p.Enum) > 0 && !d.within(p.Enum):
		c.wrong(n, "%s of %s takes %s only, and the parameter %s may be anything: give it @allowed", path, c.kind, strings.Join(p.Enum, ", "), d.name)
	case d.kind == "param":
		if got := typeName(d.typ); got != "" && got != p.Type {
			c.wrong(n, "%s of %s is the parameter %s, which is %s %s, and has to be %s %s", path, c.kind, d.name, article(got), got, article(p.Type), p.Type)
		}
	}
}

// within says that a parameter allows nothing beside these texts.
func (d *declared) within(texts []string) bool {
	if strings.HasPrefix(typeText(d.typ), "'") {
		return true // the compiler's own business: a set of texts
	}
	args, ok := d.decorator("allowed")
	if !ok || len(args) != 1 {
		return false
	}
	for _, n := range args[0].parts() {
		if s, _ := n.text(); !slices.Contains(texts, s) {
			return false
		}
	}
	return true
}

// typeName is what a declared type amounts to, "" where it is one of the file's own.
func typeName(t *node) string {
	name := strings.TrimSuffix(typeText(t), "?")
	switch {
	case strings.HasSuffix(name, "[]"):
		return "array"
	case slices.Contains([]string{"string", "int", "bool", "object", "array"}, name):
		return name
	case strings.HasPrefix(name, "'"):
		return "string"
	}
	return ""
}

// literal is the type of a value that stands there, "" where it has to be worked out.
func literal(n *node) string {
	switch n.Type {
	case "string":
		return "string"
	case "number":
		return "int"
	case "boolean":
		return "bool"
	case "object":
		return "object"
	case "array", "for_statement":
		return "array"
	}
	return returns[called(n)]
}

// returns are the types of what functions give.
var returns = map[string]string{"concat": "array", "map": "array", "filter": "array", "items": "array", "guid": "string", "uniqueString": "string", "toLower": "string",
	"toUpper": "string", "replace": "string", "take": "string", "subscriptionResourceId": "string", "loadTextContent": "string", "length": "int", "empty": "bool", "contains": "bool"}
