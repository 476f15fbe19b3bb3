package opportunities

import (
	"context"
	"sync/atomic"
	"time"
)

// Every process has the metadata of its own to look things up in, so every process compares: when its first job
// has ended, so that neither its start nor that job waits for it, and then hourly as long as there are jobs.
const (
	compareAge  = time.Hour
	compareTime = 30 * time.Second
	// compareAgain is how soon it is tried again where the CRM could not be asked.
	compareAgain = 5 * time.Minute
)

// Comparing compares the field sheet with the CRM's metadata beside a process's work.
type Comparing struct {
	now  func() time.Time
	look func(context.Context) error
	jobs chan struct{} // one that has ended
	anew atomic.Bool
}

// NewComparing makes it of the comparison, which gets a context with a deadline.
func NewComparing(now func() time.Time, look func(context.Context) error) *Comparing {
	return &Comparing{now: now, look: look, jobs: make(chan struct{}, 1)}
}

// Anew compares with the next job that ends, whenever it was done last: the field sheet is another one.
func (c *Comparing) Anew() { c.anew.Store(true) }

// JobEnded tells of a job that has ended, and waits for nobody.
func (c *Comparing) JobEnded() {
	select {
	case c.jobs <- struct{}{}:
	default:
	}
}

// Run compares until the context ends.
func (c *Comparing) Run(ctx context.Context) {
	var next time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.jobs:
		}
		now := c.now()
		if !c.anew.Swap(false) && now.Before(next) {
			continue
		}
		next = now.Add(compareAge)
		within, cancel := context.WithTimeout(ctx, compareTime)
		if err := c.look(within); err != nil {
			next = now.Add(compareAgain)
		}
		cancel()
	}
}
