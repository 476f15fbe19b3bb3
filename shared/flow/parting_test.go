package flow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// What a write has replaced is told, also where the pair is unlinked before anybody has seen what became of the write: as
// possible where the referral cannot be read any more.
func TestI25_AnUnlinkingTellsWhatAWriteBeforeItHasReplaced(t *testing.T) {
	for name, befall := range map[string]func(w *world){
		"the line could not be written": func(w *world) {
			w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Broken, "no answer") }
		},
		"the answer is lost":                          func(w *world) { w.loseAnswer = true },
		"the answer is lost, and nothing can be read": func(w *world) { w.loseAnswer = true },
	} {
		w := newWorld(t)
		w.private(nil)
		own := w.own()[0].ID
		w.portal(own, cosell.Record{cosell.DealValue: "2468"})
		w.userOf(deal, cosell.Record{cosell.DealValue: "1357"})
		befall(w)
		_ = w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
		w.refuseCRM = nil
		if v := w.referrals[own].Record[cosell.DealValue]; v != "1357" {
			t.Fatalf("%s: Partner Center holds %s", name, v)
		}
		if strings.Contains(name, "nothing") {
			w.outagePC = unreadable()
		}
		w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
		_ = w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
		w.outagePC = nil
		w.events()
		o := w.opportunities[deal].Record
		if o[cosell.ReferralID] != "" || strings.Count(o[cosell.Audit], "2468") != 1 || len(w.pair().Untold) > 0 {
			t.Errorf("%s: the row names %q, untold is %v, Audit:\n%s", name, o[cosell.ReferralID], w.pair().Untold, o[cosell.Audit])
		}
		w.silent()
	}
}

func TestI25_AnUnlinkingTellsWhatAWriteHasReplacedWhoseProcessDied(t *testing.T) {
	tellsWhatWasReplaced(t, cosell.ActUnlink, func(w *world) (own string) {
		w.private(nil)
		own = w.own()[0].ID
		w.portal(own, cosell.Record{cosell.DealValue: "2468"})
		return own
	}, func(_, named string) bool { return named == "" })
}

// Nor is it lost where Microsoft is asked again, and another referral takes the place of the one that was written.
func TestI25_AskingAgainTellsWhatAWriteHasReplacedWhoseProcessDied(t *testing.T) {
	tellsWhatWasReplaced(t, cosell.ActAsk, func(w *world) (own string) {
		w.shared(nil)
		own = w.own()[0].ID
		w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
		w.events()
		w.portal(own, cosell.Record{cosell.DealValue: "2468"})
		w.now = w.now.Add(time.Minute)
		return own
	}, func(own, named string) bool { return named != own })
}

// Unlinked while its row still names the referral of the engagement that a new one took the place of: it is emptied as well, once it
// takes words again.
func TestAnEndIsToldToARowThatNamesTheFormerEngagement(t *testing.T) {
	w := newWorld(t)
	former := w.declined()
	w.now = w.now.Add(time.Minute)
	w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Broken, "no answer") }
	_ = w.run(func() error { return w.flow.AskAgain(ctx, deal) })
	if err := w.run(func() error { return w.flow.Unlink(ctx, deal) }); err == nil || w.pair().Phase != cosell.Ended || w.pair().ReferralID == former ||
		w.opportunities[deal].Record[cosell.ReferralID] != former {
		t.Fatalf("%v: phase %s, the row names %q of %q", err, w.pair().Phase, w.opportunities[deal].Record[cosell.ReferralID], former)
	}
	w.refuseCRM = nil
	_ = w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
	w.events()
	o := w.opportunities[deal].Record
	if _, half := w.pair().PartedHalf(); half || o[cosell.ReferralID] != "" || o[cosell.Sync] != cosell.False || !strings.Contains(o[cosell.Audit], cosell.UnlinkedFrom) {
		t.Errorf("the row names %q, Sync is %s, Audit:\n%s", o[cosell.ReferralID], o[cosell.Sync], o[cosell.Audit])
	}
	w.silent()
}

