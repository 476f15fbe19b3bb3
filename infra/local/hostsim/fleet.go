package hostsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Member is one of the processes of a fleet.
type Member struct {
	// Name is the process's, such as "crmtopartnercenter#1": the function, or the group of functions, that it
	// serves, and the number of the instance.
	Name string
	// Settings are its app settings. Those that are called AzureWebJobs.NAME.Disabled say which functions of the
	// package it does not serve.
	Settings map[string]string
}

// Fleet is a package that runs in several processes, each under a host of its own, as the Flex Consumption plan runs
// it: they have the package, the clock and the public address in common and nothing else. All methods may be called
// from several goroutines.
// https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling
type Fleet struct {
	opt        Options
	journal    *journal
	beds       *beds
	publishing sync.Mutex // one package after the other
	turns      atomic.Uint32

	mu    sync.RWMutex
	hosts []*Host // in the order of their members; Publish replaces them all
}

// list is what runs now.
func (f *Fleet) list() []*Host {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.hosts
}

// StartFleet starts a host for each member, with the options that they share; those of opt that are about settings
// are the members' own. An error is that of the member that has been asked last. Log is written to by all of them.
func StartFleet(ctx context.Context, opt Options, members ...Member) (*Fleet, error) {
	f := &Fleet{opt: opt, journal: &journal{}, beds: &beds{}}
	if len(members) == 0 {
		return nil, errors.New("a fleet without a process: name one at least")
	}
	var err error
	f.hosts, err = f.start(ctx, opt, nil, false, members)
	return f, err
}

// start starts a host for each member; their timers go on from those of the hosts before, beside which they may stay.
func (f *Fleet) start(ctx context.Context, opt Options, before []*Host, beside bool, members []Member) (hosts []*Host, err error) {
	for _, m := range members {
		own := opt
		own.Settings, own.journal, own.beds, own.name = m.Settings, f.journal, f.beds, m.Name
		if len(members) == 1 {
			own.name = cmp.Or(m.Name, onlyProcess)
		}
		own.part = own.name
		if before != nil {
			own.timers = timersOf(before, own.part)
		}
		if beside {
			own.name = numbered(own.name, slices.Concat(before, hosts))
		}
		h, err := Start(ctx, own)
		if err != nil {
			(&Fleet{hosts: hosts}).Stop()
			return nil, fmt.Errorf("process %s: %w", m.Name, err)
		}
		hosts = append(hosts, h)
	}
	return hosts, nil
}

// alone is the fleet of one host.
func (h *Host) alone() *Fleet { return &Fleet{hosts: []*Host{h}, journal: h.journal, beds: h.beds} }

// answering picks the host that a public call is for: the last of those that have a function for it, or for calls
// that none of them has a function for, the first. Where two apps serve the same path, in Azure each at an address of
// its own, the later one answers; two versions side by side, in turn.
func (f *Fleet) answering(c *call) *Host {
	path, _ := decodePath(c.path)
	if name, isAdmin := strings.CutPrefix(strings.ToLower(path), "/admin/functions/"); isAdmin {
		if h, _, err := f.timerNamed(name); err == nil {
			return h
		}
	}
	finds := func(h *Host) bool { fn, _ := h.app.find(c.method, path); return fn != nil }
	for _, h := range slices.Backward(f.list()) {
		if finds(h) {
			return f.inTurn(h, finds)
		}
	}
	return f.list()[0]
}

// inTurn gives those that have the same part as the host, and can do it, one after the other.
func (f *Fleet) inTurn(h *Host, can func(*Host) bool) *Host {
	alike := slices.DeleteFunc(slices.Clone(f.list()), func(o *Host) bool { return o.opt.part != h.opt.part || !can(o) })
	if len(alike) < 2 {
		return h
	}
	return alike[int(f.turns.Add(1))%len(alike)]
}

// Stop stops all processes as Host.Stop does, the first one last: callers' connections are its own.
func (f *Fleet) Stop() {
	var others sync.WaitGroup
	all := f.list()
	for _, h := range all[min(1, len(all)):] {
		others.Go(h.Stop)
	}
	others.Wait()
	if len(all) > 0 {
		all[0].Stop()
	}
}

// Wake tells all hosts that the world's clock has moved.
func (f *Fleet) Wake() {
	for _, h := range f.list() {
		h.Wake()
	}
}

// Busy counts invocations that have begun and not ended, of all processes.
func (f *Fleet) Busy() (n int) {
	for _, h := range f.list() {
		n += h.Busy()
	}
	return n
}

// ReadyIn is the time from the latest start of a process to its readiness, of the quickest.
func (f *Fleet) ReadyIn() time.Duration {
	var all []time.Duration
	for _, h := range f.list() {
		all = append(all, h.ReadyIn())
	}
	return slices.Min(all)
}

// severity orders states: the fleet is in the worst of its processes.
var severity = []string{StateRunning, StateStarting, StateDown, StateExited, StateBroken, StateStopped}

