package referrals

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// body makes the POST of a draft. The partner's own referral carries the opportunity's id and the team;
// the one addressed to Microsoft joins the engagement and carries the invitation.
// https://learn.microsoft.com/partner-center/developer/create-referral
func (s *Store) body(o cosell.Opportunity, d cosell.Draft) (map[string]any, error) {
	body := map[string]any{}
	for _, row := range s.sheet.Rows() {
		if row.Referral == "" || row.Microsoft || row.Registers() || row.OfLeads() || row.As == mapping.AsStatus || row.As == mapping.AsReason || row.Field == cosell.Help {
			continue
		}
		if d.Microsoft && (row.Field == cosell.Team || row.Field == cosell.CRMID || row.Referral == mapping.LocationPath) || row.Referral == mapping.InviteNotesPath {
			continue
		}
		v, ok, err := s.created(row, o, d)
		if err != nil {
			return nil, mapping.RefusedValue("a new referral for opportunity "+o.ID, row.Field, err)
		}
		if !ok {
			continue
		}
		at := row.Pointer()
		path := strings.Split(at.Plain()[1:], "/")
		place := body
		for _, parent := range path[:len(path)-1] {
			place = child(place, parent)
		}
		name := path[len(path)-1]
		if at.List() == "" {
			place[name] = v
		} else if place[name], err = at.After(elements(place[name]), v); err != nil {
			return nil, mapping.RefusedValue("a new referral for opportunity "+o.ID, row.Field, err)
		}
	}
	body["target"] = []any{}
	if d.Microsoft {
		s.address(body, d)
	}
	return body, nil
}

// elements are the members of a list that a body has already, from a constant perhaps.
func elements(v any) []json.RawMessage {
	if raw, is := v.([]json.RawMessage); is {
		return raw
	}
	var out []json.RawMessage
	for _, e := range mapping.Elements(v) {
		out = append(out, json.RawMessage(mapping.Compact(e)))
	}
	return out
}

// created is what a row puts into a new referral; empty values are left out.
func (s *Store) created(row mapping.Row, o cosell.Opportunity, d cosell.Draft) (v any, ok bool, err error) {
	text, given := d.Values[row.Field]
	switch {
	case row.Field == consentPartners && row.Constant == true:
		return d.Values[cosell.Consent] == cosell.True, true, nil
	case row.Constant != nil && row.WithHelp != nil && d.Help != "":
		return row.Worded(row.WithHelp), true, nil
	case row.Constant != nil:
		return row.Worded(row.Constant), true, nil
	case row.Fixed():
		v, err := row.Computed().Eval(d.Values, nil)
		return row.Worded(v), err == nil && v != nil && v != "", nil // what cannot be computed is not there
	case row.Field == cosell.CRMID:
		return o.ID, true, nil
	case row.Field == cosell.Visibility && d.Help != "":
		return true, true, nil // a deal with help is visible, whatever the switch says
	case row.IsList():
		return s.createdList(row, d), true, nil
	case !given || text == "" || !row.Scalar():
		return nil, false, nil
	}
	v, err = row.ToReferral(s.glossary, text)
	return v, true, err
}

// consentPartners says that partners may contact the customer: none may who has no consent of the contact.
const consentPartners cosell.Field = "consentPartners"

// createdList: own solutions first added first is not known here, so the order is that of the keys, behind the
// member that leads the list.
func (s *Store) createdList(row mapping.Row, d cosell.Draft) any {
	members := d.Values.Members(row.Field)
	if row.Field == cosell.Contacts && !namesContact(d) {
		members = nil // whoever made the draft
	}
	out := []json.RawMessage{}
	l := list{as: row.As}
	first := d.Values[row.Field.First()]
	order := slices.SortedFunc(maps.Keys(members), func(a, b string) int {
		return cmp.Or(-cmp.Compare(leads(a, first), leads(b, first)), cmp.Compare(a, b))
	})
	for _, key := range order {
		if text := members[key]; text != "" {
			out = append(out, l.merged(nil, key, text))
		}
	}
	return out
}

func leads(key, first string) int {
	if key == first {
		return 1
	}
	return 0
}

// namesContact says whether a draft may carry the customer's contact: with consent, and never privately.
func namesContact(d cosell.Draft) bool {
	return d.Values[cosell.Consent] == cosell.True && (d.Values[cosell.Visibility] == cosell.True || d.Help != "")
}

func (s *Store) address(body map[string]any, d cosell.Draft) {
	body["engagementId"] = d.EngagementID
	body["status"], body["substatus"] = "New", "Pending"
	body["target"] = []any{map[string]any{"type": "BusinessProfileLocation", "id": microsoft}}
	invite := map[string]any{"assistanceRequestCode": d.Help}
	notes := cosell.Notes
	if row, own := s.sheet.InviteNotes(); own {
		notes = row.Field
	}
	if text := d.Values[notes]; text != "" {
		invite["notes"] = text
	}
	if s.options.Organization != "" {
		invite["invitedBy"] = map[string]any{"organizationId": s.options.Organization}
	}
	body["inviteContext"] = invite
}

// child is the object under a name, made when it is missing. A constant may have put one there: it is
// copied, because the sheet is shared.
func child(parent map[string]any, name string) map[string]any {
	c, _ := parent[name].(map[string]any)
	c = maps.Clone(c)
	if c == nil {
		c = map[string]any{}
	}
	parent[name] = c
	return c
}
