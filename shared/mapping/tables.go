package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"go.yaml.in/yaml/v3"
)

// Tables are where an organisation keeps the solution rows of its opportunities, and the catalogue behind them.
type Tables struct {
	Rows      RowTable
	Catalogue CatalogueTable
}

// RowTable is the table of solution rows; a column that is "" is not there.
type RowTable struct {
	Table, Set, ID                              string
	Collection                                  string // the property of an opportunity that has its rows
	Opportunity, OpportunityBind                string // the lookup, and the property that it is written by
	Solution, SolutionBind                      string // the same of the catalogue's row
	Identifier, Name, Price, Quantity, Currency string
	CurrencyBind                                string // where the currency is a lookup: the property that it is written by
	State                                       string // whether the row is active
}

// CatalogueTable is the table of solutions that can be chosen.
type CatalogueTable struct {
	Table, Set, ID                    string
	Identifier, Name, Type, Publisher string
}

// stateColumn says of a row whether it is active. Tables of the organisation's own may lack it.
const stateColumn = "statecode"

// OwnRows is the set of our own solution rows.
const OwnRows = "cosell_solutions"

// ownTables are those of infra/dataverse/schema.json; a test holds the two together.
func ownTables() Tables {
	return Tables{
		Rows: RowTable{Table: "cosell_solution", Set: OwnRows, ID: "cosell_solutionid", Collection: "cosell_opportunity_solution",
			Opportunity: "cosell_opportunityid", OpportunityBind: "cosell_OpportunityId", Solution: "cosell_solutiondetailid", SolutionBind: "cosell_SolutionDetailId",
			Identifier: "cosell_identifier", Name: "cosell_name", Price: "cosell_price", Quantity: "cosell_quantity", Currency: "cosell_currency", State: stateColumn},
		Catalogue: CatalogueTable{Table: "cosell_solutiondetail", Set: "cosell_solutiondetails", ID: "cosell_solutiondetailid",
			Identifier: "cosell_identifier", Name: "cosell_name", Type: "cosell_type", Publisher: "cosell_publisher"},
	}
}

// Tables are those of the sheet: of the organisation's own where the row of the solutions names them.
func (s *Sheet) Tables() Tables { return s.tables }

// columns are those that the rows are read with, without the id.
func (t RowTable) columns() []string {
	return there(t.Name, t.Identifier, t.Solution, t.Price, t.Quantity, t.Currency, t.Opportunity, t.State)
}

// Lacks are the parts of a solution, by their names in its text, of which the rows of the table never say anything: that a
// row is without them does not mean that somebody has cleared them. A currency that is a lookup speaks of the price.
func (t RowTable) Lacks() (parts []string) {
	for part, lacks := range map[string]bool{"price": t.Price == "", "quantity": t.Quantity == "", "currency": t.Currency == "" || t.CurrencyBind != "" && t.Price == ""} {
		if lacks {
			parts = append(parts, part)
		}
	}
	return parts
}

// Columns are those that the catalogue is read with.
func (t CatalogueTable) Columns() []string {
	return there(t.ID, t.Identifier, t.Name, t.Type, t.Publisher)
}

