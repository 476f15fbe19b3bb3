package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

func (w *world) wanted() error {
	return w.run(func() error { return w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "test")) })
}

// unlisted makes a referral whose answer is lost and that lists do not show yet, and gives what they will.
func (w *world) unlisted() map[string]cosell.Referral {
	w.t.Helper()
	w.want(nil)
	w.loseAnswer = true
	if err := w.wanted(); err == nil {
		w.t.Fatal("the answer was not lost")
	}
	made := w.referrals
	w.referrals = map[string]cosell.Referral{}
	return made
}

func TestF113_ASlowIntentSendsNothing(t *testing.T) {
	for took, sent := range map[time.Duration]int{4 * time.Second: 1, 5 * time.Second: 0, time.Minute: 0} {
		w := newWorld(t)
		w.want(nil)
		w.slowIntent = took
		err := w.wanted()
		if w.posts != sent || sent == 0 && !fault.Is(err, fault.Later) {
			t.Errorf("an intent that took %s: %d POSTs, %v", took, w.posts, err)
		}
		w.slowIntent = 0
		w.deliver(w.wanted)
		w.linked()
		if w.posts != 1 {
			t.Errorf("an intent that took %s: %d POSTs in the end", took, w.posts)
		}
	}
}

func TestF114_OfSeveralOfOurOwnTheOldestIsKept(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.loseAnswer = true
	_ = w.wanted()
	first := w.own()[0]
	second := portalDeal(w, first.Record) // the same attempt, committed once more, and listed first
	r := w.referrals[second]
	r.CreatedAt = first.CreatedAt.Add(time.Second)
	w.referrals["00000000-0000-4000-8000-000000000000"] = r
	r.ID = "00000000-0000-4000-8000-000000000000"
	w.referrals[r.ID] = r
	delete(w.referrals, second)
	w.now = w.now.Add(settle)
	w.deliver(w.wanted)
	if p := w.pair(); p.ReferralID != first.ID {
		t.Errorf("linked with %s, the oldest is %s", p.ReferralID, first.ID)
	}
	if got := w.referrals[r.ID].Record; got[cosell.Status] != cosell.Errored || got[cosell.Reason] != "Duplicate" {
		t.Errorf("the younger one is still open: %v", got)
	}
	if n := strings.Count(w.opportunities[deal].Record[cosell.Audit], r.ID); n != 1 {
		t.Errorf("the younger one is named %d times", n)
	}
	w.silent()
}

func TestF114_AVisibleSecondReferralIsTheOperators(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Visibility: cosell.True})
	w.loseAnswer = true
	_ = w.wanted()
	first := w.own()[0]
	other := portalDeal(w, first.Record)
	w.now = w.now.Add(settle)
	w.deliver(w.wanted)
	if w.referrals[other].Record[cosell.Status] != cosell.Accepted {
		t.Error("a deal that Microsoft's sellers may have seen was closed")
	}
	p := w.pair()
	h, ok := p.HeldAt(cosell.InPartnerCenter, cosell.Whole)
	if !ok || h.Class != cosell.OfOurs || !strings.Contains(h.Text, first.ID) || !strings.Contains(h.Text, other) {
		t.Errorf("held %+v", p.Held)
	}
	if strings.Contains(w.opportunities[deal].Record[cosell.Audit], other) {
		t.Error("what is ours is on the record")
	}
	w.silent()
	w.portal(other, cosell.Record{cosell.Status: cosell.Lost})
	w.referralChanged(other)
	if p := w.pair(); len(p.Held) != 0 {
		t.Errorf("closed by a person, and still held: %+v", p.Held)
	}
}

