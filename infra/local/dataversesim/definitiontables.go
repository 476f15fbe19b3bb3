package dataversesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// entityJSON are the properties of a table that mean something here.
type entityJSON struct {
	SchemaName, LogicalName, OwnershipType         string
	DisplayName, DisplayCollectionName             json.RawMessage
	Description                                    json.RawMessage
	ChangeTrackingEnabled, HasNotes, HasActivities *bool
	IsAuditEnabled                                 *flagJSON
	IsActivity                                     *bool
	PrimaryNameAttribute                           string
	Attributes                                     []json.RawMessage
}

// entities serves EntityDefinitions.
func (m *customizing) entities(segs []segment) (*answer, error) {
	if !segs[0].hasArgs {
		if m.c.method != http.MethodPost || len(segs) > 1 {
			return nil, wrongVerb(m.c)
		}
		return m.createTable()
	}
	tab := m.s.tableCalled(named(segs[0], "LogicalName"))
	if tab == nil {
		return nil, notInMetadata("an entity", named(segs[0], "LogicalName"))
	}
	if len(segs) > 1 {
		switch segs[1].name {
		case "Attributes":
			return m.attributes(tab, segs)
		case "Keys":
			return m.keys(tab, segs)
		}
		return nil, wrongVerb(m.c)
	}
	switch m.c.method {
	case http.MethodPut:
		return m.replaceTable(tab)
	case http.MethodDelete:
		return m.deleteTable(tab)
	}
	return nil, wrongVerb(m.c)
}

// tableCalled finds a table by logical name or MetadataId.
func (s *Simulator) tableCalled(id string) *table {
	if t := s.schema.tables[id]; t != nil {
		return t
	}
	for _, t := range s.schema.order {
		if fixedID("table/"+t.name) == strings.ToLower(id) {
			return t
		}
	}
	return nil
}

