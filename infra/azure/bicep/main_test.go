package bicep

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/npm"
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if err := npm.Install(context.Background(), ".", "the parser of Bicep", os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func loadTypes(t *testing.T) Types {
	t.Helper()
	types, err := LoadTypes("azure-types.json", "more-types.json")
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// project writes files into a folder of their own and opens them.
func project(t *testing.T, files map[string]string) (p *Project, dir string) {
	t.Helper()
	dir = t.TempDir()
	var paths []string
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(name, ".bicep") {
			paths = append(paths, path)
		}
	}
	p, err := Open(t.Context(), ".", paths...)
	if err != nil {
		t.Fatal(err)
	}
	return p, dir
}