// An attempt that was given up made a referral after all, with what the deal said then: it is known for ours, and
// closed.
func TestF114_WhatAnAttemptMadeThatWasGivenUpIsClosed(t *testing.T) {
	w := newWorld(t)
	late := w.unlisted()
	w.user(cosell.Record{cosell.Name: "Renamed", cosell.DealValue: "250"})
	w.now = w.now.Add(settle)
	w.deliver(w.wanted)
	w.linked()
	first := sorted(late)[0]
	w.referrals[first] = late[first]
	w.referralChanged(first)
	if got := w.referrals[first].Record; got[cosell.Status] != cosell.Errored || got[cosell.Reason] != "Duplicate" {
		t.Errorf("the late one is open: %v", got)
	}
	if o := w.opportunities[deal].Record; w.lines(deal, "referral.twice") != 1 || w.pair().ReferralID == first || o[cosell.Mark] != cosell.MarkOK {
		t.Errorf("linked with %s, mark %s:\n%s", w.pair().ReferralID, o[cosell.Mark], o[cosell.Audit])
	}
	w.silent()
}

// A copied deal is told on the record, and its closing clears what shows of it, although nobody touched the deal.
func TestF129_AClosedSecondReferralShowsNoMore(t *testing.T) {
	w := newWorld(t)
	w.sold(shownColumns())
	copied := portalDeal(w, cosell.Record{cosell.CRMID: deal})
	w.referralChanged(copied)
	if got := w.opportunities[deal].Record; got[cosell.ErrorCode] != "link.taken" || w.lines(deal, "link.taken") != 1 {
		t.Fatalf("%q, Audit %s", got[cosell.ErrorCode], got[cosell.Audit])
	}
	w.portal(copied, cosell.Record{cosell.Status: cosell.Lost})
	w.referralChanged(copied)
	if got := w.opportunities[deal].Record; got[cosell.ErrorCode] != "" || got[cosell.State] != cosell.StateInSync {
		t.Errorf("it is closed, and the deal shows %q, %q", got[cosell.State], got[cosell.ErrorCode])
	}
	w.silent()
}

func TestF115_SettlingIsMeasuredByTheServersClock(t *testing.T) {
	for _, skew := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		w := newWorld(t)
		w.skew = skew
		w.restart()
		other := w.unlisted()
		if err := w.wanted(); !fault.Is(err, fault.Later) || w.posts != 1 {
			t.Errorf("own clock %s off: %d POSTs, %v", skew, w.posts, err)
		}
		w.referrals = other
		w.now = w.now.Add(settle)
		w.deliver(w.wanted)
		if w.posts != 1 || len(w.own()) != 1 {
			t.Errorf("own clock %s off: %d POSTs", skew, w.posts)
		}
	}
}

// Partner Center may need nearly all of the settle time until it lists what it made: whoever looks earlier makes
// a second one.
func TestTheWholeSettleTimeIsWaited(t *testing.T) {
	w := newWorld(t)
	made := w.unlisted()
	for left := settle - time.Second; left > 0; left -= settle / 8 {
		w.now = w.now.Add(settle - left - w.now.Sub(made[sorted(made)[0]].CreatedAt))
		if err := w.wanted(); !fault.Is(err, fault.Later) || w.posts != 1 || fault.Of(err).After < left {
			t.Errorf("%s before its end: %d POSTs, %v after %s", left, w.posts, err, fault.Of(err).After)
		}
	}
	w.referrals = made
	w.now = w.now.Add(settle)
	w.deliver(w.wanted)
	if w.linked(); w.posts != 1 {
		t.Errorf("%d POSTs", w.posts)
	}
}

// Once the outcome of an attempt stayed unknown, no later answer ends the doubt: Partner Center may have listed
// nothing for longer than the settle time, and a refusal says nothing of the attempt before.
func TestI1_ADoubtOutlivesARefusal(t *testing.T) {
	w := newWorld(t)
	made := w.unlisted()
	refused := true
	w.refusePCBy = func(cosell.Record) error {
		if refused {
			return fault.New(fault.Refused, "no").OfClass(fault.Ours).With("role.missing", "give the role")
		}
		return nil
	}
	for range 3 {
		w.now = w.now.Add(settle)
		_ = w.wanted()
	}
	refused = false
	w.now = w.now.Add(time.Hour)
	w.referrals = made
	w.deliver(func() error {
		return w.flow.CreateReferral(ctx, flow.Hint{Kind: "opportunity", ID: deal, Retry: true, Why: "due"})
	})
	if w.linked(); w.posts != 1 || len(w.own()) != 1 {
		t.Errorf("%d POSTs, %d referrals", w.posts, len(w.own()))
	}
}