// tellsWhatWasReplaced lets CRM's value replace the portal's 2468 in a process that dies before it has told of that, wherever. Then a person
// asks for the act, after which the row names no referral, or another one: Audit tells of 2468, once.
func tellsWhatWasReplaced(t *testing.T, act string, begin func(*world) (own string), parted func(own, named string) bool) {
	t.Helper()
	for _, readable := range []bool{true, false} {
		met := 0
		for at := range 16 {
			w := newWorld(t)
			own := begin(w)
			w.userOf(deal, cosell.Record{cosell.DealValue: "1357"})
			w.dieAt = w.calls + at + 1
			_ = w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
			w.dieAt, w.died = 0, false
			if w.referrals[own].Record[cosell.DealValue] != "1357" || strings.Contains(w.opportunities[deal].Record[cosell.Audit], "2468") {
				continue // it died before the write, or after the line
			}
			met++
			if !readable {
				w.outagePC = unreadable()
			}
			w.userOf(deal, cosell.Record{cosell.Action: act})
			_ = w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
			w.outagePC = nil
			w.events()
			o := w.opportunities[deal].Record
			if !parted(own, o[cosell.ReferralID]) || strings.Count(o[cosell.Audit], "2468") != 1 || len(w.pair().Untold) > 0 {
				t.Errorf("readable %v, died at %d: the row names %q, untold is %v, Audit:\n%s", readable, at, o[cosell.ReferralID], w.pair().Untold, o[cosell.Audit])
			}
		}
		if met == 0 {
			t.Error("no death comes between the write and its line")
		}
	}
}

// Tables that were lost have forgotten the end of a pair, and Audit tells it: what is asked on its form is heeded as before.
func TestI20_APairThatAuditKnowsToHaveEndedBeginsAgainWhereThatIsAsked(t *testing.T) {
	unlinked := func(t *testing.T) (w *world, own string) {
		w = newWorld(t)
		w.shared(nil)
		own = w.own()[0].ID
		w.asks(cosell.ActUnlink)
		w.userOf(deal, cosell.Record{cosell.Sync: cosell.True})
		w.opportunityChanged()
		w.wiped()
		return w, own
	}
	t.Run("nothing is asked", func(t *testing.T) {
		w, _ := unlinked(t)
		w.opportunityChanged()
		w.events()
		if o := w.opportunities[deal].Record; o[cosell.ReferralID] != "" || len(w.own()) != 1 {
			t.Errorf("it names %q, of %d own:\n%s", o[cosell.ReferralID], len(w.own()), o[cosell.Audit])
		}
	})
	t.Run("Microsoft is asked again", func(t *testing.T) {
		w, own := unlinked(t)
		w.asks(cosell.ActAsk)
		w.events()
		o := w.opportunities[deal].Record
		if o[cosell.ReferralID] == own || o[cosell.ReferralID] == "" || len(w.own()) != 2 || len(w.microsofts()) != 2 {
			t.Errorf("it names %q, of %d own and %d of Microsoft's:\n%s", o[cosell.ReferralID], len(w.own()), len(w.microsofts()), o[cosell.Audit])
		}
	})
	t.Run("a look is asked for", func(t *testing.T) {
		w, _ := unlinked(t)
		w.asks(cosell.ActSync)
		w.answered("not linked any more")
	})
	t.Run("the referral is another one's by now", func(t *testing.T) {
		w, own := unlinked(t)
		const heir = "99999999-9999-4999-8999-999999999999"
		o := w.opportunities[deal]
		o.ID, o.Version, o.Record = heir, w.nextVersion(), o.Record.Clone()
		o.Record[cosell.Audit], o.Record[cosell.ReferralID] = "", own
		w.opportunities[heir] = o
		w.portal(own, cosell.Record{cosell.CRMID: heir})
		w.opportunityChanged()
		w.events()
		w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", heir, "Update")) })
		if pair, known, err := w.memory.FindByReferral(ctx, own); err != nil || !known || pair.OpportunityID != heir || pair.Phase != cosell.Linked {
			t.Errorf("%v %+v", err, pair)
		}
		if got := w.opportunities[deal].Record[cosell.ReferralID]; got != "" {
			t.Errorf("the one that was unlinked names %s", got)
		}
	})
}

// What a person said is another deal is not linked by tables that have forgotten it, whoever switched Sync on since.
func TestI20_AnotherDealStaysAnotherOneWithoutTables(t *testing.T) {
	w := newWorld(t)
	id := proposedDeal(w)
	w.asks(cosell.ActNotSame)
	w.drain()
	w.wiped()
	w.userOf(deal, cosell.Record{cosell.Sync: cosell.True})
	w.referralChanged(id)
	w.opportunityChanged()
	for range 3 {
		w.pass()
	}
	w.events()
	if got := w.opportunities[deal].Record[cosell.ReferralID]; got == id || got == "" || len(w.opportunities) != 2 || len(w.own()) != 2 {
		t.Errorf("it names %q, of %d own referrals and %d opportunities", got, len(w.own()), len(w.opportunities))
	}
}

