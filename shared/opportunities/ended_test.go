package opportunities

import (
	"context"
	"testing"
	"time"
)

// Whoever has no time left gets nothing, each time: where a free turn and an ended context are both there, chance would decide,
// and a history could not be played again.
func TestAnEndedContextTakesNoTurn(t *testing.T) {
	c := newCached(time.Now, func(context.Context) (int, error) { return 1, nil })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 64 {
		if err := c.acquire(ended); err == nil {
			t.Fatal("an ended context takes the turn")
		}
	}
}
