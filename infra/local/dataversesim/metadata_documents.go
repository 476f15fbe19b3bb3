package dataversesim

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// localized is a text in the base language and in others; the caller's own is the base one.
func (s *Simulator) localized(text string, others map[int]string) *document {
	one := func(text string, language int) *document {
		return (&document{}).add("Label", text).add("LanguageCode", language).add("IsManaged", false)
	}
	all := []any{one(text, s.base())}
	for _, language := range slices.Sorted(maps.Keys(others)) {
		all = append(all, one(others[language], language))
	}
	return (&document{}).add("LocalizedLabels", all).add("UserLocalizedLabel", all[0])
}

const english = 1033

func managed(v any) *document {
	return (&document{}).add("Value", v).add("CanBeChanged", true)
}

// entityDocument is the definition of a table with all that can be expanded.
func (s *Simulator) entityDocument(t *table) *document {
	columns := make([]*document, 0, len(t.order))
	for _, c := range t.order {
		columns = append(columns, s.columnDocument(c, false))
	}
	return s.entityAlone(t).
		add("Attributes", columns).add("Keys", s.keyDocuments(t)).
		add("ManyToOneRelationships", s.manyToOne(t)).add("OneToManyRelationships", s.oneToMany(t)).
		add("ManyToManyRelationships", []*document{})
}

// entityAlone is the definition of a table without what is shown only where $expand asks for it.
func (s *Simulator) entityAlone(t *table) *document {
	ownership := "OrganizationOwned"
	if t.userOwned {
		ownership = "UserOwned"
	}
	return sized(mostMembers).
		add("MetadataId", fixedID("table/"+t.name)).
		add("LogicalName", t.name).add("SchemaName", t.schemaName).
		add("EntitySetName", t.set).add("LogicalCollectionName", t.set).add("CollectionSchemaName", t.set).
		add("PrimaryIdAttribute", t.primaryID).add("PrimaryNameAttribute", t.primaryName).
		add("DisplayName", s.localized(t.label, t.labels)).add("DisplayCollectionName", s.localized(cmp.Or(t.plural, t.set), t.plurals)).
		add("Description", s.localized(t.description, t.descriptions)).add("ObjectTypeCode", objectType(t.name)).
		add("OwnershipType", ownership).add("IsCustomEntity", strings.Contains(t.name, "_")).add("IsActivity", t.primaryID == "activityid").
		add("IsManaged", t.isManaged()).add("IsCustomizable", managed(true)).add("IsAuditEnabled", managed(t.audit)).
		add("HasNotes", t.hasNotes).add("HasActivities", t.hasActivities).add("TableType", "Standard").add("Privileges", t.privilegeDocuments()).
		add("ChangeTrackingEnabled", t.tracking).add("CanChangeTrackingBeEnabled", managed(true)).
		add("IsOptimisticConcurrencyEnabled", s.sw.flag("optimisticConcurrency"))
}

// metadataType is the type of a column's definition.
func (c *column) metadataType() string {
	if c.kind.isLookup() {
		return "LookupAttributeMetadata" // Customer and Owner columns as well
	}
	return c.attributeType() + "AttributeMetadata"
}

func (c *column) attributeType() string {
	switch c.kind {
	case kindSecret:
		return "String"
	case kindBool:
		return "Boolean"
	case kindInt:
		return "Integer"
	case kindBigInt:
		return "BigInt"
	case kindDate, kindDateTime:
		return "DateTime"
	case kindGUID:
		return "UniqueIdentifier"
	case kindMulti:
		return "MultiSelectPicklist"
	case kindManaged:
		return "ManagedProperty"
	case kindPoly:
		if slices.Equal(c.targets, []string{"account", "contact"}) {
			return "Customer"
		}
		return "Lookup"
	}
	return strings.ToUpper(string(c.kind[:1])) + string(c.kind[1:])
}

