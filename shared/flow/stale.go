package flow

import (
	"cmp"
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
	unmadePatience    = 10 * time.Second
)

// fresh refuses to decide by versions that are older than what was seen before. Kind: Later.
func (f *Flow) fresh(ctx context.Context, w *work) error {
	pair, err := w.noted(), error(nil)
	if w.opportunity != nil {
		if pair, err = f.freshRow(ctx, pair, w.hint, *w.opportunity); err != nil {
			return err
		}
		if err = f.noteConnected(ctx, pair, *w.opportunity); err != nil {
			return err
		}
	}
	if pair, err = f.freshSide(ctx, pair, w.hint, w.referral.Side); err != nil {
		return err
	}
	pair.Sending = w.pair.Sending
	w.pair = pair
	return nil
}

// doubt remembers since when a record is doubted, and says whether that has lasted for the patience. now is by the clock of its
// system, or of the tables: another process may have begun to doubt it, whose own clock is off.
func (f *Flow) doubt(ctx context.Context, p cosell.Pair, id string, now time.Time, patience time.Duration) (lasted bool, err error) {
	since := p.Seen[id].Stale
	if since.IsZero() && p.Version != "" {
		_, err = f.Ledger.Save(ctx, p.Doubts(id, now))
	}
	return !since.IsZero() && now.Sub(since) >= patience, err
}

// freshSide gives the pair with which to go on: a side that is believed at last is the newest from now on. The
// patience counts from the first old version that was read, and where that was known to be old from the event
// too: a message that waited out an outage meets a replica that is behind as well.
func (f *Flow) freshSide(ctx context.Context, p cosell.Pair, h Hint, s cosell.Side) (cosell.Pair, error) {
	age := p.AgeOf(s)
	if age == cosell.Current {
		return p, nil
	}
	patience := map[cosell.Age]time.Duration{cosell.Uncertain: uncertainPatience, cosell.Overtaken: overtakenPatience, cosell.Older: olderPatience}[age]
	lasted, err := f.doubt(ctx, p, s.ID, s.Read, patience)
	switch {
	case err != nil:
		return p, err
	case lasted && age != cosell.Older:
		return p, nil // what is written by it carries its version, and is refused once more if it is old after all
	case lasted && f.lasted(h) >= patience:
		return p.Believes(s), nil
	}
	stale := fault.Stale("record %s was read as it was at %s, a newer version is known", s.ID, s.Modified.UTC().Format(time.RFC3339))
	if age != cosell.Older {
		stale.After = patience
	}
	return p, stale
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
	lasted, err := f.doubt(ctx, p, o.ID, o.Read, listPatience)
	if err != nil {
		return p, err
	}
	if lasted {
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
	now, err := f.Ledger.Now(ctx) // another process may have begun to miss it, whose own clock is off
	if err != nil {
		return err
	}
	lasted, err := f.doubt(ctx, p, p.OpportunityID, now, gonePatience)
	if err != nil {
		return err
	}
	if lasted {
		return f.end(ctx, p, "the "+p.Noun()+" is gone")
	}
	return fault.Stale("opportunity %s was there and is not now: %w", p.OpportunityID, cause)
}

// vanished is gone for news of the referral: that the opportunity was deleted nobody may have told, and its feed shows no
// row that was made and deleted between two passes. What else of the pair is not there is the cause.
func (f *Flow) vanished(ctx context.Context, opportunityID string, h Hint, cause error) error {
	pair, known, err := f.Ledger.Find(ctx, opportunityID) // as it is after what was noted meanwhile
	if err != nil {
		return err
	}
	if !known || pair.Phase != cosell.Linked {
		return cause
	}
	if _, err = f.of(pair).Opportunities.Get(ctx, opportunityID); !fault.Is(err, fault.Gone) {
		return cmp.Or(err, cause)
	}
	return f.gone(ctx, pair, h, cause)
}

// unreadable is how long an event may come before its record can be read.
const unreadable = 2 * time.Minute

// lasting says whether a record that is not there will not come any more.
func (f *Flow) lasting(h Hint) bool {
	return h.Deleted || f.lasted(h) >= unreadable
}

// lasted is how long the message is worked on; not at all where an operator wants something.
func (f *Flow) lasted(h Hint) time.Duration {
	begun := h.Begun
	if begun.IsZero() {
		begun = h.Seen
	}
	if begun.IsZero() {
		return 0
	}
	return f.Now().Sub(begun)
}
