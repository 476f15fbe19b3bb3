package opportunities

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// readSolutions reads the list of solutions, says which of its rows cannot be sent, and whether one is a service.
func (s *Store) readSolutions(r cosell.Record, field mapping.Row, row dataverse.Row, d details) {
	rows, unknown := s.sendable(row, s.activeRows(row, field), d)
	s.readSolutionRows(rows, d).Into(r, field.Field)
	s.tellUnkeyed(r, field, rows, d)
	if unknown != "" {
		r[cosell.Unreadable.Of(string(field.Field))] = unknown
	}
	if s.hasService(rows, d) {
		r[cosell.ServicesDeal] = cosell.True
	}
}

// activeRows are the solution rows of an opportunity without those that people have deactivated: no view shows them, so they count as removed.
func (s *Store) activeRows(row dataverse.Row, field mapping.Row) []dataverse.Row {
	return slices.DeleteFunc(row.Rows(field.CRM), s.inactive)
}

// inactive says whether a solution row was deactivated; of a table without states none is.
func (s *Store) inactive(row dataverse.Row) bool {
	state := s.tables().Rows.State
	return state != "" && row.Has(state) && row.Text(state) != activeState
}

// activeState is the state of a row that nobody has deactivated.
const activeState = "0"

// readSolutionRows reads the solution rows. A row that names no solution, neither by the catalogue nor by
// its own identifier, is not counted.
func (s *Store) readSolutionRows(rows []dataverse.Row, d details) *mapping.List {
	var l mapping.List
	for _, row := range rows {
		key, sol := s.solutionOfRow(row, d)
		l.Add(key, sol.Text())
	}
	return &l
}

// tellUnkeyed names the rows that were not counted: Partner Center knows solutions by their id.
func (s *Store) tellUnkeyed(r cosell.Record, field mapping.Row, rows []dataverse.Row, d details) {
	var names []string
	for _, row := range rows {
		if key, sol := s.solutionOfRow(row, d); key == "" {
			names = append(names, strconv.Quote(sol.Name))
		}
	}
	if len(names) > 0 {
		r[cosell.Unreadable.Of(string(field.Field))] = "not sent, because no solution of the catalogue is chosen and no identifier is filled in: " + strings.Join(names, ", ")
	}
}

func (s *Store) solutionOfRow(row dataverse.Row, d details) (key string, sol mapping.Solution) {
	t := s.tables().Rows
	price, _ := mapping.Decimal(row.Text(t.Price)) // numbers of the CRM's own
	quantity, _ := mapping.Decimal(row.Text(t.Quantity))
	sol = mapping.Solution{Currency: s.rowCurrency(row, d, price), Name: mapping.Clean(row.Text(t.Name)), Price: price, Quantity: quantity}
	key = strings.TrimSpace(row.Text(t.Identifier))
	if entry, ok := d.catalogue[strings.ToLower(row.Text(lookupValue(t.Solution)))]; ok {
		key = entry.identifier
		sol.Name = mapping.FirstText(entry.name, sol.Name)
	} else if entry, ok := byIdentifier(d.catalogue, key); ok && sol.Name == "" {
		sol.Name = entry.name
	}
	return key, sol
}

// hasService says whether one of the solution rows is a service of the catalogue.
func (s *Store) hasService(rows []dataverse.Row, d details) bool {
	return slices.ContainsFunc(rows, func(row dataverse.Row) bool {
		if entry, ok := d.catalogue[strings.ToLower(row.Text(lookupValue(s.tables().Rows.Solution)))]; ok {
			return entry.service
		}
		entry, ok := byIdentifier(d.catalogue, strings.TrimSpace(row.Text(s.tables().Rows.Identifier)))
		return ok && entry.service
	})
}

