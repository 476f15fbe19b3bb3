package flow

import (
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// mostLookalikes is how many opportunities that turn out to be no candidates one referral passes over one by one; then all that the
// ledger knows are taken out at once.
const mostLookalikes = 10

// asksNothing says whether an opportunity with that pair is none to ask about a referral.
func asksNothing(pair cosell.Pair, known bool, referralID string) bool {
	return slices.Contains(pair.Unlike, referralID) || known && pair.Phase != cosell.Claimed && !idle(pair) ||
		pair.Phase == cosell.Claimed && !strings.EqualFold(pair.ProposedID, referralID)
}

// passOver has whoever looks for an opportunity that the referral resembles leave out all that are none to ask: an account may have
// dozens, and a referral that stopped at them would wait for a person who was asked nothing.
func (f *Flow) passOver(ctx context.Context, r *cosell.Referral) error {
	return f.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if !p.Unread && asksNothing(p, true, r.ID) {
			r.Unlike = append(r.Unlike, p.OpportunityID)
		}
		return true
	})
}

// resembles proposes a referral that is about to become an opportunity to one that it resembles, whose seller then
// decides; until then nothing is made. proposed is false where that opportunity is none to ask: a person said that
// it is another deal, it is wanted in Partner Center itself, or another referral asks for it already.
func (f *Flow) resembles(ctx context.Context, w *work, opportunityID string) (proposed bool, err error) {
	r := *w.referral
	err = f.underLock(ctx, opportunityID, func(pair cosell.Pair, known bool) error {
		if asksNothing(pair, known, r.ID) {
			return nil
		}
		o, err := f.Opportunities.Get(ctx, opportunityID)
		if fault.Is(err, fault.Gone) {
			return nil
		}
		if err != nil {
			return err
		}
		if o.Synced() || o.Record[cosell.ReferralID] != "" || cosell.OpportunityClosed(o.Record[cosell.Status]) {
			return nil
		}
		proposed = true
		return f.propose(ctx, pair, o, r, cosell.Problem{Code: cosell.CodeUnconfirmed, Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRule, Warn: true,
			Text: "referral " + r.ID + " in Partner Center may be this deal, it has the same customer and looks alike: " + f.link(r.ID),
			Mend: "choose \"Link to the proposed deal\", or \"Not the same deal\": then it gets an opportunity of its own"})
	})
	if err != nil || !proposed {
		return false, err
	}
	pair := w.pair
	pair.Sending = nil
	pair = pair.Lacks([]cosell.Problem{{Code: cosell.CodeUnconfirmed, Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true,
		Text: "referral " + r.ID + " may be the deal of opportunity " + opportunityID + ", so no opportunity was made of it",
		Mend: "decide on that opportunity, or by cosellctl link or unlink", Value: cosell.Print(r.Record)}}, r.Read, cosell.Side{})
	pair.Phase = cosell.Lacking
	w.entries = append(w.entries, f.entry(ctx, r.Read, cosell.Nowhere, "proposed", "opportunity "+opportunityID))
	return true, f.save(ctx, w, pair)
}

// idle says whether a pair has nothing but what a person said of it.
func idle(p cosell.Pair) bool {
	return p.Phase == cosell.Lacking && p.ReferralID == "" && len(p.Held) == 0
}

// outlived tells a referral that resembled an opportunity that this is no candidate any more: it gets one of its own.
// A referral that names the opportunity itself is no such one.
func (f *Flow) outlived(ctx context.Context, pair cosell.Pair) (bool, error) {
	if pair.Phase != cosell.Claimed {
		return false, nil
	}
	waiting, known, err := f.Ledger.FindByReferral(ctx, pair.ProposedID)
	if err != nil || !known || waiting.OpportunityID == pair.OpportunityID || !unbegun(waiting) {
		return false, err
	}
	return true, f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: pair.ProposedID, Retry: true, Why: "the proposal is over"})
}

// yield lets another row of CRM have the referral, which somebody wrote into it while ours was about to be made: the two are met anew.
func (f *Flow) yield(ctx context.Context, w *work, other string) error {
	pair := w.pair
	pair.Sending = nil
	if err := f.letGo(ctx, pair); err != nil {
		return err
	}
	return f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: w.referral.ID, Retry: true, Why: "opportunity " + other + " names it"})
}

func hasCodeOf(err error, code string) bool {
	e := fault.Of(err)
	return e != nil && e.Code == code
}

// ofAnother says whether no row was made because of another one: without some of its values it would not be either.
func ofAnother(err error) bool {
	return hasCodeOf(err, cosell.CodeUnconfirmed) || hasCodeOf(err, cosell.CodeNamed)
}
