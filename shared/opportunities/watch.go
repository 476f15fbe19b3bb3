package opportunities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Mismatch is a column of the sheet that the CRM does not have as the sheet wants it, or an option that a
// choice has lost. Its row is switched off as long as that lasts, unless it is vital: then nothing is read
// or written, so that messages wait.
type Mismatch struct {
	Field   cosell.Field
	Table   string
	Column  string
	Problem string // what is wrong with it, for a person
	Mend    string
	Off     bool // the row is switched off
	Vital   bool // nothing can be kept in step without it

	of string // OfOption, OfRequired or OfValue; "" of the column itself
}

// The sorts of mismatches.
const (
	OfColumn   = "column"   // it is not there, of another type, or cannot be written
	OfOption   = "option"   // it lacks an option of a choice
	OfRequired = "required" // the CRM requires it, and nothing fills it
	OfValue    = "value"    // it does not take what the sheet would write
)

func (m Mismatch) sort() string {
	if m.of == "" {
		return OfColumn
	}
	return m.of
}

// String names row, column and what is wrong.
func (m Mismatch) String() string {
	if m.Field == cosell.Field(m.Column) { // no row speaks of it
		return fmt.Sprintf("column %s of %s %s", m.Column, m.Table, m.Problem)
	}
	return fmt.Sprintf("field %s: column %s of %s %s", m.Field, m.Column, m.Table, m.Problem)
}

// Say says also what follows from it.
func (m Mismatch) Say() string {
	switch {
	case m.Vital:
		return m.String() + "; nothing is kept in step without it"
	case m.Off:
		return m.String() + "; the field is switched off"
	}
	return m.String()
}

// refusal is the one of what needs the column.
func (m Mismatch) refusal() *fault.Error {
	return fault.New(fault.Refused, "%s", m).OfClass(fault.Ours).With(dataverse.CodeColumn, "").Saying(m.String(), m.Mend).At(string(m.Field))
}

// live is the part of the sheet that the CRM can carry now.
type live struct {
	sheet      *mapping.Sheet
	query      dataverse.Query
	mismatches []Mismatch
	at         time.Time
	waits      bool // made before the types of own columns were known
}

func (s *Store) sheet() *mapping.Sheet { return s.live.Load().sheet }

func (s *Store) query() dataverse.Query {
	q := s.live.Load().query
	if s.blind() {
		q.Expand = slices.DeleteFunc(slices.Clone(q.Expand), func(e dataverse.Expand) bool { return e.Nav == connectionsOf })
	}
	return q
}

// Mismatches compares every table, column, type and option of the sheet with the CRM's metadata, once an
// hour, and switches rows off and on accordingly. What cannot be read is not judged: the last comparison
// stays. Broken, Later: the metadata could not be read now.
func (s *Store) Mismatches(ctx context.Context) ([]Mismatch, error) {
	l, err := s.watch.get(ctx)
	if err != nil {
		return nil, err
	}
	s.live.Store(l)
	return l.mismatches, nil
}

// Ready reads the metadata that the sheet waits for, if it waits. Broken, Later: it cannot be read now.
func (s *Store) Ready(ctx context.Context) error {
	if !s.whole.Waits() {
		return nil
	}
	_, err := s.metadata.get(ctx)
	return err
}

// recheck compares anew when CRM says, or seems to say, that a table or column is not there. True: rows were
// switched off or on, so that another try makes sense.
func (s *Store) recheck(ctx context.Context, err error) bool {
	e := fault.Of(err)
	if s.blinded(e) {
		return true
	}
	certain := fault.ClassOf(err) == fault.Ours && (e.Code == dataverse.CodeColumn || e.Code == dataverse.CodeTable)
	if !certain && !doubted(e) {
		return false
	}
	before := s.live.Load()
	defer func() { settled(e, s.live.Load().mismatches) }()
	if s.options.Now().Sub(before.at) < checkAge {
		return false
	}
	s.definitions.expire()
	after, err := s.watch.again(ctx)
	if err != nil {
		return false
	}
	return s.found(before, after)
}

