package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// asks is a person choosing an action on the form.
func (w *world) asks(act string) {
	w.t.Helper()
	w.userOf(deal, cosell.Record{cosell.Action: act})
	w.opportunityChanged()
}

// answered checks that the form asks for nothing any more, and that Audit says why.
func (w *world) answered(says string) {
	w.t.Helper()
	o := w.opportunities[deal].Record
	if o[cosell.Action] != "" || !strings.Contains(o[cosell.Audit], says) {
		w.t.Errorf("the form asks for %q, Audit:\n%s", o[cosell.Action], o[cosell.Audit])
	}
	w.silent()
}

func TestR152_SyncNowIsAnsweredWithEverythingThatStandsInTheWay(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.asks(cosell.ActSync)
	w.answered("looked at anew, as asked")
	w.want(cosell.Record{cosell.Solutions: "0", "solutions/SOL-1": "", cosell.ReferralID: ""})
	w = newWorld(t)
	w.want(cosell.Record{cosell.Solutions: "0", "solutions/SOL-1": ""})
	w.opportunityChanged()
	told := strings.Count(w.opportunities[deal].Record[cosell.Audit], "solution.required")
	w.asks(cosell.ActRetry)
	w.answered("solution.required")
	if again := strings.Count(w.opportunities[deal].Record[cosell.Audit], "solution.required"); told != 1 || again != 2 {
		t.Errorf("told %d times, then %d", told, again)
	}
}

func TestR152_RetryTriesWhatIsNotDueYet(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.refusePC = fault.New(fault.Refused, "no").Answered(422)
	w.user(cosell.Record{cosell.Notes: "new"})
	w.opportunityChanged()
	w.refusePC = nil
	w.events()
	if w.own()[0].Record[cosell.Notes] == "new" {
		t.Fatal("it was tried by itself")
	}
	w.asks(cosell.ActRetry)
	if w.own()[0].Record[cosell.Notes] != "new" {
		t.Error("it was not tried")
	}
	w.answered("as asked")
}

func TestR152_UnlinkEndsThePairAndEmptiesTheRow(t *testing.T) {
	for at := 0; ; at++ {
		w := newWorld(t)
		w.shared(nil)
		own := w.own()[0].ID
		w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
		if at > 0 {
			w.dieAt = w.calls + at
		}
		done := w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }) == nil
		w.dieAt = 0
		w.opportunityChanged()
		o := w.opportunities[deal].Record
		for _, f := range []cosell.Field{cosell.ReferralID, cosell.ReferralLink, cosell.Mark, cosell.MicrosoftStatus} {
			if o[f] != "" {
				t.Errorf("death at %d: %s is %q", at, f, o[f])
			}
		}
		if o[cosell.Sync] != cosell.False || w.pair().Phase != cosell.Ended {
			t.Errorf("death at %d: Sync %s, %s", at, o[cosell.Sync], w.pair().Phase)
		}
		w.portal(own, cosell.Record{cosell.DealValue: "77"})
		w.answered("unlinked from referral " + own)
		if w.opportunities[deal].Record[cosell.DealValue] == "77" || len(w.own()) != 1 || len(w.opportunities) != 1 {
			t.Error("it was taken up again")
		}
		if at > 0 && done {
			break
		}
	}
}

