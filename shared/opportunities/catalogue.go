package opportunities

import (
	"context"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// tables are where the solution rows and the catalogue stand.
func (s *Store) tables() mapping.Tables { return s.whole.Tables() }

// lookupValue is how a lookup column is read.
func lookupValue(column string) string { return "_" + column + "_value" }

// catalogueSolution is a row of the solution catalogue.
type catalogueSolution struct {
	row        string // row id
	identifier string
	name       string
	service    bool // its type says so: a deal with it is Services co-sell
	kind       string
	publisher  string
}

// details are what solution rows refer to: the catalogue by the ids of its rows, and the currencies' rows by their
// ISO codes where the price of a row has its currency in a lookup.
type details struct {
	catalogue  map[string]catalogueSolution
	currencies map[string]string
}

func (s *Store) loadCatalogue(ctx context.Context) (map[string]catalogueSolution, error) {
	t := s.tables().Catalogue
	out := map[string]catalogueSolution{}
	err := s.api.Each(ctx, t.Set, dataverse.Query{Select: t.Columns()}, func(r dataverse.Row) error {
		id := r.ID(t.ID)
		out[id] = catalogueSolution{row: id, identifier: strings.TrimSpace(r.Text(t.Identifier)), name: r.Text(t.Name), kind: r.Text(t.Type), publisher: r.Text(t.Publisher),
			service: strings.Contains(strings.ToLower(r.Text(t.Type)), "service")}
		return nil
	})
	return out, err
}

// detailsOf reads the catalogue when a solution row names an entry of it, afresh when the row refers to an entry
// that is not known yet; and the currencies where rows refer to them.
func (s *Store) detailsOf(ctx context.Context, rows []dataverse.Row) (d details, err error) {
	if d.currencies, err = s.currenciesOf(ctx, rows); err != nil {
		return d, err
	}
	d.catalogue, err = s.catalogueOf(ctx, rows)
	return d, err
}

func (s *Store) catalogueOf(ctx context.Context, rows []dataverse.Row) (map[string]catalogueSolution, error) {
	var known map[string]catalogueSolution
	for _, r := range rows {
		id := strings.ToLower(r.Text(lookupValue(s.tables().Rows.Solution)))
		if id == "" && r.Text(s.tables().Rows.Identifier) == "" {
			continue
		}
		var err error
		if known == nil {
			if known, err = s.catalogue.get(ctx); err != nil {
				return nil, err
			}
		}
		if _, ok := known[id]; !ok && id != "" {
			return s.catalogue.again(ctx)
		}
	}
	return known, nil
}

// currencyAge is how soon the currencies are read again for a row whose currency is not among them.
const currencyAge = time.Minute

// currenciesOf reads the currencies that rows lead to, afresh when one is not known yet.
func (s *Store) currenciesOf(ctx context.Context, rows []dataverse.Row) (all map[string]string, err error) {
	t := s.tables().Rows
	for _, r := range rows {
		id := r.Text(lookupValue(t.Currency))
		if t.CurrencyBind == "" || id == "" {
			continue
		}
		if all, err = s.currencies.get(ctx); err != nil {
			return nil, err
		}
		if codeOfCurrency(all, id) == "" && s.currencies.renew(ctx, currencyAge) { // or it is none that is active
			return s.currencies.get(ctx)
		}
	}
	return all, nil
}

// codeOfCurrency is the ISO code of a currency's row; "" where it is none that is active.
func codeOfCurrency(all map[string]string, id string) string {
	for code, row := range all {
		if strings.EqualFold(row, id) {
			return code
		}
	}
	return ""
}

// rowCurrency is the currency of a solution row's price. A lookup without a price says nothing: the CRM fills it by
// itself.
func (s *Store) rowCurrency(row dataverse.Row, d details, price string) string {
	t := s.tables().Rows
	if t.CurrencyBind == "" {
		return strings.ToUpper(row.Text(t.Currency))
	}
	if price == "" {
		return ""
	}
	return codeOfCurrency(d.currencies, row.Text(lookupValue(t.Currency)))
}

// byIdentifier finds the catalogue's row of a solution id, letter case aside: where somebody has typed it in twice,
// always the same one. No identifier is nobody's.
func byIdentifier(catalogue map[string]catalogueSolution, identifier string) (found catalogueSolution, ok bool) {
	for _, c := range catalogue {
		if identifier != "" && strings.EqualFold(c.identifier, identifier) && (!ok || c.row < found.row) {
			found, ok = c, true
		}
	}
	return found, ok
}

func (s *Store) loadCurrencies(ctx context.Context) (map[string]string, error) {
	rows, err := s.api.List(ctx, "transactioncurrencies", dataverse.Query{
		Select: []string{"transactioncurrencyid", "isocurrencycode"}, Filter: dataverse.EqInt("statecode", 0)})
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[strings.ToUpper(r.Text("isocurrencycode"))] = r.ID("transactioncurrencyid")
	}
	return out, nil
}
