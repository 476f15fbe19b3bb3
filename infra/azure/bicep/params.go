package bicep

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Parameters reads a file of parameters: its template, and what it sets. environ are the variables that it may read.
func (p *Project) Parameters(path string, environ map[string]string) (template string, params map[string]any, err error) {
	f := p.files[filepath.Clean(path)]
	if f == nil {
		return "", nil, fmt.Errorf("%s was not opened", path)
	}
	r := &run{project: p, file: f, memo: map[string]any{"environment": environ}, busy: map[string]bool{}, out: &Deployment{}}
	params = map[string]any{}
	for _, d := range f.all {
		if d.kind != "var" {
			continue
		}
		if params[d.name], err = r.symbol(d.name, d.node); err != nil {
			return "", nil, err
		}
	}
	return filepath.Join(filepath.Dir(f.path), f.using), params, nil
}

func (r *run) param(e *env, d *declared) (v any, err error) {
	v, given := r.params[d.name]
	switch {
	case given:
	case d.value != nil:
		if v, err = e.eval(d.value); err != nil {
			return nil, err
		}
	case strings.HasSuffix(typeText(d.typ), "?"):
		return nil, nil
	default:
		return nil, e.wrong(d.node, "the parameter %s is missing", d.name)
	}
	return v, e.fits(d, v)
}

// fits holds a parameter's value against its type and its decorators.
func (e *env) fits(d *declared, v any) error {
	if want := typeText(d.typ); !isA(v, want) {
		return e.wrong(d.node, "the parameter %s is %v, and has to be %s", d.name, v, want)
	}
	size := 0
	switch v := v.(type) {
	case string:
		size = len(v)
	case []any:
		size = len(v)
	}
	for _, limit := range []struct {
		name  string
		holds func(int) bool
	}{
		{"minLength", func(n int) bool { return size >= n }}, {"maxLength", func(n int) bool { return size <= n }},
		{"minValue", func(n int) bool { i, ok := v.(int); return !ok || i >= n }}, {"maxValue", func(n int) bool { i, ok := v.(int); return !ok || i <= n }},
	} {
		if args, ok := d.decorator(limit.name); ok {
			n, err := e.eval(args[0])
			if err != nil {
				return err
			}
			if !limit.holds(n.(int)) {
				return e.wrong(d.node, "the parameter %s is outside its %s of %v", d.name, limit.name, n)
			}
		}
	}
	if args, ok := d.decorator("allowed"); ok {
		list, err := e.eval(args[0])
		if err != nil {
			return err
		}
		if !holds(list, v) {
			return e.wrong(d.node, "the parameter %s is %v, which is not among %v", d.name, v, list)
		}
	}
	return nil
}

func typeText(t *node) string {
	if t == nil {
		return ""
	}
	var out strings.Builder
	t.walk(func(n *node) bool {
		if len(n.Children) == 0 {
			out.WriteString(n.Text)
		}
		return true
	})
	return out.String()
}

// isA says whether a value is of a type of Bicep's own; other types are not looked into.
func isA(v any, want string) bool {
	if name, nullable := strings.CutSuffix(want, "?"); nullable {
		return v == nil || isA(v, name)
	}
	if strings.HasSuffix(want, "[]") {
		_, ok := v.([]any)
		return ok
	}
	switch want {
	case "string":
		_, text := v.(string)
		_, unknown := v.(later)
		return text || unknown
	case "int":
		_, ok := v.(int)
		return ok
	case "bool":
		_, ok := v.(bool)
		return ok
	case "object":
		_, ok := v.(map[string]any)
		return ok
	case "array":
		_, ok := v.([]any)
		return ok
	}
	return true
}
