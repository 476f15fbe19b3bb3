package template

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func page(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(azure, "..", "..", "docs", "azure.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The page's table of rights is what production deploys.
func TestThePageHasTheRightsOfTheTemplate(t *testing.T) {
	all, err := deploy(open(t), azure)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(d deployed) bool { return d.name == "production, first time" })
	_, rest, _ := strings.Cut(page(t), "<!-- rights:")
	table, _, found := strings.Cut(rest, "<!-- /rights -->")
	var told []string
	for _, row := range regexp.MustCompile(`(?m)^\| (intake|sync) \| (.*) \| (.*) \|$`).FindAllStringSubmatch(table, -1) {
		for _, on := range strings.Split(row[3], ", ") {
			told = append(told, row[1]+": "+row[2]+" on "+on)
		}
	}
	slices.Sort(told)
	if want := all[i].rights(); !found || !slices.Equal(told, want) {
		t.Errorf("docs/azure.md tells of\n%s\nand production has\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

// Every parameter and every alert is told of.
func TestThePageTellsOfParametersAndAlerts(t *testing.T) {
	text := page(t)
	told := func(file, pattern string, least int) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(azure, file))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1)
		if len(found) < least {
			t.Errorf("found only %d in %s", len(found), file)
		}
		for _, m := range found {
			if !strings.Contains(text, "`"+m[1]+"`") {
				t.Errorf("docs/azure.md does not tell of %s of %s", m[1], file)
			}
		}
	}
	told("main.bicep", `(?m)^param (\w+) `, 20)
	told("modules/alerts.bicep", `(?m)^    name: '([a-z-]+)'$`, 5)
	told("modules/alerts.bicep", `'\$\{name\}-(dead-letters)'`, 1)
}
