package dataversesim

import (
	"fmt"
	"slices"
	"sync"
)

// likeness is what a simulator shares with those that were made like it: its definitions, and answers that are made of
// nothing else.
type likeness struct {
	schema  *schema
	changed map[string]bool // tables, since these definitions were read

	mu      sync.Mutex
	answers map[string]*answer
}

// takeOver begins with the definitions and the seed data of another simulator, as they were when that was made.
func (s *Simulator) takeOver(o *Simulator) {
	version := int64(0)
	if s.db != nil {
		version = s.db.version // versions never go back, also not by a reset
	}
	s.like, s.schema, s.house, s.own, s.customised = o.like, o.like.schema, o.house, nil, false
	s.db = o.seeded.copy()
	s.db.version = max(s.db.version, version)
}

// copy is a database with the same rows in places of its own.
func (db *database) copy() *database {
	out := &database{tables: make(map[string]*rows, len(db.tables)), version: db.version, seq: db.seq, floor: db.floor}
	for name, t := range db.tables {
		slots := make([]slot, len(t.order))
		own := &rows{byID: make(map[string]*slot, len(t.order)+8), order: make([]*slot, len(t.order), len(t.order)+8), live: t.live, tombs: slices.Clone(t.tombs)}
		for i, sl := range t.order {
			slots[i] = slot{seq: sl.seq, id: sl.id, row: sl.row}
			own.order[i] = &slots[i]
			own.byID[sl.id] = &slots[i]
		}
		out.tables[name] = own
	}
	return out
}

// ownSchema makes definitions of its own, so that they can be changed.
func (s *Simulator) ownSchema() error {
	if s.like == nil || s.schema != s.like.schema {
		return nil
	}
	own, err := loadSchema(s.o.Organisation, s.sw.text("setupTracking"), s.sw.text("setupFilterPrivilege"))
	if err != nil {
		return err
	}
	s.schema, s.steps = own, nil
	for _, t := range s.db.tables {
		t.finds = nil
	}
	return nil
}

// keep remembers the answer to a read of definitions, for all that have the same.
func (l *likeness) keep(key string, a *answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[key] = a
}

func (l *likeness) kept(key string) (answer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.answers[key]
	if a == nil {
		return answer{}, false
	}
	return *a, true
}

// answers are those to reads of definitions that were given before and hold still: of all that are alike, or of this simulator
// since POST schema. Nil: definitions were changed another way, or show with a lag.
func (s *Simulator) answers() *likeness {
	switch {
	case s.like == nil || s.sw.number("setupLag") > 0:
		return nil
	case s.schema == s.like.schema:
		return s.like
	}
	return s.own
}

// alikeKey is under which an answer to a read of definitions is kept: everything that it depends on.
func (s *Simulator) alikeKey(c *call) string {
	return fmt.Sprint(s.deniedHere().secure, s.sw.text("language"), s.sw.flag("optimisticConcurrency"), c.root, c.path, "?", c.query)
}

// Alike says whether reads of a table's definition are answered as by the simulator that this one was made like.
func (s *Simulator) Alike(table string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	denied, given := s.role, s.answers() // whoever calls now, the product asks
	return given != nil && !given.changed[table] && !deniesAny(denied.secure) && !slices.Contains(denied.tables[metadataTable], "read")
}

func deniesAny(denied map[string][]string) bool {
	for _, operations := range denied {
		if len(operations) > 0 {
			return true
		}
	}
	return false
}
