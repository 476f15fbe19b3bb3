package office

import (
	"context"
	"maps"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// Flows is the desk over the flows, and the book of what is held: the ledger has the rows, and dropping one is
// the flow's business, which knows what both sides say. Errors are those of the flows and the ledger.
type Flows struct {
	Ledger *ledger.Ledger
	Flow   func(context.Context) (*flow.Flow, error) // those of the field sheet of now
}

// Rows implements Book.
func (f Flows) Rows(ctx context.Context, each func(Held) bool) error {
	return f.Ledger.HeldRows(ctx, func(h ledger.HeldRow) bool {
		return each(heldOf(h.Held, h.OpportunityID, h.ReferralID))
	})
}

// Drop implements Book.
func (f Flows) Drop(ctx context.Context, h Held) error {
	now, err := f.Flow(ctx)
	if err != nil {
		return err
	}
	return now.Forget(ctx, h.OpportunityID, cosell.Place(h.Place), cosell.Field(h.Field))
}

func heldOf(h cosell.Held, opportunityID, referralID string) Held {
	out := Held{ID: HeldID(opportunityID, string(h.Place), string(h.Field), h.Code), OpportunityID: opportunityID, ReferralID: referralID,
		Place: string(h.Place), Field: string(h.Field), Class: string(h.Class), Code: h.Code, Text: h.Text, Mend: h.Mend, Since: h.Since, Attempts: h.Attempts}
	if !h.Next.IsZero() {
		out.Next = &h.Next
	}
	return out
}

func (f Flows) look(ctx context.Context, opportunityID string) (flow.View, error) {
	now, err := f.Flow(ctx)
	if err != nil {
		return flow.View{}, err
	}
	return now.Look(ctx, opportunityID)
}

// Sides implements Desk.
func (f Flows) Sides(ctx context.Context, opportunityID string) (Sides, error) {
	v, err := f.look(ctx, opportunityID)
	if err != nil {
		return Sides{}, err
	}
	out := Sides{Opportunity: map[string]string{}, Referral: map[string]string{}, Differences: []Difference{}}
	if v.Opportunity != nil {
		out.Opportunity = texts(v.Opportunity.Record)
	}
	if v.Referral != nil {
		out.Referral = texts(v.Referral.Record)
	}
	for _, x := range v.Differences {
		out.Differences = append(out.Differences, Difference{Field: string(x.Field), Opportunity: x.Opportunity, Referral: x.Referral, Wins: string(x.Wins)})
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

// Preview implements Desk.
func (f Flows) Preview(ctx context.Context, opportunityID string) (Preview, error) {
	v, err := f.look(ctx, opportunityID)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Does: does(v), Writes: []Write{}, Problems: []Held{}}
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
		out.Writes = append(out.Writes, Write{To: "Partner Center", Field: string(cosell.Help), Value: v.Plan.Invite})
	}
	for _, p := range v.Plan.Problems {
		out.Problems = append(out.Problems, heldOf(cosell.Held{Place: p.Place, Field: p.Field, Class: p.Class, Code: p.Code, Text: p.Text, Mend: p.Mend}, opportunityID, v.Pair.ReferralID))
	}
	return out, nil
}

func writes(to string, changes, now cosell.Record) []Write {
	var out []Write
	for _, f := range slices.Sorted(maps.Keys(changes)) {
		out = append(out, Write{To: to, Field: string(f), From: now[f], Value: changes[f]})
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
	case !plan.HeldUntil.IsZero():
		return "wait"
	case len(plan.Problems) > 0:
		return "hold"
	}
	return "nothing"
}

// Link implements Desk.
func (f Flows) Link(ctx context.Context, opportunityID, referralID string) error {
	now, err := f.Flow(ctx)
	if err != nil {
		return err
	}
	return now.Link(ctx, opportunityID, referralID)
}

// Unlink implements Desk.
func (f Flows) Unlink(ctx context.Context, opportunityID string) error {
	now, err := f.Flow(ctx)
	if err != nil {
		return err
	}
	return now.Unlink(ctx, opportunityID)
}

// AskAgain implements Desk.
func (f Flows) AskAgain(ctx context.Context, opportunityID string) error {
	now, err := f.Flow(ctx)
	if err != nil {
		return err
	}
	return now.AskAgain(ctx, opportunityID)
}

// CloseTest implements Desk.
func (f Flows) CloseTest(ctx context.Context, opportunityID string) error {
	now, err := f.Flow(ctx)
	if err != nil {
		return err
	}
	return now.CloseTest(ctx, opportunityID)
}
