package mapping

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
)

// opportunity makes the heart's opportunity of a row that was read with the sheet's query.
func (s *Opportunities) opportunity(ctx context.Context, row dataverse.Row) (cosell.Opportunity, error) {
	o := cosell.Opportunity{Side: cosell.Side{
		ID: row.ID(opportunityID), Version: row.ETag(), Read: row.Date(), Source: row,
	}}
	o.Modified, _ = time.Parse(time.RFC3339, row.Text(modifiedAt)) // zero when it cannot be read
	var m metadata
	if s.hasChoice(row) {
		var err error
		if m, err = s.metadata.get(ctx); err != nil {
			return o, err
		}
	}
	var solutions []dataverse.Row
	if r, ok := s.sheet.row(cosell.Solutions); ok {
		solutions = row.Rows(r.CRM)
	}
	catalogue, err := s.detailsOf(ctx, solutions)
	if err != nil {
		return o, err
	}
	o.Record = s.record(row, &glossary{country: s.country, choices: m.choices, catalogue: catalogue})
	return o, nil
}

// hasChoice says whether the row needs the metadata to be read: only where an option is chosen.
func (s *Opportunities) hasChoice(row dataverse.Row) bool {
	return slices.ContainsFunc(s.sheet.rows, func(r Row) bool { return r.As == asChoice && row.Has(r.CRM) })
}

func (s *Opportunities) record(row dataverse.Row, g *glossary) cosell.Record {
	r := cosell.Record{}
	status, statusErr := statusFromCRM(row.Text(stateColumn), row.Text(statusColumn))
	for _, field := range s.sheet.rows {
		if field.CRM == "" || field.Constant != nil {
			continue
		}
		var text string
		present := true
		var err error
		switch field.As {
		case asStatus:
			text, err = status, statusErr
		case asReason:
			text, present = closedBecause(row, status)
		case asMark:
			text, _ = splitMark(row.Text(field.CRM))
		case asMembers:
			s.readPeople(r, field, row)
			continue
		case asSolutions:
			readSolutionRows(row.Rows(field.CRM), g).into(r, field.Field)
			continue
		case asSeller:
			text = lineEnds(row.Text(field.CRM))
		default:
			text, present, err = readColumn(row, field, status, g)
		}
		switch {
		case err != nil:
			r[cosell.Unreadable.Of(string(field.Field))] = "in CRM, " + field.CRM + ": " + err.Error()
		case present:
			r[field.Field] = text
		}
	}
	return r
}

// readColumn reads a plain value. One of a related row that is not there is absent, not empty.
func readColumn(row dataverse.Row, field Row, status string, g *glossary) (text string, present bool, err error) {
	path := field.CRM
	if status == cosell.Won && field.CRMWhenWon != "" && row.Has(field.CRMWhenWon) {
		path = field.CRMWhenWon
	}
	codec := scalars[field.As]
	if field.As == asCurrency {
		text, err = codec.fromCRM(g, path, row.Text(path+"/"+currencyCode))
		return text, true, err
	}
	nav, column, deep := strings.Cut(path, "/")
	if !deep {
		text, err = codec.fromCRM(g, path, row.Text(path))
		return text, true, err
	}
	related, ok := relatedRow(row, nav)
	if !ok {
		return "", false, nil
	}
	text, err = codec.fromCRM(g, path, related.Text(column))
	return text, true, err
}

// relatedRow follows a lookup, or the customer where the form's lookup is empty.
func relatedRow(row dataverse.Row, nav string) (dataverse.Row, bool) {
	if r, ok := row.Row(nav); ok {
		return r, true
	}
	switch nav {
	case accountNav:
		return row.Row(customerNav)
	case contactNav:
		return row.Row(personNav)
	}
	return dataverse.Row{}, false
}

// readPeople reads the owner, or the customer's contact. A row owned by a team says nothing about people.
func (s *Opportunities) readPeople(r cosell.Record, field Row, row dataverse.Row) {
	var l listed
	if field.CRM == ownerPath {
		user, ok := relatedRow(row, ownerNav)
		if !ok {
			return
		}
		m := member{Email: user.Text("internalemailaddress"), FirstName: user.Text("firstname"), LastName: user.Text("lastname"),
			Phone: firstText(user.Text("address1_telephone1"), user.Text("mobilephone"), s.options.DefaultPhone)}
		l.add(m.key(), m.text())
		l.into(r, field.Field)
		return
	}
	if contact, ok := relatedRow(row, contactNav); ok {
		m := contactMember(contact)
		l.add(m.key(), m.text())
	}
	l.into(r, field.Field)
}

func contactMember(contact dataverse.Row) member {
	return member{Email: strings.TrimSpace(contact.Text("emailaddress1")), FirstName: contact.Text("firstname"),
		LastName: contact.Text("lastname"), Phone: firstText(contact.Text("telephone1"), contact.Text("mobilephone"))}
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// readSolutionRows reads the solution rows. A row that names no solution, neither by the catalogue nor by
// its own identifier, is not counted.
func readSolutionRows(rows []dataverse.Row, g *glossary) *listed {
	var l listed
	for _, row := range rows {
		key, sol := solutionOfRow(row, g.catalogue)
		l.add(key, sol.text())
	}
	return &l
}

func solutionOfRow(row dataverse.Row, catalogue map[string]catalogueSolution) (key string, s solution) {
	price, _ := decimal(row.Text(solutionPrice)) // numbers of the CRM's own
	quantity, _ := decimal(row.Text(solutionQuantity))
	s = solution{Currency: strings.ToUpper(row.Text(solutionCurrency)), Name: row.Text(solutionName), Price: price, Quantity: quantity}
	key = strings.TrimSpace(row.Text(solutionIdentifier))
	if entry, ok := catalogue[strings.ToLower(row.Text(lookupValue(solutionDetail)))]; ok {
		key = entry.identifier
		s.Name = firstText(entry.name, s.Name)
	}
	return key, s
}

// closedSubject stands over the close activities that we make.
const closedSubject = "Closed in Partner Center"

// closedBecause is why a closed deal was closed: the description of the newest close activity, else its
// subject, unless that was made up by us or by the CRM, which repeats the deal's name.
func closedBecause(row dataverse.Row, status string) (string, bool) {
	if !cosell.OpportunityClosed(status) {
		return "", false
	}
	closed := row.Rows(closeNav) // the newest only
	if len(closed) == 0 {
		return "", true
	}
	if text := strings.TrimSpace(lineEnds(closed[0].Text("description"))); text != "" {
		return text, true
	}
	subject := strings.TrimSpace(closed[0].Text("subject"))
	if subject == closedSubject || strings.HasPrefix(subject, "Opportunity Close") || repeatsName(subject, row.Text(nameColumn)) {
		return "", true
	}
	return subject, true
}

func repeatsName(subject, name string) bool {
	const enough = 40
	if r := []rune(name); len(r) > enough {
		name = string(r[:enough])
	}
	return name != "" && strings.Contains(subject, name)
}
