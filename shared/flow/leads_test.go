package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
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

func TestR23_APendingLeadIsALeadInCRM(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
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
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
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
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
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
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted, cosell.DealValue: "12000"})
	w.heard()
	o := w.oneDeal(itsDeal)
	if o.LeadID != itsLead || o.Record[cosell.Status] != cosell.Open || o.Record[cosell.DealValue] != "12000" || w.tasks[len(w.tasks)-1] != cosell.TasksDone {
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
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
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
				w := newWorld(t)
				w.inquires(nil)
				w.heard()
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

func TestS22_QualificationInCRMAcceptsWithWhatThePersonTyped(t *testing.T) {
	w := newWorld(t)
	w.inquires(cosell.Record{cosell.DealValue: "", cosell.ClosingDate: ""})
	w.heard()
	id := w.personQualifies(itsLead, cosell.Record{cosell.DealValue: "5000", cosell.ClosingDate: "2026-12-01"})
	w.dealHeard(id) // the opportunity's own event comes first, and knows nothing of a referral
	if w.posts != 0 {
		t.Fatal("a second referral was made")
	}
	w.leadHeard()
	w.oneDeal(id)
	r := w.referrals[inquiry].Record
	if r[cosell.Status] != cosell.Accepted || r[cosell.DealValue] != "5000" || r[cosell.ClosingDate] != "2026-12-01" || r["team/kim"] == "" || w.posts != 0 {
		t.Errorf("%v, %d posts", r, w.posts)
	}
	w.silent()
}

func TestS22_AnOpportunityThatWantsAReferralGetsThatOfItsLead(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	id := w.personQualifies(itsLead, cosell.Record{cosell.Sync: cosell.True, cosell.Visibility: cosell.True, cosell.Solutions: "1", "solutions/SOL-1": "{}"})
	w.dealHeard(id)
	w.oneDeal(id)
	if w.posts != 0 || w.referrals[inquiry].Record[cosell.Status] != cosell.Accepted {
		t.Errorf("%d posts, %v", w.posts, w.referrals[inquiry].Record)
	}
}

func TestR138_AnIncompleteQualificationIsExplainedOnTheOpportunity(t *testing.T) {
	w := newWorld(t)
	w.inquires(cosell.Record{cosell.DealValue: "", cosell.Notes: ""})
	w.heard()
	id := w.personQualifies(itsLead, cosell.Record{cosell.State: ""})
	w.leadHeard()
	o := w.oneDeal(id)
	if r := w.referrals[inquiry].Record; r[cosell.Status] != cosell.Pending || o.Record[cosell.State] != cosell.StateIncomplete {
		t.Errorf("%v %v", r, o.Record)
	}
	w.edits(id, cosell.Record{cosell.DealValue: "5000", cosell.Notes: "a call"})
	w.dealHeard(id)
	if r := w.referrals[inquiry].Record; r[cosell.Status] != cosell.Accepted || r[cosell.DealValue] != "5000" || r[cosell.Notes] != "a call" {
		t.Errorf("%v", r)
	}
}

func TestALeadQualifiedWithoutAnOpportunityAcceptsNothingAndIsExplained(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.Open})
	w.leadHeard()
	if lead := w.leadOnly().Record; !strings.Contains(lead[cosell.Audit], "lead.unconverted") || w.referrals[inquiry].Record[cosell.Status] != cosell.Pending {
		t.Errorf("%v", lead)
	}
	w.silent()
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
	w.now = w.now.Add(time.Minute)
	w.heard()
	w.oneDeal(itsDeal)
	w.silent()
}

