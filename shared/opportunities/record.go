package opportunities

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// opportunity makes the heart's opportunity of a row that was read with the sheet's query. Who is connected with it is
// asked where anybody is.
func (s *Store) opportunity(ctx context.Context, row dataverse.Row) (cosell.Opportunity, error) {
	o, err := s.plain(ctx, row)
	if err != nil {
		return o, err
	}
	people, err := s.connectedTo(ctx, row)
	switch {
	case err != nil:
		return o, err
	case s.blind() && o.Record[cosell.ReferralID] != "":
		forgetPeople(o.Record) // nobody can tell who left
		return o, nil
	}
	err = s.substitute(ctx, o.Record, row)
	s.addConnected(o.Record, people)
	return o, err
}

// answered does so with the answer to a write, which asks nothing more: where others than those given are connected
// it says nothing of people.
func (s *Store) answered(ctx context.Context, row dataverse.Row, people *connected) (cosell.Opportunity, error) {
	o, err := s.plain(ctx, row)
	if err != nil {
		return o, err
	}
	if people == nil && (unasked(row) || s.blind()) {
		forgetPeople(o.Record)
		return o, nil
	}
	if err := s.substitute(ctx, o.Record, row); err != nil {
		return o, err
	}
	if people != nil {
		s.addConnected(o.Record, *people)
	}
	return o, nil
}

// plain is the opportunity without the people that are connected with it.
func (s *Store) plain(ctx context.Context, row dataverse.Row) (cosell.Opportunity, error) {
	o := cosell.Opportunity{Side: cosell.Side{
		ID: row.ID(s.table.id), Version: row.ETag(), Read: row.Date(), Source: row,
	}}
	o.Modified, _ = time.Parse(time.RFC3339, row.Text(modifiedAt)) // zero when it cannot be read
	o.Rows, o.Children = childRows(row, s.sheet())
	o.Connected = connections(row)
	s.relate(&o, func(lookup string) string { return strings.ToLower(row.Text(lookupValue(lookup))) })
	by := row.Text(lookupValue(maker))
	o.Untouched = by != "" && by == row.Text(lookupValue(lastWriter))
	m, known := s.metadata.peek()
	if known && s.unknownOption(row, m) && s.renewed(ctx, repairAge) {
		m, known = s.metadata.peek()
	}
	if !known && s.needsMetadata(row) {
		var err error
		if m, err = s.metadata.get(ctx); err != nil {
			return o, err
		}
	} else if !known {
		m.reasons = s.shippedReasons
	}
	var solutions []dataverse.Row
	if r, ok := s.sheet().Row(cosell.Solutions); ok {
		solutions = s.activeRows(row, r)
	}
	d, err := s.detailsOf(ctx, solutions)
	if err != nil {
		return o, err
	}
	o.Born = s.born(m.found)
	g := s.glossary(m)
	if g.Lookups, err = s.lookupTexts(ctx, row, m); err != nil {
		return o, err
	}
	o.Record = s.record(row, g, m.reasons, d)
	o.Own = s.own(row, g, o.Record[cosell.Status])
	s.tellConsent(o.Record, row)
	return o, nil
}

// born is since when the opportunity's own columns exist, as far as the metadata has been read.
func (s *Store) born(columns map[string]dataverse.Attribute) map[cosell.Field]time.Time {
	out := map[cosell.Field]time.Time{}
	for _, r := range s.sheet().Rows() {
		if a, known := columns[r.CRM]; known && !a.Created.IsZero() {
			out[r.Field] = a.Created
		}
	}
	return out
}

// Emptied looks again at a row in which something seems to have been cleared: a column that was deleted and made
// anew comes back empty, and one that column security keeps from us shows as empty. The one is younger than what
// is remembered (Born), the other says nothing (absent). One call. Broken, Later: it could not be asked now.
func (s *Store) Emptied(ctx context.Context, o cosell.Opportunity) (cosell.Opportunity, error) {
	columns, err := s.api.Columns(ctx, s.table.kind)
	if fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) {
		return o, err
	}
	if err != nil {
		return o, nil // our role may not look
	}
	o.Born, o.Record = s.born(columns), o.Record.Clone()
	for _, r := range s.sheet().Rows() {
		if columns[r.CRM].Secured && o.Record[r.Field] == "" {
			delete(o.Record, r.Field)
		}
	}
	return o, nil
}

