package pack

import (
	"archive/zip"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackageForLambdaIsOneStaticExecutableAlikeFromEverywhere(t *testing.T) {
	sums := map[string]string{}
	for _, architecture := range []string{ThisArchitecture, ThisArchitecture} {
		r, err := Lambda(t.Context(), Options{Top: repository(t), Out: t.TempDir()}, architecture)
		if err != nil {
			t.Fatal(err)
		}
		if before := sums[architecture]; before != "" && before != r.Sum || len(r.Sum) != 64 {
			t.Errorf("%s: %s and %s", architecture, before, r.Sum)
		}
		sums[architecture] = r.Sum
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
		if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 || file.Machine != want {
			t.Errorf("%s: for %s, needs %v %v: provided.al2023 has its own", architecture, file.Machine, libraries, err)
		}
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
}
