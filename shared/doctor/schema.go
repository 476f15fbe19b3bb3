package doctor

import (
	"slices"

	schema "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Our tables of solution rows and of the catalogue, in whose place a sheet may name others.
const (
	ownRows      = "cosell_solution"
	ownCatalogue = "cosell_solutiondetail"
)

// EndpointName is what the service endpoint is called; the names of the event steps begin with it.
func EndpointName() string {
	d, _ := schema.Read() // our own; its tests read it
	return d.Endpoint.Name
}

// step is an event step that has to be there.
type step struct {
	name, table string
	columns     []string // that it has to list, of an update
	image       []string // that its pre-image has to hold, so that the event of a row that is gone says whose it was
}

// stepsOf are the event steps that a field sheet needs, over its own tables.
func stepsOf(sheet *mapping.Sheet, leads bool) (out []step) {
	columns := map[string][]string{}
	watched := sheet.Watched()
	if leads {
		watched = append(watched, sheet.Leads().Watched()...)
	}
	for _, c := range watched {
		if !slices.Contains(columns[c.Table], c.Event()) {
			columns[c.Table] = append(columns[c.Table], c.Event())
		}
	}
	d, _ := schema.Read() // our own; its tests read it
	for _, s := range d.Steps {
		if s.Table == ownRows {
			s.Table = sheet.Tables().Rows.Table
			if len(s.PreImage) > 0 {
				s.PreImage = []string{sheet.Tables().Rows.Opportunity}
			}
		}
		if s.Table == "" || s.Table == mapping.LeadTable && !leads {
			continue
		}
		one := step{name: s.Name(d.Endpoint), table: s.Table, image: s.PreImage}
		if s.Message == "Update" {
			one.columns = columns[s.Table]
		}
		out = append(out, one)
	}
	return out
}
