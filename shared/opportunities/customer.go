package opportunities

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/uuid"
)

// The kinds of changes, and of rows that stand behind an opportunity.
const (
	opportunityKind = "opportunity"
	solutionKind    = "solution"
	accountKind     = "account"
	contactKind     = "contact"
)

const (
	accountSet   = "accounts"
	accountID    = "accountid"
	contactSet   = "contacts"
	contactID    = "contactid"
	userSet      = "systemusers"
	userID       = "systemuserid"
	userEmail    = "internalemailaddress"
	application  = "applicationid"
	contactsOf   = "contact_customer_accounts"
	ownerBind    = "ownerid@odata.bind"
	owningUser   = "owninguser"
	owningTeam   = "owningteam"
	masterRecord = "masterid"
)

// customer is who a new opportunity is for: rows that exist, and writes for those that do not.
type customer struct {
	account  string // id; empty when the referral names no customer
	contacts []string
	writes   []dataverse.Write

	owner, team string // of an existing account
}

// customer finds the account by name and postal code, and its contacts by e-mail. Names are compared
// without letter case, punctuation and legal form. Of several accounts the one that is written exactly
// alike is taken, else the oldest active one.
func (s *Store) customer(ctx context.Context, values cosell.Record, people []mapping.Member) (*customer, error) {
	name := values[cosell.CustomerName]
	if name == "" {
		return &customer{}, nil
	}
	found, err := s.findAccount(ctx, name, values[customerPostalCode])
	if err != nil {
		return nil, err
	}
	c := &customer{}
	var known []dataverse.Row
	if found != nil {
		c.account = found.ID(accountID)
		c.owner, c.team = found.Text(lookupValue(owningUser)), found.Text(lookupValue(owningTeam))
		known = found.Rows(contactsOf)
	} else if err := s.newAccount(c, values); err != nil {
		return nil, err
	}
	for _, m := range people {
		s.addContact(c, known, m)
	}
	return c, nil
}

const customerPostalCode cosell.Field = "customerPostalCode"

// accountColumn is the account's column of a customer field.
func (s *Store) accountColumn(f cosell.Field) string {
	row, _ := s.sheet.Row(f)
	column, ok := strings.CutPrefix(row.CRM, accountNav+"/")
	if !ok {
		return ""
	}
	return column
}

func (s *Store) findAccount(ctx context.Context, name, postal string) (*dataverse.Row, error) {
	nameIn, postalIn := s.accountColumn(cosell.CustomerName), s.accountColumn(customerPostalCode)
	if nameIn == "" {
		return nil, nil
	}
	q := s.accountQuery(nameIn, postalIn)
	q.Filter = dataverse.EqText(nameIn, name)
	if postal != "" && postalIn != "" {
		q.Filter = dataverse.Or(q.Filter, dataverse.And(dataverse.EqText(postalIn, postal), dataverse.StartsWith(nameIn, beginning(name))))
	}
	rows, err := s.api.List(ctx, accountSet, q)
	if err != nil {
		return nil, err
	}
	var exact, alike []dataverse.Row
	for _, r := range rows {
		switch {
		case r.Text(nameIn) == name && (postalIn == "" || r.Text(postalIn) == postal):
			exact = append(exact, r)
		case mapping.CompanyName(r.Text(nameIn)) == mapping.CompanyName(name) && (postalIn == "" || mapping.Loose(r.Text(postalIn)) == mapping.Loose(postal)):
			alike = append(alike, r)
		}
	}
	candidates := slices.Concat(oldestFirst(exact), oldestFirst(alike))
	for _, r := range candidates {
		if r.Text(stateColumn) == "0" {
			return &r, nil
		}
	}
	for _, r := range candidates {
		if master, err := s.master(ctx, r, q); master != nil || err != nil {
			return master, err
		}
	}
	return nil, nil
}

// beginning is the first word of a name: what two spellings of it have in common, so that not every
// account of a postal code has to be read.
func beginning(name string) string {
	i := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if i <= 0 {
		return name
	}
	return name[:i]
}

func (s *Store) accountQuery(nameIn, postalIn string) dataverse.Query {
	columns := []string{accountID, nameIn, stateColumn, "createdon", lookupValue(owningUser), lookupValue(owningTeam)}
	if postalIn != "" {
		columns = append(columns, postalIn)
	}
	return dataverse.Query{Select: columns, OrderBy: "createdon asc", Expand: []dataverse.Expand{{
		Nav: contactsOf, Query: dataverse.Query{Select: []string{contactID, "firstname", "lastname", "emailaddress1", stateColumn}},
	}}}
}

func oldestFirst(rows []dataverse.Row) []dataverse.Row {
	slices.SortStableFunc(rows, func(a, b dataverse.Row) int { return strings.Compare(a.Text("createdon"), b.Text("createdon")) })
	return rows
}