func TestR108_AskingAgainIsANewEngagementWhereverTheProcessDies(t *testing.T) {
	for _, echo := range []bool{false, true} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.shared(nil)
			old, asked := w.own()[0], w.microsofts()[0]
			w.portal(asked.ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
			w.events()
			w.userOf(deal, cosell.Record{cosell.Action: cosell.ActAsk})
			posts := w.posts
			w.dieAt = w.calls + at
			done := w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }) == nil
			w.dieAt = 0
			if echo {
				w.events()
			}
			w.opportunityChanged()
			w.drain()
			w.events()
			o := w.opportunities[deal].Record
			if len(w.own()) != 2 || len(w.microsofts()) != 2 || w.posts != posts+2 || len(w.opportunities) != 1 {
				t.Fatalf("death at %d (echo %v): %d own, %d Microsoft's, %d POSTs, %d opportunities", at, echo, len(w.own()), len(w.microsofts()), w.posts-posts, len(w.opportunities))
			}
			now := w.referrals[o[cosell.ReferralID]]
			if o[cosell.ReferralID] == old.ID || now.EngagementID == old.EngagementID || o[cosell.MicrosoftStatus] != "Pending" || o[cosell.Mark] != cosell.MarkOK {
				t.Errorf("death at %d: %v", at, o)
			}
			w.answered(old.ID + ", " + asked.ID)
			if w.referrals[old.ID].Version != old.Version {
				t.Errorf("death at %d: the former referral was written", at)
			}
			w.portal(now.ID, cosell.Record{cosell.DealValue: "4321"})
			w.portal(old.ID, cosell.Record{cosell.DealValue: "1"})
			w.events()
			if w.opportunities[deal].Record[cosell.DealValue] != "4321" {
				t.Errorf("death at %d: the value is %s", at, w.opportunities[deal].Record[cosell.DealValue])
			}
			if done {
				break
			}
		}
	}
}

// What an interrupted POST has made is looked for by the opportunity's id, which the former referral carries too.
func TestR108_TheFormerReferralIsNotTakenForTheNewOne(t *testing.T) {
	for _, lost := range []func(*world){func(w *world) { w.loseAnswer = true }, func(w *world) { w.loseRequest = true }} {
		w := newWorld(t)
		w.shared(nil)
		old := w.own()[0].ID
		w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
		w.events()
		lost(w)
		w.asks(cosell.ActAsk)
		w.events()
		if got := w.opportunities[deal].Record[cosell.ReferralID]; got == old || len(w.own()) != 2 || len(w.microsofts()) != 2 {
			t.Errorf("the opportunity names %s, %d own, %d Microsoft's", got, len(w.own()), len(w.microsofts()))
		}
		w.answered("created")
	}
}

func TestR108_ALostLedgerKnowsFormerReferralsByAudit(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Expired"})
	w.events()
	w.asks(cosell.ActAsk)
	w.events()
	before := w.opportunities[deal].Record
	w.memory = ledger.InMemory(func() time.Time { return w.now })
	w.restart()
	w.events()
	w.silent()
	after := w.opportunities[deal].Record
	if after[cosell.ReferralID] != before[cosell.ReferralID] || strings.Contains(after[cosell.Audit], "link.taken") || len(w.own()) != 2 {
		t.Errorf("%s", after[cosell.Audit])
	}
}

func TestR108_WhatIsMissingIsToldAndNothingIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
	w.events()
	own := w.own()[0].ID
	w.user(cosell.Record{"contacts/ada": ""})
	w.asks(cosell.ActAsk)
	w.answered("Microsoft was not asked again: Microsoft's help needs a customer contact")
	if len(w.own()) != 1 || w.opportunities[deal].Record[cosell.ReferralID] != own {
		t.Error("the link is gone")
	}
}

func TestR108_ReopenedAfterItsExpiryADealIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	id, o := w.invited()
	w.userOf(o, cosell.Record{cosell.Status: cosell.OnHold})
	w.portal(id, cosell.Record{cosell.Status: cosell.Expired})
	w.events()
	if w.opportunities[o].Record[cosell.Status] != cosell.Canceled {
		t.Fatalf("the opportunity is %s", w.opportunities[o].Record[cosell.Status])
	}
	full := newWorld(t)
	full.want(nil)
	whole := full.opportunities[deal].Record
	w.reopened(o)
	w.userOf(o, cosell.Record{cosell.Status: cosell.Open, cosell.Help: "GeneralOrOther", cosell.Action: cosell.ActAsk, cosell.DealValue: "100", cosell.Currency: "EUR",
		cosell.ClosingDate: "2026-09-30", cosell.CustomerName: "Tailspin", "customerAddress1": "x", "customerCity": "y", cosell.CustomerCountry: "DE",
		cosell.Team: "1", "team/kim": whole["team/kim"], "contacts/ada": whole["contacts/ada"], "solutions/SOL-1": "{}"})
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Update")) })
	w.events()
	r := w.opportunities[o].Record
	if r[cosell.ReferralID] == id || r[cosell.ReferralID] == "" || r[cosell.Action] != "" || w.referrals[r[cosell.ReferralID]].Record[cosell.CRMID] != o {
		t.Errorf("%v", r)
	}
	w.silent()
}

