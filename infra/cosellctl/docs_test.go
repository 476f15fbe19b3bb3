package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// callInADocument is a call of the command in a document: inside `…`, or on a line of code.
var callInADocument = regexp.MustCompile("(?m)(?:`|^(?:    |\\$ )?(?:\\.build/)?)cosellctl ([^`\n]+)")

// A reader types what a document says.
func TestDocumentsShowCommandsThatThereAre(t *testing.T) {
	var grammar commands
	parser, err := kong.New(&grammar, kong.Name("cosellctl"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range callInADocument.FindAllStringSubmatch(string(text), -1) {
			seen++
			if wrong := misuse(parser.Model.Node, strings.Fields(m[1])); wrong != "" {
				t.Errorf("%s: cosellctl %s: %s", file, m[1], wrong)
			}
		}
	}
	if seen < 40 {
		t.Errorf("found only %d calls: the expression does not see them", seen)
	}
	for _, line := range []string{"nothing", "held nothing", "mapping check FILE --nothing", "adopt --plan --since 2026-01-01 --nothing=x"} {
		if misuse(parser.Model.Node, strings.Fields(line)) == "" {
			t.Errorf("cosellctl %s passes", line)
		}
	}
}

func documents(t *testing.T) []string {
	t.Helper()
	out := []string{"../../README.md"}
	err := filepath.WalkDir("../../docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" && !strings.Contains(path, "decisions") {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// misuse says which verb or flag of a line there is not. What stands for a value is not judged.
func misuse(node *kong.Node, words []string) string {
	flags := map[string]bool{"help": true} // true: without a value
	know := func(n *kong.Node) {
		for _, f := range n.Flags {
			flags[f.Name] = f.IsBool() || f.Name == "local"
		}
	}
	know(node)
	value := false
	for _, word := range words {
		word = strings.Trim(word, "[](),;:'\"")
		if name, ok := strings.CutPrefix(word, "--"); ok {
			name, _, given := strings.Cut(name, "=")
			alone, there := flags[name]
			if !there {
				return "there is no --" + name
			}
			value = !given && !alone
			continue
		}
		if value || len(node.Children) == 0 {
			value = false
			continue
		}
		var next *kong.Node
		for _, verb := range strings.Split(word, `\|`) { // a table writes a|b so
			i := slices.IndexFunc(node.Children, func(c *kong.Node) bool { return c.Name == verb })
			if i < 0 {
				return "there is no verb " + verb
			}
			next = node.Children[i]
		}
		node = next
		know(node)
	}
	return ""
}
