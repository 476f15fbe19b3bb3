package flow

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A feed names a record once, and the version that it has shown. A read that shows an older one is too early: to decide by it
// would end the message, and nothing tells of that version again.

type shownKey struct{}

// shown is what a feed has shown, and since when that is waited for.
type shown struct {
	cosell.Shown
	seen time.Time
}

// after has reads of the record refused that are older than what the feed of the hint has shown.
func after(ctx context.Context, h Hint) context.Context {
	if h.Shown == (cosell.Shown{}) {
		return ctx
	}
	return context.WithValue(ctx, shownKey{}, shown{h.Shown, h.Seen})
}

// How long that version is waited for, from when its feed was read, and since the change itself. Where times do not say which of two versions is the
// older one, as within the same second and of rows that have none, mostly the read is the newer one.
const (
	shownPatience     = 10 * time.Minute
	undecidedPatience = time.Minute
)

// behind refuses a read that shows less than the feed did. Kind: Later.
func (f *Flow) behind(ctx context.Context, read cosell.Side) error {
	s, is := ctx.Value(shownKey{}).(shown)
	if !is || !strings.EqualFold(s.ID, read.ID) || s.Version != "" && s.Version == read.Version {
		return nil
	}
	patience := undecidedPatience
	switch {
	case read.Modified.After(s.Modified), s.Version == "" && !read.Modified.Before(s.Modified):
		return nil
	case read.Modified.Before(s.Modified) && !read.Modified.IsZero():
		patience = shownPatience
	}
	waited := min(f.Now().Sub(s.seen), read.Read.Sub(s.Modified)) // our clock may be ahead of the one that read the feed, the system has one
	if waited >= patience {
		return nil
	}
	e := fault.Stale("record %s was read as it was before the change that the feed has shown", read.ID)
	e.After = max(e.After, waited/2)
	return e
}

// childBehind is the same for a row that hangs on the record.
func (f *Flow) childBehind(ctx context.Context, o cosell.Opportunity) error {
	s, is := ctx.Value(shownKey{}).(shown)
	if !is || strings.EqualFold(s.ID, o.ID) {
		return nil
	}
	i := slices.IndexFunc(o.Children, func(child cosell.Side) bool { return strings.EqualFold(child.ID, s.ID) })
	if i < 0 {
		return nil // it may hang on another one, or be gone
	}
	return f.behind(ctx, o.Children[i])
}