// columnDocument is a column's definition; cast adds what only the typed form has to expand.
func (s *Simulator) columnDocument(c *column, cast bool) *document {
	typeName := c.attributeType() + "Type"
	level := "None"
	if c.required {
		level = "ApplicationRequired"
	}
	if c.must {
		level = "SystemRequired"
	}
	attributeType := c.attributeType()
	switch attributeType {
	case "UniqueIdentifier":
		attributeType = "Uniqueidentifier"
	case "MultiSelectPicklist":
		attributeType = "Virtual"
	}
	d := sized(mostMembers).
		add("@odata.type", "#Microsoft.Dynamics.CRM."+c.metadataType()).
		add("MetadataId", fixedID("column/"+c.table.name+"/"+c.name)).
		add("LogicalName", c.name).add("SchemaName", c.schemaName).add("EntityLogicalName", c.table.name).
		add("AttributeType", attributeType).add("AttributeTypeName", (&document{}).add("Value", typeName)).
		add("DisplayName", s.localized(c.label, c.labels)).add("Description", s.localized(c.description, c.descriptions)).
		add("IsManaged", c.isManaged()).add("IsCustomizable", managed(true)).add("IsAuditEnabled", managed(c.audit)).
		add("RequiredLevel", managed(level)).
		add("IsPrimaryId", c.name == c.table.primaryID).add("IsPrimaryName", c.name == c.table.primaryName).
		add("IsValidForCreate", !c.locked(true)).add("IsValidForUpdate", !c.locked(false)).
		add("IsValidForRead", c.kind != kindSecret).add("SourceType", c.sourceType()).
		add("IsSecured", len(s.deniedHere().secure[c.table.name+"."+c.name]) > 0).
		add("CreatedOn", cmp.Or(c.created, organisationCreated()).UTC().Format(time.RFC3339)).
		add("IsCustomAttribute", strings.Contains(c.schemaName, "_") && c.table.primaryID != c.name && c.schemaName != c.name)
	c.addTyped(d)
	if cast && (c.kind.isOption() || c.kind == kindBool || c.kind == kindMulti) {
		s.addOptionSet(c, d)
	}
	return d
}

// organisationCreated is since when the columns exist that the organisation began with.
func organisationCreated() time.Time { return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) }

// sourceType is 0 for a simple column, 1 for a calculated one and 2 for a rollup.
func (c *column) sourceType() int {
	switch {
	case c.formula == nil:
		return 0
	case c.formula.rollup:
		return 2
	}
	return 1
}

func (c *column) addTyped(d *document) {
	switch c.kind {
	case kindString, kindMemo, kindSecret:
		format := c.format
		if format == "" {
			format = map[bool]string{true: "Text", false: "TextArea"}[c.kind == kindString]
		}
		d.add("MaxLength", c.maxLength).add("Format", format)
		if c.kind != kindMemo {
			d.add("FormatName", (&document{}).add("Value", format)).add("AutoNumberFormat", c.autoNumber)
		}
	case kindBigInt:
		d.add("MinValue", int64(math.MinInt64)).add("MaxValue", int64(math.MaxInt64))
	case kindInt, kindDecimal, kindDouble, kindMoney:
		d.add("MinValue", c.min).add("MaxValue", c.max)
		if c.kind != kindInt {
			d.add("Precision", c.precision)
		}
		if c.kind == kindMoney {
			d.add("PrecisionSource", 2).add("IsBaseCurrency", c.baseOf != nil)
		}
	case kindBool:
		d.add("DefaultValue", c.def == true)
	case kindDate:
		d.add("Format", "DateOnly").add("DateTimeBehavior", (&document{}).add("Value", "DateOnly"))
	case kindDateTime:
		format, behavior := c.format, c.behavior
		if format == "" {
			format = "DateAndTime"
		}
		if behavior == "" {
			behavior = userLocal
		}
		d.add("Format", format).add("DateTimeBehavior", (&document{}).add("Value", behavior))
	case kindLookup, kindPoly, kindOwner:
		d.add("Targets", c.targets)
	case kindPicklist, kindMulti:
		value := any(-1)
		if c.def != nil {
			value = c.def
		}
		d.add("DefaultFormValue", value)
	}
}

func (s *Simulator) addOptionSet(c *column, d *document) {
	if c.kind == kindBool {
		yes := (&document{}).add("Value", 1).add("Label", s.localized(c.truth(true, s.base()), c.optionLabels(1)))
		no := (&document{}).add("Value", 0).add("Label", s.localized(c.truth(false, s.base()), c.optionLabels(0)))
		d.add("OptionSet", (&document{}).add("OptionSetType", "Boolean").add("TrueOption", yes).add("FalseOption", no))
		return
	}
	own := s.optionSetDocument(&choice{name: c.table.name + "_" + c.name, label: c.label, options: c.options})
	own.values["IsGlobal"] = c.choice != ""
	d.add("OptionSet", own)
	if c.choice != "" {
		d.values["OptionSet"] = s.optionSetDocument(s.schema.choices[c.choice])
		d.add("GlobalOptionSet", s.optionSetDocument(s.schema.choices[c.choice]))
	} else {
		d.add("GlobalOptionSet", nil)
	}
}

