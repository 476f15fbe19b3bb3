package flow

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// work is one pair on its way through the line: what was read, decided and written.
type work struct {
	pair        cosell.Pair
	referral    *cosell.Referral
	microsoftID string              // Microsoft's referral reported, and referral is the own one with what Microsoft's says
	opportunity *cosell.Opportunity // nil: taken from the base, the write's version condition proves it
	entries     []cosell.Entry
	untold      []cosell.Problem // about what was written in an earlier round
	invited     cosell.Record    // what Microsoft's referral says that this round created
}

// converge brings a linked pair together. The referral that reported is in w; so is the opportunity if it
// reported. Returns Conflict when somebody wrote in between again and again, Later when a change waits.
func (f *Flow) converge(ctx context.Context, w work) error {
	if w.opportunity == nil && (w.pair.OpportunityVersion == "" || len(w.pair.Problems) > 0) {
		if err := f.readOpportunity(ctx, &w); err != nil {
			return err
		}
	}
	var err error
	for range most {
		if err = f.round(ctx, &w); !fault.Is(err, fault.Conflict) {
			break
		}
		if rereadErr := f.reread(ctx, &w); rereadErr != nil {
			return f.noted(ctx, &w, rereadErr)
		}
	}
	return f.noted(ctx, &w, err)
}

// round decides once and writes: Partner Center first, then CRM, then what is remembered. A crash in
// between is repaired by the redelivery, whose plan is then shorter.
func (f *Flow) round(ctx context.Context, w *work) error {
	if err := w.fresh(); err != nil {
		return err
	}
	pairing := f.pairing(w)
	plan := cosell.Merge(pairing)
	if f.needsOpportunity(w, plan) {
		if err := f.readOpportunity(ctx, w); err != nil {
			return err
		}
		pairing = f.pairing(w)
		plan = cosell.Merge(pairing)
	}
	checkInvite(w, &plan)
	plan.Problems = append(w.untold, plan.Problems...)
	w.invited = nil
	done, err := f.apply(ctx, w, &plan)
	if err != nil && done.Referral != nil {
		return f.halfDone(ctx, w, pairing, plan, *done.Referral, err)
	}
	if err != nil {
		return err
	}
	return f.remember(ctx, w, pairing, plan, done)
}

// apply writes what the plan says; what was written is given also with an error.
func (f *Flow) apply(ctx context.Context, w *work, plan *cosell.Plan) (done cosell.Written, err error) {
	if err := f.writeReferral(ctx, w, plan, &done); err != nil {
		return done, err
	}
	if plan.Invite != "" {
		if err := f.invite(ctx, w, plan); err != nil {
			return done, err
		}
	}
	return done, f.writeOpportunity(ctx, w, plan, &done)
}

// halfDone remembers what was written to Partner Center when the rest failed, and what is still to be told
// about it.
func (f *Flow) halfDone(ctx context.Context, w *work, pairing cosell.Pairing, plan cosell.Plan, r cosell.Referral, cause error) error {
	w.untold = nil
	for _, p := range plan.Problems {
		if _, sent := plan.ToReferral[p.Field]; sent && p.Once {
			w.untold = append(w.untold, p)
		}
	}
	if _, err := f.Ledger.Save(ctx, pairing.SettleSent(w.pair, plan, r), w.entries...); err != nil {
		return err
	}
	w.entries = nil
	return cause
}

// needsOpportunity says whether what was assumed of the opportunity does not do: also lasting problems are
// judged, and remembered, only with the opportunity at hand.
func (f *Flow) needsOpportunity(w *work, plan cosell.Plan) bool {
	return plan.NeedsOpportunity || w.opportunity == nil && len(cosell.Codes(plan.Problems)) > 0 ||
		w.referral.Microsoft && (len(plan.ToReferral) > 0 || plan.Invite != "")
}

// noted keeps what was written in the ledger's audit when the work ends before the pair is saved.
func (f *Flow) noted(ctx context.Context, w *work, err error) error {
	if err == nil || len(w.entries) == 0 {
		return err
	}
	if noteErr := f.Ledger.Note(ctx, w.pair.OpportunityID, w.entries...); noteErr != nil {
		f.Log.WarnContext(ctx, "what was written is not in the ledger's audit", "opportunity_id", w.pair.OpportunityID, "fault", noteErr.Error())
	}
	w.entries = nil
	return err
}

