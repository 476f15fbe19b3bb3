package opportunities

import (
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// The related rows that an opportunity is read with. A customer may be set as account or contact in
// customerid alone, so those are read beside the two lookups that forms fill.
const (
	accountNav    = "parentaccountid"
	customerNav   = "customerid_account"
	contactNav    = "parentcontactid"
	personNav     = "customerid_contact"
	ownerNav      = "owninguser"
	currencyNav   = "transactioncurrencyid"
	currencyCode  = "isocurrencycode"
	closeNav      = "Opportunity_OpportunityClose"
	calculated    = "isrevenuesystemcalculated"
	ownerPath     = "ownerid"
	stateColumn   = "statecode"
	statusColumn  = "statuscode"
	nameColumn    = "name"
	modifiedAt    = "modifiedon"
	maker         = "createdby"
	lastWriter    = "modifiedby"
	opportunityID = "opportunityid"
)

// query selects exactly the columns that the sheet names, and what the codecs of several columns need.
func query(t table, sheet *mapping.Sheet) dataverse.Query {
	columns := map[string]bool{t.id: true, t.name: true, stateColumn: true, statusColumn: true, modifiedAt: true,
		lookupValue(owningTeam): true, lookupValue(maker): true, lookupValue(lastWriter): true}
	for _, lookup := range t.relatives {
		columns[lookupValue(lookup)] = true
	}
	account, contact, owner := map[string]bool{}, personColumns(), userColumns()
	if t.isLead { // which has its contact in columns of its own
		contact = nil
	}
	q := dataverse.Query{}
	for _, r := range sheet.Rows() {
		if r.CRM == "" || r.Fixed() {
			continue
		}
		p := r.Place()
		nav, column := p.Nav, p.Column
		if r.IsLookup() {
			column = lookupValue(column)
		}
		switch {
		case r.As == mapping.AsReason && t.isLead: // the status reason says it
		case r.As == mapping.AsReason:
			q.Expand = append(q.Expand, closeExpand())
		case r.As == mapping.AsSolutions:
			q.Expand = append(q.Expand, solutionExpand(r.CRM, sheet.Tables().Rows))
		case r.As == mapping.AsCurrency:
			q.Expand = append(q.Expand, dataverse.Expand{Nav: r.CRM, Query: dataverse.Query{Select: []string{currencyCode}}})
		case r.As == mapping.AsMembers || r.As == mapping.AsStatus || r.Kind() == "":
		case nav == accountNav:
			account[column] = true
		case nav == contactNav:
			contact[column] = true
		case nav == ownerNav:
			owner[column] = true
		default:
			columns[column] = true
			columns[calculated] = columns[calculated] || r.CRM == estimatedValue
		}
		if r.CRMWhenWon != "" {
			columns[r.CRMWhenWon] = true
		}
	}
	q.Select = sorted(columns)
	if s, ok := sheet.Row(cosell.Team); sheet.Table() == mapping.OpportunityTable && (ok && s.CRM == ownerPath || people(sheet)) {
		q.Expand = append(q.Expand, connectionExpand())
	}
	for _, e := range []struct {
		nav     string
		columns map[string]bool
	}{{accountNav, account}, {customerNav, account}, {contactNav, contact}, {personNav, contact}, {ownerNav, owner}} {
		if len(e.columns) > 0 {
			q.Expand = append(q.Expand, dataverse.Expand{Nav: e.nav, Query: dataverse.Query{Select: sorted(e.columns)}})
		}
	}
	return q
}

// people says whether the sheet names the customer's contacts.
func people(sheet *mapping.Sheet) bool {
	_, ok := sheet.Row(cosell.Contacts)
	return ok
}

func personColumns() map[string]bool {
	return map[string]bool{"firstname": true, "lastname": true, "emailaddress1": true, "telephone1": true, "mobilephone": true}
}

func userColumns() map[string]bool {
	return map[string]bool{"firstname": true, "lastname": true, "internalemailaddress": true, "address1_telephone1": true, "mobilephone": true}
}

func closeExpand() dataverse.Expand {
	return dataverse.Expand{Nav: closeNav, Query: dataverse.Query{
		Select:  []string{"description", "subject", "actualend", "actualrevenue", "createdon"},
		OrderBy: "createdon desc", Top: 1,
	}}
}

func solutionExpand(nav string, t mapping.RowTable) dataverse.Expand {
	columns := []string{t.ID, lookupValue(t.Solution), "createdon"}
	for _, c := range []string{t.Name, t.Identifier, t.Price, t.Quantity, currencyOf(t), t.State} {
		if c != "" {
			columns = append(columns, c)
		}
	}
	return dataverse.Expand{Nav: nav, Query: dataverse.Query{Select: columns, OrderBy: "createdon asc"}}
}

// currencyOf is how the currency of a solution row is read.
func currencyOf(t mapping.RowTable) string {
	if t.CurrencyBind != "" {
		return lookupValue(t.Currency)
	}
	return t.Currency
}

func sorted(set map[string]bool) []string {
	var out []string
	for k, wanted := range set {
		if wanted {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
