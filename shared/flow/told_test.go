package flow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// What people edited between the creation of an opportunity and the run that remembers it is an edit.
func TestEditDuringAnInterruptedMakingIsNotLost(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		id := portalDeal(w, nil)
		o := crm{w}.ID(id)
		w.dieAt = at
		done := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }) == nil
		w.now = w.now.Add(time.Minute)
		w.portal(id, cosell.Record{cosell.DealValue: "777"})
		_, made := w.opportunities[o]
		if made {
			w.userOf(o, cosell.Record{cosell.Name: "Better", "solutions/SOL-2": "{}"})
		}
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		w.events()
		p, d := w.referrals[id].Record, w.opportunities[o].Record
		if d[cosell.DealValue] != "777" || p[cosell.DealValue] != "777" {
			t.Errorf("death at %d: the portal's edit: %v, %v", at, p, d)
		}
		if made && (p[cosell.Name] != "Better" || d[cosell.Name] != "Better" || p["solutions/SOL-2"] == "" || p["solutions/SOL-1"] == "") {
			t.Errorf("death at %d: the seller's edit: %v, %v", at, p, d)
		}
		w.silent()
		if done {
			break
		}
	}
}

// refusesCRM says no to writes that hold the field, n times.
func (w *world) refusesCRM(f cosell.Field, n int) {
	w.refuseCRM = func(v cosell.Record) error {
		if _, ok := v[f]; ok && n > 0 {
			n--
			return fault.New(fault.Refused, "no").OfClass(fault.Record)
		}
		return nil
	}
}

func TestNothingGaveWayWhereTheWinnerWasRefused(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "30"})
	w.now = w.now.Add(time.Minute)
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "40"})
	w.refusesCRM(cosell.DealValue, 100)
	w.events()
	if got := w.opportunities[deal].Record; strings.Contains(got[cosell.Audit], "gave way") {
		t.Errorf("value %s, Audit:\n%s", got[cosell.DealValue], got[cosell.Audit])
	}
	w.refuseCRM = nil
	w.later(time.Hour)
	got := w.opportunities[deal].Record
	if n := strings.Count(got[cosell.Audit], `gave way: "30"`); n != 1 || got[cosell.DealValue] != "40" {
		t.Errorf("value %s, told %d times:\n%s", got[cosell.DealValue], n, got[cosell.Audit])
	}
	w.silent()
}

func TestWhatCRMWouldNotHearIsToldLater(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.now = w.now.Add(time.Minute)
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "40"})
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "30", cosell.Visibility: cosell.True})
	w.refusesCRM(cosell.Audit, 100)
	w.events()
	w.silent()
	asked := w.counts["CRM PATCH"]
	w.events()
	if n := w.counts["CRM PATCH"] - asked; n != 0 {
		t.Errorf("refused words were sent again %d times", n)
	}
	w.refuseCRM = nil
	w.later(time.Hour)
	got := w.opportunities[deal].Record
	for _, words := range []string{`gave way: "40"`, "shared: Microsoft's sellers"} {
		if n := strings.Count(got[cosell.Audit], words); n != 1 {
			t.Errorf("%q was told %d times:\n%s", words, n, got[cosell.Audit])
		}
	}
	w.silent()
}

// A step of the life cycle is told although somebody else wrote to CRM in between.
func TestStepIsToldAfterAConflict(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Visibility: cosell.True})
	w.beforeCRMPut = func() { w.user(cosell.Record{cosell.Notes: "between"}) }
	w.events()
	if got := w.opportunities[deal].Record[cosell.Audit]; strings.Count(got, "shared: Microsoft's sellers") != 1 {
		t.Errorf("Audit:\n%s", got)
	}
	w.silent()
}

func TestWordsRefusedAfterPiecesWereTakenAreNoRefusedValue(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "40", cosell.Name: "Better"})
	w.refusesCRM(cosell.Audit, 100)
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated")) })
	pair, _, err := w.memory.Find(ctx, deal)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range pair.Held {
		if h.Field != cosell.Whole {
			t.Errorf("%s is held, although CRM took it: %s", h.Field, h.Text)
		}
	}
	if got := w.opportunities[deal].Record; got[cosell.DealValue] != "40" || got[cosell.Name] != "Better" {
		t.Errorf("%v", got)
	}
}

