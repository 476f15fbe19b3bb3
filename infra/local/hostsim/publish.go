package hostsim

import (
	"context"
	"fmt"
	"maps"
	"net"
	"sync"
)

// The site update strategies of Flex Consumption.
// https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates
const (
	Recreate = "recreate" // the default: running instances are ended, whatever they do, and new ones start
	Rolling  = "rolling"  // new instances start beside the old ones, which take nothing more and end when they are done
)

// Publish puts another package in the place of the one that runs, which may be the same folder with other contents.
// members are the processes as StartFleet takes them: another package may have other functions. Schedules of timers go
// on, connections of callers stay open. Calls that come meanwhile wait for the new processes. An error means that the
// old package still runs.
func (f *Fleet) Publish(ctx context.Context, dir, strategy string, members ...Member) error {
	f.publishing.Lock()
	defer f.publishing.Unlock()
	if strategy != Recreate && strategy != Rolling {
		return fmt.Errorf("strategy %q: use %s or %s", strategy, Recreate, Rolling)
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
	fresh, err := f.start(context.WithoutCancel(ctx), opt, old, members) // ctx is a call's, and they outlive it
	if err != nil {
		return err // cannot be: the folder was read a moment ago
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

// timersOf are the schedules that a process left behind, for the one of the same name.
func timersOf(hosts []*Host, name string) map[string]*timer {
	for _, h := range hosts {
		if h.name == name {
			h.mu.Lock()
			defer h.mu.Unlock()
			return maps.Clone(h.timers)
		}
	}
	return nil
}
