package dataversesim

import (
	"fmt"
	"slices"
	"strings"
)

// tables makes the tables that are not there yet, each with its id and its name column.
func (i *importing) tables() error {
	for n := range i.f.customizations.Entities {
		e := &i.f.customizations.Entities[n]
		logical := strings.ToLower(e.Info.Name)
		if tab := i.s.schema.tables[logical]; tab != nil {
			if e.Info.Tracking == "1" && !tab.tracking {
				tab.tracking = true
				i.undo = append(i.undo, func() { tab.tracking = false })
			}
			continue
		}
		if err := i.makeTable(e, logical); err != nil {
			return err
		}
	}
	return nil
}

func (i *importing) makeTable(e *xmlEntity, logical string) error {
	if !slices.ContainsFunc(i.f.manifest.Roots, func(r xmlRoot) bool {
		return r.Type == 1 && strings.EqualFold(r.SchemaName, logical) && r.Behavior == 0
	}) {
		return fail(400, codeMissingDependency, "The following solution cannot be imported: %s. Some dependencies are missing: the entity %s does not exist, and the solution does not have it as a whole.", i.f.manifest.UniqueName, logical)
	}
	label, others := i.s.labelled(e.Info.Names)
	plural, plurals := i.s.labelled(e.Info.Plurals)
	ownership := map[string]string{"UserOwned": "UserOwned", "OrgOwned": "OrganizationOwned"}[e.Info.Ownership]
	n := slices.IndexFunc(e.Info.Attributes, func(a xmlAttribute) bool { return strings.Contains(a.DisplayMask, "PrimaryName") })
	key := slices.IndexFunc(e.Info.Attributes, func(a xmlAttribute) bool { return a.Type == "primarykey" })
	switch {
	case label == "" || plural == "":
		return i.invalid("the entity %s has no name in the base language", e.Info.Name)
	case ownership == "":
		return i.invalid("OwnershipTypeMask %q of the entity %s", e.Info.Ownership, e.Info.Name)
	case n < 0 || e.Info.Attributes[n].Type != "nvarchar":
		return i.invalid("the entity %s has no nvarchar attribute with the DisplayMask PrimaryName", e.Info.Name)
	case key < 0 || e.Info.Attributes[key].LogicalName != logical+"id":
		return i.invalid("the entity %s has no primarykey attribute %sid", e.Info.Name, logical)
	case e.Info.SetName != "" && e.Info.SetName != pluralised(logical) && i.s.schema.sets[e.Info.SetName] != nil:
		return i.invalid("EntitySetName %q of the entity %s is taken", e.Info.SetName, e.Info.Name)
	}
	set := e.Info.SetName
	if set == "" {
		set = pluralised(logical)
	}
	name := e.Info.Attributes[n]
	change, err := i.column(&name)
	if err != nil {
		return err
	}
	if err := i.s.addCustomTable(schemaChange{Do: "add", Table: logical, SchemaName: e.Info.Name, Set: set, Label: label, Labels: labelCodes(others), Plural: plural, Plurals: labelCodes(plurals),
		Ownership: ownership, Tracking: e.Info.Tracking == "1", PrimaryName: change.Column, PrimaryLabel: change.Label, Length: change.Length}); err != nil {
		return i.invalid("the entity %s: %v", e.Info.Name, err)
	}
	tab := i.s.schema.tables[logical]
	i.undo = append(i.undo, func() { i.t.removeOf(tab); _ = i.s.removeTable(tab) }) // it is a custom table: nothing forbids it
	tab.created, tab.managed, tab.audit = i.s.now(), i.managed, e.Info.Audit == "1"
	tab.description, tab.descriptions = i.s.labelled(e.Info.About)
	for _, c := range tab.order {
		c.created, c.managed, c.audit = i.s.now(), i.managed, true
	}
	primary := tab.columns[tab.primaryName]
	primary.schemaName, _ = name.PhysicalName, primary.require(change.Level)
	_, primary.labels = i.s.labelled(name.Names)
	i.s.aboutAnyTable(tab)
	i.t.defaultsOf(tab)
	i.t.addComponent(i.solution, 1, fixedID("table/"+tab.name), 0, "")
	return nil
}

// columnTypesInXML are the types of attributes in customizations.xml.
func columnTypesInXML() map[string]string {
	return map[string]string{"nvarchar": "String", "ntext": "Memo", "bit": "Boolean", "int": "Integer", "bigint": "BigInt", "decimal": "Decimal", "float": "Double", "money": "Money",
		"datetime": "DateTime", "picklist": "Picklist", "multiselectpicklist": "MultiSelectPicklist", "lookup": "Lookup"}
}

