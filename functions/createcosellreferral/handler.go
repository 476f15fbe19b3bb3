// Package createcosellreferral makes the referral of an opportunity that has none.
package createcosellreferral

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Flow is what this function calls.
type Flow interface {
	CreateReferral(ctx context.Context, opportunityID, reason string) error
}

// Handler works on the queue referral-wanted. Invalid: the message is no pointer to an opportunity.
func Handler(f Flow) func(context.Context, funchost.Delivery) error {
	return func(ctx context.Context, d funchost.Delivery) error {
		p, err := queue.Decode(d.Body)
		if err != nil {
			return err
		}
		if p.Kind != queue.Opportunity {
			return fault.New(fault.Invalid, "a pointer to a %s does not belong on %s", p.Kind, queue.ReferralWanted)
		}
		return f.CreateReferral(flow.WithTrace(ctx, p.Trace), p.ID, p.Reason)
	}
}
