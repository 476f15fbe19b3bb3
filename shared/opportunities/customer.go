package opportunities

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

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
	writes   []dataverse.Write

	owner, team string // of an existing account
}

// customer finds the account and its contacts, or plans them. Where two accounts could be the customer
// nobody guesses: that is a Refused of class Rule with the code account.unclear, which names both. Values
// whose state says account.unclear already ask for no customer at all.
func (s *Store) customer(ctx context.Context, values cosell.Record, people []mapping.Member) (*customer, error) {
	if values[cosell.CustomerName] == "" || values[cosell.State] == AccountUnclear {
		return &customer{}, nil
	}
	found, free, err := s.findAccount(ctx, mapping.NewCustomer(values[cosell.CustomerName], values[cosell.CustomerCountry], values[customerPostalCode]))
	if err != nil {
		return nil, err
	}
	c := &customer{account: free}
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

// setCustomer gives an opportunity that has none the account and the contacts that the values name: found,
// or made in the same transaction.
func (s *Store) setCustomer(ctx context.Context, w *planned, o cosell.Opportunity, values cosell.Record) error {
	if values[cosell.CustomerName] == "" {
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
	c, err := s.customer(ctx, values, people)
	if err != nil {
		return err
	}
	for _, write := range c.writes {
		if owner := ownerOf(o); owner != "" {
			write.Body[ownerBind] = owner
		}
	}
	w.before = c.writes
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

const customerPostalCode cosell.Field = "customerPostalCode"

// constants are the values that every new row of a table gets, which is reached by the lookup; "" is the
// opportunity itself.
func (s *Store) constants(nav string) map[string]any {
	out := map[string]any{}
	for _, row := range s.sheet().Rows() {
		through, column, deep := strings.Cut(row.CRM, "/")
		if !deep {
			through, column = "", row.CRM
		}
		if row.Constant != nil && row.CRM != "" && through == nav {
			out[column] = row.Constant
		}
	}
	return out
}

func (s *Store) newAccount(c *customer, values cosell.Record) error {
	body := s.constants(accountNav)
	for _, row := range s.sheet().Rows() {
		column, ok := strings.CutPrefix(row.CRM, accountNav+"/")
		text := values[row.Field]
		if !ok || text == "" || !row.Scalar() {
			continue
		}
		v, err := row.ToCRM(&mapping.Glossary{}, column, s.sheet().Fit(row)(text))
		if err != nil {
			return mapping.RefusedValue("a new account", row.Field, err)
		}
		body[column] = v
	}
	c.writes = append(c.writes, newRow(accountSet, c.account, body))
	return nil
}

func newRow(set, id string, body map[string]any) dataverse.Write {
	return dataverse.Write{Method: http.MethodPatch, Path: rowPath(set, id), IfNoneMatch: "*", Body: body}
}

// addContact takes the account's contact with the same e-mail and name, or makes one. A name that one of
// the two does not have is no difference.
func (s *Store) addContact(c *customer, known []dataverse.Row, m mapping.Member) {
	for _, r := range known {
		if r.Text(stateColumn) == "0" && samePerson(contactMember(r), m) {
			c.contacts = append(c.contacts, r.ID(contactID))
			return
		}
	}
	body := s.constants(contactNav)
	body["parentcustomerid_account@odata.bind"] = dataverse.Bind(accountSet, c.account)
	for column, text := range map[string]string{"firstname": m.FirstName, "lastname": m.LastName, "emailaddress1": m.Email, "telephone1": m.Phone} {
		if text != "" {
			body[column] = mapping.Cut(text, s.sheet().LengthOf("contact", column))
		}
	}
	id := s.deterministic("contact", c.account, mapping.KeyText(m.Email), personName(m))
	c.contacts = append(c.contacts, id)
	c.writes = append(c.writes, newRow(contactSet, id, body))
}

func samePerson(a, b mapping.Member) bool {
	if a.Email != "" || b.Email != "" {
		return mapping.KeyText(a.Email) == mapping.KeyText(b.Email) && (personName(a) == "" || personName(b) == "" || personName(a) == personName(b))
	}
	return personName(a) == personName(b)
}

func personName(m mapping.Member) string { return mapping.FoldText(m.FirstName + " " + m.LastName) }
