package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// How often the handler and the program beside it are started, in turn, and how many times its time the handler may take.
const (
	rounds     = 21
	mostHellos = 3
)

// starts compares the handler's start with that of a Go program that only listens, each with the handler's own
// environment. They take turns, so that what else the machine does hits both.
func (r *Report) starts(ctx context.Context, top string, w *world.World, out io.Writer) error {
	fmt.Fprintf(out, "%d starts of the handler and of a program that only listens, in turn …\n", rounds)
	process, err := w.Host().Process(worker)
	if err != nil {
		return err
	}
	handler, err := running(process.PID)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hello")
	if err != nil {
		return fmt.Errorf("making a folder for the program that only listens: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	hello := starter{path: filepath.Join(dir, "hello"), dir: dir, env: handler.env}
	if err := compile(ctx, top, "./infra/local/bench/hello", hello.path); err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for range rounds {
		for s, times := range map[*starter]*[]time.Duration{&handler: &ours, &hello: &theirs} { // in any order
			took, err := s.ready(ctx)
			if err != nil {
				return err
			}
			*times = append(*times, took)
		}
	}
	a, b := milliseconds(middle(ours)), milliseconds(middle(theirs))
	r.most("ready.hellos", fmt.Sprintf("handler ready, %.1f ms, in times of a program that only listens", a), a/b, mostHellos, "x")
	return nil
}

// starter is a program, as a host starts it.
type starter struct {
	path, dir string
	args, env []string
	errors    io.Writer // what it says on standard error; nil: nobody hears it
}

// running is how a process was started.
func running(pid int) (starter, error) {
	proc := fmt.Sprintf("/proc/%d/", pid)
	path, errPath := os.Readlink(proc + "exe")
	dir, errDir := os.Readlink(proc + "cwd")
	env, errEnv := os.ReadFile(proc + "environ")
	if err := errors.Join(errPath, errDir, errEnv); err != nil {
		return starter{}, fmt.Errorf("looking how the handler was started: %w", err)
	}
	s := starter{path: path, dir: dir}
	for pair := range strings.SplitSeq(strings.TrimRight(string(env), "\x00"), "\x00") {
		if name, _, _ := strings.Cut(pair, "="); name != portSetting {
			s.env = append(s.env, pair)
		}
	}
	return s, nil
}

const (
	portSetting = "FUNCTIONS_CUSTOMHANDLER_PORT"
	// startPatience is how long a start may take, and lookAgain how soon it is looked again whether it is over.
	startPatience = 10 * time.Second
	lookAgain     = 100 * time.Microsecond
)

// ready starts the program, waits until it answers GET /, which the host takes for ready, and kills it as the host does.
func (s *starter) ready(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	p, err := s.start(ctx)
	if err != nil {
		return 0, err
	}
	defer p.end()
	return p.answered.Sub(began), nil
}

// program is a starter's that runs.
type program struct {
	cmd      *exec.Cmd
	address  string
	answered time.Time // for the first time
}

func (p *program) end() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
}

// start starts the program and waits until it answers.
func (s *starter) start(ctx context.Context) (*program, error) {
	port, err := hostsim.FreePort()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort("127.0.0.1", port)
	cmd := exec.CommandContext(ctx, s.path, s.args...)
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, append(slices.Clone(s.env), portSetting+"="+port), s.errors
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", s.path, err)
	}
	p := &program{cmd: cmd, address: address}
	for until := time.Now().Add(startPatience); !answers(address); time.Sleep(lookAgain) {
		if ctx.Err() != nil || time.Now().After(until) {
			p.end()
			return nil, fmt.Errorf("%s does not answer after %s", s.path, startPatience)
		}
	}
	p.answered = time.Now()
	return p, nil
}

// answers says whether a program answers GET / at an address.
func answers(address string) bool {
	c, err := net.DialTimeout("tcp4", address, time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+address+"\r\n\r\n"); err != nil {
		return false
	}
	n, _ := c.Read(make([]byte, 1))
	return n == 1
}