func TestR137_ADisqualifiedLeadIsDeclinedAfterTheGraceWithItsReason(t *testing.T) {
	w := newWorld(t)
	w.grace = 10 * time.Minute
	w.restart()
	w.inquires(nil)
	w.heard()
	start := w.now
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "Customer didn't respond"})
	if err := w.run(w.hearLead); fault.KindOf(err) != fault.Later {
		t.Fatal(err)
	}
	lead := w.leadOnly().Record
	if !strings.Contains(lead[cosell.Audit], "decline.waiting: the referral will be declined at 2026-03-02 09:10 UTC; reopen the lead") || w.referrals[inquiry].Record[cosell.Status] != cosell.Pending {
		t.Errorf("%v", lead)
	}
	w.now = w.now.Add(3 * time.Minute)
	w.run(w.hearLead)
	if again := w.leadOnly().Record[cosell.Audit]; again != lead[cosell.Audit] {
		t.Errorf("told again:\n%s", again)
	}
	w.leadHeard()
	r := w.referrals[inquiry].Record
	if r[cosell.Status] != cosell.Declined || r[cosell.Reason] != "Customer didn't respond" || w.now.Sub(start) > 11*time.Minute {
		t.Errorf("%v after %s", r, w.now.Sub(start))
	}
	w.silent()
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.OnHold, cosell.Reason: ""})
	w.leadHeard()
	if lead := w.leadOnly().Record; !strings.Contains(lead[cosell.Audit], "referral.closed") || w.referrals[inquiry].Record[cosell.Status] != cosell.Declined {
		t.Errorf("%v", lead)
	}
}

func TestR137_ALeadReopenedWithinTheGraceIsNotDeclined(t *testing.T) {
	w := newWorld(t)
	w.grace = 10 * time.Minute
	w.restart()
	w.inquires(nil)
	w.heard()
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.Canceled, cosell.Reason: "Others"})
	w.run(w.hearLead)
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.OnHold, cosell.Reason: ""})
	w.now = w.now.Add(time.Hour)
	w.leadHeard()
	if w.referrals[inquiry].Record[cosell.Status] != cosell.Pending {
		t.Fatal("declined all the same")
	}
	id := w.personQualifies(itsLead, nil)
	w.leadHeard()
	w.oneDeal(id)
	if w.referrals[inquiry].Record[cosell.Status] != cosell.Accepted {
		t.Error("and not accepted either")
	}
}

func TestT41_AnEndedLeadIsDisqualifiedAndKeepsWhatPartnerCenterTakesAway(t *testing.T) {
	for status, want := range map[string]string{cosell.Expired: cosell.Canceled, cosell.Declined: cosell.Canceled, cosell.Errored: cosell.Canceled, cosell.Lost: cosell.Lost} {
		w := newWorld(t)
		w.inquires(nil)
		w.heard()
		w.portal(inquiry, cosell.Record{cosell.Status: status, "contactPhone": "", cosell.CustomerName: ""})
		w.heard()
		lead := w.leadOnly().Record
		if lead[cosell.Status] != want || lead["contactPhone"] != "+49" || lead[cosell.CustomerName] != "Tailspin" || lead[cosell.State] != cosell.StateClosed || strings.Contains(lead[cosell.Audit], "value.blank") {
			t.Errorf("%s: %v", status, lead)
		}
		w.silent()
	}
}

func TestI10_ADeletedLeadIsNotMadeAgain(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	delete(w.leads, itsLead)
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("lead", itsLead, "Delete")) })
	before := w.writes()
	w.heard()
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
	if w.writes() != before || len(w.opportunities)+len(w.leads) != 0 {
		t.Errorf("%d writes, %v", w.writes()-before, w.opportunities)
	}
}

func TestI10_TheDeletedOpportunityOfALeadIsNotMadeAgain(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
	w.oneDeal(itsDeal)
	delete(w.opportunities, itsDeal)
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", itsDeal, "Delete")) })
	before := w.writes()
	w.heard()
	w.leadHeard()
	if w.writes() != before || len(w.opportunities) != 0 {
		t.Errorf("%d writes, %v", w.writes()-before, w.opportunities)
	}
}

