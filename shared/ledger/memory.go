package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// memory is a partition that lives in the process.
type memory struct {
	clock  func() time.Time
	mu     sync.Mutex
	tables map[string]*memoryTable
	writes int
}

// memoryTable keeps its rows by key, and the keys in order once somebody has asked for a list.
type memoryTable struct {
	rows   map[string]row
	sorted []string // nil: to be made anew
}

func newMemory(now func() time.Time) *memory {
	return &memory{clock: now, tables: map[string]*memoryTable{}}
}

// table gives the table of that name; the lock is held.
func (m *memory) table(name string) *memoryTable {
	t := m.tables[name]
	if t == nil {
		t = &memoryTable{rows: map[string]row{}}
		m.tables[name] = t
	}
	return t
}

func (m *memory) get(_ context.Context, table, key string) (row, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.table(table).rows[key]
	return r, ok, nil
}

func (m *memory) write(_ context.Context, table string, ops ...op) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.table(table)
	touched := map[string]bool{}
	for _, o := range ops { // nothing is written before all of it can be
		old, exists := t.rows[o.key]
		if touched[o.key] {
			return nil, fmt.Errorf("row %s stands twice in one transaction", o.key)
		}
		touched[o.key] = true
		switch {
		case o.kind == insert && exists:
			return nil, errTaken
		case o.version != "" && old.version != o.version, o.kind == remove && !exists && len(ops) > 1:
			return nil, errStale
		}
	}
	versions := make([]string, len(ops))
	for i, o := range ops {
		versions[i] = m.carryOut(t, o)
	}
	return versions, nil
}

// carryOut does one operation of a transaction and gives the row's new version; the lock is held.
func (m *memory) carryOut(t *memoryTable, o op) (version string) {
	old, exists := t.rows[o.key]
	if exists == (o.kind == remove) {
		t.sorted = nil
	}
	if o.kind == remove {
		delete(t.rows, o.key)
		return ""
	}
	props := maps.Clone(old.props)
	if props == nil {
		props = make(map[string]string, len(o.props))
	}
	maps.Copy(props, o.props)
	m.writes++
	version = strconv.Itoa(m.writes)
	t.rows[o.key] = row{key: o.key, version: version, changed: m.clock().UTC(), props: props}
	return version
}

func (m *memory) list(_ context.Context, table, from, to string, each func(row) bool) error {
	m.mu.Lock()
	t := m.table(table)
	if t.sorted == nil {
		t.sorted = slices.Sorted(maps.Keys(t.rows))
	}
	first, _ := slices.BinarySearch(t.sorted, from)
	var found []row // as they are now: a row is replaced whole, never changed
	read := m.clock().UTC().Truncate(time.Second)
	for _, key := range t.sorted[first:] {
		if key >= to {
			break
		}
		r := t.rows[key]
		r.read = read
		found = append(found, r)
	}
	m.mu.Unlock()
	for _, r := range found {
		if !each(r) {
			return nil
		}
	}
	return nil
}

func (m *memory) now(context.Context) (time.Time, error) {
	return m.clock().UTC().Truncate(time.Second), nil
}

// Text is every row of tables in memory, keys and values, for who looks for what must not stand there; of others it is "".
func (l *Ledger) Text() string {
	m, ok := l.rows.(*memory)
	if !ok {
		return ""
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out strings.Builder
	for name, t := range m.tables {
		for key, r := range t.rows {
			fmt.Fprintln(&out, name, key, r.props)
		}
	}
	return out.String()
}