// found takes a new comparison, tells of it where it found something else, and says whether it did.
func (s *Store) found(before, after *live) bool {
	s.live.Store(after)
	differs := !slices.Equal(before.mismatches, after.mismatches)
	if differs && s.options.Told != nil {
		s.options.Told(after.mismatches)
	}
	return differs
}

// checkAge is how soon after a comparison a refusal leads to another; repairAge is how soon we look again
// whether what was wrong has been mended.
const (
	checkAge  = 10 * time.Second
	repairAge = 5 * time.Minute
)

// ready looks again whether what was wrong is mended, and is the refusal of everything as long as a vital column
// is not there: about us, so messages wait.
func (s *Store) ready(ctx context.Context) error {
	if s.whole.Waits() || s.live.Load().waits {
		if _, err := s.Mismatches(ctx); err != nil {
			return err
		}
	}
	l := s.live.Load()
	if len(l.mismatches) == 0 {
		return nil
	}
	if s.options.Now().Sub(l.at) >= repairAge {
		s.definitions.expire()
		if fresh, err := s.watch.again(ctx); err == nil {
			s.found(l, fresh)
			l = fresh
		}
	}
	for _, m := range l.mismatches {
		if m.Vital {
			return m.refusal()
		}
	}
	return nil
}

// hidden is the refusal of a value whose row is switched off: it was not written and must not count as agreed.
// Columns that only we fill are left out without a word; they are put right when they are back.
func (s *Store) hidden(values cosell.Record) error {
	on := s.sheet()
	for _, f := range slices.Sorted(maps.Keys(values)) {
		field := f
		if list, _, member := f.List(); member {
			field = list
		}
		if _, live := on.Row(field); live {
			continue
		}
		if r, ok := s.whole.Row(field); ok && r.Way == cosell.Both && r.Referral != "" {
			for _, m := range s.live.Load().mismatches {
				if m.Field == field {
					return m.refusal().OfPart()
				}
			}
		}
	}
	return nil
}

// compare reads the metadata of every table of the sheet.
func (s *Store) compare(ctx context.Context) (*live, error) {
	tables := map[string]map[string]dataverse.Attribute{}
	gone := map[string]bool{}
	var found []Mismatch
	off := map[cosell.Field]bool{}
	for _, c := range s.whole.Columns() {
		if _, known := tables[c.Table]; !known {
			columns, err := s.columnsOf(ctx, c.Table)
			if fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) {
				return nil, err
			}
			tables[c.Table], gone[c.Table] = columns, tableGone(err)
		}
		problem := problemOf(c, tables[c.Table], gone[c.Table])
		if problem == "" || slices.ContainsFunc(found, func(m Mismatch) bool { return m.Field == c.Field && m.Table == c.Table && m.Column == c.Name }) {
			continue
		}
		mend := "name a column of that type in the row " + string(c.Field) + " of your mapping file"
		if _, there := tables[c.Table][c.Name]; !there {
			mend = adding(c.Name) + ", or name another one in the row " + string(c.Field) + " of your mapping file"
		}
		found = append(found, Mismatch{Field: c.Field, Table: c.Table, Column: c.Name, Problem: problem, Off: !c.Vital, Vital: c.Vital, Mend: mend})
		off[c.Field] = !c.Vital
	}
	found = append(found, s.unfit(tables, off)...)
	unreachable, err := s.unreachable(ctx, tables, off)
	if err != nil {
		return nil, err
	}
	found = append(found, unreachable...)
	found = append(found, s.lostOptions(tables)...)
	found = append(found, s.unfilled(tables)...)
	found = append(found, s.unfixed(tables)...)
	sheet := s.whole.Without(off)
	return &live{sheet: sheet, query: query(s.table, sheet), mismatches: found, at: s.options.Now(), waits: s.whole.Waits()}, nil
}

// adding says how a column comes into the CRM: ours come by the command that makes them.
func adding(column string) string {
	if strings.HasPrefix(column, "cosell_") {
		return "run cosellctl setup dataverse, which makes it"
	}
	return "add the column to the CRM"
}

