package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// need runs .ci/need with a PATH that holds bash, mkdir and the given programs, which print one line each;
// go's build cache is in a folder of the test's.
func need(t *testing.T, programs map[string]string) (said string, ok bool) {
	t.Helper()
	return needWith(t, programs, filepath.Join(t.TempDir(), "cache"))
}

func needWith(t *testing.T, programs map[string]string, cache string) (said string, ok bool) {
	t.Helper()
	bin := t.TempDir()
	mkdir, err := exec.LookPath("mkdir")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(mkdir, filepath.Join(bin, "mkdir")); err != nil {
		t.Fatal(err)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range programs {
		script := "#!" + bash + "\n[ \"$1\" = env ] && line='" + cache + "' || line='" + line + "'\necho \"$line\"\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(bash, filepath.Join("..", "..", ".ci", "need"), "go", "node")
	cmd.Env = []string{"PATH=" + bin}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err == nil
}

func TestMissingOrOldToolIsSaidInOneLine(t *testing.T) {
	const goodGo = "go version go1.26.0 linux/amd64"
	for name, c := range map[string]struct {
		programs map[string]string
		says     string
	}{
		"no Go":    {nil, "Go 1.26 or newer is needed, and `go` was not found"},
		"old Go":   {map[string]string{"go": "go version go1.25.4 linux/amd64"}, "Go 1.26 or newer is needed, and 1.25.4 was found"},
		"no Node":  {map[string]string{"go": goodGo}, "Node.js 20 or newer is needed for the Service Bus broker and Azurite, and `node` was not found"},
		"old Node": {map[string]string{"go": goodGo, "node": "v18.20.1"}, "Node.js 20 or newer is needed for the Service Bus broker and Azurite, and v18.20.1 was found"},
		"no npm":   {map[string]string{"go": goodGo, "node": "v20.1.0"}, "npm is needed"},
	} {
		said, ok := need(t, c.programs)
		if ok || !strings.HasPrefix(said, c.says) || strings.Contains(said, "\n") {
			t.Errorf("%s: %v %q", name, ok, said)
		}
	}
	for _, good := range []string{goodGo, "go version go1.27rc1 linux/amd64", "go version go2.0.1 linux/amd64"} {
		if said, ok := need(t, map[string]string{"go": good, "node": "v22.0.0", "npm": "10.0.0"}); !ok || said != "" {
			t.Errorf("%s is refused: %q", good, said)
		}
	}
}

func TestFolderThatCannotBeWrittenIsSaidInOneLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file") // nobody can make a folder below a file, not even root
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cache := range []string{filepath.Join(file, "cache"), ""} {
		said, ok := needWith(t, map[string]string{"go": "go version go1.26.0 linux/amd64"}, cache)
		if ok || !strings.HasPrefix(said, "Go's build cache cannot be written to") || strings.Contains(said, "\n") {
			t.Errorf("%v %q", ok, said)
		}
	}
}

func TestCommandThatIsNoneIsExplained(t *testing.T) {
	for _, args := range [][]string{nil, {"dance"}, {"run", "-port", "x"}, {"demo", "twice"}, {"run", "-mode", "foo"}, {"run", "-port", "70000"},
		{"run", "-settings", "/no/such"}, {"run", "-mapping", "/no/such"}, {"demo", "-switches", "/no/such"}} {
		if err := command(t.Context(), args, io.Discard, io.Discard); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
