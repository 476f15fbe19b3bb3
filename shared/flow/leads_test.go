package flow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// leadOnly is the lead of the inquiry, and nothing else.
func (w *world) leadOnly() cosell.Opportunity {
	w.t.Helper()
	lead, made := w.leads[itsLead]
	if !made || len(w.leads) != 1 || len(w.opportunities) != 0 {
		w.t.Fatalf("%d leads, %d opportunities", len(w.leads), len(w.opportunities))
	}
	return lead
}

// oneDeal is the opportunity that the inquiry has become, and the only one.
func (w *world) oneDeal(id string) cosell.Opportunity {
	w.t.Helper()
	o, made := w.opportunities[id]
	if !made || len(w.opportunities) != 1 || len(w.leads) > 1 {
		w.t.Fatalf("%d leads, opportunities %v", len(w.leads), sorted(w.opportunities))
	}
	pair, known, err := w.memory.FindByReferral(ctx, inquiry)
	if err != nil || !known || pair.OpportunityID != id || pair.Table != cosell.OpportunityTable || pair.Phase != cosell.Linked {
		w.t.Fatalf("%v %v %+v", err, known, pair)
	}
	if o.Record[cosell.ReferralID] != inquiry || !o.Synced() || w.referrals[inquiry].Record[cosell.CRMID] != id {
		w.t.Errorf("opportunity %v, referral %v", o.Record, w.referrals[inquiry].Record)
	}
	if lead, was := w.leads[itsLead]; was && (lead.Record[cosell.Status] != cosell.Open || lead.Record[cosell.State] != cosell.StateClosed) {
		w.t.Errorf("lead %v", lead.Record)
	}
	return o
}

// withLead is a world with an inquiry that has become a lead.
func withLead(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	return w
}

// accepted: a partner accepts the inquiry in the portal, which is heard of.
func (w *world) accepted() {
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
}

func TestR23_APendingLeadIsALeadInCRM(t *testing.T) {
	w := withLead(t)
	lead := w.leadOnly()
	for f, want := range map[cosell.Field]string{cosell.Name: "Inquiry", cosell.DealValue: "9000", cosell.CustomerName: "Tailspin", "contactPhone": "+49", "leadCampaign": "MKT",
		cosell.Status: cosell.OnHold, cosell.Sync: cosell.True, cosell.ReferralID: inquiry, cosell.State: cosell.StatePending} {
		if lead.Record[f] != want {
			t.Errorf("%s is %q", f, lead.Record[f])
		}
	}
	if w.referrals[inquiry].Record[cosell.CRMID] != itsLead || w.crmWrites != 1 || w.puts != 1 {
		t.Errorf("CRM id %q, %d and %d writes", w.referrals[inquiry].Record[cosell.CRMID], w.crmWrites, w.puts)
	}
	w.silent()
}

func TestR25_CosellOnlySkipsLeads(t *testing.T) {
	w := newWorld(t)
	w.cosellOnly = true
	w.restart()
	for _, status := range []string{cosell.Pending, cosell.Accepted} {
		w.inquires(cosell.Record{cosell.Status: status})
		w.heard()
	}
	if w.writes() != 0 {
		t.Errorf("%d writes", w.writes())
	}
	w.cosellOnly = false
	w.restart()
	w.inquires(nil)
	w.heard()
	w.leadOnly()
	w.cosellOnly = true
	w.restart()
	w.portal(inquiry, cosell.Record{cosell.Notes: "call at noon"})
	w.heard()
	w.lead(itsLead, cosell.Record{cosell.DealValue: "9500"})
	w.leadHeard()
	if got := w.leads[itsLead].Record[cosell.Notes]; got != "call" || w.referrals[inquiry].Record[cosell.DealValue] != "9500" {
		t.Errorf("notes %q came in, or %v did not go out", got, w.referrals[inquiry].Record)
	}
	w.accepted()
	w.leadHeard()
	w.leadOnly()
	w.silent()
	w.cosellOnly = false
	w.restart()
	w.events()
	if o := w.oneDeal(itsDeal); o.Record[cosell.Notes] != "call at no" || o.Record[cosell.DealValue] != "9500" {
		t.Errorf("%v", o.Record)
	}
}

