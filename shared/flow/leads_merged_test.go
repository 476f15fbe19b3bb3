package flow_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

const winner = "55555555-5555-4555-8555-555555555555"

// merged is a world in which a person has merged the lead of the inquiry into another one.
func merged(t *testing.T) *world {
	t.Helper()
	w := withLead(t)
	w.leads[winner] = cosell.Opportunity{Side: cosell.Side{ID: winner, Version: w.nextVersion(), Record: cosell.Record{cosell.Name: "Inquiry", cosell.Status: cosell.OnHold,
		cosell.Sync: cosell.False, cosell.ReferralID: "", cosell.ReferralLink: "", cosell.Audit: "", "contactPhone": "", cosell.State: ""}}}
	lead := w.leads[itsLead]
	lead.MergedInto = winner
	w.leads[itsLead] = lead
	w.lead(itsLead, cosell.Record{cosell.Status: cosell.Canceled, cosell.Reason: "Others"})
	return w
}

// wentOn fails unless the pair of the inquiry went on with the lead that won, and the other one has let go of it and says so once.
func (w *world) wentOn() {
	w.t.Helper()
	pair, known, err := w.memory.FindByReferral(ctx, inquiry)
	if err != nil || !known || pair.OpportunityID != winner || pair.Table != cosell.LeadTable || pair.Phase != cosell.Linked {
		w.t.Fatalf("%v %v %+v", err, known, pair)
	}
	loser := w.leads[itsLead].Record
	if w.leads[winner].Record[cosell.ReferralID] != inquiry || loser[cosell.ReferralID] != "" || strings.Count(loser[cosell.Audit], "which goes on with referral") != 1 {
		w.t.Errorf("winner %v, loser %v", w.leads[winner].Record, loser)
	}
}

// CRM does not take the referral on the lead that another one was merged into: the other one keeps it and says so once, is not written to
// again and again, and the two change places on the usual schedule, once that is taken.
func TestI3_AMergedLeadKeepsItsReferralUntilTheOtherOneTakesIt(t *testing.T) {
	for name, tt := range map[string]struct {
		refused error
		free    bool // a rule looks at the row that the key has let through
	}{
		"a rule":                             {refused: fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("not on a Monday", "wait")},
		"access":                             {refused: fault.New(fault.Refused, "no").OfClass(fault.Record).With("access.denied", "share it").Saying("not yours", "share it")},
		"a rule that is asked after the key": {refused: fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("not on a Monday", "wait"), free: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := merged(t)
			w.refuseCRM = func(values cosell.Record) error {
				if values[cosell.ReferralID] == "" || values[cosell.Sync] == "" || tt.free && w.leads[itsLead].Record[cosell.ReferralID] != "" {
					return nil
				}
				return tt.refused
			}
			for range 3 {
				w.leadHeard()
				w.heard()
			}
			lead := w.leads[itsLead].Record
			if lead[cosell.ReferralID] != inquiry || lead[cosell.ReferralLink] == "" || strings.Count(lead[cosell.Audit], "could not be linked with its referral") != 1 ||
				strings.Contains(lead[cosell.Audit], "goes on with referral") || strings.Contains(lead[cosell.Audit], "was restored") || w.refusals != 1 {
				t.Errorf("%d refusals, %v", w.refusals, lead)
			}
			if due, err := w.memory.Due(ctx, w.now.Add(25*time.Hour)); err != nil || !slices.Contains(due, itsLead) {
				t.Errorf("%v %v", due, err)
			}
			w.silent()
			w.now = w.now.Add(25 * time.Hour)
			w.deliver(func() error { return w.flow.Reconcile(ctx) })
			if again := w.leads[itsLead].Record; w.refusals != 2 || again[cosell.Audit] != lead[cosell.Audit] || again[cosell.ReferralID] != inquiry {
				t.Errorf("%d refusals, %v", w.refusals, again)
			}
			w.silent()
			w.refuseCRM = nil
			w.now = w.now.Add(25 * time.Hour)
			w.deliver(func() error { return w.flow.Reconcile(ctx) })
			w.wentOn()
			w.silent()
		})
	}
}

// A lead that was merged and takes nothing any more holds nothing back.
func TestAMergedLeadThatTakesNoWordsHandsItsReferralOver(t *testing.T) {
	w := merged(t)
	w.keyless = true
	w.refuseCRM = func(values cosell.Record) error {
		if id, named := values[cosell.ReferralID]; named && id == "" {
			return fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("it is closed", "nothing")
		}
		return nil
	}
	w.leadHeard()
	if pair, known, err := w.memory.FindByReferral(ctx, inquiry); err != nil || !known || pair.OpportunityID != winner {
		t.Errorf("%v %v %+v", err, known, pair)
	}
	w.silent()
}

// The process dies wherever it may while a merged lead hands its referral over.
func TestADeathWhileAMergedLeadHandsItsReferralOver(t *testing.T) {
	for _, keyless := range []bool{false, true} {
		for at := 1; ; at++ {
			w := merged(t)
			w.keyless = keyless
			w.dieAt = w.calls + at
			died := w.run(w.hearLead) == errDied
			w.now = w.now.Add(2 * time.Minute)
			w.leadHeard()
			w.wentOn()
			w.silent()
			if !died {
				break
			}
		}
	}
}

