package hostsim

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	random "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// worker is one handler process.
type worker struct {
	up      *upstream
	port    string
	cmd     *exec.Cmd // nil when attached to an address
	began   time.Time
	exited  chan struct{} // closed when the process is gone
	code    int           // exit code, 137 for a kill
	dropped atomic.Bool   // killed by the host itself: not a crash
}

func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// FreePort finds a port below those that the system gives to connections: one of these could be the end of a connection for the
// moment in which the process begins to listen.
func FreePort() (string, error) {
	for range 100 {
		port := strconv.Itoa(15000 + random.IntN(17000))
		if ln, err := net.Listen("tcp4", "127.0.0.1:"+port); err == nil {
			return port, ln.Close()
		}
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	return port, err
}

// robbed says whether the process is gone because somebody else listens on its port: between the look for a free port and
// the start another program of this machine may come first, and would even answer the probe. An instance in Azure
// is alone.
func (w *worker) robbed() bool {
	if w.cmd == nil || !gone(w.exited) {
		return false
	}
	ln, err := net.Listen("tcp4", w.up.addr)
	if err != nil {
		return true
	}
	_ = ln.Close()
	return false
}

func gone(exited <-chan struct{}) bool {
	select {
	case <-exited:
		return true
	default:
		return false
	}
}

var envName = regexp.MustCompile(`%([^%]*)%`)

// command works out what the host starts: a relative path is resolved against the app's root if the file
// exists, else it is a command on PATH; arguments are joined by blanks and split again.
func (a *app) command(settings map[string]string) (path string, args []string, dir string) {
	d := a.host.CustomHandler.Description
	path, dir = d.DefaultExecutablePath, filepath.Join(a.dir, d.WorkingDirectory)
	if rooted := filepath.Join(a.dir, path); !filepath.IsAbs(path) {
		if _, err := os.Stat(rooted); err == nil {
			path = rooted
		}
	}
	line := envName.ReplaceAllStringFunc(strings.Join(d.Arguments, " "), func(m string) string {
		return settings[strings.Trim(m, "%")]
	})
	return path, splitArguments(line), dir
}

// splitArguments consumes quotes as .NET's process start does.
func splitArguments(line string) []string {
	var args []string
	var cur strings.Builder
	quoted, open := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, open = !quoted, true
		case r == ' ' && !quoted:
			if open {
				args = append(args, cur.String())
			}
			cur.Reset()
			open = false
		default:
			cur.WriteRune(r)
			open = true
		}
	}
	if open {
		args = append(args, cur.String())
	}
	return args
}

// startProcess starts the handler. The error says why it could not be started at all.
func (h *Host) startProcess(port string) (*worker, error) {
	w := &worker{up: &upstream{addr: "127.0.0.1:" + port}, port: port, began: time.Now(), exited: make(chan struct{})}
	if h.opt.Attach != "" {
		w.up.addr = h.opt.Attach
		return w, nil
	}
	path, args, dir := h.app.command(h.opt.Settings)
	w.cmd = exec.Command(path, args...)
	w.cmd.Dir = dir
	w.cmd.Env = h.environment(port)
	out, in := &console{host: h, level: "Information"}, &console{host: h, level: "Error"}
	w.cmd.Stdout, w.cmd.Stderr = out, in
	h.logf("Starting worker process with FileName:%s WorkingDirectory:%s Arguments: %s", path, dir, strings.Join(args, " "))
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the handler %s cannot be started: %w: host.json customHandler.description.defaultExecutablePath must name an executable file (mode 755)", path, err)
	}
	go func() {
		err := w.cmd.Wait()
		out.end()
		in.end()
		w.code = w.cmd.ProcessState.ExitCode()
		if w.code < 0 {
			w.code = 137
		}
		if err != nil {
			h.logf("Process %d has exited with code %d.", w.cmd.Process.Pid, w.code)
		}
		w.up.close()
		close(w.exited)
	}()
	return w, nil
}

// environment is what the child sees: all app settings, the host's own variables, and of the machine's
// environment only what a process needs to run, so that nothing of a developer's shell leaks in.
func (h *Host) environment(port string) []string {
	id := newGUID()
	vars := map[string]string{}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG"} {
		if v, ok := os.LookupEnv(name); ok {
			vars[name] = v
		}
	}
	for k, v := range h.opt.Settings {
		vars[k] = v
	}
	vars["FUNCTIONS_CUSTOMHANDLER_PORT"], vars["FUNCTIONS_HTTPWORKER_PORT"] = port, port
	vars["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"], vars["FUNCTIONS_HTTPWORKER_ID"] = id, id
	vars["FUNCTIONS_APP_ROOT_PATH"] = h.app.dir
	env := make([]string, 0, len(vars))
	for k, v := range vars {
		env = append(env, k+"="+v)
	}
	return env
}

func (w *worker) pid() int {
	if w == nil || w.cmd == nil {
		return 0
	}
	return w.cmd.Process.Pid
}

// kill ends the process with SIGKILL; it gets no signal before.
func (w *worker) kill() {
	if w.cmd != nil {
		_ = w.cmd.Process.Kill() // already gone: nothing to do
	}
}

const pollEvery = 25 * time.Millisecond

var errNeverReady = errors.New("Initializing HttpWorker timed out")

// probe polls until the port answers and one GET / got any answer. A probe that hangs is never given up;
// only a socket error means "not yet", until the limit.
func (w *worker) probe(ctx context.Context, limit time.Duration) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		in, err := w.up.once(ctx, &outgoing{method: "GET", target: "/", header: fields{{"Host", w.up.addr}}})
		if err == nil {
			_, _ = io.Copy(io.Discard, in)
			in.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return errNeverReady
		case <-w.exited:
			if w.code != 0 {
				return fmt.Errorf("the handler exited with code %d before it was ready", w.code)
			}
			select { // exit 0 before readiness is noticed by the limit only
			case <-deadline.C:
				return errNeverReady
			case <-ctx.Done():
				return ctx.Err()
			}
		case <-time.After(pollEvery):
		}
	}
}

// console cuts a handler's output into lines and logs them with the level the host gives them: stdout
// Information, stderr Error, or Warning where the line holds "warn".
type console struct {
	host  *Host
	level string
	rest  []byte
}

func (c *console) Write(p []byte) (int, error) {
	c.rest = append(c.rest, p...)
	for {
		n, line, err := bufio.ScanLines(c.rest, false)
		if n == 0 || err != nil {
			return len(p), nil
		}
		c.line(string(line))
		c.rest = c.rest[n:]
	}
}

func (c *console) end() {
	c.line(string(c.rest))
	c.rest = nil
}

func (c *console) line(text string) {
	if text == "" {
		return
	}
	level := c.level
	if level == "Error" && strings.Contains(strings.ToLower(text), "warn") {
		level = "Warning"
	}
	c.host.write(level, text)
}
