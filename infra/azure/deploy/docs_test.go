package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The guide's table of steps is the program's, for production.
func TestTheGuideHasTheSteps(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	f := &facts{known: map[string]string{}, set: settings{"COSELL_CATALOGUE": "solutions.csv"}, program: "az"}
	var want strings.Builder
	for _, s := range steps(f) {
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", s.name, s.does, s.needs)
	}
	_, rest, _ := strings.Cut(string(page), "|---|---|---|\n")
	has, _, _ := strings.Cut(rest, "<!-- /steps -->")
	if has != want.String() {
		t.Errorf("docs/deploy.md has\n%s\nand the program\n%s", has, want.String())
	}
	for _, k := range known() {
		if !strings.Contains(string(page), "`"+k.name+"`") {
			t.Errorf("docs/deploy.md does not tell of %s", k.name)
		}
	}
	for _, k := range secrets() {
		if !strings.Contains(string(page), "`"+k.name+"`") {
			t.Errorf("docs/deploy.md does not tell of %s", k.name)
		}
	}
}