// secondTry is the answer to a second try whose first one may have been made.
func secondTry(kind fault.Kind) *fault.Error {
	e := fault.New(kind, "the second try").With("second.try", "")
	e.Maybe = true
	return e
}

// An answer that was lost, and a second try that is refused, as old or by a rule: the first one may have been made.
// What gave way is told, and nothing is told of, or held as, refused.
func TestI25_NoteOfAWriteWhoseSecondTryWasRefusedIsTold(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Conflict, fault.Refused} {
		for _, toPC := range []bool{true, false} {
			w := newWorld(t)
			w.want(nil)
			w.opportunityChanged()
			id := w.own()[0].ID
			w.now = w.now.Add(time.Minute)
			lost, wins := "40", "30"
			if toPC {
				w.portal(id, cosell.Record{cosell.DealValue: lost})
				w.now = w.now.Add(time.Minute)
				w.user(cosell.Record{cosell.DealValue: wins})
				w.maybePC = secondTry(kind)
			} else {
				w.user(cosell.Record{cosell.DealValue: lost})
				w.now = w.now.Add(time.Minute)
				w.portal(id, cosell.Record{cosell.DealValue: wins})
				w.maybeCRM = secondTry(kind)
			}
			w.events()
			got := w.opportunities[deal].Record
			if n := strings.Count(got[cosell.Audit], "gave way: \""+lost); n != 1 || got[cosell.DealValue] != wins || w.referrals[id].Record[cosell.DealValue] != wins {
				t.Errorf("%s, to Partner Center %v: value %s, told %d times:\n%s", kind, toPC, got[cosell.DealValue], n, got[cosell.Audit])
			}
			if strings.Contains(got[cosell.Audit], "second.try") || got[cosell.Mark] != cosell.MarkOK || len(w.pair().Held) != 0 {
				t.Errorf("%s, to Partner Center %v: mark %s, held %+v\n%s", kind, toPC, got[cosell.Mark], w.pair().Held, got[cosell.Audit])
			}
			entries, err := w.memory.Audit(ctx, deal, 1000)
			if err != nil || slices.ContainsFunc(entries, func(e cosell.Entry) bool { return e.Action == "refused" }) {
				t.Errorf("%s, to Partner Center %v: the trail says %+v, %v", kind, toPC, entries, err)
			}
			w.silent()
		}
	}
}

// CRM takes a value without words, and before the words come somebody saves: the note is not lost.
func TestI25_NoteOfAPieceIsToldAfterAConflict(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.Name: "Mine"})
	w.now = w.now.Add(time.Minute)
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "40", cosell.Name: "Theirs"})
	piece := false
	w.refuseCRM = func(v cosell.Record) error {
		switch _, value := v[cosell.DealValue]; {
		case value:
			return fault.New(fault.Refused, "no").OfClass(fault.Record)
		case v[cosell.Name] != "":
			piece = true
		case piece:
			piece = false
			w.user(cosell.Record{cosell.Notes: "between"})
		}
		return nil
	}
	w.events()
	got := w.opportunities[deal].Record
	if n := strings.Count(got[cosell.Audit], `gave way: "Mine"`); n != 1 || got[cosell.Name] != "Theirs" {
		t.Errorf("name %s, told %d times:\n%s", got[cosell.Name], n, got[cosell.Audit])
	}
	w.refuseCRM = nil
	w.later(time.Hour)
	w.silent()
}

func TestSwitchingOffIsToldWhenCRMHearsAgain(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.refusesCRM(cosell.Audit, 1)
	w.events()
	w.later(time.Hour)
	if got := w.opportunities[deal].Record[cosell.Audit]; strings.Count(got, "sync.off") != 1 {
		t.Errorf("Audit:\n%s", got)
	}
	pair, _, err := w.memory.Find(ctx, deal)
	if _, held := pair.HeldAt(cosell.InCRM, cosell.Whole); err != nil || held {
		t.Errorf("still held: %v, %v", pair.Held, err)
	}
	w.silent()
}

