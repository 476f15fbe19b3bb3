package contract

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClausesRunWhereTheyMayAndAreReported(t *testing.T) {
	dir := t.TempDir()
	page, file := filepath.Join(dir, "page.md"), filepath.Join(dir, "reports", "contract.json")
	if err := os.WriteFile(page, []byte("| how long | 300 |\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(ReportEnv, file)
	var ran []string
	note := func(name string) func(*T, string) {
		return func(t *T, on string) { ran = append(ran, on+" "+name); t.Observed("how long", on) }
	}
	targets := []Target[string]{{Name: "simulator", Writes: true, On: "s"}, {Name: "live", On: "l"}}
	clauses := []Clause[string]{{Name: "reads", Run: note("reads")}, {Name: "writes", Writes: true, Run: note("writes")}}
	Run(t, "one", page, targets, clauses)
	Run(t, "two", page, targets[:1], clauses[:1])
	if got := strings.Join(ran, ", "); got != "s reads, s writes, l reads, s reads" {
		t.Errorf("ran %s", got)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]Result
	if err := json.Unmarshal(text, &all); err != nil || len(all["one"]) != 3 || len(all["two"]) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	if first := all["one"][0]; first.Target != "live" || !first.Kept || first.Observed["how long"] != "l" {
		t.Errorf("%+v", first)
	}
}
