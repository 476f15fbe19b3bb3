package dataversesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// keyJSON is a new alternate key.
type keyJSON struct {
	SchemaName, LogicalName string
	DisplayName             json.RawMessage
	KeyAttributes           []string
}

// keys serves Keys below a table's definition.
// https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
func (m *customizing) keys(tab *table, segs []segment) (*answer, error) {
	if len(segs) > 2 {
		return nil, m.s.noResource(segs[2].name)
	}
	if !segs[1].hasArgs {
		if m.c.method != http.MethodPost {
			return nil, wrongVerb(m.c)
		}
		return m.createKey(tab)
	}
	k := tab.keyCalled(named(segs[1], "LogicalName"))
	switch {
	case k == nil:
		return nil, notInMetadata("an entity key", named(segs[1], "LogicalName"))
	case m.c.method != http.MethodDelete:
		return nil, wrongVerb(m.c)
	}
	if err := m.s.needs("delete", "EntityKey"); err != nil {
		return nil, err
	}
	tab.keys = slices.DeleteFunc(slices.Clone(tab.keys), func(other *key) bool { return other == k })
	m.s.db.tables[tab.name].finds = nil
	m.t.leaveSolutions(fixedID("key/" + k.schemaName))
	return done204(""), nil
}

// keyCalled finds a key by logical name or MetadataId.
func (t *table) keyCalled(id string) *key {
	for _, k := range t.keys {
		if strings.EqualFold(k.schemaName, id) || fixedID("key/"+k.schemaName) == strings.ToLower(id) {
			return k
		}
	}
	return nil
}

func (m *customizing) createKey(tab *table) (*answer, error) {
	if err := m.s.needs("create", "EntityKey"); err != nil {
		return nil, err
	}
	var in keyJSON
	if err := decodeDefinition(m.c.body, "EntityKeyMetadata", &in); err != nil {
		return nil, err
	}
	if err := m.checkName(in.SchemaName); err != nil {
		return nil, err
	}
	if tab.keyCalled(strings.ToLower(in.SchemaName)) != nil {
		return nil, m.s.exists(codeKeyNameExists, "An entity key with the name %s already exists on entity %s.", in.SchemaName, tab.name)
	}
	label, err := m.s.needLabel(in.DisplayName, in.SchemaName)
	if err != nil {
		return nil, err
	}
	for _, k := range tab.keys {
		if k.over(in.KeyAttributes) {
			return nil, m.s.exists(codeKeyExists, "An entity key with the selected attributes already exists on entity.")
		}
	}
	for _, name := range in.KeyAttributes {
		if c := tab.columns[name]; c != nil && (c.locked(true) || c.locked(false)) {
			return nil, fail(400, codeKeyColumn, "Attribute of an entity key must be valid for create and update. Atribute Name = '%s' Id = '%s'", name, fixedID("column/"+tab.name+"/"+name))
		}
	}
	if err := m.s.changeKey(tab, schemaChange{SchemaName: in.SchemaName, Columns: in.KeyAttributes}); err != nil {
		return nil, fail(400, codeInvalidArgument, "The entity key %s of entity %s is not valid: %v.", in.SchemaName, tab.name, err)
	}
	k := tab.keyCalled(strings.ToLower(in.SchemaName))
	k.label, k.labels, k.created = label.base, label.others, m.s.now()
	m.s.build(k)
	m.join(14, fixedID("key/"+k.schemaName), tab)
	return done204(m.c.root + "EntityDefinitions(" + fixedID("table/"+tab.name) + ")/Keys(" + fixedID("key/"+k.schemaName) + ")"), nil
}

// over says whether a key is over just these columns.
func (k *key) over(names []string) bool {
	if len(names) != len(k.columns) {
		return false
	}
	for _, c := range k.columns {
		if !slices.Contains(names, c.name) {
			return false
		}
	}
	return true
}

// build begins the job that makes the index of a key: it is Pending until the time of the switch has passed.
func (s *Simulator) build(k *key) {
	k.failed, k.due = false, s.now().Add(time.Duration(s.sw.number("setupKeySeconds"))*time.Second)
	k.pending = true
}

// settleKeys ends the jobs that are due: where two rows hold the same values the key is Failed.
func (s *Simulator) settleKeys() {
	for _, t := range s.schema.order {
		for _, k := range t.keys {
			if k.pending && !s.now().Before(k.due) {
				k.pending, k.failed = false, s.twice(t, k)
				s.db.tables[t.name].finds = nil
			}
		}
	}
}

// status is EntityKeyIndexStatus.
func (k *key) status() string {
	switch {
	case k.pending:
		return "Pending"
	case k.failed:
		return "Failed"
	}
	return "Active"
}

// reactivateKey is the action ReactivateEntityKey: the index of a key that failed is made again.
func (s *Simulator) reactivateKey(m *customizing) (*answer, error) {
	if err := s.needs("create", "EntityKey"); err != nil {
		return nil, err
	}
	var in struct{ EntityLogicalName, EntityKeyLogicalName string }
	if err := strictly(m.c.body, &in); err != nil {
		return nil, err
	}
	tab := s.schema.tables[in.EntityLogicalName]
	if tab == nil {
		return nil, notInMetadata("an entity", in.EntityLogicalName)
	}
	k := tab.keyCalled(in.EntityKeyLogicalName)
	if k == nil {
		return nil, notInMetadata("an entity key", in.EntityKeyLogicalName)
	}
	if !k.failed {
		return nil, fail(400, codeInvalidOperation, "The entity key %s is %s: only a key whose index failed can be reactivated.", in.EntityKeyLogicalName, k.status())
	}
	s.build(k)
	return done204(""), nil
}
