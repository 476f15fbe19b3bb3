package dataversesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// flagJSON is a managed property, of which the value counts.
type flagJSON struct{ Value bool }

// textJSON is a complex type of one text, such as FormatName.
type textJSON struct{ Value string }

// attributeJSON are the properties of a column that mean something here.
type attributeJSON struct {
	SchemaName, LogicalName, Format string
	DisplayName, Description        json.RawMessage
	AttributeType                   string
	RequiredLevel, FormatName       *textJSON
	DateTimeBehavior                *textJSON
	IsAuditEnabled                  *flagJSON
	IsPrimaryName                   *bool
	AutoNumberFormat                *string
	MaxLength, Precision            *int
	PrecisionSource                 *int
	MinValue, MaxValue              *float64
	DefaultValue                    *bool
	DefaultFormValue                *int64
	OptionSet                       json.RawMessage
	GlobalChoice                    string `json:"GlobalOptionSet@odata.bind"`
	Targets                         []string
}

// attributes serves Attributes below a table's definition.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-column-definitions-using-web-api
func (m *customizing) attributes(tab *table, segs []segment) (*answer, error) {
	seg := segs[1]
	if len(segs) > 3 || len(segs) == 3 && !strings.HasPrefix(segs[2].name, "Microsoft.Dynamics.CRM.") {
		return nil, m.s.noResource(segs[len(segs)-1].name)
	}
	if !seg.hasArgs {
		if m.c.method != http.MethodPost {
			return nil, wrongVerb(m.c)
		}
		return m.createColumn(tab)
	}
	col := m.s.columnCalled(tab, named(seg, "LogicalName"))
	if col == nil {
		return nil, notInMetadata("an attribute", named(seg, "LogicalName"))
	}
	switch m.c.method {
	case http.MethodPut:
		return m.replaceColumn(col)
	case http.MethodDelete:
		return m.deleteColumn(col)
	}
	return nil, wrongVerb(m.c)
}

// columnCalled finds a column by logical name or MetadataId.
func (s *Simulator) columnCalled(tab *table, id string) *column {
	for _, col := range tab.order {
		if col.name == id || fixedID("column/"+tab.name+"/"+col.name) == strings.ToLower(id) {
			return col
		}
	}
	return nil
}

func (m *customizing) createColumn(tab *table) (*answer, error) {
	if err := m.s.needs("create", "Attribute"); err != nil {
		return nil, err
	}
	kindName := typeOf(m.c.body)
	in, change, err := m.readColumn(m.c.body, kindName)
	if err != nil {
		return nil, err
	}
	if kindName == "LookupAttributeMetadata" {
		return nil, fail(400, codeInvalidArgument, "A lookup is created with its relationship: POST RelationshipDefinitions with the attribute as its Lookup.")
	}
	if tab.columns[change.Column] != nil {
		return nil, m.s.exists(codeColumnExists, "An attribute with the specified name %s already exists for entity with id = '%s'", change.Column, fixedID("table/"+tab.name))
	}
	if in.IsPrimaryName != nil && *in.IsPrimaryName {
		return nil, fail(400, codeInvalidArgument, "The entity %s has its primary name attribute already.", tab.name)
	}
	col, err := m.addColumn(tab, in, change)
	if err != nil {
		return nil, err
	}
	m.join(2, fixedID("column/"+tab.name+"/"+col.name), tab)
	return done204(m.c.root + "EntityDefinitions(" + fixedID("table/"+tab.name) + ")/Attributes(" + fixedID("column/"+tab.name+"/"+col.name) + ")"), nil
}

// addColumn makes a column that has been read, as an administrator's change does.
func (m *customizing) addColumn(tab *table, in *attributeJSON, change schemaChange) (*column, error) {
	change.Table = tab.name
	if err := m.s.addCustomColumn(tab, change); err != nil {
		return nil, fail(400, codeInvalidArgument, "The attribute %s of entity %s is not valid: %v", change.Column, tab.name, err)
	}
	col := tab.columns[change.Column]
	col.audit = true // as a new column is, unless its definition says otherwise; the table decides whether anything is audited
	return col, m.describeColumn(col, in)
}

// describeColumn sets what POST schema has no word for.
func (m *customizing) describeColumn(col *column, in *attributeJSON) error {
	about, err := m.s.readLabel(in.Description, col.name)
	if err != nil {
		return err
	}
	col.description, col.descriptions = about.over(col.description, col.descriptions, m.c.mergeLabels())
	if in.IsAuditEnabled != nil {
		col.audit = in.IsAuditEnabled.Value
	}
	if in.DefaultFormValue != nil && *in.DefaultFormValue >= 0 && col.kind == kindPicklist {
		if err := col.checkOption(*in.DefaultFormValue); err != nil {
			return err
		}
		col.def = *in.DefaultFormValue
	}
	return nil
}

// readColumn checks a new column's definition.
func (m *customizing) readColumn(body []byte, kindName string) (*attributeJSON, schemaChange, error) {
	var in attributeJSON
	var c schemaChange
	if _, known := attributeTypeMembers()[kindName]; !known {
		return nil, c, fail(400, codePayload, "The '@odata.type' '%s' is missing or is no type of an attribute; use one such as Microsoft.Dynamics.CRM.StringAttributeMetadata.", clip(kindName, 100))
	}
	if err := decodeDefinition(body, kindName, &in); err != nil {
		return nil, c, err
	}
	if err := m.checkName(in.SchemaName); err != nil {
		return nil, c, err
	}
	if in.LogicalName != "" && in.LogicalName != strings.ToLower(in.SchemaName) {
		return nil, c, fail(400, codeInvalidName, "The logical name '%s' is not the schema name '%s' in lower case.", in.LogicalName, in.SchemaName)
	}
	label, err := m.s.needLabel(in.DisplayName, in.SchemaName)
	if err != nil {
		return nil, c, err
	}
	c = schemaChange{Do: "add", Column: strings.ToLower(in.SchemaName), SchemaName: in.SchemaName, Label: label.base, Labels: label.codes(),
		Type: strings.TrimSuffix(kindName, "AttributeMetadata"), Precision: in.Precision, Min: in.MinValue, Max: in.MaxValue, Level: "None"}
	if in.RequiredLevel != nil {
		if c.Level = in.RequiredLevel.Value; !slices.Contains([]string{"None", "Recommended", "ApplicationRequired"}, c.Level) {
			return nil, c, fail(400, codeInvalidArgument, "The required level '%s' of a custom attribute is not valid: use None, Recommended or ApplicationRequired.", c.Level)
		}
	}
	return &in, c, m.readType(&in, &c)
}

