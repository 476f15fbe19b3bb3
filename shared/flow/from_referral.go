package flow

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// FromReferral follows a hint from Partner Center about the partner's referral or Microsoft's.
// Kinds: Gone, Conflict, Later, Broken, Denied, Refused of class ours.
func (f *Flow) FromReferral(ctx context.Context, h Hint) error {
	ctx = after(withBudget(ctx), h)
	h.Kind = referralKind
	if f.inShadow(ctx) {
		return f.shadowed(ctx, h)
	}
	pair, known, err := f.Ledger.FindByReferral(ctx, h.ID)
	if err != nil {
		return err
	}
	if known && !unbegun(pair) {
		err := f.fromKnown(ctx, pair.OpportunityID, h)
		f.waited(ctx, pair.OpportunityID, h, err)
		return err
	}
	return again(ctx, func() error {
		r, err := f.Referrals.Get(ctx, h.ID)
		if h.Related && fault.ClassOf(err) == fault.Record {
			f.Log.InfoContext(ctx, "a related referral, Microsoft's perhaps, may not be read", "referral_id", h.ID, fault.Attr(err))
			return nil // which deal it belongs to nobody can tell
		}
		if err != nil {
			return unreadableOurs(err)
		}
		if r.Microsoft {
			return f.fromNewMicrosoft(ctx, r, h)
		}
		return f.meet(ctx, r, h)
	})
}

// unreadableOurs: a record of which nothing is known yet cannot be held; that it may not be read is ours to
// mend, and the message comes back.
func unreadableOurs(err error) error {
	if e := fault.Of(err); e.Kind == fault.Refused && e.Class != fault.Ours {
		again := *e
		return (&again).OfClass(fault.Ours)
	}
	return err
}

// fromKnown reads and compares under the pair's lock: what was read before it could be old news.
func (f *Flow) fromKnown(ctx context.Context, opportunityID string, h Hint) error {
	return f.underLock(ctx, opportunityID, func(pair cosell.Pair, known bool) error {
		if !known {
			return nil
		}
		return f.of(pair).goOn(ctx, pair, h)
	})
}

// goOn does what the table says of a known pair whose referral may have changed.
func (f *Flow) goOn(ctx context.Context, pair cosell.Pair, h Hint) error {
	switch next(pair, true, newsOf(h)) {
	case want:
		return f.Hints.ReferralWanted(ctx, Hint{Kind: opportunityKind, ID: pair.OpportunityID, Why: h.Why, Retry: h.Retry})
	case remake:
		return f.remake(ctx, pair, h)
	case compare:
		if err := f.compareReferral(ctx, pair, h); err != nil {
			return err
		}
		return f.register(ctx, pair.OpportunityID, h)
	}
	return nil
}

func (f *Flow) compareReferral(ctx context.Context, pair cosell.Pair, h Hint) error {
	if pair.Base.Opportunity[cosell.Sync] == cosell.False {
		return nil // switched off: the seller's switching on compares
	}
	if f.leadsStayOut() && !h.Retry {
		return nil
	}
	if pair.ReferralID != "" && !strings.EqualFold(h.ID, pair.ReferralID) && !strings.EqualFold(h.ID, pair.MicrosoftID) { // it was when the pair was looked for
		return notOfIt(pair, h)
	}
	r, err := f.Referrals.Get(ctx, h.ID)
	if fault.ClassOf(err) == fault.Record && strings.EqualFold(h.ID, pair.MicrosoftID) {
		return f.unreadableMicrosoft(ctx, pair, h)
	}
	if err != nil {
		return f.holdRead(ctx, pair, cosell.InPartnerCenter, err)
	}
	err = f.converge(ctx, &work{pair: pair, referral: &r, hint: h})
	if fault.Is(err, fault.Gone) && f.lasting(h) {
		return f.vanished(ctx, pair.OpportunityID, h, err)
	}
	if r.Microsoft || !h.Related || err != nil && !fault.Is(err, fault.Later) {
		return err
	}
	return cmp.Or(f.askMicrosoft(ctx, pair.OpportunityID, r, h), err) // Microsoft's answer does not wait for a change that does
}

