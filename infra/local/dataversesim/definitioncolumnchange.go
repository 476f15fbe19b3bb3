package dataversesim

import (
	"slices"
	"strings"
)

// replaceColumn takes a whole definition back, as it was read and edited. Names and types stay.
func (m *customizing) replaceColumn(col *column) (*answer, error) {
	if err := m.s.needs("write", "Attribute"); err != nil {
		return nil, err
	}
	kindName := typeOf(m.c.body)
	if kindName != col.metadataType() {
		return nil, fail(400, codeInvalidArgument, "The '@odata.type' of the attribute %s is Microsoft.Dynamics.CRM.%s and cannot be changed to '%s'.", col.name, col.metadataType(), clip(kindName, 100))
	}
	var in attributeJSON
	if err := decodeDefinition(m.c.body, kindName, &in); err != nil {
		return nil, err
	}
	if in.LogicalName != col.name || in.SchemaName != "" && in.SchemaName != col.schemaName {
		return nil, fail(400, codeInvalidArgument, "PUT takes the whole definition: LogicalName must be '%s' and SchemaName '%s'.", col.name, col.schemaName)
	}
	label, err := m.s.readLabel(in.DisplayName, col.name)
	if err != nil {
		return nil, err
	}
	next := *col
	next.label, next.labels = label.over(col.label, col.labels, m.c.mergeLabels())
	if err := m.changeLimits(&next, &in); err != nil {
		return nil, err
	}
	if in.RequiredLevel != nil && !col.must {
		if err := next.require(in.RequiredLevel.Value); err != nil || next.must {
			return nil, fail(400, codeInvalidArgument, "The required level '%s' of the attribute %s is not valid.", in.RequiredLevel.Value, col.name)
		}
	}
	if err := m.describeColumn(&next, &in); err != nil {
		return nil, err
	}
	if in.DefaultValue != nil && col.kind == kindBool {
		next.def = *in.DefaultValue
	}
	*col = next
	m.join(2, fixedID("column/"+col.table.name+"/"+col.name), col.table)
	return done204(m.c.root + "EntityDefinitions(" + fixedID("table/"+col.table.name) + ")/Attributes(" + fixedID("column/"+col.table.name+"/"+col.name) + ")"), nil
}

// changeLimits changes lengths and ranges. A text column cannot become shorter.
func (m *customizing) changeLimits(col *column, in *attributeJSON) error {
	if in.MaxLength != nil && col.kind.isText() {
		limit := map[kind]int{kindString: 4000, kindMemo: longestText}[col.kind]
		if *in.MaxLength < col.maxLength || *in.MaxLength > limit {
			return fail(400, codeInvalidArgument, "MaxLength of the attribute %s cannot be changed from %d to %d: it can only grow, to %d at most.", col.name, col.maxLength, *in.MaxLength, limit)
		}
		col.maxLength = *in.MaxLength
	}
	if in.FormatName != nil && col.kind == kindString {
		col.format = in.FormatName.Value
	}
	if col.kind == kindInt || col.kind == kindDecimal || col.kind == kindDouble || col.kind == kindMoney {
		if in.MinValue != nil {
			col.min = *in.MinValue
		}
		if in.MaxValue != nil {
			col.max = *in.MaxValue
		}
		if col.min > col.max {
			return fail(400, codeInvalidArgument, "MinValue of the attribute %s is above its MaxValue.", col.name)
		}
		if in.Precision != nil && *in.Precision >= 0 && *in.Precision <= mostDigits(col.kind) {
			col.precision = *in.Precision
		}
	}
	if in.DateTimeBehavior != nil && (col.kind == kindDateTime || col.kind == kindDate) {
		have := strings.TrimPrefix(map[bool]string{true: dateOnly, false: col.behavior}[col.kind == kindDate], "")
		if have == "" {
			have = userLocal
		}
		if want := in.DateTimeBehavior.Value; want != have && have != userLocal {
			return fail(400, codeInvalidArgument, "The behavior of the attribute %s cannot be changed from %s to %s.", col.name, have, want)
		}
	}
	return nil
}

// deleteColumn deletes a column of the organisation's own that nothing refers to.
func (m *customizing) deleteColumn(col *column) (*answer, error) {
	if err := m.s.needs("delete", "Attribute"); err != nil {
		return nil, err
	}
	id := fixedID("column/" + col.table.name + "/" + col.name)
	if !col.custom() || col.managed || col.baseOf != nil {
		return nil, fixedComponent(col.name, id)
	}
	if col.name == col.table.primaryID || col.name == col.table.primaryName {
		return nil, fail(400, codeInvalidArgument, "The attribute %s is the primary attribute of entity %s and cannot be deleted.", col.name, col.table.name)
	}
	if err := hasDependents("Attribute", id, m.s.columnUsers(col)); err != nil {
		return nil, err
	}
	if err := m.s.removeColumn(col); err != nil {
		return nil, fail(400, codeInvalidArgument, "The attribute %s cannot be deleted: %v.", col.name, err)
	}
	m.t.leaveSolutions(id)
	return done204(""), nil
}

// custom tells of columns that were not shipped with the table.
func (c *column) custom() bool {
	return strings.Contains(c.name, "_") && c.formula == nil && c.baseOf == nil && !c.readOnly || c.managed
}

// columnUsers are the components that need a column: keys, views, forms and business rules.
func (s *Simulator) columnUsers(col *column) []string {
	var out []string
	for _, k := range col.table.keys {
		for _, c := range k.columns {
			if c == col {
				out = append(out, "EntityKey "+k.schemaName)
			}
		}
	}
	for _, other := range col.table.order {
		if other.formula != nil && other.formula.column == col.name {
			out = append(out, "Attribute "+other.name)
		}
	}
	for _, sl := range s.db.tables[stepTable].order {
		if sl.row == nil || !slices.Contains(list(sl.row.text("filteringattributes")), col.name) {
			continue
		}
		if f := s.db.get("sdkmessagefilter", sl.row.ref("sdkmessagefilterid").id); f != nil && f.text("primaryobjecttypecode") == col.table.name {
			out = append(out, "SDKMessageProcessingStep "+sl.row.text("name"))
		}
	}
	return append(out, s.textUsers(col.table.name, col.name)...)
}