// columnsOf reads a table's metadata; that of the store's own table is what codecs look things up in, too.
func (s *Store) columnsOf(ctx context.Context, table string) (map[string]dataverse.Attribute, error) {
	if table != s.table.kind {
		if m, known := s.metadata.peek(); known && m.tables[table] != nil {
			return m.tables[table], nil // read with the opportunity's, a moment ago
		}
		return s.definitions.attributes(ctx, table)
	}
	m, err := s.metadata.again(ctx)
	return m.found, err
}

func tableGone(err error) bool {
	return fault.Is(err, fault.Gone) || fault.ClassOf(err) == fault.Ours && fault.Of(err).Code == dataverse.CodeTable
}

func problemOf(c mapping.Column, columns map[string]dataverse.Attribute, gone bool) string {
	if gone {
		return "is gone with its table"
	}
	if len(columns) == 0 {
		return "" // nobody could look
	}
	a, known := columns[c.Name]
	switch {
	case !known:
		return "is not there"
	case len(c.Kinds) > 0 && !slices.Contains(c.Kinds, a.Type):
		return "is of type " + a.Type + " now, not of " + strings.Join(c.Kinds, " or ")
	}
	return ""
}

// lostOptions names options of shipped choices and of value tables that CRM does not have: their values are
// refused one by one.
func (s *Store) lostOptions(tables map[string]map[string]dataverse.Attribute) []Mismatch {
	var out []Mismatch
	for _, row := range s.whole.Rows() {
		p := row.Place()
		a, known := tables[p.Table][p.Column]
		if !known || row.CRM == "" || !row.HasOptions() || len(a.Options) == 0 && !strings.Contains(a.Type, "Picklist") {
			continue // a column of another type is named as such
		}
		lost := func(problem string) {
			out = append(out, Mismatch{Field: row.Field, Table: p.Table, Column: p.Column, Problem: problem, of: OfOption, Mend: "add the option to the choice of " + p.Column +
				", or correct the row " + string(row.Field) + " of your mapping file"})
		}
		if len(row.Values) > 0 {
			for _, name := range mapping.Lost(row.Values, labels(a.Options)) {
				lost(fmt.Sprintf("has no option %q", name) + nearLabel(name, a))
			}
			continue
		}
		shipped, own := s.whole.Shipped(row)
		choices := mapping.ResolveChoices(shipped, own, labels(a.Options))
		for _, o := range shipped {
			if _, ok := choices.Value(o.Code); !ok {
				lost(fmt.Sprintf("has no option %q (%s)", o.Label, o.Code))
			}
		}
	}
	return out
}

// nearLabel proposes the option that was probably meant.
func nearLabel(wrong string, a dataverse.Attribute) string {
	if near := mapping.NearestLabel(wrong, labels(a.Options)); near != "" {
		return fmt.Sprintf("; the nearest is %q", near)
	}
	return ""
}

// unfit names columns of the organisation's own that no codec carries, and switches their rows off, and columns
// that the CRM computes although the row would write them.
func (s *Store) unfit(tables map[string]map[string]dataverse.Attribute, off map[cosell.Field]bool) []Mismatch {
	var out []Mismatch
	for _, row := range s.whole.Rows() {
		p := row.Place()
		a, known := tables[p.Table][p.Column]
		if !known || row.CRM == "" || off[row.Field] {
			continue
		}
		m := Mismatch{Field: row.Field, Table: p.Table, Column: p.Column, Mend: "name a column of another type in the row " + string(row.Field) + " of your mapping file"}
		written := row.PlaceOf(row.Written())
		switch {
		case row.As == mapping.AsOwn && row.Kind() == "":
			m.Problem, m.Off = "is of type "+a.Type+", which no codec carries", true
			off[row.Field] = true
		case writes(row) && tables[written.Table][written.Column].ReadOnly:
			m.Column, m.Problem = written.Column, "is computed by the CRM or locked, and the row would write it"
			m.Mend = "let the row " + string(row.Field) + " say way: toReferral, or name in crmWrite the column that people fill in"
		default:
			continue
		}
		out = append(out, m)
	}
	return out
}

// writes says whether a value of the row ever goes into a row of the CRM that is there.
func writes(row mapping.Row) bool {
	return !row.Fixed() && (row.Way == cosell.Both || row.Way == cosell.ToOpportunity) && row.Place().Nav == "" && row.Scalar()
}
