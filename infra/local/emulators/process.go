package emulators

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/npm"
)

const (
	startLimit = time.Minute           // Azurite takes half a second, on a busy machine many
	probeEvery = 20 * time.Millisecond // between two looks whether a part answers
	stopLimit  = 3 * time.Second       // from the polite end to the hard one
	endLimit   = 20 * time.Second      // for writing everything
)

// process is a Node program that ends when its standard input does: by Stop, or when this program dies.
type process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout io.Reader
	errors *tail
	done   chan struct{} // closed when the program has ended
	err    error         // set before done is closed
}

func startNode(name, dir string, log io.Writer, args ...string) (*process, error) {
	cmd := exec.Command("node", args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the program that started it
	p := &process{name: name, cmd: cmd, errors: &tail{next: log}, done: make(chan struct{})}
	cmd.Stderr = p.errors
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p.stdin, p.stdout = stdin, stdout
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// watch waits for the end of the program; whoever reads stdout must have begun before.
func (p *process) watch(reading <-chan struct{}) {
	<-reading
	p.err = p.cmd.Wait()
	close(p.done)
}

// Stop ends the program and waits until it has gone. It may be called twice.
func (p *process) Stop() {
	_ = p.stdin.Close() // the second time it is closed already
	select {
	case <-p.done:
	case <-time.After(stopLimit):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // fails only when it has gone meanwhile
		<-p.done
	}
}

// end asks the program to write what it has and to go, and waits until it has gone.
func (p *process) end() error {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(endLimit):
		return fmt.Errorf("ending %s: it has not gone after %s: %s", p.name, endLimit, npm.LastWords(p.errors.String()))
	}
}

// Kill ends the program at once, and waits until it has gone: what it has not written is lost.
func (p *process) Kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // fails only when it has gone already
	<-p.done
}

// Done is closed when the program has ended, by Stop or by itself.
func (p *process) Done() <-chan struct{} { return p.done }

// PID is the process id, for those who measure.
func (p *process) PID() int { return p.cmd.Process.Pid }

// ready waits until probe succeeds, the program ends, or time is up.
func (p *process) ready(ctx context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("starting %s: it ended at once: %s", p.name, npm.LastWords(p.errors.String()))
		case <-ctx.Done():
			return fmt.Errorf("starting %s: it does not answer: %w", p.name, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// claimPort says whether a port can be had, and picks a free one for 0. The port is free again when it
// returns: somebody else may still take it, which the program then says itself.
func claimPort(part string, port int) (int, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return 0, &PortTakenError{Part: part, Port: port}
	}
	if err != nil {
		return 0, fmt.Errorf("port %d (%s): %w", port, part, err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// PortTakenError says which part wanted which port that another program has.
type PortTakenError struct {
	Part string
	Port int
}

func (e *PortTakenError) Error() string { return fmt.Sprintf("port %d (%s) is taken", e.Port, e.Part) }

// tail keeps the last output of a program and hands it on.
type tail struct {
	mu   sync.Mutex
	kept bytes.Buffer
	next io.Writer
}

const tailSize = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept.Write(b)
	if extra := t.kept.Len() - tailSize; extra > 0 {
		t.kept.Next(extra)
	}
	if t.next != nil {
		_, _ = t.next.Write(b) // a log that cannot be written stops nothing
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept.String()
}
