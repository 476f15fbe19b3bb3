package shared_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// What is compiled when a package is initialised delays every start of the handler, whether it is asked or not. The
// heart has the standard library only, and two short ones.
func TestHousePatternsAreCompiledWhenTheyAreAsked(t *testing.T) {
	seen := 0
	for _, form := range []string{"*/*.go", "../functions/*.go", "../functions/*/*.go", "../infra/azure/*.go"} {
		files, err := filepath.Glob(form)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "cosell/") {
				continue
			}
			seen++
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range compiledAtStart(parsed) {
				t.Errorf("%s: %s is compiled whenever the handler starts: say pattern.New", file, name)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// compiledAtStart names the variables of a package whose values call package regexp.
func compiledAtStart(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		g, is := d.(*ast.GenDecl)
		if !is || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for _, value := range v.Values {
				ast.Inspect(value, func(n ast.Node) bool {
					if _, inside := n.(*ast.FuncLit); inside {
						return false
					}
					if call, is := n.(*ast.CallExpr); is {
						if f, is := call.Fun.(*ast.SelectorExpr); is {
							if from, is := f.X.(*ast.Ident); is && from.Name == "regexp" {
								names = append(names, v.Names[0].Name)
							}
						}
					}
					return true
				})
			}
		}
	}
	return names
}

func TestWhatIsCompiledAtStartIsSeen(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x

var a, b = regexp.MustCompile("a"), 1
var (
	c = []*regexp.Regexp{regexp.MustCompile("c")}
	d = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("d") })
	e = pattern.New("e")
)

func f() { g := regexp.MustCompile("g"); _ = g }
`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(compiledAtStart(file), " "); got != "a c" {
		t.Errorf("%q", got)
	}
}