// Status says how all of them do: the state and problem of the process that does worst, the sums of the others.
func (f *Fleet) Status() Status {
	var out Status
	hosts := f.list()
	for i, h := range hosts {
		s := h.Status()
		if i == 0 || slices.Index(severity, s.State) > slices.Index(severity, out.State) {
			out.State, out.Problem = s.State, s.Problem
			if s.Problem != "" && len(hosts) > 1 {
				out.Problem = h.name + ": " + s.Problem
			}
		}
		out.Restarts += s.Restarts
		out.Running += s.Running
		out.Functions = append(out.Functions, s.Functions...)
		out.Processes = append(out.Processes, s.Processes...)
	}
	out.HandlerPID = out.Processes[0].PID
	slices.Sort(out.Functions)
	out.Functions = slices.Compact(out.Functions)
	return out
}

var processName = regexp.MustCompile(`^([a-z][a-z0-9_-]*)#([1-9][0-9]*)$`)

// named finds a process by its name, or by that of a function that it serves and the number among those that do.
// Empty is the first. One process alone has every name: all functions share it.
func (f *Fleet) named(process string) (*Host, error) {
	m, hosts := processName.FindStringSubmatch(process), f.list()
	switch i := slices.IndexFunc(hosts, func(h *Host) bool { return h.name == process }); {
	case process == "":
		return hosts[0], nil
	case i >= 0:
		return hosts[i], nil
	case m != nil && m[2] == "1" && len(hosts) == 1:
		return hosts[0], nil
	case m != nil:
		n, _ := strconv.Atoi(m[2])
		for _, h := range f.list() {
			if h.serves(m[1]) {
				if n--; n == 0 {
					return h, nil
				}
			}
		}
	}
	var names []string
	for _, h := range f.list() {
		names = append(names, h.name)
	}
	return nil, fmt.Errorf("process %q: use a name as GET status lists them: %s", process, strings.Join(names, ", "))
}

// function is one that the host serves.
func (h *Host) function(name string) *function {
	i := slices.IndexFunc(h.app.functions, func(fn *function) bool { return !fn.disabled && strings.EqualFold(fn.name, name) })
	return h.app.functions[i]
}

func (h *Host) serves(name string) bool {
	return slices.ContainsFunc(h.app.functions, func(fn *function) bool { return !fn.disabled && strings.EqualFold(fn.name, name) })
}

// Process says which process has a name: its own, that of a function that it serves with the number among those that
// do, or none for the first. The error lists them.
func (f *Fleet) Process(name string) (Process, error) {
	h, err := f.named(name)
	if err != nil {
		return Process{}, err
	}
	return h.Status().Processes[0], nil
}

// Kill ends a process, by name as Process has them, with SIGKILL at once. Its host sees a crash.
func (f *Fleet) Kill(name string) error {
	h, err := f.named(name)
	if err == nil {
		h.Kill()
	}
	return err
}

// timerNamed finds a timer function that is on, and its host: of two versions side by side, in turn.
func (f *Fleet) timerNamed(name string) (*Host, *function, error) {
	var names []string
	for _, h := range f.list() {
		for _, fn := range h.app.functions {
			switch {
			case fn.trigger.Type != "timerTrigger" || fn.disabled:
			case strings.EqualFold(fn.name, name):
				h = f.inTurn(h, func(o *Host) bool { return o.serves(fn.name) })
				return h, h.function(fn.name), nil
			default:
				names = append(names, fn.name)
			}
		}
	}
	slices.Sort(names)
	return nil, nil, fmt.Errorf("function %q is not a timer function that is on: use one of %q", name, names)
}

// Trigger runs a timer function now, on top of its schedule, and waits for its end. The error says that
// there is no such function or that its invocation failed.
func (f *Fleet) Trigger(ctx context.Context, name string) error {
	h, fn, err := f.timerNamed(name)
	if err != nil {
		return err
	}
	return h.runTimer(ctx, fn, nil)
}

// MountControl adds GET /history, GET /status, POST /trigger and /sleep.
func (f *Fleet) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("GET /history", f.journal.answer)
	f.mountSleep(mux)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		control.WriteJSON(w, http.StatusOK, f.Status())
	})
	mux.HandleFunc("POST /trigger", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Function string `json:"function"`
		}
		if err := control.ReadJSON(r, &body); err != nil {
			control.WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		if _, _, err := f.timerNamed(body.Function); err != nil {
			control.WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		if err := f.Trigger(r.Context(), body.Function); err != nil {
			control.WriteError(w, http.StatusInternalServerError, "%s failed: %v", body.Function, err)
			return
		}
		control.WriteJSON(w, http.StatusOK, map[string]string{"function": body.Function, "result": "succeeded"})
	})
}

// MountControl is that of a fleet of this host alone.
func (h *Host) MountControl(mux *http.ServeMux) { h.alone().MountControl(mux) }

// Trigger is that of a fleet of this host alone.
func (h *Host) Trigger(ctx context.Context, name string) error { return h.alone().Trigger(ctx, name) }
