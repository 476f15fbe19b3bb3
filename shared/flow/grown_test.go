package flow_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// lost is a broker that loses everything, and counts what it was given.
type lost struct {
	flow.Hints
	given map[string]int
}

func (l lost) Changed(_ context.Context, all []flow.Hint) error {
	for _, h := range all {
		l.given[h.ID]++
	}
	return nil
}

// behindMany is a deal behind six hundred that never take up a new sheet: they are switched off, or their referral is gone.
func behindMany(t *testing.T, sync string) (w *world, given map[string]int) {
	w = newWorld(t)
	w.sheet = "old"
	w.restart()
	w.private(nil)
	for n := range 600 {
		pair := cosell.Pair{OpportunityID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), ReferralID: fmt.Sprintf("referral %d", n), Phase: cosell.Linked, Sheet: "old",
			Base: cosell.Base{Opportunity: cosell.Record{cosell.Sync: sync}, Referral: cosell.Record{cosell.Status: cosell.Accepted}}}
		if _, err := w.memory.Save(ctx, pair); err != nil {
			t.Fatal(err)
		}
	}
	w.later(5 * time.Minute)
	w.sheet, w.deaf, given = "new", true, map[string]int{}
	w.restart()
	w.flow.Hints = lost{w.flow.Hints, given}
	return w, given
}

// A deal that is switched off takes up a new sheet once it is switched on: until then no pass looks at it, and none waits behind it.
func TestASheetDoesNotWaitForDealsThatAreSwitchedOff(t *testing.T) {
	w, given := behindMany(t, cosell.False)
	w.later(5 * time.Minute)
	if given[deal] != 1 || len(given) != 1 {
		t.Errorf("hinted %d deals, and the one that is switched on %d times", len(given), given[deal])
	}
}

// Every deal is hinted for a new sheet, and once more half a day later, as a broker may have lost that: a deal that cannot take it up
// is not asked for ever, and keeps none behind it waiting.
func TestEveryDealIsHintedForANewSheetTwiceAtMost(t *testing.T) {
	w, given := behindMany(t, cosell.True)
	w.later(5 * time.Minute)
	w.later(5 * time.Minute)
	few := func(want int) {
		t.Helper()
		for id, n := range given {
			if n != want {
				t.Fatalf("deal %s was hinted %d times, not %d", id, n, want)
			}
		}
		if len(given) != 601 {
			t.Fatalf("%d deals were hinted", len(given))
		}
	}
	few(1)
	for range 13 {
		w.later(time.Hour)
	}
	w.later(time.Hour)
	few(2)
	for range 30 {
		w.later(time.Hour)
	}
	few(2)
	w.sheet = "third"
	w.restart()
	w.flow.Hints = lost{w.flow.Hints, given}
	w.later(5 * time.Minute)
	w.later(5 * time.Minute)
	few(3)
}

// A deal that was switched off while the sheet grew has taken it up as soon as it is switched on, so that the next edit of the new
// field crosses.
func TestADealTakesUpTheSheetWhenItIsSwitchedOn(t *testing.T) {
	w := newWorld(t)
	const segment cosell.Field = "segment"
	w.private(cosell.Record{segment: "same"})
	w.portal(w.own()[0].ID, cosell.Record{segment: "same"})
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.opportunityChanged()
	w.rules, w.sheet = append(rules(), cosell.Rule{Field: segment, Way: cosell.Both}), "grown"
	w.restart()
	w.deaf = true
	w.later(time.Minute)
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.opportunityChanged()
	w.user(cosell.Record{segment: "new"})
	w.opportunityChanged()
	if r := w.own()[0].Record[segment]; r != "new" {
		t.Errorf("the referral says %q", r)
	}
}