func TestR102_EditsOfALeadGoBothWays(t *testing.T) {
	w := withLead(t)
	w.lead(itsLead, cosell.Record{cosell.DealValue: "9500", "contactPhone": "+49 1"})
	w.leadHeard()
	r := w.referrals[inquiry].Record
	if r[cosell.DealValue] != "9500" || r["contactPhone"] != "+49 1" || r[cosell.Status] != cosell.Pending {
		t.Errorf("%v", r)
	}
	w.portal(inquiry, cosell.Record{cosell.Notes: "call at noon", "contactPhone": "+49 2"})
	w.heard()
	if lead := w.leadOnly().Record; lead[cosell.Notes] != "call at noon" || lead["contactPhone"] != "+49 2" {
		t.Errorf("%v", lead)
	}
	// Both sides at once: the newer one counts, and the other is told.
	w.now = w.now.Add(time.Minute)
	w.lead(itsLead, cosell.Record{cosell.DealValue: "1"})
	w.now = w.now.Add(time.Minute)
	w.portal(inquiry, cosell.Record{cosell.DealValue: "2"})
	w.leadHeard()
	if lead := w.leadOnly().Record; lead[cosell.DealValue] != "2" || !strings.Contains(lead[cosell.Audit], `gave way: "1"`) {
		t.Errorf("%v", lead)
	}
	// Who the customer is cannot change in Partner Center.
	w.lead(itsLead, cosell.Record{cosell.CustomerName: "Tailspin Toys"})
	w.leadHeard()
	if w.referrals[inquiry].Record[cosell.CustomerName] != "Tailspin" || !strings.Contains(w.leadOnly().Record[cosell.Audit], "customer.locked") {
		t.Errorf("%v", w.leadOnly().Record)
	}
	w.silent()
}

func TestR24_ALeadAcceptedInThePortalBecomesTheOpportunityOfItsPair(t *testing.T) {
	w := withLead(t)
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted, cosell.DealValue: "12000"})
	w.heard()
	o := w.oneDeal(itsDeal)
	if o.LeadID != itsLead || o.Record[cosell.Status] != cosell.Open || o.Record[cosell.DealValue] != "12000" || w.tasks[len(w.tasks)-1] != cosell.TaskDone {
		t.Errorf("%v %v", o.Record, w.tasks)
	}
	w.silent()
	w.edits(itsDeal, cosell.Record{cosell.DealValue: "13000"})
	w.dealHeard(itsDeal)
	w.portal(inquiry, cosell.Record{cosell.Notes: "more"})
	w.heard()
	if r := w.referrals[inquiry].Record; r[cosell.DealValue] != "13000" || w.opportunities[itsDeal].Record[cosell.Notes] != "more" {
		t.Errorf("%v %v", r, w.opportunities[itsDeal].Record)
	}
	w.edits(itsDeal, cosell.Record{cosell.Status: cosell.Won})
	w.now = w.now.AddDate(0, 0, 4)
	w.dealHeard(itsDeal)
	if r := w.referrals[inquiry].Record; r[cosell.Status] != cosell.Won {
		t.Errorf("%v", r)
	}
}

// edits is a person at work in an opportunity.
func (w *world) edits(id string, changes cosell.Record) { w.userOf(id, changes) }

func TestR24_AnAcceptedLeadIsAnOpportunityFromTheStart(t *testing.T) {
	w := newWorld(t)
	w.inquires(cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
	w.oneDeal(itsDeal)
	if len(w.leads) != 0 {
		t.Error("it was a lead, too")
	}
	w.silent()
}

func TestR24_EditsOfTheLeadGoIntoItsOpportunity(t *testing.T) {
	w := withLead(t)
	w.lead(itsLead, cosell.Record{cosell.DealValue: "9500"}) // of which no event has told yet
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted, cosell.Notes: "more"})
	w.heard()
	o := w.oneDeal(itsDeal)
	w.events()
	if r := w.referrals[inquiry].Record; r[cosell.DealValue] != "9500" || o.Record[cosell.DealValue] != "9500" || o.Record[cosell.Notes] != "more" {
		t.Errorf("%v %v", r, o.Record)
	}
	w.silent()
}

