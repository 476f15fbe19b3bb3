package opportunities

import (
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// table is the table of CRM that a Store keeps its records in. It is asked wherever the two differ.
type table struct {
	kind, set, id, name string
	regarding           string   // how a task names the row that it is about
	relatives           []string // lookups that are read beside what the sheet names
	isLead              bool
}

// The lookups between a lead and what it became.
const (
	originatingLead = "originatingleadid"       // of an opportunity
	qualifiedAs     = "qualifyingopportunityid" // of a lead

	leadSet  = "leads"
	leadID   = "leadid"
	leadKind = mapping.LeadTable
)

func opportunityTable() table {
	return table{kind: opportunityKind, set: opportunitySet, id: opportunityID, name: nameColumn,
		regarding: "regardingobjectid_opportunity_task", relatives: []string{originatingLead}}
}

func leadTable() table {
	return table{kind: leadKind, set: leadSet, id: leadID, name: "subject", regarding: "regardingobjectid_lead_task",
		relatives: []string{masterRecord, qualifiedAs, accountNav, contactNav}, isLead: true}
}

// Leads is the store of the leads of the same CRM, as the same sheet says. told hears of its mismatches.
func (s *Store) Leads(told func([]Mismatch)) *Store {
	o := s.options
	o.CheckMark, o.Told = false, told // leads go without marks
	l := newStoreOf(leadTable(), s.api, s.whole.Leads(), o)
	l.currencies, l.catalogue, l.lookups, l.deputies, l.deals = s.currencies, s.catalogue, s.lookups, s.deputies, s
	l.definitions, l.colleagues = s.definitions, s.colleagues
	return l
}

// relate tells what the row has to do with a row of the other table, and with another lead.
func (s *Store) relate(o *cosell.Opportunity, id func(column string) string) {
	if !s.table.isLead {
		o.LeadID = id(originatingLead)
		return
	}
	o.MergedInto, o.Became = id(masterRecord), id(qualifiedAs)
}
