package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Reconcile asks both systems what changed since it last asked, and enqueues a hint for each: what no
// event told us is found here. It writes to neither system. A cursor moves only after every hint of its
// feed was taken by the queue. Kinds: Later, Broken, Denied.
func (f *Flow) Reconcile(ctx context.Context) error {
	if err := f.feed(ctx, "referral", f.Referrals.Changed); err != nil {
		return err
	}
	for _, kind := range f.Opportunities.Kinds() {
		changed := func(ctx context.Context, cursor string) ([]cosell.Change, string, error) {
			return f.Opportunities.Changed(ctx, kind, cursor)
		}
		if err := f.feed(ctx, kind, changed); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) feed(ctx context.Context, name string, changed func(context.Context, string) ([]cosell.Change, string, error)) error {
	cursor, err := f.Ledger.Cursor(ctx, name)
	if err != nil {
		return err
	}
	changes, next, err := changed(ctx, cursor)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := f.hint(ctx, c); err != nil {
			return err
		}
	}
	if next == cursor {
		return nil
	}
	return f.Ledger.SaveCursor(ctx, name, next)
}

func (f *Flow) hint(ctx context.Context, c cosell.Change) error {
	reason := "reconcile"
	if c.Deleted {
		reason = deleted
	}
	switch c.Kind {
	case "referral":
		return f.Hints.ReferralChanged(ctx, c.ID, reason)
	case "solution":
		return f.Hints.SolutionsChanged(ctx, c.ID, "", reason)
	default:
		return f.Hints.OpportunityChanged(ctx, c.Kind, c.ID, reason)
	}
}
