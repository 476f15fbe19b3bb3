package dataversesim

import (
	"maps"
	"slices"
	"time"
)

// row is one version of a record and is never changed once it is stored.
type row struct {
	id      string
	version int64 // rises over all tables; change tracking goes by it
	shown   int64 // the version that callers see: its own, unless versions are scattered
	v       map[string]any
}

// slot is the place of a record; it stays in order of creation. A nil row is a deleted record.
type slot struct {
	seq  int64
	id   string
	row  *row
	past []past
}

type tombstone struct {
	id      string
	version int64
}

type rows struct {
	byID  map[string]*slot
	order []*slot
	live  int
	tombs []tombstone
	finds map[*key]map[string]string // ids by the values of alternate keys; built when they are first asked for
}

func (r *rows) get(id string) *row {
	if s := r.byID[id]; s != nil {
		return s.row
	}
	return nil
}

// database is everything that a transaction may change.
type database struct {
	tables  map[string]*rows
	version int64
	seq     int64
	commits []stamp // of the last minutes, oldest first
	floor   int64   // the version before them
}

func newDatabase(s *schema) *database {
	db := &database{tables: map[string]*rows{}, version: 1000000}
	for name := range s.tables {
		db.tables[name] = &rows{byID: map[string]*slot{}}
	}
	return db
}

func (db *database) get(table, id string) *row {
	if t := db.tables[table]; t != nil {
		return t.get(id)
	}
	return nil
}

// set puts a row in its place; nil deletes.
func (db *database) set(table, id string, r *row) (before *row) {
	t := db.tables[table]
	sl := t.byID[id]
	if sl == nil {
		db.seq++
		sl = &slot{seq: db.seq, id: id}
		t.byID[id] = sl
		t.order = append(t.order, sl)
	}
	before, sl.row = sl.row, r
	t.reindex(id, before, r)
	if before == nil && r != nil {
		t.live++
	}
	if before != nil && r == nil {
		t.live--
	}
	return before
}

// compact drops the places of deleted rows once they are the greater part.
func (r *rows) compact() {
	if len(r.order) < 256 || r.live*2 > len(r.order) {
		return
	}
	r.order = slices.DeleteFunc(r.order, func(s *slot) bool {
		if s.row == nil {
			delete(r.byID, s.id)
			return true
		}
		return false
	})
}

// tx is one transaction: rows it touched can be put back, and its events leave only with commit.
type tx struct {
	s       *Simulator
	user    string // systemuser whose rights apply
	caller  string // systemuser that called (differs with impersonation)
	tag     string
	skipAll bool
	skip    map[string]bool // steps that the caller bypasses
	corr    string
	undo    []undo
	undoing []func() // what is not a row and goes back with a rollback
	events  []*job
	via     *call // the operation of the Web API; nil when a person or the system itself is at work
	// automation is an edit that answers another one.
	automation bool
	answers    []*plugin // of the write under way
	follow     []followUp
	detect     bool // QualifyLead looks for duplicates
	before     string
	after      string
}

// followUp is an automation that waits for the commit of the write it answers.
type followUp struct {
	plugin *plugin
	to     ref
}

type undo struct {
	table, id string
	row       *row
}

func (s *Simulator) begin(user, caller string) *tx {
	return &tx{s: s, user: user, caller: caller}
}

func (t *tx) now() time.Time { return t.s.now().UTC().Truncate(time.Second) }

// put stores values as the next version of a row.
func (t *tx) put(tab *table, id string, v map[string]any) *row {
	r := t.s.newRow(id, v)
	t.undo = append(t.undo, undo{tab.name, id, t.s.db.set(tab.name, id, r)})
	t.s.changedTable(tab.name)
	return r
}

func (t *tx) erase(tab *table, id string) {
	t.s.db.version++
	t.undo = append(t.undo, undo{tab.name, id, t.s.db.set(tab.name, id, nil)})
	t.s.changedTable(tab.name)
}

// rollback puts everything back; versions that were used stay used.
func (t *tx) rollback() {
	for _, u := range slices.Backward(t.undo) {
		t.s.db.set(u.table, u.id, u.row)
		t.s.changedTable(u.table)
	}
	for _, back := range slices.Backward(t.undoing) {
		back()
	}
	t.undo, t.undoing, t.events, t.follow, t.before, t.after = nil, nil, nil, nil, "", ""
}

// undone says what a rollback has to do beside putting rows back.
func (t *tx) undone(back func()) { t.undoing = append(t.undoing, back) }

// commit makes the work final: tombstones for change tracking, and jobs for the events.
func (t *tx) commit() {
	t.s.db.remember(t.undo, t.s.now())
	for _, u := range t.undo {
		rows := t.s.db.tables[u.table]
		if u.row != nil && rows.get(u.id) == nil && t.s.schema.tables[u.table].tracking {
			rows.tombs = append(rows.tombs, tombstone{u.id, t.s.db.version})
		}
		rows.compact()
	}
	t.undo, t.undoing = nil, nil
	for _, j := range t.events {
		t.s.enqueue(j)
	}
	t.events = nil
	for _, f := range t.follow {
		t.s.later(f)
	}
	t.follow = nil
}

// later runs an automation now, or when its time has come.
func (s *Simulator) later(f followUp) {
	if f.plugin.after == 0 {
		s.answer(f.plugin, f.to)
		return
	}
	s.schedule(&item{due: s.now().Add(f.plugin.after), run: func() { s.answer(f.plugin, f.to) }})
}

// values is a copy of a row's columns to work on.
func (r *row) values() map[string]any { return maps.Clone(r.v) }

func (r *row) text(col string) string {
	s, _ := r.v[col].(string)
	return s
}

func (r *row) number(col string) int64 {
	n, _ := r.v[col].(int64)
	return n
}

func (r *row) ref(col string) ref {
	v, _ := r.v[col].(ref)
	return v
}
