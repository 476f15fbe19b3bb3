package office

import (
	"context"

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
	return f.do(ctx, func(now *flow.Flow) error {
		return now.Forget(ctx, h.OpportunityID, cosell.Place(h.Place), cosell.Field(h.Field))
	})
}

// do has the flows of now do something.
func (f Flows) do(ctx context.Context, deed func(*flow.Flow) error) error {
	now, err := f.Flow(ctx)
	if err != nil {
		return err
	}
	return deed(now)
}

// answerOf has the flows of now answer something.
func answerOf[T any](ctx context.Context, f Flows, ask func(*flow.Flow) (T, error)) (answer T, err error) {
	err = f.do(ctx, func(now *flow.Flow) error {
		answer, err = ask(now)
		return err
	})
	return answer, err
}

func heldOf(h cosell.Held, opportunityID, referralID string) Held {
	out := Held{ID: HeldID(opportunityID, string(h.Place), string(h.Field), h.Code), OpportunityID: opportunityID, ReferralID: referralID,
		Place: string(h.Place), Field: string(h.Field), Class: string(h.Class), Code: h.Code, Text: h.Text, Mend: h.Mend, Since: h.Since, Attempts: h.Attempts}
	if !h.Next.IsZero() {
		out.Next = &h.Next
	}
	return out
}

// heldBy is a problem as it would be held.
func heldBy(p cosell.Problem, opportunityID, referralID string) Held {
	return heldOf(cosell.Held{Place: p.Place, Field: p.Field, Class: p.Class, Code: p.Code, Text: p.Text, Mend: p.Mend}, opportunityID, referralID)
}

// Sides implements Desk.
func (f Flows) Sides(ctx context.Context, opportunityID string) (Sides, error) {
	v, err := answerOf(ctx, f, func(now *flow.Flow) (flow.View, error) { return now.Look(ctx, opportunityID) })
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

// Link implements Desk.
func (f Flows) Link(ctx context.Context, opportunityID, referralID string) error {
	return f.do(ctx, func(now *flow.Flow) error { return now.Link(ctx, opportunityID, referralID) })
}

// Unlink implements Desk.
func (f Flows) Unlink(ctx context.Context, opportunityID string) error {
	return f.do(ctx, func(now *flow.Flow) error { return now.Unlink(ctx, opportunityID) })
}

// AskAgain implements Desk.
func (f Flows) AskAgain(ctx context.Context, opportunityID string) error {
	return f.do(ctx, func(now *flow.Flow) error { return now.AskAgain(ctx, opportunityID) })
}

// CloseTest implements Desk.
func (f Flows) CloseTest(ctx context.Context, opportunityID string) error {
	return f.do(ctx, func(now *flow.Flow) error { return now.CloseTest(ctx, opportunityID) })
}
