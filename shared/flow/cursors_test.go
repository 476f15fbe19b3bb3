package flow_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// noting is a ledger that notes which cursors are read one by one and which are written.
type noting struct {
	flow.Ledger
	read, saved []string
}

func (n *noting) Cursor(ctx context.Context, feed string) (string, error) {
	n.read = append(n.read, feed)
	return n.Ledger.Cursor(ctx, feed)
}

func (n *noting) SaveCursor(ctx context.Context, feed, value string) error {
	n.saved = append(n.saved, feed)
	return n.Ledger.SaveCursor(ctx, feed, value)
}

// A pass every five minutes costs little where nothing happens: its cursors are read in one call, and the cursor of a feed in
// which nothing came is written again only when the feed is read from further back, before a system has forgotten it.
func TestAQuietPassReadsItsCursorsInOneCallAndWritesNone(t *testing.T) {
	w := newWorld(t)
	w.tracking = true
	w.want(nil)
	w.opportunityChanged()
	pass := func() noting {
		n := noting{Ledger: w.flow.Ledger}
		w.flow.Ledger = &n
		w.pass()
		w.flow.Ledger = n.Ledger
		w.drain()
		return n
	}
	pass()
	pass()
	if n := pass(); len(n.read) > 0 || slices.Contains(n.saved, "opportunity") {
		t.Errorf("a quiet pass reads %q one by one and writes %q", n.read, n.saved)
	}
	w.user(nil)
	if n := pass(); !slices.Contains(n.saved, "opportunity") {
		t.Errorf("after a change only %q is written", n.saved)
	}
	for look := range 4 { // from the third on it is read from after the change
		w.now = w.now.Add(13 * time.Hour)
		if n := pass(); !slices.Contains(n.saved, "opportunity") {
			t.Errorf("look %d at the last day: only %q is written", look, n.saved)
		}
	}
}
