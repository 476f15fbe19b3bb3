package referrals

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// firstContact reads one part of the first person of a list: a lead in CRM holds that person's values in columns of
// its own.
func firstContact(g *mapping.Glossary, d partnercenter.Document, row mapping.Row) (string, error) {
	list, part := row.ContactPart()
	for _, e := range mapping.Elements(d.Value(list)) {
		if person, ok := e.(map[string]any); ok {
			return row.FromReferral(g, person[part])
		}
	}
	return "", nil
}

// contact notes a new part of the first person of a list.
func (p *patch) contact(row mapping.Row, text string) {
	list, part := row.ContactPart()
	if p.contacts == nil {
		p.contacts = map[string]map[string]string{}
	}
	if p.contacts[list] == nil {
		p.contacts[list] = map[string]string{}
	}
	p.contacts[list][part] = text
}

// setContacts writes each list once, with all its new parts; the other people and what we do not know of them stay.
func (p *patch) setContacts() {
	for _, pointer := range slices.Sorted(maps.Keys(p.contacts)) {
		people := rawElements(p.doc.JSON(), pointer)
		if len(people) == 0 {
			people = []json.RawMessage{json.RawMessage("{}")}
		}
		first := map[string]json.RawMessage{}
		_ = json.Unmarshal(people[0], &first) // what is no person has no parts
		for part, text := range p.contacts[pointer] {
			first[part] = json.RawMessage(mapping.Compact(mapping.OrNull(text)))
		}
		people[0] = json.RawMessage(mapping.Compact(first))
		p.set(pointer, people)
	}
}
