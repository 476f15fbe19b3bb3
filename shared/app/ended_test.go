package app

import (
	"context"
	"testing"
)

// Whoever has no time left gets nothing, each time: where a free turn and an ended context are both there, chance would decide,
// and a history could not be played again.
func TestAnEndedContextTakesNoTurn(t *testing.T) {
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 64 {
		if enter(ended, turn) == nil {
			t.Fatal("an ended context takes the turn")
		}
	}
	if err := enter(t.Context(), turn); err != nil {
		t.Error(err)
	}
}
