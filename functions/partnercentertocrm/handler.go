// Package partnercentertocrm brings what changed on a referral, the partner's own or Microsoft's, into CRM.
package partnercentertocrm

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Flow is what this function calls.
type Flow interface {
	FromReferral(ctx context.Context, referralID, reason string) error
}

// Handler works on the queue referral-changed. Invalid: the message is no pointer to a referral.
func Handler(f Flow) func(context.Context, funchost.Delivery) error {
	return func(ctx context.Context, d funchost.Delivery) error {
		p, err := queue.Decode(d.Body)
		if err != nil {
			return err
		}
		if p.Kind != queue.Referral {
			return fault.New(fault.Invalid, "a pointer to a %s does not belong on %s", p.Kind, queue.ReferralChanged)
		}
		return f.FromReferral(flow.WithTrace(ctx, p.Trace), p.ID, p.Reason)
	}
}
