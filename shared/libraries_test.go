package shared_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every library that go.mod asks for has its reason among the decisions, by the last words of its path.
func TestHouseHasAReasonForEveryLibrary(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("..", "docs", "decisions", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var reasons strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		reasons.Write(text)
	}
	seen := 0
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) { // those with // indirect are others' choice
		seen++
		words := strings.Split(regexp.MustCompile(`/v[0-9]+$`).ReplaceAllString(m[1], ""), "/")
		name := words[len(words)-1]
		if words[0] == "golang.org" {
			name = "x/" + name
		}
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(reasons.String()) {
			t.Errorf("go.mod asks for %s, and no decision says why", m[1])
		}
	}
	if seen < 10 {
		t.Errorf("found only %d libraries", seen)
	}
}