// column reads an attribute. Its required level is in lower case in these files.
func (i *importing) column(a *xmlAttribute) (schemaChange, error) {
	c := schemaChange{Do: "add", Column: a.LogicalName, SchemaName: a.PhysicalName, Precision: a.Accuracy, Min: a.MinValue, Max: a.MaxValue}
	if a.LogicalName == "" || a.LogicalName != strings.ToLower(a.PhysicalName) {
		return c, i.invalid("the attribute %q has the logical name %q", a.PhysicalName, a.LogicalName)
	}
	kindName, known := columnTypesInXML()[a.Type]
	if !known {
		return c, i.invalid("the type %q of the attribute %s is not known", a.Type, a.LogicalName)
	}
	c.Type = kindName
	level, known := map[string]string{"": "None", "none": "None", "recommended": "Recommended", "required": "ApplicationRequired"}[a.Level]
	if !known {
		return c, i.invalid("the RequiredLevel %q of the attribute %s is none of none, recommended and required", a.Level, a.LogicalName)
	}
	c.Level = level
	var others map[int]string
	if c.Label, others = i.s.labelled(a.Names); c.Label == "" {
		return c, i.invalid("the attribute %s has no display name in the base language", a.LogicalName)
	}
	c.Labels = labelCodes(others)
	return c, i.columnType(a, &c)
}

func (i *importing) columnType(a *xmlAttribute, c *schemaChange) error {
	switch c.Type {
	case "String", "Memo":
		if a.MaxLength == nil || *a.MaxLength < 1 {
			return i.invalid("the attribute %s has no MaxLength", a.LogicalName)
		}
		formats := map[string]string{"": "", "text": "Text", "textarea": "TextArea", "url": "Url", "email": "Email", "phone": "Phone"}
		format, known := formats[strings.ToLower(a.Format)]
		if !known {
			return i.invalid("the Format %q of the attribute %s", a.Format, a.LogicalName)
		}
		c.Length, c.Format = *a.MaxLength, format
	case "DateTime":
		format, known := map[string]string{"": "DateAndTime", "date": "DateOnly", "datetime": "DateAndTime"}[strings.ToLower(a.Format)]
		behavior, kind := map[string]string{"": "UserLocal", "1": "UserLocal", "2": "DateOnly", "3": "TimeZoneIndependent"}[a.Behavior]
		if !known || !kind {
			return i.invalid("the Format %q or Behavior %q of the attribute %s", a.Format, a.Behavior, a.LogicalName)
		}
		c.Format, c.Behavior = format, behavior
	case "Boolean":
		if a.Own == nil || a.Own.Type != "bit" {
			return i.invalid("the attribute %s has no optionset of the type bit", a.LogicalName)
		}
		c.Default = []byte(fmt.Sprint(a.Default == "1"))
		return i.ownOptions(a, c)
	case "Picklist", "MultiSelectPicklist":
		if (a.Own == nil) == (a.OptionSet == "") {
			return i.invalid("the attribute %s needs either an OptionSetName or an optionset", a.LogicalName)
		}
		if a.Own != nil {
			return i.ownOptions(a, c)
		}
		ch := i.s.choiceCalled(a.OptionSet)
		if ch == nil {
			return fail(400, codeMissingDependency, "The following solution cannot be imported: %s. Some dependencies are missing: the option set %s does not exist.", i.f.manifest.UniqueName, a.OptionSet)
		}
		c.Choice = ch.name
	}
	return nil
}

func (i *importing) ownOptions(a *xmlAttribute, c *schemaChange) error {
	options, err := i.options(a.Own)
	for _, o := range options {
		c.Options = append(c.Options, schemaOption{Value: o.value, Label: o.label, Labels: labelCodes(o.labels)})
	}
	return err
}

