package template

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The linter itself is not on every machine: here it is a program that says what it says.
func TestWhateverTheLinterSaysFails(t *testing.T) {
	for name, c := range map[string]struct {
		tool, says, exit string
		fine             bool
	}{
		"nothing to say":         {"cfn-lint", "", "0", true},
		"a warning":              {"cfn-lint", "W2001 Parameter Mode not used.", "4", false},
		"a remark":               {"cfn-lint", "I3042 ARN has hardcoded partition", "0", false},
		"an error":               {"cfn-lint", "E2001 Additional properties are not allowed", "2", false},
		"the SAM CLI is content": {"sam", "template.yaml is a valid SAM Template", "0", true},
		"the SAM CLI is not":     {"sam", "E2001 Additional properties are not allowed", "1", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := "#!/bin/sh\n[ -z '" + c.says + "' ] || echo '" + c.says + "'\necho \"$@\" > " + filepath.Join(dir, "asked") + "\nexit " + c.exit + "\n"
			if err := os.WriteFile(filepath.Join(dir, c.tool), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			said, err := lint(t, dir+":/usr/bin:/bin")
			if (err == nil) != c.fine || !c.fine && !strings.Contains(said, c.says) {
				t.Errorf("%v: %s", err, said)
			}
			if asked, _ := os.ReadFile(filepath.Join(dir, "asked")); !strings.Contains(string(asked), "infra/aws/template.yaml") {
				t.Errorf("it was asked %q", asked)
			}
		})
	}
	if said, err := lint(t, "/usr/bin:/bin"); err != nil || !strings.Contains(said, "not linted") {
		t.Errorf("without a linter: %v %s", err, said)
	}
}

// lint runs what make check runs.
func lint(t *testing.T, path string) (said string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", ".ci/sam")
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Env = []string{"PATH=" + path, "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
