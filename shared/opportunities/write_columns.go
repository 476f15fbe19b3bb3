package opportunities

import (
	"context"
	"strconv"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// setColumns writes the plain values. Rows of related tables are not written through the opportunity.
func (s *Store) setColumns(ctx context.Context, w *planned, o cosell.Opportunity, values cosell.Record) error {
	g := s.glossary(metadata{})
	for _, row := range s.sheet().Rows() {
		text, ok := values[row.Field]
		if !ok || row.CRM == "" || row.Place().Nav != "" || !s.writable(row, o, values) {
			continue
		}
		if err := s.lookUp(ctx, g, row, text); err != nil {
			return err
		}
		err := s.setColumn(ctx, w, g, row, o, text)
		if err == nil {
			err = s.setCurrency(w, g, row, text)
		}
		if err != nil {
			return mapping.RefusedValue("opportunity "+o.ID, row.Field, err)
		}
	}
	return nil
}

// setCurrency sets the CRM's own currency, too, where its code stands in another column: the amounts of the row are
// in that one.
func (s *Store) setCurrency(w *planned, g *mapping.Glossary, row mapping.Row, code string) error {
	if row.Field != cosell.Currency || row.As != mapping.AsCurrencyCode || code == "" {
		return nil
	}
	id, err := mapping.CurrencyRow(g.Currencies, code)
	if err == nil {
		w.columns[currencyNav+"@odata.bind"] = dataverse.Bind("transactioncurrencies", id)
	}
	return err
}

// writable leaves out what is written elsewhere, and what the CRM computes.
func (s *Store) writable(row mapping.Row, o cosell.Opportunity, values cosell.Record) bool {
	source, _ := o.Source.(dataverse.Row)
	switch {
	case row.As == mapping.AsName || !row.Scalar() && row.As != mapping.AsSeller:
		return false
	case values[row.Field] == "" && (row.As == mapping.AsCurrency || row.Field == cosell.DealValue):
		return false // neither can be cleared
	case row.CRM == estimatedValue && source.Text(calculated) == "true":
		return false // the CRM overwrites it from the products
	case row.CRMWhenWon != "" && row.Field == cosell.DealValue && values[cosell.Status] == cosell.Won && o.Record[cosell.Status] != cosell.Won:
		return false // travels in the close activity
	}
	return true
}

// estimatedValue is the column that the CRM fills where revenue is system calculated.
const estimatedValue = "estimatedvalue"

// lookUp reads what the row's codec looks things up in.
func (s *Store) lookUp(ctx context.Context, g *mapping.Glossary, row mapping.Row, text string) error {
	switch {
	case row.HasOptions():
		if text == "" {
			return nil
		}
		m, err := s.metadata.get(ctx)
		g.Choices = m.choices
		return err
	case row.Kind() == mapping.AsDate:
		if text == "" || s.whole.Days(row.Written()) == mapping.DateOnly {
			return nil
		}
		m, err := s.metadata.get(ctx)
		g.Days = m.days
		return err
	case row.As == mapping.AsCurrency || row.As == mapping.AsCurrencyCode:
		var err error
		if g.Currencies, err = s.currencies.get(ctx); err != nil {
			return err
		}
		if _, ok := g.Currencies[text]; !ok && text != "" {
			g.Currencies, err = s.currencies.again(ctx)
		}
		return err
	}
	return nil
}

func (s *Store) setColumn(ctx context.Context, w *planned, g *mapping.Glossary, row mapping.Row, o cosell.Opportunity, text string) error {
	column := row.Written()
	if row.CRMWhenWon != "" && o.Record[cosell.Status] == cosell.Won {
		column = row.CRMWhenWon
	}
	if row.As == mapping.AsSeller {
		w.columns[column] = mapping.OrNull(s.fitting(row, text))
		return nil
	}
	if left, err := s.computed(row.PlaceOf(column), o); left || err != nil {
		return err
	}
	return s.setValue(ctx, w.columns, g, row, column, text)
}

// computed says whether a column is left out of a new row because the CRM fills it by itself, as far as the
// metadata was read. In a row that is there such a column is refused: the difference stays until somebody settles it.
func (s *Store) computed(p mapping.Place, o cosell.Opportunity) (left bool, err error) {
	m, known := s.metadata.peek()
	a, path := m.column(p), p.Column
	switch {
	case !known || !a.ReadOnly:
		return false, nil
	case o.Version == "" && o.Source == nil:
		return a.Fixed, nil
	}
	return false, fault.New(fault.Refused, "the column %s is computed by the CRM or locked", path).
		With("column.computed", "").Saying("the column "+path+" is computed by the CRM or locked, so nothing can be written into it",
		"change what it is computed from, or let the administrator name in crmWrite the column that people fill in")
}

// setValue writes one plain value into the columns of a row: the opportunity's own, or a related one's.
func (s *Store) setValue(ctx context.Context, columns map[string]any, g *mapping.Glossary, row mapping.Row, path, text string) error {
	v, err := row.ToCRM(g, path, text)
	if err != nil {
		return err
	}
	p := row.PlaceOf(path)
	shown, isText := v.(string)
	switch {
	case row.IsLookup():
		return s.setLookup(ctx, columns, p, shown)
	case row.As == mapping.AsCurrency && isText:
		columns[path+"@odata.bind"] = dataverse.Bind("transactioncurrencies", shown)
	case isText:
		columns[p.Column] = s.fitting(row, shown)
	default:
		columns[p.Column] = v
	}
	return nil
}

// fitting cuts a text to what the column holds in this organisation, should that be less than we ship.
func (s *Store) fitting(row mapping.Row, text string) string {
	switch row.Kind() {
	case mapping.AsText, mapping.AsMemo, mapping.AsCountry, mapping.AsSeller, mapping.AsContact, mapping.AsPeople:
		return mapping.Cut(text, s.lengthHere(row))
	}
	return text
}

// lengthHere is the length of a column: what the metadata says, if it was read, else what is shipped.
func (s *Store) lengthHere(row mapping.Row) int {
	length := s.sheet().Length(row.CRM)
	if m, ok := s.metadata.peek(); ok {
		if here := m.lengths[row.CRM]; here > 0 && (length == 0 || here < length) {
			return here
		}
	}
	return length
}

// setName composes mark and name. With check marks off, only a name that came from Partner Center is
// written, and never a mark.
func (s *Store) setName(w *planned, o cosell.Opportunity, values cosell.Record) error {
	row, ok := s.sheet().Row(cosell.Name)
	name, named := values[cosell.Name]
	mark, marked := values[cosell.Mark]
	if named = named && name != ""; !ok || !named && !marked {
		return nil
	}
	length := s.lengthHere(row)
	if !s.options.CheckMark {
		if named {
			w.columns[row.CRM] = mapping.Cut(name, length)
		}
		return nil
	}
	source, read := o.Source.(dataverse.Row)
	raw := source.Text(row.CRM)
	if !named {
		switch {
		case read:
			_, name = mapping.SplitMark(raw)
		case mark == o.Record[cosell.Mark]:
			return nil
		default:
			return mustRead(o.ID) // the remembered name may be a hash
		}
	}
	if !marked {
		var known bool
		if mark, known = o.Record[cosell.Mark]; !known || mark == cosell.MarkUntidy && !read {
			return mustRead(o.ID)
		}
		if mark == cosell.MarkUntidy {
			mark, _ = mapping.SplitMark(raw)
		}
	}
	if composed := mapping.WithMark(mark, mapping.Cut(name, mapping.Room(length))); !read || composed != raw {
		w.columns[row.CRM] = composed
	}
	return nil
}

// wholeNumber gives a quantity as the integer column wants it; a fraction is refused.
func wholeNumber(text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return nil, mapping.NotA("a quantity that CRM can hold, a whole number", text)
	}
	return n, nil
}
