package dataversesim

import (
	"hash/fnv"
	"slices"
	"time"
)

// maxLag is how far back reads may see.
const maxLag = 300 * time.Second

// past is a row as it was until a moment; nil before it was made.
type past struct {
	until time.Time
	row   *row
}

// stamp is a commit.
type stamp struct {
	at      time.Time
	version int64
}

// remember keeps what a commit replaced, for reads that lag behind.
func (db *database) remember(undone []undo, now time.Time) {
	if len(undone) == 0 {
		return
	}
	old := now.Add(-maxLag)
	done := map[ref]bool{}
	for _, u := range undone {
		sl := db.tables[u.table].byID[u.id]
		if to := (ref{u.table, u.id}); sl != nil && !done[to] {
			done[to] = true
			sl.past = append(slices.DeleteFunc(sl.past, func(p past) bool { return p.until.Before(old) }), past{now, u.row})
		}
	}
	for len(db.commits) > 0 && db.commits[0].at.Before(old) {
		db.floor, db.commits = db.commits[0].version, db.commits[1:]
	}
	db.commits = append(db.commits, stamp{now, db.version})
}

// forgetPast makes everything that is there seem old.
func (db *database) forgetPast() {
	db.floor, db.commits = db.version, nil
	for _, t := range db.tables {
		for _, sl := range t.order {
			sl.past = nil
		}
	}
}

// at is the row as it was at a time; the zero time means now.
func (sl *slot) at(t time.Time) *row {
	if t.IsZero() {
		return sl.row
	}
	for _, p := range sl.past {
		if p.until.After(t) {
			return p.row
		}
	}
	return sl.row
}

// versionAt is the highest version that was committed by a time; the zero time means now.
func (db *database) versionAt(t time.Time) int64 {
	if t.IsZero() {
		return db.version
	}
	v := db.floor
	for _, c := range db.commits {
		if !c.at.After(t) {
			v = c.version
		}
	}
	return v
}

// listTime is the moment that lists show; zero is now.
func (s *Simulator) listTime() time.Time { return s.lagged("listLagSeconds") }

func (s *Simulator) lagged(name string) time.Time {
	if n := s.sw.number(name); n > 0 {
		return s.now().Add(-time.Duration(n) * time.Second)
	}
	return time.Time{}
}

// asRead is the record that a read of one record sees: r, or what stood there before.
func (s *Simulator) asRead(t *table, k rowKey, r *row) *row {
	at := s.lagged("readLagSeconds")
	if at.IsZero() {
		return r
	}
	id := k.id
	if r != nil {
		id = r.id
	}
	if sl := s.db.tables[t.name].byID[id]; sl != nil {
		return sl.at(at)
	}
	return r
}

func (s *Simulator) scattered() bool { return s.sw.text("listOrder") == "scattered" }

// scatter is an order of ids that has nothing to do with when they were made.
func scatter(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum64()
}

// newRow is the next version of a row. Scattered versions are all different, and no later one need be greater.
func (s *Simulator) newRow(id string, v map[string]any) *row {
	s.db.version++
	r := &row{id: id, version: s.db.version, shown: s.db.version, v: v}
	if s.sw.text("versionOrder") == "scattered" {
		const block, odd, above = 4096, 2654435761, 1 << 40
		low := r.version % block
		r.shown = above + r.version - low + low*odd%block
	}
	v["versionnumber"] = r.shown
	return r
}
