package dataversesim

import (
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

// deltaState is what a delta or skip token of change tracking carries: changes after since, up to and
// including until, and how many rows were shown already.
type deltaState struct {
	since, until int64
	full         bool
	shown        int
}

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
	st, err := s.deltaState(o)
	if err != nil {
		return nil, err
	}
	rows, tombs := s.changes(t, st)
	total := len(rows) + len(tombs)
	size := s.pageSize(c.prefer)
	from, to := min(st.shown, total), min(st.shown+size, total)
	fragment := q.view.context()
	if !st.full {
		fragment += "/$delta"
	}
	b := append([]byte{'{'}, contextMember(c.root, fragment)...)
	if o.count {
		b = append(b, fmt.Sprintf(`"@odata.count":%d,`, total)...)
	}
	if to < total {
		token := fmt.Sprintf("delta,%d,%d,%t,%d", st.since, st.until, st.full, to)
		b = quote(append(b, `"@odata.nextLink":`...), c.link("$skiptoken", token))
	} else {
		token := fmt.Sprintf("%d!%s", st.until, s.now().UTC().Format(deltaTime))
		b = quote(append(b, `"@odata.deltaLink":`...), c.link("$deltatoken", token))
	}
	b = append(b, `,"value":[`...)
	w := s.renderer(c.root, &c.prefer)
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		if i < len(rows) {
			b = w.row(b, q.view, rows[i], "")
			continue
		}
		b = append(append(b, '{'), contextMember(c.root, t.set+"/$deletedEntity")...)
		b = quote(append(b, `"id":`...), tombs[i-len(rows)])
		b = append(b, `,"reason":"deleted"}`...)
	}
	return &answer{status: 200, body: append(b, "]}"...)}, nil
}

func (s *Simulator) deltaState(o options) (deltaState, error) {
	st := deltaState{until: s.db.version, full: true}
	if o.skipToken != "" {
		parts := strings.Split(o.skipToken, ",")
		if len(parts) != 5 || parts[0] != "delta" {
			return st, syntax("Malformed skip token '%s'.", clip(o.skipToken, 100))
		}
		var err [3]error
		st.since, err[0] = strconv.ParseInt(parts[1], 10, 64)
		st.until, err[1] = strconv.ParseInt(parts[2], 10, 64)
		st.shown, err[2] = strconv.Atoi(parts[4])
		st.full = parts[3] == "true"
		if err != [3]error{} || st.shown < 0 {
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

// changes are the rows changed after since, in order of version, and the ids deleted.
func (s *Simulator) changes(t *table, st deltaState) ([]*row, []string) {
	stored := s.db.tables[t.name]
	var out []*row
	for _, sl := range stored.order {
		if r := sl.row; r != nil && (st.full || r.version > st.since) {
			out = append(out, r)
		}
	}
	if st.full {
		return out, nil
	}
	slices.SortFunc(out, func(a, b *row) int { return number(float64(a.version), float64(b.version)) })
	var gone []string
	for _, tomb := range stored.tombs {
		if tomb.version > st.since && stored.get(tomb.id) == nil && !slices.Contains(gone, tomb.id) {
			gone = append(gone, tomb.id)
		}
	}
	return out, gone
}
