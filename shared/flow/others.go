package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Others are the other tenants that work with the same CRM.
type Others interface {
	// Has says whether a record of CRM is in a pair of one of them.
	Has(ctx context.Context, recordID string) (bool, error)
	// Owns says whether an opportunity is one of them's by what its row says, whatever pairs there are.
	Owns(ctx context.Context, opportunityID string) (bool, error)
}

// ofOther is the code of a referral whose record in CRM another tenant has.
const ofOther = "tenant.other"

// othersHave says whether the record that a referral names, or that names it, is another tenant's: two Partner Centers may
// know one id, and people write CRM ids into either. Such a referral is counted and left alone, and nothing is told on
// the record.
func (f *Flow) othersHave(ctx context.Context, r cosell.Referral) (bool, error) {
	if f.Others == nil {
		return false, nil
	}
	var ids []string
	if id, _ := crmID(r); id != "" {
		ids = append(ids, id)
	}
	for _, line := range []*Flow{f.deals, f.leads} {
		if line == nil {
			continue
		}
		found, err := line.Opportunities.FindByReferral(ctx, r.ID)
		if err != nil {
			return false, err
		}
		for _, o := range found {
			ids = append(ids, o.ID)
		}
	}
	for _, id := range ids {
		if has, err := f.Others.Has(ctx, id); err != nil || has {
			if err == nil {
				err = f.leaveToOther(ctx, r)
			}
			return true, err
		}
	}
	return false, nil
}

func (f *Flow) leaveToOther(ctx context.Context, r cosell.Referral) error {
	f.Log.InfoContext(ctx, "left alone: the referral's record in CRM is another tenant's", "referral_id", r.ID)
	return f.underLock(ctx, f.Opportunities.ID(r.ID), func(pair cosell.Pair, known bool) error {
		if known {
			return nil
		}
		pair.ReferralID, pair.EngagementID = r.ID, r.EngagementID
		pair = pair.Lacks([]cosell.Problem{{Code: ofOther, Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true,
			Text: "the record in CRM that this referral names, or that names it, belongs to another tenant, so nothing is made of it",
			Mend: "take the CRM id out of the referral if it is wrong there, or unlink the record at the other tenant"}}, r.Read, r.Side)
		pair.Phase = cosell.Lacking
		_, err := f.Ledger.Save(ctx, pair)
		return err
	})
}
