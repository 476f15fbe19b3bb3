package pack

import (
	"archive/zip"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The largest that may ship, in bytes: what Lambda takes is ten times that, but each new process fetches it.
const (
	mostBinary = 25_000_000
	mostZip    = 15_000_000
)

// builtForLambda makes a package of a repository, and holds it to everything that Lambda, and we, want of one.
func builtForLambda(t *testing.T, top, architecture string) Result {
	t.Helper()
	r, err := Lambda(t.Context(), Options{Top: top, Out: t.TempDir()}, architecture)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(r.Zip)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if f.Name != "bootstrap" || f.Mode() != 0o755 || !f.Modified.UTC().Equal(stamp) || len(z.File) != 1 {
			t.Errorf("%s %s of %s", f.Name, f.Mode(), f.Modified)
		}
	}
	file, err := elf.Open(filepath.Join(r.Dir, bootstrap))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want := map[string]elf.Machine{"x86_64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[architecture]
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 || file.Machine != want || file.Class != elf.ELFCLASS64 {
		t.Errorf("%s: for %s, needs %v %v: provided.al2023 has its own", architecture, file.Machine, libraries, err)
	}
	for file, most := range map[string]int64{filepath.Join(r.Dir, bootstrap): mostBinary, r.Zip: mostZip} {
		if info, err := os.Stat(file); err != nil || info.Size() >= most {
			t.Errorf("%s: %s has %d bytes, %d are too many: %v", architecture, filepath.Base(file), info.Size(), most, err)
		}
	}
	return r
}

// What ships itself: no other program would say how large it is, and whether it can be built for a processor that none
// of the machines has on which it is developed.
func TestPackageForLambdaIsOneSmallStaticExecutableForItsProcessor(t *testing.T) {
	for _, architecture := range Architectures() {
		builtForLambda(t, filepath.Join("..", "..", ".."), architecture)
	}
}

func TestPackageForLambdaIsAlikeFromEverywhere(t *testing.T) {
	first, second := builtForLambda(t, repository(t), ThisArchitecture), builtForLambda(t, repository(t), ThisArchitecture)
	if first.Sum != second.Sum || len(first.Sum) != 64 {
		t.Errorf("%s and %s", first.Sum, second.Sum)
	}
}

func TestArchitectureIsOneThatLambdaHas(t *testing.T) {
	out := t.TempDir()
	if _, err := Lambda(t.Context(), Options{Top: repository(t), Out: out}, "amd64"); err == nil || !strings.Contains(err.Error(), "x86_64 or arm64") {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(out); len(left) != 0 {
		t.Errorf("%v was left behind", left)
	}
	for _, architecture := range Architectures() {
		if architectures[architecture] == "" {
			t.Errorf("Go knows no %s", architecture)
		}
	}
}
