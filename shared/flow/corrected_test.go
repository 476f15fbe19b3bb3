package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

const meanwhile = "somebody saves at that time"

// corrections are the ways in which the write that corrects the words does not come to its end. Each is called before it, the second to CRM.
var corrections = map[string]func(w *world) error{
	"throttled":           func(*world) error { return fault.Wait(time.Minute, "too many") },
	"no answer, not made": func(*world) error { return fault.New(fault.Broken, "no answer") },
	"no answer, made":     func(w *world) error { w.maybeCRM = fault.New(fault.Broken, "no answer"); return nil },
	"refused":             func(*world) error { return fault.New(fault.Refused, "no").OfClass(fault.Record) },
	"death":               func(w *world) error { w.died = true; panic(crash{}) },
	meanwhile:             func(w *world) error { w.user(cosell.Record{"unknown": "x"}); return nil },
}

// ignoredBeside is a deal of which Partner Center has changed the value and the notes, and CRM takes the value alone. What it is to be told of that comes
// to no end.
func ignoredBeside(t *testing.T, seller cosell.Record, fails func(w *world) error) *world {
	t.Helper()
	w := newWorld(t)
	w.private(cosell.Record{cosell.Notes: "n"})
	w.events()
	if len(seller) > 0 {
		w.user(seller)
	}
	w.now = w.now.Add(time.Minute)
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "250", cosell.Notes: "note"})
	w.afterCRMPut = func(r cosell.Record) { r[cosell.Notes] = "n" }
	before, came := w.crmWrites, false
	w.refuseCRM = func(cosell.Record) error {
		if came || w.crmWrites == before {
			return nil
		}
		came = true
		return fails(w)
	}
	_ = w.run(func() error { return w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated")) })
	w.refuseCRM = nil
	if !came {
		t.Fatalf("nothing was corrected, CRM has %v", w.opportunities[deal].Record)
	}
	return w
}

// A write to CRM that brought a value has landed, and the one after it, which corrects the words, comes to no end: whoever sets the value back
// has edited it.
func TestI26_AValueThatIsSetBackAfterItsWordsWereToBeCorrectedIsAnEdit(t *testing.T) {
	for name, fails := range corrections {
		undone := false
		undo := func(w *world) {
			w.now, undone = w.now.Add(time.Minute), true
			w.user(cosell.Record{cosell.DealValue: "100"})
		}
		if name == meanwhile {
			fails = func(w *world) error { undo(w); return nil }
		}
		w := ignoredBeside(t, nil, fails)
		if !undone {
			undo(w)
		}
		w.events()
		if o, r := w.opportunities[deal].Record, w.own()[0].Record; o[cosell.DealValue] != "100" || r[cosell.DealValue] != "100" {
			t.Errorf("%s: the undo is lost: CRM has %s, Partner Center %s\n%s", name, o[cosell.DealValue], r[cosell.DealValue], o[cosell.Audit])
		}
		w.silent()
	}
}

// What the first write has told is not told again.
func TestI25_WhatWasToldBeforeItsWordsWereToBeCorrectedIsToldOnce(t *testing.T) {
	for name, fails := range corrections {
		w := ignoredBeside(t, cosell.Record{cosell.DealValue: "200", cosell.Visibility: cosell.True}, fails)
		w.events()
		w.later(48 * time.Hour)
		for _, what := range []string{"shared: Microsoft's sellers", "conflict", "value.ignored"} {
			if n := w.lines(deal, what); n != 1 {
				t.Errorf("%s: %q is told %d times\n%s", name, what, n, w.opportunities[deal].Record[cosell.Audit])
			}
		}
		w.silent()
	}
}
