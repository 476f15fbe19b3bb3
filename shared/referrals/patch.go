package referrals

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// operations turns changes into a JSON Patch document, in the order of the sheet. Rows that do not stand
// in the referral are passed over. Partner Center cannot remove an element of a list, so a list that
// changes is replaced whole; its untouched elements stay as they were received, byte by byte.
func (s *Store) operations(d partnercenter.Document, values cosell.Record) ([]partnercenter.Operation, error) {
	p := patch{doc: d, made: map[string]bool{}}
	for _, row := range s.sheet.Rows() {
		if row.Referral == "" || row.Microsoft || row.Registers() || row.Fixed() {
			continue
		}
		if row.IsList() {
			changes, first := values.Members(row.Field), values[row.Field.First()]
			if len(changes) > 0 || first != "" {
				l := newList(d.JSON(), row)
				l.lacks = s.sheet.Tables().Rows.Lacks()
				p.set(row.Referral, l.after(changes, first))
			}
			continue
		}
		text, ok := values[row.Field]
		if !ok {
			continue
		}
		if row.As == mapping.AsContact {
			p.contact(row, text)
		} else if err := s.setRow(&p, row, text); err != nil {
			return nil, mapping.RefusedValue("referral "+d.ID(), row.Field, err)
		}
	}
	p.setContacts()
	return p.ops, nil
}

func (s *Store) setRow(p *patch, row mapping.Row, text string) error {
	switch {
	case row.As == mapping.AsStatus:
		status, substatus, err := mapping.StatusToReferral(text)
		if err != nil {
			return err
		}
		p.set(row.Referral, status)
		p.set(substatusOf(row), substatus)
		return nil
	case row.As == mapping.AsReason:
		p.set(row.Referral, mapping.ReasonToReferral(text, s.options.ReasonCodes))
		return nil
	case row.Scalar():
		v, err := row.ToReferral(s.glossary, text)
		if err != nil {
			return err
		}
		return p.put(row.Pointer(), v)
	}
	return nil
}

// patch collects operations. RFC 6902 lets replace only what is there and add only below a parent that
// is there, so missing parents are made first.
type patch struct {
	doc  partnercenter.Document
	ops  []partnercenter.Operation
	made map[string]bool
	// contacts are the new parts of the first member of a list of people, by its pointer.
	contacts map[string]map[string]string
}

func (p *patch) set(pointer string, value any) {
	for at := 1; ; {
		next := strings.IndexByte(pointer[at:], '/')
		if next < 0 {
			break
		}
		at += next
		if parent := pointer[:at]; !p.doc.Has(parent) && !p.made[parent] {
			p.made[parent] = true
			p.ops = append(p.ops, partnercenter.Operation{Op: "add", Path: parent, Value: map[string]any{}})
		}
		at++
	}
	op := "replace"
	if !p.doc.Has(pointer) {
		op = "add" // adding a member that is there, as null, replaces it too
	}
	p.ops = append(p.ops, partnercenter.Operation{Op: op, Path: pointer, Value: value})
}

// put sets the value at a pointer. A list that the pointer goes into is replaced whole, once for all its members.
func (p *patch) put(at mapping.Pointer, value any) error {
	if at.List() == "" {
		p.set(at.Plain(), value)
		return nil
	}
	i := slices.IndexFunc(p.ops, func(o partnercenter.Operation) bool { return o.Path == at.List() })
	var before []json.RawMessage
	if i >= 0 {
		before, _ = p.ops[i].Value.([]json.RawMessage)
	} else {
		before = rawElements(p.doc.JSON(), at.List())
	}
	after, err := at.After(before, value)
	if err != nil {
		return err
	}
	if i >= 0 {
		p.ops[i].Value = after
	} else {
		p.set(at.List(), after)
	}
	return nil
}

// list is a list of a referral with its elements as they were received.
type list struct {
	as    string
	raw   []json.RawMessage
	known map[string]int // key to index
	lacks []string       // members of a solution that CRM has no columns for
}

