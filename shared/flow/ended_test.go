package flow

import (
	"context"
	"testing"
)

// Whoever has no time left gets nothing, each time: where a free turn and an ended context are both there, chance would decide,
// and a history could not be played again.
func TestAnEndedContextTakesNoTurn(t *testing.T) {
	var l locks
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 64 {
		if _, err := l.lock(ended, "one"); err == nil {
			t.Fatal("an ended context takes the turn")
		}
	}
	if len(l.held) != 0 {
		t.Errorf("%d turns are kept", len(l.held))
	}
}
