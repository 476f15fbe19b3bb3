package opportunities

import (
	"context"
	"sync"
	"time"
)

// cacheAge is how long metadata, currencies and the solution catalogue are believed: one reading an hour.
const cacheAge = time.Hour

// cached is something of the CRM that rarely changes. One goroutine loads, the others wait for it.
type cached[T any] struct {
	now  func() time.Time
	load func(ctx context.Context) (T, error)

	mu    sync.Mutex
	value T
	at    time.Time
}

// get gives the value; an old one is better than none when loading goes wrong.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
	c.mu.Lock()
	defer c.mu.Unlock()
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

// peek gives the value if it was loaded before.
func (c *cached[T]) peek() (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, !c.at.IsZero()
}
