package flow

import (
	"context"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Who is connected with a deal, beside its owner and its contact, may not be readable to us: deals go on without. What changed of
// these people meanwhile nobody can tell, so that it is noted that something was missed; once they may be read again every open
// pair is compared.
const (
	peopleCursor = "people"
	peopleMissed = "missed"
	peopleSeen   = "seen " // and since when; then the pairs are compared, up to the one that follows
	peopleUpTo   = "compared "
)

// sighted is how long every process needs at most to see that the right is there.
const sighted = 65 * time.Minute

// mostAgain is how many pairs one pass compares.
const mostAgain = 500

// peopleUnread says that who is connected with opportunities may not be read.
func peopleUnread(err error) bool {
	e := fault.Of(err)
	return e != nil && e.Code == cosell.CodePeopleUnread
}

// missesPeople notes that a change of somebody who may be connected with deals was not followed, or that deals were linked while nobody could tell
// who is connected with them.
func (f *Flow) missesPeople(ctx context.Context) error {
	cursor, err := f.Ledger.Cursor(ctx, peopleCursor)
	if err != nil || cursor == peopleMissed {
		return err
	}
	return f.Ledger.SaveCursor(ctx, peopleCursor, peopleMissed)
}

// peopleAgain has the open pairs compared once connections may be read again.
func (f *Flow) peopleAgain(ctx context.Context, of cursors) error {
	cursor, err := of(peopleCursor)
	if err != nil || cursor == "" {
		return err
	}
	if cursor == peopleMissed {
		sees, err := f.Opportunities.SeesPeople(ctx)
		if err != nil || !sees {
			return err
		}
		return f.Ledger.SaveCursor(ctx, peopleCursor, peopleSeen+f.Now().UTC().Format(time.RFC3339))
	}
	since, seen := strings.CutPrefix(cursor, peopleSeen)
	if !seen {
		return f.compareAfter(ctx, strings.TrimPrefix(cursor, peopleUpTo))
	}
	if at, err := time.Parse(time.RFC3339, since); err == nil && f.Now().Sub(at) < sighted {
		return nil
	}
	return f.compareAfter(ctx, "")
}

// compareAfter compares some of the open pairs that come after an id; "": from the first on.
func (f *Flow) compareAfter(ctx context.Context, id string) error {
	var ids []string
	err := f.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.OpportunityID > id && p.Phase == cosell.Linked && p.Table == cosell.OpportunityTable && !cosell.ReferralClosed(p.Base.Referral[cosell.Status]) {
			ids = append(ids, p.OpportunityID)
		}
		return len(ids) < mostAgain
	})
	if err != nil {
		return err
	}
	if err := f.hintAll(ctx, ids, Hint{Related: true, Why: "who is connected may be read again"}); err != nil {
		return err
	}
	next := ""
	if len(ids) == mostAgain {
		next = peopleUpTo + ids[len(ids)-1]
	}
	return f.Ledger.SaveCursor(ctx, peopleCursor, next)
}
