package shared_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Nobody holds a lock over a call to a system, a table, a queue or the vault: whoever waits for the lock could not be ended by
// his context meanwhile, and one system that hangs would hold up what has nothing to do with it. One may enter by the token
// of a channel. Such calls take a context.
func TestHouseNobodyHoldsALockOverACall(t *testing.T) {
	for _, room := range []string{".", "../functions"} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			for _, at := range callsUnderLock(file) {
				t.Errorf("%s: a call under a lock", files.Position(at))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestCallsUnderALockAreFound(t *testing.T) {
	for body, want := range map[string]int{
		`s.mu.Lock(); defer s.mu.Unlock(); s.call(ctx)`:                       1,
		`s.mu.Lock(); s.call(ctx, 1); s.mu.Unlock()`:                          1,
		`s.mu.RLock(); defer s.mu.RUnlock(); if x { return s.call(ctx) }`:     1,
		`s.mu.Lock(); s.n++; s.mu.Unlock(); s.call(ctx)`:                      0,
		`s.mu.Lock(); defer s.mu.Unlock(); f = func() { s.call(ctx) }`:        0,
		`s.mu.Lock(); if x { s.mu.Unlock(); return }; s.mu.Unlock(); f(ctx)`:  0,
		`s.call(ctx); s.mu.Lock(); defer s.mu.Unlock(); log.InfoContext(ctx)`: 0,
		`f = func() { s.mu.Lock(); defer s.mu.Unlock(); s.call(ctx) }`:        1,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() {"+body+"}", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := callsUnderLock(file); len(got) != want {
			t.Errorf("%s: %d calls, want %d", body, len(got), want)
		}
	}
}

// callsUnderLock are the calls with a context between a Lock and its Unlock, in the order of the text.
func callsUnderLock(file *ast.File) (out []token.Pos) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				out = append(out, callsIn(n.Body)...)
			}
		case *ast.FuncLit:
			out = append(out, callsIn(n.Body)...)
		}
		return true
	})
	return out
}

// callsIn looks at one function, without those that it makes.
func callsIn(body *ast.BlockStmt) (out []token.Pos) {
	held := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.DeferStmt:
			return false
		case *ast.CallExpr:
			name := ""
			if s, is := n.Fun.(*ast.SelectorExpr); is {
				name = s.Sel.Name
			}
			switch {
			case name == "Lock" || name == "RLock":
				held = true
			case name == "Unlock" || name == "RUnlock":
				held = false
			case held && !strings.HasSuffix(name, "Context") && slices.ContainsFunc(n.Args, isContext) && !strings.HasPrefix(name, "With"):
				out = append(out, n.Pos())
			}
		}
		return true
	})
	return out
}

func isContext(e ast.Expr) bool {
	name, is := e.(*ast.Ident)
	return is && name.Name == "ctx"
}
