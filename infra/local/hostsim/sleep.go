package hostsim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// sleep is how the platform treats queue functions that nothing is kept ready for: after a while without a message no
// instance is left, and the next message is noticed late. What it really takes is not promised anywhere; up to two
// minutes were seen. All times are the world's.
// https://github.com/Azure/azure-functions-host/issues/10706
type sleep struct {
	After string   `json:"after"` // without a message for so long; "0s": never
	Wake  string   `json:"wake"`  // until the first message after that is noticed
	Ready []string `json:"ready"` // functions that an instance is always ready for

	after, wake time.Duration
}

// longestWake bounds how late a message is noticed.
const longestWake = 10 * time.Minute

// check reads the durations. The error says what is wrong and what is allowed.
func (s *sleep) check() error {
	for name, d := range map[string]struct {
		text string
		into *time.Duration
		most time.Duration
	}{"after": {s.After, &s.after, 24 * time.Hour}, "wake": {s.Wake, &s.wake, longestWake}} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(d.text)
		if err != nil || v < 0 || v > d.most {
			return fmt.Errorf(`%s %q: use a duration from 0s to %s, such as "2m"`, name, d.text, d.most)
		}
		*d.into = v
	}
	return nil
}

// beds know which queue functions of a fleet sleep. A function has one state, however many processes serve it.
type beds struct {
	mu     sync.Mutex
	rule   sleep
	worked map[string]time.Time // when a function had work last
	awake  map[string]time.Time // when the platform has noticed that it has work again
}

// set makes a rule; every function is awake at that moment.
func (b *beds) set(rule sleep, now time.Time, names ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rule, b.worked, b.awake = rule, map[string]time.Time{}, map[string]time.Time{}
	for _, name := range names {
		b.worked[name] = now
	}
}

func (b *beds) work(name string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.worked != nil {
		b.worked[name] = now
	}
}

// noticed is when a message that is there now can be worked on; woken says that it is the one that wakes the function.
func (b *beds) noticed(name string, now time.Time) (at time.Time, woken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ready := slices.ContainsFunc(b.rule.Ready, func(r string) bool { return strings.EqualFold(r, name) })
	switch {
	case b.rule.after == 0 || ready:
		return now, false
	case now.Before(b.awake[name]):
		return b.awake[name], false
	case now.Sub(b.worked[name]) <= b.rule.after:
		return now, false
	}
	b.awake[name] = now.Add(b.rule.wake)
	b.worked[name] = b.awake[name]
	return b.awake[name], true
}

// rouse waits until the platform has noticed the function's work. A process that serves nothing else is a new one
// then. It is false when ctx has ended before.
func (h *Host) rouse(ctx context.Context, f *function) bool {
	at, woken := h.beds.noticed(f.name, h.opt.Now())
	if woken {
		h.logf("Functions.%s has been asleep; its message is noticed at %s.", f.name, at.Format(time.RFC3339))
		if s := h.Status(); len(s.Functions) == 1 {
			h.recycle()
		}
	}
	return h.sleepUntil(ctx, at)
}

// recycle replaces the process by a new one, which is no crash.
func (h *Host) recycle() {
	h.mu.Lock()
	w := h.worker
	h.mu.Unlock()
	if w != nil {
		w.dropped.Store(true)
		w.kill()
		<-w.exited
	}
}

// mountSleep adds GET and POST /sleep.
func (f *Fleet) mountSleep(mux *http.ServeMux) {
	show := func(w http.ResponseWriter) {
		f.beds.mu.Lock()
		defer f.beds.mu.Unlock()
		r := f.beds.rule
		control.WriteJSON(w, http.StatusOK, sleep{After: r.after.String(), Wake: r.wake.String(), Ready: append([]string{}, r.Ready...)})
	}
	mux.HandleFunc("GET /sleep", func(w http.ResponseWriter, _ *http.Request) { show(w) })
	mux.HandleFunc("POST /sleep", func(w http.ResponseWriter, r *http.Request) {
		var s sleep
		err := control.ReadJSON(r, &s)
		if err == nil {
			err = s.check()
		}
		names := f.queueFunctions()
		for _, name := range s.Ready {
			if err == nil && !slices.Contains(names, name) {
				err = fmt.Errorf("ready %q is no queue function: use some of %q", name, names)
			}
		}
		if err != nil {
			control.WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		f.beds.set(s, f.list()[0].opt.Now(), names...)
		show(w)
	})
}

// queueFunctions are the names of the queue functions that are on.
func (f *Fleet) queueFunctions() (names []string) {
	for _, h := range f.list() {
		for _, fn := range h.app.functions {
			if fn.trigger.Type == "serviceBusTrigger" && !fn.disabled && !slices.Contains(names, fn.name) {
				names = append(names, fn.name)
			}
		}
	}
	slices.Sort(names)
	return names
}
