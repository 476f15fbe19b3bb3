package mapping

import "strings"

// Place is a crm path taken apart: "estimatedvalue", "parentaccountid/name" for a column of a related row,
// "new_regionid/new_code" or "parentaccountid/new_countryid/new_iso" for a lookup by a column of the row that it
// leads to.
type Place struct {
	Nav    string // the lookup that the column is reached by; "" is the opportunity, or the lead, itself
	Table  string // the table that has the column; "" when nobody knows where Nav leads
	Column string
	Key    string // of a lookup: the column of its row that is the value; "" otherwise
}

// placeOf takes a crm path apart.
func placeOf(path string) Place {
	p := Place{Table: OpportunityTable}
	first, rest, deep := strings.Cut(path, "/")
	table, known := lookupTable(first)
	switch {
	case deep && first == closeTable:
		p.Nav, p.Table, path = first, first, rest
	case deep && known:
		p.Nav, p.Table, path = first, table, rest
	}
	p.Column, p.Key, _ = strings.Cut(path, "/")
	if p.Key != "" && !keyColumn.MatchString(p.Key) {
		p.Column, p.Key = path, "" // a label that has a stroke in it, perhaps
	}
	return p
}

// closeTable has the activities that close an opportunity.
const closeTable = "opportunityclose"

// Place is where the row stands in the CRM.
func (r Row) Place() Place { return r.PlaceOf(r.CRM) }

// PlaceOf is another path of the same table.
func (r Row) PlaceOf(path string) Place {
	p := placeOf(path)
	if p.Nav == "" && r.table != "" {
		p.Table = r.table
	}
	return p
}

// IsLookup says whether the row's column is a lookup whose value is a text of the row that it leads to: the name
// of that row, or the column that the path names.
func (r Row) IsLookup() bool { return r.Kind() == AsLookup || r.Place().Key != "" }

// Written is the column that is written, which may be another than the one that is read.
func (r Row) Written() string { return FirstText(r.CRMWrite, r.CRM) }
