package httpclient

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// DefaultConcurrent is the number of calls in flight per identity. Dataverse refuses the 52nd.
// https://learn.microsoft.com/power-apps/developer/data-platform/api-limits
const DefaultConcurrent = 40

// shortWait is the longest wait that a call sits out here; longer ones wait in the queue.
const shortWait = 3 * time.Second

// Shared is what the processes of one installation know together of an identity: a 429 that one of them was
// answered holds for all, and so does the limit of calls in flight. Errors are not the caller's business: a
// gate that cannot ask goes on with what it knows.
type Shared interface {
	// Look says until when the identity was asked to wait, how many processes work under it, and as of when
	// that is known.
	Look(ctx context.Context) (until time.Time, processes int, at time.Time, err error)
	// Close tells the others.
	Close(ctx context.Context, until time.Time) error
}

const (
	// copyAge is how old a copy of what others know may be: a call may leave at most this long after
	// another process has written its 429 down, and that together stays under a second.
	copyAge = 700 * time.Millisecond
	// lookTime bounds a look: a slow store must not hold the calls up.
	lookTime = 2 * time.Second
)

// Gate belongs to one identity and is shared by all its callers: after a 429 nobody sends before the
// wait has passed, since calls in the meantime make it longer. It also limits the calls in flight.
type Gate struct {
	budget int
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	shared Shared
	before *Gate // one that has to be open as well, of which this one is told nothing; nil: none

	circuit  circuit
	mu       sync.Mutex
	until    time.Time
	inFlight int
	limit    int             // our part of the budget
	waiting  []chan struct{} // callers without a slot, in their order
	looked   time.Time
	looking  chan struct{} // closed when the look that is under way has ended
}

// NewGate makes an open gate; maximum 0 is DefaultConcurrent, nil functions are the real ones.
func NewGate(maximum int, now func() time.Time, sleeper func(context.Context, time.Duration) error) *Gate {
	if maximum <= 0 {
		maximum = DefaultConcurrent
	}
	if now == nil {
		now = time.Now
	}
	if sleeper == nil {
		sleeper = sleep
	}
	return &Gate{budget: maximum, limit: maximum, now: now, sleep: sleeper}
}

// ShareWith makes the gate one of several that stand for the same identity, and returns it. To be called
// before the first use.
func (g *Gate) ShareWith(s Shared) *Gate {
	g.shared = s
	return g
}

// Close keeps everybody out for d. A shorter wait never shortens a longer one.
func (g *Gate) Close(d time.Duration) { g.closeUntil(g.now().Add(d)) }

func (g *Gate) closeUntil(until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.until) {
		g.until = until
	}
}

// closeForAll also tells the other processes, before the caller does anything else.
func (g *Gate) closeForAll(ctx context.Context, d time.Duration) {
	until := g.now().Add(d)
	g.closeUntil(until)
	if g.shared == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	_ = g.shared.Close(ctx, until) // they find out by themselves then
}

// Throttled keeps all callers of the client's identity out, as a 429 does: a part of a batch may be one.
func (c *Client) Throttled(ctx context.Context, d time.Duration) { c.options.Gate.closeForAll(ctx, d) }

// Remaining is how long the gate stays closed.
func (g *Gate) Remaining() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(g.until.Sub(g.now()), 0)
}

// Enter waits for a slot while the gate is open; leave gives it back. A gate that is closed for longer
// than a few seconds is fault.Later.
func (g *Gate) Enter(ctx context.Context) (leave func(), err error) {
	return g.enter(ctx, "the other side")
}

// enter is Enter for a call of side, which the refusal names.
func (g *Gate) enter(ctx context.Context, side string) (leave func(), err error) {
	for {
		g.look(ctx) // our part of the slots may be smaller than we think
		if err := g.take(ctx); err != nil {
			return nil, err
		}
		g.look(ctx) // the wait for a slot may have been long
		d := g.Remaining()
		if g.before != nil {
			g.before.look(ctx)
			d = max(d, g.before.Remaining())
		}
		if d == 0 {
			return g.leave, nil
		}
		g.leave()
		if d > shortWait {
			return nil, throttled(side, d)
		}
		if err := g.sleep(ctx, d); err != nil {
			return nil, fault.New(fault.Broken, "waiting as the other side asked: %w", err)
		}
	}
}

// take waits for a slot, first come, first served.
func (g *Gate) take(ctx context.Context) error {
	g.mu.Lock()
	if g.inFlight < g.limit {
		g.inFlight++
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	limit := g.limit
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, turn); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	} else { // the slot came at the same moment
		g.free()
	}
	return fault.New(fault.Broken, "waiting for one of %d calls to end: %w", limit, ctx.Err())
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free()
}

// free gives a slot back, and slots that are free to those who wait; the lock is held.
func (g *Gate) free() {
	g.inFlight--
	g.admit()
}

func (g *Gate) admit() {
	for g.inFlight < g.limit && len(g.waiting) > 0 {
		g.inFlight++
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
	}
}

// look renews the copy of what the other processes know when it has become old. Callers that come while
// one looks wait for that look.
func (g *Gate) look(ctx context.Context) {
	if g.shared == nil {
		return
	}
	g.mu.Lock()
	if now := g.now(); !g.looked.IsZero() && now.Sub(g.looked) < copyAge && !now.Before(g.looked) {
		g.mu.Unlock()
		return
	}
	under := g.looking
	if under == nil {
		g.looking = make(chan struct{})
	}
	g.mu.Unlock()
	if under != nil {
		select {
		case <-under:
		case <-ctx.Done():
		}
		return
	}
	began := g.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	until, processes, at, err := g.shared.Look(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.looking)
	g.looking, g.looked = nil, began
	if err != nil {
		return
	}
	g.looked = at
	if until.After(g.until) {
		g.until = until
	}
	g.limit = max(g.budget/max(processes, 1), 1)
	g.admit()
}

// unanswered says whether a system did not answer as one that works.
func (o Options) unanswered(resp *Response, err error) bool {
	if err != nil {
		return true
	}
	return resp.Status >= 500 && resp.Status != http.StatusNotImplemented && (o.Final == nil || !o.Final(resp))
}

func throttled(side string, d time.Duration) error {
	return fault.Wait(d, "%s asked to wait %s", side, d.Round(time.Second)).With("throttled", "")
}

func gated(o Options, next step) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		probe := false
		if c.try == 1 { // later tries of a call are part of it: nobody knows what became of the first
			var err error
			if probe, err = o.Gate.circuit.enter(o.Now(), c.host()); err != nil {
				return nil, err
			}
		}
		leave, err := o.Gate.enter(ctx, c.host())
		if err != nil {
			return nil, err
		}
		defer leave()
		resp, err := next(ctx, c)
		if !errors.Is(ctx.Err(), context.Canceled) {
			o.Gate.circuit.ended(o.Now(), pathOf(c.at), o.unanswered(resp, err), probe)
		}
		if err == nil && resp.Status == 429 {
			o.Gate.closeForAll(ctx, RetryAfter(resp, o.Now()))
		}
		return resp, err
	}
}
