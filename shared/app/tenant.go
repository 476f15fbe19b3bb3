package app

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// OwnPointers lets a queue function see this tenant's pointers only: the ids of another tenant name other
// records. Those are Invalid, and so parked.
func (a *App) OwnPointers(next func(context.Context, funchost.Delivery) error) func(context.Context, funchost.Delivery) error {
	return func(ctx context.Context, d funchost.Delivery) error {
		if p, err := queue.Decode(d.Body); err == nil && p.Tenant != a.Tenant {
			return fault.New(fault.Invalid, "a pointer of the tenant %q does not belong here: this app works for %q", p.Tenant, a.Tenant)
		}
		return next(ctx, d) // which says what else is wrong
	}
}
