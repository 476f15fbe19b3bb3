package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// A system may answer with an old version for a while after a write.
func TestStaleReadIsNoChangeOfAnybody(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	id := w.own()[0].ID
	old := w.referrals[id]
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	fresh := w.referrals[id]

	w.referrals[id] = old
	err := w.flow.FromReferral(context.Background(), told(id, "referral-updated"))
	if d := decided(err); d != "later" || w.opportunities[deal].Record[cosell.DealValue] != "250" {
		t.Errorf("%s, CRM says %s", d, w.opportunities[deal].Record[cosell.DealValue])
	}
	w.referrals[id] = fresh
	w.referralChanged(id)
	w.silent()
}

func TestStaleOpportunityIsReadAgain(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	old := w.opportunities[deal]
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	fresh := w.opportunities[deal]

	w.opportunities[deal] = old
	err := w.flow.FromOpportunity(context.Background(), toldOf("opportunity", deal, "Update"))
	if d := decided(err); d != "later" || w.own()[0].Record[cosell.DealValue] != "250" {
		t.Errorf("%s, Partner Center says %s", d, w.own()[0].Record[cosell.DealValue])
	}
	w.opportunities[deal] = fresh
	w.opportunityChanged()
	w.silent()
}

// A message that waited out an outage meets a replica that is behind: its age proves nothing. A system that
// answers with old versions for long was restored, and is believed.
func TestStaleReadIsNotBelievedBecauseTheMessageIsOld(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	old := w.opportunities[deal]
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	hint := toldOf("opportunity", deal, "Update")
	hint.Seen = w.now
	w.now = w.now.Add(2 * time.Hour)

	w.stale = func() bool { return true }
	for range 3 {
		err := w.flow.FromOpportunity(context.Background(), hint)
		if d := decided(err); d != "later" || w.own()[0].Record[cosell.DealValue] != "250" {
			t.Fatalf("%s, Partner Center says %s", d, w.own()[0].Record[cosell.DealValue])
		}
		w.now = w.now.Add(3 * time.Minute)
	}
	w.stale = nil
	w.opportunityChanged()
	w.silent()

	w.opportunities[deal], hint.Seen = old, w.now
	for range 2 {
		if d := decided(w.flow.FromOpportunity(context.Background(), hint)); d != "later" {
			t.Fatalf("an old doubt counts: %s", d)
		}
	}
	w.now = w.now.Add(11 * time.Minute)
	w.deliver(func() error { return w.flow.FromOpportunity(context.Background(), hint) })
	if got := w.own()[0].Record[cosell.DealValue]; got != "100" {
		t.Errorf("restored, and Partner Center says %s", got)
	}
	w.silent()
}
