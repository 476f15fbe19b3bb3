package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// healthLedger is the ledger as health reads it.
type healthLedger struct{ *ledger.Ledger }

// HeldRows implements health.Ledger.
func (l healthLedger) HeldRows(ctx context.Context, each func(health.Held) bool) error {
	return l.Ledger.HeldRows(ctx, func(h ledger.HeldRow) bool {
		out := health.Held{Class: fault.Class(h.Class), Code: h.Code, Record: "opportunity|" + h.OpportunityID, Since: h.Since, Mend: h.Mend}
		if h.Field == cosell.Whole && h.Place == cosell.InCRM {
			out.Record, out.Whole = "referral|"+h.ReferralID, h.Class == cosell.OfRecord
		}
		if h.Code == "referral.twice" {
			out.Mend = h.Text + ": " + h.Mend // both ids stand there
		}
		return each(out)
	})
}

// heldBook is what is held, as operators read it; dropping a row is the flow's business, which knows what
// both sides say.
type heldBook struct {
	*ledger.Ledger
	flow *flow.Flow
}

// Rows implements office.Book.
func (b heldBook) Rows(ctx context.Context, each func(office.Held) bool) error {
	return b.Ledger.HeldRows(ctx, func(h ledger.HeldRow) bool {
		return each(heldOf(h.Held, h.OpportunityID, h.ReferralID))
	})
}

// Drop implements office.Book.
func (b heldBook) Drop(ctx context.Context, h office.Held) error {
	return b.flow.Forget(ctx, h.OpportunityID, cosell.Place(h.Place), cosell.Field(h.Field))
}

func heldOf(h cosell.Held, opportunityID, referralID string) office.Held {
	out := office.Held{ID: office.HeldID(opportunityID, string(h.Place), string(h.Field), h.Code), OpportunityID: opportunityID, ReferralID: referralID,
		Place: string(h.Place), Field: string(h.Field), Class: string(h.Class), Code: h.Code, Text: h.Text, Mend: h.Mend, Since: h.Since, Attempts: h.Attempts}
	if !h.Next.IsZero() {
		out.Next = &h.Next
	}
	return out
}

// desk is what only the flows can answer.
type desk struct{ flow *flow.Flow }

// Sides implements office.Desk.
func (d desk) Sides(ctx context.Context, opportunityID string) (office.Sides, error) {
	v, err := d.flow.Look(ctx, opportunityID)
	if err != nil {
		return office.Sides{}, err
	}
	out := office.Sides{Opportunity: map[string]string{}, Referral: map[string]string{}, Differences: []office.Difference{}}
	if v.Opportunity != nil {
		out.Opportunity = texts(v.Opportunity.Record)
	}
	if v.Referral != nil {
		out.Referral = texts(v.Referral.Record)
	}
	for _, x := range v.Differences {
		out.Differences = append(out.Differences, office.Difference{Field: string(x.Field), Opportunity: x.Opportunity, Referral: x.Referral, Wins: string(x.Wins)})
	}
	return out, nil
}

func texts(r cosell.Record) map[string]string {
	out := make(map[string]string, len(r))
	for f, v := range r {
		out[string(f)] = v
	}
	return out
}

// Preview implements office.Desk.
func (d desk) Preview(ctx context.Context, opportunityID string) (office.Preview, error) {
	v, err := d.flow.Look(ctx, opportunityID)
	if err != nil {
		return office.Preview{}, err
	}
	out := office.Preview{Does: does(v), Writes: []office.Write{}, Problems: []office.Held{}}
	var o, r cosell.Record
	if v.Opportunity != nil {
		o = v.Opportunity.Record
	}
	if v.Referral != nil {
		r = v.Referral.Record
	}
	out.Writes = append(out.Writes, writes("Partner Center", v.Plan.ToReferral, r)...)
	out.Writes = append(out.Writes, writes("CRM", v.Plan.ToOpportunity, o)...)
	if v.Plan.Invite != "" {
		out.Writes = append(out.Writes, office.Write{To: "Partner Center", Field: string(cosell.Help), Value: v.Plan.Invite})
	}
	for _, p := range v.Plan.Problems {
		out.Problems = append(out.Problems, heldOf(cosell.Held{Place: p.Place, Field: p.Field, Class: p.Class, Code: p.Code, Text: p.Text, Mend: p.Mend}, opportunityID, v.Pair.ReferralID))
	}
	return out, nil
}

func writes(to string, changes, now cosell.Record) []office.Write {
	var out []office.Write
	for _, f := range slices.Sorted(maps.Keys(changes)) {
		out = append(out, office.Write{To: to, Field: string(f), From: now[f], Value: changes[f]})
	}
	return out
}

// does says in a word what a look would do.
func does(v flow.View) string {
	plan := v.Plan
	status := plan.ToReferral[cosell.Status] + plan.ToOpportunity[cosell.Status]
	switch {
	case v.Pair.Phase == cosell.Ended:
		return "nothing"
	case v.Referral == nil && len(plan.ToReferral) > 0, v.Opportunity == nil && len(plan.ToOpportunity) > 0:
		return "create"
	case cosell.ReferralClosed(status) || cosell.OpportunityClosed(status):
		return "close"
	case len(plan.ToReferral)+len(plan.ToOpportunity) > 0 || plan.Invite != "":
		return "update"
	case !plan.HeldUntil.Equal(time.Time{}):
		return "wait"
	case len(plan.Problems) > 0:
		return "hold"
	}
	return "nothing"
}

// Link implements office.Desk.
func (d desk) Link(ctx context.Context, opportunityID, referralID string) error {
	return d.flow.Link(ctx, opportunityID, referralID)
}

// Unlink implements office.Desk.
func (d desk) Unlink(ctx context.Context, opportunityID string) error {
	return d.flow.Unlink(ctx, opportunityID)
}
