package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

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
	w := withLead(t)
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
	w := withLead(t)
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.Open})
	w.leadHeard()
	if lead := w.leadOnly().Record; !strings.Contains(lead[cosell.Audit], "lead.unconverted") || w.referrals[inquiry].Record[cosell.Status] != cosell.Pending {
		t.Errorf("%v", lead)
	}
	w.silent()
	w.accepted()
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
		w := withLead(t)
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
	w := withLead(t)
	delete(w.leads, itsLead)
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("lead", itsLead, "Delete")) })
	before := w.writes()
	w.heard()
	w.accepted()
	if w.writes() != before || len(w.opportunities)+len(w.leads) != 0 {
		t.Errorf("%d writes, %v", w.writes()-before, w.opportunities)
	}
}

func TestI10_TheDeletedOpportunityOfALeadIsNotMadeAgain(t *testing.T) {
	w := withLead(t)
	w.accepted()
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
	w := merged(t)
	w.leadHeard()
	w.events()
	w.wentOn()
	if r := w.referrals[inquiry].Record; r[cosell.Status] != cosell.Pending || r[cosell.CRMID] != winner || w.leads[winner].Record["contactPhone"] != "+49" {
		t.Errorf("%v %v", r, w.leads[winner].Record)
	}
	w.silent()
	w.accepted()
	if o := w.opportunities[itsDeal]; o.LeadID != winner || len(w.opportunities) != 1 {
		t.Errorf("%+v", o)
	}
	w.silent()
}

func TestASwitchedOffLeadStaysALead(t *testing.T) {
	w := withLead(t)
	w.lead(itsLead, cosell.Record{cosell.Sync: cosell.False})
	w.leadHeard()
	w.accepted()
	w.leadOnly()
	w.lead(itsLead, cosell.Record{cosell.Sync: cosell.True})
	w.leadHeard()
	w.oneDeal(itsDeal)
}

// The process dies after the hour was told and before it is kept; the message comes again later, and the hour is the same.
func TestADeathTellsNoSecondHourOfADecline(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.grace = 10 * time.Minute
		w.restart()
		w.inquires(nil)
		w.heard()
		w.lead(itsLead, cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "Others"})
		w.dieAt = w.calls + at
		died := w.run(w.hearLead) == errDied
		w.now = w.now.Add(2 * time.Minute)
		w.leadHeard()
		audit := w.leadOnly().Record[cosell.Audit]
		if n := strings.Count(audit, "decline.waiting"); n != 1 || w.referrals[inquiry].Record[cosell.Status] != cosell.Declined {
			t.Errorf("death at %d: told %d times, the referral is %s\n%s", at, n, w.referrals[inquiry].Record[cosell.Status], audit)
		}
		if !died {
			break
		}
	}
}

// What a lead has no columns for was never agreed on: where the opportunity that it became says something else than the referral, that is told.
func TestWhatALeadNeverHadIsToldToDiffer(t *testing.T) {
	w := newWorld(t)
	w.inquires(cosell.Record{cosell.Solutions: "1", "solutions/SOL-2": "{}"})
	w.heard()
	id := w.personQualifies(itsLead, cosell.Record{cosell.Solutions: "1", "solutions/SOL-1": "{}"})
	w.leadHeard()
	o := w.oneDeal(id)
	if r := w.referrals[inquiry].Record; r["solutions/SOL-2"] == "" || o.Record["solutions/SOL-1"] == "" || w.lines(id, "values.differ") != 1 {
		t.Errorf("Partner Center has %v, CRM %v, Audit:\n%s", r.Members(cosell.Solutions), o.Record.Members(cosell.Solutions), o.Record[cosell.Audit])
	}
	w.silent()
}

// What a lead has no columns for is agreed on as soon as the opportunity is made of the referral: an edit before the two are compared crosses.
func TestAnEditRightAfterALeadHasGrownCrosses(t *testing.T) {
	w := newWorld(t)
	w.inquires(cosell.Record{cosell.Solutions: "2", "solutions/SOL-1": "{}", "solutions/SOL-2": "{}"})
	w.heard()
	w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
	id := crm{w}.ID(inquiry)
	for range 9 {
		if _, grown := w.opportunities[id]; grown {
			break
		}
		_ = w.run(w.hearReferral)
		w.now = w.now.Add(10 * time.Second)
	}
	w.portal(inquiry, cosell.Record{"solutions/SOL-2": ""})
	w.drain()
	w.events()
	o := w.opportunities[id].Record
	if o["solutions/SOL-1"] == "" || o["solutions/SOL-2"] != "" || strings.Contains(o[cosell.Audit], "values.differ") {
		t.Errorf("CRM has %v, Audit:\n%s", o.Members(cosell.Solutions), o[cosell.Audit])
	}
	w.silent()
}

// A lead was edited on both sides, and is accepted before the two were compared: what gives way to the other value is told, whichever of the
// two the opportunity is made with.
func TestI25_ALeadThatGrowsTellsWhatGaveWay(t *testing.T) {
	for name, sellerLast := range map[string]bool{"Partner Center was edited last": false, "CRM was edited last": true} {
		t.Run(name, func(t *testing.T) {
			w := withLead(t)
			seller := func() { w.lead(itsLead, cosell.Record{cosell.Notes: "mine"}) }
			w.now = w.now.Add(time.Minute)
			if !sellerLast {
				seller()
				w.now = w.now.Add(time.Minute)
			}
			w.portal(inquiry, cosell.Record{cosell.Notes: "theirs", cosell.Status: cosell.Accepted})
			if sellerLast {
				w.now = w.now.Add(time.Minute)
				seller()
			}
			w.heard()
			w.events()
			o := w.oneDeal(itsDeal).Record
			told := o[cosell.Audit] + "\n" + w.leads[itsLead].Record[cosell.Audit]
			if now := o[cosell.Notes]; now != w.referrals[inquiry].Record[cosell.Notes] || !sellerLast && now != "theirs" || strings.Count(told, map[string]string{"theirs": `"mine"`, "mine": `"theirs"`}[now]) != 1 {
				t.Errorf("CRM has %q, Partner Center %q: %s", o[cosell.Notes], w.referrals[inquiry].Record[cosell.Notes], told)
			}
			w.silent()
		})
	}
}
