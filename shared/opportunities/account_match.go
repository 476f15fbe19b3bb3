package opportunities

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// idRows are the rows of the sheet that hold an id of the customer, as DUNS, on the account.
func (s *Store) idRows() []mapping.Row {
	var out []mapping.Row
	for _, row := range s.sheet().Rows() {
		if row.Pointer().List() == "/customerProfile/ids" && row.Place().Nav == accountNav && !row.IsLookup() {
			out = append(out, row)
		}
	}
	return out
}

// accountByIDs finds the account that has an id of the customer: the first row of the sheet whose id the referral
// names and an account has, decides.
func (s *Store) accountByIDs(ctx context.Context, want mapping.Customer, values cosell.Record) (*dataverse.Row, error) {
	for _, row := range s.idRows() {
		id := strings.TrimSpace(values[row.Field])
		if id == "" {
			continue
		}
		found, err := s.activeAccounts(ctx, dataverse.EqText(row.Place().Column, id), func(r dataverse.Row) bool {
			return strings.EqualFold(strings.TrimSpace(r.Text(row.Place().Column)), id)
		})
		if err != nil {
			return nil, err
		}
		if one, err := s.oneOf(want, found); one != nil || err != nil {
			return one, err
		}
	}
	return nil, nil
}

// accountByDomain finds the account whose web address or e-mail has the domain of the customer's first contact with
// one that is a company's.
func (s *Store) accountByDomain(ctx context.Context, want mapping.Customer, people []mapping.Member) (*dataverse.Row, error) {
	for _, m := range people {
		domain := mapping.CompanyDomain(m.Email)
		if domain == "" {
			continue
		}
		filter := dataverse.Or(dataverse.Contains(websiteColumn, domain), dataverse.Contains(emailColumn, "@"+domain))
		found, err := s.activeAccounts(ctx, filter, func(r dataverse.Row) bool {
			return mapping.CompanyDomain(r.Text(emailColumn)) == domain || domainOf(r.Text(websiteColumn)) == domain
		})
		if err != nil {
			return nil, err
		}
		return s.oneOf(want, found)
	}
	return nil, nil
}

const (
	websiteColumn = "websiteurl"
	emailColumn   = "emailaddress1"
)

// domainOf is the host of a web address as people type it, without www.
func domainOf(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// activeAccounts lists the accounts that the filter finds and fits, those that are in use.
func (s *Store) activeAccounts(ctx context.Context, filter string, fits func(dataverse.Row) bool) ([]candidate, error) {
	q := s.accountQuery()
	for _, c := range []string{websiteColumn, emailColumn} {
		if !slices.Contains(q.Select, c) {
			q.Select = append(q.Select, c)
		}
	}
	q.Filter = dataverse.And(filter, dataverse.EqInt(stateColumn, 0))
	rows, err := s.api.List(ctx, accountSet, q)
	if err != nil {
		return nil, err
	}
	var out []candidate
	for _, r := range rows {
		if !fits(r) {
			continue
		}
		a, err := s.accountOf(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}
