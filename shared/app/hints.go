package app

import (
	"cmp"
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// hints sends the flows' own pointers.
type hints struct{ app *App }

// ReferralChanged implements flow.Hints.
func (h hints) ReferralChanged(ctx context.Context, id, reason string) error {
	return h.send(ctx, queue.ReferralChanged, queue.Pointer{Kind: queue.Referral, ID: id, Reason: reason})
}

// OpportunityChanged implements flow.Hints.
func (h hints) OpportunityChanged(ctx context.Context, kind, id, reason string) error {
	return h.send(ctx, queue.OpportunityChanged, queue.Pointer{Kind: kind, ID: id, Reason: reason})
}

// ReferralWanted implements flow.Hints.
func (h hints) ReferralWanted(ctx context.Context, opportunityID, reason string) error {
	return h.send(ctx, queue.ReferralWanted, queue.Pointer{Kind: queue.Opportunity, ID: opportunityID, Reason: reason})
}

// SolutionsChanged implements flow.Hints.
func (h hints) SolutionsChanged(ctx context.Context, rowID, opportunityID, reason string) error {
	return h.send(ctx, queue.SolutionsChanged, queue.Pointer{Kind: queue.Solution, ID: rowID, Parent: opportunityID, Reason: reason})
}

// send keeps the trace of the event that led to the hint. A solution row travels in its opportunity's
// session.
func (h hints) send(ctx context.Context, name queue.Name, p queue.Pointer) error {
	p.V, p.Tenant, p.Seen = queue.Version, h.app.Tenant, h.app.Now().UTC()
	p.Trace = cmp.Or(flow.Trace(ctx), h.app.NewID())
	m := queue.Message{Queue: name, Pointer: p}
	if p.Parent != "" {
		m.Session = p.Tenant + "|" + p.Parent
	}
	return h.app.Sender.Send(ctx, m)
}
