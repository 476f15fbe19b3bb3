package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// refusesAnswers has CRM take no answer on the form, as one whose row is closed to us.
func (w *world) refusesAnswers() {
	w.refuseCRM = func(values cosell.Record) error {
		if _, answers := values[cosell.Action]; answers {
			return fault.New(fault.Refused, "the opportunity is inactive")
		}
		return nil
	}
}

// What is asked on the form and may not be answered is tried once for each change of the row and each time that it is due,
// not at every event.
func TestI29_ARefusedAnswerIsNotTriedAtEveryEvent(t *testing.T) {
	nothing := func(*world) {}
	for name, tt := range map[string]struct {
		after func(w *world)
		act   string
		tries int
	}{
		"Linked":    {nothing, cosell.ActLink, 1},
		"LookAnew":  {nothing, cosell.ActSync, 2}, // with words, and without
		"TriedAnew": {nothing, cosell.ActRetry, 2},
		"Ended":     {func(w *world) { w.operates(w.flow.Unlink(ctx, deal)) }, cosell.ActLink, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.private(nil)
			tt.after(w)
			w.refusesAnswers()
			w.asks(tt.act)
			for range 5 {
				w.events()
			}
			if w.refusals > tt.tries {
				t.Errorf("%d refused answers", w.refusals)
			}
			due, tried := w.refusals, 0
			for range 3 { // a pass that finds it due tries it, and the next one finds nothing
				w.later(25 * time.Hour)
				tried, due = w.refusals-due, w.refusals
				w.later(time.Minute)
				if tried > tt.tries || w.refusals != due {
					t.Errorf("%d refused answers when they are due, and %d more in the next pass", tried, w.refusals-due)
				}
			}
			w.refuseCRM = nil
			w.later(25 * time.Hour)
			if act := w.opportunities[deal].Record[cosell.Action]; act != "" {
				t.Errorf("the form still asks for %q", act)
			}
			w.silent()
		})
	}
}

// The rest of the deal does not wait for an answer that may not be written.
func TestADealGoesOnWhoseFormMayNotBeAnswered(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.refusesAnswers()
	w.asks(cosell.ActLink)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	if got := w.own()[0].Record[cosell.DealValue]; got != "250" {
		t.Errorf("Partner Center has %s", got)
	}
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Better"})
	w.events()
	if got := w.opportunities[deal].Record[cosell.Name]; got != "Better" {
		t.Errorf("CRM has %s", got)
	}
	w.silent()
}

// A deal that has no pair yet is no other: what its form did not take is remembered, and it is made meanwhile.
func TestI29_ARefusedAnswerOfADealWithoutAPairIsNotTriedAtEveryEvent(t *testing.T) {
	for name, changes := range map[string]cosell.Record{
		"Closed":   {cosell.Status: cosell.Lost, cosell.Action: cosell.ActSync},
		"Unsynced": {cosell.Sync: cosell.False, cosell.Action: cosell.ActSync},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.refusesAnswers()
			w.want(changes)
			for range 6 {
				w.events()
			}
			if w.refusals != 1 || len(w.own()) != 0 {
				t.Errorf("%d refused answers, %d referrals", w.refusals, len(w.own()))
			}
			w.refuseCRM = nil
			w.later(25 * time.Hour)
			if act := w.opportunities[deal].Record[cosell.Action]; act != "" {
				t.Errorf("the form still asks for %q", act)
			}
			w.silent()
		})
	}
}

// It waits with its answer, and is made once that is there.
func TestADealIsMadeOnceItsFormIsAnswered(t *testing.T) {
	w := newWorld(t)
	w.refusesAnswers()
	w.want(cosell.Record{cosell.Action: cosell.ActUnlink}) // of nothing
	w.events()
	w.refuseCRM = nil
	w.later(20 * time.Minute)
	w.events()
	if w.linked().Record[cosell.Action] != "" {
		t.Errorf("the form asks for %q", w.opportunities[deal].Record[cosell.Action])
	}
	w.silent()
}

// What else was due of it is not due at every pass.
func TestI29_ADealThatWaitsWithItsAnswerIsNotTriedAtEveryPass(t *testing.T) {
	w := newWorld(t)
	w.refusePC = fault.New(fault.Refused, "no")
	w.want(nil)
	w.events()
	w.refusesAnswers()
	w.asks(cosell.ActUnlink)
	w.later(26 * time.Hour)
	for range 3 {
		tried := w.refusals
		w.later(time.Minute)
		if n := w.refusals - tried; n > 0 {
			t.Errorf("%d refused requests in a pass in which nothing is due", n)
		}
	}
}
