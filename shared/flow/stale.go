package flow

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Patience is how long a system has to show the same before it is believed. A restored environment has older
// versions than we know; a condition may have been refused for another reason; and what may be old or new is
// new when it stays.
const (
	olderPatience     = 10 * time.Minute
	overtakenPatience = 3 * time.Second
	uncertainPatience = 3 * time.Second
	gonePatience      = time.Minute
	listPatience      = 30 * time.Second
)

// fresh refuses to decide by versions that are older than what was seen before. Kind: Later.
func (f *Flow) fresh(ctx context.Context, w *work) error {
	sides := []cosell.Side{w.referral.Side}
	if w.opportunity != nil {
		pair, err := f.freshRow(ctx, w.pair, w.hint, *w.opportunity)
		if err != nil {
			return err
		}
		w.pair = pair
	}
	for _, s := range sides {
		pair, err := f.freshSide(ctx, w.pair, w.hint, s)
		if err != nil {
			return err
		}
		w.pair = pair
	}
	return nil
}

// freshSide gives the pair with which to go on: a side that is believed at last is the newest from now on. The
// patience counts from the first old version that was read, and where that was known to be old from the event
// too: a message that waited out an outage meets a replica that is behind as well.
func (f *Flow) freshSide(ctx context.Context, p cosell.Pair, h Hint, s cosell.Side) (cosell.Pair, error) {
	age := p.AgeOf(s)
	if age == cosell.Current {
		return p, nil
	}
	since := p.Seen[s.ID].Stale
	lasted := func(patience time.Duration) bool { return !since.IsZero() && f.Now().Sub(since) >= patience }
	switch {
	case age == cosell.Uncertain && lasted(uncertainPatience), age == cosell.Overtaken && lasted(overtakenPatience):
		return p, nil // what is written by it carries its version, and is refused once more if it is old after all
	case age == cosell.Older && lasted(olderPatience) && !h.Seen.IsZero() && f.Now().Sub(h.Seen) >= olderPatience:
		return p.Believes(s), nil
	case since.IsZero() && p.Version != "":
		if _, err := f.Ledger.Save(ctx, p.Doubts(s.ID, f.Now())); err != nil {
			return p, err
		}
	}
	err := fault.Stale("record %s was read as it was at %s, a newer version is known", s.ID, s.Modified.UTC().Format(time.RFC3339))
	switch age {
	case cosell.Uncertain:
		err.After = uncertainPatience
	case cosell.Overtaken:
		err.After = overtakenPatience
	}
	return p, err
}

// freshRow judges an opportunity with what hangs on it: lists may be behind the row.
func (f *Flow) freshRow(ctx context.Context, p cosell.Pair, h Hint, o cosell.Opportunity) (cosell.Pair, error) {
	p, err := f.freshSide(ctx, p, h, o.Side)
	if err != nil {
		return p, err
	}
	lagging := p.Lagging(o, h.Gone)
	if lagging == "" {
		return p, nil
	}
	switch since := p.Seen[o.ID].Stale; {
	case since.IsZero():
		if p.Version == "" {
			break
		}
		if _, err := f.Ledger.Save(ctx, p.Doubts(o.ID, f.Now())); err != nil {
			return p, err
		}
	case f.Now().Sub(since) >= listPatience:
		return p.BelievesAll(o), nil
	}
	return p, fault.Stale("opportunity %s: %s", o.ID, lagging)
}

// gone ends a pair whose opportunity is not there, once that has lasted: the event may come before the row can be
// read, and a message that waited out an outage meets a replica that does not know the row yet. Kinds: Gone,
// Later.
func (f *Flow) gone(ctx context.Context, p cosell.Pair, h Hint, cause error) error {
	if !f.lasting(h) {
		return cause
	}
	switch since := p.Seen[p.OpportunityID].Stale; {
	case since.IsZero():
		if _, err := f.Ledger.Save(ctx, p.Doubts(p.OpportunityID, f.Now())); err != nil {
			return err
		}
	case f.Now().Sub(since) >= gonePatience:
		return f.end(ctx, p, "the opportunity is gone")
	}
	return fault.Stale("opportunity %s was there and is not now: %w", p.OpportunityID, cause)
}
