package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// An opportunity of whose deletion nothing was heard, neither by an event nor by its feed: news of its referral find it gone.
// Once that has lasted the pair has ended, and nothing more is written to what is not there, however often it is told.
func TestI29_NewsOfAReferralWhoseOpportunityIsGoneEndThePair(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.events()
	id := w.own()[0].ID
	w.keep(deal)
	delete(w.opportunities, deal)
	told := told(id, "referral-updated")
	tell := func() {
		told.Seen = w.now
		w.deliver(func() error { return w.flow.FromReferral(ctx, told) })
	}
	w.portal(id, cosell.Record{cosell.DealValue: "250"})
	tell()
	if phase := w.pair().Phase; phase != cosell.Ended {
		t.Errorf("the pair is %s", phase)
	}
	tried := w.counts["CRM PATCH"]
	for range 3 {
		w.now = w.now.Add(time.Hour)
		tell()
	}
	if n := w.counts["CRM PATCH"] - tried; n > 0 {
		t.Errorf("%d more writes to an opportunity that is gone", n)
	}
}

// One that comes back within that time has only been late: the pair goes on.
func TestAnOpportunityThatIsAwayForAMomentKeepsItsPair(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.events()
	id := w.own()[0].ID
	row := w.opportunities[deal]
	delete(w.opportunities, deal)
	w.portal(id, cosell.Record{cosell.DealValue: "250"})
	told := told(id, "referral-updated")
	told.Seen = w.now
	w.look = func() {
		if w.now.Sub(told.Seen) > 150*time.Second {
			w.look, w.opportunities[deal] = nil, row
		}
	}
	w.deliver(func() error { return w.flow.FromReferral(ctx, told) })
	if got := w.opportunities[deal].Record[cosell.DealValue]; got != "250" || w.pair().Phase != cosell.Linked {
		t.Errorf("the pair is %s, the value %s", w.pair().Phase, got)
	}
	w.silent()
}
