package opportunities

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// mostLookups is how many rows that lookups lead to are remembered.
const mostLookups = 10000

// lookups finds the rows that lookups of the sheet lead to, by what people call them, and what people call a row.
// What was found is believed for an hour; that there is nothing, never.
type lookups struct {
	api opportunityAPI
	now func() time.Time

	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	text  string
	table dataverse.Table
	at    time.Time
}

func newLookups(api opportunityAPI, now func() time.Time) *lookups {
	return &lookups{api: api, now: now, known: map[string]remembered{}}
}

func (l *lookups) recall(key string) (remembered, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.known[key]
	return r, ok && l.now().Sub(r.at) < cacheAge
}

func (l *lookups) remember(key string, r remembered) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) >= mostLookups {
		clear(l.known)
	}
	r.at = l.now()
	l.known[key] = r
}

func (l *lookups) table(ctx context.Context, target string) (dataverse.Table, error) {
	key := "table " + target
	if r, ok := l.recall(key); ok {
		return r.table, nil
	}
	t, err := l.api.Table(ctx, target)
	if err == nil {
		l.remember(key, remembered{table: t})
	}
	return t, err
}

// text is what the column of a row says; "" for the row's own name. Gone: there is no such row in the targets.
func (l *lookups) text(ctx context.Context, targets []string, id, column string) (string, error) {
	for _, target := range targets {
		key := strings.Join([]string{"row", target, id, column}, " ")
		if r, ok := l.recall(key); ok {
			return r.text, nil
		}
		t, err := l.table(ctx, target)
		if err != nil {
			return "", err
		}
		name := mapping.FirstText(column, t.Name)
		row, err := l.api.Get(ctx, t.Set, id, dataverse.Query{Select: []string{name}})
		if fault.Is(err, fault.Gone) && len(targets) > 1 {
			continue
		}
		if err != nil {
			return "", err
		}
		text := mapping.Clean(row.Text(name))
		l.remember(key, remembered{text: text})
		return text, nil
	}
	return "", fault.New(fault.Gone, "no row %s in %s", id, strings.Join(targets, ", "))
}

// find is the one row whose column says the text, as it is bound. Refused of class Record: there is none, or
// there are several.
func (l *lookups) find(ctx context.Context, targets []string, column, text string) (target, bind string, err error) {
	key := strings.Join([]string{"find", strings.Join(targets, ","), column, mapping.FoldText(text)}, " ")
	if r, ok := l.recall(key); ok {
		target, bind, _ = strings.Cut(r.text, " ")
		return target, bind, nil
	}
	var found []string
	for _, one := range targets {
		t, err := l.table(ctx, one)
		if err != nil {
			return "", "", err
		}
		name := mapping.FirstText(column, t.Name)
		rows, err := l.api.List(ctx, t.Set, dataverse.Query{Select: []string{t.ID, name}, Filter: dataverse.EqText(name, text), Top: 2})
		if err != nil {
			return "", "", err
		}
		for _, r := range rows {
			target, bind = one, dataverse.Bind(t.Set, r.ID(t.ID))
			found = append(found, r.ID(t.ID))
		}
	}
	switch len(found) {
	case 0:
		return "", "", fault.New(fault.Refused, "no row of %s is called so", strings.Join(targets, ", ")).With("lookup.unknown", "").
			Saying(fmt.Sprintf("no row of %s is called %s", strings.Join(targets, " or "), strconv.Quote(text)), "add the row in CRM, or choose another value on the other side")
	case 1:
		l.remember(key, remembered{text: target + " " + bind})
		return target, bind, nil
	}
	return "", "", fault.New(fault.Refused, "rows %s are called the same", strings.Join(found, ", ")).With("lookup.unclear", "").
		Saying(fmt.Sprintf("several rows of %s are called %s: %s", strings.Join(targets, " or "), strconv.Quote(text), strings.Join(found, ", ")),
			"choose the row on the record in CRM, or give the rows different names")
}