func TestF125_TheProbeLooksBackBeforeTheAttempt(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.loseAnswer = true
	_ = w.wanted()
	r := w.own()[0]
	r.CreatedAt = r.CreatedAt.Add(-9 * time.Minute) // Partner Center's clock is behind the table's
	w.referrals[r.ID] = r
	w.now = w.now.Add(settle)
	w.deliver(w.wanted)
	if w.posts != 1 || w.linked().Record[cosell.ReferralID] != r.ID {
		t.Errorf("%d POSTs", w.posts)
	}
}

func TestF113_WhoLosesTheIntentSendsNothing(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.beforeIntent = func() { // another process is faster
		i := cosell.Intent{OpportunityID: deal, Target: "own", Attempt: 1, RequestID: "other", Sent: true}
		if _, err := w.memory.PutIntent(ctx, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.wanted(); !fault.Is(err, fault.Later) || w.posts != 0 {
		t.Errorf("%d POSTs, %v", w.posts, err)
	}
}

func TestF116_AfterAConflictWithPartnerCenterItIsDecidedAgain(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "200", cosell.Name: "Mine"})
	once := true
	w.refusePCBy = func(cosell.Record) error {
		if once {
			once = false
			w.now = w.now.Add(time.Minute)
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "300"}) // between our read and our write
		}
		return nil
	}
	w.opportunityChanged()
	w.events()
	r, o := w.own()[0].Record, w.opportunities[deal].Record
	if r[cosell.DealValue] != "300" || o[cosell.DealValue] != "300" || r[cosell.Name] != "Mine" {
		t.Errorf("referral %v, opportunity %v", r, o)
	}
	if !strings.Contains(o[cosell.Audit], `gave way: "200"`) {
		t.Errorf("the loser is not told: %s", o[cosell.Audit])
	}
	w.silent()
}

func TestF116_AfterAConflictWithCRMItIsDecidedAgain(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.now = w.now.Add(time.Minute)
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "200", cosell.Name: "Theirs"})
	w.beforeCRMPut = func() {
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.DealValue: "300"})
	}
	w.referralChanged(w.own()[0].ID)
	w.events()
	r, o := w.own()[0].Record, w.opportunities[deal].Record
	if r[cosell.DealValue] != "300" || o[cosell.DealValue] != "300" || o[cosell.Name] != "Theirs" {
		t.Errorf("referral %v, opportunity %v", r, o)
	}
	w.silent()
}

func TestF53_OneBudgetOfTriesForTheWholeMessage(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.refuseCRM = func(cosell.Record) error {
		w.user(cosell.Record{"touched": w.id()})
		return fault.New(fault.Conflict, "again and again")
	}
	for name, job := range map[string]func() error{
		"FromReferral": func() error {
			w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "x"})
			return w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated"))
		},
		"FromOpportunity": func() error {
			w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "y"})
			w.user(cosell.Record{cosell.Notes: "touched"})
			return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		},
	} {
		clear(w.counts)
		if err := job(); !fault.Is(err, fault.Conflict) || w.counts["CRM PATCH"] > 3 {
			t.Errorf("%s: %d PATCHes, %v", name, w.counts["CRM PATCH"], err)
		}
	}
}

func TestF117_TombstonesAreHonouredByEveryEntry(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	id, saved := w.own()[0].ID, w.opportunities[deal]
	delete(w.opportunities, deal)
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Delete")) })
	w.portal(id, cosell.Record{cosell.DealValue: "10"})
	before := w.writes()
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-updated")) })
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
	w.deliver(w.wanted)
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row", deal, "Create")) })
	copied := portalDeal(w, cosell.Record{cosell.CRMID: deal}) // another referral claims the opportunity
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(copied, "referral-created")) })
	w.opportunities[deal] = saved // brought back from a backup: still left alone until a person acts
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(copied, "referral-updated")) })
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-updated")) })
	w.deliver(w.wanted)
	if n := w.writes() - before; n != 0 || len(w.opportunities) != 1 {
		t.Errorf("%d writes, %d opportunities", n, len(w.opportunities))
	}
}

