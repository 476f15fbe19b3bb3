package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// outlives says whether a lead was qualified after its referral had ended: what came of it is a deal of its own. Before
// that it ends as an opportunity does, which only an expiry leaves alone.
func (f *Flow) outlives(w *work) bool {
	status := w.referral.Record[cosell.Status]
	return cosell.ReferralClosed(status) && !cosell.Grows(status) && (status == cosell.Expired || cosell.ReferralClosed(w.pair.Base.Referral[cosell.Status]))
}

// goApart ends the pair of a lead that outlives its referral, and says so on the lead, if that takes anything.
func (f *Flow) goApart(ctx context.Context, w *work) error {
	lead := *w.opportunity
	ended, err := f.endPair(ctx, w.pair, "the lead was qualified after its referral had ended")
	if err != nil {
		return err
	}
	w.pair = ended
	values := closedLead(lead, nil)
	line := f.words(ctx, lead.Read).Done(cosell.ToCRM, "the referral ended as "+w.referral.Record[cosell.Status]+" and the lead was qualified all the same: its opportunity is a deal of its own, and not linked")
	if err := f.write(ctx, w, "ended", values, line); err != nil && !fault.Is(err, fault.Refused) {
		return err
	}
	return nil
}
