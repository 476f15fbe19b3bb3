package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// goingOn is a queue that counts how often each deal is handed out because the brake lets it go on.
type goingOn struct {
	flow.Hints
	handed map[string]int
}

func (g goingOn) Changed(ctx context.Context, all []flow.Hint) error {
	for _, h := range all {
		if h.Why == "the brake lets it go on" {
			g.handed[h.ID]++
		}
	}
	return g.Hints.Changed(ctx, all)
}

// What a person has released of a deal whose referral is gone by then stays put aside: it is looked at twice a day, and not by every
// pass; all others are written at once.
func TestWhatCannotGoOnIsNotHandedOutByEveryPass(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	w.emptied(cosell.Notes, 55)
	for range 12 {
		w.pass()
	}
	stuck := sorted(w.opportunities)[0]
	delete(w.referrals, w.opportunities[stuck].Record[cosell.ReferralID])
	handed := map[string]int{}
	w.flow.Hints = goingOn{w.flow.Hints, handed}
	if n, err := w.flow.Release(ctx, "ann", "the backup is gone"); err != nil || n != 55 {
		t.Fatalf("%d released: %v", n, err)
	}
	w.drain()
	if n := w.filled(cosell.Notes, "of old"); n != 59 {
		t.Fatalf("%d are filled", n)
	}
	for range 24 {
		w.now = w.now.Add(55 * time.Minute)
		w.pass()
	}
	if _, aside := w.brake(); aside != 1 || handed[stuck] < 2 || handed[stuck] > 4 {
		t.Errorf("%d put aside, handed out %d times within a day", aside, handed[stuck])
	}
	delete(handed, stuck)
	for id, n := range handed {
		if n != 1 {
			t.Errorf("%s was handed out %d times", id, n)
		}
	}
}