// setSolutions writes members of the solution list as child rows. Rows that nobody changed are not
// touched; those that are carry their own versions.
func (s *Store) setSolutions(ctx context.Context, w *planned, o cosell.Opportunity, values cosell.Record, elsewhere map[string]bool) error {
	changes := values.Members(cosell.Solutions)
	field, ok := s.sheet().Row(cosell.Solutions)
	if !ok || len(changes) == 0 {
		return nil
	}
	source, read := o.Source.(dataverse.Row)
	if !read {
		return mustRead(o.ID)
	}
	rows := source.Rows(field.CRM)
	d, err := s.detailsFor(ctx, changes)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		writes, err := s.solutionWrites(o.ID, rows, d, key, changes[key], elsewhere)
		if err != nil {
			return mapping.RefusedValue("opportunity "+o.ID, cosell.Solutions.Of(key), err)
		}
		w.children = append(w.children, writes...)
	}
	return nil
}

// solutionWrites are the writes of one member: an empty text deletes every row of the solution, a new key
// makes one, anything else changes the first. Rows that were deactivated stay as they are, and keep their ids.
func (s *Store) solutionWrites(opportunity string, rows []dataverse.Row, d details, key, text string, elsewhere map[string]bool) ([]dataverse.Write, error) {
	var out []dataverse.Write
	taken, set := maps.Clone(elsewhere), s.tables().Rows.Set
	known := false
	for _, row := range rows {
		taken[row.ID(s.tables().Rows.ID)] = true
		has, _ := s.solutionOfRow(row, d)
		if has != key || s.inactive(row) {
			continue
		}
		path := rowPath(set, row.ID(s.tables().Rows.ID))
		switch {
		case text == "":
			out = append(out, dataverse.Write{Method: http.MethodDelete, Path: path, IfMatch: row.ETag()})
		case !known:
			body, err := s.solutionChanges(row, d, text)
			if err != nil {
				return nil, err
			}
			if len(body) > 0 {
				out = append(out, dataverse.Write{Method: http.MethodPatch, Path: path, IfMatch: row.ETag(), Body: body})
			}
		}
		known = true
	}
	if known || text == "" {
		return out, nil
	}
	writes, err := s.newSolution(opportunity, d, key, text, taken)
	return append(out, writes...), err
}

// solutionChanges are the columns of a row that differ from the member.
func (s *Store) solutionChanges(row dataverse.Row, d details, text string) (map[string]any, error) {
	_, had := s.solutionOfRow(row, d)
	want := mapping.ParseSolution(text)
	all, err := s.solutionColumns(d, want)
	if err != nil {
		return nil, err
	}
	body, t := map[string]any{}, s.tables().Rows
	for column, changed := range map[string]bool{
		t.Name:           want.Name != "" && want.Name != had.Name && !row.Has(lookupValue(t.Solution)),
		t.Price:          want.Price != had.Price,
		t.Quantity:       want.Quantity != had.Quantity,
		boundCurrency(t): want.Currency != had.Currency,
	} {
		if v, told := all[column]; changed && told {
			body[column] = v
		}
	}
	return body, nil
}

// boundCurrency is how the currency of a solution row is written.
func boundCurrency(t mapping.RowTable) string {
	if t.CurrencyBind != "" {
		return t.CurrencyBind + "@odata.bind"
	}
	return t.Currency
}

// detailsFor reads the catalogue for writing members, and the currencies where rows lead to them.
func (s *Store) detailsFor(ctx context.Context, members map[string]string) (d details, err error) {
	if s.tables().Rows.CurrencyBind != "" {
		d.currencies, err = s.currencies.get(ctx)
		for _, text := range members {
			if code := mapping.ParseSolution(text).Currency; err == nil && code != "" && d.currencies[code] == "" {
				d.currencies, err = s.currencies.again(ctx)
			}
		}
	}
	if err == nil {
		d.catalogue, err = s.catalogue.get(ctx)
	}
	return d, err
}

func (s *Store) solutionColumns(d details, m mapping.Solution) (map[string]any, error) {
	quantity, err := wholeNumber(m.Quantity)
	if err != nil {
		return nil, err
	}
	t := s.tables().Rows
	body := map[string]any{
		t.Name: mapping.OrNull(mapping.Cut(m.Name, s.sheet().LengthOf(t.Table, t.Name))), t.Price: nil, t.Quantity: quantity,
	}
	switch {
	case t.CurrencyBind == "":
		body[t.Currency] = mapping.OrNull(m.Currency)
	case m.Currency != "": // a lookup to the currency is never empty
		id, err := mapping.CurrencyRow(d.currencies, m.Currency)
		if err != nil {
			return nil, err
		}
		body[boundCurrency(t)] = dataverse.Bind("transactioncurrencies", id)
	}
	if m.Price != "" {
		body[t.Price] = json.Number(m.Price)
	}
	delete(body, "") // the table has no such column
	return body, nil
}

