package dataversesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// relationshipJSON is a new relationship of one to many, with the lookup that comes with it.
type relationshipJSON struct {
	SchemaName, ReferencedEntity, ReferencedAttribute, ReferencingEntity            string
	ReferencedEntityNavigationPropertyName, ReferencingEntityNavigationPropertyName string
	CascadeConfiguration                                                            map[string]any
	Lookup                                                                          json.RawMessage
}

// relationships serves RelationshipDefinitions.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-entity-relationships-using-web-api
func (m *customizing) relationships(segs []segment) (*answer, error) {
	if !segs[0].hasArgs {
		if m.c.method != http.MethodPost || len(segs) > 1 {
			return nil, wrongVerb(m.c)
		}
		return m.createRelationship()
	}
	col := m.s.lookupOf(named(segs[0], "SchemaName"))
	switch {
	case col == nil:
		return nil, notInMetadata("an entity relationship", named(segs[0], "SchemaName"))
	case m.c.method == http.MethodDelete:
		if err := m.s.needs("delete", "Relationship"); err != nil {
			return nil, err
		}
		return m.deleteColumn(col)
	}
	return nil, missing("changes of a relationship")
}

// lookupOf is the lookup of a relationship, by schema name or MetadataId.
func (s *Simulator) lookupOf(id string) *column {
	for _, t := range s.schema.order {
		for _, c := range t.order {
			for i, target := range c.targets {
				if name := c.relationshipName(i, target); strings.EqualFold(name, id) || fixedID("relationship/"+name) == strings.ToLower(id) {
					return c
				}
			}
		}
	}
	return nil
}

// relationshipName is the schema name of the relationship between a lookup and one of its targets.
func (c *column) relationshipName(i int, target string) string {
	if i < len(c.relationships) && c.relationships[i] != "" {
		return c.relationships[i]
	}
	return c.table.name + "_" + c.name + "_" + target
}

func (m *customizing) createRelationship() (*answer, error) {
	if err := m.s.needs("create", "Relationship"); err != nil {
		return nil, err
	}
	switch kindName := typeOf(m.c.body); kindName {
	case "OneToManyRelationshipMetadata":
	case "ManyToManyRelationshipMetadata":
		return nil, missing("relationships of many to many")
	default:
		return nil, fail(400, codePayload, "The '@odata.type' '%s' is missing or is no type of a relationship.", clip(kindName, 100))
	}
	var in relationshipJSON
	if err := decodeDefinition(m.c.body, "OneToManyRelationshipMetadata", &in); err != nil {
		return nil, err
	}
	from, to, err := m.checkRelationship(&in)
	if err != nil {
		return nil, err
	}
	if kindName := typeOf(in.Lookup); kindName != "LookupAttributeMetadata" {
		return nil, fail(400, codeInvalidArgument, "The relationship %s needs a Lookup of the type Microsoft.Dynamics.CRM.LookupAttributeMetadata.", in.SchemaName)
	}
	lookup, change, err := m.readColumn(in.Lookup, "LookupAttributeMetadata")
	if err != nil {
		return nil, err
	}
	if from.columns[change.Column] != nil {
		return nil, m.s.exists(codeColumnExists, "An attribute with the specified name %s already exists for entity with id = '%s'", change.Column, fixedID("table/"+from.name))
	}
	if nav := in.ReferencingEntityNavigationPropertyName; nav != "" && nav != lookup.SchemaName {
		return nil, missing("a navigation property that is not called as the lookup's schema name")
	}
	change.Target, change.Collection = to.name, in.SchemaName
	col, err := m.addColumn(from, lookup, change)
	if err != nil {
		return nil, err
	}
	if onDelete, given := in.CascadeConfiguration["Delete"].(string); given {
		col.onDelete = onDelete
	}
	m.join(10, fixedID("relationship/"+in.SchemaName), nil)
	m.join(2, fixedID("column/"+from.name+"/"+col.name), from)
	return done204(m.c.root + "RelationshipDefinitions(" + fixedID("relationship/"+in.SchemaName) + ")"), nil
}

// checkRelationship finds both tables and checks what happens to the rows of the many side.
func (m *customizing) checkRelationship(in *relationshipJSON) (from, to *table, err error) {
	if in.SchemaName == "" {
		return nil, nil, fail(400, codeRelationshipName, "Entity relationships require a name")
	}
	if err := m.checkName(in.SchemaName); err != nil {
		return nil, nil, err
	}
	if m.s.lookupOf(in.SchemaName) != nil {
		return nil, nil, m.s.exists(codeRelationshipExists, "A relationship with the specified name already exists. Please specify a unique name.")
	}
	for _, one := range []struct {
		name string
		tab  **table
	}{{in.ReferencingEntity, &from}, {in.ReferencedEntity, &to}} {
		if *one.tab = m.s.schema.tables[one.name]; *one.tab == nil {
			return nil, nil, notInMetadata("an entity", one.name)
		}
	}
	if in.ReferencedAttribute != "" && in.ReferencedAttribute != to.primaryID {
		return nil, nil, fail(400, codeInvalidArgument, "ReferencedAttribute '%s' of the relationship %s is not the primary id '%s' of entity %s.", in.ReferencedAttribute, in.SchemaName, to.primaryID, to.name)
	}
	if nav := in.ReferencedEntityNavigationPropertyName; nav != "" && nav != in.SchemaName {
		return nil, nil, missing("a collection that is not called as the relationship")
	}
	parental := 0
	for what, v := range in.CascadeConfiguration {
		allowed := []string{"NoCascade", "Cascade", "Active", "UserOwned"}
		if what == "Delete" {
			allowed = []string{"NoCascade", "Cascade", "RemoveLink", "Restrict"}
		}
		if text, isText := v.(string); isText && !strings.HasPrefix(what, "@") {
			if !slices.Contains(allowed, text) {
				return nil, nil, fail(400, codeInvalidArgument, "The cascade behavior '%s' of %s in the relationship %s is not valid: use %s.", text, what, in.SchemaName, strings.Join(allowed, ", "))
			}
			if text == "Cascade" && what != "Delete" && what != "RollupView" {
				parental++
			}
		}
	}
	for _, c := range from.order {
		if parental > 0 && c.parental {
			return nil, nil, fail(400, codeParental, "This entity is either not valid as a child in a custom parental relationship or is already a child in a parental relationship")
		}
	}
	return from, to, nil
}