func TestAMergedLeadHandsItsReferralOver(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	const winner = "55555555-5555-4555-8555-555555555555"
	w.leads[winner] = cosell.Opportunity{Side: cosell.Side{ID: winner, Version: w.nextVersion(), Record: cosell.Record{cosell.Name: "Inquiry", cosell.Status: cosell.OnHold,
		cosell.Sync: cosell.False, cosell.ReferralID: "", cosell.ReferralLink: "", cosell.Audit: "", "contactPhone": "", cosell.State: ""}}}
	lead := w.leads[itsLead]
	lead.MergedInto = winner
	w.leads[itsLead] = lead
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.Canceled, cosell.Reason: "Others"})
	w.leadHeard()
	w.events()
	pair, known, err := w.memory.FindByReferral(ctx, inquiry)
	if err != nil || !known || pair.OpportunityID != winner || pair.Table != cosell.LeadTable {
		t.Fatalf("%v %+v", err, pair)
	}
	if r := w.referrals[inquiry].Record; r[cosell.Status] != cosell.Pending || r[cosell.CRMID] != winner || w.leads[winner].Record["contactPhone"] != "+49" {
		t.Errorf("%v %v", r, w.leads[winner].Record)
	}
	w.silent()
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
	if o := w.opportunities[itsDeal]; o.LeadID != winner || len(w.opportunities) != 1 {
		t.Errorf("%+v", o)
	}
	w.silent()
}

func TestR126_WhatCRMRefusesOfALeadIsHeldAndArrives(t *testing.T) {
	w := newWorld(t)
	w.refuseNew = func(values cosell.Record) error {
		if values["contactPhone"] != "" {
			return fault.New(fault.Refused, "no").At("contactPhone").Saying("not that phone", "correct it")
		}
		return nil
	}
	w.refuseCRM = w.refuseNew
	w.inquires(nil)
	w.heard()
	lead := w.leadOnly().Record
	if lead["contactPhone"] != "" || lead[cosell.CustomerName] != "Tailspin" || !strings.Contains(lead[cosell.Audit], "not that phone") || lead[cosell.State] != cosell.StateFailed {
		t.Errorf("%v", lead)
	}
	w.refuseCRM = nil
	w.portal(inquiry, cosell.Record{"contactPhone": "+49 7"})
	w.heard()
	if lead := w.leadOnly().Record; lead["contactPhone"] != "+49 7" || lead[cosell.State] != cosell.StatePending {
		t.Errorf("%v", lead)
	}
	w.silent()
}

func TestR126_ARefusedQualificationIsHeldOnTheLeadAndGoesThroughOnceItCan(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	w.refuseQualify = func(cosell.Record) error { return fault.New(fault.Refused, "no").Saying("not on a Monday", "wait") }
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted, cosell.Notes: "more"})
	w.heard()
	lead := w.leadOnly().Record
	if !strings.Contains(lead[cosell.Audit], "no opportunity could be made of the lead, which was accepted: not on a Monday") || lead[cosell.Notes] != "more" || lead[cosell.State] != cosell.StateFailed {
		t.Errorf("%v", lead)
	}
	asked := w.refusals
	w.events()
	w.events()
	if w.refusals != asked {
		t.Errorf("asked %d times more", w.refusals-asked)
	}
	w.refuseQualify = nil
	due, err := w.memory.Due(ctx, w.now.Add(25*time.Hour))
	if err != nil || len(due) != 1 || due[0] != itsLead {
		t.Fatalf("%v %v", err, due)
	}
	w.now = w.now.Add(25 * time.Hour)
	w.deliver(func() error { return w.flow.Reconcile(ctx) })
	w.oneDeal(itsDeal)
	w.silent()
}

func TestR127_AnOpportunityOfALeadGoesWithoutWhatCRMRefuses(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	refuse := func(values cosell.Record) error {
		if values[cosell.Notes] != "" {
			return fault.New(fault.Refused, "no").At(string(cosell.Notes)).Saying("too long", "shorten it")
		}
		return nil
	}
	w.refuseQualify, w.refuseCRM = refuse, refuse
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
	o := w.oneDeal(itsDeal)
	if o.Record[cosell.Notes] != "" || o.Record[cosell.DealValue] != "9000" || !strings.Contains(o.Record[cosell.Audit], "too long") || w.referrals[inquiry].Record[cosell.Notes] != "call" {
		t.Errorf("%v", o.Record)
	}
	w.refuseQualify, w.refuseCRM = nil, nil
	w.now = w.now.Add(25 * time.Hour)
	w.deliver(func() error { return w.flow.Reconcile(ctx) })
	if o := w.oneDeal(itsDeal); o.Record[cosell.Notes] != "call" {
		t.Errorf("%v", o.Record)
	}
	w.silent()
}

