// Package hostsim runs a packaged folder (host.json, the handler's executable, one folder per function)
// as the Azure Functions host does, as far as recordings of the real host tell: process supervision, HTTP
// in both modes, envelope calls, Service Bus and timer triggers.
// https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers
package hostsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// The generations of the host that Options.Mode can imitate.
const (
	ModeProxy   = "proxy"   // newer: enableProxyingHttpRequest is known and wins over forwarding
	ModeForward = "forward" // released 4.1037: only enableForwardingHttpRequest is known
)

// Options say what to run and how.
type Options struct {
	Dir      string            // the packaged folder
	Settings map[string]string // app settings: the handler inherits them, %NAME% is resolved from them
	Mode     string            // ModeProxy (default) or ModeForward
	Keys     Keys
	Now      func() time.Time // the world's clock, for timers and the crash count; default time.Now
	Log      io.Writer        // lines of the handler and of the host, each with its level; default none
	// FunctionTimeout overrides host.json's functionTimeout, InitializationTimeout its namesake; both run
	// in real time, since they bound what the handler does, not what happens in its world.
	FunctionTimeout       time.Duration
	InitializationTimeout time.Duration
	// TimeoutGrace is how long after functionTimeout the process is killed; 0 means the recorded 2.4 s.
	TimeoutGrace time.Duration
	// PlatformRestart is how long the platform takes to start a host again that shut itself down; 0 means
	// one second.
	PlatformRestart time.Duration
	// StopGrace is how long Stop lets running calls finish; 0 means the recorded 5 s.
	StopGrace time.Duration
	// Attach makes the host call a handler that already listens at host:port instead of starting one.
	Attach string

	// ServiceBus changes how the broker is reached.
	ServiceBus ServiceBusOptions

	// port overrides how a port for the handler is found, and open how queues are reached; tests use them.
	port func() (string, error)
	open func(connection, queue string, sessions bool) (source, error)
	// name is the process's, where several make a fleet; journal and beds are what they have in common.
	name string
	// part is whose place the process takes: its name, or of two versions side by side that of the older.
	part    string
	journal *journal
	beds    *beds
	// timers are the schedule statuses that an earlier host left behind.
	timers map[string]*timer
	// quiet overrides the 240 s of silence after which a proxied call is given up.
	quiet time.Duration
	// pace is the unit of the proxy's pauses between tries.
	pace time.Duration
}

// Host is a running Functions host. All methods may be called from several goroutines.
type Host struct {
	opt     Options
	app     *app
	name    string // of its process
	journal *journal
	beds    *beds
	ctx     context.Context
	cancel  context.CancelFunc
	takes   context.Context // ended by rest: nothing more is taken, what runs goes on
	rest    context.CancelFunc
	all     sync.WaitGroup
	log     sync.Mutex

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every change of state or worker
	woken    chan struct{} // closed and replaced by Wake
	state    string
	problem  string
	worker   *worker
	readyIn  time.Duration
	starts   int
	crashes  int
	lastFail time.Time
	running  map[*invocation]bool
	conns    map[net.Conn]bool
	timers   map[string]*timer
}