// A row that takes nothing hears neither of its link nor of the end that a person asks for: it is told of the end once it takes something,
// and Sync is off from then on.
func TestAnEndBeforeTheRowHeardOfTheLinkIsToldOnceItTakesWords(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "no").OfClass(fault.Record) }
	w.opportunityChanged()
	w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
	w.opportunityChanged()
	if got := w.opportunities[deal].Record; got[cosell.ReferralID] != "" || got[cosell.Sync] != cosell.True || len(w.own()) != 1 {
		t.Fatalf("the row took something: %v", got)
	}
	w.refuseCRM = nil
	w.later(25 * time.Hour)
	got := w.opportunities[deal].Record
	if got[cosell.Sync] == cosell.True || strings.Count(got[cosell.Audit], cosell.UnlinkedFrom) != 1 || got[cosell.Action] != "" {
		t.Errorf("Sync %s, action %s, Audit:\n%s", got[cosell.Sync], got[cosell.Action], got[cosell.Audit])
	}
	w.forgetAll()
	w.user(cosell.Record{cosell.Name: "Another"})
	w.events()
	if got := w.opportunities[deal].Record; got[cosell.ReferralID] != "" {
		t.Errorf("linked again: %v", got)
	}
	w.silent()
}

// declined is a deal whose help Microsoft has declined, so that it may be asked for again; it gives the own referral.
func (w *world) declined() string {
	w.shared(nil)
	own := w.own()[0].ID
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
	w.events()
	return own
}

// A record whose row did not hear of its unlinking gives its referral away to another one: its row is emptied all the same, and told what was
// to be told with that.
func TestAnUnfinishedUnlinkingGoesOnWhereTheReferralIsLinkedElsewhere(t *testing.T) {
	for name, befall := range map[string]error{
		"refused":     fault.New(fault.Refused, "no").With("0x80040265", ""),
		"interrupted": fault.New(fault.Broken, "no answer"),
	} {
		w := newWorld(t)
		w.private(nil)
		own := w.own()[0].ID
		w.refuseCRM = func(cosell.Record) error { return befall }
		_ = w.run(func() error { return w.flow.Unlink(ctx, deal) })
		parted := w.pair()
		parted.Untold = []cosell.Problem{{Code: "conflict", Once: true, Warn: true, Text: `"2468" gave way`}}
		if _, err := w.memory.Save(ctx, parted); err != nil {
			t.Fatal(err)
		}
		const other = "44444444-4444-4444-8444-444444444444"
		beside := w.opportunities[deal].Record.Clone()
		w.opportunities[other] = cosell.Opportunity{Side: cosell.Side{ID: other, Version: w.nextVersion(), Record: after(beside, cosell.Record{
			cosell.ReferralID: "", cosell.ReferralLink: "", cosell.Audit: "", cosell.Mark: "", cosell.Sync: cosell.False})}}
		w.refuseCRM = func(values cosell.Record) error {
			if id, says := values[cosell.ReferralID]; says && id == "" {
				return befall
			}
			return nil
		}
		if err := w.flow.Link(ctx, other, own); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, half := w.pair().PartedHalf(); !half || w.pairOf(other).ReferralID != own || w.opportunities[other].Record[cosell.ReferralID] != own {
			t.Fatalf("%s: held %+v, the other one is %s with %q", name, w.pair().Held, w.pairOf(other).Phase, w.pairOf(other).ReferralID)
		}
		w.refuseCRM = nil
		w.drain()
		w.later(time.Hour)
		o := w.opportunities[deal].Record
		if o[cosell.ReferralID] != "" || o[cosell.Sync] != cosell.False || w.lines(deal, cosell.UnlinkedFrom+own) != 1 || w.lines(deal, "2468") != 1 || len(w.pair().Held)+len(w.pair().Untold) > 0 {
			t.Errorf("%s: held %+v, the row names %q, Sync is %s, Audit:\n%s", name, w.pair().Held, o[cosell.ReferralID], o[cosell.Sync], o[cosell.Audit])
		}
		w.operates(w.flow.Unlink(ctx, deal))
		if w.lines(deal, cosell.UnlinkedFrom) != 1 || w.pairOf(other).Phase != cosell.Linked {
			t.Errorf("%s: unlinked once more, Audit:\n%s", name, w.opportunities[deal].Record[cosell.Audit])
		}
		w.silent()
	}
}

