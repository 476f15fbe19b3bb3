package pack

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// repository makes a tiny one: the same folders, with a main.go that builds in no time.
func repository(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                       "module example\n\ngo 1.26\n",
		"infra/azure/main.go":          "package main\n\nfunc main() {}\n",
		"host.json":                    "{}\n",
		"functions/a/function.json":    "{\"a\":1}\n",
		"functions/b/function.json":    "{\"b\":1}\n",
		"functions/b/handler.go":       "package b\n",
		"functions/shared/nothing.txt": "",
		"local.settings.json":          "secret",
	} {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func TestPackageHoldsWhatTheHostNeedsAndNothingElse(t *testing.T) {
	r, err := Build(t.Context(), repository(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(r.Zip)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if want := os.FileMode(0o644); f.Name != handler && f.Mode() != want || f.Name == handler && f.Mode() != 0o755 {
			t.Errorf("%s has mode %s", f.Name, f.Mode())
		}
		if info, err := os.Stat(filepath.Join(r.Dir, f.Name)); err != nil || info.Size() != int64(f.UncompressedSize64) {
			t.Errorf("folder and zip differ in %s: %v", f.Name, err)
		}
	}
	if want := []string{"a/function.json", "b/function.json", "handler", "host.json"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if info, err := os.Stat(filepath.Join(r.Dir, handler)); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("the handler cannot be run: %v", err)
	}
}

func TestPackageIsTheSameFromAnotherFolder(t *testing.T) {
	first, err := Build(t.Context(), repository(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for range 2 { // also over what is there already
		second, err := Build(t.Context(), repository(t), out)
		if err != nil {
			t.Fatal(err)
		}
		if first.Sum != second.Sum || len(first.Sum) != 64 {
			t.Errorf("%s and %s", first.Sum, second.Sum)
		}
	}
}

func TestFolderThatIsNoRepositoryIsNamed(t *testing.T) {
	if _, err := Build(t.Context(), t.TempDir(), t.TempDir()); err == nil {
		t.Error("packed nothing without a word")
	}
}
