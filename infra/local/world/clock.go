package world

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// clock is the world's clock: the machine's, plus what `POST clock` has added so far. The handler reads the
// same offset from a file (SYNC_SIMULATED_CLOCK); only its creation protocol lives by the machine's clock.
type clock struct {
	file string

	mu     sync.Mutex
	offset time.Duration
	leaps  []leap
}

// leap is one move of the clock.
type leap struct {
	at     time.Time     // by the machine's clock
	before time.Duration // the offset until then
}

// at is what the world's clock showed when the machine's showed that.
func (c *clock) at(machine time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	offset := c.offset
	for _, l := range slices.Backward(c.leaps) {
		if !machine.Before(l.at) {
			break
		}
		offset = l.before
	}
	return machine.Add(offset).UTC()
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset).UTC()
}

// ahead is how far the clock is before the machine's.
func (c *clock) ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// advance moves the clock once the handler can see it: it must not find the systems ahead of itself. The leap counts from
// before that moment, as what the handler writes at once by its new time must not be found to have been written before.
func (c *clock) advance(d time.Duration) error {
	at := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := writeWhole(c.file, []byte((c.offset+d).String()+"\n"), 0o644); err != nil {
		return fmt.Errorf("moving the handler's clock: %w", err)
	}
	c.leaps = append(c.leaps, leap{at, c.offset})
	c.offset += d
	return nil
}

// writeWhole puts a file in place in one step, so that nobody reads half of it.
func writeWhole(file string, text []byte, mode os.FileMode) error {
	half := file + ".new"
	if err := os.WriteFile(half, text, mode); err != nil {
		return err
	}
	return os.Rename(half, file)
}
