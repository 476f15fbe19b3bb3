package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// inbound is a pending deal from Partner Center with its opportunity, all events seen.
func (w *world) inbound() (referral, opportunity string) {
	w.t.Helper()
	id := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending, cosell.Visibility: cosell.True})
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
	w.userOf(crm{w}.ID(id), cosell.Record{cosell.Team: "1", "team/kim": `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"1"}`})
	w.events()
	return id, crm{w}.ID(id)
}

// later lets time go by, and the sweep look at what is due then.
func (w *world) later(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	w.deliver(func() error { return w.flow.Reconcile(ctx) })
}

// userOf edits any opportunity as a person does.
func (w *world) userOf(id string, changes cosell.Record) {
	o := w.opportunities[id]
	o.Record = after(o.Record, changes)
	o.Version, o.Modified, o.Untouched = w.nextVersion(), w.now, false
	w.opportunities[id] = o
}

func TestConflictOnAPendingDealIsDecidedWithTheAnswer(t *testing.T) {
	w := newWorld(t)
	r, o := w.inbound()
	w.portal(r, cosell.Record{cosell.DealValue: "20"})
	w.now = w.now.Add(1e9)
	w.userOf(o, cosell.Record{cosell.DealValue: "30"})
	w.silent()
	w.userOf(o, cosell.Record{cosell.Status: cosell.Open})
	w.events()
	if got := w.referrals[r].Record; got[cosell.DealValue] != "30" || got[cosell.Status] != cosell.Accepted {
		t.Errorf("referral %v", got)
	}
	w.silent()
}

// closed is a person who closes an opportunity as lost; reopened who takes that back: CRM's Reopen gives
// In Progress.
func (w *world) closed(id string) {
	w.now = w.now.Add(time.Second)
	w.userOf(id, cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "", cosell.LastClosed: w.now.Format(time.RFC3339)})
}

func (w *world) reopened(id string) {
	w.now = w.now.Add(time.Second)
	w.userOf(id, cosell.Record{cosell.Status: cosell.Open})
}

func TestR137_DeclineWaitsForItsGraceAndCanBeTakenBack(t *testing.T) {
	for _, seen := range []bool{true, false} { // whether an event comes between closing and reopening
		w := newWorld(t)
		w.grace = 10 * time.Minute
		w.restart()
		r, o := w.inbound()
		w.closed(o)
		if seen {
			if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Lose")); !fault.Is(err, fault.Later) {
				t.Fatalf("declined without grace: %v", err)
			}
			if got := w.opportunities[o].Record; !strings.Contains(got[cosell.Audit], "decline.waiting") || got[cosell.Mark] != cosell.MarkOK {
				t.Errorf("Audit %q, mark %q", got[cosell.Audit], got[cosell.Mark])
			}
		}
		w.reopened(o)
		w.events()
		if got := w.referrals[r].Record[cosell.Status]; got != cosell.Pending {
			t.Fatalf("after reopening the referral is %s (event in between: %v)", got, seen)
		}
		if !strings.Contains(w.opportunities[o].Record[cosell.Audit], "reopen.pending") {
			t.Errorf("nobody says how to accept: %q", w.opportunities[o].Record[cosell.Audit])
		}
		w.silent()
		w.userOf(o, cosell.Record{cosell.Status: cosell.OnHold})
		w.events()
		w.userOf(o, cosell.Record{cosell.Status: cosell.Open})
		w.events()
		if got := w.referrals[r].Record[cosell.Status]; got != cosell.Accepted {
			t.Errorf("a deliberate acceptance did not arrive: %s", got)
		}
		w.silent()
	}
}

func TestR137_DeclineGoesThroughAfterItsGrace(t *testing.T) {
	w := newWorld(t)
	w.grace = 10 * time.Minute
	w.restart()
	r, o := w.inbound()
	w.closed(o)
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Lose")) })
	if got := w.referrals[r].Record; got[cosell.Status] != cosell.Declined || got[cosell.Reason] == "" {
		t.Errorf("%v", got)
	}
	w.silent()
}

func TestEditsOfAnUnsyncedDealWaitForTheSwitch(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Sync: cosell.False, cosell.DealValue: "777"})
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Better"})
	puts := w.puts
	w.events()
	if w.puts != puts {
		t.Error("Partner Center was written while the switch was off")
	}
	w.silent()
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.events()
	if got := w.own()[0].Record; got[cosell.DealValue] != "777" || got[cosell.Name] != "Better" {
		t.Errorf("after the switch: %v", got)
	}
	w.silent()
}

func TestValueThatCRMRefusesIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.refuseCRM = func(v cosell.Record) error {
		if v[cosell.Currency] == "XTS" {
			return fault.New(fault.Refused, "no such currency").With("currency.unknown", "add it").At("currency")
		}
		return nil
	}
	w.portal(w.own()[0].ID, cosell.Record{cosell.Currency: "XTS", cosell.DealValue: "9"})
	w.events()
	o := w.opportunities[deal].Record
	if pair := w.pair(); len(pair.Held) != 1 || pair.Held[0].Field != cosell.Currency {
		t.Errorf("held %+v", pair.Held)
	}
	if strings.Count(o[cosell.Audit], "currency.unknown") != 1 || o[cosell.Mark] != cosell.MarkFailed {
		t.Errorf("mark %q, Audit %q", o[cosell.Mark], o[cosell.Audit])
	}
	w.silent()
	w.refuseCRM = nil
	w.later(time.Hour)
	if o := w.opportunities[deal].Record; o[cosell.Currency] != "XTS" || o[cosell.Mark] != cosell.MarkOK {
		t.Errorf("after it was mended: %v", o)
	}
	w.silent()
}

func TestUnreadableValueIsExplainedOnce(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.portal(w.own()[0].ID, cosell.Record{cosell.Unreadable.Of("closingDate"): "not a date"})
	w.events()
	w.silent()
	if n := strings.Count(w.opportunities[deal].Record[cosell.Audit], "value.unreadable"); n != 1 {
		t.Errorf("explained %d times", n)
	}
}

func TestWinThatMakesTheDealRegistrableIsHeldToo(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Visibility: cosell.True})
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Status: cosell.Won, cosell.DealValue: "85000"})
	if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win")); !fault.Is(err, fault.Later) {
		t.Errorf("%v", err)
	}
}

func TestPortalEditDuringAHeldWinIsNoConflictLater(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Visibility: cosell.True, cosell.DealValue: "85000"})
	w.opportunityChanged()
	w.events()
	w.user(cosell.Record{cosell.Status: cosell.Won})
	_ = w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win"))
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "86000"})
	_ = w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated"))
	w.user(cosell.Record{cosell.DealValue: "87000"})
	w.opportunityChanged()
	w.events()
	o := w.opportunities[deal].Record
	if w.own()[0].Record[cosell.DealValue] != "87000" || strings.Contains(o[cosell.Audit], "conflict") {
		t.Errorf("referral %v, Audit %q", w.own()[0].Record, o[cosell.Audit])
	}
}

func TestHelpThatMicrosoftRefusesLeavesTheDealLinked(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.refuseInvite = fault.New(fault.Refused, "no seller").With("invite.refused", "ask")
	w.opportunityChanged()
	w.events()
	o := w.opportunities[deal].Record
	if o[cosell.ReferralID] != w.own()[0].ID || o[cosell.Mark] != cosell.MarkFailed || strings.Count(o[cosell.Audit], "invite.refused") != 1 {
		t.Errorf("%v", o)
	}
	w.silent()
	w.refuseInvite = nil
	w.later(time.Hour)
	if o := w.opportunities[deal].Record; len(w.microsofts()) != 1 || o[cosell.Mark] != cosell.MarkOK {
		t.Errorf("%d of Microsoft's, %v", len(w.microsofts()), o)
	}
	w.silent()
}

func TestNameThatTheMarkCutsStaysWholeInPartnerCenter(t *testing.T) {
	long := strings.Repeat("n", 300)
	cut := strings.Repeat("n", 297) + "…"
	w := newWorld(t)
	w.want(cosell.Record{cosell.Name: long})
	w.afterCRMPut = func(r cosell.Record) {
		if r[cosell.Mark] != "" && r[cosell.Name] == long {
			r[cosell.Name] = cut // the column holds 300 with the mark
		}
	}
	w.opportunityChanged()
	w.events()
	if got := w.own()[0].Record[cosell.Name]; got != long {
		t.Errorf("after the tick %q", got)
	}
	w.user(cosell.Record{cosell.Name: long, cosell.Mark: ""})
	w.events()
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "5"})
	w.events() // the tick comes back, and cuts again
	if got := w.own()[0].Record[cosell.Name]; got != long {
		t.Errorf("after an edit %q", got)
	}
	w.silent()
}

func TestR79_MarksThatPeopleTypedAreTidiedUp(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Mark: cosell.MarkUntidy})
	writes, puts := w.crmWrites, w.puts
	w.events()
	if got := w.opportunities[deal].Record[cosell.Mark]; got != cosell.MarkOK || w.crmWrites != writes+1 || w.puts != puts {
		t.Errorf("mark %q after %d writes to CRM and %d to Partner Center", got, w.crmWrites-writes, w.puts-puts)
	}
	w.silent()
}

