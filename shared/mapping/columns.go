package mapping

import (
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Column is one column of the CRM that a row of the sheet reads.
type Column struct {
	Field cosell.Field
	Table string
	Name  string
	Kinds []string // the types that will do; none: any
	Vital bool     // without it nothing can be kept in step
	told  bool     // only ever written, or read when a record is made
}

// vital are the fields without which nobody knows what belongs together and what is wanted.
func vital(f cosell.Field) bool {
	return f == cosell.ReferralID || f == cosell.Sync || f == cosell.Status || f == cosell.Name
}

// The columns of people and solution rows, which their codecs know.
func personColumns() []string {
	return []string{"firstname", "lastname", "emailaddress1", "telephone1", "mobilephone"}
}

// kinds are the column types that will do for the row; none: any.
func (r Row) kinds() []string {
	if r.Place().Key != "" {
		return scalars[AsLookup].kinds
	}
	if r.As == AsOwn {
		return nil // whatever it is has its codec
	}
	return codecKinds(r.As)
}

// Columns are all columns that the sheet reads, or fills in new rows, in the order of its rows.
func (s *Sheet) Columns() []Column {
	out := make([]Column, 0, 3*len(s.rows))
	for _, r := range s.rows {
		if r.CRM == "" {
			continue
		}
		add := func(table string, kinds []string, names ...string) {
			for _, n := range names {
				known, _ := s.crm.find(table, n)
				out = append(out, Column{Field: r.Field, Table: table, Name: n, Kinds: kinds, Vital: vital(r.Field), told: known.told || r.Fixed() || isOne(string(r.Way), "onCreate, onCreateReferral, onCreateOpportunity")})
			}
		}
		p := r.Place()
		nav, name, deep := p.Nav, p.Column, p.Nav != ""
		table := p.Table
		switch {
		case r.As == AsReason && s.table == LeadTable:
			add(s.table, nil, r.CRM)
		case r.As == AsReason:
			add(nav, []string{"Memo", "String"}, name)
		case r.As == AsSolutions:
			add(s.tables.Rows.Table, nil, s.tables.Rows.columns()...)
			add(s.tables.Catalogue.Table, nil, there(s.tables.Catalogue.Identifier, s.tables.Catalogue.Name, s.tables.Catalogue.Type)...)
		case r.As == AsStatus:
			add(s.table, nil, stateColumn, "statuscode")
		case r.As == AsMembers && r.CRM == "ownerid":
			add(s.table, nil, "ownerid")
			add("systemuser", nil, "firstname", "lastname", "internalemailaddress", "address1_telephone1", "mobilephone")
		case r.As == AsMembers:
			add(s.table, nil, r.CRM, "customerid")
			add("contact", nil, personColumns()...)
		case deep:
			add(s.table, nil, nav)
			add(table, r.kinds(), name)
		default:
			add(s.table, r.kinds(), name)
		}
		if r.CRMWrite != "" {
			w := r.PlaceOf(r.CRMWrite)
			add(w.Table, r.kinds(), w.Column)
		}
		add(p.Table, nil, r.Watch...)
		if r.CRMWhenWon != "" {
			add(s.table, codecKinds(r.As), r.CRMWhenWon)
		}
		if r.CRM == "estimatedvalue" {
			add(s.table, nil, "isrevenuesystemcalculated")
		}
	}
	return out
}

// Unwatched names the columns that the sheet reads and whose changes raise no event, because the event step
// of their table does not list them in its filter: only reconcile carries their changes. Closings, which
// raise events of their own, and the solution catalogue are left out; who owns a row is one event, whatever it is called.
func (s *Sheet) Unwatched() []Column {
	return slices.DeleteFunc(s.Watched(), func(c Column) bool { return slices.Contains(s.crm.raises[c.Table], c.Event()) })
}

// Event is the column's name where event steps list it: who owns a row is one event, whatever it is called.
func (c Column) Event() string {
	if c.Name == "owninguser" || c.Name == "owningbusinessunit" {
		return "ownerid"
	}
	return c.Name
}

// Watched are the columns of the sheet whose changes have to raise an event. Closings, which raise events of their own, the
// solution catalogue, and what is only ever written are left out.
func (s *Sheet) Watched() []Column {
	return slices.DeleteFunc(s.Columns(), func(c Column) bool {
		return c.Table == "opportunityclose" || c.Table == s.tables.Catalogue.Table || c.told
	})
}
