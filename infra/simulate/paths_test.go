package simulate

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pathPackages are those whose functions are the ways on which the product does its work and gets over trouble. A program that
// was built with the coverage of these (make simulate does so for a run that has to leave nothing out) knows which of them a run
// went.
func pathPackages() []string { return []string{"shared/flow", "shared/cosell", "shared/post"} }

// span is a function in its file, from line to line.
type span struct {
	name       string
	from, upTo int
}

// functionsIn are the functions of a file that do something.
func functionsIn(file string) (out []span, err error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || len(f.Body.List) == 0 {
			continue
		}
		out = append(out, span{f.Name.Name, set.Position(f.Pos()).Line, set.Position(f.End()).Line})
	}
	return out, nil
}

// paths are all functions of the path packages, as "path flow/create.go oldestFirst".
func paths() (out []string, err error) {
	for _, folder := range pathPackages() {
		files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			all, err := functionsIn(file)
			if err != nil {
				return nil, err
			}
			for _, f := range all {
				out = append(out, pathName(path.Join(folder, filepath.Base(file)), f.name))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func pathName(file, function string) string {
	return "path " + strings.TrimPrefix(file, "shared/") + " " + function
}

// wentThrough are the functions that a profile of coverage (lines "file:from.column,to.column statements count") shows somebody in.
func wentThrough(profile io.Reader) (map[string]int, error) {
	out, known := map[string]int{}, map[string][]span{}
	lines := bufio.NewScanner(profile)
	for lines.Scan() {
		place, count, _ := strings.Cut(lines.Text(), " ")
		file, at, ok := strings.Cut(place, ":")
		_, count, _ = strings.Cut(count, " ")
		if !ok || count == "0" || strings.HasPrefix(place, "mode:") {
			continue
		}
		i := strings.Index(file, "shared/")
		if i < 0 {
			continue
		}
		file = file[i:]
		if known[file] == nil {
			all, err := functionsIn(filepath.Join("..", "..", file))
			if err != nil {
				return nil, err
			}
			known[file] = all
		}
		from, _, _ := strings.Cut(at, ".")
		line, err := strconv.Atoi(from)
		if err != nil {
			return nil, fmt.Errorf("the profile says %q: %w", lines.Text(), err)
		}
		for _, f := range known[file] {
			if f.from <= line && line <= f.upTo {
				out[pathName(file, f.name)]++
			}
		}
	}
	return out, lines.Err()
}

// covered has a worker write its profile, and gives what reads it: nothing where the program was not built for that.
func covered(t *testing.T, i int) (args []string, read func() map[string]int) {
	if testing.CoverMode() == "" {
		return nil, func() map[string]int { return nil }
	}
	file := filepath.Join(t.TempDir(), fmt.Sprint("part", i))
	return []string{"-test.coverprofile=" + file}, func() map[string]int {
		f, err := os.Open(file)
		if err != nil {
			t.Error(err)
			return nil
		}
		defer func() { _ = f.Close() }()
		went, err := wentThrough(f)
		if err != nil {
			t.Error(err)
		}
		return went
	}
}

// TestAProfileNamesTheFunctionsThatSomebodyWentThrough reads lines as the compiler's instrumentation writes them.
func TestAProfileNamesTheFunctionsThatSomebodyWentThrough(t *testing.T) {
	all, err := functionsIn(filepath.Join("..", "..", "shared/post/ahead.go"))
	if err != nil || len(all) < 3 {
		t.Fatalf("%v %v", all, err)
	}
	first, second := all[0], all[1]
	profile := fmt.Sprintf("mode: set\nexample.com/x/shared/post/ahead.go:%d.2,%d.3 1 1\nexample.com/x/shared/post/ahead.go:%d.2,%d.3 2 0\nexample.com/x/other.go:1.1,2.2 1 1\n",
		first.from, first.from, second.from, second.from)
	went, err := wentThrough(strings.NewReader(profile))
	if err != nil || len(went) != 1 || went["path post/ahead.go "+first.name] != 1 {
		t.Errorf("%v %v", went, err)
	}
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil || !strings.Contains(string(makefile), "-coverpkg=./"+strings.Join(pathPackages(), "$(COMMA)./")+" ") {
		t.Errorf("make simulate is not built with the coverage of %s: %v", pathPackages(), err)
	}
	list, err := paths()
	if err != nil || len(list) < 500 || !slices.Contains(list, "path post/ahead.go covers") || !slices.Contains(list, "path flow/from_opportunity.go FromOpportunity") {
		t.Errorf("%d paths: %v", len(list), err)
	}
}
