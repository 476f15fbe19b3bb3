package httpclient

import (
	"errors"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// circuit leaves a system alone that does not answer. Its callers fail at once then, which costs them a scheduled copy after
// their back-off, and neither a call that hangs nor a delivery. After each rest one call tries; the first answer
// ends it. One record that always fails does not count: only calls about several do.
type circuit struct {
	mu       sync.Mutex
	failures int             // in a row
	paths    map[string]bool // of those
	until    time.Time       // zero: calls pass
	rest     time.Duration
}

const (
	// manyFailures in a row, about manyPaths different things, are the system's.
	manyFailures = 5
	manyPaths    = 3
	firstRest    = 5 * time.Second
	longestRest  = time.Minute // so that what comes back is used soon
)

// enter lets a call pass, or says that it is too soon: Broken, as if it had been made. probe: it is the one that tries.
func (c *circuit) enter(now time.Time, side string) (probe bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch left := c.until.Sub(now); {
	case c.until.IsZero():
		return false, nil
	case left > 0 && left <= longestRest:
		return false, resting(side, left)
	}
	c.until = now.Add(c.rest) // the others wait for this one, and if nothing is heard of it another tries
	return true, nil
}

// ended takes in how a call ended.
func (c *circuit) ended(now time.Time, path string, failed, probe bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !failed {
		c.failures, c.paths, c.until, c.rest = 0, nil, time.Time{}, 0
		return
	}
	if c.paths == nil {
		c.paths = map[string]bool{}
	}
	c.failures++
	if len(c.paths) < manyPaths {
		c.paths[path] = true
	}
	open := !c.until.IsZero()
	if probe || !open && c.failures >= manyFailures && len(c.paths) >= manyPaths {
		c.rest = min(max(2*c.rest, firstRest), longestRest)
		c.until = now.Add(c.rest)
	}
}

// errResting tells a call that was not made from one that failed: it is not tried again at once.
var errResting = errors.New("it is left alone for a while")

func resting(side string, d time.Duration) error {
	return fault.New(fault.Broken, "%s does not answer, and is asked again in %s: %w", side, d.Round(time.Second), errResting).With("host.unreachable", "").
		Saying(side+" does not answer, and is left alone between tries", "look at its service health, and at the network of the app")
}
