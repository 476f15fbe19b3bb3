package pack

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// repository makes a tiny one: the same folders, with a main.go that builds in no time.
func repository(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                       "module example\n\ngo 1.26\n",
		"infra/azure/main.go":          "package main\n\nfunc main() {}\n",
		"infra/aws/main.go":            "package main\n\nfunc main() {}\n",
		"host.json":                    "{}\n",
		"functions/a/function.json":    "{\"a\":1}\n",
		"functions/b/function.json":    "{\"b\":1}\n",
		"functions/b/handler.go":       "package b\n",
		"functions/shared/nothing.txt": "",
		"local.settings.json":          "secret",
		"local.settings.sample.json":   "{\"Values\":{}}\n",
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
	r, err := Build(t.Context(), Options{Top: repository(t), Out: t.TempDir()})
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
	first, err := Build(t.Context(), Options{Top: repository(t), Out: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for range 2 { // also over what is there already
		second, err := Build(t.Context(), Options{Top: repository(t), Out: out})
		if err != nil {
			t.Fatal(err)
		}
		if first.Sum != second.Sum || len(first.Sum) != 64 {
			t.Errorf("%s and %s", first.Sum, second.Sum)
		}
	}
}

func TestFolderThatIsNoRepositoryIsNamed(t *testing.T) {
	if _, err := Build(t.Context(), Options{Top: t.TempDir(), Out: t.TempDir()}); err == nil {
		t.Error("packed nothing without a word")
	}
}

// A world that runs from the folder must not see it change under it without need, nor half of it.
func TestFolderIsLeftAloneWhenItWouldBeTheSame(t *testing.T) {
	o := Options{Top: repository(t), Out: t.TempDir()}
	inode := func() os.FileInfo {
		r, err := Build(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := inode()
	if !os.SameFile(first, inode()) {
		t.Error("replaced by its like")
	}
	if err := os.WriteFile(filepath.Join(o.Top, "host.json"), []byte(`{"version":"2.0"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.SameFile(first, inode()) {
		t.Error("changed in place")
	}
	for _, left := range []string{"app.new", "app.old"} {
		if _, err := os.Stat(filepath.Join(o.Out, left)); err == nil {
			t.Errorf("%s is left behind", left)
		}
	}
}

func TestTwoAtOnceBuildTheSamePackage(t *testing.T) {
	o := Options{Top: repository(t), Out: t.TempDir()}
	sums := make(chan string, 4)
	var all errgroup.Group
	for range cap(sums) {
		all.Go(func() error {
			r, err := Build(t.Context(), o)
			sums <- r.Sum
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	for want := <-sums; len(sums) > 0; {
		if got := <-sums; got != want {
			t.Errorf("%s and %s", got, want)
		}
	}
}

func TestFieldSheetIsPackedUnderItsFixedName(t *testing.T) {
	o := Options{Top: repository(t), Out: t.TempDir(), Mapping: filepath.Join(t.TempDir(), "ours.yaml")}
	if _, err := Build(t.Context(), o); err == nil {
		t.Error("a sheet that is not there was packed")
	}
	if err := os.WriteFile(o.Mapping, []byte("- {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(r.Zip)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	if f, err := z.Open(Mapping); err != nil {
		t.Error(err)
	} else {
		_ = f.Close()
	}
}

// git runs in a repository of its own, whatever the machine's settings are.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestPackageCarriesTheVersionOfItsCommit(t *testing.T) {
	top := repository(t)
	if err := os.WriteFile(filepath.Join(top, "infra/azure/main.go"), []byte("package main\n\nvar version string\n\nfunc main() { print(version) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := func() string {
		r, err := Build(t.Context(), Options{Top: top, Out: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(filepath.Join(r.Dir, handler)).CombinedOutput()
		if err != nil || string(out) != r.Version {
			t.Errorf("%v: the handler says %q, the result %q", err, out, r.Version)
		}
		return string(out)
	}
	if got := shown(); got != devel {
		t.Errorf("outside git: %q", got)
	}
	git(t, top, "init", "-q")
	git(t, top, "add", ".")
	git(t, top, "commit", "-q", "-m", "first")
	if got, want := shown(), git(t, top, "rev-parse", "--short=12", "HEAD"); got != want {
		t.Errorf("without a tag: %q instead of %q", got, want)
	}
	git(t, top, "tag", "v1.2.3")
	if got := shown(); got != "v1.2.3" {
		t.Errorf("at a tag: %q", got)
	}
	if err := os.WriteFile(filepath.Join(top, "host.json"), []byte("{ }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got != "v1.2.3-dirty" {
		t.Errorf("changed since: %q", got)
	}
}

// func reads its settings from the folder. Who has written his own into the file keeps them, and nothing of it ships.
func TestSettingsLieBesideThePackageAndStay(t *testing.T) {
	o := Options{Top: repository(t), Out: t.TempDir()}
	first, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(first.Dir, Settings)
	if text, err := os.ReadFile(file); err != nil || string(text) != "{\"Values\":{}}\n" {
		t.Errorf("%q: %v", text, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("everybody may read the settings: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(first.Dir, Ignore)); err != nil || !strings.HasPrefix(string(text), Settings+"\n") {
		t.Errorf("%q: %v", text, err)
	}
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{"{}\n", "{ }\n"} { // the package stays, and is replaced
		if err := os.WriteFile(filepath.Join(o.Top, "host.json"), []byte(change), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Build(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
			t.Errorf("%q: %v", text, err)
		}
		if change == "{}\n" && again.Sum != first.Sum {
			t.Error("the settings are in the zip's sum")
		}
	}
}

func TestSettingsThatAreNewAreAdded(t *testing.T) {
	sample := []byte(`{"IsEncrypted": false, "Values": {"A": "a", "B": "<b>"}}`)
	for own, want := range map[string]string{
		`{"Values": {"A": "mine"}, "Host": {"CORS": "*"}}`: "{\n  \"Host\": {\n    \"CORS\": \"*\"\n  },\n  \"Values\": {\n    \"A\": \"mine\",\n    \"B\": \"<b>\"\n  }\n}\n",
		`{"Values": {"B": "mine", "A": "", "C": "more"}}`:  `{"Values": {"B": "mine", "A": "", "C": "more"}}`,
		`not JSON`:           `not JSON`,
		`{"Values": "none"}`: `{"Values": "none"}`,
	} {
		if got := string(completed([]byte(own), sample)); got != want {
			t.Errorf("%s became %s", own, got)
		}
	}
}
