package flow_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

var ctx = context.Background()

func (w *world) opportunityChanged() {
	w.t.Helper()
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
}

func (w *world) referralChanged(id string) {
	w.t.Helper()
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-updated")) })
}

// silent checks that all events of both systems, delivered again, write nothing.
func (w *world) silent() {
	w.t.Helper()
	w.events()
	before := w.writes()
	w.events()
	w.events()
	if n := w.writes() - before; n != 0 {
		w.t.Errorf("%d writes after everything had been seen", n)
	}
}

func (w *world) linked() cosell.Opportunity {
	w.t.Helper()
	o := w.opportunities[deal]
	if len(w.own()) != 1 || o.Record[cosell.ReferralID] != w.own()[0].ID || o.Record[cosell.Mark] != cosell.MarkOK {
		w.t.Fatalf("%d own referrals, opportunity %v", len(w.own()), o.Record)
	}
	return o
}

func TestPrivateDealTakesOnePostAndOneWriteBack(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	o := w.linked()
	if w.posts != 1 || w.crmWrites != 1 {
		t.Errorf("%d POSTs, %d CRM writes", w.posts, w.crmWrites)
	}
	if !strings.Contains(o.Record[cosell.Audit], "sync success") || o.Record[cosell.ReferralLink] != "https://portal.example/"+w.own()[0].ID {
		t.Errorf("audit %q link %q", o.Record[cosell.Audit], o.Record[cosell.ReferralLink])
	}
	w.silent()
}

func TestHelpMakesTwoReferralsInOneEngagement(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	o := w.linked()
	if len(w.microsofts()) != 1 || w.microsofts()[0].EngagementID != w.own()[0].EngagementID {
		t.Fatalf("Microsoft's: %v", w.microsofts())
	}
	if o.Record[cosell.Visibility] != cosell.True {
		t.Error("the deal is not visible in CRM")
	}
	w.silent()
}

func TestUnsyncedOpportunityStaysInCRM(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Sync: cosell.False})
	w.opportunityChanged()
	if w.writes() != 0 {
		t.Errorf("%d writes", w.writes())
	}
}

func TestEverythingMissingIsExplainedOnceAndMended(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther", cosell.CustomerCountry: "France", "contacts/ada": "", "solutions/SOL-1": ""})
	w.opportunityChanged()
	o := w.opportunities[deal]
	for _, code := range []string{"country.invalid", "contact.required", "solution.required"} {
		if strings.Count(o.Record[cosell.Audit], code) != 1 {
			t.Errorf("%s is not in Audit once: %q", code, o.Record[cosell.Audit])
		}
	}
	if w.posts != 0 || o.Record[cosell.Mark] != cosell.MarkFailed {
		t.Errorf("%d POSTs, mark %q", w.posts, o.Record[cosell.Mark])
	}
	w.opportunityChanged()
	if w.crmWrites != 1 {
		t.Errorf("explained %d times", w.crmWrites)
	}
	w.user(cosell.Record{cosell.CustomerCountry: "FR", "contacts/ada": `{"email":"ada@x","firstName":"Ada","lastName":"E","phone":"1"}`, "solutions/SOL-1": "{}"})
	w.opportunityChanged()
	w.linked()
	w.silent()
}

func TestEditTravelsOnceEachWay(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	puts, crm := w.puts, w.crmWrites
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	if w.puts != puts+1 || w.crmWrites != crm || w.own()[0].Record[cosell.DealValue] != "250" {
		t.Errorf("%d puts, %d CRM writes, %v", w.puts-puts, w.crmWrites-crm, w.own()[0].Record)
	}
	w.silent()
	puts, crm = w.puts, w.crmWrites
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Better"})
	w.referralChanged(w.own()[0].ID)
	if w.puts != puts || w.crmWrites != crm+1 || w.opportunities[deal].Record[cosell.Name] != "Better" {
		t.Errorf("%d puts, %d CRM writes, %v", w.puts-puts, w.crmWrites-crm, w.opportunities[deal].Record)
	}
	w.silent()
}

func TestReferralChangeCostsOneReadAndOneWrite(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "300"})
	calls := w.calls
	w.referralChanged(w.own()[0].ID)
	if n := w.calls - calls; n != 7 { // GET; note before and after; PATCH before and after; save before and after
		t.Errorf("%d call boundaries", n)
	}
}

func TestBothSidesSurviveAConflict(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Better"})
	w.beforeCRMPut = func() { w.user(cosell.Record{cosell.DealValue: "777"}) }
	w.referralChanged(w.own()[0].ID)
	w.events()
	if got := w.own()[0].Record[cosell.DealValue]; got != "777" {
		t.Errorf("the seller's value did not arrive: %s", got)
	}
	if got := w.opportunities[deal].Record[cosell.Name]; got != "Better" {
		t.Errorf("the portal's name did not arrive: %s", got)
	}
	w.silent()
}

func TestEditDuringTheCreationIsNotLost(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.beforeCRMPut = func() { w.user(cosell.Record{cosell.DealValue: "555"}) }
	w.opportunityChanged()
	w.events()
	if got := w.own()[0].Record[cosell.DealValue]; got != "555" {
		t.Errorf("the referral still says %s", got)
	}
	w.silent()
}

