package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Board is where the processes of one installation tell each other how they are, and what their identities
// have been asked to wait for. Partition `status` holds a row <app>|<function>|<instance> for each function
// of each process, partition `gate` a row for each identity. Errors are faults, as the ledger's.
type Board struct {
	status, gates rows
	table         string
}

// The tables that boards are in: the intake may write its own only.
const (
	ProcessesTable = "processes"
	IntakeTable    = "intake"
)

// StatusRow is what one function of one process says of itself; Text is its own format.
type StatusRow struct {
	App, Function, Instance string
	At                      time.Time // when it was written, by the writer's clock
	Written                 time.Time // the same by the store's, in rows that were read
	Text                    string
}

// OpenBoard checks the settings and makes the client, without calling anybody. The tenant plays no part.
func OpenBoard(c Config, table string) (*Board, error) {
	service, err := c.service()
	if err != nil {
		return nil, err
	}
	return &Board{status: partitionOf(service, "status"), gates: partitionOf(service, "gate"), table: table}, nil
}

// InMemoryBoard makes an empty board that lives as long as the process; now is the store's own clock.
func InMemoryBoard(now func() time.Time) *Board {
	return &Board{status: newMemory(now), gates: newMemory(now), table: ProcessesTable}
}

// Post writes rows, at most 100 and all or none: one call.
func (b *Board) Post(ctx context.Context, posted ...StatusRow) error {
	if len(posted) == 0 {
		return nil
	}
	ops := make([]op, len(posted))
	for i, s := range posted {
		props := map[string]string{"V": schema, "App": s.App, "Function": s.Function, "Instance": s.Instance, "At": writeTime(s.At)}
		setLong(props, "Text", s.Text)
		ops[i] = op{kind: put, key: s.key(), props: props}
	}
	if _, err := b.status.write(ctx, b.table, ops...); err != nil {
		return fmt.Errorf("writing how this process is: %w", outside(err))
	}
	return nil
}

// Rows reads every status row, those of processes that are gone included.
func (b *Board) Rows(ctx context.Context) (out []StatusRow, err error) {
	err = b.status.list(ctx, b.table, "", "~", func(r row) bool {
		out = append(out, StatusRow{App: r.props["App"], Function: r.props["Function"], Instance: r.props["Instance"],
			At: readTime(r.props["At"]), Written: r.changed, Text: r.long("Text")})
		return true
	})
	return out, err
}

// Remove deletes the row of a process that is gone; gone already is fine.
func (b *Board) Remove(ctx context.Context, s StatusRow) error {
	_, err := b.status.write(ctx, b.table, op{kind: remove, key: s.key()})
	return outside(err)
}

func (s StatusRow) key() string { return key(s.App, s.Function, s.Instance) }

// Mark gives the time and the number that SetMark has left under a name; zero: none.
func (b *Board) Mark(ctx context.Context, name string) (at time.Time, n int, err error) {
	r, _, err := b.gates.get(ctx, b.table, markKey(name))
	n, _ = strconv.Atoi(r.props["Passes"]) // none, as an older version of the program leaves it: 0
	return readTime(r.props["Mark"]), n, outside(err)
}

// SetMark leaves a time and a number under a name.
func (b *Board) SetMark(ctx context.Context, name string, at time.Time, n int) error {
	_, err := b.gates.write(ctx, b.table, op{kind: put, key: markKey(name), props: map[string]string{"V": schema, "Mark": writeTime(at), "Passes": strconv.Itoa(n)}})
	return outside(err)
}

// markKey stands beside the identities, none of which has such a name.
func markKey(name string) string { return key("mark", name) }

// gate is the row of an identity that was asked to wait.
type gate struct {
	until   time.Time     // by the clock of the process that was asked
	wait    time.Duration // as long as that, from the moment on that the row was written; 0 in rows of older versions
	version string
	changed time.Time // by the store's clock
	read    time.Time // by the same, when the row was read; zero: the store does not say
}

// gateRows are those of every identity, by row key: one call.
func (b *Board) gateRows(ctx context.Context) (map[string]gate, error) {
	out := map[string]gate{}
	err := b.gates.list(ctx, b.table, "", "~", func(r row) bool {
		wait, _ := time.ParseDuration(r.props["Wait"]) // none: 0
		out[r.key] = gate{until: readTime(r.props["Until"]), wait: wait, version: r.version, changed: r.changed, read: r.read}
		return true
	})
	return out, err
}

// Gates is until when each identity was asked to wait, by its name, as far as it is told; waits that are over
// included.
func (b *Board) Gates(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := b.gates.list(ctx, b.table, "", "~", func(r row) bool {
		if name := r.props["Identity"]; name != "" { // rows of older versions have none
			out[name] = readTime(r.props["Until"])
		}
		return true
	})
	return out, outside(err)
}

// mostRaces is how often CloseGate meets another process that writes at the same moment.
const mostRaces = 20

// CloseGate tells all processes that the identity has to wait until then, which is for so long. A shorter wait never
// replaces a longer one.
func (b *Board) CloseGate(ctx context.Context, identity string, until time.Time, wait time.Duration) error {
	for range mostRaces {
		r, found, err := b.gates.get(ctx, b.table, key(identity))
		if err != nil {
			return err
		}
		if before := readTime(r.props["Until"]); before.After(until) {
			had, _ := time.ParseDuration(r.props["Wait"]) // 0 in a row without it
			wait = max(wait, min(had, wait+before.Sub(until)))
			until = before
		}
		o := op{kind: put, key: key(identity), version: r.version,
			props: map[string]string{"V": schema, "Identity": identity, "Until": writeTime(until), "Wait": wait.String()}}
		if !found {
			o.kind = insert
		}
		if _, err = b.gates.write(ctx, b.table, o); err != errTaken && err != errStale {
			return err
		}
	}
	return fmt.Errorf("the gate of %s is being written by others all the time", identity)
}
