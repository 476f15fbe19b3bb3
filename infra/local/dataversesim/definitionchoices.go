package dataversesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// choiceCalled finds a global choice by name or MetadataId.
func (s *Simulator) choiceCalled(id string) *choice {
	for name, ch := range s.schema.choices {
		if strings.EqualFold(name, id) || fixedID("choice/"+name) == strings.ToLower(id) {
			return ch
		}
	}
	return nil
}

// choices serves GlobalOptionSetDefinitions.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-optionsets
func (m *customizing) choices(segs []segment) (*answer, error) {
	if len(segs) > 1 {
		return nil, m.s.noResource(segs[1].name)
	}
	if !segs[0].hasArgs {
		if m.c.method != http.MethodPost {
			return nil, wrongVerb(m.c)
		}
		return m.createChoice()
	}
	ch := m.s.choiceCalled(named(segs[0], "Name"))
	switch {
	case ch == nil:
		return nil, notInMetadata("an option set", named(segs[0], "Name"))
	case m.c.method == http.MethodPut:
		return m.replaceChoice(ch)
	case m.c.method == http.MethodDelete:
		return m.deleteChoice(ch)
	}
	return nil, wrongVerb(m.c)
}

func (m *customizing) createChoice() (*answer, error) {
	if err := m.s.needs("create", "OptionSet"); err != nil {
		return nil, err
	}
	var in choiceJSON
	if err := decodeDefinition(m.c.body, "OptionSetMetadata", &in); err != nil {
		return nil, err
	}
	if err := m.checkName(in.Name); err != nil {
		return nil, err
	}
	if m.s.choiceCalled(in.Name) != nil {
		return nil, m.s.exists(codeChoiceExists, "An OptionSet with the specified name %s already exists.", in.Name)
	}
	if in.OptionSetType != "Picklist" {
		return nil, fail(400, codeInvalidArgument, "OptionSetType '%s' of the option set %s is not valid: use Picklist.", in.OptionSetType, in.Name)
	}
	label, err := m.s.needLabel(in.DisplayName, in.Name)
	if err != nil {
		return nil, err
	}
	about, err := m.s.readLabel(in.Description, in.Name)
	if err != nil {
		return nil, err
	}
	options, err := m.s.readOptions(in.Options, m.firstOption())
	if err != nil {
		return nil, err
	}
	var values column
	for _, o := range options {
		if err := values.putOption(o); err != nil {
			return nil, fail(400, codeInvalidArgument, "%v", err)
		}
	}
	name := strings.ToLower(in.Name)
	m.s.schema.choices[name] = &choice{name: name, label: label.base, labels: label.others, description: about.base, descriptions: about.others, options: values.options, created: m.s.now()}
	m.join(9, fixedID("choice/"+name), nil)
	return done204(m.c.root + "GlobalOptionSetDefinitions(" + fixedID("choice/"+name) + ")"), nil
}

// replaceChoice changes the labels of a choice; its options have actions of their own.
func (m *customizing) replaceChoice(ch *choice) (*answer, error) {
	if err := m.s.needs("write", "OptionSet"); err != nil {
		return nil, err
	}
	var in choiceJSON
	if err := decodeDefinition(m.c.body, "OptionSetMetadata", &in); err != nil {
		return nil, err
	}
	if in.Name != ch.name {
		return nil, fail(400, codeInvalidArgument, "PUT takes the whole definition: Name must be '%s'.", ch.name)
	}
	label, err := m.s.readLabel(in.DisplayName, ch.name)
	if err != nil {
		return nil, err
	}
	about, err := m.s.readLabel(in.Description, ch.name)
	if err != nil {
		return nil, err
	}
	ch.label, ch.labels = label.over(ch.label, ch.labels, m.c.mergeLabels())
	ch.description, ch.descriptions = about.over(ch.description, ch.descriptions, m.c.mergeLabels())
	m.join(9, fixedID("choice/"+ch.name), nil)
	return done204(m.c.root + "GlobalOptionSetDefinitions(" + fixedID("choice/"+ch.name) + ")"), nil
}

func (m *customizing) deleteChoice(ch *choice) (*answer, error) {
	if err := m.s.needs("delete", "OptionSet"); err != nil {
		return nil, err
	}
	id := fixedID("choice/" + ch.name)
	if ch.managed {
		return nil, fixedComponent(ch.name, id)
	}
	var users []string
	for _, t := range m.s.schema.order {
		for _, c := range t.order {
			if c.choice == ch.name && !slices.Contains(users, t.name) {
				users = append(users, t.name)
			}
		}
	}
	if len(users) > 0 {
		return nil, fail(400, codeChoiceInUse, "This option set cannot be deleted. The current set of entities that reference this option set are: %s. These references must be removed before this option set can be deleted", strings.Join(users, ", "))
	}
	delete(m.s.schema.choices, ch.name)
	m.t.leaveSolutions(id)
	return done204(""), nil
}

// optionAction are the parameters of the actions for single options.
type optionAction struct {
	OptionSetName, EntityLogicalName, AttributeLogicalName, SolutionUniqueName string
	Value                                                                      *int64
	Values                                                                     []int64
	Label, Description                                                         json.RawMessage
	MergeLabels                                                                *bool
	StateCode                                                                  *int64
	Color, ExternalValue                                                       *string
	ParentValues                                                               []int64
}

