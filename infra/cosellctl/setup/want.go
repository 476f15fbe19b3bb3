// Package setup brings a Dynamics 365 environment to what infra/dataverse says it needs, by the Web API: it reads what
// stands, makes a plan, and applies it. It never deletes; Teardown takes away what it has made.
package setup

import (
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Want is what an environment needs that works by the field sheet: of our own columns and tables those that the sheet
// uses, and event steps that listen to every column that it reads.
func Want(d dataverse.Definition, sheet *mapping.Sheet) dataverse.Definition {
	used := map[string]map[string]bool{}
	for _, c := range append(sheet.Columns(), sheet.Leads().Columns()...) {
		if used[c.Table] == nil {
			used[c.Table] = map[string]bool{}
		}
		used[c.Table][c.Name] = true
	}
	w := wanting{d: d, used: used, sheet: sheet, rows: sheet.Tables().Rows, catalogue: sheet.Tables().Catalogue}
	w.ownRows, w.ownCatalogue = w.has(ownRows), w.has(ownCatalogue)
	w.tables()
	w.keys()
	w.choices()
	w.views()
	w.forms()
	w.roles()
	w.steps()
	return w.d
}

// Our own tables.
const (
	ownRows      = "cosell_solution"
	ownCatalogue = "cosell_solutiondetail"
)

type wanting struct {
	d         dataverse.Definition
	used      map[string]map[string]bool
	sheet     *mapping.Sheet
	rows      mapping.RowTable
	catalogue mapping.CatalogueTable

	ownRows, ownCatalogue bool // our own tables are used
}

func (w *wanting) has(table string) bool {
	return table == w.rows.Table || table == w.catalogue.Table
}

func (w *wanting) tables() {
	var out []dataverse.Table
	for _, t := range w.d.Tables {
		switch {
		case t.LogicalName == ownRows && !w.ownRows, t.LogicalName == ownCatalogue && !w.ownCatalogue:
			continue
		case t.Standard:
			t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c dataverse.Column) bool { return !w.used[t.LogicalName][c.LogicalName] })
		}
		out = append(out, t)
	}
	w.d.Tables = out
}

// column says whether a column of ours is made, or is not ours.
func (w *wanting) column(table, name string) bool {
	t, ok := w.d.Table(table)
	if !ok {
		return !w.ours(table)
	}
	_, made := t.Column(name)
	return made || !w.ours(name)
}

func (w *wanting) ours(name string) bool { return strings.HasPrefix(name, w.d.Publisher.Prefix+"_") }

// keys stand on the columns that the sheet has for the same thing.
func (w *wanting) keys() {
	var out []dataverse.Key
	for _, k := range w.d.Keys {
		column := k.Columns[0]
		switch k.Table {
		case mapping.OpportunityTable:
			column = plain(w.sheet, cosell.ReferralID)
		case mapping.LeadTable:
			column = plain(w.sheet.Leads(), cosell.ReferralID)
		case ownCatalogue:
			if !w.ownCatalogue {
				continue // a table of somebody else's gets no key from us
			}
		}
		if column != "" {
			k.Columns = []string{column}
			out = append(out, k)
		}
	}
	w.d.Keys = out
}

// plain is the column that a field stands in, where that is a column of the table itself.
func plain(s *mapping.Sheet, f cosell.Field) string {
	r, ok := s.Row(f)
	if !ok || r.Place().Nav != "" || r.Place().Key != "" {
		return ""
	}
	return r.Place().Column
}

// choices are those that a column needs.
func (w *wanting) choices() {
	needed := map[string]bool{}
	for _, t := range w.d.Tables {
		for _, c := range t.Columns {
			needed[c.Choice] = true
		}
	}
	w.d.Choices = slices.DeleteFunc(slices.Clone(w.d.Choices), func(c dataverse.Choice) bool { return !needed[c.Name] })
}

func (w *wanting) views() {
	var out []dataverse.View
	for _, v := range w.d.Views {
		if slices.ContainsFunc(v.FilterColumns(), func(c string) bool { return !w.column(v.Table, c) }) {
			continue
		}
		v.Columns = slices.DeleteFunc(slices.Clone(v.Columns), func(c string) bool { return !w.column(v.Table, c) })
		out = append(out, v)
	}
	w.d.Views = out
}

func (w *wanting) forms() {
	var out []dataverse.Form
	for _, f := range w.d.Forms {
		f.Fields = slices.DeleteFunc(slices.Clone(f.Fields), func(c string) bool { return !w.column(f.Table, c) })
		f.Rules = slices.DeleteFunc(slices.Clone(f.Rules), func(r dataverse.Rule) bool { return !w.column(f.Table, r.Column) || !w.column(f.Table, r.Needs) })
		if f.Grid != nil && !w.ownRows {
			f.Grid = nil
		}
		if len(f.Fields) > 0 {
			out = append(out, f)
		}
	}
	w.d.Forms = out
	if !slices.ContainsFunc(out, func(f dataverse.Form) bool { return len(f.Rules) > 0 }) {
		w.d.Script = dataverse.ScriptFile{}
	}
}

// roles give rights to the tables that the sheet has; the name of a table that is not ours is looked up later.
func (w *wanting) roles() {
	var out []dataverse.Role
	for _, r := range w.d.Roles {
		r.Privileges = slices.Clone(r.Privileges)
		for i, p := range r.Privileges {
			switch {
			case p.Table == ownRows && !w.ownRows:
				r.Privileges[i].Table, r.Privileges[i].Of = w.rows.Table, ""
			case p.Table == ownCatalogue && !w.ownCatalogue:
				r.Privileges[i].Table, r.Privileges[i].Of = w.catalogue.Table, ""
			}
		}
		out = append(out, r)
	}
	w.d.Roles = out
}

func (w *wanting) steps() {
	more := map[string][]string{}
	for _, c := range append(w.sheet.Unwatched(), w.sheet.Leads().Unwatched()...) {
		if !slices.Contains(more[c.Table], c.Name) {
			more[c.Table] = append(more[c.Table], c.Name)
		}
	}
	var out []dataverse.Step
	for _, s := range w.d.Steps {
		if s.Table == ownRows && !w.ownRows {
			s.Table, s.Filter, s.PreImage = w.rows.Table, filterOf(s, w.rowColumns()), imageOf(s, w.rows.Opportunity)
		} else if s.Message == "Update" {
			s.Filter = slices.DeleteFunc(slices.Clone(s.Filter), func(c string) bool { return !w.column(s.Table, c) })
			for _, c := range more[s.Table] {
				if !slices.Contains(s.Filter, c) {
					s.Filter = append(s.Filter, c)
				}
			}
		}
		out = append(out, s)
	}
	w.d.Steps = out
}

func (w *wanting) rowColumns() []string {
	r := w.rows
	return slices.DeleteFunc([]string{r.Name, r.Identifier, r.Solution, r.Price, r.Quantity, r.Currency, r.Opportunity, r.State}, func(c string) bool { return c == "" })
}

func filterOf(s dataverse.Step, columns []string) []string {
	if s.Message != "Update" {
		return nil
	}
	return columns
}

func imageOf(s dataverse.Step, opportunity string) []string {
	if len(s.PreImage) == 0 {
		return nil
	}
	return []string{opportunity}
}