// staleTime is how long a system that answered with an old version is left alone.
const staleTime = 5 * time.Second

// fresh refuses to decide by versions that are older than what was seen before. Kind: Later.
func (w *work) fresh() error {
	sides := []cosell.Side{w.referral.Side}
	if w.opportunity != nil {
		sides = append(sides, w.opportunity.Side)
	}
	for _, s := range sides {
		if w.pair.Stale(s) {
			return fault.Wait(staleTime, "record %s was read as it was at %s, a newer version is known", s.ID, s.Modified.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

func (f *Flow) pairing(w *work) cosell.Pairing {
	return cosell.Pairing{Base: w.pair.Base, Referral: w.referral, Opportunity: w.opportunity,
		Invited: w.pair.MicrosoftID != "", Rules: f.Rules, Options: f.Settings.Options}
}

func (f *Flow) readOpportunity(ctx context.Context, w *work) error {
	o, err := f.Opportunities.Get(ctx, w.pair.OpportunityID)
	if err != nil {
		return err
	}
	w.opportunity = &o
	if err := f.readOwn(ctx, w); err != nil {
		return err
	}
	return w.fresh()
}

// readOwn puts the partner's own referral in the place of Microsoft's, which we may read but never write:
// with the opportunity at hand everything is decided, also what Microsoft's referral says nothing about.
func (f *Flow) readOwn(ctx context.Context, w *work) error {
	if !w.referral.Microsoft {
		return nil
	}
	own, err := f.Referrals.Get(ctx, w.pair.ReferralID)
	if err != nil {
		return err
	}
	own = with(own, w.referral.Record)
	w.microsoftID, w.referral = w.referral.ID, &own
	return nil
}

// reread looks at everything again after a conflict.
func (f *Flow) reread(ctx context.Context, w *work) error {
	pair, known, err := f.Ledger.Find(ctx, w.pair.OpportunityID)
	if err != nil {
		return err
	}
	if known {
		pair.MicrosoftID = cmp.Or(pair.MicrosoftID, w.pair.MicrosoftID) // may have been met just now
		w.pair = pair
	}
	r, err := f.Referrals.Get(ctx, cmp.Or(w.microsoftID, w.referral.ID))
	if err != nil {
		return err
	}
	w.referral = &r
	return f.readOpportunity(ctx, w)
}

// remember saves the pair when anything of it changed.
func (f *Flow) remember(ctx context.Context, w *work, pairing cosell.Pairing, plan cosell.Plan, done cosell.Written) error {
	settled := pairing.Settle(w.pair, plan, done)
	for field, v := range cosell.Remember(w.invited) {
		if field != cosell.Help {
			settled.Base.Referral[field] = v
		}
	}
	if w.opportunity != nil {
		settled.Problems = cosell.Codes(plan.Problems)
	}
	settled.HeldUntil = plan.HeldUntil
	settled.LastSuccess = lastSuccess(w.pair, *w.referral, plan)
	if w.pair.Version == "" || len(w.entries) > 0 || !equal(settled, w.pair) {
		if _, err := f.Ledger.Save(ctx, settled, w.entries...); err != nil {
			return err
		}
		w.entries = nil
	}
	if plan.HeldUntil.IsZero() {
		return nil
	}
	const margin = time.Second // the other side's clock is read to the second
	return fault.Wait(plan.HeldUntil.Sub(w.referral.Read)+margin, "opportunity %s: closing as won waits until %s", w.pair.OpportunityID, plan.HeldUntil)
}

func lastSuccess(p cosell.Pair, r cosell.Referral, plan cosell.Plan) time.Time {
	if cosell.Crossed(plan.Problems) || plan.Empty() {
		return p.LastSuccess
	}
	return r.Read
}

func equal(a, b cosell.Pair) bool {
	return a.OpportunityVersion == b.OpportunityVersion && a.MicrosoftID == b.MicrosoftID && a.Phase == b.Phase &&
		a.ReferralID == b.ReferralID && a.HeldUntil.Equal(b.HeldUntil) && slices.Equal(a.Problems, b.Problems) &&
		maps.Equal(a.Base.Referral, b.Base.Referral) && maps.Equal(a.Base.Opportunity, b.Base.Opportunity)
}
