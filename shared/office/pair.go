package office

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Preview is what a look at a pair would do now.
type Preview struct {
	OpportunityID string  `json:"opportunity"`
	ReferralID    string  `json:"referral,omitempty"`
	Name          string  `json:"name"`
	Does          string  `json:"does"` // in a word: nothing, update, create, close, hold, wait
	Writes        []Write `json:"writes"`
	Problems      []Held  `json:"problems"` // what would be held, and why
	Failed        string  `json:"failed,omitempty"`
}

// Write is one value that would be written.
type Write struct {
	To    string `json:"to"` // the side
	Field string `json:"field"`
	From  string `json:"from"`
	Value string `json:"value"`
}

// PreviewOne says what a look at a pair would write. Nothing is written.
func (o *Office) PreviewOne(ctx context.Context, what string) (Preview, error) {
	desk, err := o.desk()
	if err != nil {
		return Preview{}, err
	}
	p, err := o.one(ctx, what)
	if err != nil {
		return Preview{}, err
	}
	return o.preview(ctx, desk, p)
}

// PreviewAll does so for pairs in the order of their ids, after the one given, at most limit. next is
// where to go on, "" at the end. A pair that cannot be read says so in its own row.
func (o *Office) PreviewAll(ctx context.Context, after string, limit int) (out []Preview, next string, err error) {
	desk, err := o.desk()
	if err != nil {
		return nil, "", err
	}
	var pairs []cosell.Pair
	err = o.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.OpportunityID > after && p.Phase != cosell.Ended {
			pairs = append(pairs, p)
		}
		return len(pairs) <= limit
	})
	if err != nil {
		return nil, "", err
	}
	if len(pairs) > limit {
		pairs = pairs[:limit]
		next = pairs[limit-1].OpportunityID
	}
	out = []Preview{}
	for _, p := range pairs {
		v, err := o.preview(ctx, desk, p)
		if fault.Is(err, fault.Later) || ctx.Err() != nil {
			return nil, "", err // the same would come of all others
		}
		if err != nil {
			v = Preview{OpportunityID: p.OpportunityID, ReferralID: p.ReferralID, Name: nameOf(p), Failed: err.Error()}
		}
		out = append(out, v)
	}
	return out, next, nil
}

func (o *Office) preview(ctx context.Context, desk Desk, p cosell.Pair) (Preview, error) {
	v, err := desk.Preview(ctx, p.OpportunityID)
	v.OpportunityID, v.ReferralID, v.Name = p.OpportunityID, p.ReferralID, nameOf(p)
	return v, err
}

// Link makes a pair of an opportunity and a referral that belong together. It needs a reason: what is
// written by the pair from then on is not taken back by unlinking it.
func (o *Office) Link(ctx context.Context, a Act, opportunityID, referralID string) error {
	if err := a.reasoned("link two records"); err != nil {
		return err
	}
	opportunityID, referralID = idIn(opportunityID), idIn(referralID)
	if !looksLikeID(opportunityID) || !looksLikeID(referralID) {
		return fault.New(fault.Invalid, "say which: the id of an opportunity, then the id of a referral")
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
