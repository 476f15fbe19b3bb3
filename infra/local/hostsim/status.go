package hostsim

import (
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// The states of Status.
const (
	StateStarting = "starting" // the handler is not ready yet
	StateRunning  = "running"
	StateExited   = "exited"  // the handler ended with code 0: every call fails, no restart
	StateBroken   = "broken"  // the handler cannot be started: callers get no answer
	StateDown     = "down"    // the host shut down; the platform will start it again
	StateStopped  = "stopped" // Stop was called
)

// Status is the body of GET status.
type Status struct {
	State      string   `json:"state"`
	Problem    string   `json:"problem,omitempty"` // what is wrong, in words
	HandlerPID int      `json:"handlerPid"`
	Restarts   int      `json:"restarts"` // starts of the handler after the first
	Running    int      `json:"running"`  // invocations that have not ended
	Functions  []string `json:"functions"`
	// Processes are the handler processes; HandlerPID is the first of them.
	Processes []Process `json:"processes"`
}

// Process is one handler process. On a plan where all functions share one it is called "handler#1", on one
// where they do not after its function: "crmtopartnercenter#1".
type Process struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
}

// onlyProcess is the name of a host's process as long as all functions share one.
const onlyProcess = "handler#1"

// Status says how the host does.
func (h *Host) Status() Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Status{State: h.state, Problem: h.problem, Restarts: max(0, h.starts-1), Running: len(h.running), HandlerPID: h.worker.pid()}
	for _, f := range h.app.functions {
		if !f.disabled {
			s.Functions = append(s.Functions, f.name)
		}
	}
	slices.Sort(s.Functions)
	s.Processes = []Process{{Name: h.name, PID: s.HandlerPID}}
	return s
}

// Busy counts invocations that have begun and not ended.
func (h *Host) Busy() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.running)
}

// ReadyIn is the time from the latest process start to its readiness.
func (h *Host) ReadyIn() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readyIn
}

// Memory is what one process holds of the machine's memory, in bytes: now, and at most so far.
type Memory struct {
	Name      string
	Now, Peak int64
}

// Memory reads the resident memory of every process from /proc.
func (f *Fleet) Memory() (out []Memory, err error) {
	for _, h := range f.list() {
		now, peak, err := h.HandlerRSS()
		if err != nil {
			return nil, err
		}
		out = append(out, Memory{h.name, now, peak})
	}
	return out, nil
}

// HandlerRSS reads the handler's resident memory and its peak from /proc, in bytes.
func (h *Host) HandlerRSS() (now, peak int64, err error) {
	return control.RSS(h.Status().HandlerPID)
}
