package opportunities

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// readPeople reads the owner, or the customer's contact where it may be named. A row owned by a team says
// nothing about people; substitute looks for somebody then.
func (s *Store) readPeople(r cosell.Record, field mapping.Row, row dataverse.Row) {
	var l mapping.List
	if field.CRM == ownerPath {
		if user, ok := relatedRow(row, ownerNav); ok {
			m := s.userMember(user)
			l.Add(m.Key(), m.Text())
			l.Into(r, field.Field)
		}
		return
	}
	if !s.namesContact(row) {
		return
	}
	if contact, ok := relatedRow(row, contactNav); ok {
		m := contactMember(contact)
		l.Add(m.Key(), m.Text())
	}
	l.Into(r, field.Field)
}

func (s *Store) userMember(user dataverse.Row) mapping.Member {
	return mapping.Member{Email: strings.TrimSpace(mapping.Clean(user.Text("internalemailaddress"))), FirstName: mapping.Clean(user.Text("firstname")),
		LastName: mapping.Clean(user.Text("lastname")), Phone: mapping.FirstText(user.Text("address1_telephone1"), user.Text("mobilephone"), s.options.DefaultPhone)}
}

func contactMember(contact dataverse.Row) mapping.Member {
	return mapping.Member{Email: strings.TrimSpace(contact.Text("emailaddress1")), FirstName: mapping.Clean(contact.Text("firstname")),
		LastName: mapping.Clean(contact.Text("lastname")), Phone: mapping.FirstText(contact.Text("telephone1"), contact.Text("mobilephone"))}
}
