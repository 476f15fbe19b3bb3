package flow

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// pasted links an opportunity that is about to get a referral with the one that its notes name, so that no second is
// made. One that is not there, is closed, belongs to another record or is linked already is none, and false.
func (f *Flow) pasted(ctx context.Context, w *work) (linked bool, err error) {
	id := cosell.Pasted(*w.opportunity)
	if id == "" || w.pair.Phase != "" || w.pair.ReferralID != "" {
		return false, nil
	}
	r, err := f.Referrals.Get(ctx, id)
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Invalid) || fault.Is(err, fault.Refused) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	named, foreign := crmID(r)
	if f.table == cosell.LeadTable && !r.Lead {
		return false, nil // a deal is none of a lead's
	}
	if r.Microsoft || foreign || named != "" && !strings.EqualFold(named, w.opportunity.ID) || cosell.ReferralClosed(r.Record[cosell.Status]) {
		return false, nil
	}
	if free, err := f.free(ctx, r); !free || err != nil {
		return false, err
	}
	f.Log.InfoContext(ctx, "the notes of an opportunity name its referral", "opportunity_id", w.opportunity.ID, "referral_id", r.ID)
	w.referral = &r
	return true, f.adopt(ctx, w)
}

// free says whether no opportunity was made of a referral, and none is being made. What only counted it lets it go: it
// was passed over, as one from before the start is.
func (f *Flow) free(ctx context.Context, r cosell.Referral) (bool, error) {
	other, taken, err := f.Ledger.FindByReferral(ctx, r.ID)
	switch {
	case err != nil || !taken:
		return err == nil, err
	case unbegun(other) || other.Phase == cosell.Lacking && len(other.Held) == 0 && other.Sending == nil:
		return true, f.letGo(ctx, other)
	}
	return false, nil
}
