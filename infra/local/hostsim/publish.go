package hostsim

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
)

// The site update strategies of Flex Consumption.
// https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates
const (
	Recreate = "recreate" // the default: running instances are ended, whatever they do, and new ones start
	Rolling  = "rolling"  // new instances start beside the old ones, which take nothing more and end when they are done
	// Beside is the moment in the middle of a rolling update, made to last: new instances start, the old ones go on, and
	// both serve until the next publication. Public calls go to the one and the other in turn; a timer that is due runs
	// in both, one after the other, where Azure would let one of them.
	Beside = "beside"
)

// Strategies are all of them.
func Strategies() []string { return []string{Recreate, Rolling, Beside} }

// Publish puts another package in the place of the one that runs, which may be the same folder with other contents.
// members are the processes as StartFleet takes them: another package may have other functions. Schedules of timers go
// on, connections of callers stay open. Calls that come meanwhile wait for the new processes. An error means that the
// old package still runs.
func (f *Fleet) Publish(ctx context.Context, dir, strategy string, members ...Member) error {
	f.publishing.Lock()
	defer f.publishing.Unlock()
	if !slices.Contains(Strategies(), strategy) {
		return fmt.Errorf("strategy %q: use %s, %s or %s", strategy, Recreate, Rolling, Beside)
	}
	for _, m := range members { // before anything is ended
		if _, err := load(dir, m.Settings); err != nil {
			return err
		}
	}
	old := f.list()
	if strategy == Recreate {
		endAll(old, (*Host).end)
	}
	opt := f.opt
	opt.Dir = dir
	fresh, err := f.start(context.WithoutCancel(ctx), opt, old, strategy == Beside, members) // ctx is a call's, and they outlive it
	if err != nil {
		return err // cannot be: the folder was read a moment ago
	}
	if strategy == Beside {
		f.mu.Lock()
		f.hosts = slices.Concat(old, fresh)
		f.mu.Unlock()
		for _, h := range fresh {
			h.settled(ctx)
		}
		return nil
	}
	f.mu.Lock()
	f.hosts, f.opt = fresh, opt
	f.mu.Unlock()
	old[0].handOver(fresh[0])
	if strategy == Rolling {
		for _, h := range fresh {
			h.settled(ctx)
		}
		endAll(old, (*Host).drain)
	}
	return nil
}

// settled waits until the process can be called, or has shown that it never will.
func (h *Host) settled(ctx context.Context) {
	for {
		h.mu.Lock()
		state, changed := h.state, h.changed
		h.mu.Unlock()
		if state != StateStarting {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func endAll(hosts []*Host, end func(*Host)) {
	for _, h := range hosts {
		h.rest() // else one would take what another has just given back
	}
	var all sync.WaitGroup
	for _, h := range hosts {
		all.Go(func() { end(h) })
	}
	all.Wait()
}

// end ends the process at once, whatever it does: its calls fail, its messages come again.
func (h *Host) end() { h.stop(0, false) }

// drain lets the process finish what it has begun.
func (h *Host) drain() { h.stop(h.opt.FunctionTimeout, false) }

// handOver gives the callers' connections to another host, so that the end of this one does not cut them.
func (h *Host) handOver(to *Host) {
	h.mu.Lock()
	mine := h.conns
	h.conns = map[net.Conn]bool{}
	h.mu.Unlock()
	for c := range mine {
		to.track(c)
	}
}

// numbered is the name with the first number that none of the hosts has.
func numbered(name string, hosts []*Host) string {
	head, _, _ := strings.Cut(name, "#")
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s#%d", head, n)
		if !slices.ContainsFunc(hosts, func(h *Host) bool { return h.name == name }) {
			return name
		}
	}
}

// timersOf are the schedules that a process left behind, for the one that takes its part.
func timersOf(hosts []*Host, part string) map[string]*timer {
	for _, h := range hosts {
		if h.opt.part == part {
			h.mu.Lock()
			defer h.mu.Unlock()
			return maps.Clone(h.timers)
		}
	}
	return nil
}
