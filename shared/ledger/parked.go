package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Park sets a message aside; the same ID again replaces the row.
func (l *Ledger) Park(ctx context.Context, p Parked) error {
	props := map[string]string{
		"V": schema, "ID": p.ID, "Kind": p.Kind, "Reason": cut(p.Reason), "Function": p.Function,
		"Queue": p.Queue, "Session": cut(p.Session), "Record": cut(p.Record), "Attempt": strconv.Itoa(p.Attempt), "Trace": cut(p.Trace), "At": writeTime(p.At),
	}
	setLong(props, "Original", string(p.Original))
	if _, err := l.rows.write(ctx, parkedTable, op{kind: put, key: key("p", p.ID), props: props}); err != nil {
		return fmt.Errorf("parking message %s: %w", p.ID, outside(err))
	}
	return nil
}

// Unpark deletes a parked message, after it was sent again; gone already is fine.
func (l *Ledger) Unpark(ctx context.Context, id string) error {
	_, err := l.rows.write(ctx, parkedTable, op{kind: remove, key: key("p", id)})
	return outside(err)
}

// Parked reads the oldest parked messages, at most limit.
func (l *Ledger) Parked(ctx context.Context, limit int) ([]Parked, error) {
	return l.ParkedThat(ctx, limit, func(Parked) bool { return true })
}

// ParkedThat reads the oldest of those parked messages that are of a sort, at most limit, however many others there are.
func (l *Ledger) ParkedThat(ctx context.Context, limit int, are func(Parked) bool) ([]Parked, error) {
	var out []Parked
	err := l.rows.list(ctx, parkedTable, "p|", after("p"), func(r row) bool {
		if p := parkedOf(r); are(p) {
			out = append(out, p)
		}
		return true
	})
	slices.SortFunc(out, func(a, b Parked) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(len(out), limit)], err
}

// ParkedMessage reads one parked message: one call. One that a later version has parked is for that version.
func (l *Ledger) ParkedMessage(ctx context.Context, id string) (Parked, bool, error) {
	r, ok, err := l.get(ctx, parkedTable, key("p", id))
	return parkedOf(r), ok, err
}

// CountParked counts the parked messages and gives the oldest.
func (l *Ledger) CountParked(ctx context.Context) (n int, oldest Parked, err error) {
	err = l.rows.list(ctx, parkedTable, "p|", after("p"), func(r row) bool {
		if at := readTime(r.props["At"]); n == 0 || at.Before(oldest.At) {
			oldest = parkedOf(r)
		}
		n++
		return true
	})
	return n, oldest, err
}

func parkedOf(r row) Parked {
	attempt, _ := strconv.Atoi(r.props["Attempt"])
	return Parked{
		ID: r.props["ID"], Kind: r.props["Kind"], Reason: r.props["Reason"], Function: r.props["Function"],
		Queue: r.props["Queue"], Session: r.props["Session"], Record: r.props["Record"], Attempt: attempt, Original: json.RawMessage(r.long("Original")), Trace: r.props["Trace"], At: readTime(r.props["At"]),
	}
}
