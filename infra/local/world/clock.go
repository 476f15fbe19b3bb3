package world

import (
	"sync"
	"time"
)

// clock is the world's clock: the machine's, plus what `POST clock` has added so far. The handler does not
// see it: it lives by the machine's clock and by the Date headers of the systems it talks to.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset).UTC()
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}
