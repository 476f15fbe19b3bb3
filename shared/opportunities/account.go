package opportunities

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// AccountUnclear is the code of the refusal to choose between two accounts, and the value of the field
// "state" of a deal that is made without its customer for that reason.
const AccountUnclear = "account.unclear"

// generations is how often the id of an account that we made may have been taken by a person's renaming
// or deactivating it.
const generations = 3

// merges is how many merges, one after the other, are followed from one account.
const merges = 5

// findAccount finds the account of a customer in the ways that the sheet names, in their order: the first way that
// finds one decides, and two that it finds are nobody's guess. Without one, free is the id under which it may be made.
func (s *Store) findAccount(ctx context.Context, want mapping.Customer, values cosell.Record, people []mapping.Member) (found *dataverse.Row, free string, err error) {
	matching := s.sheet().Matching()
	for _, how := range matching {
		switch how {
		case mapping.MatchIDs:
			found, err = s.accountByIDs(ctx, want, values)
		case mapping.MatchDomain:
			found, err = s.accountByDomain(ctx, want, people)
		case mapping.MatchName:
			found, free, err = s.accountByName(ctx, want, false)
		}
		if found != nil || err != nil {
			return found, "", err
		}
	}
	if !slices.Contains(matching, mapping.MatchName) {
		return s.accountByName(ctx, want, true)
	}
	return nil, free, nil
}

// accountByName finds the account by name, postal code and country. CRM gives every account whose name begins
// alike, and the rows under the ids that we would give it; the comparison is made here. The one that is written
// exactly alike counts more than others. An account that we made and that was renamed or deactivated since is
// somebody else's; one that was merged is followed. ours: only the ones that we made count.
func (s *Store) accountByName(ctx context.Context, want mapping.Customer, ours bool) (found *dataverse.Row, free string, err error) {
	ids := s.accountIDs(want)
	if s.accountColumn(cosell.CustomerName) == "" {
		return nil, ids[0], nil
	}
	q := s.accountQuery()
	q.Filter = s.accountFilter(want, ids)
	rows, err := s.api.List(ctx, accountSet, q)
	if err != nil {
		return nil, "", err
	}
	var active, inactive []candidate
	taken := map[string]bool{}
	for _, r := range rows {
		a, err := s.accountOf(ctx, r)
		if err != nil {
			return nil, "", err
		}
		id := r.ID(accountID)
		taken[id] = true
		switch same := want.Same(a.customer) && (!ours || slices.Contains(ids, id)); {
		case same && r.Text(stateColumn) == "0":
			active = append(active, a)
		case r.Text(stateColumn) != "0" && (same || slices.Contains(ids, id)):
			inactive = append(inactive, a)
		}
	}
	if found, err = s.oneOf(want, active); found != nil || err != nil {
		return found, "", err
	}
	for _, a := range inactive {
		if found, err = s.master(ctx, a.row, q); found != nil || err != nil {
			return found, "", err
		}
	}
	for _, id := range ids {
		if !taken[id] {
			return nil, id, nil
		}
	}
	return nil, "", fault.New(fault.Refused, "every id that the account could get is taken").OfClass(fault.Rule).
		With(AccountUnclear, "choose the account on the opportunity").At(string(cosell.CustomerName))
}

// candidate is a row of the CRM and the customer that it is.
type candidate struct {
	row      dataverse.Row
	customer mapping.Customer
}

func (s *Store) accountIDs(want mapping.Customer) []string {
	ids := []string{s.deterministic("account", want.Key()...)}
	for n := 2; n <= generations; n++ {
		ids = append(ids, s.deterministic("account", append(want.Key(), strconv.Itoa(n))...))
	}
	return ids
}

// oneOf takes the account that is written most exactly alike, if there is but one.
func (s *Store) oneOf(want mapping.Customer, candidates []candidate) (*dataverse.Row, error) {
	var best []dataverse.Row
	rank := -1
	for _, a := range candidates {
		switch exact := want.Exact(a.customer); {
		case exact > rank:
			rank, best = exact, []dataverse.Row{a.row}
		case exact == rank:
			best = append(best, a.row)
		}
	}
	switch len(best) {
	case 0:
		return nil, nil
	case 1:
		return &best[0], nil
	}
	var ids, names []string
	for _, r := range best {
		ids = append(ids, r.ID(accountID))
		names = append(names, fmt.Sprintf("%q (%s)", r.Text(s.accountColumn(cosell.CustomerName)), r.ID(accountID)))
	}
	return nil, fault.New(fault.Refused, "accounts %s could be the same customer", strings.Join(ids, ", ")).OfClass(fault.Rule).
		With(AccountUnclear, "").Saying("several accounts could be the customer: "+strings.Join(names, ", "),
		"choose the account on the opportunity, or merge the accounts").At(string(cosell.CustomerName))
}

