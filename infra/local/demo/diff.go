package demo

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"
)

// Records is everything that both systems hold, as their `GET records` answers:
// "crm" → table → id → row and "pc" → table → id → document.
type Records map[string]map[string]any

// ignored are the members that change with every write and say nothing about a deal. A path is
// system/table/id/member/…, and * stands for one part of it.
var ignored = []string{
	"pc/referrals/*/updatedDateTime", // time of the last write
	"pc/referrals/*/eTag",            // version
	"crm/*/*/modifiedon",             // time of the last write
	"crm/*/*/_modifiedby_value",      // who wrote last
	"crm/*/*/versionnumber",          // version
	"crm/*/*/@odata.etag",
	"crm/*/*/exchangerate",     // set by the CRM with the first money column
	"crm/opportunity/*/*_base", // money columns in the organisation's currency, computed by the CRM
	"crm/cosell_solution/*/*_base",
	"crm/opportunity/*/closeprobability", // set by an automation of an opinionated organisation
	"crm/opportunity/*/new_weighted",     // calculated there
	"crm/asyncoperation",                 // the CRM's own log of event deliveries
	"crm/asyncoperation/*",
	"crm/asyncoperation/*/*",
}

// change is one value that differs between two looks at the records; absent values are nil.
type change struct {
	path          string
	before, after any
}

func (c change) String() string {
	return fmt.Sprintf("%s: %s → %s", c.path, show(c.before), show(c.after))
}

func show(v any) string {
	if v == nil {
		return "nothing"
	}
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return shorten(string(out))
}

// compare lists what changed between two looks, without the ignored members, sorted by path. A row that
// came or went is one change of the path system/table/id.
func compare(before, after Records) []change {
	var out []change
	for _, system := range keysOf(before, after) {
		out = append(out, diff(system, asAny(before[system]), asAny(after[system]))...)
	}
	return slices.DeleteFunc(out, func(c change) bool {
		return slices.ContainsFunc(ignored, func(p string) bool { return pathMatches(p, c.path) })
	})
}

func asAny(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func keysOf[V any](maps ...map[string]V) []string {
	seen := map[string]bool{}
	for _, m := range maps {
		for k := range m {
			seen[k] = true
		}
	}
	out := make([]string, 0, len(seen))
	for k := range seen {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func diff(path string, before, after any) []change {
	b, bothMaps := before.(map[string]any)
	a, ok := after.(map[string]any)
	if bothMaps && ok {
		var out []change
		for _, k := range keysOf(b, a) {
			out = append(out, diff(path+"/"+k, b[k], a[k])...)
		}
		return out
	}
	if sameValue(before, after) {
		return nil
	}
	return []change{{path, before, after}}
}

// sameValue compares JSON values; numbers by their value, so that 85000 and 85000.0 are the same.
func sameValue(a, b any) bool {
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		return ok && sameNumber(x.String(), y.String())
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, sameValue)
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, there := y[k]
			if !there || !sameValue(v, w) {
				return false
			}
		}
		return true
	}
	return a == b
}

func sameNumber(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) == 0
}

// pathMatches compares part by part; * at the end or beginning of a part stands for any text.
func pathMatches(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	return len(p) == len(q) && slices.EqualFunc(p, q, partMatches)
}

func partMatches(pattern, part string) bool {
	prefix, suffix, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == part
	}
	return len(part) >= len(prefix)+len(suffix) && strings.HasPrefix(part, prefix) && strings.HasSuffix(part, suffix)
}

// at follows a slash-separated path through JSON values; nil when a part is missing. Elements of a list are
// named by their number.
func at(v any, path string) any {
	for _, part := range strings.Split(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i := -1
			if _, err := fmt.Sscanf(part, "%d", &i); err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// text is the value at a path as a person would read it; "" when there is none.
func text(v any, path string) string {
	switch x := at(v, path).(type) {
	case nil:
		return ""
	case string:
		return x
	default:
		return fmt.Sprint(x)
	}
}
