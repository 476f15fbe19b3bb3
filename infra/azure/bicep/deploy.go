package bicep

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
)

// Resource is what a deployment makes. Body holds what the template says of it, worked out; parent, scope and
// dependsOn are left out. What only Azure knows stands there as "{type/name:path}".
type Resource struct {
	Type, Version string
	Name          string // with the names of its parents, as in namespace/queue
	ID            string
	Scope         string // the id of what it extends, as of a role assignment; "" of others
	OnlyIfAbsent  bool   // what is there already stays as it is
	Body          map[string]any
	Module        string // the file that declares it
	Line          int
	After         []string // ids of what has to be there first, as far as the template says so itself
}

// Deployment is what a template comes to.
type Deployment struct {
	Resources []Resource
	Outputs   map[string]any
}

// Where the deployment is thought to go.
const (
	subscription  = "/subscriptions/00000000-0000-0000-0000-000000000001"
	resourceGroup = subscription + "/resourceGroups/rg"
	location      = "westeurope"
)

// Deploy works out what a template deploys with these parameters.
func (p *Project) Deploy(path string, params map[string]any) (Deployment, error) {
	var d Deployment
	f := p.files[filepath.Clean(path)]
	if f == nil {
		return d, fmt.Errorf("%s was not opened", path)
	}
	r := &run{project: p, file: f, params: params, memo: map[string]any{}, busy: map[string]bool{}, out: &d}
	outputs, err := r.all()
	d.Outputs = outputs
	return d, err
}

// run works out one file.
type run struct {
	project *Project
	file    *file
	params  map[string]any
	memo    map[string]any
	busy    map[string]bool
	out     *Deployment
}

