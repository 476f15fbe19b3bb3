package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// A referral that came before the start, and was given the id of an opportunity until then, is linked with that,
// whether an event said so or not; one that is not answered yet gets its own where the seller has not agreed.
func TestR151_WhatCameBeforeTheStartIsLinkedWithWhatItNamesThen(t *testing.T) {
	for name, tt := range map[string]struct {
		status, sync string
		event        bool
		rows         int
	}{
		"Told":     {cosell.Accepted, cosell.True, true, 1},
		"Untold":   {cosell.Accepted, cosell.True, false, 1},
		"Unagreed": {cosell.Accepted, cosell.False, false, 1},
		"Pending":  {cosell.Pending, cosell.False, false, 2},
	} {
		w := newWorld(t)
		w.unstarted = true
		w.restart()
		id := portalDeal(w, cosell.Record{cosell.Status: tt.status})
		w.referralChanged(id)
		w.want(cosell.Record{cosell.Sync: tt.sync})
		w.portal(id, cosell.Record{cosell.CRMID: deal})
		if tt.event {
			w.referralChanged(id)
		}
		w.unstarted = false
		w.restart()
		w.deaf = true
		w.later(time.Minute)
		w.events()
		if w.posts != 0 || len(w.opportunities) != tt.rows || len(w.own()) != 1 {
			t.Errorf("%s: %d POSTs, %d opportunities, %d referrals", name, w.posts, len(w.opportunities), len(w.own()))
		}
		linked := w.opportunities[deal].Record[cosell.ReferralID] == id
		if linked != (tt.sync == cosell.True) || tt.rows == 2 && w.opportunities[crm{w}.ID(id)].Record[cosell.ReferralID] != id {
			t.Errorf("%s: linked %v", name, linked)
		}
		w.silent()
	}
}

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