func TestUnknownOutcomeWaitsAndIsFound(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.loseAnswer = true
	err := w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "test"))
	if !fault.Is(err, fault.Later) {
		t.Fatalf("%v", err)
	}
	if err := w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "test")); !fault.Is(err, fault.Later) || w.posts != 1 {
		t.Fatalf("sent %d times before it was settled: %v", w.posts, err)
	}
	w.now = w.now.Add(settle)
	w.deliver(w.wanted)
	w.linked()
	if w.posts != 1 {
		t.Errorf("%d POSTs", w.posts)
	}
}

func TestEchoOfOurOwnPostEndsTheWaiting(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.loseAnswer = true
	if err := w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "test")); !fault.Is(err, fault.Later) {
		t.Fatal(err)
	}
	began := w.now
	w.referralChanged(w.own()[0].ID)
	w.linked()
	if w.posts != 1 || w.now.Sub(began) >= settle || len(w.opportunities) != 1 {
		t.Errorf("%d POSTs after %s, %d opportunities", w.posts, w.now.Sub(began), len(w.opportunities))
	}
}

// The process dies once at every boundary of a creation, then the message comes again; with and without
// the echo event in between.
func TestDeathAtEveryPointOfACreationMakesOneEngagement(t *testing.T) {
	for _, echo := range []bool{false, true} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
			w.dieAt = at
			if err := w.wanted(); err == nil {
				if at < 10 {
					t.Fatalf("only %d boundaries", at)
				}
				break
			}
			if echo {
				w.events()
			}
			w.deliver(w.wanted)
			w.events()
			w.linked()
			if len(w.own()) != 1 || len(w.microsofts()) != 1 || len(w.opportunities) != 1 {
				t.Errorf("death at %d (echo %v): %d own, %d Microsoft's, %d opportunities", at, echo, len(w.own()), len(w.microsofts()), len(w.opportunities))
			}
			w.silent()
		}
	}
}

func portalDeal(w *world, changes cosell.Record) string {
	r := cosell.Record{cosell.Name: "Portal deal", cosell.DealValue: "9", cosell.Currency: "EUR", cosell.ClosingDate: "2026-10-01",
		cosell.Status: cosell.Accepted, cosell.Visibility: cosell.False, cosell.CRMID: "", cosell.Solutions: "1", "solutions/SOL-1": "{}"}
	for f, v := range changes {
		r[f] = v
	}
	id := w.id()
	w.referrals[id] = cosell.Referral{EngagementID: w.id(), CreatedAt: w.now, AcceptedAt: w.now,
		Side: cosell.Side{ID: id, Version: w.nextVersion(), Record: r, Modified: w.now}}
	return id
}

func TestDealBornInPartnerCenterGetsOneOpportunity(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		id := portalDeal(w, nil)
		w.dieAt = at
		done := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }) == nil
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		w.events()
		if len(w.opportunities) != 1 {
			t.Fatalf("death at %d: %d opportunities", at, len(w.opportunities))
		}
		o := w.opportunities[crm{w}.ID(id)]
		if w.referrals[id].Record[cosell.CRMID] != o.ID || o.Record[cosell.Sync] != cosell.True || o.Record[cosell.ReferralID] != id {
			t.Errorf("death at %d: CRM id %q, opportunity %v", at, w.referrals[id].Record[cosell.CRMID], o.Record)
		}
		w.silent()
		if done {
			break
		}
	}
}

func TestUnknownCRMIDIsIgnored(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, cosell.Record{cosell.CRMID: "33333333-3333-4333-8333-333333333333"})
	w.referralChanged(id)
	if w.writes() != 0 || len(w.opportunities) != 0 {
		t.Errorf("%d writes, %d opportunities", w.writes(), len(w.opportunities))
	}
}

func TestReferralNeverTakesALinkedOpportunity(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	thief := portalDeal(w, cosell.Record{cosell.CRMID: deal})
	w.referralChanged(thief)
	o := w.opportunities[deal].Record
	if strings.Count(o[cosell.Audit], "link.taken") != 1 || !strings.Contains(o[cosell.Audit], thief) || o[cosell.Mark] != cosell.MarkOK {
		t.Errorf("somebody is told once, the tick stays: %q", o[cosell.Audit])
	}
	w.silent()
	if w.referrals[thief].Version != "4" && w.puts > 0 {
		t.Error("the other referral was written")
	}
	if w.opportunities[deal].Record[cosell.ReferralID] == thief {
		t.Error("the opportunity was linked to another referral")
	}
}

func TestDeletedOpportunityIsNeverMadeAgain(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, nil)
	w.referralChanged(id)
	opportunity := crm{w}.ID(id)
	delete(w.opportunities, opportunity)
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", opportunity, "Delete")) })
	w.portal(id, cosell.Record{cosell.DealValue: "10", cosell.CRMID: ""})
	w.referralChanged(id)
	if len(w.opportunities) != 0 {
		t.Error("the opportunity came back")
	}
}