// optionLabels are the labels of a value in other languages than English.
func (c *column) optionLabels(n int64) map[int]string {
	for _, o := range c.options {
		if o.value == n {
			return o.labels
		}
	}
	return nil
}

func (s *Simulator) optionSetDocument(ch *choice) *document {
	items := make([]any, 0, len(ch.options))
	for _, o := range ch.options {
		items = append(items, (&document{}).add("Value", o.value).add("State", o.state).add("Label", s.localized(o.label, o.labels)))
	}
	return (&document{}).add("@odata.type", "#Microsoft.Dynamics.CRM.OptionSetMetadata").add("MetadataId", fixedID("choice/"+ch.name)).
		add("Name", ch.name).add("DisplayName", s.localized(ch.label, ch.labels)).add("Description", s.localized(ch.description, ch.descriptions)).add("IsManaged", ch.managed).add("IsCustomOptionSet", true).add("IsGlobal", true).add("OptionSetType", "Picklist").add("Options", items)
}

func (s *Simulator) keyDocuments(t *table) []*document {
	out := []*document{}
	for _, k := range t.keys {
		names := make([]string, len(k.columns))
		for i, c := range k.columns {
			names[i] = c.name
		}
		out = append(out, (&document{}).add("MetadataId", fixedID("key/"+k.schemaName)).add("SchemaName", k.schemaName).
			add("LogicalName", strings.ToLower(k.schemaName)).add("EntityLogicalName", t.name).
			add("KeyAttributes", names).add("EntityKeyIndexStatus", k.status()).add("DisplayName", s.localized(cmp.Or(k.label, k.schemaName), k.labels)).add("IsManaged", false))
	}
	return out
}

func (s *Simulator) manyToOne(t *table) []*document {
	out := []*document{}
	for _, c := range t.order {
		for i, target := range c.targets {
			out = append(out, s.relationship(c, i, target))
		}
	}
	return out
}

func (s *Simulator) oneToMany(t *table) []*document {
	out := []*document{}
	for _, c := range t.incoming {
		for i, target := range c.targets {
			if target == t.name {
				out = append(out, s.relationship(c, i, target))
			}
		}
	}
	return out
}

func (s *Simulator) relationship(c *column, i int, target string) *document {
	to := s.schema.tables[target]
	name, collection := c.relationshipName(i, target), any(nil)
	if i < len(c.relationships) && c.relationships[i] != "" {
		collection = name
	}
	onDelete := c.onDelete
	if onDelete == "" {
		onDelete = "NoCascade"
	}
	return (&document{}).add("@odata.type", "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata").
		add("MetadataId", fixedID("relationship/"+name)).add("SchemaName", name).add("RelationshipType", "OneToManyRelationship").
		add("ReferencedEntity", target).add("ReferencedAttribute", to.primaryID).
		add("ReferencingEntity", c.table.name).add("ReferencingAttribute", c.name).
		add("ReferencingEntityNavigationPropertyName", c.navFor(target)).
		add("ReferencedEntityNavigationPropertyName", collection).
		add("CascadeConfiguration", (&document{}).add("Delete", onDelete))
}

// isManaged tells of what a managed solution brought, or what was shipped.
func (t *table) isManaged() bool  { return t.managed || !strings.Contains(t.name, "_") }
func (c *column) isManaged() bool { return c.managed || !c.custom() }

// privilegeDocuments are the privileges of a table, as its definition lists them.
func (t *table) privilegeDocuments() []*document {
	out := []*document{}
	for _, op := range t.operations() {
		r := right{name: rightName(op, t)}
		out = append(out, (&document{}).add("CanBeBasic", t.userOwned).add("CanBeDeep", t.userOwned).add("CanBeGlobal", true).add("CanBeLocal", t.userOwned).
			add("Name", r.name).add("PrivilegeId", r.id()).add("PrivilegeType", capital(op)))
	}
	return out
}