func there(names ...string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

const (
	rowsKeys      = "table, opportunity, solution, identifier, name, price, quantity, currency"
	catalogueKeys = "table, identifier, name, type, publisher"
	spareParts    = "price, quantity, currency, type, publisher" // of both, which a table may lack
)

// setTable reads the table of the solution rows, or of the catalogue.
func (l *loader) setTable(r *Row, key string, v *yaml.Node, where string) {
	allowed := map[string]string{"rows": rowsKeys, "catalogue": catalogueKeys}[key]
	if r.Field != cosell.Solutions {
		l.mistake(where, "the field solutions", "%s stand in the field %s", key, r.Field)
		return
	}
	var names map[string]string
	if hasAlias(v) || v.Decode(&names) != nil || names["table"] == "" {
		l.mistake(where, allowed, "%s cannot be read, or names no table", key)
		return
	}
	for name := range names {
		l.oneOf(where, "a key of "+key, name, allowed)
	}
	for _, needed := range strings.Split(map[string]string{"rows": "opportunity, solution", "catalogue": "identifier, name"}[key], ", ") {
		if names[needed] == "" {
			l.mistake(where, allowed, "%s names no %s", key, needed)
		}
	}
	if key == "rows" {
		r.Rows = names
		return
	}
	r.Catalogue = names
}

// tablesOf finds the organisation's own tables among what the CRM has. What cannot be found stays as the sheet says
// it; the names of what is missing are told by unfound.
func (l *loader) tablesOf(r *Row) (t Tables) {
	t = ownTables()
	if r.Catalogue != nil {
		name, d := l.table(r, "catalogue", r.Catalogue["table"])
		column := func(key string) string { return l.tableColumn(r, "catalogue", key, name, r.Catalogue[key]) }
		t.Catalogue = CatalogueTable{Table: name, Set: d.Set, ID: d.ID, Identifier: column("identifier"), Name: column("name"), Type: column("type"), Publisher: column("publisher")}
	}
	if r.Rows == nil {
		return t
	}
	name, d := l.table(r, "rows", r.Rows["table"])
	column := func(key string) string { return l.tableColumn(r, "rows", key, name, r.Rows[key]) }
	t.Rows = RowTable{Table: name, Set: d.Set, ID: d.ID, Opportunity: column("opportunity"), Solution: column("solution"), Identifier: column("identifier"),
		Name: column("name"), Price: column("price"), Quantity: column("quantity"), Currency: column("currency")}
	if l.crm == nil || d.Set == "" {
		return t
	}
	if _, ok := d.Columns[stateColumn]; ok {
		t.Rows.State = stateColumn
	}
	t.Rows.CurrencyBind = d.Lookups[t.Rows.Currency+" "+currencyTable].Property
	of, catalogue := d.Lookups[t.Rows.Opportunity+" "+OpportunityTable], d.Lookups[t.Rows.Solution+" "+t.Catalogue.Table]
	t.Rows.OpportunityBind, t.Rows.Collection, t.Rows.SolutionBind = of.Property, of.Collection, catalogue.Property
	if of.Property == "" || of.Collection == "" {
		l.unfound(r, "rows: %s of %s is no lookup to the opportunity", t.Rows.Opportunity, name)
	}
	if catalogue.Property == "" {
		l.unfound(r, "rows: %s of %s is no lookup to the catalogue %s", t.Rows.Solution, name, t.Catalogue.Table)
	}
	return t
}

// noColumn is what a row says that has no column: that of the consent may.
const noColumn = "none"

// labelMark begins a name that is to be looked up: what people call the table or column, in any language of the
// organisation. Our own are no candidates: their names are known, and they are called alike.
const labelMark = "label="

// table finds a table by its name or its label.
func (l *loader) table(r *Row, key, said string) (string, DescribedTable) {
	label, by := strings.CutPrefix(said, labelMark)
	if l.crm == nil {
		return said, DescribedTable{}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(l.crm)) {
		if !by && name == said || by && l.crm[name].Set != "" && !strings.HasPrefix(name, ours) && has(l.crm[name].Labels, label) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], l.crm[found[0]]
	case 0:
		l.unfound(r, "%s: the CRM has no table %s", key, quoted(said))
	default:
		l.unfound(r, "%s: the CRM has several tables %s: %s; write the name of one", key, quoted(said), strings.Join(found, ", "))
	}
	return said, DescribedTable{}
}

// currencyTable is where the CRM has its currencies.
const currencyTable = "transactioncurrency"

// tableColumn finds a column of the organisation's own tables. One that they may lack is left out: nobody publishes
// whether the tables of Microsoft's connector have a price.
func (l *loader) tableColumn(r *Row, key, part, table, said string) string {
	label, by := strings.CutPrefix(said, labelMark)
	columns := l.crm[table].Columns
	if !by || len(columns) == 0 || !isOne(part, spareParts) || len(l.called(table, label)) > 0 {
		return l.column(r, key, part, table, said)
	}
	l.missing = append(l.missing, Missing{Field: r.Field, Spare: true, where: r.where,
		Text: fmt.Sprintf("field %s: %s: table %s has no column %s, so it goes without %s", r.Field, key, table, quoted(said), part)})
	return ""
}

// called are the columns that people call so.
func (l *loader) called(table, label string) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(l.crm[table].Columns)) {
		if !strings.HasPrefix(name, ours) && has(l.crm[table].Columns[name], label) {
			found = append(found, name)
		}
	}
	return found
}

// column finds a column by its label; a name is taken as it is and looked for with all others.
func (l *loader) column(r *Row, key, part, table, said string) string {
	label, by := strings.CutPrefix(said, labelMark)
	switch {
	case !by || l.crm == nil || strings.HasPrefix(table, labelMark): // its table was looked for in vain
		return said
	case len(l.crm[table].Columns) == 0:
		l.unfound(r, "%s: the columns of %s may not be read, so nobody knows which one people call %q", key, table, label)
		return said
	}
	found := l.called(table, label)
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		l.unfound(r, "%s: table %s has no column %s%s", strings.TrimSuffix(key+" "+part, " "+key), table, quoted(said), l.nearLabel(table, label))
	default:
		l.unfound(r, "%s: table %s has several columns %s: %s; write the name of one", key, table, quoted(said), strings.Join(found, ", "))
	}
	return said
}

