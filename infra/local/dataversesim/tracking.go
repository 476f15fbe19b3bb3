package dataversesim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	trackingLifetime = 7 * 24 * time.Hour
	deltaTime        = "01/02/2006 15:04:05"
)

// deltaState is what a delta or skip token of change tracking carries: changes after since are wanted, the
// next delta begins at until, and everything up to the position last was shown.
type deltaState struct {
	since, until, last int64
	full               bool
}

// tracked is a changed row or the id of a deleted one. Positions only ever grow while pages are read, so a
// write between two pages hides nothing.
type tracked struct {
	position int64
	row      *row
	deleted  string
}

// tombPosition puts deleted rows behind all others.
const tombPosition = 1 << 60

// readTracked answers reads with change tracking.
// https://learn.microsoft.com/power-apps/developer/data-platform/use-change-tracking-synchronize-data-external-systems
func (s *Simulator) readTracked(c *call, t *table) (*answer, error) {
	o := c.opts
	if !t.tracking {
		return nil, fail(400, codeTrackingOff, "Entity %s does not have change tracking enabled.", t.name)
	}
	if o.filter != "" || o.order != "" || o.top >= 0 || len(o.expand) > 0 {
		return nil, syntax("The query options $filter, $orderby, $expand and $top are not supported with change tracking.")
	}
	q, err := s.compile(t, o)
	if err != nil {
		return nil, err
	}
	if q.reach < depthGlobal { // tracking is about the whole table
		return nil, missingPrivilege(s.calling, "read", t.privilegeName(), t.name)
	}
	st, err := s.deltaState(o)
	if err != nil {
		return nil, err
	}
	list := s.changes(t, st)
	total := len(list)
	next := ""
	if size := s.pageSize(c.prefer); len(list) > size {
		list = list[:size]
		next = fmt.Sprintf("delta,%d,%d,%t,%d", st.since, st.until, st.full, list[size-1].position)
	}
	return s.trackedPage(c, q, st, list, total, next), nil
}

// trackedPage writes one page; next is the token of the page after it, or empty.
func (s *Simulator) trackedPage(c *call, q *query, st deltaState, list []tracked, total int, next string) *answer {
	fragment := q.view.context()
	if !st.full {
		fragment += "/$delta"
	}
	b := append([]byte{'{'}, contextMember(c.root, fragment)...)
	if c.opts.count {
		b = append(b, fmt.Sprintf(`"@odata.count":%d,`, total)...)
	}
	if next != "" {
		b = quote(append(b, `"@odata.nextLink":`...), c.link("$skiptoken", next))
	} else {
		token := fmt.Sprintf("%d!%s", st.until, s.now().UTC().Format(deltaTime))
		b = quote(append(b, `"@odata.deltaLink":`...), c.link("$deltatoken", token))
	}
	b = append(b, `,"value":[`...)
	w := s.renderer(c.root, &c.prefer)
	for i, one := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if one.row != nil {
			b = w.row(b, q.view, one.row, "")
			continue
		}
		b = append(append(b, '{'), contextMember(c.root, q.table.set+"/$deletedEntity")...)
		b = quote(append(b, `"id":`...), one.deleted)
		b = append(b, `,"reason":"deleted"}`...)
	}
	return &answer{status: 200, body: append(b, "]}"...)}
}

func (s *Simulator) deltaState(o options) (deltaState, error) {
	st := deltaState{until: s.db.versionAt(s.listTime()), full: true}
	if o.skipToken != "" {
		parts := strings.Split(o.skipToken, ",")
		if len(parts) != 5 || parts[0] != "delta" {
			return st, syntax("Malformed skip token '%s'.", clip(o.skipToken, 100))
		}
		var err [3]error
		st.since, err[0] = strconv.ParseInt(parts[1], 10, 64)
		st.until, err[1] = strconv.ParseInt(parts[2], 10, 64)
		st.last, err[2] = strconv.ParseInt(parts[4], 10, 64)
		st.full = parts[3] == "true"
		if err != [3]error{} {
			return st, syntax("Malformed skip token '%s'.", clip(o.skipToken, 100))
		}
		return st, nil
	}
	if o.deltaToken == "" {
		return st, nil
	}
	number, at, _ := strings.Cut(o.deltaToken, "!")
	since, err := strconv.ParseInt(number, 10, 64)
	made, err2 := time.Parse(deltaTime, at)
	if err != nil || err2 != nil {
		return st, fail(400, codeInvalidArgument, "The delta token '%s' is not valid.", clip(o.deltaToken, 100))
	}
	if s.now().Sub(made) > trackingLifetime {
		return st, fail(400, codeTokenExpired, "Version stamp associated with the client has expired. Please perform a full sync.")
	}
	st.since, st.full = since, false
	return st, nil
}

// changes are the rows changed after since, in order of version, then the ids deleted; or all rows in order
// of creation. What was shown already is left out.
func (s *Simulator) changes(t *table, st deltaState) []tracked {
	stored := s.db.tables[t.name]
	var out []tracked
	asOf := s.listTime()
	for _, sl := range stored.order {
		r := sl.at(asOf)
		if r == nil {
			continue
		}
		position := r.version
		if st.full {
			position = sl.seq
		}
		if position > st.last && (st.full || r.version > st.since) {
			out = append(out, tracked{position: position, row: r})
		}
	}
	if st.full {
		return out
	}
	slices.SortFunc(out, func(a, b tracked) int { return cmp.Compare(a.position, b.position) })
	seen := map[string]bool{}
	for i, tomb := range stored.tombs {
		if position := int64(tombPosition + i); tomb.version > st.since && tomb.version <= st.until && position > st.last && stored.get(tomb.id) == nil && !seen[tomb.id] {
			seen[tomb.id] = true
			out = append(out, tracked{position: position, deleted: tomb.id})
		}
	}
	return out
}
