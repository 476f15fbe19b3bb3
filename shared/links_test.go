package shared_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link is what a Markdown link or image leads to, without its title.
var link = regexp.MustCompile(`\]\(<?([^)\s>]+)`)

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	seen := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			to, _, _ := strings.Cut(found[1], "#")
			if to == "" || strings.Contains(to, ":") { // a place in the same document, or another machine
				continue
			}
			seen++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), filepath.FromSlash(to))); err != nil {
				t.Errorf("%s links to %s, which is not there", file, found[1])
			}
		}
	}
	if seen < 20 {
		t.Errorf("found only %d links: the expression does not see them", seen)
	}
}

// documents are the README and everything below docs.
func documents(t *testing.T) []string {
	t.Helper()
	out := []string{filepath.Join("..", "README.md")}
	err := filepath.WalkDir(filepath.Join("..", "docs"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The page of divergences names switches that there are, and no switch of the simulators is without its question.
func TestDivergencesNameEverySwitch(t *testing.T) {
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, open, _ := strings.Cut(read("../docs/divergences.md"), "## Where each open question is played")
	word := regexp.MustCompile("`([a-z][A-Za-z]+)`")
	listed, named := map[string]bool{}, map[string]bool{}
	for _, system := range []string{"### Dataverse, switches", "### Partner Center, switches"} {
		_, part, _ := strings.Cut(read("../docs/control-interface.md"), system)
		part, _, _ = strings.Cut(part, "\n##")
		for _, m := range regexp.MustCompile("(?m)^\\| `([a-z][A-Za-z]+)` \\|").FindAllStringSubmatch(part, -1) {
			listed[m[1]] = true
		}
	}
	for line := range strings.Lines(open) {
		if cells := strings.Split(line, "|"); len(cells) == 4 {
			said, _, _ := strings.Cut(cells[2], "none:")
			for _, m := range word.FindAllStringSubmatch(said, -1) {
				named[m[1]] = true
			}
		}
	}
	delete(named, "msftOther") // an organisation
	for name := range named {
		if !listed[name] {
			t.Errorf("there is no switch %s", name)
		}
	}
	for name := range listed {
		if !named[name] {
			t.Errorf("the switch %s answers no question of docs/divergences.md", name)
		}
	}
	if len(listed) < 100 {
		t.Errorf("only %d switches are listed", len(listed))
	}
}
