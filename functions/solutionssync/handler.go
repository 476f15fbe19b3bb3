// Package solutionssync keeps an opportunity's solution rows and its referral's solutions in step.
package solutionssync

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Flow is what this function calls.
type Flow interface {
	SyncSolutions(ctx context.Context, rowID, opportunityID, reason string) error
}

// Handler works on the queue solutions-changed. Invalid: the message is no pointer to a solution row.
func Handler(f Flow) func(context.Context, funchost.Delivery) error {
	return func(ctx context.Context, d funchost.Delivery) error {
		p, err := queue.Decode(d.Body)
		if err != nil {
			return err
		}
		if p.Kind != queue.Solution {
			return fault.New(fault.Invalid, "a pointer to a %s does not belong on %s", p.Kind, queue.SolutionsChanged)
		}
		return f.SyncSolutions(flow.WithTrace(ctx, p.Trace), p.ID, p.Parent, p.Reason)
	}
}
