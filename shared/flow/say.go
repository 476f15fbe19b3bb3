package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// say writes words into an opportunity outside the line of comparing, and gives the pair that knows of it, to
// be saved. Words change the version by which one sees what became of an earlier write, so that is found out
// first; and they are noted like any other write, because a lost answer leaves them in the row.
func (f *Flow) say(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, values cosell.Record) (cosell.Pair, cosell.Opportunity, error) {
	before := pair
	if pair.Phase == cosell.Linked {
		if s := pair.Sending; s != nil && s.Place == cosell.InCRM {
			pair = pair.Resolve(o.Side)
		}
		if pair.Sending == nil { // a note about the referral stays
			marked, err := f.Ledger.Mark(ctx, pair.Says(o.Side, values, f.Now()))
			if err != nil {
				return pair, o, err
			}
			pair = marked
		}
	}
	written, err := f.Opportunities.Put(ctx, o, values)
	if fault.Is(err, fault.Conflict) && pair.Version != before.Version { // what was read may have been stale
		before.Version = pair.Version
		_, markErr := f.Ledger.Mark(ctx, before.Overtaken(o.ID, o.Version))
		if markErr != nil {
			return pair, o, markErr
		}
	}
	if err != nil {
		return pair, o, err
	}
	return pair.Said(o.Side, written.Side, values), written, nil
}
