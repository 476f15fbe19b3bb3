package flow

import (
	"context"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// A rehearsal has no way to the ledger's other writes, nor to a hint that would be followed in earnest: there is nothing behind these doors that could
// be asked, and what would reach it fails here.
func TestARehearsalHasNoWayToWrite(t *testing.T) {
	ctx, l, h := context.Background(), stagedLedger{}, stagedHints{}
	due, err := l.Due(ctx, time.Time{})
	if err != nil || len(due) > 0 {
		t.Errorf("due: %v %v", due, err)
	}
	for what, err := range map[string]error{"note": l.Note(ctx, "a"), "solution": l.SaveSolution(ctx, "a", "b"), "cursor": l.SaveCursor(ctx, "a", "b"), "brake": l.SaveBrake(ctx, cosell.Brake{}),
		"intent": l.DropIntent(ctx, cosell.Intent{}), "hint": h.SolutionsChanged(ctx, Hint{})} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
