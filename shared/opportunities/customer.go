package opportunities

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
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
	people   []mapping.Member // who they are, in the same order
	writes   []dataverse.Write

	owner, team string         // of an existing account
	found       *dataverse.Row // that account
}

// customer finds the account and its contacts, or plans them. Where two accounts could be the customer
// nobody guesses: that is a Refused of class Rule with the code account.unclear, which names both. Values
// whose state says account.unclear already ask for no customer at all.
func (s *Store) customer(ctx context.Context, n news, values cosell.Record, people []mapping.Member) (*customer, error) {
	if values[cosell.CustomerName] == "" || values[cosell.State] == AccountUnclear {
		return &customer{}, nil
	}
	found, free, err := s.findAccount(ctx, mapping.NewCustomer(values[cosell.CustomerName], values[cosell.CustomerCountry], values[cosell.CustomerPostalCode]), values, people)
	if err != nil {
		return nil, err
	}
	c := &customer{account: free}
	var known []dataverse.Row
	if found != nil {
		c.account, c.found = found.ID(accountID), found
		c.owner, c.team = found.Text(lookupValue(owningUser)), found.Text(lookupValue(owningTeam))
		known = found.Rows(contactsOf)
	} else if err := s.newAccount(ctx, n, c, values); err != nil {
		return nil, err
	}
	for _, m := range people {
		if err := s.addContact(ctx, n, c, known, m, values); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// setCustomer gives an opportunity that has none the account and the contacts that the values name: found,
// or made in the same transaction.
func (s *Store) setCustomer(ctx context.Context, w *planned, o cosell.Opportunity, values cosell.Record) error {
	if values[cosell.CustomerName] == "" || s.table.isLead {
		return nil
	}
	row, read := o.Source.(dataverse.Row)
	if !read {
		return mustRead(o.ID)
	}
	if _, has := relatedRow(row, accountNav); has {
		return nil
	}
	var people []mapping.Member
	members := values.Members(cosell.Contacts)
	for _, key := range slices.Sorted(maps.Keys(members)) {
		people = append(people, mapping.ParseMember(members[key]))
	}
	c, err := s.customer(ctx, news{fields: values}, values, people)
	if err != nil {
		return err
	}
	for _, write := range c.writes {
		if owner := ownerOf(o); owner != "" {
			write.Body[ownerBind] = owner
		}
	}
	w.before = c.writes
	if err := s.connectContacts(ctx, w, o.ID, c, ownerOf(o)); err != nil {
		return err
	}
	c.bind(w.columns)
	if _, has := relatedRow(row, contactNav); has {
		delete(w.columns, contactNav+"@odata.bind")
	}
	return nil
}

// bind links an opportunity with its customer; the first contact is the primary one.
func (c *customer) bind(columns map[string]any) {
	if c.account != "" {
		columns["customerid_account@odata.bind"] = dataverse.Bind(accountSet, c.account)
		columns[accountNav+"@odata.bind"] = dataverse.Bind(accountSet, c.account)
	}
	if len(c.contacts) > 0 {
		columns[contactNav+"@odata.bind"] = dataverse.Bind(contactSet, c.contacts[0])
	}
}

func (s *Store) newAccount(ctx context.Context, n news, c *customer, values cosell.Record) error {
	body, err := s.fixed(ctx, accountNav, n)
	if err != nil {
		return err
	}
	if err := s.fillRelated(ctx, body, accountNav, values); err != nil {
		return err
	}
	c.writes = append(c.writes, newRow(accountSet, c.account, body))
	return nil
}

// fillRelated writes the plain values that stand in a related row into the columns of a new one.
func (s *Store) fillRelated(ctx context.Context, body map[string]any, nav string, values cosell.Record) error {
	g := s.glossary(metadata{})
	g.Country = nil
	for _, row := range s.sheet().Rows() {
		text := values[row.Field]
		if row.CRM == "" || row.Place().Nav != nav || text == "" || !row.Scalar() {
			continue
		}
		if err := s.lookUp(ctx, g, row, text); err != nil {
			return err
		}
		if err := s.setValue(ctx, body, g, row, row.Written(), s.sheet().Fit(row)(text)); err != nil {
			return mapping.RefusedValue("a new row behind "+nav, row.Field, err)
		}
	}
	return nil
}

func newRow(set, id string, body map[string]any) dataverse.Write {
	return dataverse.Write{Method: http.MethodPatch, Path: rowPath(set, id), IfNoneMatch: "*", Body: body}
}

// addContact takes the account's contact with the same e-mail and name, or makes one. A name that one of
// the two does not have is no difference.
func (s *Store) addContact(ctx context.Context, n news, c *customer, known []dataverse.Row, m mapping.Member, values cosell.Record) error {
	for _, r := range known {
		if r.Text(stateColumn) == "0" && samePerson(contactMember(r), m) {
			c.keep(r.ID(contactID), contactMember(r))
			return nil
		}
	}
	body, err := s.fixed(ctx, contactNav, n)
	if err != nil {
		return err
	}
	if len(c.contacts) == 0 { // of the primary one the referral may say more
		if err := s.fillRelated(ctx, body, contactNav, values); err != nil {
			return err
		}
	}
	body["parentcustomerid_account@odata.bind"] = dataverse.Bind(accountSet, c.account)
	for column, text := range map[string]string{"firstname": m.FirstName, "lastname": m.LastName, "emailaddress1": m.Email, "telephone1": m.Phone} {
		if text != "" {
			body[column] = mapping.Cut(text, s.sheet().LengthOf("contact", column))
		}
	}
	id := s.deterministic("contact", c.account, mapping.KeyText(m.Email), personName(m))
	if c.keep(id, m) {
		c.writes = append(c.writes, newRow(contactSet, id, body))
	}
	return nil
}

// keep notes a contact of the deal, once.
func (c *customer) keep(id string, m mapping.Member) bool {
	if slices.Contains(c.contacts, id) {
		return false
	}
	c.contacts, c.people = append(c.contacts, id), append(c.people, m)
	return true
}

func samePerson(a, b mapping.Member) bool {
	if a.Email != "" || b.Email != "" {
		return mapping.KeyText(a.Email) == mapping.KeyText(b.Email) && (personName(a) == "" || personName(b) == "" || personName(a) == personName(b))
	}
	return personName(a) == personName(b)
}

func personName(m mapping.Member) string { return mapping.FoldText(m.FirstName + " " + m.LastName) }
