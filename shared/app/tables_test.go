package app

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// An administrator puts an hour-old copy of the state back: processes that run notice it, and so do those that begin later.
func TestAnOlderCopyOfTheStateIsNoticed(t *testing.T) {
	h := newHouse()
	process := func(state *ledger.Ledger) *tables {
		return newTables(tables{state: state, board: h.board, name: "acme", now: h.now})
	}
	passes := func(state *ledger.Ledger, n int) {
		t.Helper()
		for range n {
			h.pass(5 * time.Minute)
			if err := process(state).pass(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	state := ledger.InMemory(h.now)
	if at := process(state).restored(t.Context()); !at.IsZero() {
		t.Errorf("before the first pass: %s", at)
	}
	passes(state, 3)
	running := process(state)
	if at := running.restored(t.Context()); !at.IsZero() {
		t.Errorf("nothing was put back: %s", at)
	}
	copied, err := state.Cursor(t.Context(), passCursor)
	if err != nil {
		t.Fatal(err)
	}
	passes(state, 12)
	older := ledger.InMemory(h.now) // an hour of work is gone
	if err := older.SaveCursor(t.Context(), passCursor, copied); err != nil {
		t.Fatal(err)
	}
	running.state = older
	h.pass(lookEvery)
	first := running.restored(t.Context())
	if !first.Equal(h.now()) {
		t.Errorf("noticed at %s, it is %s", first, h.now())
	}
	h.pass(lookEvery)
	if at := running.restored(t.Context()); !at.Equal(first) {
		t.Errorf("noticed at %s, and again at %s", first, at)
	}
	passes(older, 3)
	if at := process(older).restored(t.Context()); at.IsZero() || at.After(h.now().Add(-10*time.Minute)) {
		t.Errorf("after three more passes another process does not know of it: %s", at)
	}
	h.pass(restoredFor)
	passes(older, 1)
	if at := process(older).restored(t.Context()); !at.IsZero() {
		t.Errorf("a day later: %s", at)
	}
	lost := ledger.InMemory(h.now)
	if at := process(lost).restored(t.Context()); at.IsZero() {
		t.Error("a state that says nothing is not noticed")
	}
}

// A copy that was made between two passes is noticed as well, however young it is: the passes are counted.
func TestAYoungCopyOfTheStateIsNoticed(t *testing.T) {
	h := newHouse()
	state := ledger.InMemory(h.now)
	on := func(state *ledger.Ledger) *tables {
		return newTables(tables{state: state, board: h.board, name: "acme", now: h.now})
	}
	var copied [2]string
	for pass := range 2 {
		h.pass(time.Minute)
		if err := on(state).pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pass > 0 {
			break
		}
		for i, name := range []string{passCursor, countCursor} {
			text, err := state.Cursor(t.Context(), name)
			if err != nil || text == "" {
				t.Fatalf("%s: %q %v", name, text, err)
			}
			copied[i] = text
		}
	}
	if at := on(state).restored(t.Context()); !at.IsZero() {
		t.Errorf("nothing was put back: %s", at)
	}
	older := ledger.InMemory(h.now)
	for i, name := range []string{passCursor, countCursor} {
		if err := older.SaveCursor(t.Context(), name, copied[i]); err != nil {
			t.Fatal(err)
		}
	}
	if at := on(older).restored(t.Context()); at.IsZero() {
		t.Error("a copy of the pass before is not noticed")
	}
	for range 2 {
		if err := on(older).pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if at := on(older).restored(t.Context()); at.IsZero() {
		t.Error("after two more passes another process does not know of it")
	}
	h.pass(restoredFor)
	if at := on(older).restored(t.Context()); !at.IsZero() {
		t.Errorf("a day later: %s", at)
	}
}

// An installation that stood still for days has lost nothing, and clocks that differ by minutes mean nothing.
func TestAStateOfNowIsNotTakenForAnOlderOne(t *testing.T) {
	h := newHouse()
	state := ledger.InMemory(h.now)
	one := newTables(tables{state: state, board: h.board, name: "acme", now: func() time.Time { return h.now().Add(10 * time.Minute) }})
	two := newTables(tables{state: state, board: h.board, name: "acme", now: h.now})
	for range 3 {
		for _, p := range []*tables{one, two} {
			if err := p.pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.pass(lookEvery)
			if err := state.SaveCursor(t.Context(), passCursor, h.now().Format(time.RFC3339)); err != nil { // the other one is in the middle of its pass
				t.Fatal(err)
			}
			if at := p.restored(t.Context()); !at.IsZero() {
				t.Errorf("noticed at %s", at)
			}
		}
		h.pass(72 * time.Hour)
	}
	other := newTables(tables{state: ledger.InMemory(h.now), board: h.board, name: "further", now: h.now})
	if at := other.restored(t.Context()); !at.IsZero() {
		t.Error("one tenant's state is another's")
	}
}

// Whoever makes the pass that finds an older copy knows it from then on: the pass has everything looked at, and it may have looked for a copy
// a moment before.
func TestWhoeverFindsAnOlderCopyKnowsItAtOnce(t *testing.T) {
	h := newHouse()
	running := newTables(tables{state: ledger.InMemory(h.now), board: h.board, name: "acme", now: h.now})
	if err := running.pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at := running.restored(t.Context()); !at.IsZero() {
		t.Fatalf("nothing was put back: %s", at)
	}
	running.state = ledger.InMemory(h.now)
	if err := running.pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at := running.restored(t.Context()); at.IsZero() {
		t.Error("it does not know")
	}
}
