package funchost

import "strings"

// route matches the path below /api/. Literal parts match in any letter case, as the host's do, and
// parameters take the part exactly as it was sent: both modes of the host rewrite escapes, so a value
// that needs any is none of ours.
type route struct {
	function Function
	parts    []part
}

type part struct {
	literal, param string
	optional       bool
	rest           bool // {*name}: everything that is left
}

func newRoute(f Function) route {
	r := route{function: f}
	for _, p := range strings.Split(f.Route, "/") {
		name, isParam := strings.CutPrefix(p, "{")
		if !isParam {
			r.parts = append(r.parts, part{literal: p})
			continue
		}
		name, optional := strings.CutSuffix(strings.TrimSuffix(name, "}"), "?")
		name, rest := strings.CutPrefix(name, "*")
		r.parts = append(r.parts, part{param: name, optional: optional || rest, rest: rest})
	}
	return r
}

func (r route) match(path string) (values map[string]string, ok bool) {
	given := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(given) > len(r.parts) && !r.parts[len(r.parts)-1].rest {
		return nil, false
	}
	values = map[string]string{}
	for i, p := range r.parts {
		switch {
		case p.rest && i < len(given):
			values[p.param] = strings.Join(given[i:], "/")
		case i >= len(given):
			if !p.optional {
				return nil, false
			}
		case p.param != "":
			values[p.param] = given[i]
		case !strings.EqualFold(p.literal, given[i]):
			return nil, false
		}
	}
	return values, true
}
