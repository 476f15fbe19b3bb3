package flow

import (
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// askMicrosoft looks at the other referral of the engagement: it is not documented whether the event of
// a change there carries that id or ours. recordID is the record whose lock is held: where the pair has gone on with another one, that is
// done under the lock of that.
func (f *Flow) askMicrosoft(ctx context.Context, recordID string, own cosell.Referral, h Hint) error {
	r, shown, err := f.microsoftIn(ctx, own.EngagementID)
	if err != nil || !shown {
		return err
	}
	pair, known, err := f.Ledger.FindByReferral(ctx, own.ID)
	if err != nil || !known || pair.Phase != cosell.Linked {
		return err
	}
	if !strings.EqualFold(pair.OpportunityID, recordID) {
		return f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: own.ID, Related: true, Retry: h.Retry, Why: h.Why})
	}
	w, err := f.met(ctx, pair, r, h)
	if err != nil {
		return err
	}
	return f.of(pair).converge(ctx, w)
}

// microsoftIn finds Microsoft's referral in the list of an engagement, where that shows it.
func (f *Flow) microsoftIn(ctx context.Context, engagementID string) (r cosell.Referral, shown bool, err error) {
	all, err := f.Referrals.Engagement(ctx, engagementID)
	if err != nil {
		return r, false, err
	}
	i := slices.IndexFunc(all, func(r cosell.Referral) bool { return r.Microsoft })
	if i < 0 {
		return r, false, nil
	}
	return all[i], true, nil
}

// fromNewMicrosoft meets Microsoft's referral for the first time: in an engagement that we know, or in
// one whose own referral has not been seen yet.
func (f *Flow) fromNewMicrosoft(ctx context.Context, r cosell.Referral, h Hint) error {
	pair, known, err := f.Ledger.FindByEngagement(ctx, r.EngagementID)
	if err != nil {
		return err
	}
	if known {
		return f.meetMicrosoft(ctx, pair.OpportunityID, r, h)
	}
	if err := f.fromEngagement(ctx, r.EngagementID, h); err != nil {
		return err
	}
	if pair, known, err = f.Ledger.FindByEngagement(ctx, r.EngagementID); err != nil || !known {
		return err
	}
	return f.meetMicrosoft(ctx, pair.OpportunityID, r, h)
}

// meetMicrosoft adds Microsoft's referral to the pair of its engagement. It may be the echo of our own POST.
func (f *Flow) meetMicrosoft(ctx context.Context, opportunityID string, r cosell.Referral, h Hint) error {
	return f.underLock(ctx, opportunityID, func(pair cosell.Pair, known bool) error {
		if !known || pair.Phase != cosell.Creating && pair.Phase != cosell.Linked {
			return nil
		}
		if pair.MicrosoftID == r.ID { // others met it meanwhile: what was read before the lock could be old news
			var err error
			if r, err = f.current(ctx, pair, r); err != nil {
				return err
			}
		}
		w, err := f.met(ctx, pair, r, h)
		if err != nil {
			return err
		}
		if pair.Phase == cosell.Linked {
			return f.of(pair).converge(ctx, w)
		}
		// The creation need not wait for certainty any longer.
		if _, err := f.Ledger.Save(ctx, w.pair, w.entries...); err != nil {
			return err
		}
		return f.Hints.ReferralWanted(ctx, Hint{Kind: opportunityKind, ID: opportunityID, Why: "related-referral-created"})
	})
}

// met is the work on a pair that Microsoft's referral belongs to; the first time, it may be the echo of
// our own POST, which nobody has noted.
func (f *Flow) met(ctx context.Context, pair cosell.Pair, r cosell.Referral, h Hint) (*work, error) {
	w := &work{pair: pair, referral: &r, hint: h}
	if pair.MicrosoftID == r.ID {
		return w, nil
	}
	w.pair.MicrosoftID = r.ID
	if pair.Table == cosell.LeadTable { // it shows nothing of it, and hands it over to its opportunity
		return w, f.save(ctx, w, w.pair)
	}
	intent, _, err := f.Ledger.Intent(ctx, pair.OpportunityID, microsoftTarget)
	if err != nil || !intent.Sent {
		return w, err
	}
	// Noted at once: the comparison may have to wait, and would note it again.
	w.entries = append(w.entries, f.entry(ctx, r.Read, cosell.ToPartnerCenter, createdAction, "Microsoft's referral "+r.ID))
	return w, f.save(ctx, w, w.pair)
}

// fromEngagement takes up the partner's own referral of an engagement.
func (f *Flow) fromEngagement(ctx context.Context, engagementID string, h Hint) error {
	all, err := f.Referrals.Engagement(ctx, engagementID)
	if err != nil {
		return err
	}
	for _, own := range all {
		if own.Microsoft {
			continue
		}
		pair, known, err := f.Ledger.FindByReferral(ctx, own.ID)
		if err != nil {
			return err
		}
		if known { // the row that finds it by its engagement was lost
			_, err := f.Ledger.Heal(ctx, pair)
			return err
		}
		return f.meet(ctx, own, h)
	}
	// A list may be behind: the own referral of the engagement shows up in a moment.
	return fault.New(fault.Gone, "engagement %s does not list the partner's own referral", engagementID)
}
