package flow

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// startPending is the row of a referral that came before the start. It is quiet, and due as soon as somebody
// looks at what is due, which nobody does before the start.
const startPending = "start.pending"

// startCursor is where the ledger keeps the day that an operator has chosen, until it stands in the settings.
const startCursor = "start"

// Started says from which day records are taken up, and whether anything may be created at all: by the settings,
// else by what an operator has said (Start). The day is zero where none was named.
func (f *Flow) Started(ctx context.Context) (from time.Time, yes bool, err error) {
	if !f.Settings.Unstarted {
		return f.Settings.Started, true, nil
	}
	text, err := f.Ledger.Cursor(ctx, startCursor)
	if err != nil || text == "" {
		return from, false, err
	}
	from, err = time.Parse(time.RFC3339, text)
	if err != nil {
		return from, false, fault.New(fault.Broken, "the day of the start in the ledger cannot be read: %q", text)
	}
	return from, true, nil
}

// Start lets the work begin, by the word of a person who saw what it begins with. What was last changed before the
// day is not made.
func (f *Flow) Start(ctx context.Context, from time.Time) error {
	if err := f.earnest(); err != nil {
		return err
	}
	return f.Ledger.SaveCursor(ctx, startCursor, from.UTC().Format(time.RFC3339))
}

// TakeUp has records looked at now: what a census has found.
func (f *Flow) TakeUp(ctx context.Context, found []Found) error {
	if err := f.earnest(); err != nil {
		return err
	}
	var hints []Hint
	for _, x := range found {
		h := Hint{Kind: referralKind, ID: x.ID, Why: "first day"}
		if x.Kind == opportunityKind {
			h.Kind = opportunityKind
		}
		hints = append(hints, h)
	}
	return f.Hints.Changed(ctx, hints)
}

// waitsForTheStart says whether records that are in no pair are left alone, because no person has let the work begin yet:
// nothing is made of them, nothing is linked, which marks both and lets edits cross, and nothing is told on them, as another
// connector may still be at work. The first pass after the start reads everything that is open.
func (f *Flow) waitsForTheStart(ctx context.Context, about ...any) (bool, error) {
	_, started, err := f.Started(ctx)
	if err == nil && !started {
		f.Log.InfoContext(ctx, "left alone: nothing is written before the start", about...)
	}
	return !started, err
}

// awaitStart remembers a referral that would become an opportunity if we had been started: its event comes
// only once, and the feed of Partner Center does not reach back for ever.
func (f *Flow) awaitStart(ctx context.Context, w *work) error {
	if w.pair.Version != "" {
		return nil
	}
	f.Log.InfoContext(ctx, "not made: nothing is created before the start", "referral_id", w.referral.ID)
	pair := w.pair
	pair.ReferralID, pair.EngagementID = w.referral.ID, w.referral.EngagementID
	pair = pair.Lacks([]cosell.Problem{{Code: startPending, Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true, Quiet: true,
		Due: w.referral.Read, Text: "nothing is created before the start", Mend: "set SYNC_STARTED"}}, w.referral.Read, w.referral.Side)
	pair.Phase = cosell.Lacking
	return f.save(ctx, w, pair)
}

// tooOld leaves a referral alone that nobody has changed since the start: somebody has to touch it first. What
// waited for the start waits no more.
func (f *Flow) tooOld(ctx context.Context, w *work) error {
	f.Log.InfoContext(ctx, "not made: not changed since the start", "referral_id", w.referral.ID)
	if !w.pair.Holds(startPending) {
		return nil
	}
	w.pair.Held = nil
	return f.save(ctx, w, w.pair)
}