// accountFilter asks for more than Same accepts, never for less.
func (s *Store) accountFilter(want mapping.Customer, ids []string) string {
	nameIn, postalIn := s.accountColumn(cosell.CustomerName), s.accountColumn(cosell.CustomerPostalCode)
	either := []string{dataverse.EqText(nameIn, want.Exactly())}
	for _, id := range ids {
		either = append(either, dataverse.EqID(accountID, id))
	}
	var begins []string
	for _, b := range want.Beginnings() {
		begins = append(begins, dataverse.StartsWith(nameIn, b))
	}
	if len(begins) > 0 {
		alike := []string{dataverse.Or(begins...)}
		for _, part := range want.Parts() {
			var either []string
			for _, text := range part {
				either = append(either, dataverse.Contains(nameIn, text))
			}
			alike = append(alike, dataverse.Or(either...))
		}
		if want.Postal != "" && postalIn != "" {
			const enough = 2 // the first two are hardly ever written apart
			part := []rune(want.Postal)
			alike = append(alike, dataverse.Or(dataverse.Contains(postalIn, string(part[:min(enough, len(part))])), dataverse.Null(postalIn)))
		}
		either = append(either, dataverse.And(alike...))
	}
	return dataverse.Or(either...)
}

// accountOf reads which customer an account is. A country that a lookup holds is read from its row.
func (s *Store) accountOf(ctx context.Context, r dataverse.Row) (candidate, error) {
	column := func(f cosell.Field) string {
		if c := s.accountColumn(f); c != "" {
			return r.Text(c)
		}
		return ""
	}
	country := column(cosell.CustomerCountry)
	if row, _ := s.sheet().Row(cosell.CustomerCountry); row.IsLookup() && country != "" {
		m, err := s.metadata.get(ctx)
		if err != nil {
			return candidate{}, err
		}
		p := row.Place()
		if country, err = s.lookups.text(ctx, m.tables[p.Table][p.Column].Targets, strings.ToLower(country), p.Key); unlessGone(err) != nil {
			return candidate{}, err
		}
	}
	return candidate{r, mapping.NewCustomer(column(cosell.CustomerName), country, column(cosell.CustomerPostalCode))}, nil
}

// accountColumn is the account's column of a customer field, as it is read.
func (s *Store) accountColumn(f cosell.Field) string {
	row, _ := s.sheet().Row(f)
	p := row.Place()
	switch {
	case p.Nav != accountNav:
		return ""
	case row.IsLookup():
		return lookupValue(p.Column)
	}
	return p.Column
}

func (s *Store) accountQuery() dataverse.Query {
	columns := []string{accountID, stateColumn, lookupValue(owningUser), lookupValue(owningTeam)}
	for _, f := range []cosell.Field{cosell.CustomerName, cosell.CustomerCountry, cosell.CustomerPostalCode} {
		if c := s.accountColumn(f); c != "" && !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	for _, row := range s.idRows() {
		if c := row.Place().Column; !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	contacts := dataverse.Expand{Nav: contactsOf, Query: dataverse.Query{Select: []string{contactID, "firstname", "lastname", "emailaddress1", "telephone1", "mobilephone", stateColumn}}}
	return dataverse.Query{Select: columns, OrderBy: "createdon asc", Expand: append(s.lookalikes(), contacts)}
}

// master follows an account that was merged into another, which may have been merged since, too. A chain that ends with
// an account that is not in use, or leads back into itself, leads nowhere.
func (s *Store) master(ctx context.Context, r dataverse.Row, q dataverse.Query) (*dataverse.Row, error) {
	q.Filter, q.OrderBy = "", ""
	passed := []string{r.ID(accountID)}
	for range merges {
		merged, err := s.api.Get(ctx, accountSet, r.ID(accountID), dataverse.Query{Select: []string{lookupValue(masterRecord)}})
		id := merged.ID(lookupValue(masterRecord))
		if err != nil || id == "" || slices.Contains(passed, id) {
			return nil, unlessGone(err)
		}
		if r, err = s.api.Get(ctx, accountSet, id, q); err != nil {
			return nil, unlessGone(err)
		}
		if r.Text(stateColumn) == "0" {
			return &r, nil
		}
		passed = append(passed, id)
	}
	return nil, nil
}

// unlessGone: an account that cannot be followed is no candidate.
func unlessGone(err error) error {
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Refused) {
		return nil
	}
	return err
}
