package flow

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// propose asks the seller of an opportunity that is not switched on: one line with the referral's link.
// Nothing else of the opportunity is touched. What CRM does not take is held, and asked again when it is due. Refused of class ours: it is held, too.
func (f *Flow) propose(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, r cosell.Referral, p cosell.Problem) error {
	if cosell.ReferralClosed(r.Record[cosell.Status]) || strings.EqualFold(pair.ProposedID, r.ID) {
		return nil
	}
	return f.ask(ctx, pair, o, r, p)
}

// ask writes the question, unless the row asks it already.
func (f *Flow) ask(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, r cosell.Referral, p cosell.Problem) error {
	written := o
	if !strings.EqualFold(o.Record[cosell.Proposed], r.ID) { // an earlier run told it, and died
		values := cosell.Standing("", []cosell.Problem{p})
		values[cosell.Proposed] = r.ID
		values = known(values, o)
		values[cosell.Audit] = cosell.Prepend(o.Record[cosell.Audit], f.words(ctx, o.Read).Say(p))
		var err error
		written, err = f.Opportunities.Put(ctx, o, values)
		if fault.Is(err, fault.Refused) {
			return f.unasked(ctx, pair, o, r, p, err)
		}
		if err != nil {
			return err
		}
	}
	pair.ProposedID = r.ID
	pair = pair.Wrote(o.Version, written.Side)
	pair = pair.Lacks([]cosell.Problem{p}, o.Read, written.Side)
	pair.Phase = cosell.Claimed
	_, err := f.Ledger.Save(ctx, pair, f.entry(ctx, written.Read, cosell.ToCRM, "proposed", "referral "+r.ID))
	return err
}

// unasked holds a question that CRM did not take. Its seller knows nothing of it, so that it shows in health alone.
func (f *Flow) unasked(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, r cosell.Referral, p cosell.Problem, cause error) error {
	why := problemOf(cosell.InCRM, cause, f.Rules, cosell.Whole)
	why.Text, why.Sent = "the "+pair.Noun()+" does not take the question whether it is the deal of referral "+r.ID+" ("+f.link(r.ID)+"): "+why.Text, true
	asked := pair.Lacks([]cosell.Problem{p, why}, o.Read, o.Side).Unheard(pair)
	asked.ProposedID, asked.Phase = r.ID, cosell.Claimed
	if _, err := f.Ledger.Save(ctx, asked, f.entry(ctx, o.Read, cosell.ToCRM, refusedAction, resultOf(cause))); err != nil {
		return err
	}
	if why.Class == cosell.OfOurs {
		return cause
	}
	return nil
}

// untold is the question that CRM did not take: nobody has read it.
func untold(pair cosell.Pair) (question cosell.Problem, is bool) {
	_, refused := pair.HeldAt(cosell.InCRM, cosell.Whole)
	h, asks := pair.HeldAt(cosell.InPartnerCenter, cosell.Whole)
	return h.Problem(), pair.Phase == cosell.Claimed && refused && asks && h.Code == cosell.CodeUnconfirmed
}

// askOnceMore asks what CRM did not take: the row has changed, or it is due. A referral that is closed or gone asks for nothing any more.
func (f *Flow) askOnceMore(ctx context.Context, w *work, p cosell.Problem) error {
	r, err := f.Referrals.Get(ctx, w.pair.ProposedID)
	switch {
	case fault.Is(err, fault.Gone) || err == nil && cosell.ReferralClosed(r.Record[cosell.Status]):
		if err := f.save(ctx, w, w.pair.Withdrawn()); err != nil {
			return err
		}
		return f.stand(ctx, w, nil)
	case err != nil:
		return unreadableOurs(err)
	}
	return f.ask(ctx, w.pair, *w.opportunity, r, p)
}

// release forgets what is held of an opportunity that nobody wants in Partner Center now.
func (f *Flow) release(ctx context.Context, w *work) error {
	switch {
	case w.pair.Version == "":
		return nil
	case w.pair.Phase == cosell.Claimed:
		if question, is := untold(w.pair); is {
			return f.askOnceMore(ctx, w, question)
		}
		return f.stand(ctx, w, heldProblems(w.pair))
	case len(w.pair.Held) > 0:
		w.pair.Held, w.pair.Told = nil, nil
		if err := f.save(ctx, w, w.pair); err != nil {
			return err
		}
	}
	return f.stand(ctx, w, nil)
}

// confirm links a proposed referral after the seller switched on, or said so. Who was not asked and switches on an opportunity that a referral
// resembles has said nothing of that: each of the two gets its own.
func (f *Flow) confirm(ctx context.Context, w *work) error {
	if _, is := untold(w.pair); is && w.opportunity.Record[cosell.Action] != cosell.ActLink {
		apart, err := f.outlived(ctx, w.pair)
		if err != nil {
			return err
		}
		if apart {
			return f.createOwn(ctx, w)
		}
	}
	r, err := f.Referrals.Get(ctx, w.pair.ProposedID)
	if err != nil {
		return unreadableOurs(err)
	}
	by, err := f.takenBy(ctx, w.pair.OpportunityID, r)
	if err != nil {
		return err
	}
	if by != "" || cosell.ReferralClosed(r.Record[cosell.Status]) {
		return f.wentElsewhere(ctx, w, r)
	}
	w.switchOn, w.confirmed = !w.opportunity.Synced(), true
	w.pair.Held, w.pair.Told, w.pair.ProposedID = nil, nil, ""
	w.referral = &r
	return f.adopt(ctx, w)
}

// createOwn makes a referral for an opportunity that another one has asked for.
func (f *Flow) createOwn(ctx context.Context, w *work) error {
	w.pair.Phase, w.pair.ProposedID, w.pair.Held, w.pair.Told = cosell.Creating, "", nil, nil
	return f.create(ctx, w)
}
