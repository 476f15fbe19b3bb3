package flow_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// A pass has minutes, and each hint that it waits for alone costs some of its milliseconds: those of a page leave together.
func TestTheHintsOfAPassLeaveTogether(t *testing.T) {
	w := newWorld(t)
	w.tracking = true
	w.private(nil)
	w.later(5 * time.Minute)
	w.now = w.now.Add(time.Minute)
	for n := range 300 {
		w.unconcerned(n)
	}
	before := w.counts["broker, one"]
	w.now = w.now.Add(5 * time.Minute)
	if err := w.flow.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	if n := w.counts["broker, one"] - before; len(w.hints) != 300 || n > 0 {
		t.Errorf("of %d hints %d left alone", len(w.hints), n)
	}
}

// unconcerned is a deal that was changed just now, and concerns nobody.
func (w *world) unconcerned(n int) {
	id := fmt.Sprintf("33333333-3333-4333-8333-%012d", n)
	w.opportunities[id] = cosell.Opportunity{Side: cosell.Side{ID: id, Version: w.nextVersion(), Modified: w.now, Record: cosell.Record{cosell.Sync: cosell.False}}}
}

// pagedFeed is a CRM whose feed of opportunities has the pages "1" to "9", each with one deal.
type pagedFeed struct {
	flow.Opportunities
	given *[]string
}

func (pagedFeed) Kinds() []string { return []string{"opportunity"} }

func (p pagedFeed) Changed(_ context.Context, _, cursor string, each func([]cosell.Hint, string) error) (string, bool, error) {
	from, until := 9, 9
	if _, err := fmt.Sscan(cursor, &from); err != nil {
		return "1", true, nil
	}
	for ; from < until; from++ {
		*p.given = append(*p.given, fmt.Sprint(from))
		if err := each([]cosell.Hint{{Kind: "opportunity", ID: fmt.Sprint("page ", from)}}, fmt.Sprint(from+1)); err != nil {
			return "", false, err
		}
	}
	return "9", true, nil
}

// narrow is a queue that takes so many pages, and then no more in this pass.
type narrow struct {
	flow.Hints
	left *int
}

func (n narrow) Changed(ctx context.Context, all []flow.Hint) error {
	if len(all) > 0 && all[0].Kind == "opportunity" {
		if *n.left == 0 {
			return fault.New(fault.Broken, "the time is over")
		}
		*n.left--
	}
	return n.Hints.Changed(ctx, all)
}

// Where a feed has more pages than one pass can hand on, the next pass goes on with the first that the queue has not taken.
func TestAFeedThatOnePassCannotHandOnGoesOnInTheNext(t *testing.T) {
	w := newWorld(t)
	var given []string
	left := 0
	w.flow.Opportunities, w.flow.Hints = pagedFeed{w.flow.Opportunities, &given}, narrow{w.flow.Hints, &left}
	for range 5 {
		left = 3
		_ = w.flow.Reconcile(ctx)
	}
	if got := fmt.Sprint(given); got != "[1 2 3 4 4 5 6 7 7 8]" {
		t.Errorf("the pages were read %s", got)
	}
}
