package requirements

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// doc is a JSON object: a referral, a row, the body of a call. Numbers are as they were written.
type doc map[string]any

// at follows a path such as "details/requirements/solutions/0/id"; nil when a part is missing.
func (d doc) at(path string) any {
	var v any = map[string]any(d)
	for _, part := range strings.Split(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case doc:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// text is the value at a path as a person would read it: numbers without superfluous zeros, "" for nothing.
func (d doc) text(path string) string {
	switch v := d.at(path).(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return plain(v.String())
	case bool:
		return strconv.FormatBool(v)
	default:
		out, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(out)
	}
}

// plain is a number without exponent and superfluous zeros.
func plain(number string) string {
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		return number
	}
	text := r.FloatString(10)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// bookkeeping are members that a system changes by itself with every write.
var bookkeeping = []string{"@odata.etag", "modifiedon", "_modifiedby_value", "versionnumber", "eTag", "updatedDateTime", "_modifiedonbehalfby_value"}

// changed lists the members in which two states of a record differ, but for the system's own bookkeeping.
func changed(a, b doc) (out []string) {
	for name := range merged(a, b) {
		if !slices.Contains(bookkeeping, name) && !strings.HasSuffix(name, "_base") && !same(a[name], b[name]) {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

func merged(a, b doc) map[string]bool {
	all := map[string]bool{}
	for name := range a {
		all[name] = true
	}
	for name := range b {
		all[name] = true
	}
	return all
}

func same(a, b any) bool {
	x, y := doc{"v": a}, doc{"v": b}
	return x.text("v") == y.text("v")
}

func decoded(t *testing.T, text []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return text
}