func TestR106_NotTheSameDealIsNotProposedAgainAndGetsItsOwn(t *testing.T) {
	for at := 0; ; at++ {
		w := newWorld(t)
		w.want(cosell.Record{cosell.Sync: cosell.False, cosell.Proposed: "", cosell.State: "", cosell.ErrorCode: ""})
		id := portalDeal(w, cosell.Record{cosell.CRMID: deal})
		w.referralChanged(id)
		if w.opportunities[deal].Record[cosell.Proposed] != id {
			t.Fatalf("%v", w.opportunities[deal].Record)
		}
		w.userOf(deal, cosell.Record{cosell.Action: cosell.ActNotSame})
		if at > 0 {
			w.dieAt = w.calls + at
		}
		job := func() error { return w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "Update")) }
		done := w.run(job) == nil
		w.dieAt = 0
		w.deliver(job)
		w.drain()
		o := w.opportunities[deal].Record
		if o[cosell.Proposed] != "" || o[cosell.State] != "" || o[cosell.ReferralID] != "" || o[cosell.Sync] != cosell.False || len(w.opportunities) != 2 {
			t.Errorf("death at %d: %d opportunities, %v", at, len(w.opportunities), o)
		}
		w.answered("is another deal, as said")
		if w.referrals[id].Record[cosell.CRMID] != deal {
			t.Error("an id that is not ours was overwritten")
		}
		if at > 0 && done {
			break
		}
	}
}

// proposedDeal is a referral whose deal may be the one that CRM has: it is proposed to be linked.
func proposedDeal(w *world) (referral string) {
	w.want(cosell.Record{cosell.Sync: cosell.False, cosell.Proposed: "", cosell.State: ""})
	referral = portalDeal(w, cosell.Record{cosell.CRMID: deal})
	w.referralChanged(referral)
	return referral
}

func TestR106_LinkToTheProposedDeal(t *testing.T) {
	w := newWorld(t)
	id := proposedDeal(w)
	w.asks(cosell.ActSync)
	w.answered("asks to be linked")
	w.asks(cosell.ActLink)
	o := w.opportunities[deal].Record
	if o[cosell.ReferralID] != id || o[cosell.Sync] != cosell.True || o[cosell.Proposed] != "" || len(w.opportunities) != 1 {
		t.Errorf("%v", o)
	}
	w.answered("linked with referral " + id)
}

// A referral that was closed or linked elsewhere meanwhile cannot be linked any more; its seller hears of it.
func TestR106_AProposalThatIsOverIsWithdrawn(t *testing.T) {
	w := newWorld(t)
	id := proposedDeal(w)
	w.portal(id, cosell.Record{cosell.Status: cosell.Lost})
	w.asks(cosell.ActLink)
	o := w.opportunities[deal].Record
	if o[cosell.ReferralID] != "" || o[cosell.Proposed] != "" || o[cosell.State] != "" {
		t.Errorf("%v", o)
	}
	w.answered("closed or linked elsewhere")
}

func TestR152_WithoutSyncNothingIsDone(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Sync: cosell.False})
	w.asks(cosell.ActRetry)
	w.answered("switched off")
	if len(w.own()) != 0 {
		t.Error("a referral was made")
	}
}

