package hostsim

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// segment is one part of a route: a literal, {name}, {name?}, {name:int} or {*name}.
type segment struct {
	literal, param        string
	optional, rest, isInt bool
}

func parseRoute(route string) ([]segment, error) {
	var out []segment
	for part := range strings.SplitSeq(route, "/") {
		if !strings.HasPrefix(part, "{") {
			if strings.ContainsAny(part, "{}") {
				return nil, fmt.Errorf("route %q: %q mixes text and a parameter, which is not simulated", route, part)
			}
			out = append(out, segment{literal: part})
			continue
		}
		name, found := strings.CutSuffix(strings.TrimPrefix(part, "{"), "}")
		if !found {
			return nil, fmt.Errorf("route %q: %q has no closing brace", route, part)
		}
		s := segment{}
		name, s.optional = strings.CutSuffix(name, "?")
		name, constraint, limited := strings.Cut(name, ":")
		if limited && constraint != "int" {
			return nil, fmt.Errorf("route %q: constraint %q is not simulated (only int is)", route, constraint)
		}
		s.isInt = limited
		s.param, s.rest = strings.CutPrefix(name, "*")
		out = append(out, s)
	}
	return out, nil
}

// match compares a decoded path (without the leading slash) with a route. A parameter that the path
// leaves out is in params with a nil value.
func match(segments []segment, path string) (params map[string]*string, ok bool) {
	params = map[string]*string{}
	parts := strings.Split(path, "/")
	for i, s := range segments {
		if s.rest {
			var value *string
			if i < len(parts) {
				rest := strings.Join(parts[i:], "/")
				if rest != "" {
					value = &rest
				}
			}
			params[s.param] = value
			return params, true
		}
		if i >= len(parts) || s.param != "" && parts[i] == "" && i == len(parts)-1 {
			if !s.optional {
				return nil, false
			}
			params[s.param] = nil
			continue
		}
		if s.param == "" {
			if !strings.EqualFold(parts[i], s.literal) {
				return nil, false
			}
			continue
		}
		if _, err := strconv.Atoi(parts[i]); s.isInt && err != nil || parts[i] == "" {
			return nil, false
		}
		value := parts[i]
		params[s.param] = &value
	}
	if extra := parts[min(len(segments), len(parts)):]; len(extra) > 1 || len(extra) == 1 && extra[0] != "" {
		return nil, false
	}
	return params, true
}

// find picks the function for a public call: literal segments beat parameters, parameters beat {*rest}.
func (a *app) find(method, path string) (*function, map[string]*string) {
	var best *function
	var bestParams map[string]*string
	for _, f := range a.functions {
		if f.disabled || f.trigger.Type != "httpTrigger" {
			continue
		}
		if m := f.trigger.Methods; len(m) > 0 && !slices.ContainsFunc(m, func(s string) bool { return strings.EqualFold(s, method) }) {
			continue
		}
		params, ok := match(f.segments, strings.TrimPrefix(path, "/"))
		if ok && (best == nil || moreExact(f.segments, best.segments)) {
			best, bestParams = f, params
		}
	}
	return best, bestParams
}

func moreExact(a, b []segment) bool {
	weight := func(s segment) int {
		switch {
		case s.rest:
			return 0
		case s.param != "":
			return 1
		}
		return 2
	}
	for i := range min(len(a), len(b)) {
		if wa, wb := weight(a[i]), weight(b[i]); wa != wb {
			return wa > wb
		}
	}
	return len(a) > len(b)
}

// Keys are the keys of the function app. An empty key admits nobody.
type Keys struct {
	Default string // the host key, good for authLevel function
	Master  string // good for everything, also for /admin
}

// level says what the caller's key is worth: "", "Function" or "Admin".
func (k Keys) level(key string) string {
	switch {
	case same(key, k.Master):
		return "Admin"
	case same(key, k.Default):
		return "Function"
	}
	return ""
}

func same(given, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

// admits says whether a caller of that level may call a function of that authLevel.
func admits(authLevel, level string) bool {
	return authLevel == "anonymous" || level == "Admin" || authLevel == "function" && level == "Function"
}
