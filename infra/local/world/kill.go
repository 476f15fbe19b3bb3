package world

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// hostTables is the name of the table store in a kill: the real name depends on the storage account.
const hostTables = "tables"

// killable is what a killer kills: the processes of a host.
type killable interface {
	// Process finds one by a name; none is the first. The error lists them.
	Process(name string) (hostsim.Process, error)
	Kill(name string) error
	Status() hostsim.Status
}

// killer watches what the handlers call and kills one at the call that was asked for.
type killer struct {
	fleet killable

	mu    sync.Mutex
	armed []*armedKill
}

type armedKill struct {
	control.KillAfter
	call    wanted
	since   *wanted // nil: counting has begun
	process string  // whose calls count; empty: everybody's
	deed    string
	do      func(caller string)
	left    int
	hit     *http.Request // the call that was counted to zero, until its point comes
	victim  string        // who made it
}

// arm takes a kill for later: of the process, or without one of whichever makes the call. The error says what is
// wrong and what is allowed.
func (k *killer) arm(process string, after control.KillAfter) error {
	return k.at(deedKill, process, after, func(victim string) { _ = k.fleet.Kill(victim) }) // it is there: it made the call
}

// The deeds that are armed.
const (
	deedKill = "kill"
	deedLink = "link"

	deedRestart = "restart"
)

// at does something at a call, with the name of the process that makes it.
func (k *killer) at(deed, process string, after control.KillAfter, do func(caller string)) error {
	call, err := want("after", control.Call{Host: after.Host, Method: after.Method, Path: after.Path})
	if err != nil {
		return err
	}
	var since *wanted
	if after.Since != nil {
		first, err := want("after.since", *after.Since)
		if err != nil {
			return err
		}
		since = &first
	}
	switch control.Point(after.Point) {
	case "":
		after.Point = string(control.Committed)
	case control.Before, control.Committed, control.Answered:
	default:
		return fmt.Errorf("after.point %q: use before, committed or answered", after.Point)
	}
	if after.N < 0 {
		return fmt.Errorf("after.n %d: use 1 for the next matching call", after.N)
	}
	if process != "" {
		p, err := k.fleet.Process(process)
		if err != nil {
			return err
		}
		process = p.Name
	}
	if len(k.fleet.Status().Processes) > 1 && !canTellCallers() {
		return fmt.Errorf("after: this system does not say whose a connection is (there is no %s): leave it out, or use the layout %s", connectionsFile, LayoutOne)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.armed = append(k.armed, &armedKill{KillAfter: after, call: call, since: since, process: process, deed: deed, do: do, left: max(1, after.N)})
	return nil
}

// disarm forgets deeds of a kind that have not come.
func (k *killer) disarm(deed string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.armed = slices.DeleteFunc(k.armed, func(a *armedKill) bool { return a.deed == deed })
}

// watch is called at each point of each call, in the goroutine of the call: while it kills, no answer leaves.
func (k *killer) watch(p control.Point, r *http.Request) {
	if armed := k.due(p, r); armed != nil {
		armed.do(armed.victim)
	}
}

func (k *killer) due(p control.Point, r *http.Request) *armedKill {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, a := range k.armed {
		if a.since != nil {
			if p == control.Committed && a.since.matches(r) {
				a.since = nil
			}
			continue
		}
		if p == control.Before && a.hit == nil && a.call.matches(r) {
			if by := k.caller(r); by != "" && (a.process == "" || a.process == by) {
				if a.left--; a.left == 0 {
					a.hit, a.victim = r, by
				}
			}
		}
		if a.hit == r && control.Point(a.Point) == p {
			k.armed = append(k.armed[:i:i], k.armed[i+1:]...)
			return a
		}
	}
	return nil
}

// caller names the process that makes a call. A process alone makes them all; of several, only their own count.
func (k *killer) caller(r *http.Request) string {
	all := k.fleet.Status().Processes
	if len(all) == 1 {
		return all[0].Name
	}
	return callerAmong(r, all)
}

// wanted is a call that a kill counts or waits for.
type wanted struct {
	control.Call
	path *regexp.Regexp
}

// want checks a call that somebody names; the error begins with the name of the field.
func want(field string, c control.Call) (wanted, error) {
	path, err := regexp.Compile(c.Path)
	if err != nil {
		return wanted{}, fmt.Errorf("%s.path: %w", field, err)
	}
	if known := append(sortedKeys(surfaces()), hostTables); c.Host != "" && !slices.Contains(known, strings.ToLower(c.Host)) {
		return wanted{}, fmt.Errorf("%s.host %q: use %s", field, c.Host, strings.Join(known, ", "))
	}
	if err := control.KnownMethod(field+".method", c.Method); err != nil {
		return wanted{}, err
	}
	return wanted{Call: c, path: path}, nil
}

func (w *wanted) matches(r *http.Request) bool {
	return (w.Host == "" || strings.EqualFold(w.Host, r.Host)) &&
		(w.Method == "" || strings.EqualFold(w.Method, r.Method)) &&
		w.path.MatchString(r.URL.Path)
}
