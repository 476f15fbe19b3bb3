package flow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// lookalike is an unlinked deal of a customer, and a referral that resembles it.
func (w *world) lookalike() (referral string) {
	w.alike = true
	w.want(cosell.Record{cosell.Sync: cosell.False, cosell.Proposed: "", cosell.State: "", cosell.ErrorCode: "", "customerPostalCode": "20095"})
	return portalDeal(w, cosell.Record{cosell.CustomerName: "Tailspin", "customerPostalCode": "20095", cosell.DealValue: "105", cosell.ClosingDate: "2026-09-15"})
}

func TestR106_AReferralThatResemblesADealIsProposedWhereverTheProcessDies(t *testing.T) {
	for at := 0; ; at++ {
		w := newWorld(t)
		id := w.lookalike()
		before := w.opportunities[deal].Record
		w.dieAt = at
		job := func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }
		done := w.run(job) == nil
		w.dieAt = 0
		w.deliver(job)
		w.silent()
		o := w.opportunities[deal].Record
		if len(w.opportunities) != 1 || o[cosell.Proposed] != id || o[cosell.State] != cosell.StateUnconfirmed || o[cosell.Sync] != cosell.False {
			t.Fatalf("death at %d: %d opportunities, %v", at, len(w.opportunities), o)
		}
		for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.ClosingDate, cosell.Mark, cosell.ReferralID} {
			if o[f] != before[f] {
				t.Errorf("death at %d: %s was %q and is %q", at, f, before[f], o[f])
			}
		}
		if n := strings.Count(o[cosell.Audit], id+" in Partner Center may be this deal"); n != 1 || w.referrals[id].Record[cosell.CRMID] != "" {
			t.Errorf("death at %d: told %d times, CRM id %q", at, n, w.referrals[id].Record[cosell.CRMID])
		}
		counted, known, err := w.memory.FindByReferral(ctx, id)
		if err != nil || !known || counted.Phase != cosell.Lacking || !counted.Holds(cosell.CodeUnconfirmed) || counted.Held[0].Class != cosell.OfRule {
			t.Errorf("death at %d: held is %+v, %v", at, counted.Held, err)
		}
		if at > 0 && done {
			break
		}
	}
}

// Each decision of a person, on the form, by the switch and at a terminal.
func TestR106_APersonDecides(t *testing.T) {
	for name, tt := range map[string]struct {
		decide func(w *world, id string)
		one    bool
	}{
		"Link": {func(w *world, _ string) { w.asks(cosell.ActLink) }, true},
		"Sync": {func(w *world, _ string) {
			w.userOf(deal, cosell.Record{cosell.Sync: cosell.True})
			w.opportunityChanged()
		}, true},
		"OperatorLink": {func(w *world, id string) { w.operates(w.flow.Link(ctx, deal, id)) }, true},
		"NotSame":      {func(w *world, _ string) { w.asks(cosell.ActNotSame) }, false},
		"Unlink":       {func(w *world, _ string) { w.asks(cosell.ActUnlink) }, false},
		"OperatorNo":   {func(w *world, _ string) { w.operates(w.flow.Unlink(ctx, deal)) }, false},
		"Closed": {func(w *world, _ string) {
			w.userOf(deal, cosell.Record{cosell.Status: cosell.Lost})
			w.opportunityChanged()
		}, false},
		"Deleted": {func(w *world, _ string) {
			delete(w.opportunities, deal)
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Delete")) })
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.lookalike()
			w.referralChanged(id)
			tt.decide(w, id)
			w.silent()
			linked := crm{w}.ID(id)
			if tt.one {
				linked = deal
			}
			o := w.opportunities[linked].Record
			if o[cosell.ReferralID] != id || o[cosell.Sync] != cosell.True || w.referrals[id].Record[cosell.CRMID] != linked {
				t.Errorf("%v, CRM id %s", o, w.referrals[id].Record[cosell.CRMID])
			}
			if here, is := w.opportunities[deal]; is && name != "Closed" && (here.Record[cosell.Proposed] != "" || here.Record[cosell.State] == cosell.StateUnconfirmed) {
				t.Errorf("it still asks: %v", here.Record)
			}
			if n := len(w.opportunities); tt.one && n != 1 || !tt.one && name != "Deleted" && n != 2 {
				t.Errorf("%d opportunities", n)
			}
			w.portal(id, cosell.Record{cosell.DealValue: "4711"})
			w.events()
			if w.opportunities[linked].Record[cosell.DealValue] != "4711" {
				t.Error("the pair is not in step")
			}
		})
	}
}

