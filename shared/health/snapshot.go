package health

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// Board is where processes write their rows and read the others'.
type Board interface {
	Post(ctx context.Context, rows ...ledger.StatusRow) error
	Rows(ctx context.Context) ([]ledger.StatusRow, error)
	Remove(ctx context.Context, row ledger.StatusRow) error
}

// Snapshot gives what this process says now, one status per function, in the order of names.
func (w *Watch) Snapshot() (out []Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(w.functions)) {
		out = append(out, w.functions[name].snapshot(w.now()))
	}
	return out
}

// snapshot copies the notes; the lock is held.
func (n *notes) snapshot(now time.Time) Status {
	maps.DeleteFunc(n.waits, func(_ string, w Wait) bool { return now.Sub(w.Last) > old })
	s := n.Status
	s.At = now
	s.Waits = slices.SortedFunc(maps.Values(n.waits), func(a, b Wait) int { return cmp.Or(a.Seen.Compare(b.Seen), cmp.Compare(a.Record, b.Record)) })
	s.Causes = map[string]Cause{}
	for _, w := range s.Waits {
		c := n.Causes[w.What]
		s.Causes[w.What] = c
		if s.Oldest == nil {
			s.Oldest = &w.Seen
		}
		if c.Class == denied && !w.Forgiven && (s.DeniedSince == nil || w.Since.Before(*s.DeniedSince)) {
			s.DeniedSince = &w.Since
		}
	}
	if len(s.Waits) > mostWaits {
		s.Waits, s.More = s.Waits[:mostWaits], len(s.Waits)-mostWaits
	}
	maps.DeleteFunc(n.Causes, func(what string, _ Cause) bool { _, used := s.Causes[what]; return !used })
	n.Done = slices.DeleteFunc(n.Done, func(d Done) bool { return now.Sub(d.At) > old })
	s.Done = slices.Clone(n.Done)
	s.Good = maps.Clone(n.Good)
	s.Problems = slices.SortedFunc(maps.Values(n.problems), func(a, b Problem) int { return cmp.Compare(a.What, b.What) })
	return s
}

// due copies what has changed, or has to show that it is alive; a row that was posted less than pause ago waits.
func (w *Watch) due(pause time.Duration) (out []Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of(Process)
	now := w.now()
	for _, name := range slices.Sorted(maps.Keys(w.functions)) {
		n := w.functions[name]
		age := now.Sub(n.posted)
		if age < 0 || n.changed && age >= pause || n.better && age >= goodEvery || age >= heartbeat {
			out = append(out, n.snapshot(now))
			n.posted, n.changed, n.better = now, false, false
		}
	}
	return out
}

// Post writes what is due to the board: what has changed, each row at most every 5 seconds, and every row
// once a minute. What could not be written is written the next time.
func (w *Watch) Post(ctx context.Context, b Board) error { return w.post(ctx, b, postEvery) }

// Flush writes all that has changed, at once: for a process that will stand still after it.
func (w *Watch) Flush(ctx context.Context, b Board) error { return w.post(ctx, b, 0) }

func (w *Watch) post(ctx context.Context, b Board, pause time.Duration) error {
	due := w.due(pause)
	if len(due) == 0 {
		return nil
	}
	rows := make([]ledger.StatusRow, len(due))
	for i, s := range due {
		text, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("writing how %s is: %w", s.Function, err)
		}
		rows[i] = ledger.StatusRow{App: s.App, Function: s.Function, Instance: s.Instance, At: s.At, Text: string(text)}
	}
	err := b.Post(ctx, rows...)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range due {
		if took := w.now().Sub(s.At); err != nil || took < 0 || took > longWrite {
			w.functions[s.Function].changed = true
		}
	}
	return err
}

// longWrite is how long a row may take to be written. By what the store says of it, others, and we ourselves, judge how our
// clock goes: a row that was under way while this process stood still, or its clock was set, is written once more.
const longWrite = 2 * time.Second

// every is how often Run looks whether something is due.
const every = time.Second

// Run posts until the context ends; failed is told of every failure.
func (w *Watch) Run(ctx context.Context, b Board, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.Post(ctx, b); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// statusOf reads a row; ok is false for one that is no status of ours.
func statusOf(r ledger.StatusRow) (s Status, ok bool) {
	if json.Unmarshal([]byte(r.Text), &s) != nil {
		return Status{}, false
	}
	s.App, s.Function, s.Instance, s.At = r.App, r.Function, r.Instance, r.At
	return s, true
}

// Tidy removes the rows of processes that are gone. The newest row of each function stays, because it
// says when the function last did something.
func Tidy(ctx context.Context, b Board, now time.Time) error {
	rows, err := b.Rows(ctx)
	if err != nil {
		return err
	}
	newest := map[string]time.Time{}
	for _, r := range rows {
		if key := r.App + "|" + r.Function; r.At.After(newest[key]) {
			newest[key] = r.At
		}
	}
	for _, r := range rows {
		if now.Sub(r.At) <= gone || r.At.Equal(newest[r.App+"|"+r.Function]) {
			continue
		}
		if err := b.Remove(ctx, r); err != nil {
			return fmt.Errorf("removing the row of a process that is gone: %w", err)
		}
	}
	return nil
}