// The seller answers in the moment between the making of the row and our remembering it, and the process dies
// there: his answer is one all the same.
func TestI1_AnAnswerAroundAnInterruptedMakingIsSeen(t *testing.T) {
	seen := 0
	for n := 1; n < 40; n++ {
		w := newWorld(t)
		id := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending, cosell.Visibility: cosell.True})
		o := crm{w}.ID(id)
		w.dieAt = w.calls + n
		err := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		w.dieAt = 0
		if _, there := w.opportunities[o]; !there || err == nil {
			continue
		}
		seen++
		w.userOf(o, cosell.Record{cosell.Status: cosell.Open, cosell.Team: "1", "team/kim": `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"1"}`})
		w.now = w.now.Add(time.Minute)
		w.events()
		w.now = w.now.Add(time.Minute)
		w.events()
		if got := w.referrals[id].Record[cosell.Status]; got != cosell.Accepted {
			t.Errorf("died at call %d: the referral is %s\n%s", n, got, w.opportunities[o].Record[cosell.Audit])
		}
	}
	if seen == 0 {
		t.Fatal("the process never died while the row was there")
	}
}

// What CRM did not take of a new row and the seller then typed, before we remembered the row, are two values:
// the loser is told.
func TestI1_AnEditOfWhatAnInterruptedMakingLeftOutIsAConflict(t *testing.T) {
	seen := 0
	for n := 1; n < 40; n++ {
		w := newWorld(t)
		id := portalDeal(w, cosell.Record{cosell.Status: cosell.Accepted, cosell.DealValue: "57268"})
		w.refuseNew = func(values cosell.Record) error {
			if values[cosell.DealValue] != "" {
				return fault.New(fault.Refused, "not this value").OfClass(fault.Record).Naming(string(cosell.DealValue))
			}
			return nil
		}
		o := crm{w}.ID(id)
		w.dieAt = w.calls + n
		err := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		w.dieAt = 0
		if row, there := w.opportunities[o]; !there || err == nil || row.Record[cosell.DealValue] != "" {
			continue
		}
		seen++
		w.now = w.now.Add(time.Minute)
		w.userOf(o, cosell.Record{cosell.DealValue: "6298"})
		w.events()
		w.now = w.now.Add(time.Minute)
		w.events()
		if got := w.referrals[id].Record[cosell.DealValue]; got != "6298" || w.lines(o, `gave way: "57268"`) != 1 {
			t.Errorf("died at call %d: the referral says %s\n%s", n, got, w.opportunities[o].Record[cosell.Audit])
		}
	}
	if seen == 0 {
		t.Fatal("the process never died while the row was there")
	}
}

// An operator drops what is held at the moment at which a person has corrected it: the new value was refused by nobody, and crosses.
func TestI1_WhatWasCorrectedIsNotDropped(t *testing.T) {
	for field, values := range map[cosell.Field][2]cosell.Record{
		cosell.DealValue: {{cosell.DealValue: "666"}, {cosell.DealValue: "777"}},
		cosell.Solutions: {{cosell.Solutions: "0", "solutions/SOL-1": ""}, {cosell.Solutions: "1", "solutions/SOL-2": "{}"}},
	} {
		w := newWorld(t)
		w.private(cosell.Record{cosell.Solutions: "1", "solutions/SOL-1": "{}"})
		w.refusePC = fault.New(fault.Refused, "no").OfClass(fault.Record).At(string(cosell.DealValue)).Saying("not that much", "correct it")
		w.user(values[0])
		w.events()
		w.refusePC = nil
		if pair := w.pair(); len(pair.Held) != 1 || pair.Held[0].Field != field {
			t.Fatalf("%s: held %+v", field, pair.Held)
		}
		w.userOf(deal, values[1])
		if err := w.flow.Forget(ctx, deal, cosell.InPartnerCenter, field); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", field, err)
		}
		w.drain()
		w.events()
		o, r := w.opportunities[deal].Record, w.own()[0].Record
		if o[cosell.DealValue] != r[cosell.DealValue] || (o["solutions/SOL-2"] == "") != (r["solutions/SOL-2"] == "") || strings.Contains(o[cosell.Audit], cosell.LeftAsItIs) {
			t.Errorf("%s: CRM %v, Partner Center %v", field, o, r)
		}
		w.silent()
	}
}
