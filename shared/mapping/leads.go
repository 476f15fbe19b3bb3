package mapping

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// The tables of CRM that records are kept in.
const (
	OpportunityTable = "opportunity"
	LeadTable        = "lead"
)

// Leads is the sheet of a lead: the same fields, standing in the columns that the key lead names. What a lead has
// no column for is not of it, but for what rules read of the referral. The customer stands in the lead itself, so
// its values cross as others do; and nothing that Partner Center takes away, as it does with the contact of an
// expired lead, takes it away in CRM.
func (s *Sheet) Leads() *Sheet { return s.leads }

func (s *Sheet) ofLeads() *Sheet {
	out := &Sheet{table: LeadTable, crm: s.crm, length: map[string]int{}, known: &knowledge{}, tables: s.tables}
	for _, r := range s.rows {
		if r.Lead == "" && (r.Way != cosell.Read || r.Fixed() || r.Microsoft) {
			continue
		}
		r = *r.ofLead()
		r.table, r.known = LeadTable, out.known
		r.ownReasons = r.ownLeadReasons
		r.CRM, r.CRMWrite, r.CRMWhenWon, r.Watch, r.Default, r.Reasons = r.Lead, "", "", nil, r.LeadDefault, r.LeadReasons
		switch {
		case r.Fixed():
		case r.Field == cosell.Consent: // it decides about the contact, and is not asked of Partner Center
			r.Referral, r.Way, r.Door = "", "", cosell.NoDoor
		case cosell.OfCustomer(r.Field) || r.As == AsContact:
			r.Way, r.Required = cosell.Both, true
		case r.Way == "" && r.Referral != "" && r.CRM != "":
			r.Way = cosell.Both
		}
		if r.Way == cosell.Both && r.Wins == "" {
			r.Wins = cosell.Newest
		}
		if c, known := s.crm.find(LeadTable, r.CRM); known && r.CRM != "" {
			out.length[r.CRM] = c.length
		}
		r.place = r.stands()
		out.rows = append(out.rows, r)
	}
	return out
}

// ofLead is the row with the kind of value that the column of a lead holds.
func (r Row) ofLead() *Row {
	r.As = FirstText(r.leadAs, r.As)
	return &r
}

// OfLeads says whether the row says something of leads alone.
func (r Row) OfLeads() bool { return r.Lead != "" && r.CRM == "" && !r.none }

// Table is the table of CRM that the sheet's columns are of.
func (s *Sheet) Table() string { return s.table }

// ContactPart is the member of a person that a row of the first contact stands for: "phoneNumber".
func (r Row) ContactPart() (list, member string) {
	at := strings.LastIndexByte(r.Referral, '/')
	if r.As != AsContact || at < 0 {
		return "", ""
	}
	return r.Referral[:at], r.Referral[at+1:]
}

// checkLead finds a column of a lead that the row cannot stand in.
func (l *loader) checkLead(r *Row) {
	switch {
	case strings.HasPrefix(r.Lead, labelMark): // it is looked up in the CRM
	case strings.Contains(r.Lead, "/"):
		l.mistake(r.where, "columns of the lead itself", "lead %q of field %s goes through a lookup", r.Lead, r.Field)
	case r.As == AsMembers && r.Lead != "ownerid":
		l.mistake(r.where, "ownerid; the contact of a lead stands in its own columns, by the codec contact", "field %s reads people of a lead from %q", r.Field, r.Lead)
	case r.As == AsReason && r.Lead != "statuscode":
		l.mistake(r.where, "statuscode", "field %s reads why a lead was closed from %q", r.Field, r.Lead)
	case r.As == AsReason:
	case r.As == AsSolutions || r.As == AsMark:
		l.mistake(r.where, "rows of other kinds", "field %s of kind %s has a column of a lead", r.Field, r.As)
	case r.As == AsCurrency && r.Lead != currencyColumn:
		l.mistake(r.where, currencyColumn, "field %s reads a currency from %q", r.Field, r.Lead)
	default:
		l.checkKind(r, "lead", r.Lead, Place{Table: LeadTable, Column: r.Lead})
	}
}
