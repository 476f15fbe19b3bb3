package referrals

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// microsoft is how Microsoft's organisation is called in referrals.
const microsoft = "msft"

// referral makes the heart's referral of a document.
func (s *Store) referral(d partnercenter.Document) cosell.Referral {
	r := cosell.Referral{
		Side: cosell.Side{
			ID: d.ID(), Version: d.ETag(), Modified: timeOf(d, "/updatedDateTime"), Read: d.Date(), Source: d,
		},
		EngagementID: d.Text("/engagementId"),
		Microsoft:    isMicrosofts(d),
		CreatedAt:    timeOf(d, "/createdDateTime"),
	}
	r.Lead = !r.Microsoft && isLead(d)
	if status, _ := mapping.StatusFromReferral(d.Text("/status"), d.Text("/substatus")); status != cosell.Pending {
		r.AcceptedAt = timeOf(d, "/acceptedDateTime")
	}
	if r.AcceptedAt.IsZero() {
		r.ExpiresAt = timeOf(d, "/expirationDateTime")
	}
	r.Record = s.record(d, r.Microsoft, r.Lead)
	if row, ok := s.sheet.Row(cosell.Contacts); ok && r.Lead { // also where no column shows them
		if _, shown := r.Record[cosell.FurtherContacts]; !shown {
			r.Record[cosell.FurtherContacts] = mapping.FurtherPeople(d.Value(row.Referral))
		}
	}
	r.Unsaid = s.unsaid(d, r.Microsoft)
	return r
}

// isMicrosofts tells Microsoft's referral of an engagement from the partner's own. Microsoft's belongs to
// the organisation msft, or is addressed to it and to nobody else; the partner's own shows solutions as
// its targets, and may show an invitation beside them.
func isMicrosofts(d partnercenter.Document) bool {
	if strings.EqualFold(d.Text("/organizationId"), microsoft) {
		return true
	}
	targets := mapping.Elements(d.Value("/target"))
	for _, t := range targets {
		o, _ := t.(map[string]any)
		if !strings.EqualFold(mapping.TextOf(o["type"]), "BusinessProfileLocation") || !strings.EqualFold(mapping.TextOf(o["id"]), microsoft) {
			return false
		}
	}
	return len(targets) > 0
}

// isLead follows the official table of type, qualification and inviter; a Shared referral is always a
// co-sell opportunity. https://learn.microsoft.com/partner-center/developer/referrals
func isLead(d partnercenter.Document) bool {
	if strings.EqualFold(d.Text("/type"), "Shared") {
		return false
	}
	inviter := d.Text("/inviteContext/invitedBy/organizationId")
	fromMicrosoft := strings.EqualFold(inviter, microsoft)
	switch strings.ToLower(d.Text("/qualification")) {
	case "direct":
		return fromMicrosoft || inviter == ""
	case "salesqualified", "marketingqualified":
		return fromMicrosoft
	}
	return false
}

// record reads the rows that stand in this kind of referral.
func (s *Store) record(d partnercenter.Document, microsofts, lead bool) cosell.Record {
	r := cosell.Record{}
	for _, row := range s.sheet.Rows() {
		switch {
		case row.Fixed() || row.Referral == "" || row.OfLeads() && !lead:
		case row.Field == cosell.Help:
			s.readHelp(r, row, d)
		case row.Microsoft && (microsofts || row.Field == cosell.MicrosoftCRMID):
			s.readAnswer(r, row, d)
		case microsofts || row.Microsoft:
		default:
			s.readRow(r, row, d)
		}
	}
	return r
}

// readAnswer reads what Microsoft says. Which of the two referrals carries Microsoft's CRM id is not
// documented, so it is taken from both, and what one of them does not say is absent, never cleared.
func (s *Store) readAnswer(r cosell.Record, row mapping.Row, d partnercenter.Document) {
	s.readRow(r, row, d)
	if r[row.Field] == "" {
		delete(r, row.Field)
	}
}

func (s *Store) readHelp(r cosell.Record, row mapping.Row, d partnercenter.Document) {
	if code := d.Text(row.Referral); code != "" && !strings.EqualFold(code, "Unknown") {
		r[row.Field] = code
	}
}