// d3: made, not remembered, deleted by a person: whatever comes again, and in whatever order.
func TestI27_DeletedBeforeWeRememberedItIsNotMadeAgain(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		id := portalDeal(w, nil)
		o := crm{w}.ID(id)
		w.dieAt = at
		done := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }) == nil
		if _, made := w.opportunities[o]; made {
			delete(w.opportunities, o)
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Delete")) })
			w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
			w.events()
			if len(w.opportunities) != 0 {
				t.Errorf("death at %d: it is there again", at)
			}
		}
		if done {
			break
		}
	}
}

func TestF118_AnEditSeenOnlyInTheAnswerOfOurWriteBack(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.afterCRMPut = func(r cosell.Record) { // somebody else's automation answers our write-back
		r[cosell.DealValue] = "555"
		w.afterCRMPut = nil
	}
	w.opportunityChanged() // no event of the automation's edit: it may have come, and found nothing to compare with
	if got := w.own()[0].Record[cosell.DealValue]; got != "555" {
		t.Errorf("the referral still says %s", got)
	}
	w.silent()
}

// d10 and d11: people edit while nobody knows whether the POST worked; the event of it may come or not.
func TestF44_EditsDuringAnUnknownPOST(t *testing.T) {
	for name, edit := range map[string]func(*world){
		"Seller": func(w *world) { w.user(cosell.Record{cosell.Name: "after", cosell.DealValue: "20000"}) },
		"Portal": func(w *world) {
			w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "after", cosell.DealValue: "20000"})
		},
		"Both": func(w *world) {
			w.user(cosell.Record{cosell.Name: "after"})
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "20000"})
		},
		"PortalFillsWhatWasEmpty": func(w *world) {
			w.user(cosell.Record{cosell.Name: "after", cosell.DealValue: "20000"})
			w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "note", "solutions/SOL-7": "{}"})
		},
	} {
		for _, echo := range []bool{true, false} {
			w := newWorld(t)
			w.want(cosell.Record{cosell.DealValue: "10000", cosell.Name: "before", cosell.Notes: ""})
			w.loseAnswer = true
			_ = w.wanted()
			w.now = w.now.Add(time.Second)
			edit(w)
			if echo {
				w.referralChanged(w.own()[0].ID)
			} else {
				w.now = w.now.Add(settle)
				w.deliver(w.wanted)
			}
			// The events of the edits came while there was nothing to compare with: none comes again.
			r, o := w.own()[0].Record, w.opportunities[deal].Record
			for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.Notes, "solutions/SOL-7"} {
				if r[f] != o[f] {
					t.Errorf("%s, echo %v: %s is %q and %q", name, echo, f, r[f], o[f])
				}
			}
			if r[cosell.Name] != "after" || r[cosell.DealValue] != "20000" {
				t.Errorf("%s, echo %v: an edit was lost: %v", name, echo, r)
			}
			w.silent()
		}
	}
}

// d6: the process dies after the write and before it remembers it, and a person takes the edit back.
func TestI26_AnUndoInTheSaveWindow(t *testing.T) {
	for name, tt := range map[string]struct{ edit, undo string }{
		"A: seller, seller": {"crm", "crm"}, "B: portal, seller": {"pc", "crm"}, "C: seller, portal": {"crm", "pc"}, "D: portal, portal": {"pc", "pc"},
	} {
		w := newWorld(t)
		w.want(cosell.Record{cosell.DealValue: "10000"})
		w.opportunityChanged()
		w.events()
		id := w.own()[0].ID
		type_ := func(side, v string) {
			w.now = w.now.Add(time.Minute)
			if side == "crm" {
				w.user(cosell.Record{cosell.DealValue: v})
			} else {
				w.portal(id, cosell.Record{cosell.DealValue: v})
			}
		}
		type_(tt.edit, "20000")
		traced := flow.WithTrace(ctx, "0123abcd") // the line in CRM proves that the write was made
		job := func() error { return w.flow.FromOpportunity(traced, toldOf("opportunity", deal, "Update")) }
		if tt.edit == "pc" {
			job = func() error { return w.flow.FromReferral(traced, told(id, "referral-updated")) }
		}
		writes := w.writes()
		w.look = func() {
			if w.writes() > writes {
				w.look, w.dieAt = nil, w.calls // right after the commit
			}
		}
		if err := w.run(job); err != errDied {
			t.Fatalf("%s: %v", name, err)
		}
		type_(tt.undo, "10000")
		w.deliver(job)
		w.events()
		r, o := w.own()[0].Record[cosell.DealValue], w.opportunities[deal].Record
		told := strings.Contains(o[cosell.Audit], "conflict") && strings.Contains(o[cosell.Audit], "10000")
		if (r != "10000" || o[cosell.DealValue] != "10000") && !told {
			t.Errorf("%s: Partner Center %s, CRM %s, Audit %q", name, r, o[cosell.DealValue], o[cosell.Audit])
		}
		if r != o[cosell.DealValue] {
			t.Errorf("%s: %s and %s", name, r, o[cosell.DealValue])
		}
		w.silent()
	}
}

