package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// takesNothing has CRM refuse every write to the deal, and no write to another record.
func (w *world) takesNothing(class fault.Class) {
	w.refuseCRM = func(values cosell.Record) error {
		if values[cosell.Proposed] == "" && values[cosell.Audit] == "" {
			return nil
		}
		return (&no{class: class}).refuses(values)
	}
}

// waitsToBeTold checks that the deal, which takes no words, is held and due.
func (w *world) waitsToBeTold(name string) {
	w.t.Helper()
	h, held := w.pair().Refused(cosell.InCRM)
	if !held || h.Next.IsZero() || h.Attempts == 0 {
		w.t.Errorf("%s: held %+v", name, w.pair().Held)
	}
}

// An opportunity that a referral names does not take the question whether it is the same deal: that is held and asked again, and an
// invitation arrives all the same.
func TestI24_AQuestionThatCRMRefusesIsHeldAndAskedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		class  fault.Class
		made   int
	}{
		"an invitation":               {cosell.Pending, fault.Record, 1},
		"an invitation, refused ours": {cosell.Pending, fault.Ours, 1},
		"an accepted deal":            {cosell.Accepted, fault.Record, 0},
	} {
		w := newWorld(t)
		w.want(cosell.Record{cosell.Sync: cosell.False, cosell.Proposed: "", cosell.State: "", cosell.ErrorCode: ""})
		id := portalDeal(w, cosell.Record{cosell.CRMID: deal, cosell.Status: c.status})
		w.takesNothing(c.class)
		w.referralChanged(id)
		w.refuseCRM = nil
		if _, made := w.opportunities[crm{w}.ID(id)]; len(w.opportunities) != 1+c.made || made != (c.made == 1) {
			t.Fatalf("%s: %d opportunities", name, len(w.opportunities))
		}
		w.waitsToBeTold(name)
		w.takesNothing(fault.Record) // what is ours comes back with its message
		asked := w.refusals
		w.events()
		w.events()
		if w.refusals != asked {
			t.Errorf("%s: asked %d times more", name, w.refusals-asked)
		}
		w.later(16 * time.Minute)
		if w.refusals != asked+1 {
			t.Errorf("%s: asked %d times when it was due", name, w.refusals-asked)
		}
		w.waitsToBeTold(name)
		w.refuseCRM = nil
		w.later(time.Hour)
		o := w.opportunities[deal].Record
		if _, held := w.pair().HeldAt(cosell.InCRM, cosell.Whole); held || o[cosell.Proposed] != id || strings.Count(o[cosell.Audit], id+" in Partner Center names this") != 1 || o[cosell.ReferralID] != "" {
			t.Errorf("%s: held %+v, %v", name, w.pair().Held, o)
		}
		w.silent()
	}
}

// The same where the referral resembles the opportunity: it waits for the answer, and a seller who was not asked and wants the opportunity in
// Partner Center has not said that the two are one.
func TestR106_AQuestionThatCRMRefusesIsAskedBeforeTheTwoAreLinked(t *testing.T) {
	for name, c := range map[string]struct {
		befalls func(w *world)
		linked  func(w *world, id string) bool
	}{
		"it is asked again": {func(w *world) { w.later(time.Hour) }, func(w *world, id string) bool {
			o := w.opportunities[deal].Record
			return len(w.opportunities) == 1 && o[cosell.Proposed] == id && strings.Count(o[cosell.Audit], id+" in Partner Center may be this deal") == 1
		}},
		"its seller switches it on": {func(w *world) { w.userOf(deal, cosell.Record{cosell.Sync: cosell.True}); w.opportunityChanged() }, func(w *world, id string) bool {
			return len(w.opportunities) == 2 && w.opportunities[crm{w}.ID(id)].Record[cosell.ReferralID] == id && w.linkedApart(id)
		}},
		"its seller links it by its id": {func(w *world) { w.asks(cosell.ActLink) }, func(w *world, id string) bool {
			return len(w.opportunities) == 1 && w.opportunities[deal].Record[cosell.ReferralID] == id
		}},
		"the referral is closed": {func(w *world) {
			for id := range w.referrals {
				w.portal(id, cosell.Record{cosell.Status: cosell.Lost})
			}
			w.later(time.Hour)
		}, func(w *world, _ string) bool {
			return w.pair().ProposedID == "" && len(w.pair().Held) == 0 && w.opportunities[deal].Record[cosell.Proposed] == ""
		}},
	} {
		w := newWorld(t)
		id := w.lookalike()
		w.takesNothing(fault.Record)
		w.referralChanged(id)
		w.waitsToBeTold(name)
		if counted, known, err := w.memory.FindByReferral(ctx, id); err != nil || !known || counted.Phase != cosell.Lacking || !counted.Holds(cosell.CodeUnconfirmed) {
			t.Errorf("%s: the referral is %s, held %+v, %v", name, counted.Phase, counted.Held, err)
		}
		w.refuseCRM = nil
		c.befalls(w)
		w.events()
		if !c.linked(w, id) {
			t.Errorf("%s: %d opportunities, held %+v, %v", name, len(w.opportunities), w.pair().Held, w.opportunities[deal].Record)
		}
		w.silent()
	}
}