// What is asked on the form is done, also where a look at the referral sees it first.
func TestR152_ALookAtTheReferralSwallowsNoAct(t *testing.T) {
	for act, says := range map[string]string{cosell.ActUnlink: "unlinked from referral", cosell.ActLink: "no referral asks", cosell.ActRetry: "looked at anew, as asked"} {
		w := newWorld(t)
		w.private(nil)
		w.userOf(deal, cosell.Record{cosell.Action: act})
		w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "4711", cosell.Notes: "from there"})
		w.referralChanged(w.own()[0].ID)
		w.drain()
		w.answered(says)
		if n := strings.Count(w.opportunities[deal].Record[cosell.Audit], "looked at anew"); n > 0 != (act == cosell.ActRetry) {
			t.Errorf("%s is answered with a look", act)
		}
	}
}

// An answer that CRM refuses is held: it comes by itself, and nothing waits once it is there or nobody asks any more.
func TestR152_AnAnswerThatCRMRefusesComesLater(t *testing.T) {
	for _, act := range []string{cosell.ActLink, cosell.ActUnlink} {
		for _, takenBack := range []bool{false, true} {
			w := newWorld(t)
			w.private(nil)
			w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "no") }
			w.asks(act)
			w.later(20 * time.Minute)
			if _, held := w.pair().HeldAt(cosell.InCRM, cosell.Action); !held {
				t.Errorf("%s: held is %+v", act, w.pair().Held)
			}
			w.refuseCRM = nil
			if takenBack {
				w.userOf(deal, cosell.Record{cosell.Action: ""})
			}
			w.later(2 * time.Hour)
			o, pair := w.opportunities[deal].Record, w.pair()
			if o[cosell.Action] != "" || len(pair.Held) != 0 || strings.Contains(o[cosell.Audit], map[string]string{cosell.ActLink: "nothing was done", cosell.ActUnlink: "unlinked"}[act]) == takenBack {
				t.Errorf("%s, taken back %v: the form asks for %q, held is %+v, Audit:\n%s", act, takenBack, o[cosell.Action], pair.Held, o[cosell.Audit])
			}
			w.silent()
		}
	}
}

// An unlinking whose row could not be written is finished, whatever the form asks for by then; only who takes it back there has the
// pair again.
func TestI2_AnUnlinkingIsFinishedWhateverTheFormAsksForByThen(t *testing.T) {
	for _, then := range []string{cosell.ActUnlink, cosell.ActSync, cosell.ActRetry, cosell.ActLink, cosell.ActNotSame, cosell.ActAsk, ""} {
		w := newWorld(t)
		w.private(nil)
		own := w.own()[0].ID
		w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Broken, "no answer") }
		w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
		_ = w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
		w.refuseCRM = nil
		w.userOf(deal, cosell.Record{cosell.Action: then, cosell.DealValue: "77"})
		w.later(20 * time.Minute)
		w.drain()
		o := w.opportunities[deal].Record
		linked := then == ""
		if (o[cosell.ReferralID] == own) != linked || (o[cosell.Sync] == cosell.True) != linked || (w.pair().Phase == cosell.Linked) != linked || o[cosell.Action] != "" {
			t.Errorf("then %q: the row names %q, Sync is %s, the pair is %s, the form asks for %q\n%s", then, o[cosell.ReferralID], o[cosell.Sync], w.pair().Phase, o[cosell.Action], o[cosell.Audit])
		}
		if crossed := w.referrals[own].Record[cosell.DealValue] == "77"; crossed != linked {
			t.Errorf("then %q: the edit has crossed: %v", then, crossed)
		}
		if len(w.pair().Held) > 0 {
			t.Errorf("then %q: held is %+v", then, w.pair().Held)
		}
		if n := w.lines(deal, "nothing was done"); n != map[string]int{cosell.ActSync: 1, cosell.ActRetry: 1, cosell.ActLink: 1, cosell.ActNotSame: 1, cosell.ActAsk: 1}[then] {
			t.Errorf("then %q: %d answers\n%s", then, n, o[cosell.Audit])
		}
		w.silent()
	}
}

