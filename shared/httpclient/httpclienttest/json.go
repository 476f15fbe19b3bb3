package httpclienttest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// SameJSON compares two JSON texts by what they say.
func SameJSON(t testing.TB, want, got string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &b); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("JSON (-want +got):\n%s", d)
	}
}

// Absent marks a member that Patched removes.
const Absent = "\x00absent"

// Patched is a JSON text with some members replaced, by their paths: "details/dealValue".
func Patched(t testing.TB, text string, changes map[string]any) string {
	t.Helper()
	var tree map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	for path, v := range changes {
		at := tree
		names := strings.Split(path, "/")
		for _, n := range names[:len(names)-1] {
			next, ok := at[n].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[n] = next
			}
			at = next
		}
		if v == Absent {
			delete(at, names[len(names)-1])
			continue
		}
		at[names[len(names)-1]] = v
	}
	out, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