// childRows are the ids of the solution rows, and the rows with their versions: when one is deleted, its id is
// all that is known of it. Those that were deactivated are among them: they are listed, so nobody waits for them.
func childRows(row dataverse.Row, sheet *mapping.Sheet) (ids []string, children []cosell.Side) {
	field, ok := sheet.Row(cosell.Solutions)
	if !ok {
		return nil, nil
	}
	for _, child := range row.Rows(field.CRM) {
		id := child.ID(sheet.Tables().Rows.ID)
		ids = append(ids, id)
		children = append(children, cosell.Side{ID: id, Version: child.ETag()})
	}
	slices.Sort(ids)
	return ids, children
}

// needsMetadata says whether the row cannot be read without metadata: an option is chosen, or a status
// reason that only its label explains.
func (s *Store) needsMetadata(row dataverse.Row) bool {
	return !s.shippedReasons.Known(row.Text(statusColumn)) ||
		slices.ContainsFunc(s.sheet().Rows(), func(r mapping.Row) bool {
			return r.Scalar() && r.CRM != "" && (r.HasOptions() || r.IsLookup()) && holds(row, r)
		})
}

// holds says whether the column of a field has a value.
func holds(row dataverse.Row, r mapping.Row) bool {
	p := r.Place()
	in, ok := inRow(row, p)
	if r.IsLookup() {
		return ok && in.Has(lookupValue(p.Column))
	}
	return ok && in.Has(p.Column)
}

// unknownOption says whether the row holds an option that was not there when the metadata was read.
func (s *Store) unknownOption(row dataverse.Row, m metadata) bool {
	return slices.ContainsFunc(s.sheet().Rows(), func(r mapping.Row) bool {
		return r.Kind() == mapping.AsChoice && len(r.Values) == 0 && r.Place().Nav == "" && row.Has(r.CRM) && !m.choices[r.CRM].Has(row.Text(r.CRM))
	})
}

// glossary is what the codecs look things up in.
func (s *Store) glossary(m metadata) *mapping.Glossary {
	g := mapping.NewGlossary(s.options.Zone)
	g.Country, g.Choices, g.Days, g.CRMZone = s.country, m.choices, m.days, s.options.CRMZone
	return g
}

// reading is a row with what is needed to read it.
type reading struct {
	row       dataverse.Row
	glossary  *mapping.Glossary
	reasons   mapping.StatusReasons
	details   details
	status    string
	statusErr error
}

// record reads the fields of a row. What cannot be read is noted under cosell.Unreadable, and the others are read.
func (s *Store) record(row dataverse.Row, g *mapping.Glossary, reasons mapping.StatusReasons, d details) cosell.Record {
	r := cosell.Record{}
	if at := closedAt(row); at != "" {
		r[cosell.LastClosed] = at
	}
	if row.Text(calculated) == "true" {
		r[cosell.Locked.Of(string(cosell.DealValue))] = calculatedValue
	}
	in := reading{row: row, glossary: g, reasons: reasons, details: d}
	in.status, in.statusErr = reasons.Status(row.Text(stateColumn), row.Text(statusColumn))
	for _, field := range s.sheet().Rows() {
		switch {
		case field.CRM == "" || field.Fixed():
		case field.As == mapping.AsMembers:
			s.readPeople(r, field, row)
		case field.As == mapping.AsSolutions:
			s.readSolutions(r, field, row, d)
		default:
			s.readValue(r, field, in)
		}
	}
	return r
}

