package upgrade

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// A later version can be made of the sources as they are: each place where it adds its member is there once.
func TestALaterVersionCanBeMade(t *testing.T) {
	for _, e := range edits {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", e.file))
		if err != nil {
			t.Fatal(err)
		}
		changed, err := e.apply(string(text))
		if err != nil || !strings.Contains(changed, addedMember) {
			t.Errorf("%s: %v", e.file, err)
		}
		before := strangers(t, string(text))
		for name := range strangers(t, changed) {
			if !before[name] {
				t.Errorf("%s: the later version uses %s, which the file does not import", e.file, name)
			}
		}
		if _, err := e.apply("package ledger"); err == nil || !strings.Contains(err.Error(), e.file) {
			t.Errorf("a place that is gone: %v", err)
		}
	}
}

// strangers are the names before a point that a file neither declares nor imports: those of other files of its package, or
// mistakes.
func strangers(t *testing.T, text string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]bool{}
	for _, i := range file.Imports {
		imported[path.Base(strings.Trim(i.Path.Value, `"`))] = true
	}
	free := map[string]bool{}
	for _, name := range file.Unresolved {
		free[name.Name] = !imported[name.Name]
	}
	out := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, is := n.(*ast.SelectorExpr); is {
			if x, is := s.X.(*ast.Ident); is && free[x.Name] {
				out[x.Name] = true
			}
		}
		return true
	})
	return out
}
