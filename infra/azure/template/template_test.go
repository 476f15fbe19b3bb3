package template

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/azure/bicep"
	"github.com/cosell-sync/cosell-sync/infra/local/npm"
)

// Where things are, from this folder.
const (
	azure = ".."
	tools = "../bicep"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if err := npm.Install(context.Background(), tools, "the parser of Bicep", os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// files are all templates, modules and files of parameters.
func files(t *testing.T) (out []string) {
	t.Helper()
	for _, pattern := range []string{"*.bicep", "*.bicepparam", "modules/*.bicep"} {
		found, err := filepath.Glob(filepath.Join(azure, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s in %s: %v", pattern, azure, err)
		}
		out = append(out, found...)
	}
	return out
}

func open(t *testing.T) *bicep.Project {
	t.Helper()
	p, err := bicep.Open(t.Context(), tools, files(t)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBicepIsFine(t *testing.T) {
	types, err := bicep.LoadTypes(filepath.Join(tools, "azure-types.json"), filepath.Join(tools, "more-types.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range open(t).Check(types) {
		t.Error(f)
	}
}
