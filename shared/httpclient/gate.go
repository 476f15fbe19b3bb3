package httpclient

import (
	"context"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// DefaultConcurrent is the number of calls in flight per identity. Dataverse refuses the 52nd.
// https://learn.microsoft.com/power-apps/developer/data-platform/api-limits
const DefaultConcurrent = 40

// shortWait is the longest wait that a call sits out here; longer ones wait in the queue.
const shortWait = 3 * time.Second

// Gate belongs to one identity and is shared by all its callers: after a 429 nobody sends before the
// wait has passed, since calls in the meantime make it longer. It also limits the calls in flight.
type Gate struct {
	slots chan struct{}
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu    sync.Mutex
	until time.Time
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
	return &Gate{slots: make(chan struct{}, maximum), now: now, sleep: sleeper}
}

// Close keeps everybody out for d. A shorter wait never shortens a longer one.
func (g *Gate) Close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// Remaining is how long the gate stays closed.
func (g *Gate) Remaining() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(g.until.Sub(g.now()), 0)
}

// Enter waits for a slot while the gate is open; leave gives it back. A gate that is closed for longer
// than a few seconds is fault.Later.
func (g *Gate) Enter(ctx context.Context) (leave func(), err error) {
	for {
		select {
		case g.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, fault.New(fault.Broken, "waiting for one of %d calls to end: %w", cap(g.slots), ctx.Err())
		}
		d := g.Remaining()
		if d == 0 {
			return func() { <-g.slots }, nil
		}
		<-g.slots
		if d > shortWait {
			return nil, throttled(d)
		}
		if err := g.sleep(ctx, d); err != nil {
			return nil, fault.New(fault.Broken, "waiting as the other side asked: %w", err)
		}
	}
}

func throttled(d time.Duration) error {
	return fault.Wait(d, "the other side asked to wait %s", d.Round(time.Second)).With("throttled", "")
}

func gated(o Options, next step) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		leave, err := o.Gate.Enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		resp, err := next(ctx, c)
		if err == nil && resp.Status == 429 {
			o.Gate.Close(RetryAfter(resp, o.Now()))
		}
		return resp, err
	}
}
