package dataversesim

import (
	"strings"
)

const (
	stepTable  = "sdkmessageprocessingstep"
	imageTable = "sdkmessageprocessingstepimage"
	jobTable   = "asyncoperation"
)

// step is an active registration, read from the rows of its tables.
type step struct {
	id, name, message, table, endpoint string
	filter                             []string // empty: every update
	images                             []image
	autoDelete                         bool
}

type image struct {
	alias     string
	pre, post bool
	columns   []string // empty: all
}

// occurrence is something that happened to a record and that steps may listen to.
type occurrence struct {
	message  string
	table    *table
	row      *row     // after, or for Delete before
	pre      *row     // before; nil for Create
	order    []string // columns of the request
	activity *row     // with Win and Lose
	status   int64
	other    ref // the loser of a Merge

	qualified *qualification // with QualifyLead
}

// changedTable forgets the compiled steps when rows they are made of change.
func (s *Simulator) changedTable(name string) {
	switch name {
	case stepTable, imageTable, "serviceendpoint", "sdkmessage", "sdkmessagefilter":
		s.steps = nil
	case "systemuserroles":
		s.assigned = nil
	}
}

// activeSteps compiles the enabled steps.
func (s *Simulator) activeSteps() []*step {
	if s.steps != nil {
		return s.steps
	}
	s.steps = []*step{}
	for _, sl := range s.db.tables[stepTable].order {
		if sl.row != nil && sl.row.number("statecode") == 0 {
			s.steps = append(s.steps, s.compileStep(sl.row))
		}
	}
	return s.steps
}

func (s *Simulator) compileStep(r *row) *step {
	st := &step{id: r.id, name: r.text("name"), endpoint: r.ref("eventhandler").id, autoDelete: r.v["asyncautodelete"] == true}
	if m := s.db.get("sdkmessage", r.ref("sdkmessageid").id); m != nil {
		st.message = m.text("name")
	}
	if f := s.db.get("sdkmessagefilter", r.ref("sdkmessagefilterid").id); f != nil {
		st.table = f.text("primaryobjecttypecode")
	}
	st.filter = list(r.text("filteringattributes"))
	for _, sl := range s.db.tables[imageTable].order {
		if im := sl.row; im != nil && im.ref("sdkmessageprocessingstepid").id == r.id {
			n := im.number("imagetype")
			st.images = append(st.images, image{alias: im.text("entityalias"), pre: n != 1, post: n != 0, columns: list(im.text("attributes"))})
		}
	}
	return st
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func (st *step) listens(o *occurrence) bool {
	if st.message != o.message || st.table != "" && st.table != o.table.name {
		return false
	}
	if o.message != "Update" || len(st.filter) == 0 {
		return true
	}
	for _, name := range o.order {
		for _, f := range st.filter {
			if f == name {
				return true
			}
		}
	}
	return false
}

// raiseUpdate raises Update, and twice where the request named state columns and others.
// https://learn.microsoft.com/power-apps/developer/data-platform/special-update-operation-behavior
func (t *tx) raiseUpdate(tab *table, old, r *row, order []string) {
	var state, others []string
	for _, name := range order {
		if name == "statecode" || name == "statuscode" {
			state = append(state, name)
		} else {
			others = append(others, name)
		}
	}
	for _, part := range [][]string{others, state} {
		if len(part) > 0 {
			t.raise(&occurrence{message: "Update", table: tab, row: r, pre: old, order: part})
		}
	}
}

// raise makes a job for each step that listens. The context is taken now; the job starts with the commit.
func (t *tx) raise(o *occurrence) {
	if t.skipAll || t.s.silent(o) {
		return
	}
	for _, st := range t.s.activeSteps() {
		if !st.listens(o) || t.skip[st.id] {
			continue
		}
		if t.corr == "" {
			t.corr = t.s.newID()
		}
		j := &job{id: t.s.newID(), step: st, message: o.message, subject: ref{o.table.name, o.row.id},
			corr: t.corr, user: t.user, created: t.now()}
		j.body, j.truncated, j.tooLarge = t.context(o, st, j)
		t.events = append(t.events, j)
	}
}

// context serialises the execution context; above the limit without its parameters and images.
func (t *tx) context(o *occurrence, st *step, j *job) (body []byte, truncated, tooLarge bool) {
	limit := t.s.sw.number("eventLimitBytes")
	body = t.writeContext(o, st, j, false)
	if len(body) <= limit {
		return body, false, false
	}
	body = t.writeContext(o, st, j, true)
	return body, true, len(body) > limit
}
