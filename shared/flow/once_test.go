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

// What was closed as a duplicate is told although the row takes no words now: that is held, not asked at each look, and told once it takes some.
func TestI24_ADuplicateThatWasClosedIsToldOnceTheRowTakesWords(t *testing.T) {
	for _, class := range []fault.Class{fault.Record, fault.Ours} {
		w := newWorld(t)
		late := w.unlisted()
		w.user(cosell.Record{cosell.Name: "Renamed", cosell.DealValue: "250"})
		w.now = w.now.Add(settle)
		w.deliver(w.wanted)
		first := sorted(late)[0]
		r := late[first]
		r.Modified = w.now
		w.referrals[first] = r
		w.takesNothing(class)
		for range 3 {
			w.referralChanged(first)
			w.opportunityChanged()
		}
		if w.referrals[first].Record[cosell.Status] != cosell.Errored || w.refusals != 1 {
			t.Errorf("%s: %s, asked %d times", class, w.referrals[first].Record[cosell.Status], w.refusals)
		}
		w.waitsToBeTold(string(class))
		w.refuseCRM = nil
		w.later(48 * time.Hour)
		if w.lines(deal, "it was closed as a duplicate") != 1 || len(w.pair().Held) != 0 {
			t.Errorf("%s: held %+v\n%s", class, w.pair().Held, w.opportunities[deal].Record[cosell.Audit])
		}
		w.referralChanged(first)
		w.silent()
	}
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

// An attempt whose referral nobody saw, the seller's edit, and another attempt that is refused: what is found then is compared with what the
// first one was made of, so that the edit crosses.
func TestI1_WhatAnEarlierAttemptMadeIsComparedWithThat(t *testing.T) {
	for name, finds := range map[string]func(w *world){
		"listed":            func(w *world) { _ = w.wanted() },
		"told by its event": func(w *world) { w.events() },
	} {
		w := newWorld(t)
		made := w.unlisted()
		w.userOf(deal, cosell.Record{cosell.Name: "edited since"})
		w.refusePCBy = func(cosell.Record) error { return fault.New(fault.Broken, "reset") }
		w.now = w.now.Add(settle)
		_ = w.wanted()
		w.refusePCBy = nil
		w.now = w.now.Add(settle)
		w.referrals = made
		finds(w)
		w.drain()
		w.events()
		if own := w.own(); len(own) != 1 || own[0].Record[cosell.Name] != "edited since" || w.opportunities[deal].Record[cosell.Name] != "edited since" {
			t.Errorf("%s: %d referrals, called %q; the opportunity %q", name, len(own), own[0].Record[cosell.Name], w.opportunities[deal].Record[cosell.Name])
		}
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

// Another process makes the referral, and drops its intent, between our look at the pair and ours at the intent.
func TestF113_WhoComesAfterAWholeCreationSendsNothing(t *testing.T) {
	for name, help := range map[string]string{"own": "", "Microsoft's": "GeneralOrOther"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.want(cosell.Record{cosell.Help: help})
			slow := w.flow
			w.restart()
			w.beforeLook = func() { w.deliver(w.wanted) }
			w.deliver(func() error {
				return w.run(func() error { return slow.CreateReferral(ctx, toldOf("opportunity", deal, "test")) })
			})
			w.linked()
			if n := len(w.referrals); w.posts != n || n != 1 && help == "" || n > 2 {
				t.Errorf("%d POSTs, %d referrals", w.posts, n)
			}
			w.silent()
		})
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

// Over a weekend Partner Center answers each POST of a deal with an error. Once it takes it the deal is linked: what is remembered of the attempts
// fits into a property of a table row, which takes 32 768 characters.
func TestManyAttemptsWithoutAnAnswerFitIntoTheTables(t *testing.T) {
	const attempts, fits = 1200, 32_000
	for _, last := range []string{"answered", "seen from outside"} {
		w := newWorld(t)
		w.want(nil)
		for range attempts {
			w.loseRequest = true
			if err := w.wanted(); !fault.Is(err, fault.Later) {
				t.Fatal(err)
			}
			w.now = w.now.Add(settle)
		}
		if last == "answered" {
			w.deliver(w.wanted)
		} else {
			w.loseAnswer = true
			if err := w.wanted(); !fault.Is(err, fault.Later) {
				t.Fatal(err)
			}
			w.events()
		}
		w.linked()
		pair, _, err := w.memory.Find(ctx, deal)
		if n := len(strings.Join(pair.Posted, "\n")); err != nil || n > fits || n == 0 {
			t.Errorf("%s: %d characters in one property, %v", last, n, err)
		}
	}
}
