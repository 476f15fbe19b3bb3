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
