package opportunities

import (
	"context"
	"time"
)

// cacheAge is how long metadata, currencies, the solution catalogue, rows behind lookups, users and people who stand in
// for an owner are believed: one reading an hour.
const cacheAge = time.Hour

// cached is something of the CRM that rarely changes. One goroutine loads, the others wait for it, no
// longer than their own context lets them.
type cached[T any] struct {
	now  func() time.Time
	load func(ctx context.Context) (T, error)

	lock  chan struct{} // holds one token
	value T
	at    time.Time
}

func newCached[T any](now func() time.Time, load func(ctx context.Context) (T, error)) *cached[T] {
	c := &cached[T]{now: now, load: load, lock: make(chan struct{}, 1)}
	c.lock <- struct{}{}
	return c
}

func (c *cached[T]) acquire(ctx context.Context) error {
	if ctx.Err() == nil { // of two cases that are ready one is taken by chance
		select {
		case <-c.lock:
			return nil
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (c *cached[T]) release() { c.lock <- struct{}{} }

// get gives the value; an old one is better than none when loading goes wrong.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	if err := c.acquire(ctx); err != nil {
		var none T
		return none, err
	}
	defer c.release()
	if !c.at.IsZero() && c.now().Sub(c.at) < cacheAge {
		return c.value, nil
	}
	had := !c.at.IsZero()
	if err := c.reload(ctx); err != nil && !had {
		return c.value, err
	}
	return c.value, nil
}

// again loads afresh: something was looked up in vain that may be new.
func (c *cached[T]) again(ctx context.Context) (T, error) {
	if err := c.acquire(ctx); err != nil {
		var none T
		return none, err
	}
	defer c.release()
	err := c.reload(ctx)
	return c.value, err
}

func (c *cached[T]) reload(ctx context.Context) error {
	value, err := c.load(ctx)
	if err != nil {
		return err
	}
	c.value, c.at = value, c.now()
	return nil
}

// renew loads afresh what was loaded longer ago than the age, or never. True: it is new now.
func (c *cached[T]) renew(ctx context.Context, age time.Duration) bool {
	if c.acquire(ctx) != nil {
		return false
	}
	defer c.release()
	if !c.at.IsZero() && c.now().Sub(c.at) < age {
		return false
	}
	return c.reload(ctx) == nil
}

// forget has the next one who asks load it afresh; should that go wrong, the old value counts on.
func (c *cached[T]) forget() {
	<-c.lock
	defer c.release()
	if !c.at.IsZero() {
		c.at = time.Unix(1, 0) // long ago, and not never
	}
}

// peek gives the value if it was loaded before; while it is being loaded it says no.
func (c *cached[T]) peek() (T, bool) {
	select {
	case <-c.lock:
		defer c.release()
		return c.value, !c.at.IsZero()
	default:
		var none T
		return none, false
	}
}
