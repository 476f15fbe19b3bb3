package world

import (
	"context"
	"time"
)

const (
	// horizon is how far ahead of now something may be due and still count as not idle.
	horizon = 30 * time.Second
	// lookEvery is the pause between two looks.
	lookEvery = 10 * time.Millisecond
)

// idle waits until the whole world was quiet in two looks in a row and nothing was called in between. It
// returns nil then; after wait it returns what is still waiting, by part. It always looks twice.
func (w *World) idle(ctx context.Context, wait time.Duration) map[string]int {
	deadline := time.NewTimer(max(wait, 3*lookEvery))
	defer deadline.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	quietAt := int64(-1) // calls ever made when the last look found quiet
	for {
		calls := w.calls()
		waiting := w.waiting(ctx)
		switch {
		case len(waiting) > 0:
			quietAt = -1
		case quietAt == calls:
			return nil
		default:
			quietAt = calls
			waiting["looking"] = 1
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return waiting
		case <-ctx.Done():
			return waiting
		}
	}
}

// calls counts every call that any part has ever been sent.
func (w *World) calls() int64 {
	n := w.tables.calls.Load()
	for _, s := range w.systems {
		n += s.calls.Load()
	}
	return n
}

// waiting counts what is queued, in flight or due soon, by part. The broker is a process of its own and
// asked last, and only when the rest is quiet: a message that leaves it is already in flight elsewhere.
func (w *World) waiting(ctx context.Context) map[string]int {
	until := w.clock.now().Add(horizon)
	out := map[string]int{}
	note := func(part string, n int) {
		if n > 0 {
			out[part] += n
		}
	}
	for _, s := range w.systems {
		note(s.name, s.sim.Pending(until)+s.wire.InFlight())
	}
	note("tables", w.tables.wire.InFlight())
	note("host", w.host.Busy())
	note("links", w.links.held())
	if len(out) == 0 {
		note("serviceBus", w.brokerPending(ctx))
	}
	return out
}
