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

// Changed implements flow.Hints: the sender has many of them on their way at the same time.
func (o *Post) Changed(ctx context.Context, hints []flow.Hint) error {
	if len(hints) == 0 {
		return nil
	}
	var out []queue.Message
	for _, h := range hints {
		name := queue.OpportunityChanged
		switch h.Kind {
		case queue.Referral:
			name = queue.ReferralChanged
		case queue.Solution:
			name = queue.SolutionsChanged
		}
		out = append(out, o.message(ctx, name, pointer(h.Kind, h)))
	}
	return o.Sender.Send(ctx, out...)
}

// Send sends a pointer now.
func (o *Post) Send(ctx context.Context, name queue.Name, p queue.Pointer) error {
	return o.Sender.Send(ctx, o.message(ctx, name, p))
}

// message fills in tenant, time and the trace of the event that led to the pointer. A solution row travels in its
// opportunity's session.
func (o *Post) message(ctx context.Context, name queue.Name, p queue.Pointer) queue.Message {
	p.V, p.Tenant, p.Seen = queue.Version, o.Tenant, o.Now().UTC()
	p.Trace = cmp.Or(p.Trace, flow.Trace(ctx), o.NewID())
	m := queue.Message{Queue: name, Pointer: p}
	if p.Parent != "" {
		m.Session = p.Tenant + "|" + p.Parent
	}
	return m
}