// d1: the note of a conflict survives a death at any point.
func TestI25_ANoteOfAConflictIsToldOnceWhereverTheProcessDies(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.private(nil)
		w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "theirs"})
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Name: "mine"})
		w.dieAt = w.calls + at
		traced := flow.WithTrace(ctx, "0123abcd")
		job := func() error { return w.flow.FromOpportunity(traced, toldOf("opportunity", deal, "Update")) }
		done := w.run(job) == nil
		w.deliver(job)
		w.events()
		o := w.opportunities[deal].Record
		if n := strings.Count(o[cosell.Audit], `gave way: "theirs"`); n != 1 || w.own()[0].Record[cosell.Name] != "mine" {
			t.Errorf("death at %d: told %d times, Partner Center says %s", at, n, w.own()[0].Record[cosell.Name])
		}
		w.silent()
		if done {
			break
		}
	}
}

// Nor does a third value that somebody types in Partner Center before the next run: what our write replaced was
// replaced, whoever was there afterwards.
func TestI25_ANoteSurvivesAThirdValue(t *testing.T) {
	replaced := 0
	for at := 1; ; at++ {
		w := newWorld(t)
		w.private(nil)
		id := w.own()[0].ID
		w.portal(id, cosell.Record{cosell.Name: "theirs"})
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Name: "mine"})
		w.dieAt = w.calls + at
		job := func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }
		done := w.run(job) == nil
		written := w.referrals[id].Record[cosell.Name] == "mine"
		w.now = w.now.Add(time.Minute)
		w.portal(id, cosell.Record{cosell.Name: "third"})
		w.deliver(job)
		w.events()
		if n := strings.Count(w.opportunities[deal].Record[cosell.Audit], `gave way: "theirs"`); written && n != 1 {
			t.Errorf("death at %d: told %d times\n%s", at, n, w.opportunities[deal].Record[cosell.Audit])
		}
		if written {
			replaced++
		}
		w.silent()
		if done {
			break
		}
	}
	if replaced < 2 {
		t.Errorf("only %d deaths after the write", replaced)
	}
}

// d1b: nor does a CRM that is busy, or down, lose it.
func TestI25_ANoteOfAConflictSurvivesABusyCRM(t *testing.T) {
	for name, trouble := range map[string]error{"Busy": fault.Wait(20*time.Second, "429"), "Down": fault.New(fault.Broken, "503"), "Denied": fault.New(fault.Denied, "401")} {
		w := newWorld(t)
		w.private(nil)
		w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "theirs"})
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Name: "mine"})
		n := 4
		w.refuseCRM = func(cosell.Record) error {
			if n > 0 {
				n--
				return trouble
			}
			return nil
		}
		w.opportunityChanged()
		w.events()
		o := w.opportunities[deal].Record
		if n := strings.Count(o[cosell.Audit], `gave way: "theirs"`); n != 1 || o[cosell.Mark] != cosell.MarkOK {
			t.Errorf("%s: told %d times, mark %s", name, n, o[cosell.Mark])
		}
		w.silent()
	}
}

