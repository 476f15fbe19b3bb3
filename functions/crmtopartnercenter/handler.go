// Package crmtopartnercenter brings what changed on an opportunity, or on a row that it shows, to Partner Center.
package crmtopartnercenter

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Flow is what this function calls.
type Flow interface {
	FromOpportunity(ctx context.Context, kind, id, reason string) error
}

// Handler works on the queue opportunity-changed. Invalid: the message is no pointer to an opportunity,
// account or contact.
func Handler(f Flow) func(context.Context, funchost.Delivery) error {
	return func(ctx context.Context, d funchost.Delivery) error {
		p, err := queue.Decode(d.Body)
		if err != nil {
			return err
		}
		switch p.Kind {
		case queue.Opportunity, queue.Account, queue.Contact:
			return f.FromOpportunity(flow.WithTrace(ctx, p.Trace), p.Kind, p.ID, p.Reason)
		}
		return fault.New(fault.Invalid, "a pointer to a %s does not belong on %s", p.Kind, queue.OpportunityChanged)
	}
}
