package app

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Jobs are the flows as the functions call them: each carries its trace into the calls that it makes, and
// how it ended shows in health.
type Jobs struct {
	flow  *flow.Flow
	watch *watch
}

// FromReferral is flow's.
func (j *Jobs) FromReferral(ctx context.Context, referralID, reason string) error {
	return j.watch.ended(queue.Referral+"|"+referralID, j.flow.FromReferral(traced(ctx), referralID, reason))
}

// FromOpportunity is flow's.
func (j *Jobs) FromOpportunity(ctx context.Context, kind, id, reason string) error {
	return j.watch.ended(kind+"|"+id, j.flow.FromOpportunity(traced(ctx), kind, id, reason))
}

// CreateReferral is flow's.
func (j *Jobs) CreateReferral(ctx context.Context, opportunityID, reason string) error {
	return j.watch.ended(queue.Opportunity+"|"+opportunityID, j.flow.CreateReferral(traced(ctx), opportunityID, reason))
}

// SyncSolutions is flow's.
func (j *Jobs) SyncSolutions(ctx context.Context, rowID, opportunityID, reason string) error {
	return j.watch.ended(queue.Solution+"|"+rowID, j.flow.SyncSolutions(traced(ctx), rowID, opportunityID, reason))
}

// Reconcile is flow's.
func (j *Jobs) Reconcile(ctx context.Context) error {
	return j.watch.ended("reconcile", j.flow.Reconcile(traced(ctx)))
}

// traced hands the trace on to the calls, which know nothing of flows.
func traced(ctx context.Context) context.Context {
	return httpclient.WithTrace(ctx, flow.Trace(ctx))
}
