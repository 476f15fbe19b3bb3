package flow_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A value that CRM goes on ignoring is tried again by schedule and after each save of the row: what the row shows stays, in each
// write, and is never said to be in step. Once CRM takes it that is told, by one tick and one line.
func TestARetryOfWhatCRMStillIgnoresChangesNothingThatShows(t *testing.T) {
	shows := []cosell.Field{cosell.Audit, cosell.Mark, cosell.State, cosell.ErrorCode, cosell.LastSync}
	for name, ignored := range map[string]cosell.Record{
		"A value": {cosell.Notes: "note"}, "Money": {cosell.DealValue: "250", cosell.Currency: "USD"}, "Members": {"solutions/SOL-1": `{"name":"A"}`, "solutions/SOL-2": `{"name":"B"}`},
	} {
		w := newWorld(t)
		first := shownColumns()
		maps.Copy(first, cosell.Record{cosell.Notes: "n", cosell.Solutions: "2", "solutions/SOL-2": "{}"})
		w.private(first)
		w.events()
		kept := w.opportunities[deal].Record.Only(slices.Collect(maps.Keys(ignored))...)
		w.afterCRMPut = func(r cosell.Record) { maps.Copy(r, kept) }
		w.portal(w.own()[0].ID, ignored)
		w.events()
		before := w.opportunities[deal].Record.Only(shows...)
		if before[cosell.Mark] != cosell.MarkFailed || before[cosell.State] != cosell.StateFailed || before[cosell.ErrorCode] != "value.ignored" || w.lines(deal, "value.ignored") != 1 {
			t.Fatalf("%s: %v", name, before)
		}
		w.onCRMPut = func(values cosell.Record) {
			for _, f := range shows {
				if v, written := values[f]; written {
					t.Errorf("%s: a retry writes %s: %q", name, f, v)
				}
			}
		}
		for _, retry := range []func(){func() { w.later(time.Hour) }, func() { w.now = w.now.Add(time.Minute); w.user(cosell.Record{"unknown": "x"}); w.events() }, func() { w.later(48 * time.Hour) }} {
			writes, trail := w.crmWrites, len(w.trail())
			retry()
			if n := w.crmWrites - writes; n != 1 || len(w.trail())-trail != 1 {
				t.Errorf("%s: the retry took %d writes to CRM and %d lines in the trail", name, n, len(w.trail())-trail)
			}
			if after := w.opportunities[deal].Record.Only(shows...); !maps.Equal(after, before) {
				t.Errorf("%s: the row shows %v, and not what it showed: %v", name, after, before)
			}
			if e := w.trail()[0]; e.Result == "ok" {
				t.Errorf("%s: the trail says %+v of what was ignored", name, e)
			}
		}
		w.silent()
		w.onCRMPut, w.afterCRMPut = nil, nil
		w.later(48 * time.Hour)
		o := w.opportunities[deal].Record
		if o[cosell.Mark] != cosell.MarkOK || o[cosell.State] != cosell.StateInSync || w.lines(deal, "in step again") != 1 || w.lines(deal, "updated") != 1 || len(w.pair().Held) != 0 {
			t.Errorf("%s: not healed: %v, held %+v", name, o, w.pair().Held)
		}
		for f, v := range ignored {
			if o[f] != v {
				t.Errorf("%s: %s is %q", name, f, o[f])
			}
		}
		w.silent()
	}
}

