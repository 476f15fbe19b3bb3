package post

import (
	"cmp"
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// ReferralChanged implements flow.Hints.
func (o *Post) ReferralChanged(ctx context.Context, h flow.Hint) error {
	return o.Send(ctx, queue.ReferralChanged, pointer(queue.Referral, h))
}

// OpportunityChanged implements flow.Hints.
func (o *Post) OpportunityChanged(ctx context.Context, h flow.Hint) error {
	return o.Send(ctx, queue.OpportunityChanged, pointer(h.Kind, h))
}

// ReferralWanted implements flow.Hints.
func (o *Post) ReferralWanted(ctx context.Context, h flow.Hint) error {
	return o.Send(ctx, queue.ReferralWanted, pointer(queue.Opportunity, h))
}

// SolutionsChanged implements flow.Hints.
func (o *Post) SolutionsChanged(ctx context.Context, h flow.Hint) error {
	return o.Send(ctx, queue.SolutionsChanged, pointer(queue.Solution, h))
}

func pointer(kind string, h flow.Hint) queue.Pointer {
	return queue.Pointer{Kind: kind, ID: h.ID, Parent: h.Parent, Deleted: h.Deleted, Related: h.Related, Retry: h.Retry, Late: h.Late, Shown: queue.Shown(h.Shown), Why: h.Why, Trace: h.Trace}
}

// Send fills in tenant, time and the trace of the event that led to the pointer, and sends it now. A
// solution row travels in its opportunity's session.
func (o *Post) Send(ctx context.Context, name queue.Name, p queue.Pointer) error {
	p.V, p.Tenant, p.Seen = queue.Version, o.Tenant, o.Now().UTC()
	p.Trace = cmp.Or(p.Trace, flow.Trace(ctx), o.NewID())
	m := queue.Message{Queue: name, Pointer: p}
	if p.Parent != "" {
		m.Session = p.Tenant + "|" + p.Parent
	}
	return o.Sender.Send(ctx, m)
}
