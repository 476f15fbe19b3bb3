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

// pathValue is what a path has for a parameter.
type pathValue struct{ name, value string }

func (r route) match(path string) (values []pathValue, ok bool) {
	rest, more := strings.TrimSuffix(path, "/"), true // more: a part is still to come, perhaps an empty one
	for _, p := range r.parts {
		switch {
		case p.rest && more:
			return append(values, pathValue{p.param, rest}), true
		case !more:
			if !p.optional {
				return nil, false
			}
			continue
		}
		var given string
		given, rest, more = strings.Cut(rest, "/")
		switch {
		case p.param != "":
			values = append(values, pathValue{p.param, given})
		case !strings.EqualFold(p.literal, given):
			return nil, false
		}
	}
	return values, !more
}