func TestF123_HelpThatCouldNotBeAskedAtTheCreationIsAskedOnceAndAgainWhenDue(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	asked := 0
	w.refuseInvite = fault.New(fault.Refused, "no seller").With("invite.refused", "ask")
	w.onInvite = func() { asked++ }
	w.opportunityChanged()
	w.events()
	w.events()
	if asked != 1 {
		t.Errorf("asked %d times for nothing", asked)
	}
	if o := w.opportunities[deal].Record; o[cosell.Mark] != cosell.MarkFailed || strings.Count(o[cosell.Audit], "invite.refused") != 1 {
		t.Errorf("mark %s, Audit %q", o[cosell.Mark], o[cosell.Audit])
	}
	w.refuseInvite = nil
	w.later(time.Hour)
	if len(w.microsofts()) != 1 || asked != 2 {
		t.Errorf("mended: %d of Microsoft's, asked %d times", len(w.microsofts()), asked)
	}
	w.later(25 * time.Hour)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	w.silent()
}

// A wait without a code is one that a rule of ours wants, and nobody is told of it, however long. A creation
// that goes on failing is none.
func TestNoWaitOfACreationIsSilent(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.slowIntent = time.Minute
	if err := w.wanted(); fault.ByRule(err) || fault.Of(err).Code != "tables.slow" || fault.Of(err).Mend == "" {
		t.Errorf("a slow table: %v", err)
	}
	w.slowIntent, w.loseAnswer = 0, true
	for _, when := range []string{"no answer", "a second time"} {
		if err := w.wanted(); !fault.Is(err, fault.Later) || fault.ByRule(err) || fault.Of(err).Code != "creation.unsettled" || fault.Of(err).Say == "" {
			t.Errorf("%s: %v", when, err)
		}
	}
	w.now = w.now.Add(settle)
	w.deliver(w.wanted)
	if w.linked(); w.posts != 1 {
		t.Errorf("%d POSTs", w.posts)
	}
}

// The answer to the write that names the referral is lost, and another event goes on with the creation: its line
// is in Audit once.
func TestR131_ACreationIsToldOnceWhoeverGoesOnWithIt(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.maybeCRM = fault.New(fault.Broken, "no answer")
	if err := w.flow.CreateReferral(flow.WithTrace(ctx, "11111111"), flow.Hint{Kind: "opportunity", ID: deal}); err == nil {
		t.Fatal("the answer was not lost")
	}
	if err := w.flow.CreateReferral(flow.WithTrace(ctx, "22222222"), flow.Hint{Kind: "opportunity", ID: deal}); err != nil {
		t.Fatal(err)
	}
	w.events()
	if n := w.lines(deal, "created, sync success"); n != 1 {
		t.Errorf("told %d times:\n%s", n, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}

// CRM takes a new row late, after the deal was changed and the next attempt was noted: the row is the first attempt's,
// and the change crosses as any other, wherever the second attempt ended.
func TestI25_ARowThatIsTakenLateIsTheAttemptsThatSentIt(t *testing.T) {
	no := fault.New(fault.Refused, "a rule refuses it").OfClass(fault.Record)
	for _, refused := range []bool{true, false} {
		for at := 1; ; at++ {
			w := newWorld(t)
			r := portalDeal(w, nil)
			o := crm{w}.ID(r)
			job := func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) }
			w.lateNew = true
			_ = w.run(job)
			w.now = w.now.Add(time.Minute)
			w.portal(r, cosell.Record{cosell.ClosingDate: "2026-12-24"})
			if refused {
				w.refuseNew = func(cosell.Record) error { return no }
			}
			w.between = nil
			w.dieAt = w.calls + at
			done := w.run(job) == nil
			if _, made := w.opportunities[o]; !made {
				w.commit()
			}
			w.refuseNew, w.dieAt = nil, 0
			w.later(24 * time.Hour)
			w.deliver(job)
			w.events()
			if got := w.opportunities[o].Record[cosell.ClosingDate]; got != "2026-12-24" {
				t.Errorf("refused %v, death at %d: CRM says %s\n%s", refused, at, got, w.opportunities[o].Record[cosell.Audit])
			}
			w.silent()
			if done {
				break
			}
		}
	}
}
