package dataversesim_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "writes the table of switches anew")

// The table of switches in docs/control-interface.md is that of GET switches; -update writes it.
func TestEverySwitchStandsInTheDocument(t *testing.T) {
	const file, from, to = "../../../docs/control-interface.md", "### Dataverse, switches\n", "\n#"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), from)
	part, tail, closed := strings.Cut(rest, to)
	if !found || !closed {
		t.Fatalf("%s has no place for the switches: %q", file, from)
	}
	if part == switchTable(t) {
		return
	}
	if !*update {
		t.Fatalf("the switches in %s are stale: go test ./infra/local/dataversesim -run %s -update", file, t.Name())
	}
	if err := os.WriteFile(file, []byte(head+from+switchTable(t)+to+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func switchTable(t *testing.T) string {
	t.Helper()
	var all map[string]struct {
		Value, Allowed any
		Meaning        string
	}
	if err := json.Unmarshal([]byte(newWorld(t).ctl("GET", "/switches", "").text), &all); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| switch | positions, the first one at first | meaning |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		positions := fmt.Sprintf("%v; at first %v", s.Allowed, number(s.Value))
		if list, ok := s.Allowed.([]any); ok {
			others := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == s.Value })
			var texts []string
			for _, v := range append([]any{s.Value}, others...) {
				texts = append(texts, cmp.Or(fmt.Sprint(v), "\"\""))
			}
			positions = strings.Join(texts, ", ")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, positions, s.Meaning)
	}
	return b.String()
}

// number writes a number as people do.
func number(v any) string {
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