// unreachable names lookups of the sheet that lead to tables which our role may not read, or which do not have the
// column that is the value, and switches their rows off.
func (s *Store) unreachable(ctx context.Context, tables map[string]map[string]dataverse.Attribute, off map[cosell.Field]bool) ([]Mismatch, error) {
	var out []Mismatch
	for _, row := range s.whole.Rows() {
		p := row.Place()
		a, known := tables[p.Table][p.Column]
		if row.CRM == "" || !known || off[row.Field] || !row.Scalar() || !row.IsLookup() {
			continue
		}
		for _, target := range a.Targets {
			problem, err := s.reach(ctx, target, p.Key)
			if err != nil {
				return nil, err
			}
			if problem != "" {
				out = append(out, Mismatch{Field: row.Field, Table: p.Table, Column: p.Column, Problem: problem, Off: true,
					Mend: "let the application user read " + target + ", or correct the row " + string(row.Field) + " of your mapping file"})
				off[row.Field] = true
				break
			}
		}
	}
	return out, nil
}

// reach reads one row of a table as a lookup would, and says why that cannot be done.
func (s *Store) reach(ctx context.Context, target, key string) (problem string, err error) {
	t, err := s.lookups.table(ctx, target)
	if err == nil {
		_, err = s.api.List(ctx, t.Set, dataverse.Query{Select: []string{mapping.FirstText(key, t.Name)}, Top: 1})
	}
	switch {
	case fault.Is(err, fault.Broken), fault.Is(err, fault.Later):
		return "", err
	case err == nil:
		return "", nil
	case fault.Of(err).Code == dataverse.CodeColumn:
		return "leads to " + target + ", which has no column " + key, nil
	}
	return "leads to " + target + ", which cannot be read: " + mapping.FirstText(fault.Of(err).Theirs, fault.Of(err).Say, err.Error()), nil
}

// lookupTexts are the texts that the lookups of a row show, by crm path. An empty lookup, and one whose row
// cannot be reached, is not there.
func (s *Store) lookupTexts(ctx context.Context, row dataverse.Row, m metadata) (map[string]string, error) {
	out := map[string]string{}
	for _, r := range s.sheet().Rows() {
		if r.CRM == "" || !r.Scalar() || !r.IsLookup() {
			continue
		}
		p := r.Place()
		in, ok := inRow(row, p)
		if !ok {
			continue
		}
		id := strings.ToLower(in.Text(lookupValue(p.Column)))
		if id == "" {
			continue
		}
		text, err := s.lookups.text(ctx, m.tables[p.Table][p.Column].Targets, id, p.Key)
		switch {
		case fault.Is(err, fault.Broken), fault.Is(err, fault.Later), fault.Is(err, fault.Denied):
			return nil, err
		case err == nil:
			out[r.CRM] = text
		}
	}
	return out, nil
}

// inRow is the row that has the column of a place: the opportunity's own, or a related one.
func inRow(row dataverse.Row, p mapping.Place) (dataverse.Row, bool) {
	if p.Nav == "" {
		return row, true
	}
	return relatedRow(row, p.Nav)
}

// setLookup points a lookup of a row that is written at the one row that the text names; an empty text empties it.
func (s *Store) setLookup(ctx context.Context, columns map[string]any, p mapping.Place, text string) error {
	m, err := s.metadata.get(ctx)
	if err != nil {
		return err
	}
	targets := m.tables[p.Table][p.Column].Targets
	if len(targets) == 0 {
		return fault.New(fault.Refused, "nobody knows where the lookup %s of %s leads", p.Column, p.Table).OfClass(fault.Ours).
			With(dataverse.CodeColumn, "let the application user read the CRM's metadata, or correct the mapping file")
	}
	target, bind := targets[0], any(nil)
	if text != "" {
		if target, bind, err = s.boundTo(ctx, targets, p.Key, text); err != nil {
			return err
		}
	}
	nav := mapping.FirstText(m.navigations[p.Table][p.Column+" "+target], p.Column)
	columns[nav+"@odata.bind"] = bind
	return nil
}

func (s *Store) boundTo(ctx context.Context, targets []string, key, text string) (target string, bind any, err error) {
	target, path, err := s.lookups.find(ctx, targets, key, text)
	return target, path, err
}