// nearLabel proposes the label that is most like the wrong one.
func (l *loader) nearLabel(table, label string) string {
	of := map[string]string{}
	for name, labels := range l.crm[table].Columns {
		for _, one := range labels {
			of[one] = name
		}
	}
	near := Nearest(label, slices.Collect(maps.Keys(of)))
	if near == "" {
		return ""
	}
	return fmt.Sprintf("; the nearest is %q (%s)", near, of[near])
}

func quoted(said string) string {
	if label, by := strings.CutPrefix(said, labelMark); by {
		return fmt.Sprintf("that people call %q", label)
	}
	return said
}

func has(labels []string, label string) bool {
	return slices.ContainsFunc(labels, func(l string) bool { return FoldText(l) == FoldText(label) })
}

// unfound notes what the CRM does not have: a mistake where the sheet is examined; where it is taken up its row is off.
func (l *loader) unfound(r *Row, format string, args ...any) {
	text := fmt.Sprintf("field %s: ", r.Field) + fmt.Sprintf(format, args...)
	if l.strict {
		l.mistake(r.where, "", "%s", text)
		return
	}
	l.missing = append(l.missing, Missing{Field: r.Field, Text: text, Vital: vital(r.Field)})
	r.Off = r.Off || !vital(r.Field)
}

// Missing is a name of the sheet that the CRM does not have. Its row is off until it does, unless it is vital, or
// spare: then the row goes without it.
type Missing struct {
	Field cosell.Field
	Text  string
	Vital bool
	Spare bool
	Lead  bool // the field is none of leads, and stays one of opportunities

	where string // file:line
}

// Line is what mapping check says of it.
func (m Missing) Line() string { return m.where + ": " + m.Text }

// Missing are the names that were looked for in vain when the sheet was made.
func (s *Sheet) Missing() []Missing { return s.missing }

// resolve puts names in the place of labels. Without the CRM they stay labels.
func (l *loader) resolve() {
	for i := range l.rows {
		r := &l.rows[i]
		l.resolveLead(r)
		for key, path := range map[string]*string{"crm": &r.CRM, "crmWrite": &r.CRMWrite, "crmWhenWon": &r.CRMWhenWon} {
			at := strings.Index(*path, labelMark)
			if at < 0 || r.Off {
				continue
			}
			before := (*path)[:at]
			*path = before + l.column(r, key, key, placeOf(before+"x").Table, (*path)[at:])
		}
		if r.Field == cosell.Solutions && !r.Off {
			l.tables = l.tablesOf(r)
			if r.Rows != nil && !r.Off && l.crm != nil {
				r.CRM = l.tables.Rows.Collection
			}
		}
	}
}

// resolveLead does so for the column of a lead. Where it cannot be found the field is none of leads, and stays one of
// opportunities.
func (l *loader) resolveLead(r *Row) {
	if !strings.HasPrefix(r.Lead, labelMark) || r.Off || l.crm == nil {
		return
	}
	off, known := r.Off, len(l.missing)
	if r.Lead = l.column(r, "lead", "lead", LeadTable, r.Lead); !strings.HasPrefix(r.Lead, labelMark) {
		return
	}
	r.Lead, r.Off = "", off
	for i := range l.missing[known:] {
		l.missing[known+i].Lead, l.missing[known+i].Vital = true, false
	}
}

// Asks are what has to be known of the CRM before the sheet can be made.
type Asks struct {
	Tables []string // by name or label=…
	Labels bool     // columns of the standard tables are named by label
}

// Asks says what the sheet has to know of the CRM; ok is false where it needs nothing.
func (s *Sheet) Asks() (a Asks, ok bool) {
	for _, r := range s.rows {
		a.Labels = a.Labels || strings.Contains(r.CRM+r.CRMWrite+r.CRMWhenWon+r.Lead, labelMark)
		for _, names := range []map[string]string{r.Rows, r.Catalogue} {
			if names["table"] != "" {
				a.Tables = append(a.Tables, names["table"])
			}
		}
	}
	return a, a.Labels || len(a.Tables) > 0
}

// ByLabel is the label of a table that is named by one.
func ByLabel(table string) (label string, ok bool) { return strings.CutPrefix(table, labelMark) }