// An operator's unlinking whose row could not be written is finished by itself.
func TestI2_AnOperatorsUnlinkingIsFinished(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Broken, "no answer") }
	if err := w.flow.Unlink(ctx, deal); err == nil {
		t.Error("it is said to be done")
	}
	w.refuseCRM = nil
	w.later(20 * time.Minute)
	w.drain()
	if o := w.opportunities[deal].Record; o[cosell.ReferralID] != "" || o[cosell.Sync] != cosell.False || w.pair().Phase != cosell.Ended {
		t.Errorf("%v", o)
	}
}

func TestR110_ATrialIsClosedAsAnError(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	if err := w.flow.CloseTest(ctx, deal); err != nil {
		t.Fatal(err)
	}
	w.drain()
	if r := w.own()[0].Record; r[cosell.Status] != cosell.Errored || r[cosell.Reason] != "Test referral" {
		t.Errorf("%v", r)
	}
	if o := w.opportunities[deal].Record; o[cosell.Status] != cosell.Canceled {
		t.Errorf("the opportunity is %s", o[cosell.Status])
	}
	if err := w.flow.CloseTest(ctx, deal); !fault.Is(err, fault.Refused) {
		t.Errorf("closed twice: %v", err)
	}
	if err := w.flow.CloseTest(ctx, "nobody"); !fault.Is(err, fault.Gone) {
		t.Errorf("%v", err)
	}
	w.silent()
}

// What the form can ask for, an operator can: the same deeds, refused for the same reasons.
func TestR152_AnOperatorRepeatsTheActs(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	if err := w.flow.AskAgain(ctx, deal); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "Pending") {
		t.Errorf("asked again before Microsoft answered: %v", err)
	}
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
	w.user(cosell.Record{"contacts/ada": ""})
	if err := w.flow.AskAgain(ctx, deal); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "contact") {
		t.Errorf("asked again without a contact: %v", err)
	}
	w.user(cosell.Record{"contacts/ada": `{"email":"ada@x","firstName":"Ada","lastName":"E","phone":"1"}`})
	if err := w.flow.AskAgain(ctx, deal); err != nil {
		t.Fatal(err)
	}
	w.events()
	if len(w.own()) != 2 || len(w.microsofts()) != 2 {
		t.Errorf("%d own, %d Microsoft's", len(w.own()), len(w.microsofts()))
	}
	if err := w.flow.Unlink(ctx, deal); err != nil {
		t.Fatal(err)
	}
	if o := w.opportunities[deal].Record; o[cosell.ReferralID] != "" || o[cosell.Sync] != cosell.False {
		t.Errorf("%v", o)
	}
	third := portalDeal(w, nil)
	w.now = w.now.Add(time.Minute)
	if err := w.flow.Link(ctx, deal, third); err != nil {
		t.Fatal(err)
	}
	if o := w.opportunities[deal].Record; o[cosell.ReferralID] != third || o[cosell.Sync] != cosell.True {
		t.Errorf("%v", o)
	}
	w.silent()
}

// A trial that was closed by a run that did not come to say so is told in the trail by the next attempt, once.
func TestR110_ATrialThatWasClosedIsTold(t *testing.T) {
	late := 0
	for at := 1; at < 12; at++ {
		w := newWorld(t)
		w.private(nil)
		w.dieAt = w.calls + at
		err := w.run(func() error { return w.flow.CloseTest(ctx, deal) })
		died := w.died
		w.dieAt, w.died = 0, false
		if !died {
			break
		}
		if w.own()[0].Record[cosell.Status] == cosell.Errored {
			late++
		}
		if again := w.flow.CloseTest(ctx, deal); again != nil && !fault.Is(again, fault.Refused) {
			t.Fatal(err, again)
		}
		w.drain()
		said := 0
		trail, _ := w.memory.Audit(ctx, deal, 50)
		for _, e := range trail {
			if e.Action == "closed" {
				said++
			}
		}
		if said != 1 || w.own()[0].Record[cosell.Status] != cosell.Errored {
			t.Errorf("at %d it is told %d times", at, said)
		}
	}
	if late == 0 {
		t.Error("no death comes after the write")
	}
}