// A side that ignores a value, and of which something saves the record after each write of ours, is not written to at each of these saves: the
// tries become as rare as those of anything that is held. Once the value is taken that shows.
func TestWhatIsIgnoredIsNotTriedAtEverySaveThatAnswersTheTry(t *testing.T) {
	const days = 10
	for name, side := range map[string]struct {
		ignores func(w *world, what func(cosell.Record))
		edited  func(w *world)
		tries   func(w *world) int
		stamped func(w *world)
	}{
		"CRM": {
			func(w *world, what func(cosell.Record)) { w.afterCRMPut = what },
			func(w *world) { w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "note"}) },
			func(w *world) int { return w.crmWrites },
			func(w *world) { w.user(cosell.Record{"unknown": w.now.String()}) },
		},
		"Partner Center": {
			func(w *world, what func(cosell.Record)) { w.afterPCPut = what },
			func(w *world) { w.user(cosell.Record{cosell.Notes: "note"}) },
			func(w *world) int { return w.puts },
			func(w *world) { w.portal(w.own()[0].ID, cosell.Record{"unknown": w.now.String()}) },
		},
	} {
		w := newWorld(t)
		w.private(cosell.Record{cosell.Notes: "n"})
		w.events()
		side.ignores(w, func(r cosell.Record) { r[cosell.Notes] = "n" })
		side.edited(w)
		w.events()
		began, until := side.tries(w), w.now.Add(days*24*time.Hour)
		side.stamped(w)
		for last := began; w.now.Before(until); {
			if n := side.tries(w); n != last {
				last = n
				side.stamped(w)
			}
			w.later(time.Hour)
			w.events()
		}
		if n := side.tries(w) - began; n < days || n > days+10 {
			t.Errorf("%s: tried %d times in %d days", name, n, days)
		}
		side.ignores(w, nil)
		w.later(48 * time.Hour)
		w.events()
		if o := w.opportunities[deal].Record; o[cosell.Notes] != "note" || w.own()[0].Record[cosell.Notes] != "note" || o[cosell.Mark] != cosell.MarkOK || len(w.pair().Held) != 0 {
			t.Errorf("%s: not healed: %v, held %+v", name, o, w.pair().Held)
		}
		w.silent()
	}
}

// What a write says before its answer is known, and the answer then belies, is taken back: also where it ends another trouble.
func TestWhatWasSaidOfAnIgnoredValueIsTakenBack(t *testing.T) {
	w := newWorld(t)
	first := shownColumns()
	first[cosell.Notes] = "n"
	w.private(first)
	w.events()
	w.refusePatch = func(cosell.Record) error {
		return fault.New(fault.Refused, "no").OfClass(fault.Record).With("4711", "").Saying("no", "mend it")
	}
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.events()
	w.user(cosell.Record{cosell.DealValue: "100"}) // the seller takes it back while somebody edits in the portal
	w.afterCRMPut = func(r cosell.Record) { r[cosell.Notes] = "n" }
	w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "note"})
	w.referralChanged(w.own()[0].ID)
	o := w.opportunities[deal].Record
	if w.lines(deal, "in step again") != 0 || w.lines(deal, "updated") != 0 || w.lines(deal, "value.ignored") != 1 {
		t.Errorf("Audit:\n%s", o[cosell.Audit])
	}
	if o[cosell.Mark] != cosell.MarkFailed || o[cosell.State] != cosell.StateFailed || o[cosell.ErrorCode] != "value.ignored" {
		t.Errorf("CRM shows %v", o.Only(cosell.Mark, cosell.State, cosell.ErrorCode))
	}
	w.silent()
}

// A row that took its value and takes no words then is held: the words come later.
func TestWordsOfATakenValueThatCRMRefusesComeLater(t *testing.T) {
	w := newWorld(t)
	w.private(cosell.Record{cosell.Notes: "n"})
	w.events()
	w.afterCRMPut = func(r cosell.Record) { r[cosell.Notes] = "n" }
	w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "note"})
	w.events()
	w.afterCRMPut = nil
	w.refusesCRM(cosell.Audit, 1)
	w.later(time.Hour)
	if o := w.opportunities[deal].Record; o[cosell.Notes] != "note" || w.lines(deal, "in step again") != 0 {
		t.Errorf("CRM %v", o)
	}
	w.later(48 * time.Hour)
	if o := w.opportunities[deal].Record; o[cosell.Mark] != cosell.MarkOK || w.lines(deal, "in step again") != 1 || len(w.pair().Held) != 0 {
		t.Errorf("CRM %v, held %+v", o, w.pair().Held)
	}
	w.silent()
}

// trail is the trail of the deal, newest first.
func (w *world) trail() []cosell.Entry {
	trail, err := w.memory.Audit(ctx, deal, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return trail
}