// newSolution makes a child row under the id that its opportunity and solution give it, so that making it
// twice is refused. Should another row stand there, whose solution or opportunity a person has changed, the next id is taken. In a
// table that knows solutions by the catalogue alone, one that is not there is made there first.
func (s *Store) newSolution(opportunity string, d details, key, text string, taken map[string]bool) ([]dataverse.Write, error) {
	m := mapping.ParseSolution(text)
	all, err := s.solutionColumns(d, m)
	if err != nil {
		return nil, err
	}
	t := s.tables()
	body := map[string]any{t.Rows.OpportunityBind + "@odata.bind": dataverse.Bind(opportunitySet, opportunity)}
	if t.Rows.Identifier != "" {
		body[t.Rows.Identifier] = key
	}
	for column, v := range all {
		if v != nil {
			body[column] = v
		}
	}
	var writes []dataverse.Write
	entry, ok := byIdentifier(d.catalogue, key)
	if !ok && t.Rows.Identifier == "" {
		entry.row = s.entryID(d.catalogue, key)
		writes, ok = append(writes, s.newEntry(entry.row, key, m.Name)), true
	}
	if ok {
		body[t.Rows.SolutionBind+"@odata.bind"] = dataverse.Bind(t.Catalogue.Set, entry.row)
	}
	id := s.deterministic("solution", opportunity, key)
	for n := 2; taken[id]; n++ {
		id = s.deterministic("solution", opportunity, key, strconv.Itoa(n))
	}
	return append(writes, dataverse.Write{Method: http.MethodPatch, Path: rowPath(t.Rows.Set, id), IfNoneMatch: "*", Body: body}), nil
}

// standElsewhere says whether rows that were to be made are there already and are none of the opportunity's: a person has moved a
// solution row to another one, or off its own, which takes its id, or the catalogue is not any more what it was when it was read. A row of the
// opportunity itself was made meanwhile, or by a write whose answer was lost: who reads the opportunity again sees it.
func (s *Store) standElsewhere(ctx context.Context, opportunity string, writes []dataverse.Write, taken map[string]bool) (news bool) {
	t := s.tables().Rows
	for _, w := range writes {
		set, id, _ := strings.Cut(strings.TrimSuffix(w.Path, ")"), "(")
		if w.IfNoneMatch == "" {
			continue
		}
		if set != t.Set {
			if fresh, err := s.catalogue.again(ctx); err == nil && fresh[id].row != "" && !taken[id] {
				taken[id], news = true, true
			}
			continue
		}
		row, err := s.api.Get(ctx, set, id, dataverse.Query{Select: []string{lookupValue(t.Opportunity)}})
		if err == nil && !strings.EqualFold(row.Text(lookupValue(t.Opportunity)), opportunity) && !taken[id] {
			taken[id], news = true, true
		}
	}
	return news
}

// entryID is the id that the catalogue's row of a solution gets, always the same: the next one where somebody has given that row
// another identifier.
func (s *Store) entryID(catalogue map[string]catalogueSolution, identifier string) string {
	id := s.deterministic("catalogue", strings.ToLower(identifier))
	for n := 2; catalogue[id].row != ""; n++ {
		id = s.deterministic("catalogue", strings.ToLower(identifier), strconv.Itoa(n))
	}
	return id
}

// newEntry makes a row of the catalogue of what Partner Center says of a solution.
func (s *Store) newEntry(id, identifier, name string) dataverse.Write {
	t := s.tables().Catalogue
	return dataverse.Write{Method: http.MethodPatch, Path: rowPath(t.Set, id), IfNoneMatch: "*",
		Body: map[string]any{t.Identifier: identifier, t.Name: mapping.Cut(mapping.FirstText(name, identifier), s.sheet().LengthOf(t.Table, t.Name))}}
}
