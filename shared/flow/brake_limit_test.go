package flow_test

import (
	"context"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// The limit is a part of the pairs, however many referrals the feed names that will never be one: it is counted of what is
// there once the ledger is whole again.
func TestTheLimitOfARebuiltLedgerIsOfItsPairs(t *testing.T) {
	w := crowded(t, 60)
	w.foreign = "ignore"
	for range 600 {
		portalDeal(w, cosell.Record{cosell.CRMID: "SF-0001"}) // another system's
	}
	w.wiped()
	w.emptied(cosell.Notes, 55)
	before := w.writes()
	for range 12 {
		w.pass()
	}
	if b, aside := w.brake(); b.On.IsZero() || aside != 55 || b.Pairs != 60 || b.Most != 50 || w.writes() != before {
		t.Errorf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
}

// What the feeds name are deals: both referrals of an engagement are one.
func TestTheReferralsOfAnEngagementAreOneDeal(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.referrals[w.id()] = cosell.Referral{EngagementID: w.referrals[portalDeal(w, nil)].EngagementID, Microsoft: true, Side: cosell.Side{Version: "1", Record: cosell.Record{}}}
	}
	w.unstarted = true
	w.restart()
	if err := w.flow.Start(ctx, w.now); err != nil {
		t.Fatal(err)
	}
	if err := w.flow.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	if b, _ := w.brake(); b.Expected != 3 {
		t.Errorf("%+v", b)
	}
}

// With the scope own the referrals of the partner say nothing of how many pairs there will be.
func TestWithTheScopeOwnTheReferralsOfOthersDoNotCount(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		portalDeal(w, nil)
	}
	w.want(nil)
	w.flow.Settings.OwnScope = true
	if err := w.flow.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	if b, _ := w.brake(); b.Expected != 1 || !b.Counted() {
		t.Errorf("%+v", b)
	}
}

// large is a ledger of a thousand pairs.
type large struct{ flow.Ledger }

func (large) CountPairs(_ context.Context, most int) (int, error) {
	if most == 0 {
		return 1000, nil
	}
	return most, nil
}

// What was let go within the day counts with what waits, and so all pairs are counted where the two together are many.
func TestSlicesOfADayAreMeasuredByAllPairs(t *testing.T) {
	w := crowded(t, 60)
	w.sheet = "name:a:text dealValue:b:text"
	w.restart()
	w.pass()
	w.sheeted()
	w.flow.Ledger = large{w.flow.Ledger}
	for i, id := range sorted(w.opportunities) {
		if i >= 30 {
			w.userOf(id, cosell.Record{extra: "new"})
		}
	}
	for range 8 {
		w.pass()
	}
	if n := w.filled(extra, "new"); n != 60 {
		t.Fatalf("%d are filled", n)
	}
	b, _ := w.brake()
	for range 3 {
		b.Recent = append(b.Recent, cosell.Passing{At: w.now, N: 9})
	}
	if err := w.memory.SaveBrake(ctx, b); err != nil {
		t.Fatal(err)
	}
	w.emptied(extra, 20)
	for _, id := range sorted(w.opportunities)[:20] {
		p := w.pairOf(id)
		p.Sheet = "another"
		delete(p.Base.Opportunity, extra)
		delete(p.Base.Referral, extra)
		if err := saved(w, p); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		w.pass()
	}
	if b, aside := w.brake(); aside != 20 || !b.On.IsZero() {
		t.Errorf("77 of a thousand in a day: %d put aside, %+v", aside, b)
	}
}
