package lambdasim

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// environment is one execution environment: a process, and the runtime API that it alone can reach.
type environment struct {
	p    *Platform
	f    *function
	name string
	cmd  *exec.Cmd
	api  *http.Server

	began  time.Time
	exited chan struct{}
	asked  chan chan *invocation // GET next: it waits for an invocation
	ready  chan struct{}         // closed by the first GET next
	failed chan string           // an error of the start

	idle bool // guarded by the platform

	mu      sync.Mutex
	current *invocation
	frozen  bool
	inited  bool
}

// start starts the process with the environment that Lambda documents.
func (e *environment) start() error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening the runtime API: %w", err)
	}
	e.exited, e.asked, e.ready, e.failed = make(chan struct{}), make(chan chan *invocation), make(chan struct{}), make(chan string, 1)
	e.api = &http.Server{Handler: e.routes()}
	e.p.all.Go(func() { _ = e.api.Serve(l) }) // ends when it is closed
	e.cmd = exec.Command(e.p.opt.Bootstrap)
	e.cmd.Dir = filepath.Dir(e.p.opt.Bootstrap)
	e.cmd.Env = e.variables(l.Addr().String())
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	e.cmd.Stderr = e.cmd.Stdout
	e.began = time.Now()
	if err := e.cmd.Start(); err != nil {
		_ = e.api.Close()
		return fmt.Errorf("Runtime.InvalidEntrypoint: %w", err)
	}
	e.p.all.Go(func() {
		e.copyLines(out)
		_ = e.cmd.Wait() // how it ended shows in what it did not answer
		close(e.exited)
	})
	return nil
}

func (e *environment) copyLines(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			e.p.logf(e.name, "%s", strings.TrimSuffix(line, "\n"))
		}
		if err != nil {
			return
		}
	}
}

// variables are those of the configuration and those that Lambda sets.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func (e *environment) variables(api string) []string {
	root := e.cmd.Dir
	out := []string{"AWS_LAMBDA_RUNTIME_API=" + api, "AWS_LAMBDA_FUNCTION_NAME=" + e.f.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(e.f.Memory), "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + e.f.Name, "AWS_LAMBDA_LOG_STREAM_NAME=" + e.name, "AWS_REGION=" + e.p.opt.Region, "AWS_DEFAULT_REGION=" + e.p.opt.Region,
		"AWS_ACCESS_KEY_ID=" + e.f.Role.AccessKey, "AWS_SECRET_ACCESS_KEY=" + e.f.Role.SecretKey, "AWS_SESSION_TOKEN=" + e.f.Role.SessionToken,
		"_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=" + root, "LAMBDA_RUNTIME_DIR=/var/runtime", "TZ=:UTC", "LANG=en_US.UTF-8",
		"PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin", "LD_LIBRARY_PATH=/lib64:/usr/lib64:/var/runtime:/var/task:/opt/lib"}
	for name, value := range e.f.Environment {
		out = append(out, name+"="+value)
	}
	return out
}

// pid of the process, 0 when it is gone.
func (e *environment) pid() int {
	select {
	case <-e.exited:
		return 0
	default:
		return e.cmd.Process.Pid
	}
}

// freeze stops the process: nothing of it runs until the next invocation, no timer and no connection.
func (e *environment) freeze() { e.stand(true) }
func (e *environment) thaw()   { e.stand(false) }

func (e *environment) stand(still bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.frozen == still {
		return
	}
	e.frozen = still
	signal := syscall.SIGCONT
	if still {
		signal = syscall.SIGSTOP
	}
	_ = syscall.Kill(-e.cmd.Process.Pid, signal) // it may be gone already
}

// kill ends the process at once.
func (e *environment) kill() { _ = syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL) }

// end is the end of the environment.
func (e *environment) end() {
	e.kill()
	<-e.exited
	_ = e.api.Close()
}

var (
	errTimedOut = errors.New("Sandbox.Timedout: the invocation did not end in time, and its process was ended")
	errCrashed  = errors.New("Runtime.ExitError: the process has ended")
)

// run works on one invocation, and says whether the environment can be used again. It is over when the runtime asks
// for the next one; only then is it frozen.
func (e *environment) run(inv *invocation) (alive bool, err error) {
	if err := e.init(); err != nil {
		return false, err
	}
	e.thaw()
	inv.deadline = time.Now().Add(e.f.Timeout)
	limit := time.NewTimer(e.f.Timeout)
	defer limit.Stop()
	e.mu.Lock()
	e.current = inv
	e.mu.Unlock()
	var waiting chan *invocation
	select {
	case waiting = <-e.asked:
		waiting <- inv
	case <-e.exited:
		return false, errCrashed
	case <-limit.C:
		e.kill()
		return false, errTimedOut
	case <-e.p.ctx.Done():
		return false, e.p.ctx.Err()
	}
	over := false
	select {
	case again := <-e.asked: // the next GET: the invocation is over, its runtime waits
		over = true
		e.p.all.Go(func() { e.wait(again) })
	case <-e.exited:
		inv.finish(errCrashed)
	case <-limit.C:
		e.p.logf(e.name, "%s Task timed out after %.2f seconds", inv.id, e.f.Timeout.Seconds())
		e.kill()
		<-e.exited
		inv.finish(errTimedOut)
	case <-e.p.ctx.Done():
		e.kill()
		<-e.exited
		inv.finish(e.p.ctx.Err())
	}
	e.mu.Lock()
	e.current = nil
	e.mu.Unlock()
	if over {
		inv.finish(errors.New("Runtime.NoResponse: the runtime asked for the next invocation without an answer to this one"))
	}
	return over, inv.result()
}

// wait hands a runtime that has asked already to the next invocation.
func (e *environment) wait(asked chan *invocation) {
	select {
	case e.asked <- asked:
	case <-e.exited:
	case <-e.p.ctx.Done():
	}
}

// init waits for the start of a new process: until it asks for its first invocation.
func (e *environment) init() error {
	if e.inited {
		return nil
	}
	limit := time.NewTimer(e.p.opt.InitLimit)
	defer limit.Stop()
	select {
	case <-e.ready:
		e.inited = true
		e.p.mu.Lock()
		e.f.initTimes = append(e.f.initTimes, time.Since(e.began))
		e.p.mu.Unlock()
		return nil
	case text := <-e.failed:
		return fmt.Errorf("Runtime.InitError: %s", text)
	case <-e.exited:
		return errCrashed
	case <-limit.C:
		e.kill()
		return fmt.Errorf("INIT_REPORT: the start took longer than %s", e.p.opt.InitLimit)
	case <-e.p.ctx.Done():
		return e.p.ctx.Err()
	}
}