func (m *customizing) createTable() (*answer, error) {
	if err := m.s.needs("create", "Entity"); err != nil {
		return nil, err
	}
	var in entityJSON
	if err := decodeDefinition(m.c.body, "EntityMetadata", &in); err != nil {
		return nil, err
	}
	change, name, err := m.readTable(&in)
	if err != nil {
		return nil, err
	}
	if m.s.schema.tables[change.Table] != nil {
		return nil, m.s.exists(codeTableExists, "An entity with the specified name %s already exists. Please specify a unique name.", change.Table)
	}
	if err := m.s.addCustomTable(change); err != nil {
		return nil, fail(400, codeInvalidArgument, "The entity %s is not valid: %v", in.SchemaName, err)
	}
	tab := m.s.schema.tables[change.Table]
	tab.created, tab.hasNotes, tab.hasActivities = m.s.now(), isTrue(in.HasNotes), isTrue(in.HasActivities)
	if in.IsAuditEnabled != nil {
		tab.audit = in.IsAuditEnabled.Value
	}
	about, err := m.s.readLabel(in.Description, in.SchemaName)
	if err != nil {
		return nil, err
	}
	tab.description, tab.descriptions = about.base, about.others
	for _, c := range tab.order {
		c.created, c.audit = m.s.now(), true
	}
	primary := tab.columns[tab.primaryName]
	if err := m.describeColumn(primary, name); err != nil {
		return nil, err
	}
	if name.RequiredLevel != nil {
		_ = primary.require(name.RequiredLevel.Value) // readColumn has checked it
	}
	primary.schemaName, primary.labels = name.SchemaName, map[int]string{}
	label, _ := m.s.readLabel(name.DisplayName, "") // likewise
	primary.labels = label.others
	m.s.aboutAnyTable(tab)
	m.t.defaultsOf(tab)
	m.join(1, fixedID("table/"+tab.name), nil)
	return done204(m.c.root + "EntityDefinitions(" + fixedID("table/"+tab.name) + ")"), nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// readTable checks a new table and its one column, that of the name.
func (m *customizing) readTable(in *entityJSON) (schemaChange, *attributeJSON, error) {
	var c schemaChange
	if err := m.checkName(in.SchemaName); err != nil {
		return c, nil, err
	}
	logical := strings.ToLower(in.SchemaName)
	if in.LogicalName != "" && in.LogicalName != logical {
		return c, nil, fail(400, codeInvalidName, "The logical name '%s' is not the schema name '%s' in lower case.", in.LogicalName, in.SchemaName)
	}
	if !slices.Contains([]string{"UserOwned", "OrganizationOwned"}, in.OwnershipType) {
		return c, nil, fail(400, codeInvalidArgument, "OwnershipType '%s' of the entity %s is not valid: use UserOwned or OrganizationOwned.", in.OwnershipType, in.SchemaName)
	}
	if isTrue(in.IsActivity) {
		return c, nil, missing("custom activities")
	}
	label, err := m.s.needLabel(in.DisplayName, in.SchemaName)
	if err != nil {
		return c, nil, err
	}
	plurals, err := m.s.needLabel(in.DisplayCollectionName, in.SchemaName+" (DisplayCollectionName)")
	if err != nil {
		return c, nil, err
	}
	if len(in.Attributes) != 1 {
		return c, nil, fail(400, codeInvalidArgument, "The entity %s needs one attribute, that of its primary name; others are created one by one.", in.SchemaName)
	}
	name, col, err := m.readColumn(in.Attributes[0], typeOf(in.Attributes[0]))
	if err != nil {
		return c, nil, err
	}
	if !isTrue(name.IsPrimaryName) || col.Type != "String" || in.PrimaryNameAttribute != "" && in.PrimaryNameAttribute != col.Column {
		return c, nil, fail(400, codeInvalidArgument, "The attribute %s must be a StringAttributeMetadata with IsPrimaryName true, and the one that PrimaryNameAttribute names.", name.SchemaName)
	}
	return schemaChange{Do: "add", Table: logical, SchemaName: in.SchemaName, Set: pluralised(logical), Label: label.base, Labels: label.codes(), Plural: plurals.base, Plurals: plurals.codes(),
		Ownership: in.OwnershipType, Tracking: isTrue(in.ChangeTrackingEnabled), PrimaryName: col.Column, PrimaryLabel: col.Label, Length: col.Length, AutoNumber: col.AutoNumber}, name, nil
}

// pluralised is what the server makes of a logical name for its entity set.
func pluralised(name string) string {
	switch {
	case strings.HasSuffix(name, "s"), strings.HasSuffix(name, "x"), strings.HasSuffix(name, "ch"), strings.HasSuffix(name, "sh"):
		return name + "es"
	case strings.HasSuffix(name, "y") && !strings.ContainsAny(name[len(name)-2:len(name)-1], "aeiou"):
		return name[:len(name)-1] + "ies"
	}
	return name + "s"
}

// aboutAnyTable lets system jobs be about a new table.
func (s *Simulator) aboutAnyTable(tab *table) {
	jobs := s.schema.tables[jobTable]
	if c := jobs.columns["regardingobjectid"]; c != nil && !slices.Contains(c.targets, tab.name) {
		c.targets = append(slices.Clone(c.targets), tab.name)
		c.navs = append(slices.Clone(c.navs), "regardingobjectid_"+tab.name)
		jobs.navs["regardingobjectid_"+tab.name] = &nav{name: "regardingobjectid_" + tab.name, col: c, targets: []string{tab.name}}
		tab.incoming = append(tab.incoming, c)
	}
}

// replaceTable takes a whole definition back. Name and ownership stay, and change tracking cannot be switched off.
func (m *customizing) replaceTable(tab *table) (*answer, error) {
	if err := m.s.needs("write", "Entity"); err != nil {
		return nil, err
	}
	var in entityJSON
	if err := decodeDefinition(m.c.body, "EntityMetadata", &in); err != nil {
		return nil, err
	}
	ownership := map[bool]string{true: "UserOwned", false: "OrganizationOwned"}[tab.userOwned]
	if in.LogicalName != tab.name || in.SchemaName != "" && in.SchemaName != tab.schemaName || in.OwnershipType != "" && in.OwnershipType != ownership {
		return nil, fail(400, codeInvalidArgument, "PUT takes the whole definition: LogicalName must be '%s', SchemaName '%s' and OwnershipType '%s'.", tab.name, tab.schemaName, ownership)
	}
	if in.ChangeTrackingEnabled != nil && !*in.ChangeTrackingEnabled && tab.tracking {
		return nil, fail(400, codeInvalidOperation, "Change tracking of the entity %s cannot be switched off.", tab.name)
	}
	label, err := m.s.readLabel(in.DisplayName, tab.name)
	if err != nil {
		return nil, err
	}
	plurals, err := m.s.readLabel(in.DisplayCollectionName, tab.name)
	if err != nil {
		return nil, err
	}
	about, err := m.s.readLabel(in.Description, tab.name)
	if err != nil {
		return nil, err
	}
	merge := m.c.mergeLabels()
	tab.label, tab.labels = label.over(tab.label, tab.labels, merge)
	tab.plural, tab.plurals = plurals.over(tab.plural, tab.plurals, merge)
	tab.description, tab.descriptions = about.over(tab.description, tab.descriptions, merge)
	if in.IsAuditEnabled != nil {
		tab.audit = in.IsAuditEnabled.Value
	}
	tab.tracking = tab.tracking || isTrue(in.ChangeTrackingEnabled)
	if m.solution != nil {
		m.t.addComponent(m.solution, 1, fixedID("table/"+tab.name), map[string]int64{"shell": 2, "whole": 0}[m.s.sw.text("setupTableJoins")], "")
	}
	return done204(m.c.root + "EntityDefinitions(" + fixedID("table/"+tab.name) + ")"), nil
}

// deleteTable deletes a table of the organisation's own that nothing refers to.
func (m *customizing) deleteTable(tab *table) (*answer, error) {
	if err := m.s.needs("delete", "Entity"); err != nil {
		return nil, err
	}
	id := fixedID("table/" + tab.name)
	if !strings.Contains(tab.name, "_") || tab.managed {
		return nil, fixedComponent(tab.name, id)
	}
	if err := hasDependents("Entity", id, m.s.tableUsers(tab)); err != nil {
		return nil, err
	}
	m.t.removeOf(tab)
	gone := []string{id}
	for _, c := range tab.order {
		gone = append(gone, fixedID("column/"+tab.name+"/"+c.name))
	}
	for _, k := range tab.keys {
		gone = append(gone, fixedID("key/"+k.schemaName))
	}
	if err := m.s.removeTable(tab); err != nil {
		return nil, fail(400, codeInvalidArgument, "The entity %s cannot be deleted: %v.", tab.name, err)
	}
	m.t.leaveSolutions(gone...)
	m.t.undo = slices.DeleteFunc(m.t.undo, func(u undo) bool { return u.table == tab.name })
	return done204(""), nil
}

// tableUsers are the components of other tables that need a table: lookups to it, steps that listen to it.
func (s *Simulator) tableUsers(tab *table) []string {
	var out []string
	for _, c := range tab.incoming {
		if c.table != tab && c.table.name != jobTable {
			out = append(out, "Attribute "+c.table.name+"."+c.name)
		}
	}
	for _, sl := range s.db.tables[stepTable].order {
		if sl.row == nil {
			continue
		}
		if f := s.db.get("sdkmessagefilter", sl.row.ref("sdkmessagefilterid").id); f != nil && f.text("primaryobjecttypecode") == tab.name {
			out = append(out, "SDKMessageProcessingStep "+sl.row.text("name"))
		}
	}
	for _, c := range tab.order {
		for i := range c.targets {
			if i < len(c.relationships) && c.relationships[i] != "" && !c.readOnly {
				out = append(out, s.relationshipUsers(c.relationships[i])...)
			}
		}
	}
	return out
}
