package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

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
	w := withLead(t)
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
	w := withLead(t)
	refuse := func(values cosell.Record) error {
		if values[cosell.Notes] != "" {
			return fault.New(fault.Refused, "no").At(string(cosell.Notes)).Saying("too long", "shorten it")
		}
		return nil
	}
	w.refuseQualify, w.refuseCRM = refuse, refuse
	w.accepted()
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

// What a person types where CRM did not take our value is an edit: the two sides agree in the end, and who lost is told.
func TestR127_WhatAPersonTypesForARefusedValueOfALeadIsAnEdit(t *testing.T) {
	for _, field := range []cosell.Field{cosell.Notes, cosell.ClosingDate} {
		w := withLead(t)
		w.refuseQualify = func(values cosell.Record) error {
			if values[field] != "" {
				return fault.New(fault.Refused, "no").At(string(field)).Saying("not on a Monday", "wait")
			}
			return nil
		}
		w.refuseCRM = w.refuseQualify
		w.accepted()
		if o := w.oneDeal(itsDeal); o.Record[field] != "" {
			t.Fatalf("%v", o.Record)
		}
		w.now = w.now.Add(time.Minute)
		w.userOf(itsDeal, cosell.Record{field: "2027-01-01"})
		w.dealHeard(itsDeal)
		w.refuseQualify, w.refuseCRM = nil, nil
		w.later(25 * time.Hour)
		o, r := w.oneDeal(itsDeal).Record, w.referrals[inquiry].Record
		if o[field] != r[field] || o[field] != "2027-01-01" && !strings.Contains(o[cosell.Audit], `gave way: "2027-01-01"`) {
			t.Errorf("Partner Center has %q: %v", r[field], o)
		}
		w.silent()
	}
}

func TestR126_WhatPartnerCenterRefusesOfALeadHoldsNothingElse(t *testing.T) {
	w := withLead(t)
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
			w.accepted()
			return itsDeal
		},
		"a lead that was accepted since": func(w *world) string { return "" },
	} {
		for _, hear := range []func(*world){func(w *world) { w.heard(); w.events() }, (*world).events, func(w *world) { w.leadHeard(); w.events() }} {
			w := withLead(t)
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

// CRM has made an opportunity of a lead that a person qualified, and refuses its link for a while: what a person edits of the referral
// meanwhile is an edit of the deal, and no older value of the opportunity counts for newer than it.
func TestI1_AnEditWhileTheOpportunityOfALeadCannotBeLinked(t *testing.T) {
	w := withLead(t)
	id := w.personQualifies(itsLead, nil)
	before := w.opportunities[id].Record[cosell.Notes]
	w.refuseCRM = func(values cosell.Record) error {
		if values[cosell.ReferralID] != "" {
			return fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("not on a Monday", "wait")
		}
		return nil
	}
	w.portal(inquiry, cosell.Record{cosell.Notes: "more", "contactPhone": "+49 999"}) // for which the opportunity has no column
	w.leadHeard()
	w.heard()
	if lead := w.leads[itsLead].Record; w.refusals == 0 || lead["contactPhone"] != "+49 999" || lead[cosell.Notes] != before || !strings.Contains(lead[cosell.Audit], "not on a Monday") {
		t.Fatalf("%d refusals, %v", w.refusals, lead)
	}
	w.refuseCRM = nil
	w.now = w.now.Add(25 * time.Hour)
	w.deliver(func() error { return w.flow.Reconcile(ctx) })
	if o, r := w.oneDeal(id).Record, w.referrals[inquiry].Record; o[cosell.Notes] != "more" || r[cosell.Notes] != "more" {
		t.Errorf("%q in CRM, %q in Partner Center", o[cosell.Notes], r[cosell.Notes])
	}
	w.silent()
}

// The lead is opened again while it is told that its opportunity cannot be linked: it is a lead once more, and takes the edit.
func TestI1_AnEditOfALeadThatIsOpenedAgain(t *testing.T) {
	w := withLead(t)
	id := w.personQualifies(itsLead, nil)
	w.refuseCRM = func(values cosell.Record) error {
		if values[cosell.ReferralID] != "" {
			return fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("not on a Monday", "wait")
		}
		if _, tells := values[cosell.Audit]; tells {
			w.refuseCRM = nil
			delete(w.opportunities, id)
			lead := w.leads[itsLead]
			lead.Became = ""
			w.leads[itsLead] = lead
			w.lead(itsLead, cosell.Record{cosell.Status: ""})
		}
		return nil
	}
	w.portal(inquiry, cosell.Record{cosell.Notes: "more"})
	w.leadHeard()
	if lead := w.leadOnly().Record; w.refuseCRM != nil || lead[cosell.Notes] != "more" {
		t.Errorf("%v", lead)
	}
	w.heard()
	w.silent()
}
