package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Two environments may work with one Partner Center: production, and a test environment whose CRM is perhaps a
// copy of production's, with all ids in it. In the scope "own" a referral is touched only if this environment made
// it, which its ledger knows, or if a person linked it here.

// outside leaves a referral alone that is not of this environment's making.
func (f *Flow) outside(ctx context.Context, r cosell.Referral) error {
	f.Log.InfoContext(ctx, "outside: this environment touches only referrals that it has made", "referral_id", r.ID)
	return nil
}

// codeScope is what is held of a row whose identifier counts for nothing here.
const codeScope = "scope.own"

// copied tells a seller that the identifier on a row does not link it here: the row may be a copy of another
// environment's.
func (f *Flow) copied(ctx context.Context, w *work, referralID string) error {
	return f.lack(ctx, w, []cosell.Problem{{Code: codeScope, Field: cosell.ReferralID, Place: cosell.InPartnerCenter, Class: cosell.OfRule, Warn: true,
		Text: "the identifier names referral " + referralID + ", which this environment has not made, so nothing crosses (SYNC_SCOPE=own)",
		Mend: "nothing to do where the row is a copy; else an administrator links the two with cosellctl link"}})
}
