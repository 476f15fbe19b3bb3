package shared_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A translation has the headings, the rows, the examples and the names of its original: what was added or changed in one
// alone shows here.
func TestTranslationsKeepUpWithTheirOriginals(t *testing.T) {
	pages, err := filepath.Glob("../docs/fr/*.md")
	if err != nil || len(pages) < 3 {
		t.Fatalf("%v %v", pages, err)
	}
	for _, page := range pages {
		translated := read(t, page)
		original := regexp.MustCompile(`\]\(\.\./([a-z-]+\.md)\), qui fait foi`).FindStringSubmatch(translated)
		if original == nil {
			t.Errorf("%s does not say what it translates", page)
			continue
		}
		want, got := outline(read(t, "../docs/"+original[1])), outline(translated)
		for i := range max(len(want), len(got)) {
			if i >= len(want) || i >= len(got) || want[i] != got[i] {
				t.Errorf("%s: part %d is %q, in %s %q", page, i+1, at(got, i), original[1], at(want, i))
				break
			}
		}
	}
}

func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "nothing"
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var codeWord = regexp.MustCompile("`[^`]+`")

// outline is what no translation changes: headings by their level, lines of code, of tables the number of cells and the
// code words of each row, of paragraphs those in any order.
func outline(text string) (parts []string) {
	code := false
	var words []string
	flush := func() {
		slices.Sort(words)
		if words = slices.Compact(words); len(words) > 0 {
			parts = append(parts, strings.Join(words, " "))
		}
		words = nil
	}
	for _, line := range strings.Split(text, "\n") {
		fence := strings.HasPrefix(line, "```")
		switch {
		case code || fence || strings.HasPrefix(line, "    "):
			flush()
			parts = append(parts, strings.TrimRight(line, " "))
		case strings.HasPrefix(line, "#"):
			flush()
			parts = append(parts, strings.Repeat("#", strings.IndexByte(line, ' ')))
		case strings.HasPrefix(line, "|"):
			flush()
			cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
			words = append(codeWord.FindAllString(line, -1), strings.Repeat("|", cells))
			flush()
		default:
			words = append(words, codeWord.FindAllString(line, -1)...)
		}
		code = code != fence
	}
	flush()
	return parts
}
