package flow

import (
	"context"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// outlives says whether a lead was qualified after its referral had ended: what came of it is a deal of its own. Before
// that it ends as an opportunity does, which only an expiry leaves alone.
func (f *Flow) outlives(w *work) bool {
	status := w.referral.Record[cosell.Status]
	return cosell.ReferralClosed(status) && !cosell.Grows(status) && (status == cosell.Expired || cosell.ReferralClosed(w.pair.Base.Referral[cosell.Status]))
}

// goApart says on a lead that outlives its referral that the two are no pair any more, if it takes anything, and ends that: whoever finds
// the pair finds on the lead whether that was told.
func (f *Flow) goApart(ctx context.Context, w *work) error {
	lead, text := *w.opportunity, "the referral ended as "+w.referral.Record[cosell.Status]+" and the lead was qualified all the same: its opportunity is a deal of its own, and not linked"
	if !cosell.Tells(lead.Record[cosell.Audit], cosell.ToCRM, text) {
		line := f.words(ctx, lead.Read).Done(cosell.ToCRM, text)
		if err := f.write(ctx, w, "ended", closedLead(lead, nil), line); err != nil && !fault.Is(err, fault.Refused) {
			return err
		}
	}
	end := f.entry(ctx, f.Now(), cosell.Nowhere, "ended", "the lead was qualified after its referral had ended")
	ended, err := f.Ledger.Save(ctx, w.pair.Tombstone(), append(slices.Clone(w.entries), end)...) // with the end, or told by whoever ends it
	if err == nil {
		w.pair, w.entries = ended, nil
	}
	return err
}