// changeOptions serves InsertOptionValue, UpdateOptionValue, DeleteOptionValue, OrderOption and InsertStatusValue.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/insertoptionvalue
func (m *customizing) changeOptions(action string) (*answer, error) {
	if err := m.s.needs("write", "OptionSet"); err != nil {
		return nil, err
	}
	var in optionAction
	if err := strictly(m.c.body, &in); err != nil {
		return nil, err
	}
	if in.SolutionUniqueName != "" {
		var err error
		if m.solution, err = m.s.solutionNamed(in.SolutionUniqueName); err != nil {
			return nil, err
		}
	}
	col, ch, err := m.optionOwner(&in)
	if err != nil {
		return nil, err
	}
	list, err := m.optionsAfter(action, &in, col)
	if err != nil {
		return nil, err
	}
	if ch != nil {
		m.s.setChoice(ch, list)
		m.join(9, fixedID("choice/"+ch.name), nil)
	} else {
		col.options = list
	}
	if action == "InsertOptionValue" || action == "InsertStatusValue" {
		return jsonAnswer((&document{}).add("@odata.context", m.c.root+"$metadata#Microsoft.Dynamics.CRM."+action+"Response").add("NewOptionValue", *in.Value))
	}
	return done204(""), nil
}

// optionOwner finds whose options are meant: a global choice, or a column with options of its own.
func (m *customizing) optionOwner(in *optionAction) (*column, *choice, error) {
	if in.OptionSetName != "" {
		ch := m.s.choiceCalled(in.OptionSetName)
		if ch == nil {
			return nil, nil, notInMetadata("an option set", in.OptionSetName)
		}
		return &column{options: ch.options, kind: kindPicklist}, ch, nil
	}
	tab := m.s.schema.tables[in.EntityLogicalName]
	if tab == nil {
		return nil, nil, notInMetadata("an entity", in.EntityLogicalName)
	}
	col := tab.columns[in.AttributeLogicalName]
	if col == nil || !col.kind.isOption() && col.kind != kindMulti && col.kind != kindBool {
		return nil, nil, notInMetadata("an attribute with options", in.AttributeLogicalName)
	}
	return col, m.s.schema.choices[col.choice], nil
}

// optionsAfter are the options as an action leaves them.
func (m *customizing) optionsAfter(action string, in *optionAction, col *column) ([]option, error) {
	next := column{options: slices.Clone(col.options), kind: col.kind}
	if action == "OrderOption" {
		return ordered(next.options, in.Values)
	}
	if in.Value == nil && strings.HasPrefix(action, "Insert") {
		value := m.firstOption()
		for slices.ContainsFunc(next.options, func(o option) bool { return o.value == value }) {
			value++
		}
		in.Value = &value
	}
	if in.Value == nil {
		return nil, fail(400, codeInvalidArgument, "Required field 'Value' is missing or empty for the operation '%s'.", action)
	}
	i := slices.IndexFunc(next.options, func(o option) bool { return o.value == *in.Value })
	if (i >= 0) == strings.HasPrefix(action, "Insert") {
		return nil, fail(400, codeInvalidArgument, "The option value %d is %s.", *in.Value, map[bool]string{true: "there already", false: "not there"}[i >= 0])
	}
	if action == "DeleteOptionValue" {
		return slices.Delete(next.options, i, i+1), nil
	}
	label, err := m.s.needLabel(in.Label, "the option")
	if err != nil {
		return nil, err
	}
	if action == "UpdateOptionValue" {
		o := &next.options[i]
		o.label, o.labels = label.over(o.label, o.labels, isTrue(in.MergeLabels))
		return next.options, nil
	}
	o := schemaOption{Value: *in.Value, Label: label.base, Labels: label.codes()}
	if (action == "InsertStatusValue") != (col.kind == kindStatus) || (in.StateCode != nil) != (col.kind == kindStatus) {
		return nil, fail(400, codeInvalidArgument, "InsertStatusValue with a StateCode is for status reasons, and for nothing else.")
	}
	if in.StateCode != nil {
		o.State = *in.StateCode
	}
	return next.options, next.insert(o, &next.options)
}

// insert puts an option behind the others of a list.
func (c *column) insert(o schemaOption, into *[]option) error {
	if err := c.putOption(o); err != nil {
		return err
	}
	*into = c.options
	return nil
}

func ordered(have []option, values []int64) ([]option, error) {
	var out []option
	for _, v := range values {
		if i := slices.IndexFunc(have, func(o option) bool { return o.value == v }); i >= 0 {
			out = append(out, have[i])
		}
	}
	if len(out) != len(have) || len(values) != len(have) {
		return nil, fail(400, codeInvalidArgument, "Values must name each option of the option set once.")
	}
	return out, nil
}

// setChoice gives a global choice other options, and with it all columns that use it.
func (s *Simulator) setChoice(ch *choice, list []option) {
	ch.options = list
	for _, t := range s.schema.order {
		for _, c := range t.order {
			if c.choice == ch.name {
				c.options = list
			}
		}
	}
}