// readType checks what belongs to the type of a column.
func (m *customizing) readType(in *attributeJSON, c *schemaChange) error {
	switch c.Type {
	case "String", "Memo":
		return readText(in, c)
	case "DateTime":
		c.Format, c.Behavior = in.Format, "UserLocal"
		if in.DateTimeBehavior != nil {
			c.Behavior = in.DateTimeBehavior.Value
		}
		if c.Behavior == dateOnly && c.Format == "DateAndTime" {
			return fail(400, codeInvalidArgument, "The format DateAndTime does not fit the behavior DateOnly.")
		}
	case "Boolean":
		return m.readBoolean(in, c)
	case "Picklist", "MultiSelectPicklist":
		return m.readChoiceOf(in, c)
	case "Integer":
		if in.Format != "" && !slices.Contains([]string{"None", "Duration", "TimeZone", "Language", "Locale"}, in.Format) {
			return fail(400, codeInvalidArgument, "The format '%s' is not valid for an integer.", in.Format)
		}
	case "Money":
		if in.PrecisionSource != nil && (*in.PrecisionSource < 0 || *in.PrecisionSource > 2) {
			return fail(400, codeInvalidArgument, "The precision source %d is not valid: use 0, 1 or 2.", *in.PrecisionSource)
		}
	}
	return nil
}

func readText(in *attributeJSON, c *schemaChange) error {
	if in.MaxLength == nil || *in.MaxLength < 1 {
		return fail(400, codeInvalidArgument, "MaxLength of the attribute %s must be 1 or more.", in.SchemaName)
	}
	c.Length, c.Format = *in.MaxLength, in.Format
	if in.FormatName != nil {
		c.Format = in.FormatName.Value
	}
	formats := []string{"", "Text", "TextArea", "Url", "Email", "Phone", "TickerSymbol", "PhoneticGuide", "VersionNumber", "Json", "RichText"}
	if c.Type == "Memo" {
		formats = []string{"", "TextArea", "Text", "Json", "RichText", "Email", "InternalExtentData"}
	}
	if !slices.Contains(formats, c.Format) {
		return fail(400, codeInvalidArgument, "The format '%s' of the attribute %s is not valid.", c.Format, in.SchemaName)
	}
	if in.AutoNumberFormat != nil {
		c.AutoNumber = *in.AutoNumberFormat
	}
	return nil
}

func (m *customizing) readBoolean(in *attributeJSON, c *schemaChange) error {
	var set choiceJSON
	if len(in.OptionSet) == 0 || loosely(in.OptionSet, &set) != nil || set.TrueOption == nil || set.FalseOption == nil {
		return fail(400, codeInvalidArgument, "The attribute %s needs an OptionSet with a TrueOption and a FalseOption.", in.SchemaName)
	}
	options, err := m.s.readOptions([]optionJSON{*set.TrueOption, *set.FalseOption}, 0)
	if err != nil {
		return err
	}
	if options[0].Value != 1 || options[1].Value != 0 {
		return fail(400, codeInvalidArgument, "TrueOption of the attribute %s has the value 1 and FalseOption 0.", in.SchemaName)
	}
	c.Options = options
	if in.DefaultValue != nil {
		c.Default = json.RawMessage(fmt.Sprint(*in.DefaultValue))
	}
	return nil
}

// readChoiceOf takes the values from the column's own option set, or from a global one that it is bound to.
func (m *customizing) readChoiceOf(in *attributeJSON, c *schemaChange) error {
	if (len(in.OptionSet) > 0 && string(in.OptionSet) != "null") == (in.GlobalChoice != "") {
		return fail(400, codeInvalidArgument, "The attribute %s needs either an OptionSet or GlobalOptionSet@odata.bind.", in.SchemaName)
	}
	if in.GlobalChoice != "" {
		segs, err := parsePath(strings.TrimPrefix(in.GlobalChoice[strings.LastIndex(in.GlobalChoice, "/")+1:], "/"))
		if err != nil || len(segs) != 1 || segs[0].name != "GlobalOptionSetDefinitions" || !segs[0].hasArgs {
			return fail(400, codePayload, "The link '%s' does not name a global option set.", clip(in.GlobalChoice, 200))
		}
		ch := m.s.choiceCalled(named(segs[0], "Name"))
		if ch == nil {
			return notInMetadata("an option set", named(segs[0], "Name"))
		}
		c.Choice = ch.name
		return nil
	}
	var set choiceJSON
	if err := loosely(in.OptionSet, &set); err != nil {
		return err
	}
	if set.IsGlobal != nil && *set.IsGlobal {
		return fail(400, codeInvalidArgument, "A global option set is created at GlobalOptionSetDefinitions and bound with GlobalOptionSet@odata.bind.")
	}
	var err error
	c.Options, err = m.s.readOptions(set.Options, m.firstOption())
	return err
}
