package ledger

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Call is one call to tables in memory, as a door sees it before it is done.
type Call struct {
	Op    string   // get, write, list or now
	Table string   // of a board with the partition: "processes status", "processes gate"
	Keys  []string // of the rows; of a list from and to
}

// Door stands between one user of tables in memory and the tables: it calls do, once, later or not at all. Its error
// is what the user gets, whether the call was done or not; an error of the user's own context is Broken.
type Door func(ctx context.Context, call Call, do func()) error

// Memory is tables that live as long as the process and that several ledgers and boards share, as the processes of an
// installation share the real ones. Every method may be called from many goroutines.
type Memory struct {
	clock  func() time.Time
	state  *memory
	boards map[string]*Board
}

// NewMemory makes empty tables; now is the store's own clock.
func NewMemory(now func() time.Time) *Memory {
	m := &Memory{clock: now, state: newMemory(now), boards: map[string]*Board{}}
	for _, table := range []string{ProcessesTable, IntakeTable} {
		m.boards[table] = &Board{status: newMemory(now), gates: newMemory(now), table: table}
	}
	return m
}

// Ledger is the tables of the tenant behind a door; newID marks its transactions, nil makes random ids.
func (m *Memory) Ledger(door Door, newID func() string) *Ledger {
	if newID == nil {
		newID = uuid.NewString
	}
	return &Ledger{rows: guarded{m.state, door, ""}, newID: newID, clock: m.clock, sealer: plain{}}
}

// Board is one of the tables in which processes tell each other how they are, behind a door.
func (m *Memory) Board(table string, door Door) *Board {
	b := m.boards[table]
	return &Board{status: guarded{b.status, door, " status"}, gates: guarded{b.gates, door, " gate"}, table: table}
}

// Copy keeps everything that stands in the tables of the tenant now; what it gives puts that back, as an administrator does
// with a backup. Rows get new versions.
func (m *Memory) Copy() func() {
	m.state.mu.Lock()
	defer m.state.mu.Unlock()
	saved := map[string]map[string]row{}
	for name, t := range m.state.tables {
		saved[name] = maps.Clone(t.rows) // a row is replaced whole, never changed
	}
	return func() {
		m.state.mu.Lock()
		defer m.state.mu.Unlock()
		m.state.tables = map[string]*memoryTable{}
		for name, rows := range saved {
			t := m.state.table(name)
			for _, key := range slices.Sorted(maps.Keys(rows)) {
				m.state.carryOut(t, op{kind: put, key: key, props: rows[key].props})
			}
		}
	}
}

// Clone is the same tables once more, in places of their own; now is the store's own clock. How processes are is not in them.
func (m *Memory) Clone(now func() time.Time) *Memory {
	m.state.mu.Lock()
	defer m.state.mu.Unlock()
	out := NewMemory(now)
	out.state.writes = m.state.writes
	for name, t := range m.state.tables {
		out.state.tables[name] = &memoryTable{rows: maps.Clone(t.rows)}
	}
	return out
}

// Drop removes the rows of a table whose keys begin so, as if they had never been written; "" removes all.
func (m *Memory) Drop(table, prefix string) (dropped int) {
	m.state.mu.Lock()
	defer m.state.mu.Unlock()
	t := m.state.table(table)
	for key := range t.rows {
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
			delete(t.rows, key)
			dropped++
		}
	}
	t.sorted = nil
	return dropped
}

// guarded is rows behind a door.
type guarded struct {
	rows
	door      Door
	partition string // behind the table's name
}

func (g guarded) pass(ctx context.Context, call Call, do func()) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Broken, "reaching the tables: %w", err)
	}
	call.Table += g.partition
	return g.door(ctx, call, do)
}

func (g guarded) get(ctx context.Context, table, key string) (r row, ok bool, err error) {
	if passed := g.pass(ctx, Call{"get", table, []string{key}}, func() { r, ok, err = g.rows.get(ctx, table, key) }); passed != nil {
		return row{}, false, passed
	}
	return r, ok, err
}

func (g guarded) write(ctx context.Context, table string, ops ...op) (versions []string, err error) {
	keys := make([]string, len(ops))
	for i, o := range ops {
		keys[i] = o.key
	}
	if passed := g.pass(ctx, Call{"write", table, keys}, func() { versions, err = g.rows.write(ctx, table, ops...) }); passed != nil {
		return nil, passed
	}
	return versions, err
}

func (g guarded) list(ctx context.Context, table, from, to string, each func(row) bool) error {
	var found []row
	var err error
	if passed := g.pass(ctx, Call{"list", table, []string{from, to}}, func() {
		err = g.rows.list(ctx, table, from, to, func(r row) bool { found = append(found, r); return true })
	}); passed != nil {
		return passed
	}
	if err == nil {
		for _, r := range found {
			if !each(r) {
				break
			}
		}
	}
	return err
}

func (g guarded) now(ctx context.Context) (at time.Time, err error) {
	if passed := g.pass(ctx, Call{"now", "", nil}, func() { at, err = g.rows.now(ctx) }); passed != nil {
		return time.Time{}, passed
	}
	return at, err
}
