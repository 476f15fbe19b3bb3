package bicep

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Check says everything that is wrong with the files: syntax, types, names, and those rules of the compiler's linter
// that are about more than taste, since a warning of the compiler fails, too.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/linter
func (p *Project) Check(types Types) (out []Finding) {
	for _, path := range p.order {
		f := p.files[path]
		found := f.syntax()
		if len(found) == 0 {
			found = p.rules(f, types)
		}
		slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
		out = append(out, found...)
	}
	return out
}

func (p *Project) rules(f *file, types Types) []Finding {
	n := &names{project: p, file: f, used: map[string]bool{}}
	n.all()
	return slices.Concat(types.checkTypes(f), n.findings, p.modules(f), f.parameters(), f.secrets(), f.hosts(), f.places(), f.conditional(), f.dependencies(), f.askedTwice(), f.taste())
}

func (f *file) finding(n *node, say string) Finding { return Finding{f.path, n.Line, say} }

// syntax finds what the grammar does not take.
func (f *file) syntax() (out []Finding) {
	f.root.walk(func(n *node) bool {
		if n.Bad {
			out = append(out, f.finding(n, "this is no Bicep: "+strings.TrimSpace(n.leaves())))
		}
		return !n.Bad
	})
	return out
}

// leaves is the text of a node, as far as it is short.
func (n *node) leaves() string {
	var out strings.Builder
	n.walk(func(c *node) bool {
		if len(c.Children) == 0 && out.Len() < 60 {
			out.WriteString(c.Text + " ")
		}
		return true
	})
	return cmp.Or(out.String(), "something is missing here")
}

// parameters: each one says what it is for.
func (f *file) parameters() (out []Finding) {
	if f.using != "" {
		return nil
	}
	for _, d := range f.all {
		if _, told := d.decorator("description"); d.kind == "param" && !told {
			out = append(out, f.finding(d.node, "the parameter "+d.name+" has no description"))
		}
	}
	return out
}

// secretName are names that look like a secret's: to the linter's secure-secrets-in-params, and to us.
var secretName = regexp.MustCompile(`(?i)password|pwd|secret|accountkey|acctkey|(key|token)s?(previous)?$`)

// secrets: what is one by its name is declared as one and has no default, and no output gives one away.
func (f *file) secrets() (out []Finding) {
	secure := map[string]bool{}
	for _, d := range f.all {
		if d.kind != "param" || f.using != "" {
			continue
		}
		_, is := d.decorator("secure")
		secure[d.name] = is
		if secretName.MatchString(d.name) && !is && slices.Contains([]string{"string", "object"}, typeName(d.typ)) {
			out = append(out, f.finding(d.node, "the parameter "+d.name+" looks like a secret, and is not @secure()"))
		}
		if is && d.value != nil && called(d.value) != "newGuid" {
			if s, plain := d.value.text(); !plain || s != "" {
				out = append(out, f.finding(d.node, "the secret "+d.name+" has a default"))
			}
		}
	}
	for _, d := range f.all {
		if d.kind != "output" {
			continue
		}
		d.value.uses(func(n *node) {
			if n.Type == "identifier" && secure[n.Text] || strings.HasPrefix(called(n), "list") {
				out = append(out, f.finding(n, "the output "+d.name+" gives a secret away"))
			}
		})
	}
	return out
}

// uses visits a node and what is in it, without the names of members.
func (n *node) uses(visit func(*node)) {
	visit(n)
	children := n.Children
	if n.Type == "object_property" && len(children) > 0 && children[0].Type == "identifier" {
		children = children[1:]
	}
	for _, c := range children {
		c.uses(visit)
	}
}

// clouds are the hosts that differ from cloud to cloud; environment() has them.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/linter-rule-no-hardcoded-environment-urls
var clouds = regexp.MustCompile(`(?i)\b(azuredatalakeanalytics\.net|azuredatalakestore\.net|core\.windows\.net|database\.windows\.net|datalake\.azure\.net|gallery\.azure\.com|` +
	`graph\.windows\.net|login\.microsoftonline\.com|management\.azure\.com|vault\.azure\.net)\b`)

func (f *file) hosts() (out []Finding) {
	f.root.walk(func(n *node) bool {
		if n.Type == "string_content" && f.using == "" && clouds.MatchString(n.Text) {
			out = append(out, f.finding(n, "a host that is another in other clouds: "+clouds.FindString(n.Text)))
		}
		return true
	})
	return out
}

// places: where things are is a parameter's business.
func (f *file) places() (out []Finding) {
	for _, d := range f.all {
		if d.kind == "param" || d.value == nil {
			continue
		}
		d.value.walk(func(n *node) bool {
			if n.Type == "member_expression" && n.child("property").Text == "location" && called(n.child("object")) == "resourceGroup" {
				out = append(out, f.finding(n, "resourceGroup().location belongs into the default of a parameter"))
			}
			return true
		})
	}
	return out
}

