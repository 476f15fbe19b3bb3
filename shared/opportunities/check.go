package opportunities

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Finding is what a sheet and the CRM do not agree about.
type Finding struct {
	Where string // file:line of the row
	Text  string
	Note  bool // it is allowed, and worth knowing

	// Of a mismatch: its sort, what it says, and what mends it, apart.
	Sort, Say, Mend string
}

// Check compares the sheet with the CRM as Mismatches does, and says for a person what to write instead.
func (s *Store) Check(ctx context.Context) ([]Finding, error) {
	found, err := s.Mismatches(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	out, err := s.short(ctx, m)
	if err != nil {
		return nil, err
	}
	for _, x := range found {
		text := x.String() + ": " + x.Mend
		if _, known := m.tables[x.Table][x.Column]; !known && len(m.tables[x.Table]) > 0 {
			text += proposed(x, m)
		}
		out = append(out, Finding{Where: s.where(x.Field), Text: text, Sort: x.sort(), Say: x.Say(), Mend: x.Mend + strings.TrimPrefix(text, x.String()+": "+x.Mend)})
	}
	out = append(out, s.unreasoned(m)...)
	out = append(out, s.unclear(m)...)
	out = append(out, s.unlisted(m)...)
	astray, err := s.astray(ctx, m)
	if err != nil {
		return nil, err
	}
	out = append(out, astray...)
	for _, table := range slices.Sorted(maps.Keys(m.tables)) {
		if len(m.tables[table]) == 0 {
			out = append(out, Finding{Note: true, Text: "the columns of " + table + " may not be read, so nothing was compared with them",
				Mend: "give the application user prvReadEntity and prvReadAttribute: cosellctl setup dataverse writes its role"})
		}
	}
	return out, nil
}

func (s *Store) where(f cosell.Field) string {
	row, _ := s.whole.Row(f)
	return row.Where()
}

// proposed names the column that was probably meant.
func proposed(x Mismatch, m metadata) string {
	var names []string
	for name, a := range m.tables[x.Table] {
		names = append(names, name)
		if slices.ContainsFunc(a.Labels, func(l string) bool { return mapping.FoldText(l) == mapping.FoldText(x.Column) }) {
			return "; " + x.Column + " is the label of column " + name
		}
	}
	if near := mapping.Nearest(x.Column, names); near != "" {
		return "; the nearest is " + near
	}
	return ""
}

// Secured are the columns of the sheet that column security guards, as "table/column", as they were compared last.
// https://learn.microsoft.com/power-platform/admin/field-level-security
func (s *Store) Secured(ctx context.Context) (out []string, err error) {
	for _, c := range s.whole.Columns() {
		columns, err := s.definitions.attributes(ctx, c.Table)
		if fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) {
			return nil, err
		}
		if name := c.Table + "/" + c.Name; columns[c.Name].Secured && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}
