package opportunities

import (
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// The collections in which an account lists its opportunities: by the form's lookup, and by the customer, which may
// be set alone.
const (
	dealsOfAccount  = "opportunity_parent_account"
	dealsOfCustomer = "opportunity_customer_accounts"
)

// mostLookalikes is how many unlinked deals of one account come with it; of an account that has more they are listed.
const mostLookalikes = 50

// lookalikes asks the search for accounts for their open deals that nobody has linked, so that finding one which a
// referral resembles costs no call of its own.
func (s *Store) lookalikes() []dataverse.Expand {
	q, ok := s.unlinked()
	if !ok {
		return nil
	}
	q.Top = mostLookalikes
	return []dataverse.Expand{{Nav: dealsOfAccount, Query: q}, {Nav: dealsOfCustomer, Query: q}}
}

// unlinked asks for open deals that nobody has linked, the oldest first; false where the sheet does not tell which these are.
func (s *Store) unlinked() (q dataverse.Query, ok bool) {
	sync, okSync := s.sheet().Row(cosell.Sync)
	id, okID := s.sheet().Row(cosell.ReferralID)
	if !okSync || !okID {
		return q, false
	}
	columns := []string{opportunityID, stateColumn, lookupValue(currencyNav)}
	for _, f := range []cosell.Field{cosell.DealValue, cosell.ClosingDate} {
		if row, ok := s.sheet().Row(f); ok && row.CRM != "" && !strings.Contains(row.CRM, "/") && !slices.Contains(columns, row.CRM) {
			columns = append(columns, row.CRM)
		}
	}
	return dataverse.Query{Select: columns, OrderBy: "createdon asc", Filter: dataverse.And(dataverse.EqInt(stateColumn, mapping.StateOpen),
		dataverse.Or(dataverse.EqBool(sync.CRM, false), dataverse.Null(sync.CRM)), dataverse.Null(id.CRM))}, true
}

// unlinkedOf are the unlinked deals of an account: those that came with it, or all where it has more.
func (s *Store) unlinkedOf(ctx context.Context, account dataverse.Row) ([]dataverse.Row, error) {
	byForm, byCustomer := account.Rows(dealsOfAccount), account.Rows(dealsOfCustomer)
	q, ok := s.unlinked()
	if !ok || max(len(byForm), len(byCustomer)) < mostLookalikes {
		return append(byForm, byCustomer...), nil
	}
	id := account.ID(accountID)
	q.Filter = dataverse.And(q.Filter, dataverse.Or(dataverse.EqID(lookupValue(accountNav), id), dataverse.EqID(lookupValue("customerid"), id)))
	return s.api.List(ctx, opportunitySet, q)
}

// lookalike finds the oldest unlinked deal of the account that the referral resembles: by value and date, and only
// where none is near in that by solutions, for which the rows have to be asked for. "": there is none.
func (s *Store) lookalike(ctx context.Context, r cosell.Referral, account dataverse.Row) (string, error) {
	if !r.Seeks() {
		return "", nil
	}
	rows, err := s.unlinkedOf(ctx, account)
	rows = slices.DeleteFunc(rows, func(row dataverse.Row) bool { return slices.Contains(r.Unlike, row.ID(opportunityID)) })
	if err != nil || len(rows) == 0 {
		return "", err
	}
	currencies, err := s.currencies.get(ctx)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, row := range rows {
		id := row.ID(opportunityID)
		if r.Resembles(s.sketch(row, currencies)) {
			return id, nil
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for some := range slices.Chunk(ids, 2*mostLookalikes) {
		if id, err := s.sameSolution(ctx, r, some); err != nil || id != "" {
			return id, err
		}
	}
	return "", nil
}

// sketch is as much of an unlinked deal as the search for accounts shows.
func (s *Store) sketch(row dataverse.Row, currencies map[string]string) cosell.Record {
	m, _ := s.metadata.peek()
	out := cosell.Record{cosell.Status: cosell.Open}
	for _, f := range []cosell.Field{cosell.DealValue, cosell.ClosingDate} {
		if field, ok := s.sheet().Row(f); ok && field.CRM != "" {
			if text, err := field.FromCRM(s.glossary(m), field.CRM, row.Text(field.CRM)); err == nil { // else it is near nothing
				out[f] = text
			}
		}
	}
	for code, id := range currencies {
		if strings.EqualFold(id, row.Text(lookupValue(currencyNav))) {
			out[cosell.Currency] = code
		}
	}
	return out
}

// sameSolution finds the first of the deals that has a solution of the referral.
func (s *Store) sameSolution(ctx context.Context, r cosell.Referral, ids []string) (string, error) {
	if len(r.Record.Members(cosell.Solutions)) == 0 {
		return "", nil
	}
	t := s.tables().Rows
	var parents []string
	for _, id := range ids {
		parents = append(parents, dataverse.EqID(lookupValue(t.Opportunity), id))
	}
	columns := []string{lookupValue(t.Opportunity), lookupValue(t.Solution)}
	if t.Identifier != "" {
		columns = append(columns, t.Identifier)
	}
	filter := dataverse.Or(parents...)
	if t.State != "" {
		filter = dataverse.And(dataverse.EqInt(t.State, 0), filter)
	}
	rows, err := s.api.List(ctx, t.Set, dataverse.Query{Select: columns, Filter: filter})
	if err != nil {
		return "", unlessGone(err)
	}
	d, err := s.detailsOf(ctx, rows)
	if err != nil {
		return "", err
	}
	deals := map[string]cosell.Record{}
	for _, row := range rows {
		id := strings.ToLower(row.Text(lookupValue(t.Opportunity)))
		if deals[id] == nil {
			deals[id] = cosell.Record{cosell.Status: cosell.Open}
		}
		if key, _ := s.solutionOfRow(row, d); key != "" {
			deals[id][cosell.Solutions.Of(key)] = "{}"
		}
	}
	for _, id := range ids {
		if r.Resembles(deals[id]) {
			return id, nil
		}
	}
	return "", nil
}

// resembled is the answer that nothing was made, because a person has to say first whether the two are one.
func resembled(r cosell.Referral, opportunity string) error {
	return fault.New(fault.Refused, "referral %s resembles opportunity %s", r.ID, opportunity).OfClass(fault.Rule).
		With(cosell.CodeUnconfirmed, "").Naming(opportunity)
}
