package app

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "make docs/settings.md anew")

const settingsDoc = "../../docs/settings.md"

const settingsHead = `# Settings

Made from [` + "`shared/app/config.go`" + `](../shared/app/config.go) by ` + "`make generate`" + `: change it there.

Environment variables: the app settings of the function app, or the values of ` + "`local.settings.json`" + `. An empty one counts as not set. The handler
refuses to start on a wrong one and names every mistake at once, never a value. [` + "`local.settings.sample.json`" + `](../local.settings.sample.json)
has all of them with harmless values; the [templates](azure.md) set those of an installation in Azure. Lengths of time are written ` + "`90s`, `10m` or `72h`" + `,
switches ` + "`true` and `false`, or `Yes` and `No`" + `. *Secret* ones belong in Key Vault.

| setting | by default | is |
|---|---|---|
`

func TestSettingsReferenceIsMadeFromTheCode(t *testing.T) {
	want := settingsHead + strings.Join(settingRows(t), "")
	if *update {
		if err := os.WriteFile(settingsDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(settingsDoc); string(got) != want {
		t.Errorf("%s is not what the code says: make generate", settingsDoc)
	}
	for _, name := range names(t) {
		if !strings.Contains(want, "`"+name+"`") {
			t.Errorf("the table lacks %s", name)
		}
	}
}

// settingRows has one row for each comment of Config, with the settings that stand below it.
func settingRows(t *testing.T) (rows []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	config := file.Scope.Lookup("Config").Decl.(*ast.TypeSpec).Type.(*ast.StructType)
	var names, defaults []string
	text := ""
	flush := func() {
		if names != nil {
			rows = append(rows, fmt.Sprintf("| %s | %s | %s |\n", strings.Join(names, ", "), strings.Join(defaults, ", "), text))
		}
		names, defaults = nil, nil
	}
	for _, f := range config.Fields.List {
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		if f.Doc != nil {
			flush()
			text = settingText(f.Doc.Text())
		}
		name := "`" + tag.Get("env") + "`"
		if kind, ok := f.Type.(*ast.Ident); ok && kind.Name == "Secret" {
			name += " *secret*"
		}
		names = append(names, name)
		value := "–"
		if given, ok := tag.Lookup("envDefault"); ok {
			value = "`" + given + "`"
		}
		defaults = append(defaults, value)
	}
	flush()
	return rows
}

var page = regexp.MustCompile(`https://learn\.microsoft\.com/\S+`)

// settingText makes a comment a cell: one line, the vendor's page as a link, values as code.
func settingText(doc string) string {
	text := strings.Join(strings.Fields(doc), " ")
	text = page.ReplaceAllString(text, "([Microsoft]($0))")
	text = regexp.MustCompile(`"([a-z]+)"`).ReplaceAllString(text, "`$1`")
	text = regexp.MustCompile(`docs/([a-z-]+\.md)`).ReplaceAllString(text, "[$1]($1)")
	return strings.NewReplacer("|", `\|`, "{id}", "`{id}`", "https://ORG", "`https://ORG", ".dynamics.com.", ".dynamics.com`.", "/v9.2,", "/v9.2`,").Replace(text)
}
