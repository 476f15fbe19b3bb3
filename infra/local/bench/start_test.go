package bench

import (
	"context"
	"errors"
	"io"
	"net"
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

// gate is where a program waits, once it runs, until the test lets it go on.
type gate struct {
	listener net.Listener
	reached  chan net.Conn
}

// gateSetting tells a program where its gate is, and atTheGate is how it waits there.
const (
	gateSetting = "GATE"
	atTheGate   = `
	if c, err := net.Dial("tcp4", os.Getenv("` + gateSetting + `")); err == nil {
		_, _ = c.Read(make([]byte, 1))
	}
`
)

func gateFor(t *testing.T, s *starter) gate {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s.env = append(s.env, gateSetting+"="+l.Addr().String())
	g := gate{l, make(chan net.Conn, 1)}
	go func() {
		if c, err := l.Accept(); err == nil {
			g.reached <- c
		}
	}()
	return g
}

// lastsUntil holds a measurement against a program that waits at the gate: it may not be over before that is opened.
func (g gate) lastsUntil(t *testing.T, measure func(context.Context) (time.Duration, error)) {
	t.Helper()
	type result struct {
		took time.Duration
		err  error
	}
	over := make(chan result, 1)
	go func() {
		took, err := measure(t.Context())
		over <- result{took, err}
	}()
	select {
	case r := <-over:
		t.Fatalf("over after %s, before the program was so far: %v", r.took, r.err)
	case c := <-g.reached:
		defer c.Close()
		select {
		case r := <-over:
			t.Fatalf("over after %s, before the program was so far: %v", r.took, r.err)
		default:
		}
		if _, err := c.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	if r := <-over; r.err != nil || r.took <= 0 {
		t.Errorf("%s: %v", r.took, r.err)
	}
}

func TestAStartIsMeasuredUntilTheProgramAnswers(t *testing.T) {
	source, err := os.ReadFile("hello/main.go")
	if err != nil {
		t.Fatal(err)
	}
	quick := built(t, string(source))
	if took, err := quick.ready(t.Context()); err != nil || took <= 0 {
		t.Fatalf("%s: %v", took, err)
	}
	held := built(t, strings.Replace(string(source), "func main() {", "func main() {"+atTheGate, 1))
	gateFor(t, &held).lastsUntil(t, held.ready)
}

func TestAStartOnLambdaIsMeasuredUntilTheFirstQuestion(t *testing.T) {
	s := built(t, `package main

import (
	"net"
	"net/http"
	"os"
)

func main() {`+atTheGate+`	_, _ = http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
}
`)
	s.env = append(s.env, runtimeSetting+"=127.0.0.1:1") // another's
	gateFor(t, &s).lastsUntil(t, s.asks)
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
	if got := middle([]time.Duration{9, 1, 5, 100, 2}); got != 5 {
		t.Errorf("%d", got)
	}
}