// Nobody works on the lead that won while the other one hands its referral over, and the pair moves.
func TestI16_TheLeadThatWinsIsWorkedOnByOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := merged(t)
		beside := map[string]error{}
		works := func(when string) {
			soon, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			beside[when] = w.flow.FromOpportunity(soon, toldOf("lead", winner, "Update"))
		}
		w.onCRMPut = func(cosell.Record) {
			w.onCRMPut = nil
			works("while it is written to")
		}
		w.beforeMove = func() { works("while the pair moves") }
		w.leadHeard()
		for when, err := range beside {
			if !fault.Is(err, fault.Broken) { // it waited until its time was over
				t.Errorf("%s: %v", when, err)
			}
		}
		if len(beside) != 2 {
			t.Errorf("%v", beside)
		}
		w.wentOn()
		w.silent()
	})
}

// A referral asks for the record that a lead is merged into, or becomes, and nobody has answered: the record goes on with the referral of the
// lead, and is told of the first.
func TestAReferralThatAskedForTheRecordThatALeadGoesOnWithIsMetAnew(t *testing.T) {
	const asks = "10000000-0000-4000-8000-00000000000b"
	for name, into := range map[string]func(*testing.T) (*world, string){
		"merged": func(t *testing.T) (*world, string) { return merged(t), winner },
		"qualified": func(t *testing.T) (*world, string) {
			w := withLead(t)
			return w, w.personQualifies(itsLead, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, id := into(t)
			r := w.referrals[inquiry]
			r.ID, r.EngagementID, r.Version, r.Lead = asks, "e-"+asks, w.nextVersion(), id == winner
			r.Record = after(r.Record, cosell.Record{cosell.Status: cosell.Accepted, cosell.CRMID: id})
			w.referrals[asks] = r
			w.deliver(func() error { return w.flow.FromReferral(ctx, told(asks, "referral-created")) })
			if pair, _, err := w.memory.Find(ctx, id); err != nil || pair.Phase != cosell.Claimed || pair.ProposedID != asks {
				t.Fatalf("%v %+v", err, pair)
			}
			w.leadHeard()
			if pair, known, err := w.memory.FindByReferral(ctx, inquiry); err != nil || !known || pair.OpportunityID != id {
				t.Fatalf("%v %v %+v", err, known, pair)
			}
			audit := w.leads[id].Record[cosell.Audit] + w.opportunities[id].Record[cosell.Audit]
			if strings.Count(audit, "another referral in Partner Center names this opportunity: "+asks) != 1 {
				t.Error(audit)
			}
			w.silent()
		})
	}
}

// A lead that was merged into one of another referral, and takes no words: what is to be told waits, as on any row that takes none, and the
// row is not asked at each look.
func TestI29_AMergedLeadThatTakesNoWordsIsNotAskedAtEveryLook(t *testing.T) {
	w := merged(t)
	theirs := w.leads[winner]
	theirs.Record = after(theirs.Record, cosell.Record{cosell.ReferralID: "10000000-0000-4000-8000-00000000000b"})
	w.leads[winner] = theirs
	w.refuseCRM = func(cosell.Record) error {
		return fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("it is closed", "nothing")
	}
	for range 4 {
		w.leadHeard()
		w.heard()
	}
	if w.refusals != 1 {
		t.Errorf("asked %d times", w.refusals)
	}
	w.later(16 * time.Minute)
	if w.refusals != 2 {
		t.Errorf("asked %d times once it was due", w.refusals)
	}
	w.refuseCRM = nil
	w.later(time.Hour)
	if audit := w.leads[itsLead].Record[cosell.Audit]; strings.Count(audit, "which belongs to another referral") != 1 {
		t.Error(audit)
	}
	w.silent()
}

// A merged lead was told of another referral that the lead which won belonged to. That one is free now, and CRM refuses the link: it is not
// asked at each look either.
func TestI29_ARefusedTakeOverIsHeldBesideWhatWasToldBefore(t *testing.T) {
	w := merged(t)
	names := func(id string) {
		theirs := w.leads[winner]
		theirs.Record, theirs.Version = after(theirs.Record, cosell.Record{cosell.ReferralID: id}), w.nextVersion()
		w.leads[winner] = theirs
	}
	names("10000000-0000-4000-8000-00000000000b")
	w.leadHeard()
	names("")
	w.refuseCRM = func(values cosell.Record) error {
		if values[cosell.ReferralID] == "" || values[cosell.Sync] == "" {
			return nil
		}
		return fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("not on a Monday", "wait")
	}
	for range 4 {
		w.leadHeard()
		w.heard()
	}
	if w.refusals != 1 {
		t.Errorf("asked %d times", w.refusals)
	}
	w.silent()
	w.refuseCRM = nil
	w.later(25 * time.Hour)
	w.wentOn()
	w.silent()
}
