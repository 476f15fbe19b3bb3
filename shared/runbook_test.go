package shared_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Whoever is woken by an alarm, or reads a problem in health, finds a line about it: what it means, and what to do.
func TestOperationsHaveARunbookForEveryAlarmAndProblem(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^|]*)` \\|").FindAllStringSubmatch(string(text), -1) {
		for _, word := range strings.Split(row[1], "`, `") {
			name, _, _ := strings.Cut(word, " ")
			has[name] = false
		}
	}
	alerts := regexp.MustCompile(`(?m)^    name: '([a-z-]+)'|'\$\{name\}-(dead-letters)'`)
	bicep, err := os.ReadFile("../infra/azure/modules/alerts.bicep")
	if err != nil {
		t.Fatal(err)
	}
	var wanted []string
	for _, m := range alerts.FindAllStringSubmatch(string(bicep), -1) {
		wanted = append(wanted, m[1]+m[2])
	}
	if len(wanted) < 6 {
		t.Errorf("only the alerts %v are seen", wanted)
	}
	words, constants := problemWords(t)
	if len(words) < 40 {
		t.Errorf("only %d words of problems are seen: %v", len(words), words)
	}
	for _, word := range append(wanted, words...) {
		if _, there := has[word]; !there {
			t.Errorf("docs/operations.md has no line for %s", word)
		}
		has[word] = true
	}
	for word, met := range has {
		if !met && !slices.Contains(constants, word) { // what health makes of kinds of failure stands in constants
			t.Errorf("docs/operations.md speaks of %s, which is neither an alert nor a problem of health", word)
		}
	}
}

// problemWords are the machine words that health can show: those of problems written out in the code, and the codes of
// failures that are about us (denied, ours) or that wait (broken, later). Beside them all texts that are constants.
func problemWords(t *testing.T) (words, constants []string) {
	t.Helper()
	s := scan{consts: map[string]string{}, words: map[string]bool{}}
	var files []*ast.File
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "infra" || d.Name() == "requirements"):
			return fs.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		files = append(files, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		ast.Inspect(file, s.constants)
	}
	for _, file := range files {
		ast.Inspect(file, s.node)
	}
	return slices.Sorted(maps.Keys(s.words)), slices.Collect(maps.Values(s.consts))
}

var machineWord = regexp.MustCompile(`^[a-z]+(\.[a-z]+)*$`)

type scan struct {
	consts map[string]string // of all packages: their names are told apart by their words
	words  map[string]bool
}

func (s *scan) constants(n ast.Node) bool {
	spec, ok := n.(*ast.ValueSpec)
	for i := 0; ok && i < len(spec.Values) && i < len(spec.Names); i++ {
		if lit, is := spec.Values[i].(*ast.BasicLit); is && lit.Kind == token.STRING {
			s.consts[spec.Names[i].Name], _ = strconv.Unquote(lit.Value)
		}
	}
	return true
}

func (s *scan) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CompositeLit:
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok && name(kv.Key) == "What" {
				s.add(kv.Value)
			}
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if sel, ok := left.(*ast.SelectorExpr); ok && sel.Sel.Name == "What" && i < len(n.Rhs) {
				s.add(n.Rhs[i])
			}
		}
	case *ast.CallExpr:
		if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "With" && len(n.Args) == 2 && aboutUs(sel.X) {
			s.add(n.Args[0])
		}
	}
	return true
}

// add takes the first word of a text, a constant, or a sum of texts.
func (s *scan) add(e ast.Expr) {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		s.add(e.X)
		return
	case *ast.CallExpr: // fmt.Sprintf, cmp.Or: whichever of them is a text
		for _, arg := range e.Args {
			s.add(arg)
		}
		return
	}
	text := ""
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ = strconv.Unquote(e.Value)
	case *ast.Ident:
		text = s.consts[e.Name]
	case *ast.SelectorExpr:
		text = s.consts[e.Sel.Name]
	}
	if word, _, _ := strings.Cut(text, " "); machineWord.MatchString(word) {
		s.words[word] = true
	}
}

// aboutUs says whether a chain of calls makes a failure that shows in health.
func aboutUs(e ast.Expr) (us bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			us = us || sel.Sel.Name == "ours" || name(sel.X) == "fault" && slices.Contains([]string{"Denied", "Broken", "Later", "Ours", "Wait"}, sel.Sel.Name)
		}
		return true
	})
	return us
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
