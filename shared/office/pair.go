package office

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Link makes a pair of an opportunity, or a lead, and a referral that belong together. It needs a reason: what is
// written by the pair from then on is not taken back by unlinking it.
func (o *Office) Link(ctx context.Context, a Act, opportunityID, referralID string) error {
	if err := a.reasoned("link two records"); err != nil {
		return err
	}
	opportunityID, isOpportunity := cosell.ID(opportunityID)
	referralID, isReferral := cosell.ID(referralID)
	if !isOpportunity || !isReferral {
		return fault.New(fault.Invalid, "say which: the id of an opportunity or a lead, then the id of a referral")
	}
	desk, err := o.desk()
	if err == nil {
		err = desk.Link(ctx, opportunityID, referralID)
	}
	if err == nil {
		o.did(ctx, a, "link", "opportunity_id", opportunityID, "referral_id", referralID)
	}
	return err
}

// Unlink ends a pair. It needs a reason: the pair is never made again by itself.
func (o *Office) Unlink(ctx context.Context, a Act, what string) error {
	return o.act(ctx, a, "unlink", "unlink a pair", what, Desk.Unlink)
}

// AskAgain asks Microsoft again, in a new engagement. It needs a reason: what is asked cannot be taken back.
func (o *Office) AskAgain(ctx context.Context, a Act, what string) error {
	return o.act(ctx, a, "ask-again", "ask Microsoft again", what, Desk.AskAgain)
}

// CloseTest closes the referral of a trial as an error. It needs a reason: a closed referral stays closed.
func (o *Office) CloseTest(ctx context.Context, a Act, what string) error {
	return o.act(ctx, a, "close-test", "close a referral", what, Desk.CloseTest)
}

// act does something to the one pair that is meant; says is what cannot be undone.
func (o *Office) act(ctx context.Context, a Act, name, says, what string, do func(Desk, context.Context, string) error) error {
	if err := a.reasoned(says); err != nil {
		return err
	}
	desk, err := o.desk()
	if err != nil {
		return err
	}
	p, err := o.one(ctx, what)
	if err == nil {
		err = do(desk, ctx, p.OpportunityID)
	}
	if err == nil {
		o.did(ctx, a, name, "opportunity_id", p.OpportunityID, "referral_id", p.ReferralID)
	}
	return err
}
