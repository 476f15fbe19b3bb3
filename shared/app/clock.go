package app

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// simulatedClock is the machine's clock plus the offset that a simulated world writes into a file. The
// file is looked at for every moment that is asked for, and read when it was replaced; the world replaces it whole.
type simulatedClock struct {
	file string

	mu     sync.Mutex
	seen   os.FileInfo
	offset time.Duration
	at     time.Time // when it was looked at, by the machine's clock
}

// clockOf is the clock that everything but the creation protocol lives by: the real one without a file.
func clockOf(file string) (func() time.Time, error) {
	if file == "" {
		return time.Now, nil
	}
	c := &simulatedClock{file: file}
	if err := c.look(); err != nil {
		return nil, err
	}
	return c.now, nil
}

// now keeps the last offset while the file cannot be read: a world that ends takes its file along.
func (c *simulatedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if !now.Equal(c.at) { // where the machine's clock is virtual, much happens at one moment
		c.at = now
		_ = c.look()
	}
	return now.Add(c.offset)
}

func (c *simulatedClock) look() error {
	info, err := os.Stat(c.file)
	if err == nil && c.seen != nil && os.SameFile(c.seen, info) && c.seen.ModTime().Equal(info.ModTime()) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("SYNC_SIMULATED_CLOCK: %w", err)
	}
	text, err := os.ReadFile(c.file)
	if err != nil {
		return fmt.Errorf("SYNC_SIMULATED_CLOCK: %w", err)
	}
	offset, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("SYNC_SIMULATED_CLOCK: the file holds no length of time, as 73h0m0s")
	}
	c.seen, c.offset = info, offset
	return nil
}
