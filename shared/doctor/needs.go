package doctor

import (
	"slices"
	"strings"

	schema "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Need is what somebody must be allowed to do with a table, and why.
type Need struct {
	Table      string
	Operations []string // as the definitions of tables name them: Create, Read, Write, Delete, Append, AppendTo, Assign
	Why        string
	Spare      bool // the work goes on without, and says elsewhere what it lacks
}

// spare are the tables without whose rights deals are kept in step all the same.
var spare = []string{"connection", "connectionrole", "environmentvariabledefinition", "quote", "workflow", "asyncoperation", "serviceendpoint",
	"sdkmessage", "sdkmessagefilter", "sdkmessageprocessingstep", "sdkmessageprocessingstepimage", "team", "businessunit", "organization"}

// roleNeeds are the privileges of a role of infra/dataverse/schema.json, over the tables that the sheet names; leads
// only where they are kept in step.
func roleNeeds(whom string, sheet *mapping.Sheet, leads bool) (out []Need) {
	d, err := schema.Read()
	if err != nil {
		return nil // our own; its tests read it
	}
	t := sheet.Tables()
	own := map[string]string{ownRows: t.Rows.Table, ownCatalogue: t.Catalogue.Table}
	for _, p := range d.Role(whom).Privileges {
		table := p.Table
		if other, is := own[table]; is {
			table = other
		}
		if table == "" || table == mapping.LeadTable && !leads {
			continue
		}
		out = append(out, Need{table, p.May, p.Why, slices.Contains(spare, table)})
	}
	return out
}

// Needs lists what the application user needs with our own field sheet.
func Needs() []Need {
	sheet, err := mapping.Default()
	if err != nil {
		return nil // our own; its tests read it
	}
	return needs(sheet, Settings{Leads: true})
}

func needs(sheet *mapping.Sheet, s Settings) []Need {
	return roleNeeds(schema.ForApplication, sheet, s.Leads)
}

// sellerNeeds are what a seller does on the form: his sales role, and ours beside it.
func sellerNeeds(sheet *mapping.Sheet) []Need {
	return append([]Need{
		{"opportunity", []string{"Create", "Read", "Write", "Append", "AppendTo"}, "deals are shared on the opportunity", false},
		{"account", []string{"Read", "AppendTo"}, "a deal has a customer", false},
		{"contact", []string{"Read", "AppendTo"}, "a deal has a contact", false},
	}, roleNeeds(schema.ForSeller, sheet, false)...)
}

func tablesOf(all []Need) (names []string) {
	for _, n := range all {
		if !slices.Contains(names, n.Table) {
			names = append(names, n.Table)
		}
	}
	return names
}

// lower is an operation as people read it: "append to".
func lower(operation string) string {
	return strings.ToLower(strings.ReplaceAll(operation, "To", " to"))
}
