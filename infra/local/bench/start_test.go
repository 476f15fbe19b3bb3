package bench

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// built makes a program of a source.
func built(t *testing.T, source string) starter {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", "program", "main.go")
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return starter{path: filepath.Join(dir, "program"), dir: dir, env: os.Environ()}
}

func TestAStartIsMeasuredUntilTheProgramAnswers(t *testing.T) {
	source, err := os.ReadFile("hello/main.go")
	if err != nil {
		t.Fatal(err)
	}
	quick := built(t, string(source))
	took, err := quick.ready(t.Context())
	if err != nil || took <= 0 {
		t.Fatalf("%s: %v", took, err)
	}
	const late = 300 * time.Millisecond
	slow := built(t, strings.NewReplacer("func main() {", "func main() {\n\ttime.Sleep(300 * time.Millisecond)", `"os"`, "\"os\"\n\t\"time\"").Replace(string(source)))
	if took, err := slow.ready(t.Context()); err != nil || took < late {
		t.Errorf("%s, with %s in which it does nothing: %v", took, late, err)
	}
}

func TestAStartOnLambdaIsMeasuredUntilTheFirstQuestion(t *testing.T) {
	const program = `package main

import (
	"net/http"
	"os"
	"time"
)

func main() {
	time.Sleep(300 * time.Millisecond)
	_, _ = http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
}
`
	s := built(t, program)
	s.env = append(s.env, runtimeSetting+"=127.0.0.1:1") // another's
	if took, err := s.asks(t.Context()); err != nil || took < 300*time.Millisecond || took > startPatience/2 {
		t.Errorf("%s: %v", took, err)
	}
}

func TestAProgramIsStartedAsOneThatRuns(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("cat")
	cmd.Dir, cmd.Env = dir, []string{"A=b c", portSetting + "=1", "LAST="}
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	// The kernel shows the environment of a program once it runs, which an echo proves.
	if _, err := in.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	s, err := running(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if s.dir != dir || strings.Join(s.env, "|") != "A=b c|LAST=" || s.path == "" {
		t.Errorf("%+v", s)
	}
	if _, err := running(0); err == nil {
		t.Error("nobody runs, and it was found")
	}
}

func TestTheMedianIsTheOneInTheMiddle(t *testing.T) {
	if got := median([]time.Duration{9, 1, 5, 100, 2}); got != 5 {
		t.Errorf("%d", got)
	}
}
