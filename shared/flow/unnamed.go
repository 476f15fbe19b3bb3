package flow

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Accounts, contacts and users change in bulk, and most of them no deal shows. Each that is named costs reads of CRM before that is
// known, and waits in the queue in front of what sellers do. Beyond some of them it costs less to compare the deals; that it has to be
// done is noted before the feed moves on.
const (
	rowsCursor = "rows"
	rowsMissed = "missed"
)

// mostNamed is how many rows of such a table one pass names.
const mostNamed = 1000

// comparedEvery is how long lies between two comparisons for that reason: events tell of most changes at once.
const comparedEvery = time.Hour

// unnamed says that a page of a feed is not passed on row by row, and notes that the deals are to be compared. named are those
// of the feed up to this page.
func (f *Flow) unnamed(ctx context.Context, of cursors, kind string, page []Hint, named int) (bool, error) {
	many := named > mostNamed && (kind == accountKind || kind == contactKind || kind == userKind)
	if !many && (len(page) == 0 || page[0].ID != "") {
		return false, nil
	}
	cursor, err := of(rowsCursor)
	if err != nil || cursor == rowsMissed { // it is done after the feeds of this pass, or stays noted
		return true, err
	}
	return true, f.Ledger.SaveCursor(ctx, rowsCursor, rowsMissed)
}

// compareDeals has every deal compared that an unnamed row of an earlier pass may have concerned: those that are open and switched on, and those whose
// customer nobody could choose.
func (f *Flow) compareDeals(ctx context.Context, of cursors) error {
	cursor, err := of(rowsCursor)
	if err != nil || cursor == "" {
		return err
	}
	if done, _, err := f.doneWithin(ctx, of, "deals compared", comparedEvery); done || err != nil {
		return err
	}
	linked, err := f.Opportunities.Linked(ctx)
	if err != nil {
		return err
	}
	maps.DeleteFunc(linked, func(_ string, n cosell.Naming) bool { return !n.Synced || n.Status != cosell.Open })
	if err := f.hintAll(ctx, slices.Sorted(maps.Keys(linked)), Hint{Related: true, Why: "rows have changed that were not named"}); err != nil {
		return err
	}
	unclear, err := f.Ledger.HeldNaming(ctx, "account.unclear", "")
	if err != nil {
		return err
	}
	if err := f.hintAll(ctx, unclear, Hint{Related: true, Retry: true, Why: accountKind}); err != nil {
		return err
	}
	return f.Ledger.SaveCursor(ctx, rowsCursor, "")
}
