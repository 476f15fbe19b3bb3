package post

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Jobs are the flows under a hint. It is the one place that turns a hint into the texts that the flows
// take, and goes when they take hints.
type Jobs struct{ Flow *flow.Flow }

// FromReferral is flow's.
func (j Jobs) FromReferral(ctx context.Context, h flow.Hint) error {
	return j.Flow.FromReferral(ctx, h.ID, reason(h))
}

// FromOpportunity is flow's.
func (j Jobs) FromOpportunity(ctx context.Context, h flow.Hint) error {
	return j.Flow.FromOpportunity(ctx, h.Kind, h.ID, reason(h))
}

// CreateReferral is flow's.
func (j Jobs) CreateReferral(ctx context.Context, h flow.Hint) error {
	return j.Flow.CreateReferral(ctx, h.ID, reason(h))
}

// SyncSolutions is flow's.
func (j Jobs) SyncSolutions(ctx context.Context, h flow.Hint) error {
	return j.Flow.SyncSolutions(ctx, h.ID, h.Parent, reason(h))
}

// Reconcile is flow's.
func (j Jobs) Reconcile(ctx context.Context) error { return j.Flow.Reconcile(ctx) }

func reason(h flow.Hint) string {
	return queue.Pointer{V: 1, Deleted: h.Deleted, Related: h.Related, Why: h.Why}.Reason()
}
