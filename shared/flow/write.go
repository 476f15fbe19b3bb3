package flow

import (
	"context"
	"maps"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// writeReferral sends the changes. A refusal of Partner Center becomes a problem that Audit explains; what
// it is about stays undecided, so that the next event tries again, and the rest goes on.
func (f *Flow) writeReferral(ctx context.Context, w *work, plan *cosell.Plan, done *cosell.Written) error {
	for len(plan.ToReferral) > 0 {
		fields := slices.Sorted(maps.Keys(plan.ToReferral))
		r, err := f.Referrals.Put(ctx, *w.referral, plan.ToReferral)
		if fault.Is(err, fault.Refused) {
			plan.Refuse(refusal(err, "Partner Center did not take "+names(fields)))
			w.entries = append(w.entries, f.entry(ctx, w.referral.Read, toPartnerCenter, "refused", err.Error(), fields...))
			continue
		}
		if err != nil {
			return err
		}
		done.Referral = &r
		w.entries = append(w.entries, f.entry(ctx, r.Read, toPartnerCenter, "updated", "ok", fields...))
		if plan.ToReferral[cosell.Visibility] == cosell.True && r.Record[cosell.Visibility] != cosell.True {
			plan.Problems = append(plan.Problems, cosell.Problem{Code: "visibility.ignored", Field: cosell.Visibility, Warn: true, Once: true,
				Text: "Partner Center did not make the deal visible", Mend: "share it in the Partner Center portal"})
		}
		return nil
	}
	return nil
}

// writeOpportunity writes the changes with the line for the seller in the same request. A plain success
// towards Partner Center writes nothing into CRM. What CRM refuses stays undecided and is explained.
func (f *Flow) writeOpportunity(ctx context.Context, w *work, plan *cosell.Plan, done *cosell.Written) error {
	o := w.opportunity
	if o == nil {
		o = &cosell.Opportunity{Side: cosell.Side{ID: w.pair.OpportunityID, Version: w.pair.OpportunityVersion,
			Record: w.pair.Base.Opportunity, Read: w.referral.Read}}
	}
	for {
		values, fields := f.columns(ctx, w, o, *plan)
		if len(values) == 0 {
			return nil
		}
		written, err := f.Opportunities.Put(ctx, *o, values)
		if err == nil {
			done.Opportunity = &written
			w.entries = append(w.entries, f.entry(ctx, written.Read, toCRM, "updated", "ok", fields...))
			return nil
		}
		if !fault.Is(err, fault.Refused) {
			return err
		}
		if w.opportunity == nil {
			return fault.New(fault.Conflict, "what CRM refused is explained with the opportunity at hand: %w", err)
		}
		f.Log.WarnContext(ctx, "CRM refused a write", "opportunity_id", o.ID, "fault", err.Error())
		w.entries = append(w.entries, f.entry(ctx, o.Read, toCRM, "refused", err.Error(), fields...))
		if len(plan.ToOpportunity) == 0 {
			return nil // a row that takes nothing at all: the ledger's audit has it
		}
		plan.RefuseOpportunity(refusal(err, "CRM did not take "+names(slices.Sorted(maps.Keys(plan.ToOpportunity)))))
	}
}

// columns are the values to write, Audit and mark included, and the fields for the ledger's audit.
func (f *Flow) columns(ctx context.Context, w *work, o *cosell.Opportunity, plan cosell.Plan) (cosell.Record, []cosell.Field) {
	values := plan.ToOpportunity.Clone()
	lines := f.lines(ctx, w, o, plan)
	f.mark(values, o, plan, w.opportunity != nil)
	fields := slices.Sorted(maps.Keys(values))
	if len(lines) > 0 {
		values[cosell.Audit] = cosell.Prepend(o.Record[cosell.Audit], lines...)
	}
	return values, fields
}
