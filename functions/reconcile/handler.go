// Package reconcile finds what no event told us about.
package reconcile

import (
	"context"
	"errors"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/post"
)

// Flow is what this function calls.
type Flow interface {
	Reconcile(ctx context.Context) error
}

// Watch looks at the webhook registration; an error is an alarm.
type Watch func(ctx context.Context) error

// Revive gives messages that the broker set aside another chance.
type Revive func(ctx context.Context) error

// Handler runs on a timer. All jobs are done even if one fails; the next run tries again.
func Handler(f Flow, watch Watch, revive Revive, newID func() string) func(context.Context, funchost.Tick) error {
	return func(ctx context.Context, _ funchost.Tick) error {
		ctx = post.Traced(ctx, newID())
		return errors.Join(revive(ctx), f.Reconcile(ctx), watch(ctx))
	}
}
