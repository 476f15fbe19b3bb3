package opportunities

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// setSolutions writes members of the solution list as child rows. Rows that nobody changed are not
// touched; those that are carry their own versions.
func (s *Store) setSolutions(ctx context.Context, w *planned, o cosell.Opportunity, values cosell.Record) error {
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
	catalogue, err := s.catalogue.get(ctx)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		writes, err := s.solutionWrites(o.ID, rows, catalogue, key, changes[key])
		if err != nil {
			return mapping.RefusedValue("opportunity "+o.ID, cosell.Solutions.Of(key), err)
		}
		w.children = append(w.children, writes...)
	}
	return nil
}

// solutionWrites are the writes of one member: an empty text deletes every row of the solution, a new key
// makes one, anything else changes the first.
func (s *Store) solutionWrites(opportunity string, rows []dataverse.Row, catalogue map[string]catalogueSolution, key, text string) ([]dataverse.Write, error) {
	var out []dataverse.Write
	taken := map[string]bool{}
	known := false
	for _, row := range rows {
		taken[row.ID(solutionID)] = true
		has, _ := solutionOfRow(row, catalogue)
		if has != key {
			continue
		}
		path := rowPath(solutionSet, row.ID(solutionID))
		switch {
		case text == "":
			out = append(out, dataverse.Write{Method: http.MethodDelete, Path: path, IfMatch: row.ETag()})
		case !known:
			body, err := s.solutionChanges(row, catalogue, text)
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
	write, err := s.newSolution(opportunity, catalogue, key, text, taken)
	return append(out, write), err
}

// solutionChanges are the columns of a row that differ from the member.
func (s *Store) solutionChanges(row dataverse.Row, catalogue map[string]catalogueSolution, text string) (map[string]any, error) {
	_, had := solutionOfRow(row, catalogue)
	want := mapping.ParseSolution(text)
	all, err := s.solutionColumns(want)
	if err != nil {
		return nil, err
	}
	body := map[string]any{}
	for column, changed := range map[string]bool{
		solutionName:     want.Name != "" && want.Name != had.Name && !row.Has(lookupValue(solutionDetail)),
		solutionPrice:    want.Price != had.Price,
		solutionQuantity: want.Quantity != had.Quantity,
		solutionCurrency: want.Currency != had.Currency,
	} {
		if changed {
			body[column] = all[column]
		}
	}
	return body, nil
}

func (s *Store) solutionColumns(m mapping.Solution) (map[string]any, error) {
	quantity, err := wholeNumber(m.Quantity)
	if err != nil {
		return nil, err
	}
	body := map[string]any{
		solutionName: mapping.OrNull(mapping.Cut(m.Name, s.sheet().LengthOf(solutionTable, solutionName))), solutionPrice: nil,
		solutionQuantity: quantity, solutionCurrency: mapping.OrNull(m.Currency),
	}
	if m.Price != "" {
		body[solutionPrice] = json.Number(m.Price)
	}
	return body, nil
}

// newSolution makes a child row under the id that its opportunity and solution give it, so that making it
// twice is refused. Should another row stand there, whose solution a person has changed, the next id is taken.
func (s *Store) newSolution(opportunity string, catalogue map[string]catalogueSolution, key, text string, taken map[string]bool) (dataverse.Write, error) {
	m := mapping.ParseSolution(text)
	all, err := s.solutionColumns(m)
	if err != nil {
		return dataverse.Write{}, err
	}
	body := map[string]any{solutionIdentifier: key, solutionParentBind: dataverse.Bind(opportunitySet, opportunity)}
	for column, v := range all {
		if v != nil {
			body[column] = v
		}
	}
	if entry, ok := byIdentifier(catalogue, key); ok {
		body[solutionDetailBind] = dataverse.Bind(catalogueSet, entry.row)
	}
	id := s.deterministic("solution", opportunity, key)
	for n := 2; taken[id]; n++ {
		id = s.deterministic("solution", opportunity, key, strconv.Itoa(n))
	}
	return dataverse.Write{Method: http.MethodPatch, Path: rowPath(solutionSet, id), IfNoneMatch: "*", Body: body}, nil
}