// A record whose referral was given away asks Microsoft again, whether its row heard of the end or names the referral still: a new engagement
// takes its place, whatever becomes of the first attempt at one.
func TestAskingAgainIsNotHeldUpByAReferralThatWasGivenAway(t *testing.T) {
	for name, befall := range map[string]func(w *world){
		"its answer is lost":    func(w *world) { w.loseAnswer = true },
		"it does not arrive":    func(w *world) { w.loseRequest = true },
		"it is refused for now": func(w *world) { w.refusePC = fault.New(fault.Refused, "no").With("invalidRequest", "") },
	} {
		for _, heard := range []bool{false, true} {
			w := newWorld(t)
			w.shared(nil)
			own := w.own()[0].ID
			w.refuseCRM = func(values cosell.Record) error {
				if id, says := values[cosell.ReferralID]; says && id == "" && !heard {
					return fault.New(fault.Refused, "no").With("0x80040265", "")
				}
				return nil
			}
			beside := after(w.opportunities[deal].Record, cosell.Record{cosell.ReferralID: "", cosell.ReferralLink: "", cosell.Audit: "", cosell.Mark: "", cosell.Sync: cosell.False})
			_ = w.run(func() error { return w.flow.Unlink(ctx, deal) })
			const other = "44444444-4444-4444-8444-444444444444"
			w.opportunities[other] = cosell.Opportunity{Side: cosell.Side{ID: other, Version: w.nextVersion(), Record: beside}}
			if err := w.flow.Link(ctx, other, own); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			w.now = w.now.Add(time.Minute)
			w.userOf(deal, cosell.Record{cosell.Sync: cosell.True, cosell.Action: cosell.ActAsk})
			befall(w)
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
			w.refusePC = nil
			w.events()
			w.later(25 * time.Hour)
			o := w.opportunities[deal].Record
			trail, err := w.memory.Audit(ctx, deal, 1000)
			if err != nil || o[cosell.ReferralID] == own || o[cosell.ReferralID] != w.pair().ReferralID || w.lines(deal, "correct the identifier") != 0 || len(w.own()) != 2 ||
				w.pairOf(other).ReferralID != own || count(trail, "asked again") != 1 {
				t.Errorf("%s, heard %v: %d own, pair %s of %q, the row names %q of %q, Audit:\n%s\n%v", name, heard, len(w.own()), w.pair().Phase, w.pair().ReferralID, o[cosell.ReferralID], own, o[cosell.Audit], trail)
			}
			w.silent()
		}
	}
}

// The same of a write to CRM that took what CRM did not refuse, without words: the process dies before it has told what it replaced.
func TestI25_WhatAWordlessWriteHasReplacedIsToldWhateverBecomesOfThePair(t *testing.T) {
	for name, act := range map[string]func(w *world) error{
		"an operator unlinks": func(w *world) error { return w.flow.Unlink(ctx, deal) },
		"the form unlinks": func(w *world) error {
			w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
			return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		},
		"an operator asks again": func(w *world) error { return w.flow.AskAgain(ctx, deal) },
		"the form asks again": func(w *world) error {
			w.userOf(deal, cosell.Record{cosell.Action: cosell.ActAsk})
			return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		},
	} {
		met := 0
		for at := range 30 {
			w := newWorld(t)
			w.shared(nil)
			own := w.own()[0].ID
			w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
			w.events()
			w.userOf(deal, cosell.Record{cosell.DealValue: "2468"})
			w.now = w.now.Add(time.Minute)
			w.portal(own, cosell.Record{cosell.DealValue: "1357", cosell.Notes: "refused"})
			w.refuseCRM = (&no{field: cosell.Notes, class: fault.Record}).refuses
			w.dieAt = w.calls + at + 1
			_ = w.run(func() error { return w.flow.FromReferral(ctx, told(own, "referral-updated")) })
			w.dieAt, w.died = 0, false
			if w.opportunities[deal].Record[cosell.DealValue] != "1357" || w.lines(deal, "2468") > 0 {
				continue // it died before the write, or after the line
			}
			met++
			if err := w.run(func() error { return act(w) }); err != nil {
				t.Fatalf("%s, died at %d: %v", name, at, err)
			}
			w.drain()
			w.events()
			if o := w.opportunities[deal].Record; o[cosell.ReferralID] == own || w.lines(deal, "2468") != 1 || len(w.pair().Untold) > 0 {
				t.Errorf("%s, died at %d: the row names %q, untold is %v, Audit:\n%s", name, at, o[cosell.ReferralID], w.pair().Untold, o[cosell.Audit])
			}
			trail, err := w.memory.Audit(ctx, deal, 1000)
			if n := len(updatesOf(trail, cosell.DealValue)); err != nil || n != 1 {
				t.Errorf("%s, died at %d: %d lines in the trail, %v", name, at, n, err)
			}
		}
		if met == 0 {
			t.Errorf("%s: no death comes between the write and its line", name)
		}
	}
}

// updatesOf are the lines of the trail that say that CRM's field was updated.
func updatesOf(trail []cosell.Entry, f cosell.Field) (out []cosell.Entry) {
	for _, e := range trail {
		if e.Action == "updated" && e.Direction == cosell.ToCRM && slices.Contains(e.Fields, f) {
			out = append(out, e)
		}
	}
	return out
}