func (s *Store) readRow(r cosell.Record, row mapping.Row, d partnercenter.Document) {
	var text string
	var err error
	switch row.As {
	case mapping.AsStatus:
		text, err = mapping.StatusFromReferral(d.Text(row.Referral), d.Text(substatusOf(row)))
	case mapping.AsMembers, mapping.AsSolutions:
		s.readList(r, row, d.Value(row.Referral))
		return
	case mapping.AsSeller:
		text = seller(d, row)
	case mapping.AsContact:
		text, err = firstContact(s.glossary, d, row)
	case mapping.AsReason:
		text, err = mapping.ReasonFromReferral(d.Value(row.Referral), d.Text("/substatus"))
	default:
		if !row.Scalar() {
			return // nobody knows yet what kind of column it is
		}
		text, err = row.FromReferral(s.glossary, row.Pointer().Value(d.Value))
		if text == "" && row.Field == "customerState" {
			text = d.Text("/customerProfile/address/region")
		}
	}
	if err != nil {
		r[cosell.Unreadable.Of(string(row.Field))] = "in Partner Center, " + row.Referral + ": " + err.Error()
		return
	}
	r[row.Field] = text
}

// unsaid are the lists of the partner's own referral that came as null, or not at all.
func (s *Store) unsaid(d partnercenter.Document, microsofts bool) []cosell.Field {
	var out []cosell.Field
	for _, row := range s.sheet.Rows() {
		if row.IsList() && !row.Microsoft && !microsofts && !mapping.IsList(d.Value(row.Referral)) {
			out = append(out, row.Field)
		}
	}
	return out
}

// readList reads a list that was said.
func (s *Store) readList(r cosell.Record, row mapping.Row, v any) {
	if !mapping.IsList(v) {
		return
	}
	if row.As == mapping.AsMembers {
		mapping.ReadMembers(v).Into(r, row.Field)
		return
	}
	list := mapping.ReadSolutions(v, s.sheet.Tables().Rows.Lacks())
	list.Into(r, row.Field)
	if odd := oddSolutions(r.Members(row.Field), list.Unkeyed); odd != "" {
		r[cosell.Unreadable.Of(string(row.Field))] = "in Partner Center, " + row.Referral + ": " + odd
	}
}

// oddSolutions says which solutions CRM cannot show as they are.
func oddSolutions(members map[string]string, unkeyed int) string {
	var odd []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if q := mapping.ParseSolution(members[key]).Quantity; !mapping.IsWhole(q) {
			odd = append(odd, "the quantity "+q+" of "+key+" is no whole number and is left out in CRM")
		}
	}
	if unkeyed > 0 {
		odd = append(odd, strconv.Itoa(unkeyed)+" without an id")
	}
	return strings.Join(odd, "; ")
}

// substatusOf is the second half of a status row's path.
func substatusOf(row mapping.Row) string {
	return strings.TrimSuffix(row.Referral, "/status") + "/substatus"
}

// seller names Microsoft's people, each with e-mail and phone where they are told; they are known once Microsoft has
// accepted.
func seller(d partnercenter.Document, row mapping.Row) string {
	status, _ := mapping.StatusFromReferral(d.Text("/status"), d.Text("/substatus"))
	if status != cosell.Accepted && status != cosell.Won && status != cosell.Lost {
		return ""
	}
	var out []string
	for _, e := range mapping.Elements(d.Value(row.Referral)) {
		m, _ := mapping.MemberOf(e) // what is none has no name
		name := strings.TrimSpace(m.FirstName + " " + m.LastName)
		reached := strings.Join(slices.DeleteFunc([]string{m.Email, m.Phone}, func(s string) bool { return s == "" }), ", ")
		switch {
		case name == "" && reached == "":
			continue
		case name == "":
			name = reached
		case reached != "":
			name += " (" + reached + ")"
		}
		out = append(out, name)
	}
	return strings.Join(out, "; ")
}

func textAt(r cosell.Referral, pointer string) string {
	d, _ := r.Source.(partnercenter.Document)
	return d.Text(pointer)
}

func timeOf(d partnercenter.Document, pointer string) time.Time {
	t, _ := time.Parse(time.RFC3339, d.Text(pointer)) // zero when absent
	return t
}
