package app

import (
	"context"
	"strconv"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// tables notices that an older copy of the state was put back: each pass of reconcile leaves its time and its number in the
// state, and after that beside it, in the table of the processes, which says how things stand and is of no use in a backup. A
// state that says a smaller number, or a time that is long before, is older than what was done with it.
type tables struct {
	state *ledger.Ledger
	board *ledger.Board
	name  string // of the tenant
	now   func() time.Time

	turn   chan struct{} // holds one token
	looked time.Time
	found  time.Time
}

func newTables(t tables) *tables {
	t.turn = make(chan struct{}, 1)
	t.turn <- struct{}{}
	return &t
}

const (
	passCursor     = "pass"
	countCursor    = "passes"
	restoredCursor = "restored"
	// behind is by how much the two times differ before that means anything: passes may overlap, and the clocks of two
	// machines differ by minutes.
	behind = 15 * time.Minute
	// restoredFor is how long it counts: by then every record that has changed since the copy was looked at.
	restoredFor = 24 * time.Hour
)

// pass leaves the time of a pass, and notes it where the state is an older copy.
func (t *tables) pass(ctx context.Context) error {
	older, n, err := t.older(ctx)
	if err != nil {
		return err
	}
	now := t.now().UTC()
	if older {
		if err := t.saw(ctx, now); err != nil {
			return err
		}
		if err := t.state.SaveCursor(ctx, restoredCursor, now.Format(time.RFC3339)); err != nil {
			return err
		}
	}
	if err := t.state.SaveCursor(ctx, passCursor, now.Format(time.RFC3339)); err != nil {
		return err
	}
	if err := t.state.SaveCursor(ctx, countCursor, strconv.Itoa(n+1)); err != nil {
		return err
	}
	return t.board.SetMark(ctx, t.name, now, n+1) // last, so that it is never ahead by itself
}

// saw has this process know at once what a pass has found: it is the pass that has everything looked at.
func (t *tables) saw(ctx context.Context, now time.Time) error {
	if err := enter(ctx, t.turn); err != nil {
		return err
	}
	defer func() { t.turn <- struct{}{} }()
	t.looked, t.found = now, now.Truncate(time.Second)
	return nil
}

// older says whether the state is older than what was done with it, and how many passes there were. One that says nothing,
// beside a mark, is lost or of an older version of the program, which counts no passes: of it the times decide.
func (t *tables) older(ctx context.Context) (older bool, n int, err error) {
	mark, marked, err := t.board.Mark(ctx, t.name)
	if err != nil {
		return false, 0, err
	}
	count, err := t.state.Cursor(ctx, countCursor)
	if err != nil {
		return false, 0, err
	}
	n, _ = strconv.Atoi(count) // none: 0
	if marked > n {
		return true, marked, nil
	}
	if mark.IsZero() {
		return false, n, nil
	}
	text, err := t.state.Cursor(ctx, passCursor)
	if err != nil {
		return false, 0, err
	}
	at, _ := time.Parse(time.RFC3339, text) // none: long ago
	return mark.Sub(at) > behind, n, nil
}

// restored says when an older copy was found, where that was lately: four calls every lookEvery at most. What cannot be
// read is not known.
func (t *tables) restored(ctx context.Context) time.Time {
	if err := enter(ctx, t.turn); err != nil {
		return time.Time{} // nor does anybody wait any more
	}
	defer func() { t.turn <- struct{}{} }()
	now := t.now()
	if age := now.Sub(t.looked); t.looked.IsZero() || age < 0 || age >= lookEvery {
		found, err := t.look(ctx, now)
		if fault.Is(err, fault.Broken) && ctx.Err() != nil {
			return t.found
		}
		if t.looked = now; err == nil {
			t.found = found
		}
	}
	return t.found
}

func (t *tables) look(ctx context.Context, now time.Time) (time.Time, error) {
	text, err := t.state.Cursor(ctx, restoredCursor)
	if err != nil {
		return time.Time{}, err
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && now.Sub(at) < restoredFor {
		return at, nil
	}
	older, _, err := t.older(ctx)
	switch {
	case err != nil || !older:
		return time.Time{}, err
	case !t.found.IsZero():
		return t.found, nil
	}
	return now, nil
}
