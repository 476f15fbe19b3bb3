package dataversesim

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// change is a decoded body: which columns it names, in its order, and their values (nil clears).
type change struct {
	set    map[string]any
	order  []string
	nested []nested
}

// nested is a new row inside the body of another one (deep insert).
type nested struct {
	coll *collection
	body []byte
}

func newChange() *change { return &change{set: map[string]any{}} }

func (ch *change) add(c *column, v any) {
	if _, twice := ch.set[c.name]; !twice {
		ch.order = append(ch.order, c.name)
	}
	ch.set[c.name] = v
}

func (ch *change) drop(name string) {
	delete(ch.set, name)
	for i, n := range ch.order {
		if n == name {
			ch.order = append(ch.order[:i:i], ch.order[i+1:]...)
			return
		}
	}
}

type member struct {
	name string
	raw  json.RawMessage
}

// members reads a JSON object in its order.
func members(body []byte) ([]member, error) {
	bad := fail(400, codePayload, "Error identified in Payload provided by the user: the body is not one JSON object.")
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, bad
	}
	var out []member
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, bad
		}
		m := member{name: t.(string)}
		if err := d.Decode(&m.raw); err != nil {
			return nil, bad
		}
		out = append(out, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, bad
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, bad
	}
	return out, nil
}

func decodeValue(raw json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	_ = d.Decode(&v) // raw was read by a decoder: it is valid JSON
	return v
}

// decode checks a body against a table. refs are the $n of the change set.
func (s *Simulator) decode(t *table, body []byte, creating bool, refs map[string]string) (*change, error) {
	list, err := members(body)
	if err != nil {
		return nil, err
	}
	ch := newChange()
	for _, m := range list {
		if err := s.decodeMember(t, ch, m, creating, refs); err != nil {
			return nil, err
		}
	}
	return ch, nil
}

func (s *Simulator) decodeMember(t *table, ch *change, m member, creating bool, refs map[string]string) error {
	name, annotation, annotated := strings.Cut(m.name, "@")
	if annotated {
		if annotation == "odata.bind" {
			return s.decodeBind(t, ch, name, decodeValue(m.raw), creating, refs)
		}
		return nil // other annotations say nothing about columns
	}
	c := t.columns[name]
	if c != nil && s.unseen(nil, c.created) {
		return s.invalidProperty(t, name)
	}
	if c == nil || c.kind.isLookup() {
		return s.decodeNav(t, ch, name, m.raw, creating)
	}
	if err := c.writable(creating, s.sw); err != nil || c.ignored(creating, s.sw) {
		return err
	}
	v, err := c.parse(decodeValue(m.raw))
	if err != nil {
		return err
	}
	if err := s.checkCharacters(c, v); err != nil {
		return err
	}
	if c.name == "mode" && t.name == stepTable && v == int64(0) {
		return missing("synchronous steps; use mode 1")
	}
	ch.add(c, v)
	return nil
}

// checkCharacters refuses what XML cannot carry: control characters but tab, CR and LF.
func (s *Simulator) checkCharacters(c *column, v any) error {
	text, ok := v.(string)
	if !ok || s.sw.text("controlCharacters") == "taken" {
		return nil
	}
	for _, r := range text {
		if r < ' ' && !strings.ContainsRune("\t\r\n", r) {
			return fail(400, codeBadCharacter, "Invalid Character in Field with hexadecimal value 0x%02X: '%s' of entity '%s' holds a character that is not allowed.", r, c.name, c.table.name)
		}
	}
	return nil
}

// writable refuses columns that callers cannot set, where the switch readOnlyColumns says so.
func (c *column) writable(creating bool, sw *switches) error {
	if !c.locked(creating) || c.ignored(creating, sw) {
		return nil
	}
	return fail(400, codeInvalidArgument, "The property '%s' of entity '%s' is read-only and cannot be written.", c.prop, c.table.name)
}

// ignored lets a value pass unheard: success is no proof that it was stored.
func (c *column) ignored(creating bool, sw *switches) bool {
	return c.formula != nil || c.locked(creating) && sw.text("readOnlyColumns") == "ignored"
}