// linkedApart says whether the deal has a referral of its own.
func (w *world) linkedApart(id string) bool {
	named := w.opportunities[deal].Record[cosell.ReferralID]
	return named != "" && named != id && w.posts == 1
}

// A second referral that names a linked opportunity, which takes no words: it is held, and told once the row takes them.
func TestI24_ASecondReferralIsHeldWhereTheRowTakesNoWords(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	other := portalDeal(w, cosell.Record{cosell.CRMID: deal})
	w.takesNothing(fault.Record)
	w.referralChanged(other)
	w.waitsToBeTold("a second referral")
	if !w.pair().Holds("link.taken") {
		t.Errorf("held %+v", w.pair().Held)
	}
	asked := w.refusals
	w.events()
	w.events()
	if w.refusals != asked {
		t.Errorf("asked %d times more", w.refusals-asked)
	}
	w.refuseCRM = nil
	w.later(time.Hour)
	w.events()
	if _, held := w.pair().HeldAt(cosell.InCRM, cosell.Whole); held || !w.pair().Holds("link.taken") || w.lines(deal, "another referral in Partner Center names this") != 1 {
		t.Errorf("held %+v\n%s", w.pair().Held, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}

// A referral that may not be read any more, of an opportunity that takes no words.
func TestI24_WhatCannotBeReadIsHeldWhereTheRowTakesNoWords(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.outagePC = fault.New(fault.Refused, "no").OfClass(fault.Record).With("read.refused", "ask")
	w.takesNothing(fault.Record)
	w.referralChanged(w.own()[0].ID)
	if h, held := w.pair().HeldAt(cosell.InPartnerCenter, cosell.Whole); !held || h.Next.IsZero() || w.pair().Sending != nil {
		t.Errorf("held %+v, noted %+v", w.pair().Held, w.pair().Sending)
	}
	w.refuseCRM = nil
	w.later(16 * time.Minute)
	if w.lines(deal, "read.refused") != 1 {
		t.Errorf("Audit\n%s", w.opportunities[deal].Record[cosell.Audit])
	}
	w.outagePC = nil
	w.later(time.Hour)
	if len(w.pair().Held) != 0 {
		t.Errorf("held %+v", w.pair().Held)
	}
	w.silent()
}

// Microsoft's referral that may not be read, of an opportunity that takes no words: it is not asked at each look.
func TestI29_WhatMicrosoftDoesNotShowIsToldOnceTheRowTakesWords(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	w.hidden = true
	w.takesNothing(fault.Record)
	m := w.microsofts()[0].ID
	w.portal(m, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	for range 3 {
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(m, "related-referral-updated")) })
		w.opportunityChanged()
	}
	if w.refusals != 1 {
		t.Errorf("asked %d times", w.refusals)
	}
	w.waitsToBeTold("Microsoft's referral")
	w.refuseCRM = nil
	w.later(time.Hour)
	if w.lines(deal, "microsoft.unreadable") != 1 {
		t.Errorf("Audit\n%s", w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}
