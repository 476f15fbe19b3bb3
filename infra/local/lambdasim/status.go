package lambdasim

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// StateRunning is the state of a platform that has not been stopped: it always takes invocations.
const StateRunning = "running"

// Status is the body of GET status.
type Status struct {
	State      string   `json:"state"`
	HandlerPID int      `json:"handlerPid"` // the first process, 0 where there is none
	Restarts   int      `json:"restarts"`   // environments that have ended
	Running    int      `json:"running"`    // invocations that have not ended
	Functions  []string `json:"functions"`
	// Processes are the environments, frozen ones too.
	Processes []Process `json:"processes"`
}

// Process is one environment. Its name is its function's and a number: "worker#1".
type Process struct {
	Name   string `json:"name"`
	PID    int    `json:"pid"`
	Frozen bool   `json:"frozen"`
}

// Status says how the platform does.
func (p *Platform) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{State: StateRunning, Processes: []Process{}}
	for _, f := range p.functions {
		s.Functions = append(s.Functions, f.Name)
		s.Running += f.running
		for _, e := range f.envs {
			e.mu.Lock()
			s.Processes = append(s.Processes, Process{Name: e.name, PID: e.pid(), Frozen: e.frozen})
			e.mu.Unlock()
		}
	}
	s.Restarts = p.starts - len(s.Processes)
	if len(s.Processes) > 0 {
		s.HandlerPID = s.Processes[0].PID
	}
	slices.Sort(s.Functions)
	return s
}

// Busy counts calls and schedules that are due and not done, but for those that wait on purpose.
func (p *Platform) Busy() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opt.Now()
	for _, f := range p.functions {
		n += f.busy
		for _, r := range f.schedules {
			if !r.Waits && !now.Before(r.next) {
				n++ // it is about to begin
			}
		}
	}
	return n
}

// InitTimes are the times from the start of each process of a function to its first question for an invocation.
func (p *Platform) InitTimes(name string) []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.functions {
		if f.Name == name {
			return slices.Clone(f.initTimes)
		}
	}
	return nil
}

// Kill ends the process of that name hard, or with "" all of them. An environment that is idle is gone with it.
func (p *Platform) Kill(name string) {
	p.mu.Lock()
	var struck, idle []*environment
	for _, f := range p.functions {
		for _, e := range f.envs {
			if name != "" && name != e.name {
				continue
			}
			struck = append(struck, e)
			if e.idle {
				e.idle = false
				idle = append(idle, e)
			}
		}
	}
	p.mu.Unlock()
	for _, e := range struck {
		e.kill()
	}
	for _, e := range idle { // the others end with their invocation
		p.release(e, false)
	}
}

// MountControl adds GET /history, GET /status and POST /trigger.
func (p *Platform) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("GET /history", p.history)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, http.StatusOK, p.Status()) })
	mux.HandleFunc("POST /trigger", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Function string `json:"function"`
		}
		if err := control.ReadJSON(r, &body); err != nil {
			control.WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		if err := p.Trigger(r.Context(), body.Function); err != nil {
			control.WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		control.WriteJSON(w, http.StatusOK, body)
	})
}

func (p *Platform) history(w http.ResponseWriter, r *http.Request) {
	if err := control.OnlyQuery(r, "since"); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	since, err := strconv.Atoi(r.URL.Query().Get("since"))
	if text := r.URL.Query().Get("since"); text != "" && (err != nil || since < 0) {
		control.WriteError(w, http.StatusBadRequest, "since=%s is not a number of an entry (0 or more)", text)
		return
	}
	p.mu.Lock()
	out := append([]control.Entry{}, p.entries[min(max(0, since), len(p.entries)):]...)
	p.mu.Unlock()
	control.WriteJSON(w, http.StatusOK, out)
}