// master follows an account that was merged into another.
func (s *Store) master(ctx context.Context, r dataverse.Row, q dataverse.Query) (*dataverse.Row, error) {
	merged, err := s.api.Get(ctx, accountSet, r.ID(accountID), dataverse.Query{Select: []string{lookupValue(masterRecord)}})
	id := merged.Text(lookupValue(masterRecord))
	if err != nil || id == "" {
		return nil, unlessGone(err)
	}
	q.Filter, q.OrderBy = "", ""
	master, err := s.api.Get(ctx, accountSet, id, q)
	if err != nil || master.Text(stateColumn) != "0" {
		return nil, unlessGone(err)
	}
	return &master, nil
}

// unlessGone: an account that cannot be followed is no candidate.
func unlessGone(err error) error {
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Refused) {
		return nil
	}
	return err
}

func (s *Store) newAccount(c *customer, values cosell.Record) error {
	body := map[string]any{}
	for _, row := range s.sheet.Rows() {
		column, ok := strings.CutPrefix(row.CRM, accountNav+"/")
		text := values[row.Field]
		if !ok || text == "" || !row.Scalar() {
			continue
		}
		v, err := row.ToCRM(&mapping.Glossary{}, column, s.sheet.Fit(row)(text))
		if err != nil {
			return mapping.RefusedValue("a new account", row.Field, err)
		}
		body[column] = v
	}
	c.account = s.deterministic("account", mapping.CompanyName(values[cosell.CustomerName]), strings.ToUpper(values[cosell.CustomerCountry]), mapping.Loose(values[customerPostalCode]))
	c.writes = append(c.writes, newRow(accountSet, c.account, body))
	return nil
}

func newRow(set, id string, body map[string]any) dataverse.Write {
	return dataverse.Write{Method: http.MethodPatch, Path: rowPath(set, id), IfNoneMatch: "*", Body: body}
}

// addContact takes the account's contact with the same e-mail, or makes one.
func (s *Store) addContact(c *customer, known []dataverse.Row, m mapping.Member) {
	for _, r := range known {
		if r.Text(stateColumn) == "0" && contactMember(r).Key() == m.Key() {
			c.contacts = append(c.contacts, r.ID(contactID))
			return
		}
	}
	body := map[string]any{"parentcustomerid_account@odata.bind": dataverse.Bind(accountSet, c.account)}
	for column, text := range map[string]string{"firstname": m.FirstName, "lastname": m.LastName, "emailaddress1": m.Email, "telephone1": m.Phone} {
		if text != "" {
			body[column] = mapping.Cut(text, s.sheet.LengthOf("contact", column))
		}
	}
	id := s.deterministic("contact", c.account, m.Key())
	c.contacts = append(c.contacts, id)
	c.writes = append(c.writes, newRow(contactSet, id, body))
}

// owner chooses who owns what we create: the enabled user of the first team member that has one, else the
// owner of the account, else the configured one; never an application user.
func (s *Store) owner(ctx context.Context, team []mapping.Member, c *customer) (bind string, err error) {
	fallback := s.options.DefaultOwner
	_, notID := uuid.Parse(fallback)
	var wanted []string
	emails := []string{}
	for _, m := range team {
		if m.Email != "" {
			emails = append(emails, mapping.KeyText(m.Email))
		}
	}
	if fallback != "" && notID != nil {
		fallback = mapping.KeyText(fallback)
		wanted = append(wanted, dataverse.EqText(userEmail, fallback))
	}
	for _, e := range emails {
		wanted = append(wanted, dataverse.EqText(userEmail, e))
	}
	if c.owner != "" {
		wanted = append(wanted, dataverse.EqID(userID, c.owner))
	}
	users, err := s.users(ctx, wanted)
	if err != nil {
		return "", err
	}
	for _, e := range emails {
		if id, ok := users[e]; ok {
			return dataverse.Bind(userSet, id), nil
		}
	}
	switch {
	case c.owner != "" && users[strings.ToLower(c.owner)] != "":
		return dataverse.Bind(userSet, c.owner), nil
	case c.team != "":
		return dataverse.Bind("teams", c.team), nil
	case fallback != "" && notID == nil:
		return dataverse.Bind(userSet, fallback), nil
	case fallback != "" && users[fallback] != "":
		return dataverse.Bind(userSet, users[fallback]), nil
	}
	return "", fault.New(fault.Denied, "no owner for the new opportunity: no team member of the referral is an enabled user").
		With("owner.unknown", "set the default owner to the e-mail or id of an enabled user")
}

// users gives the ids of the enabled people that match, by e-mail and by id.
func (s *Store) users(ctx context.Context, wanted []string) (map[string]string, error) {
	out := map[string]string{}
	if len(wanted) == 0 {
		return out, nil
	}
	rows, err := s.api.List(ctx, userSet, dataverse.Query{Select: []string{userID, userEmail, application},
		Filter: dataverse.And(dataverse.EqBool("isdisabled", false), dataverse.Or(wanted...))})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Has(application) {
			continue
		}
		id := r.ID(userID)
		out[id] = id
		if email := mapping.KeyText(r.Text(userEmail)); email != "" && out[email] == "" {
			out[email] = id
		}
	}
	return out, nil
}
