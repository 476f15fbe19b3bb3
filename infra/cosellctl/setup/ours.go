package setup

import (
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// The kinds of solution components.
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/solutioncomponent
const (
	componentTable    = 1
	componentColumn   = 2
	componentLookup   = 10
	componentChoice   = 9
	componentKey      = 14
	componentRole     = 20
	componentView     = 26
	componentForm     = 60
	componentScript   = 61
	componentStep     = 92
	componentImage    = 93
	componentEndpoint = 95
)

// component is one part of our solution. A table that is in it for the sake of a column or a key is there in part.
type component struct {
	ID   string `json:"objectid"`
	Type int    `json:"componenttype"`
	Part int    `json:"rootcomponentbehavior"`
}

// readMine reads what is in our solution: what setup or its zip has made. Everything else that has a name of ours was made
// by somebody else, and is left as it is.
func (r *run) readMine(ctx context.Context, solution string) (err error) {
	r.mine, err = list[component](ctx, r.w, where("solutioncomponents", "objectid,componenttype,rootcomponentbehavior", "_solutionid_value eq "+solution))
	return err
}

// made says whether something is in our solution with all that it has.
func (r *run) made(kind int, id string) bool {
	return slices.ContainsFunc(r.mine, func(c component) bool { return c.Type == kind && c.Part == 0 && strings.EqualFold(c.ID, id) })
}

// madeColumn says so of a column, which may be there with its table.
func (r *run) madeColumn(table *tableState, c *columnState) bool {
	return r.made(componentColumn, c.MetadataID) || r.made(componentTable, table.MetadataID)
}

// notOurs is why a part stays as it is.
func notOurs(d dataverse.Definition) string {
	return "setup has not made it: it is not in the solution " + d.Solution.UniqueName
}

// mendNotOurs is what to do with a part that stands in the way.
func mendNotOurs(d dataverse.Definition) string {
	return "change it by hand, or add it to the solution " + d.Solution.UniqueName + " in the maker portal (Add existing), and run this again; rename or delete it if it is something else"
}
