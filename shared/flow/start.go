package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// startPending is the row of a referral that came before the start. It is quiet, and due as soon as somebody
// looks at what is due, which nobody does before the start.
const startPending = "start.pending"

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
