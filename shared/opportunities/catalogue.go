package opportunities

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
)

// What infra/dataverse/schema.json calls the solution rows of an opportunity and the catalogue behind
// them; a test holds the two together.
const (
	solutionTable      = "cosell_solution"
	solutionSet        = "cosell_solutions"
	solutionID         = "cosell_solutionid"
	solutionName       = "cosell_name"
	solutionIdentifier = "cosell_identifier"
	solutionPrice      = "cosell_price"
	solutionQuantity   = "cosell_quantity"
	solutionCurrency   = "cosell_currency"
	solutionDetail     = "cosell_solutiondetailid"
	solutionDetailBind = "cosell_SolutionDetailId@odata.bind"
	solutionParent     = "cosell_opportunityid"
	solutionParentBind = "cosell_OpportunityId@odata.bind"

	catalogueSet        = "cosell_solutiondetails"
	catalogueID         = "cosell_solutiondetailid"
	catalogueIdentifier = "cosell_identifier"
	catalogueName       = "cosell_name"
)

// lookupValue is how a lookup column is read.
func lookupValue(column string) string { return "_" + column + "_value" }

// catalogueSolution is a row of the solution catalogue.
type catalogueSolution struct {
	row        string // row id
	identifier string
	name       string
}

func (s *Store) loadCatalogue(ctx context.Context) (map[string]catalogueSolution, error) {
	rows, err := s.api.List(ctx, catalogueSet, dataverse.Query{Select: []string{catalogueID, catalogueIdentifier, catalogueName}})
	if err != nil {
		return nil, err
	}
	out := make(map[string]catalogueSolution, len(rows))
	for _, r := range rows {
		id := r.ID(catalogueID)
		out[id] = catalogueSolution{row: id, identifier: strings.TrimSpace(r.Text(catalogueIdentifier)), name: r.Text(catalogueName)}
	}
	return out, nil
}

// detailsOf reads the catalogue when a solution row refers to it, afresh when the row refers to an entry
// that is not known yet.
func (s *Store) detailsOf(ctx context.Context, rows []dataverse.Row) (map[string]catalogueSolution, error) {
	var known map[string]catalogueSolution
	for _, r := range rows {
		id := strings.ToLower(r.Text(lookupValue(solutionDetail)))
		if id == "" {
			continue
		}
		var err error
		if known == nil {
			if known, err = s.catalogue.get(ctx); err != nil {
				return nil, err
			}
		}
		if _, ok := known[id]; !ok {
			return s.catalogue.again(ctx)
		}
	}
	return known, nil
}

// byIdentifier finds the catalogue's row of a solution id, letter case aside.
func byIdentifier(catalogue map[string]catalogueSolution, identifier string) (catalogueSolution, bool) {
	for _, c := range catalogue {
		if strings.EqualFold(c.identifier, identifier) {
			return c, true
		}
	}
	return catalogueSolution{}, false
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
