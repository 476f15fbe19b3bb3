package mutants

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	product = "package sum\n\nfunc Sum(a, b int) int {\n\treturn a + b\n}\n"
	rule    = "package sum\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif Sum(2, 3) != 5 {\n\t\tt.Error(\"wrong\")\n\t}\n}\n\n" +
		"func TestZero(t *testing.T) {\n\tif Sum(0, 0) != 0 {\n\t\tt.Error(\"wrong\")\n\t}\n}\n\nfunc TestRed(t *testing.T) { t.Error(\"always\") }\n"
)

// patch is a mutant of the small product.
func patch(test, instead string) string {
	return "test: ./sum " + test + "\n--- a/sum/sum.go\n+++ b/sum/sum.go\n@@ -1,5 +1,5 @@\n package sum\n \n func Sum(a, b int) int {\n-\treturn a + b\n+\treturn " + instead + "\n }\n"
}

// repository is a small product with its tests, and patches.
func repository(t *testing.T, patches map[string]string) Options {
	t.Helper()
	top := t.TempDir()
	files := map[string]string{"go.mod": "module example\n\ngo 1.26\n", "sum/sum.go": product, "sum/sum_test.go": rule, ".build/left/out.go": "nonsense"}
	for name, text := range patches {
		files["patches/"+name+".patch"] = text
	}
	for name, text := range files {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Options{Top: top, Patches: filepath.Join(top, "patches"), Work: filepath.Join(top, ".build", "mutants")}
}

func TestMutantIsCaughtOnlyByATestThatItBreaks(t *testing.T) {
	o := repository(t, map[string]string{
		"M1":          patch("TestSum", "a - b"),
		"M2":          patch("TestZero", "a - b"), // 0 - 0 is 0
		"M3":          strings.Replace(patch("TestSum", "a"), "-\treturn a + b", "-\treturn a * b", 1),
		"M4":          patch("TestSum", "nonsense"),
		"M5":          patch("TestRed", "a - b"),
		"M6":          patch("TestNone", "a - b"),
		"M7-adds-one": patch("TestSum|TestZero", "a + b + 1"),
		"M8-a":        patch("TestSum", "a - b"),
		"M8-b":        patch("TestZero", "a + b + 1"),
		"M9-a":        patch("TestSum", "a - b"),
		"M9-b":        patch("TestZero", "a - b"),
		"M10":         patch("TestSum", "b - a"),
	})
	var said strings.Builder
	report, err := Run(t.Context(), o, &said)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Result{
		"M1": {Caught: true, By: "TestSum"}, "M10": {Caught: true, By: "TestSum"}, "M7": {Caught: true, By: "TestSum"},
		"M8": {Caught: true, By: "TestSum, TestZero"}, "M9": {By: "TestSum", Why: "TestZero passes all the same"},
		"M2": {Why: "TestZero passes all the same"}, "M3": {Why: "the patch no longer applies"}, "M4": {Why: "it does not build"},
		"M5": {Why: "TestRed fails without the mutant"}, "M6": {Why: "./sum has no test TestNone"},
	} {
		got := report[name]
		if by := strings.Split(got.By, ", "); got.Caught != want.Caught || len(got.By) != len(want.By) || !strings.Contains(want.By, by[0]) || !strings.HasPrefix(got.Why, want.Why) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if !strings.Contains(said.String(), name) {
			t.Errorf("nothing is said of %s:\n%s", name, said.String())
		}
	}
	if len(report) != 10 || report.Caught() != 4 {
		t.Errorf("%d of %d caught", report.Caught(), len(report))
	}
	if text, err := os.ReadFile(filepath.Join(o.Top, "sum/sum.go")); err != nil || string(text) != product {
		t.Error("the tree itself was changed")
	}
	file := filepath.Join(t.TempDir(), "reports", "mutants.json")
	if err := report.Write(file); err != nil {
		t.Fatal(err)
	}
	var written map[string]struct {
		Caught bool
		By     string
	}
	if text, err := os.ReadFile(file); err != nil || json.Unmarshal(text, &written) != nil || written["M1"].By != "TestSum" || !written["M1"].Caught {
		t.Errorf("%s, %v", text, err)
	}
}

func TestWrongPatchesAreNamedBeforeAnythingIsTried(t *testing.T) {
	o := repository(t, map[string]string{"M1": "--- a/sum/sum.go\n", "M2": "test: TestSum\n"})
	_, err := Run(t.Context(), o, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "M1.patch") || !strings.Contains(err.Error(), "M2.patch") {
		t.Errorf("%v", err)
	}
	o = repository(t, map[string]string{"M1": patch("TestSum", "a")})
	o.Only = "M9"
	if _, err := Run(t.Context(), o, io.Discard); err == nil || !strings.Contains(err.Error(), "M9") {
		t.Errorf("%v", err)
	}
}

// Every committed mutant must name a test that exists and apply; `make mutants` tries them all.
func TestCommittedMutantsAgreeWithTheCode(t *testing.T) {
	const top = "../../.."
	all, err := read(Options{Patches: top + "/.ci/mutants"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if len(m.touches) == 0 {
			t.Errorf("%s changes nothing", m.name)
		}
		text, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, lost := range lostHunks(t, top, string(text)) {
			t.Errorf("%s no longer applies: %s has moved on where the patch wants to break it. Break the rule there by hand and make the patch anew (docs/recipes.md, Change a rule of decision)", m.name, lost)
		}
		for test := range strings.SplitSeq(m.test, "|") {
			if !hasTest(t, filepath.Join(top, m.pkg), test) {
				t.Errorf("%s names %s, which %s does not have", m.name, test, m.pkg)
			}
		}
	}
}

// lostHunks names the files that do not hold what a hunk of the patch replaces.
func lostHunks(t *testing.T, top, patch string) (out []string) {
	t.Helper()
	var file, text string
	var old []string
	check := func() {
		if len(old) > 0 && !strings.Contains(text, strings.Join(old, "")) {
			out = append(out, file)
		}
		old = nil
	}
	for line := range strings.Lines(patch) {
		if name, ok := strings.CutPrefix(line, "--- a/"); ok {
			check()
			file = strings.TrimSpace(name)
			raw, err := os.ReadFile(filepath.Join(top, file))
			if err != nil {
				t.Error(err)
			}
			text = string(raw)
			continue
		}
		switch {
		case strings.HasPrefix(line, "diff ") || strings.HasPrefix(line, "@@ "):
			check()
		case file != "" && (line[0] == ' ' || line[0] == '-'):
			old = append(old, line[1:])
		}
	}
	check()
	return out
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
