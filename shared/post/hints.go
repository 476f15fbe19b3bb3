package post

import (
	"cmp"
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// ReferralChanged implements flow.Hints.
func (o *Post) ReferralChanged(ctx context.Context, id, reason string) error {
	return o.send(ctx, queue.ReferralChanged, queue.Pointer{Kind: queue.Referral, ID: id}, reason)
}

// OpportunityChanged implements flow.Hints.
func (o *Post) OpportunityChanged(ctx context.Context, kind, id, reason string) error {
	return o.send(ctx, queue.OpportunityChanged, queue.Pointer{Kind: kind, ID: id}, reason)
}

// ReferralWanted implements flow.Hints.
func (o *Post) ReferralWanted(ctx context.Context, opportunityID, reason string) error {
	return o.send(ctx, queue.ReferralWanted, queue.Pointer{Kind: queue.Opportunity, ID: opportunityID}, reason)
}

// SolutionsChanged implements flow.Hints.
func (o *Post) SolutionsChanged(ctx context.Context, rowID, opportunityID, reason string) error {
	return o.send(ctx, queue.SolutionsChanged, queue.Pointer{Kind: queue.Solution, ID: rowID, Parent: opportunityID}, reason)
}

func (o *Post) send(ctx context.Context, name queue.Name, p queue.Pointer, reason string) error {
	p.Why, p.Deleted, p.Related = reason, reason == "Delete", strings.HasPrefix(reason, "related-")
	return o.Send(ctx, name, p)
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
