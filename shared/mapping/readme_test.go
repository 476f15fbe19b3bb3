package mapping

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "writes generated text anew")

// The README's field table is generated from the sheet; `make generate` writes it.
func TestReadmeShowsTheSheet(t *testing.T) {
	const file, from, to = "../../README.md", "<!-- fields: generated from the sheet by `make generate` -->\n", "<!-- /fields -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), from)
	table, tail, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("%s has no place for the field table: %q … %q", file, from, to)
	}
	sheet, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if table == sheet.Markdown() {
		return
	}
	if !*update {
		t.Fatal("the field table in README.md is stale: run `make generate`")
	}
	if err := os.WriteFile(file, []byte(head+from+sheet.Markdown()+to+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
