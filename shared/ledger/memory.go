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
	tables map[string]map[string]row
	writes int
}

func newMemory(now func() time.Time) *memory {
	return &memory{clock: now, tables: map[string]map[string]row{}}
}

func (m *memory) get(_ context.Context, table, key string) (row, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.tables[table][key]
	return r, ok, nil
}

func (m *memory) write(_ context.Context, table string, ops ...op) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := maps.Clone(m.tables[table])
	if next == nil {
		next = map[string]row{}
	}
	versions := make([]string, len(ops))
	for i, o := range ops {
		old, exists := next[o.key]
		switch {
		case o.kind == insert && exists:
			return nil, errTaken
		case o.version != "" && old.version != o.version, o.kind == remove && !exists && len(ops) > 1:
			return nil, errStale
		case o.kind == remove:
			delete(next, o.key)
			continue
		}
		props := maps.Clone(old.props)
		if props == nil {
			props = map[string]string{}
		}
		maps.Copy(props, o.props)
		m.writes++
		versions[i] = strconv.Itoa(m.writes)
		next[o.key] = row{key: o.key, version: versions[i], changed: m.clock().UTC(), props: props}
	}
	m.tables[table] = next
	return versions, nil
}

func (m *memory) list(_ context.Context, table, from, to string, each func(row) bool) error {
	m.mu.Lock()
	rows := maps.Clone(m.tables[table])
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if key >= from && key < to && !each(rows[key]) {
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
	for name, rows := range m.tables {
		for key, r := range rows {
			fmt.Fprintln(&out, name, key, r.props)
		}
	}
	return out.String()
}
