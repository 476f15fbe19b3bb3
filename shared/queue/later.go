package queue

import "encoding/json"

// A message in another version's hands. The members v, seen, attempt and revivals are the same in every format:
//
//	a member that is not known, of a format that is | kept: a copy that waits, comes back or is tried again has it
//	a format that is not known                      | the message waits as it is: a copy differs in attempt and revivals alone
//
// A new kind of record, or another meaning of a member, is a new format: an older program cannot work on it.

// members are the names of those that this program knows, as wire has them.
var members = [...]string{"v", "tenant", "kind", "id", "parent", "reason", "deleted", "related", "retry", "late", "shown", "why", "seen", "first", "attempt", "revivals", "trace"}

// laterOf reads what can be read of a message in a later format. Of any other it says nothing, not even what is wrong
// with it.
func laterOf(body []byte) (p Pointer, err error) {
	var format struct {
		V int `json:"v"`
	}
	if json.Unmarshal(body, &format) != nil || format.V <= newest {
		return Pointer{}, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return Pointer{}, err
	}
	p.V = format.V
	for name, to := range map[string]any{"tenant": &p.Tenant, "kind": &p.Kind, "id": &p.ID, "seen": &p.Seen, "attempt": &p.Attempt, "revivals": &p.Revivals, "trace": &p.Trace} {
		_ = json.Unmarshal(all[name], to) // something else by now: it says nothing
	}
	rest, err := json.Marshal(all)
	p.Rest = string(rest)
	return p, err
}

// copied is a message in a later format as its copy has it.
func (p Pointer) copied() ([]byte, error) {
	all := map[string]json.RawMessage{}
	if p.Rest != "" {
		if err := json.Unmarshal([]byte(p.Rest), &all); err != nil {
			return nil, err
		}
	}
	for name, n := range map[string]int{"v": p.V, "attempt": p.Attempt, "revivals": p.Revivals} {
		if n == 0 {
			delete(all, name)
			continue
		}
		all[name], _ = json.Marshal(n) // a number always can be written
	}
	return json.Marshal(all)
}