// all deploys everything that the file declares, and gives its outputs.
func (r *run) all() (map[string]any, error) {
	for name := range r.params {
		if d := r.file.names[name]; d == nil || d.kind != "param" {
			return nil, fmt.Errorf("%s has no parameter %s", r.file.path, name)
		}
	}
	outputs := map[string]any{}
	for _, d := range r.file.all {
		var err error
		switch d.kind {
		case "param", "resource", "module":
			_, err = r.symbol(d.name, d.node)
		case "output":
			outputs[d.name], err = (&env{run: r}).eval(d.value)
		}
		if err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

// symbol is what a name of the file stands for.
func (r *run) symbol(name string, at *node) (any, error) {
	if v, ok := r.memo[name]; ok {
		return v, nil
	}
	e := &env{run: r}
	d := r.file.names[name]
	if d == nil {
		return nil, e.wrong(at, "nothing is named %s", name)
	}
	if r.busy[name] {
		return nil, e.wrong(at, "%s needs itself", name)
	}
	r.busy[name] = true
	defer delete(r.busy, name)
	v, err := r.declared(e, d)
	if err == nil {
		r.memo[name] = v
	}
	return v, err
}

func (r *run) declared(e *env, d *declared) (any, error) {
	switch d.kind {
	case "param":
		return r.param(e, d)
	case "var":
		return e.eval(d.value)
	case "resource", "module":
		if d.loop == nil {
			return r.one(e, d)
		}
		list := []any{}
		err := e.rounds(d.loop, func(in *env, _ int) error {
			v, err := r.one(in, d)
			list = append(list, v)
			return err
		})
		return list, err
	}
	return nil, e.wrong(d.node, "a %s has no value", d.kind)
}

// one deploys a resource or a module, once.
func (r *run) one(e *env, d *declared) (*handle, error) {
	h := &handle{what: d.name}
	if d.parent != "" {
		outer, err := r.symbol(d.parent, d.node)
		if err != nil || outer.(*handle).absent {
			h.absent = true
			return h, err
		}
	}
	if d.condition != nil {
		yes, err := e.eval(d.condition)
		if err != nil {
			return nil, err
		}
		if h.absent = yes != true; h.absent {
			return h, nil
		}
	}
	if d.kind == "module" {
		outputs, err := r.module(e, d)
		h.outputs = outputs
		return h, err
	}
	resource, err := r.resource(e, d)
	if err != nil {
		return nil, err
	}
	h.resource = resource
	if !d.existing {
		r.out.Resources = append(r.out.Resources, *resource)
	}
	return h, nil
}

func (r *run) module(e *env, d *declared) (map[string]any, error) {
	path := filepath.Join(filepath.Dir(r.file.path), d.ref)
	f := r.project.files[filepath.Clean(path)]
	if f == nil {
		return nil, e.wrong(d.node, "there is no module %s", d.ref)
	}
	params := map[string]any{}
	if n := member(d.value, "params"); n != nil {
		v, err := e.eval(n)
		if err != nil {
			return nil, err
		}
		params = v.(map[string]any)
	}
	if err := r.first(e, d); err != nil {
		return nil, err
	}
	inner := &run{project: r.project, file: f, params: params, memo: map[string]any{}, busy: map[string]bool{}, out: r.out}
	outputs, err := inner.all()
	if outputs == nil {
		outputs = map[string]any{}
	}
	return outputs, err
}

// first works out what dependsOn names.
func (r *run) first(e *env, d *declared) error {
	if n := member(d.value, "dependsOn"); n != nil {
		_, err := e.eval(n)
		return err
	}
	return nil
}

func (r *run) resource(e *env, d *declared) (*Resource, error) {
	out := &Resource{Module: r.file.path, Line: d.line}
	out.Type, out.Version = r.file.typeOf(d)
	_, out.OnlyIfAbsent = d.decorator("onlyIfNotExists")
	parent, err := r.parent(e, d)
	if err != nil {
		return nil, err
	}
	body := map[string]any{}
	for _, p := range properties(d.value) {
		if p.name == "parent" {
			continue
		}
		v, err := e.eval(p.val)
		if err != nil {
			return nil, err
		}
		body[p.name] = v
	}
	out.Name = fmt.Sprint(body["name"])
	if parent != nil {
		out.Name = parent.Name + "/" + out.Name
	}
	out.ID = idOf(resourceGroup, out.Type, out.Name)
	if h, ok := body["scope"].(*handle); ok && h.resource != nil {
		out.Scope = h.resource.ID
		out.ID = idOf(out.Scope, out.Type, out.Name)
	}
	for _, v := range asList(body["dependsOn"]) {
		if h, ok := v.(*handle); ok && h.resource != nil {
			out.After = append(out.After, h.resource.ID)
		}
	}
	maps.DeleteFunc(body, func(name string, _ any) bool { return name == "scope" || name == "dependsOn" })
	out.Body = plain(body).(map[string]any)
	return out, nil
}

func (r *run) parent(e *env, d *declared) (*Resource, error) {
	var v any
	var err error
	if d.parent != "" {
		v, err = r.symbol(d.parent, d.node)
	} else if n := member(d.value, "parent"); n != nil {
		v, err = e.eval(n)
	}
	if err != nil || v == nil {
		return nil, err
	}
	h, ok := v.(*handle)
	if !ok || h.resource == nil {
		return nil, e.wrong(d.node, "the parent of %s is not deployed", d.name)
	}
	return h.resource, nil
}

func asList(v any) []any { list, _ := v.([]any); return list }

// plain makes texts of what only the deployment knows.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			out[name] = plain(one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = plain(one)
		}
		return out
	case later:
		return string(v)
	}
	return v
}

// idOf is a resource's id: type A/b/c with name x/y is …/A/b/x/c/y.
func idOf(scope, kind, name string) string {
	provider, types, _ := strings.Cut(kind, "/")
	out := scope + "/providers/" + provider
	names := strings.Split(name, "/")
	for i, t := range strings.Split(types, "/") {
		out += "/" + t
		if i < len(names) {
			out += "/" + names[i]
		}
	}
	return out
}
