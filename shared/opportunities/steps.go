package opportunities

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	schema "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// The event steps of the CRM. https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/sdkmessageprocessingstep
const (
	stepSet     = "sdkmessageprocessingsteps"
	stepID      = "sdkmessageprocessingstepid"
	stepName    = "name"
	stepFilter  = "filteringattributes"
	updateOf    = ": Update of "
	filterComma = ","
)

// Listen has our event steps listen to columns that the sheet reads and that they do not list yet, so that an edit
// of a column of the organisation's own crosses as fast as any other. It gives the columns that still raise no
// event: their table has no step of ours, or our role may not change steps. Broken, Later: the CRM could not be
// asked now.
func (s *Store) Listen(ctx context.Context, columns []mapping.Column) (deaf []mapping.Column, err error) {
	if len(columns) == 0 {
		return nil, nil
	}
	rows, err := s.api.List(ctx, stepSet, dataverse.Query{Select: []string{stepID, stepName, stepFilter}, Filter: dataverse.StartsWith(stepName, endpointName()+updateOf)})
	if fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) {
		return nil, err
	}
	if err != nil {
		return columns, nil // our role may not look
	}
	wanted := map[string][]mapping.Column{}
	for _, c := range columns {
		wanted[c.Table] = append(wanted[c.Table], c)
	}
	for _, table := range slices.Sorted(maps.Keys(wanted)) {
		deaf = append(deaf, s.listen(ctx, rows, table, wanted[table])...)
	}
	return deaf, nil
}

// listen widens the filter of a table's step.
func (s *Store) listen(ctx context.Context, steps []dataverse.Row, table string, columns []mapping.Column) (deaf []mapping.Column) {
	i := slices.IndexFunc(steps, func(r dataverse.Row) bool { return strings.HasSuffix(r.Text(stepName), updateOf+table) })
	if i < 0 {
		return columns
	}
	filter := strings.Split(steps[i].Text(stepFilter), filterComma)
	if steps[i].Text(stepFilter) == "" {
		return nil // it listens to every column
	}
	for _, c := range columns {
		if !slices.Contains(filter, c.Name) {
			filter = append(filter, c.Name)
			deaf = append(deaf, c)
		}
	}
	if len(deaf) == 0 {
		return nil
	}
	_, err := s.api.Update(ctx, stepSet, steps[i].ID(stepID), steps[i].ETag(), map[string]any{stepFilter: strings.Join(filter, filterComma)}, dataverse.Query{Select: []string{stepID}})
	if err != nil {
		return deaf // until the next comparison
	}
	return nil
}

// endpointName is what the service endpoint of our steps is called; their names begin with it.
func endpointName() string {
	var doc struct {
		Endpoint struct {
			Name string `json:"name"`
		} `json:"endpoint"`
	}
	_ = json.Unmarshal(schema.Schema, &doc) // mapping has read it before
	return doc.Endpoint.Name
}