// The process dies once at every boundary, and every event comes again, in any order.
func TestR24_ADeathWhileALeadBecomesAnOpportunity(t *testing.T) {
	events := map[string]func(*world){
		"the referral first": func(w *world) { w.heard(); w.leadHeard(); w.events() },
		"the lead first":     func(w *world) { w.leadHeard(); w.heard(); w.events() },
		"the deal first": func(w *world) {
			for _, id := range sorted(w.opportunities) {
				w.dealHeard(id)
			}
			w.heard()
			w.events()
		},
	}
	for name, c := range map[string]struct {
		before func(*world) string
		job    func(*world) error
	}{
		"accepted in the portal": {func(w *world) string {
			w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
			return itsDeal
		}, (*world).hearReferral},
		"qualified in CRM": {func(w *world) string {
			return w.personQualifies(itsLead, cosell.Record{cosell.DealValue: "9999"})
		}, (*world).hearLead},
		"both at once": {func(w *world) string {
			w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
			return w.personQualifies(itsLead, nil)
		}, (*world).hearReferral},
	} {
		for order, hear := range events {
			for at := 1; ; at++ {
				w := withLead(t)
				id := c.before(w)
				w.dieAt = w.calls + at
				died := w.run(func() error { return c.job(w) }) != nil
				w.dieAt = 0
				hear(w)
				w.oneDeal(id)
				if w.referrals[inquiry].Record[cosell.Status] != cosell.Accepted || w.opportunities[id].Record[cosell.Status] != cosell.Open {
					t.Errorf("%s, %s, death at %d: %v", name, order, at, w.referrals[inquiry].Record)
				}
				if strings.HasPrefix(name, "qualified") && w.referrals[inquiry].Record[cosell.DealValue] != "9999" {
					t.Errorf("%s, %s, death at %d: the value typed while qualifying is lost: %v", name, order, at, w.referrals[inquiry].Record)
				}
				w.silent()
				if t.Failed() || !died {
					break
				}
			}
		}
	}
}

func TestR23_ADeathWhileALeadIsMade(t *testing.T) {
	for what, meanwhile := range map[string]cosell.Record{"pending": nil, "accepted meanwhile": {cosell.Status: cosell.Accepted}} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.inquires(nil)
			w.dieAt = at
			died := w.run(w.hearReferral) != nil
			w.dieAt = 0
			if meanwhile != nil {
				w.portal(inquiry, meanwhile)
			}
			w.heard()
			w.events()
			if meanwhile == nil {
				w.leadOnly()
			} else {
				w.oneDeal(itsDeal)
			}
			w.silent()
			if t.Failed() {
				t.Fatalf("%s, death at %d", what, at)
			}
			if !died {
				break
			}
		}
	}
}

// Whatever the census says of a lead, the earnest then does.
// Two processes hand a lead over at once. The slower one finds it gone, and forgets nothing of what was agreed.
func TestR24_TwoProcessesHandALeadOverOnce(t *testing.T) {
	for name, qualified := range map[string]bool{"qualified": true, "accepted": false} {
		t.Run(name, func(t *testing.T) {
			w := withLead(t)
			id, slow := itsDeal, w.flow
			hears := func() error { return slow.FromReferral(ctx, told(inquiry, "referral-updated")) }
			if qualified {
				id = w.personQualifies(itsLead, nil)
				hears = func() error { return slow.FromOpportunity(ctx, toldOf("lead", itsLead, "Update")) }
			} else {
				w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
			}
			w.restart()
			w.beforeMove = func() { w.deliver(w.hearLead); w.heard() }
			w.deliver(func() error { return w.run(hears) })
			w.oneDeal(id)
			pair, _, err := w.memory.Find(ctx, id)
			if base := pair.Base; err != nil || base.Referral[cosell.Name] != "Inquiry" || base.Opportunity[cosell.Name] != "Inquiry" {
				t.Errorf("what was agreed is forgotten: %v, %v", base, err)
			}
			w.silent()
		})
	}
}