func newList(doc []byte, row mapping.Row) *list {
	l := &list{as: row.As, known: map[string]int{}}
	for _, raw := range rawElements(doc, row.Referral) {
		key := elementKey(row.As, raw)
		if _, twice := l.known[key]; !twice && key != "" {
			l.known[key] = len(l.raw)
		}
		l.raw = append(l.raw, raw)
	}
	return l
}

// rawElements finds the list under the pointer without decoding its elements.
func rawElements(doc []byte, pointer string) []json.RawMessage {
	raw := json.RawMessage(doc)
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return nil
		}
		raw = object[segment]
	}
	var out []json.RawMessage
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

func elementKey(as string, raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return ""
	}
	if as == mapping.AsSolutions {
		key, _, _ := mapping.SolutionOf(v)
		return key
	}
	m, _ := mapping.MemberOf(v)
	return m.Key()
}

// after gives the list with the changes: an empty text removes a member, an unknown key adds one. first is the key of
// the member that leads the list from now on; where nobody says, a person who is added leads it: CRM named but one
// in older versions of what we remember.
func (l *list) after(changes map[string]string, first string) []json.RawMessage {
	type element struct {
		key string
		raw json.RawMessage
	}
	var added, kept []element
	gone := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		_, known := l.known[key]
		gone[key] = known && changes[key] == ""
		if !known && changes[key] != "" {
			added = append(added, element{key, l.merged(nil, key, changes[key])})
		}
	}
	keys := map[int]string{}
	for key, i := range l.known {
		keys[i] = key
	}
	for i, raw := range l.raw {
		key, known := keys[i]
		if text := changes[key]; known && text != "" {
			raw = l.merged(raw, key, text)
		}
		if !known || !gone[key] {
			kept = append(kept, element{key, raw})
		}
	}
	if l.as == mapping.AsMembers && first == "" {
		kept = append(added, kept...)
	} else {
		kept = append(kept, added...)
	}
	if i := slices.IndexFunc(kept, func(e element) bool { return first != "" && e.key == first }); i > 0 {
		kept = slices.Insert(slices.Delete(slices.Clone(kept), i, i+1), 0, kept[i])
	}
	out := []json.RawMessage{}
	for _, e := range kept {
		out = append(out, e.raw)
	}
	return out
}

// merged lays what we know of a member over what was received; members that we do not know stay.
func (l *list) merged(raw json.RawMessage, key, text string) json.RawMessage {
	object := map[string]json.RawMessage{}
	if raw != nil {
		_ = json.Unmarshal(raw, &object) // elements that are no objects have no key and never come here
	}
	wire := memberToReferral(text)
	if l.as == mapping.AsSolutions {
		wire = solutionToReferral(key, text, raw == nil)
	}
	for name, v := range wire {
		if v == nil && (blank(object[name]) || l.as == mapping.AsSolutions && slices.Contains(l.lacks, name)) {
			continue // null, "" and missing are the same; what is there stays, and so does what CRM never says
		}
		object[name] = json.RawMessage(mapping.Compact(v))
	}
	return json.RawMessage(mapping.Compact(object))
}

func blank(raw json.RawMessage) bool {
	text := string(raw)
	return text == "" || text == "null" || text == `""`
}

func memberToReferral(text string) map[string]any {
	m := mapping.ParseMember(text)
	return map[string]any{"firstName": mapping.OrNull(m.FirstName), "lastName": mapping.OrNull(m.LastName), "email": mapping.OrNull(m.Email), "phoneNumber": mapping.OrNull(m.Phone)}
}

// solutionToReferral: the id and the type of a solution that is there already are left as they are.
func solutionToReferral(key, text string, fresh bool) map[string]any {
	s := mapping.ParseSolution(text)
	out := map[string]any{"price": numberOrNull(s.Price), "quantity": numberOrNull(s.Quantity), "currency": mapping.OrNull(s.Currency)}
	if s.Name != "" {
		out["name"] = s.Name
	}
	if fresh {
		out["id"] = key
		out["type"] = "Name" // a solution of the catalogue
	}
	return out
}

func numberOrNull(text string) any {
	if text == "" {
		return nil
	}
	return json.Number(text)
}