// conditional: what may not be there is asked with .? or vouched for with !; id and name are known all the same.
func (f *file) conditional() (out []Finding) {
	f.root.walk(func(n *node) bool {
		if n.Type != "member_expression" {
			return true
		}
		of := n.child("object")
		d := f.names[of.Text]
		if of.Type != "identifier" || d == nil || d.condition == nil || n.has(".?") || n.has("!") {
			return true
		}
		if what := n.child("property").Text; what != "id" && what != "name" {
			out = append(out, f.finding(n, d.name+" may not be deployed: ask for its "+what+" with .?, or vouch for it with !"))
		}
		return true
	})
	return out
}

var bare = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// taste: what the linter warns of although it means the same.
func (f *file) taste() (out []Finding) {
	f.root.walk(func(n *node) bool {
		switch n.Type {
		case "object":
			for _, p := range properties(n) {
				if p.key.Type == "string" && p.name != "" && bare.MatchString(p.name) {
					out = append(out, f.finding(p.key, "'"+p.name+"' needs no quotes"))
				}
			}
		case "string":
			parts := n.of("string_content", "escape_sequence", "interpolation")
			if len(parts) == 1 && parts[0].Type == "interpolation" && f.using == "" && !keyOf(f.root, n) {
				out = append(out, f.finding(n, "a text that is one value only: leave the quotes out"))
			}
		case "subscript_expression":
			if s, plain := n.child("index").text(); plain && n.child("index").Type == "string" && bare.MatchString(s) {
				out = append(out, f.finding(n, "['"+s+"'] is written ."+s))
			}
		case "call_expression":
			if args := argumentsOf(n); called(n) == "concat" && len(args) > 0 && args[0].Type == "string" {
				out = append(out, f.finding(n, "concat of texts: write it as one text with ${}"))
			}
		}
		return true
	})
	return out
}

// keyOf says whether a string is the name of a member, which may be one value only.
func keyOf(root, s *node) (yes bool) {
	root.walk(func(n *node) bool {
		if n.Type == "object_property" && len(n.Children) > 0 && n.Children[0] == s {
			yes = true
		}
		return !yes
	})
	return yes
}

// modules: the file is there, its parameters are given and of the right type, and no others.
func (p *Project) modules(f *file) (out []Finding) {
	for _, d := range f.all {
		if d.kind != "module" {
			continue
		}
		m := p.files[filepath.Clean(filepath.Join(filepath.Dir(f.path), d.ref))]
		if m == nil {
			out = append(out, f.finding(d.node, "there is no module "+d.ref))
			continue
		}
		out = append(out, f.given(d, m)...)
	}
	if f.using != "" {
		out = append(out, p.parametersOf(f)...)
	}
	return out
}

// given holds what a module is called with against its parameters.
func (f *file) given(d *declared, m *file) (out []Finding) {
	c := &checker{file: f, kind: "the module " + d.name, known: map[string]Property{}}
	given := map[string]*node{}
	for _, p := range properties(member(d.value, "params")) {
		given[p.name] = p.val
		target := m.names[p.name]
		if target == nil || target.kind != "param" {
			c.wrong(p.key, "the module %s has no parameter %s", d.ref, p.name)
			continue
		}
		if want := typeName(target.typ); want != "" && want != "object" && want != "array" {
			c.value(p.val, Property{Type: want}, p.name)
		}
	}
	for _, target := range m.all {
		if needs(target) && given[target.name] == nil {
			c.wrong(d.node, "the module %s is not given its parameter %s", d.ref, target.name)
		}
		// The linter's explicit-values-for-loc-params.
		if target.kind == "param" && target.name == "location" && given["location"] == nil && !needs(target) {
			c.wrong(d.node, "the module %s is not told its location", d.ref)
		}
	}
	return append(out, c.findings...)
}

func needs(d *declared) bool {
	return d.kind == "param" && d.value == nil && !strings.HasSuffix(typeText(d.typ), "?")
}

// parametersOf holds a file of parameters against its template.
func (p *Project) parametersOf(f *file) (out []Finding) {
	m := p.files[filepath.Clean(filepath.Join(filepath.Dir(f.path), f.using))]
	if m == nil {
		return []Finding{f.finding(f.root, "there is no template "+f.using)}
	}
	for _, d := range f.all {
		if target := m.names[d.name]; d.kind == "var" && (target == nil || target.kind != "param") {
			out = append(out, f.finding(d.node, f.using+" has no parameter "+d.name))
		}
	}
	for _, target := range m.all {
		if needs(target) && f.names[target.name] == nil {
			out = append(out, f.finding(f.root, "the parameter "+target.name+" of "+f.using+" is not set"))
		}
	}
	return out
}
