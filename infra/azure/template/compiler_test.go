package template

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The compiler itself is not on every machine: here it is a program that says what it says.
func TestAWarningOfTheCompilerFails(t *testing.T) {
	for name, c := range map[string]struct {
		says string // to standard error
		exit string
		fine bool
	}{
		"nothing to say":  {"", "0", true},
		"a warning":       {"main.bicep(3,7) : Warning no-unused-params: Parameter \"x\" is declared but never used.", "0", false},
		"an error":        {"main.bicep(3,7) : Error BCP018: Expected the \"}\" character.", "1", false},
		"a silent defeat": {"", "1", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := "#!/bin/sh\necho '{}'\n[ -z '" + c.says + "' ] || echo '" + c.says + "' >&2\necho \"$@\" >> " + filepath.Join(dir, "asked") + "\nexit " + c.exit + "\n"
			if err := os.WriteFile(filepath.Join(dir, "bicep"), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			said, err := compile(t, dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			if (err == nil) != c.fine || !strings.Contains(said, c.says) {
				t.Errorf("%v: %s", err, said)
			}
			asked, _ := os.ReadFile(filepath.Join(dir, "asked"))
			for _, file := range []string{"build infra/azure/main.bicep", "build infra/aws/azure.bicep", "build-params infra/azure/main.test.bicepparam", "build-params infra/azure/main.production.bicepparam"} {
				if c.fine && !strings.Contains(string(asked), file) {
					t.Errorf("it was not asked to %s: %s", file, asked)
				}
			}
		})
	}
}

// Where there is none, the check says so and goes on.
func TestWithoutTheCompilerTheCheckSaysSo(t *testing.T) {
	if said, err := compile(t, "/usr/bin:/bin"); err != nil || !strings.Contains(said, "not compiled") {
		t.Errorf("%v: %s", err, said)
	}
}

// compile runs what make check runs.
func compile(t *testing.T, path string) (said string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", ".ci/bicep")
	cmd.Dir = filepath.Join(azure, "..", "..")
	cmd.Env = []string{"PATH=" + path, "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