// Start reads the folder and starts the host. An error names every file that the real host would refuse;
// a handler that cannot be started is no error but a state, as with the real host.
func Start(ctx context.Context, opt Options) (*Host, error) {
	switch opt.Mode {
	case "":
		opt.Mode = ModeProxy
	case ModeProxy, ModeForward:
	default:
		return nil, fmt.Errorf("mode %q: use %s or %s", opt.Mode, ModeProxy, ModeForward)
	}
	a, err := load(opt.Dir, opt.Settings)
	if err != nil {
		return nil, err
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.open == nil {
		opt.open = opener(opt)
	}
	if opt.port == nil {
		opt.port = FreePort
	}
	opt.FunctionTimeout = firstSet(opt.FunctionTimeout, a.host.functionTimeout)
	opt.InitializationTimeout = firstSet(opt.InitializationTimeout, a.host.initTimeout)
	opt.TimeoutGrace = firstSet(opt.TimeoutGrace, 2400*time.Millisecond)
	opt.PlatformRestart = firstSet(opt.PlatformRestart, time.Second)
	opt.StopGrace = firstSet(opt.StopGrace, 5*time.Second)
	opt.quiet = firstSet(opt.quiet, 240*time.Second)
	opt.pace = firstSet(opt.pace, time.Millisecond)
	h := &Host{
		opt: opt, app: a, name: cmp.Or(opt.name, onlyProcess), journal: cmp.Or(opt.journal, &journal{}), beds: cmp.Or(opt.beds, &beds{}), state: StateStarting,
		changed: make(chan struct{}), woken: make(chan struct{}),
		running: map[*invocation]bool{}, conns: map[net.Conn]bool{}, timers: map[string]*timer{},
	}
	for name, t := range opt.timers {
		h.timers[name] = t
	}
	h.ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	h.takes, h.rest = context.WithCancel(h.ctx)
	h.all.Go(h.platform)
	stop := context.AfterFunc(ctx, h.Stop)
	context.AfterFunc(h.ctx, func() { stop() })
	return h, nil
}

func firstSet(a, b time.Duration) time.Duration {
	if a > 0 {
		return a
	}
	return b
}

// platform starts the host again whenever it shuts itself down.
func (h *Host) platform() {
	for h.ctx.Err() == nil {
		h.life()
		if h.ctx.Err() != nil {
			return
		}
		h.logf("The host shut down; the platform starts it again in %s.", h.opt.PlatformRestart)
		select {
		case <-h.ctx.Done():
		case <-time.After(h.opt.PlatformRestart):
		}
	}
}

// life is one life of the host: triggers run while the handler is supervised.
func (h *Host) life() {
	port, err := h.opt.port()
	if err != nil {
		h.set(StateBroken, err.Error(), nil)
		<-h.ctx.Done()
		return
	}
	h.mu.Lock()
	h.crashes = 0
	h.mu.Unlock()
	ctx, cancel := context.WithCancel(h.ctx)
	taking, stopTaking := context.WithCancel(ctx)
	defer context.AfterFunc(h.takes, stopTaking)()
	var triggers sync.WaitGroup
	for _, f := range h.app.functions {
		switch {
		case f.disabled:
		case f.trigger.Type == "serviceBusTrigger":
			triggers.Go(func() { h.pump(taking, f) })
		case f.trigger.Type == "timerTrigger":
			triggers.Go(func() { h.tick(ctx, taking, f) })
		}
	}
	h.supervise(ctx, port)
	cancel()
	triggers.Wait()
}

// supervise keeps a handler process running; it returns when the host shuts down.
func (h *Host) supervise(ctx context.Context, port string) {
	for {
		w, err := h.startProcess(port)
		if err != nil {
			h.logf("Failed to start Worker Channel. %v", err)
			h.set(StateBroken, err.Error(), nil)
			<-ctx.Done()
			return
		}
		h.mu.Lock()
		h.starts++
		h.mu.Unlock()
		h.set(StateStarting, "", w)
		if !h.watch(ctx, w) {
			return
		}
		if w.robbed() {
			if other, err := h.opt.port(); err == nil {
				port = other
			}
		}
	}
}

// watch follows one process to its end and says whether another is to be started.
func (h *Host) watch(ctx context.Context, w *worker) bool {
	err := w.probe(ctx, h.opt.InitializationTimeout)
	if err == nil {
		h.mu.Lock()
		h.readyIn = time.Since(w.began)
		h.mu.Unlock()
		h.set(StateRunning, "", w)
		select {
		case <-w.exited:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		w.kill()
		if w.cmd != nil {
			<-w.exited
		}
		return false
	}
	if w.robbed() {
		h.logf("Port %s has been taken by another program meanwhile, the handler gets another one.", w.port)
		h.set(StateStarting, "", nil)
		return true
	}
	if errors.Is(err, errNeverReady) {
		h.logf("Failed to start http worker process: %v.", err)
		w.kill()
		<-w.exited
		return h.mayRestart(err.Error())
	}
	switch {
	case w.dropped.Load() || w.code == 200:
	case w.code == 0:
		h.set(StateExited, "the handler ended with code 0 and is not started again", w)
		<-ctx.Done()
		return false
	default:
		return h.mayRestart(fmt.Sprintf("the handler exited with code %d", w.code))
	}
	h.set(StateStarting, "", nil)
	return true
}

const (
	crashLimit = 3
	crashGap   = 30 * time.Minute
)

// mayRestart counts a failure of the handler; the third, unless more than half an hour passed since the
// one before, ends the host.
func (h *Host) mayRestart(why string) bool {
	now := h.opt.Now()
	h.mu.Lock()
	if now.Sub(h.lastFail) > crashGap {
		h.crashes = 0
	}
	h.crashes++
	h.lastFail = now
	n := h.crashes
	h.mu.Unlock()
	if n < crashLimit {
		h.set(StateStarting, why, nil)
		return true
	}
	h.logf("Exceeded language worker restart retry count for runtime:custom. Shutting down and proactively recycling the Functions Host to recover.")
	h.set(StateDown, why+" for the third time", nil)
	return false
}

func (h *Host) set(state, problem string, w *worker) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == StateStopped {
		return
	}
	h.state, h.problem, h.worker = state, problem, w
	close(h.changed)
	h.changed = make(chan struct{})
}

var errDown = errors.New("the host is down")

// ready waits for a handler that can be called; a handler that ended with code 0 counts, its calls fail.
func (h *Host) ready(ctx context.Context) (*worker, error) {
	for {
		h.mu.Lock()
		state, w, changed := h.state, h.worker, h.changed
		h.mu.Unlock()
		switch state {
		case StateRunning, StateExited:
			return w, nil
		case StateDown, StateStopped:
			return nil, errDown
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-changed:
		}
	}
}

// Kill ends the handler with SIGKILL at once. The host sees a crash.
func (h *Host) Kill() {
	h.mu.Lock()
	w := h.worker
	h.mu.Unlock()
	if w != nil {
		w.kill()
	}
}

// Stop lets running calls finish for a few seconds, then kills the handler and ends everything.
func (h *Host) Stop() { h.stop(h.opt.StopGrace, true) }

// stop is Stop after a time of one's own; connections of callers may be left open for a host that comes after.
func (h *Host) stop(grace time.Duration, cut bool) {
	h.mu.Lock()
	end := time.Now().Add(grace)
	for len(h.running) > 0 && time.Now().Before(end) && h.ctx.Err() == nil && h.state == StateRunning {
		changed := h.changed
		h.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(time.Until(end)):
		}
		h.mu.Lock()
	}
	h.mu.Unlock()
	h.cancel()
	h.set(StateStopped, "", nil)
	h.mu.Lock()
	for c := range h.conns {
		if cut {
			_ = c.Close()
		}
	}
	h.mu.Unlock()
	h.all.Wait()
}

func (h *Host) track(c net.Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == StateStopped {
		return false
	}
	h.conns[c] = true
	return true
}

func (h *Host) untrack(c net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

func (h *Host) logf(format string, args ...any) { h.write("Host", fmt.Sprintf(format, args...)) }

func (h *Host) write(level, text string) {
	if h.opt.Log == nil {
		return
	}
	h.log.Lock()
	defer h.log.Unlock()
	if h.opt.name != "" {
		level += " " + h.opt.name
	}
	_, _ = fmt.Fprintf(h.opt.Log, "[%s] %s\n", level, text)
}