func (c *column) locked(creating bool) bool {
	if c.readOnly || c.formula != nil || creating && c.noCreate {
		return true
	}
	return !creating && (c.noUpdate || c.createOnly && c.name != c.table.primaryID)
}

// decodeNav handles members that are no plain column: null or an object for a navigation property.
func (s *Simulator) decodeNav(t *table, ch *change, name string, raw json.RawMessage, creating bool) error {
	if c := t.props[name]; c != nil {
		return syntax("CRM do not support direct update of Entity Reference properties, Use Navigation properties instead. The property is '%s'.", name)
	}
	if n := t.navs[name]; n != nil {
		if string(raw) != "null" {
			return missing("a new row inside the single-valued property %s; use %s@odata.bind", name, name)
		}
		if err := n.col.writable(creating, s.sw); err != nil || n.col.ignored(creating, s.sw) {
			return err
		}
		ch.add(n.col, nil)
		return nil
	}
	if coll := t.collections[name]; coll != nil && creating && raw[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return fail(400, codePayload, "Error identified in Payload provided by the user: '%s' is not an array.", name)
		}
		for _, item := range list {
			ch.nested = append(ch.nested, nested{coll, item})
		}
		return nil
	}
	return s.invalidProperty(t, name)
}

func (s *Simulator) invalidProperty(t *table, name string) *apiError {
	return fail(400, s.sw.text("unknownColumnCode"), "Invalid property '%s' was found in entity 'Microsoft.Dynamics.CRM.%s'. ErrorDetails: The property '%s' does not exist on type 'Microsoft.Dynamics.CRM.%s'. Make sure to only use property names that are defined by the type.",
		name, t.name, name, t.name)
}

func (s *Simulator) decodeBind(t *table, ch *change, name string, v any, creating bool, refs map[string]string) error {
	n := t.navs[name]
	if n == nil || s.unseen(nil, n.col.created) {
		code := codePayload
		if s.sw.text("unknownColumnCode") != codeUnknownColumn {
			code = codeBadRequest
		}
		return fail(400, code, "An undeclared property '%s' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values. (entity '%s')", name, t.name)
	}
	if err := n.col.writable(creating, s.sw); err != nil || n.col.ignored(creating, s.sw) {
		return err
	}
	if v == nil {
		ch.add(n.col, nil)
		return nil
	}
	link, ok := v.(string)
	if !ok {
		return fail(400, codePayload, "The value of '%s@odata.bind' is not a link such as \"/%s(<id>)\".", name, s.schema.tables[n.targets[0]].set)
	}
	to, err := s.resolveLink(link, refs)
	if err != nil {
		return err
	}
	for _, target := range n.targets {
		if target == to.table {
			ch.add(n.col, to)
			return s.checkActive(n.col, to)
		}
	}
	return fail(400, codePayload, "The link '%s' does not lead to a type that the property '%s' of entity '%s' accepts (%s).", clip(link, 200), name, t.name, strings.Join(n.targets, ", "))
}

// resolveLink finds the record that "/accounts(<id>)", an absolute address or "$1" names; it must exist.
func (s *Simulator) resolveLink(link string, refs map[string]string) (ref, error) {
	if strings.HasPrefix(link, "$") {
		to, ok := refs[link[1:]]
		if !ok {
			return ref{}, syntax("The content reference '%s' does not exist in this change set yet.", clip(link, 50))
		}
		link = to
	}
	if i := strings.Index(link, apiPrefix); i >= 0 {
		_, link, _ = strings.Cut(link[i+len(apiPrefix):], "/")
	}
	segs, err := parsePath(link)
	if err != nil || len(segs) != 1 || !segs[0].hasArgs {
		return ref{}, fail(400, codePayload, "The link '%s' does not name one record; use \"/<entity set>(<id>)\".", clip(link, 200))
	}
	t := s.schema.sets[segs[0].name]
	if t == nil {
		return ref{}, s.noResource(segs[0].name)
	}
	k, err := s.parseKey(t, segs[0].args)
	if err != nil {
		return ref{}, err
	}
	r := s.find(t, k)
	if r == nil {
		return ref{}, k.absent(t)
	}
	return ref{t.name, r.id}, nil
}
