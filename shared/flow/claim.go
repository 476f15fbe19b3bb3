package flow

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A referral names the record in CRM with which it is linked: with that a lost ledger finds the two again. Whatever keeps
// it from doing so, a refusal, somebody who writes at the same moment, a death, a lead that has become an opportunity:
// the next look at the pair writes the id, as any other difference.

// claims says in w whether the brake keeps us from writing the id of an opportunity that the ledger had forgotten.
func (f *Flow) claims(ctx context.Context, w *work) error {
	if !w.rebuilt || !claimable(*w.referral) || fault.Rehearsing(ctx) {
		return nil
	}
	free, err := f.lets(ctx, cosell.Aside{OpportunityID: w.opportunity.ID, Cause: cosell.CauseRebuilt})
	w.claims = err == nil && !free
	return err
}

// unnamed says whether the referral does not name the record of its pair, and may: it names none, or one whose pair has
// ended or went on. A closed one takes nothing, an id of somebody else's stays, and of a pair that is switched off or put
// aside nothing crosses.
func (a *application) unnamed(ctx context.Context) (bool, error) {
	pair, r := a.w.pair, a.referral
	id, foreign := crmID(r)
	cause, _ := pair.AsideFor()
	switch {
	case pair.Phase != cosell.Linked, cause != "", r.Microsoft, foreign, strings.EqualFold(id, pair.OpportunityID), cosell.ReferralClosed(r.Record[cosell.Status]):
		return false, nil
	case a.in.Opportunity.Side().Record[cosell.Sync] == cosell.False, a.leadsStayOut():
		return false, nil
	case id == "":
		return true, nil
	}
	return a.hasEnded(ctx, id)
}

// namesFormer says whether the referral names a record whose pair has ended or went on, because whoever was to write the id has died
// before it did: as whether it names none, the pair alone does not tell.
func (f *Flow) namesFormer(ctx context.Context, pair cosell.Pair) (bool, error) {
	id, is := cosell.ID(pair.Misnamed())
	if !is {
		return false, nil
	}
	return f.hasEnded(ctx, id)
}

// hasEnded says whether a record had a pair that has ended or went on.
func (f *Flow) hasEnded(ctx context.Context, id string) (bool, error) {
	other, known, err := f.Ledger.Find(ctx, id)
	return err == nil && known && other.Phase == cosell.Ended, err
}

// unclaimed stands for an id that the referral did not take, until it does or the two part.
func (f *Flow) unclaimed(ctx context.Context, w *work) error {
	h, held := w.pair.HeldAt(cosell.InPartnerCenter, cosell.CRMID)
	if !held || w.linking {
		return nil
	}
	a := application{Flow: f, w: w, in: f.pairing(w), referral: *w.referral}
	stands, err := a.unnamed(ctx)
	if stands || w.referral.Microsoft {
		w.standing = append(w.standing, h.Problem())
	}
	return err
}

// claim writes the record's id onto the referral, once the pair is kept and everything else is written. What is refused
// is told and held, and one that was held and is taken is told as well, so that comes to one more round. Kinds: those of
// a write, but Refused.
func (a *application) claim(ctx context.Context) error {
	wanted, err := a.unnamed(ctx)
	if !wanted || err != nil {
		return err
	}
	a.in.Pair, a.in.Referral = a.w.pair, &a.referral
	h, held := a.w.pair.HeldAt(cosell.InPartnerCenter, cosell.CRMID)
	if a.w.claimed || held && !a.in.Released(h) {
		return nil
	}
	err = a.sendID(ctx)
	if err != nil && !fault.Is(err, fault.Refused) {
		return err
	}
	a.w.claimed = true
	if err == nil && !held {
		return a.save(ctx, a.w, a.w.pair)
	}
	if err != nil {
		p := problemOf(cosell.InPartnerCenter, err, a.Rules, cosell.CRMID)
		p.Warn, p.Sent = true, true
		a.w.standing = append(a.w.standing, p)
	}
	a.w.linking, a.w.met, a.w.rebuilt, a.w.referral = false, false, false, &a.referral
	if a.done.Opportunity != nil {
		a.w.opportunity = a.done.Opportunity
	}
	return a.round(ctx, a.w)
}

// sendID is the PATCH of the id, noted before it is made.
func (a *application) sendID(ctx context.Context) error {
	values := cosell.Record{cosell.CRMID: a.w.pair.OpportunityID}
	s := a.in.NewSending(cosell.InPartnerCenter, cosell.Plan{ToReferral: values}, a.in.At)
	s.Entry, s.Fields = a.NewID(), []cosell.Field{cosell.CRMID}
	if err := a.note(ctx, s); err != nil {
		return err
	}
	named, err := a.Referrals.Put(ctx, a.referral, values)
	a.answered(a.referral.Side, err)
	if fault.Is(err, fault.Refused) && maybe(err) {
		return fault.New(fault.Conflict, "referral %s: the first try may have been taken before the second was refused: %w", a.referral.ID, err)
	}
	if fault.Is(err, fault.Refused) {
		a.w.entries = append(a.w.entries, a.entry(ctx, a.referral.Read, cosell.ToPartnerCenter, refusedAction, resultOf(err), cosell.CRMID))
	}
	if err != nil {
		return a.halfDone(ctx, err)
	}
	a.w.entries = append(a.w.entries, a.written(ctx, s, named.Read, cosell.ToPartnerCenter, s.Fields))
	a.w.pair = a.w.pair.Named(a.referral.Side, named.Side)
	a.referral = with(named, a.referral.Record)
	return nil
}
