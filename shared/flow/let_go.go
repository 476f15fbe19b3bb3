package flow

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// mostGoing is how many pairs are handed out at a time that may go on.
const mostGoing = 2000

// How far what may go on was handed out, of which letting go: "after <id>", or "since <when>" all of it was.
const (
	goingCursor = "let go"
	goneAfter   = "after "
	goneSince   = "since "
)

// goOnAside hands out what may go on: once, and what is still put aside half a day later once more, as a broker may have lost
// the first hint. A pair that cannot go on, as its referral is gone, is not looked at by every pass, and keeps none behind it waiting.
func (f *Flow) goOnAside(ctx context.Context, b cosell.Brake, aside []cosell.Aside) error {
	going := slices.DeleteFunc(slices.Clone(aside), func(a cosell.Aside) bool { return !b.Lets(a, f.Now()) })
	if len(going) == 0 {
		return nil
	}
	slices.SortFunc(going, func(a, b cosell.Aside) int { return cmp.Compare(a.OpportunityID, b.OpportunityID) })
	name := f.feedCursor(goingCursor)
	cursor, err := f.Ledger.Cursor(ctx, name)
	if err != nil {
		return err
	}
	after, of := "", ofSheet+later(b.Passed, b.Released).UTC().Format(time.RFC3339Nano)
	if state, same := strings.CutSuffix(cursor, of); same {
		since, all := strings.CutPrefix(state, goneSince)
		if at, err := time.Parse(time.RFC3339, since); all && err == nil && f.Now().Sub(at) < againEvery {
			return nil
		}
		if !all {
			after = strings.TrimPrefix(state, goneAfter)
		}
	}
	var ids []string
	for _, a := range going {
		if a.OpportunityID > after && len(ids) < mostGoing {
			ids = append(ids, a.OpportunityID)
		}
	}
	if err := f.hintAll(ctx, ids, Hint{Why: "the brake lets it go on", Retry: true}); err != nil {
		return err
	}
	next := goneSince + f.Now().UTC().Format(time.RFC3339)
	if len(ids) == mostGoing {
		next = goneAfter + ids[len(ids)-1]
	}
	return f.Ledger.SaveCursor(ctx, name, next+of)
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