func TestLostLedgerIsRebuiltWithoutWriting(t *testing.T) {
	for name, tell := range map[string]func(*world){
		"ByCRM":           func(w *world) { w.opportunityChanged() },
		"ByPartnerCenter": func(w *world) { w.referralChanged(w.own()[0].ID) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
			w.opportunityChanged()
			w.memory = ledger.InMemory(func() time.Time { return w.now })
			w.restart()
			before := w.writes()
			tell(w)
			if n := w.writes() - before; n != 0 || len(w.referrals) != 2 {
				t.Errorf("%d writes, %d referrals", n, len(w.referrals))
			}
			w.user(cosell.Record{cosell.DealValue: "250"})
			w.opportunityChanged()
			if got := w.own()[0].Record[cosell.DealValue]; got != "250" {
				t.Errorf("not in step again: %s", got)
			}
			w.silent()
		})
	}
}

func TestEarlyWinWaitsAndGoesThroughByItself(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.DealValue: "85000", cosell.Visibility: cosell.True})
	w.opportunityChanged()
	w.now = w.now.Add(71 * time.Hour)
	w.user(cosell.Record{cosell.Status: cosell.Won, cosell.DealValue: "80000"})
	err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win"))
	if !fault.Is(err, fault.Later) || w.own()[0].Record[cosell.Status] != cosell.Accepted {
		t.Fatalf("%v, referral %v", err, w.own()[0].Record)
	}
	if !strings.Contains(w.opportunities[deal].Record[cosell.Audit], "won.early") {
		t.Error("Audit does not warn")
	}
	w.opportunityChanged() // waits as long as it is told to
	if r := w.own()[0].Record; r[cosell.Status] != cosell.Won || r[cosell.DealValue] != "80000" {
		t.Errorf("referral %v", r)
	}
	w.silent()
}

func TestReconcileMovesItsCursorOnlyWhenEveryHintWasTaken(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.hints = nil
	for at := 1; ; at++ {
		w.calls, w.dieAt = 0, at
		err := w.run(func() error { return w.flow.Reconcile(ctx) })
		hints := len(w.hints)
		cursor, _ := w.memory.Cursor(ctx, "referral")
		if err == nil {
			break
		}
		if hints == 0 && cursor != "" {
			t.Fatalf("death at %d: the cursor moved and no hint was taken", at)
		}
		w.hints = nil
		w.memory = ledger.InMemory(func() time.Time { return w.now })
		w.restart()
	}
}

// A broker that loses all it holds loses what the cursors have passed: it is looked at again within a day, whichever of the
// two looks finds a broker that keeps it. Otherwise nothing that was read is read again.
func TestWhatABrokerLostIsLookedAtAgainWithinADay(t *testing.T) {
	for _, kept := range []int{1, 2} { // the look whose hints are kept
		w := newWorld(t)
		w.tracking = true
		w.want(nil)
		w.opportunityChanged()
		pass := func() int {
			w.now = w.now.Add(5 * time.Minute)
			if err := w.run(func() error { return w.flow.Reconcile(ctx) }); err != nil {
				t.Fatal(err)
			}
			return len(w.hints)
		}
		pass()
		w.drain()
		w.now = w.now.Add(13 * time.Hour) // of an ordinary day
		pass()
		w.drain()
		w.now = w.now.Add(time.Minute)
		w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "77"})
		w.user(cosell.Record{cosell.Notes: "seen"})
		pass()
		w.hints = nil // the broker begins anew
		if n := pass(); n > 0 {
			t.Fatalf("%d hints of what was read", n)
		}
		for look := 1; look <= kept; look++ {
			w.now = w.now.Add(12 * time.Hour)
			if n := pass(); n == 0 {
				t.Fatalf("look %d: nothing is looked at again", look)
			}
			if look < kept {
				w.hints = nil
			}
		}
		w.drain()
		if o, r := w.opportunities[deal].Record, w.own()[0].Record; o[cosell.DealValue] != "77" || r[cosell.Notes] != "seen" {
			t.Errorf("look %d: opportunity %v, referral %v", kept, o[cosell.DealValue], r[cosell.Notes])
		}
		w.silent()
		for _, old := range []bool{false, true} {
			w.now = w.now.Add(12 * time.Hour)
			if n := pass(); old && n > 0 {
				t.Errorf("%d hints of what is older than a day", n)
			}
			w.drain()
		}
	}
}

func TestSolutionRowIsResolvedAfterItsDeletion(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{"solutions/SOL-2": "{}"})
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row", deal, "Create")) })
	if w.own()[0].Record["solutions/SOL-2"] != "{}" {
		t.Fatalf("the row did not arrive: %v", w.own()[0].Record)
	}
	o := w.opportunities[deal]
	o.Record = o.Record.Clone()
	delete(o.Record, "solutions/SOL-2")
	w.opportunities[deal] = o
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row", "", "Delete")) }) // the event says the row only
	if v := w.own()[0].Record["solutions/SOL-2"]; v != "" {
		t.Errorf("the row is still there: %q", v)
	}
}

func decided(err error) string {
	if err == nil {
		return "done"
	}
	return fault.KindOf(err).String()
}