// While an operator's link is being written into the opportunity, the lead that it was, or is to become, leaves the row alone (I16).
func TestALeadWaitsForWorkOnItsOpportunity(t *testing.T) {
	for name, becomes := range map[string]func(w *world) string{
		"qualified": func(w *world) string { return w.personQualifies(itsLead, nil) },
		"accepted, and made unseen": func(w *world) string {
			w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
			made := w.opportunities[deal]
			made.ID, made.Record = itsDeal, made.Record.Clone()
			w.opportunities[itsDeal] = made
			return itsDeal
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := withLead(t)
			id := becomes(w)
			met, before := errors.New("nothing was written"), w.leads[itsLead].Version
			soon, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			w.beforeCRMPut = func() {
				if met = w.flow.FromOpportunity(soon, toldOf("lead", itsLead, "Update")); met == nil { // it is as it was
					met = w.flow.FromReferral(soon, told(inquiry, "referral-updated"))
				}
			}
			if err := w.flow.Link(ctx, id, portalDeal(w, nil)); err != nil || !fault.Is(met, fault.Conflict) {
				t.Errorf("%s: the operator's link ends with %v, and the lead's news beside it with %v", name, err, met)
			}
			if w.leads[itsLead].Version != before {
				t.Errorf("%s: the lead goes on with a row that is being worked on", name)
			}
		})
	}
}

func TestR151_TheCensusSaysWhatBecomesOfALead(t *testing.T) {
	for _, status := range []string{cosell.Pending, cosell.Accepted} {
		w := newWorld(t)
		w.unstarted = true
		w.restart()
		w.inquires(cosell.Record{cosell.Status: status})
		w.fateOf(inquiry, flow.Comes, "")
		w.cosellOnly = true
		w.restart()
		w.fateOf(inquiry, flow.KeptOut, "")
		w.cosellOnly = false
		w.restart()
		w.leads[itsLead] = cosell.Opportunity{Side: cosell.Side{ID: itsLead, Version: w.nextVersion(), Record: cosell.Record{cosell.Status: cosell.OnHold, cosell.ReferralID: inquiry, cosell.ReferralLink: "", cosell.Sync: cosell.True}}}
		w.fateOf(inquiry, flow.Links, itsLead)
		w.portal(inquiry, cosell.Record{cosell.CRMID: itsLead})
		w.fateOf(inquiry, flow.Links, itsLead)
		w.lead(itsLead, cosell.Record{cosell.ReferralID: "10000000-0000-4000-8000-00000000000b"})
		w.fateOf(inquiry, flow.Taken, itsLead)
		w.lead(itsLead, cosell.Record{cosell.ReferralID: "", cosell.Sync: cosell.False})
		w.fateOf(inquiry, map[string]flow.Fate{cosell.Pending: flow.Comes, cosell.Accepted: flow.Asks}[status], itsLead)
		w.lead(itsLead, cosell.Record{cosell.ReferralID: inquiry, cosell.Sync: cosell.True})
		w.unstarted = false
		w.restart()
		w.heard()
		w.events()
		if c, err := w.flow.Census(ctx, time.Time{}); err != nil || c.Paired != 1 || len(c.Found) != 0 {
			t.Errorf("%s: %+v %v", status, c, err)
		}
	}
}

// fateOf checks what the census says of a lead of Partner Center.
func (w *world) fateOf(id string, want flow.Fate, other string) {
	w.t.Helper()
	c, err := w.flow.Census(ctx, time.Time{})
	if err != nil || len(c.Found) != 1 || c.Found[0].ID != id || c.Found[0].Kind != "lead" || c.Found[0].Fate != want || c.Found[0].Other != other {
		w.t.Errorf("%v %+v, instead of %s %s", err, c, want, other)
	}
}