// notOfIt is news of a referral that its pair has given up meanwhile: for a new engagement, of which the former ones stay as they are, or else
// it may be another pair's by now. Kind: Conflict.
func notOfIt(pair cosell.Pair, h Hint) error {
	if pair.Resumes(h.ID) {
		return nil
	}
	return fault.New(fault.Conflict, "referral %s is none of opportunity %s any more", h.ID, pair.OpportunityID)
}

// unreadableMicrosoft: whether a partner may read Microsoft's referral by its id is not documented. What the
// list of the engagement shows of it will do; where it shows nothing, Microsoft's answer cannot be known,
// which is told once.
func (f *Flow) unreadableMicrosoft(ctx context.Context, pair cosell.Pair, h Hint) error {
	r, shown, err := f.microsoftIn(ctx, pair.EngagementID)
	if err != nil && fault.ClassOf(err) != fault.Record {
		return err
	}
	if shown {
		return f.converge(ctx, &work{pair: pair, referral: &r, hint: h})
	}
	if pair.Holds("microsoft.unreadable") {
		return nil
	}
	return f.tellStanding(ctx, pair, cosell.Problem{Code: "microsoft.unreadable", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true,
		Text: "Microsoft's own referral may not be read, so Microsoft's answer does not show here", Mend: "look it up in Partner Center"})
}

// remake goes on making the opportunity of a referral.
func (f *Flow) remake(ctx context.Context, pair cosell.Pair, h Hint) error {
	if pair.ReferralID == "" {
		return f.Hints.ReferralWanted(ctx, Hint{Kind: opportunityKind, ID: pair.OpportunityID, Why: h.Why, Retry: h.Retry})
	}
	r, err := f.Referrals.Get(ctx, pair.ReferralID)
	if err != nil {
		return unreadableOurs(err)
	}
	if id, _ := crmID(r); id != "" && !strings.EqualFold(id, pair.OpportunityID) && unbegun(pair) { // under the lock of what it names
		return f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: r.ID, Why: h.Why, Retry: h.Retry})
	}
	return f.makeOpportunity(ctx, &work{pair: pair, referral: &r, hint: h})
}

// holdRead keeps what may not be read: a refusal of one record is held on its pair and told where that is
// possible; a refusal that is ours comes back as it is.
func (f *Flow) holdRead(ctx context.Context, pair cosell.Pair, place cosell.Place, err error) error {
	if fault.ClassOf(err) != fault.Record {
		return err
	}
	p := problemOf(place, err, f.Rules, cosell.Whole)
	p.Sent = true
	news, unheard, before := !pair.Explains(p), false, pair
	if news && place == cosell.InPartnerCenter {
		if o, getErr := f.Opportunities.Get(ctx, pair.OpportunityID); getErr == nil && !pair.Explained(o.Record[cosell.Audit], p, f.older(ctx)) {
			line := f.words(ctx, o.Read).Say(p)
			said, _, putErr := f.say(ctx, pair, o, cosell.Record{cosell.Audit: cosell.Prepend(o.Record[cosell.Audit], line)}, cosell.Entry{}) // whoever comes after a death tells of it with what he holds
			if unheard = fault.Is(putErr, fault.Refused); putErr != nil && !unheard {
				return putErr
			}
			pair = said
		}
	}
	held := pair.Lacks(append(problemsOf(pair), p), f.Now(), cosell.Side{})
	held.Phase = pair.Phase
	if unheard {
		held = held.Unheard(before)
	}
	_, saveErr := f.Ledger.Save(ctx, held, f.entry(ctx, f.Now(), cosell.Nowhere, refusedAction, resultOf(err)))
	return saveErr
}

// problemsOf are the problems that a pair holds, but for those of a whole record.
func problemsOf(p cosell.Pair) []cosell.Problem {
	return slices.DeleteFunc(heldProblems(p), func(p cosell.Problem) bool { return p.Field == cosell.Whole })
}

// heldProblems are all problems that a pair holds.
func heldProblems(p cosell.Pair) (out []cosell.Problem) {
	for _, h := range p.Held {
		out = append(out, h.Problem())
	}
	return out
}
