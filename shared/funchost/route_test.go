package funchost

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRouteTakesTheRestOfAPath(t *testing.T) {
	for route, paths := range map[string]map[string]map[string]string{
		"operator/{*path}": {"operator": {}, "operator/": {}, "Operator/held": {"path": "held"}, "operator/held/retry": {"path": "held/retry"}, "other/held": nil},
		"hook/{tenant?}":   {"hook": {}, "hook/a": {"tenant": "a"}, "hook/a/b": nil},
	} {
		for path, want := range paths {
			values, ok := newRoute(Function{Route: route}).match(path)
			var got map[string]string
			if ok {
				got = map[string]string{}
				for _, v := range values {
					got[v.name] = v.value
				}
			}
			if diff := cmp.Diff(want, got); ok != (want != nil) || diff != "" {
				t.Errorf("%s under %s: %v %s", path, route, ok, diff)
			}
		}
	}
}