// columnsOfAll makes the columns that are not there yet, and changes labels and lengths of those that are.
func (i *importing) columnsOfAll() error {
	for n := range i.f.customizations.Entities {
		e := &i.f.customizations.Entities[n]
		tab := i.s.schema.tables[strings.ToLower(e.Info.Name)]
		for k := range e.Info.Attributes {
			a := &e.Info.Attributes[k]
			if !strings.Contains(a.LogicalName, "_") || a.Type == "primarykey" || strings.HasSuffix(a.LogicalName, "_base") || a.Custom == "0" && tab.columns[a.LogicalName] != nil {
				continue // what every table has
			}
			if err := i.makeColumn(tab, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *importing) makeColumn(tab *table, a *xmlAttribute) error {
	change, err := i.column(a)
	if err != nil {
		return err
	}
	id := fixedID("column/" + tab.name + "/" + a.LogicalName)
	if have := tab.columns[a.LogicalName]; have != nil {
		return i.changeColumn(have, a, change)
	}
	if err := i.ours(a.PhysicalName); err != nil {
		return err
	}
	if change.Type == "Lookup" {
		return fail(400, codeNoRelationship, "The following attributes %s of entity %s are missing their associated relationship definition in customizations xml of %s solution. Please include the associated relationship components and retry solution import.", a.LogicalName, tab.name, i.f.manifest.UniqueName)
	}
	change.Table = tab.name
	if err := i.s.addCustomColumn(tab, change); err != nil {
		return i.invalid("the attribute %s of entity %s: %v", a.LogicalName, tab.name, err)
	}
	col := tab.columns[a.LogicalName]
	i.undo = append(i.undo, func() { _ = i.s.removeColumn(col) }) // it is new: nothing forbids it
	col.managed, col.audit = i.managed, a.Audit == "1"
	col.description, col.descriptions = i.s.labelled(a.About)
	if len(change.Labels) == 0 {
		col.labels = nil
	}
	i.joins(2, id, tab)
	return nil
}

// changeColumn gives a column that is there the labels and the length of the file; its type stays.
func (i *importing) changeColumn(have *column, a *xmlAttribute, change schemaChange) error {
	if have.attributeType() != change.Type && !(have.kind == kindPoly && change.Type == "Lookup") {
		return fail(400, codeTypeDiffers, "The attribute %s of entity %s has the type %s here, and %s in the solution.", have.name, have.table.name, have.attributeType(), change.Type)
	}
	before := *have
	i.undo = append(i.undo, func() { *have = before })
	have.label, have.labels = i.s.labelled(a.Names)
	have.description, have.descriptions = i.s.labelled(a.About)
	have.maxLength = max(have.maxLength, change.Length)
	have.audit = a.Audit == "1"
	if !have.fixed() {
		i.joins(2, fixedID("column/"+have.table.name+"/"+have.name), have.table)
	}
	return nil
}

// joins adds a component of a table to the solution, unless the table is in it as a whole.
func (i *importing) joins(kindOf int64, id string, tab *table) {
	m := &customizing{s: i.s, t: i.t, solution: i.solution}
	m.join(kindOf, id, tab)
}

// relationships makes the lookups: each comes with its relationship.
func (i *importing) relationships() error {
	for _, r := range i.f.customizations.Relationships {
		if r.Type != "OneToMany" {
			return missing("relationships of the type %s", r.Type)
		}
		if i.s.lookupOf(r.Name) != nil {
			continue
		}
		if err := i.makeLookup(&r); err != nil {
			return err
		}
	}
	return nil
}

func (i *importing) makeLookup(r *xmlRelationship) error {
	from, to := i.s.schema.tables[strings.ToLower(r.Referencing)], i.s.schema.tables[strings.ToLower(r.Referenced)]
	if from == nil || to == nil {
		return fail(400, codeMissingDependency, "The following solution cannot be imported: %s. Some dependencies are missing: the relationship %s is between %s and %s.", i.f.manifest.UniqueName, r.Name, r.Referencing, r.Referenced)
	}
	if from.columns[strings.ToLower(r.Column)] != nil && from.columns[strings.ToLower(r.Column)].fixed() {
		return nil // owner, creator and the like
	}
	if err := i.ours(r.Name); err != nil {
		return err
	}
	if !slices.Contains([]string{"NoCascade", "Cascade", "RemoveLink", "Restrict"}, r.Delete) {
		return i.invalid("CascadeDelete %q of the relationship %s", r.Delete, r.Name)
	}
	lookup, display := r.navigation("1")
	collection, _ := r.navigation("0")
	switch {
	case display == "":
		return i.invalid("the NavPaneDisplayOption attribute is required for the Referencing Role of the relationship %s", r.Name)
	case lookup != r.Column || collection == "":
		return i.invalid("the relationship %s names its ends %q and %q, and the lookup is %s", r.Name, lookup, collection, r.Column)
	}
	a := i.attribute(from.name, strings.ToLower(r.Column))
	if a == nil || a.Type != "lookup" {
		return i.invalid("the relationship %s has no lookup %s in the entity %s", r.Name, r.Column, r.Referencing)
	}
	if err := i.ours(a.PhysicalName); err != nil {
		return err
	}
	change, err := i.column(a)
	if err != nil {
		return err
	}
	change.Table, change.Target, change.Collection = from.name, to.name, collection
	if err := i.s.addCustomColumn(from, change); err != nil {
		return i.invalid("the attribute %s: %v", a.LogicalName, err)
	}
	col := from.columns[a.LogicalName]
	i.undo = append(i.undo, func() { _ = i.s.removeColumn(col) }) // it is new: nothing forbids it
	col.onDelete, col.managed = r.Delete, i.managed
	i.t.addComponent(i.solution, 10, fixedID("relationship/"+r.Name), 0, "")
	i.joins(2, fixedID("column/"+from.name+"/"+col.name), from)
	return nil
}

// attribute finds an attribute of the file.
func (i *importing) attribute(table, name string) *xmlAttribute {
	for n := range i.f.customizations.Entities {
		e := &i.f.customizations.Entities[n]
		for k := range e.Info.Attributes {
			if strings.EqualFold(e.Info.Name, table) && strings.EqualFold(e.Info.Attributes[k].LogicalName, name) {
				return &e.Info.Attributes[k]
			}
		}
	}
	return nil
}

// keysOfAll defines the alternate keys; their indexes are built as of any other.
func (i *importing) keysOfAll() error {
	for _, e := range i.f.customizations.Entities {
		tab := i.s.schema.tables[strings.ToLower(e.Info.Name)]
		for _, k := range e.Info.Keys {
			if tab.keyCalled(k.Logical) != nil {
				continue
			}
			if err := i.ours(k.Name); err != nil {
				return err
			}
			if k.Logical != strings.ToLower(k.Name) {
				return i.invalid("the key %q has the logical name %q", k.Name, k.Logical)
			}
			if err := i.s.changeKey(tab, schemaChange{SchemaName: k.Name, Columns: k.Columns}); err != nil {
				return i.invalid("the key %s: %v", k.Name, err)
			}
			made := tab.keyCalled(k.Logical)
			i.undo = append(i.undo, func() {
				tab.keys = slices.DeleteFunc(slices.Clone(tab.keys), func(other *key) bool { return other == made })
			})
			made.label, made.labels = i.s.labelled(k.Names)
			made.created = i.s.now()
			i.s.build(made)
			i.joins(14, fixedID("key/"+made.schemaName), tab)
		}
	}
	return nil
}

// viewsOfAll makes or replaces views.
func (i *importing) viewsOfAll() error {
	for _, e := range i.f.customizations.Entities {
		tab := strings.ToLower(e.Info.Name)
		for _, v := range e.Views {
			id := strings.ToLower(strings.Trim(v.ID, "{}"))
			name, others := i.s.labelled(v.Names)
			if !guidPattern.MatchString(id) || name == "" {
				return i.invalid("a view of %s has the id %q and the name %q", tab, v.ID, name)
			}
			row := map[string]any{"name": name, "returnedtypecode": tab, "querytype": v.QueryType, "isdefault": v.IsDefault == "1", "fetchxml": v.Fetch.trimmed(), "layoutxml": v.Layout.trimmed(), "ismanaged": i.managed, writtenNames: others, publishedNames: others}
			if err := i.s.checkView(row); err != nil {
				return err
			}
			i.t.plant("savedquery", id, row)
			i.t.addComponent(i.solution, 26, id, 0, "")
		}
	}
	return nil
}

// formsOfAll makes or replaces forms.
func (i *importing) formsOfAll() error {
	kinds := map[string]int64{"main": 2, "quick": 6, "quickCreate": 7, "card": 11}
	for _, e := range i.f.customizations.Entities {
		tab := strings.ToLower(e.Info.Name)
		for _, group := range e.Forms {
			kindOf, known := kinds[group.Type]
			if !known {
				return i.invalid("forms of the type %q of %s", group.Type, tab)
			}
			for _, f := range group.Forms {
				id := strings.ToLower(strings.Trim(f.ID, "{}"))
				name, _ := i.s.labelled(f.Names)
				if !guidPattern.MatchString(id) || name == "" {
					return i.invalid("a form of %s has the id %q and the name %q", tab, f.ID, name)
				}
				row := map[string]any{"name": name, "objecttypecode": tab, "type": kindOf, "formxml": "<form>" + f.Form.Text + "</form>", "ismanaged": i.managed}
				if err := i.s.checkForm(row); err != nil {
					return err
				}
				i.t.plant("systemform", id, row)
				i.t.addComponent(i.solution, 60, id, 0, "")
			}
		}
	}
	return nil
}