// What CRM refused of Microsoft's answer is tried again by itself, although the partner's own referral does
// not say it.
func TestMicrosoftsAnswerThatCRMRefusedComesByItself(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	m := w.microsofts()[0].ID
	w.portal(m, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	w.refusesCRM(cosell.MicrosoftStatus, 2) // with the row assumed, and with it at hand
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(m, "related-referral-updated")) })
	if got := w.opportunities[deal].Record[cosell.MicrosoftStatus]; got == "Accepted" {
		t.Fatal("nothing was refused")
	}
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated")) })
	w.now = w.now.Add(time.Hour)
	w.deliver(func() error {
		return w.flow.FromOpportunity(ctx, flow.Hint{Kind: "opportunity", ID: deal, Retry: true})
	})
	if got := w.opportunities[deal].Record; got[cosell.MicrosoftStatus] != "Accepted" {
		t.Errorf("status %q, Audit:\n%s", got[cosell.MicrosoftStatus], got[cosell.Audit])
	}
	w.silent()
}

// What keeps a referral from being made is told even if CRM refused the words at first; and not at each event
// while it goes on refusing them.
func TestR127_WordsThatCRMRefusedAreToldOnceItTakesThem(t *testing.T) {
	w := newWorld(t)
	tries := 0
	w.refuseCRM = func(cosell.Record) error {
		tries++
		return fault.New(fault.Refused, "no words today").OfClass(fault.Record)
	}
	w.want(cosell.Record{cosell.DealValue: ""})
	for range 3 {
		w.deliver(w.wanted)
	}
	if tries != 1 {
		t.Errorf("the words were sent %d times to a row that does not take them", tries)
	}
	w.refuseCRM = nil
	w.user(cosell.Record{cosell.Notes: "still empty"})
	w.deliver(w.wanted)
	if audit := w.opportunities[deal].Record[cosell.Audit]; strings.Count(audit, "no referral yet") != 1 {
		t.Errorf("%q", audit)
	}
	w.deliver(w.wanted)
	if audit := w.opportunities[deal].Record[cosell.Audit]; strings.Count(audit, "no referral yet") != 1 {
		t.Errorf("told again: %q", audit)
	}
}

// A row that takes no words is tried again once that is due, by whatever event comes then.
func TestR127_WordsThatCRMRefusedAreToldWhenTheyAreDue(t *testing.T) {
	w := newWorld(t)
	w.refusesCRM(cosell.Audit, 1)
	w.want(cosell.Record{cosell.DealValue: ""})
	w.deliver(w.wanted)
	w.deliver(w.wanted)
	if n := w.lines(deal, "no referral yet"); n != 0 {
		t.Fatalf("told %d times before it was due", n)
	}
	w.now = w.now.Add(time.Hour)
	w.deliver(w.wanted)
	if n := w.lines(deal, "no referral yet"); n != 1 {
		t.Errorf("due, and told %d times", n)
	}
	w.silent()
}

// What keeps a referral from being made has one line in Audit and one in the trail, wherever the process dies.
func TestWhatIsMissingIsNotedOnceWhateverDies(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.want(cosell.Record{cosell.DealValue: ""})
		w.dieAt = at
		done := w.wanted() == nil
		w.dieAt = 0
		w.deliver(w.wanted)
		w.deliver(w.wanted)
		trail, err := w.memory.Audit(ctx, deal, 1000)
		if err != nil {
			t.Fatal(err)
		}
		noted := 0
		for _, e := range trail {
			if e.Result == "missing" {
				noted++
			}
		}
		if lines := w.lines(deal, "no referral yet"); noted != 1 || lines != 1 {
			t.Errorf("death at %d: %d lines in the trail, %d in Audit", at, noted, lines)
		}
		if done {
			if at < 4 {
				t.Errorf("%d deaths only", at-1)
			}
			return
		}
	}
}