// An account may have more deals that resemble a referral, and are not it, than are looked at one by one: the referral asks the one that
// is left, and arrives where none is.
func TestR106_ManyThatAreNotTheDealHoldNothingUp(t *testing.T) {
	for _, left := range []bool{false, true} {
		w := newWorld(t)
		id := w.lookalike()
		alike := w.opportunities[deal]
		for n := range 24 {
			other := fmt.Sprintf("%08x-0000-4000-8000-000000000000", n+1)
			o := alike
			o.ID, o.Record = other, alike.Record.Clone()
			w.opportunities[other] = o
			if _, err := w.memory.Save(ctx, cosell.Pair{OpportunityID: other, Phase: cosell.Lacking, Unlike: []string{id}}); err != nil {
				t.Fatal(err)
			}
		}
		if !left {
			delete(w.opportunities, deal)
		}
		w.referralChanged(id)
		w.silent()
		made, is := w.opportunities[crm{w}.ID(id)]
		if left && (is || w.opportunities[deal].Record[cosell.Proposed] != id) || !left && made.Record[cosell.ReferralID] != id {
			pair, _, _ := w.memory.FindByReferral(ctx, id)
			t.Errorf("one left %t: made %t, held %+v", left, is, pair.Held)
		}
	}
}

// A link that CRM refuses is not given up: the referral is not forgotten, and no second one is made.
func TestR106_ALinkThatCRMRefusesIsMadeLater(t *testing.T) {
	for name, decided := range map[string]cosell.Record{"link": {cosell.Action: cosell.ActLink}, "link and sync": {cosell.Action: cosell.ActLink, cosell.Sync: cosell.True}, "sync": {cosell.Sync: cosell.True}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.lookalike()
			w.referralChanged(id)
			w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "no") }
			w.userOf(deal, decided)
			w.opportunityChanged()
			w.userOf(deal, cosell.Record{cosell.Notes: "edited"})
			w.opportunityChanged()
			w.refuseCRM = nil
			w.userOf(deal, cosell.Record{cosell.Notes: "once more"})
			w.opportunityChanged()
			w.silent()
			if o := w.opportunities[deal].Record; len(w.referrals) != 1 || w.posts != 0 || o[cosell.ReferralID] != id || o[cosell.Sync] != cosell.True || o[cosell.Action] != "" {
				t.Errorf("%d referrals, %d POSTs, %v", len(w.referrals), w.posts, o)
			}
		})
	}
}

func (w *world) operates(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Error(err)
	}
	w.drain()
}

// An open invitation always arrives, and so does a second referral that resembles the same deal.
func TestR106_WhatHasToArriveArrives(t *testing.T) {
	w := newWorld(t)
	first := w.lookalike()
	w.referralChanged(first)
	second := portalDeal(w, cosell.Record{cosell.CustomerName: "Tailspin", "customerPostalCode": "20095", cosell.DealValue: "100", cosell.ClosingDate: "2026-09-30"})
	w.referralChanged(second)
	pending := portalDeal(w, cosell.Record{cosell.CustomerName: "Tailspin", "customerPostalCode": "20095", cosell.Status: cosell.Pending, cosell.DealValue: "100", cosell.ClosingDate: "2026-09-30"})
	w.referralChanged(pending)
	for _, id := range []string{second, pending} {
		if _, made := w.opportunities[crm{w}.ID(id)]; !made {
			t.Errorf("%s has no opportunity", id)
		}
	}
	if w.opportunities[deal].Record[cosell.Proposed] != first {
		t.Errorf("proposed is %s", w.opportunities[deal].Record[cosell.Proposed])
	}
	w.silent()
}

// A referral that is proposed and linked with another deal by an operator leaves the first one free.
func TestR106_AnOperatorLinksAnotherReferral(t *testing.T) {
	w := newWorld(t)
	id := w.lookalike()
	w.referralChanged(id)
	w.alike = false
	other := portalDeal(w, cosell.Record{cosell.CustomerName: "Elsewhere"})
	w.operates(w.flow.Link(ctx, deal, other))
	w.silent()
	if w.opportunities[deal].Record[cosell.ReferralID] != other || w.opportunities[crm{w}.ID(id)].Record[cosell.ReferralID] != id {
		t.Errorf("%v", w.opportunities[deal].Record)
	}
	if err := w.flow.Link(ctx, deal, id); !fault.Is(err, fault.Refused) {
		t.Errorf("linked twice: %v", err)
	}
}
