package flow

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// CodeStale is the machine word of a wait for a system that shows an old copy of a record.
const CodeStale = "record.stale"

// staleTime is how long a system that answered with an old version is left alone, uncertainTime how long one
// whose version may be old or new.
const (
	staleTime     = 5 * time.Second
	uncertainTime = 3 * time.Second
)

// Patience is how long a system has to show the same before it is believed. A restored environment has older
// versions than we know; a condition may have been refused for another reason; and what may be old or new is
// new when it stays.
const (
	olderPatience     = 10 * time.Minute
	overtakenPatience = time.Minute
	uncertainPatience = uncertainTime
)

// fresh refuses to decide by versions that are older than what was seen before. Kind: Later.
func (f *Flow) fresh(ctx context.Context, w *work) error {
	sides := []cosell.Side{w.referral.Side}
	if w.opportunity != nil {
		sides = append(sides, w.opportunity.Side)
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
	case age == cosell.Uncertain && lasted(uncertainPatience):
		return p, nil
	case age == cosell.Overtaken && lasted(overtakenPatience),
		age == cosell.Older && lasted(olderPatience) && !h.Seen.IsZero() && f.Now().Sub(h.Seen) >= olderPatience:
		return p.Believes(s), nil
	case since.IsZero() && p.Version != "":
		if _, err := f.Ledger.Save(ctx, p.Doubts(s.ID, f.Now())); err != nil {
			return p, err
		}
	}
	wait := staleTime
	if age == cosell.Uncertain {
		wait = uncertainTime
	}
	return p, stale(wait, "record %s was read as it was at %s, a newer version is known", s.ID, s.Modified.UTC().Format(time.RFC3339))
}

// stale is the wait for a system that shows an old copy: no rule of ours, and so health says when it lasts.
func stale(wait time.Duration, format string, args ...any) *fault.Error {
	return fault.Wait(wait, format, args...).With(CodeStale, "").
		Saying("a system still shows old copies of records that were changed", "nothing to do at first; if it lasts, look at that system's service health")
}