// readValue reads a field of one value.
func (s *Store) readValue(r cosell.Record, field mapping.Row, in reading) {
	text, present, err := s.valueOf(field, in)
	if text != "" && err == nil && len(field.Values) == 0 {
		text, err = mapping.OfYear(s.years, field.Field, text, s.options.Now())
	}
	switch {
	case err != nil:
		r[cosell.Unreadable.Of(string(field.Field))] = "in CRM, " + field.CRM + ": " + err.Error()
	case present:
		r[field.Field] = text
	}
}

// valueOf is the canonical text of a field; what the row does not say is not present.
func (s *Store) valueOf(field mapping.Row, in reading) (text string, present bool, err error) {
	switch field.As {
	case mapping.AsStatus:
		return in.status, true, in.statusErr
	case mapping.AsReason:
		if s.table.isLead {
			text, present = s.disqualifiedBecause(in.row, in.status, in.reasons)
		} else if text, present = closedBecause(in.row, in.status); present && in.status != cosell.Won {
			text = s.sheet().Why(text, in.row.Text(statusColumn), in.reasons)
		}
		return text, present, nil
	case mapping.AsMark:
		return markOf(in.row.Text(field.CRM)), true, nil
	case mapping.AsSeller:
		return mapping.Clean(in.row.Text(field.CRM)), true, nil
	}
	if !field.Scalar() {
		return "", false, nil // nobody knows yet what kind of column it is
	}
	text, present, err = readColumn(in.row, field, in.status, in.glossary)
	if s.table.isLead {
		text, present = s.ofLead(in.row, field, text, present)
	}
	return text, present, err
}

// markOf is the mark before a name; one that is not as we write it is untidy.
func markOf(name string) string {
	mark, bare := mapping.SplitMark(name)
	if mapping.WithMark(mark, bare) != name {
		return cosell.MarkUntidy
	}
	return mark
}

// readColumn reads a plain value. One of a related row that is not there is absent, not empty.
func readColumn(row dataverse.Row, field mapping.Row, status string, g *mapping.Glossary) (text string, present bool, err error) {
	path := field.CRM
	if status == cosell.Won && field.CRMWhenWon != "" && row.Has(field.CRMWhenWon) {
		path = field.CRMWhenWon
	}
	if field.As == mapping.AsCurrency {
		text, err = field.FromCRM(g, path, row.Text(path+"/"+currencyCode))
		return text, true, err
	}
	p := field.Place()
	related, ok := inRow(row, p)
	switch {
	case !ok:
		return "", false, nil
	case field.IsLookup():
		shown, found := g.Lookups[field.CRM]
		if !found && related.Has(lookupValue(p.Column)) {
			return "", true, mapping.NotA("a row that can be read", related.Text(lookupValue(p.Column)))
		}
		text, err = field.FromCRM(g, path, shown)
		return text, true, err
	case p.Nav == "":
		text, err = field.FromCRM(g, path, row.Text(path))
		return text, true, err
	}
	text, err = field.FromCRM(g, path, related.Text(p.Column))
	return text, true, err
}

// own is what the own columns of the fields hold of which a won deal shows the columns of the closing.
func (s *Store) own(row dataverse.Row, g *mapping.Glossary, status string) cosell.Record {
	var own cosell.Record
	for _, field := range s.sheet().Rows() {
		if status != cosell.Won || field.CRMWhenWon == "" || field.CRM == "" || !field.Scalar() {
			continue
		}
		if text, present, err := readColumn(row, field, "", g); present && err == nil {
			if own == nil {
				own = cosell.Record{}
			}
			own[field.Field] = text
		}
	}
	return own
}

// relatedRow follows a lookup, or the customer where the form's lookup is empty.
func relatedRow(row dataverse.Row, nav string) (dataverse.Row, bool) {
	if r, ok := row.Row(nav); ok {
		return r, true
	}
	switch nav {
	case accountNav:
		return row.Row(customerNav)
	case contactNav:
		return row.Row(personNav)
	}
	return dataverse.Row{}, false
}

// calculatedValue is why an amount cannot be written: the CRM computes it from the products.
const calculatedValue = "calculated"
