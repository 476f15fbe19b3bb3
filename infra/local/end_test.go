package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// programs is where the program of these tests lies.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "cosell-local"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(programs) // what is left goes with the machine's other temporary files
	os.Exit(code)
}

// built is this program, built once for all tests.
var built = sync.OnceValues(func() (program string, err error) {
	program = filepath.Join(programs, "local")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building it: %w\n%s", err, out)
	}
	return program, nil
})

// playing starts a demo on ports of its own and returns once the story has begun.
func playing(t *testing.T) (cmd *exec.Cmd, story io.ReadCloser, told *bufio.Reader, says *strings.Builder, folder string) {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(20000 + 20*rand.IntN(500))
	says = &strings.Builder{}
	cmd = exec.CommandContext(t.Context(), program, "demo", "-port", port)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = says
	story, err = cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	told = bufio.NewReader(story)
	for {
		line, err := told.ReadString('\n')
		if err != nil {
			_ = cmd.Wait()
			t.Fatalf("the story did not begin: %v\n%s", err, says)
		}
		if strings.HasPrefix(line, "D1 ") {
			return cmd, story, told, says, filepath.Join("..", "..", ".build", port)
		}
	}
}

// ended gives the exit code of a command that has ended. Nothing of its world may be left.
func ended(t *testing.T, cmd *exec.Cmd, folder string) int {
	t.Helper()
	if _, err := os.Stat(folder); err == nil {
		t.Errorf("%s is left behind", folder)
	}
	return cmd.ProcessState.ExitCode()
}

func TestInterruptedStorySaysThatItWasStopped(t *testing.T) {
	// Whoever runs the tests under nohup ignores a closed terminal, and what they start would inherit that; who
	// listens hands on the default.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	for name, by := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "a terminal that is closed": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interrupted(t, by)
		})
	}
}

func interrupted(t *testing.T, by syscall.Signal) {
	t.Helper()
	cmd, _, told, says, folder := playing(t)
	if err := cmd.Process.Signal(by); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(told)
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Errorf("%v", err)
	}
	if code := ended(t, cmd, folder); code != 128+int(by) {
		t.Errorf("exit code %d", code)
	}
	if !strings.HasSuffix(says.String(), "\nstopped\n") || strings.Contains(string(rest)+says.String(), "FAILED") || strings.Contains(says.String(), "cancel") {
		t.Errorf("said %q, told %q", says, rest)
	}
}

func TestStoryThatNobodyReadsCleansUp(t *testing.T) {
	t.Parallel()
	cmd, story, _, says, folder := playing(t)
	if err := story.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its code is looked at
	if code := ended(t, cmd, folder); code != 128+int(syscall.SIGPIPE) || strings.Contains(says.String(), "broken pipe") {
		t.Errorf("exit code %d, said %q", code, says)
	}
}