func TestR126_WhatPartnerCenterRefusesOfALeadHoldsNothingElse(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	w.refusePatch = func(values cosell.Record) error {
		if _, sent := values["contactPhone"]; sent {
			return fault.New(fault.Refused, "read only").At("contactPhone").Saying("comes from Microsoft", "nothing")
		}
		return nil
	}
	w.lead(itsLead, cosell.Record{"contactPhone": "+1", cosell.DealValue: "9500"})
	w.leadHeard()
	lead := w.leadOnly().Record
	if w.referrals[inquiry].Record[cosell.DealValue] != "9500" || lead["contactPhone"] != "+1" || !strings.Contains(lead[cosell.Audit], "comes from Microsoft") {
		t.Errorf("%v", lead)
	}
	w.silent()
}

func TestR151_NoLeadIsMadeBeforeTheStart(t *testing.T) {
	w := newWorld(t)
	w.unstarted = true
	w.restart()
	w.inquires(nil)
	w.heard()
	if w.writes() != 0 {
		t.Fatal("made before the start")
	}
	w.unstarted = false
	w.restart()
	w.deaf = true
	w.deliver(func() error { return w.flow.Reconcile(ctx) })
	w.leadOnly()
	w.silent()
}

func TestR151_ALeadAcceptedBeforeTheStartIsAnOpportunityAfterIt(t *testing.T) {
	for _, lead := range []bool{true, false} { // it may be no lead any more by the official table
		w := newWorld(t)
		w.unstarted = true
		w.restart()
		w.inquires(nil)
		w.heard()
		w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
		r := w.referrals[inquiry]
		r.Lead = lead
		w.referrals[inquiry] = r
		w.heard()
		w.unstarted = false
		w.restart()
		w.deliver(func() error { return w.flow.Reconcile(ctx) })
		w.oneDeal(itsDeal)
		w.silent()
	}
}

func TestI20_LostTablesLeadToTheSameLinksOfLeads(t *testing.T) {
	for what, after := range map[string]func(*world) string{
		"a lead": func(*world) string { return itsLead },
		"an opportunity that was a lead": func(w *world) string {
			w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
			w.heard()
			return itsDeal
		},
		"a lead that was accepted since": func(w *world) string { return "" },
	} {
		for _, hear := range []func(*world){func(w *world) { w.heard(); w.events() }, (*world).events, func(w *world) { w.leadHeard(); w.events() }} {
			w := newWorld(t)
			w.inquires(nil)
			w.heard()
			want := after(w)
			w.forgetAll()
			if want == "" {
				w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
				want = itsDeal
			}
			hear(w)
			pair, known, err := w.memory.FindByReferral(ctx, inquiry)
			if err != nil || !known || pair.OpportunityID != want || len(w.leads) != 1 || len(w.opportunities) > 1 {
				t.Errorf("%s: %v %v %+v, %d leads, %d opportunities", what, err, known, pair, len(w.leads), len(w.opportunities))
			}
			for _, said := range []string{w.leads[itsLead].Record[cosell.Audit], w.opportunities[want].Record[cosell.Audit]} {
				if strings.Contains(said, "link.taken") {
					t.Errorf("%s: %s", what, said)
				}
			}
			w.silent()
		}
	}
}

func TestAnEndedLeadOfTheFirstDayIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.inquires(cosell.Record{cosell.Status: cosell.Expired})
	w.heard()
	if w.writes() != 0 {
		t.Errorf("%d writes", w.writes())
	}
}

func TestASwitchedOffLeadStaysALead(t *testing.T) {
	w := newWorld(t)
	w.inquires(nil)
	w.heard()
	w.lead(itsLead, cosell.Record{cosell.Sync: cosell.False})
	w.leadHeard()
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	w.heard()
	w.leadOnly()
	w.lead(itsLead, cosell.Record{cosell.Sync: cosell.True})
	w.leadHeard()
	w.oneDeal(itsDeal)
}
