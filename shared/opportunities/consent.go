package opportunities

import (
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
)

// namesContact says whether the customer's contact leaves the CRM at all: never for a private deal, else
// with the contact's consent. What may not leave is absent from the record, so nothing can send it.
func (s *Store) namesContact(row dataverse.Row) bool {
	return s.consented(row) && (s.flag(row, cosell.Visibility) || s.chosen(row, cosell.Help))
}

func (s *Store) consented(row dataverse.Row) bool {
	return s.options.ContactConsent || s.flag(row, cosell.Consent)
}

func (s *Store) flag(row dataverse.Row, f cosell.Field) bool {
	field, ok := s.sheet().Row(f)
	return ok && row.Text(field.CRM) == "true"
}

func (s *Store) chosen(row dataverse.Row, f cosell.Field) bool {
	field, ok := s.sheet().Row(f)
	return ok && row.Has(field.CRM)
}

// tellConsent writes the consent as it counts, and says why Microsoft cannot be asked for help without it.
func (s *Store) tellConsent(r cosell.Record, row dataverse.Row) {
	field, ok := s.sheet().Row(cosell.Consent)
	if !ok {
		return
	}
	if s.options.ContactConsent {
		r[cosell.Consent] = cosell.True
		return
	}
	_, contact := relatedRow(row, contactNav)
	if contact && s.chosen(row, cosell.Help) && !s.consented(row) {
		r[cosell.Unreadable.Of(string(cosell.Contacts))] = "the contact is not sent: \"" + field.Label() + "\" is not set to Yes"
	}
}
