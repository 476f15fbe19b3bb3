package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Before the start events of both sides make nothing, and the first pass after it finds all of it, also what
// came long before.
func TestR151_NothingIsCreatedBeforeTheStart(t *testing.T) {
	w := newWorld(t)
	w.unstarted = true
	w.restart()
	r := portalDeal(w, nil)
	w.want(nil)
	for range 3 {
		w.events()
		w.later(6 * time.Minute)
	}
	if w.writes() != 0 || len(w.opportunities) != 1 {
		t.Fatalf("%d writes, %d opportunities", w.writes(), len(w.opportunities))
	}
	for _, feed := range []string{"referral", "opportunity"} {
		if cursor, err := w.memory.Cursor(ctx, feed); err != nil || cursor != "" {
			t.Errorf("the feed %s was read up to %q, %v", feed, cursor, err)
		}
	}
	w.now = w.now.Add(10 * 24 * time.Hour)
	w.unstarted = false
	w.restart()
	w.later(time.Minute)
	if len(w.own()) != 2 || w.opportunities[crm{w}.ID(r)].Record[cosell.ReferralID] != r || w.opportunities[deal].Record[cosell.ReferralID] == "" {
		t.Errorf("%d referrals, %v", len(w.own()), w.opportunities)
	}
	w.silent()
}
