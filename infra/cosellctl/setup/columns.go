package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// column plans one column: made where it is missing; type and what a lookup leads to cannot be changed, a text may
// only become longer, and what people call a column is theirs.
func (r *run) column(t dataverse.Table, c dataverse.Column) {
	have := r.found[t.LogicalName].columns[c.LogicalName]
	item := &Item{Kind: "column", Name: t.LogicalName + "/" + c.LogicalName, Do: Leave}
	switch {
	case have == nil:
		r.createColumn(t, c, item)
	case wrongKind(c, have) != "":
		item.Do = Stop
		item.Why = fmt.Sprintf("column %s of table %s is %s, and %s is needed; the type of a column cannot be changed", c.LogicalName, t.LogicalName, wrongKind(c, have), kindWords(c))
		item.Mend = "delete that column after saving its values, or give the field another column in a field sheet (--mapping FILE)"
	default:
		r.changeColumn(t, c, have, item)
	}
	r.plan.add(item)
}

// changeColumn brings a column that is there to what is needed. One that setup has not made keeps its labels.
func (r *run) changeColumn(t dataverse.Table, c dataverse.Column, have *columnState, item *Item) {
	members, why := map[string]any{}, []string(nil)
	ours := r.madeColumn(r.found[t.LogicalName], have)
	if c.MaxLength > 0 && have.MaxLength > 0 && have.MaxLength < c.MaxLength {
		members["MaxLength"] = c.MaxLength
		why = append(why, fmt.Sprintf("it holds %d characters, and %d are needed", have.MaxLength, c.MaxLength))
	}
	switch {
	case len(members) > 0 && !ours:
		item.Do, item.Mend = Stop, mendNotOurs(r.d)
		item.Why = fmt.Sprintf("column %s of table %s holds %d characters, %d are needed, and %s", c.LogicalName, t.LogicalName, have.MaxLength, c.MaxLength, notOurs(r.d))
		return
	case len(members) > 0 && r.managed:
		r.imported(item)
		return
	}
	if lacks := have.DisplayName.lacks(r.languages); ours && !r.managed && len(lacks) > 0 {
		members["DisplayName"] = have.DisplayName.completed(c.Text, r.languages)
		why = append(why, fmt.Sprintf("it says nothing in %v", lacks))
	}
	if len(members) == 0 {
		return
	}
	path := tablePath(t.LogicalName) + "/Attributes(LogicalName=" + quoted(c.LogicalName) + ")"
	item.Do, item.Why = Change, strings.Join(why, "; ")
	item.apply = func(ctx context.Context) error {
		return r.edit(ctx, path+"/"+crmType+c.Type+"AttributeMetadata", path, c.Type+"AttributeMetadata", members)
	}
	r.plan.publish[t.LogicalName] = true
}

// wrongKind says what a column is instead of what is needed; "" where it will do.
func wrongKind(c dataverse.Column, have *columnState) string {
	switch {
	case have.AttributeType != c.Type:
		return "a " + have.AttributeType
	case c.Type == "Lookup" && len(have.Targets) > 0 && !slices.Contains(have.Targets, c.Target):
		return fmt.Sprintf("a Lookup to %v", have.Targets)
	case c.Type == "Picklist" && have.choice() != c.Choice:
		return fmt.Sprintf("a Picklist with the options of %q", have.choice())
	}
	return ""
}

// choice is the global choice whose options the column has.
func (c *columnState) choice() string {
	if c.GlobalOptionSet.Name == "" && c.OptionSet.IsGlobal {
		return c.OptionSet.Name
	}
	return c.GlobalOptionSet.Name
}

func kindWords(c dataverse.Column) string {
	switch c.Type {
	case "Lookup":
		return "a Lookup to " + c.Target
	case "Picklist":
		return "a Picklist with the options of " + c.Choice
	}
	return "a " + c.Type
}

func (r *run) createColumn(t dataverse.Table, c dataverse.Column, item *Item) {
	item.Do, item.Why, item.needs = Create, c.Label, []string{r.solutionItem(), "table " + t.LogicalName}
	if r.managed {
		r.imported(item)
		return
	}
	switch c.Type {
	case "Lookup":
		item.needs = append(item.needs, "table "+c.Target)
		item.apply = func(ctx context.Context) error { return r.createLookup(ctx, t, c) }
		return
	case "Picklist":
		item.needs = append(item.needs, "choice "+c.Choice)
	}
	item.apply = func(ctx context.Context) error {
		_, err := r.w.post(ctx, tablePath(t.LogicalName)+"/Attributes", r.columnBody(c))
		return err
	}
}

// columnBody is the definition of a column.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-column-definitions-using-web-api
func (r *run) columnBody(c dataverse.Column) map[string]any {
	body := map[string]any{"@odata.type": crmType + c.Type + "AttributeMetadata", "AttributeType": c.Type, "SchemaName": c.SchemaName,
		"DisplayName": label(c.Text, r.languages), "RequiredLevel": map[string]any{"Value": level(c)}}
	if c.Description != "" {
		body["Description"] = label(c.About(), r.languages)
	}
	switch c.Type {
	case "String":
		body["MaxLength"], body["FormatName"] = c.MaxLength, map[string]any{"Value": textFormat(c)}
	case "Memo":
		body["MaxLength"], body["Format"] = c.MaxLength, "TextArea"
	case "Boolean":
		body["DefaultValue"] = c.Default == true
		body["OptionSet"] = map[string]any{"OptionSetType": "Boolean",
			"TrueOption":  map[string]any{"Value": 1, "Label": label(dataverse.Yes(), r.languages)},
			"FalseOption": map[string]any{"Value": 0, "Label": label(dataverse.No(), r.languages)}}
	case "Picklist":
		body["GlobalOptionSet@odata.bind"] = "/GlobalOptionSetDefinitions(" + r.choiceKey(c.Choice) + ")"
	case "DateTime":
		body["Format"], body["DateTimeBehavior"] = "DateAndTime", map[string]any{"Value": "UserLocal"}
	case "Decimal":
		body["Precision"], body["MinValue"], body["MaxValue"] = c.Precision, -100000000000, 100000000000
	case "Integer":
		body["Format"], body["MinValue"], body["MaxValue"] = "None", -2147483648, 2147483647
	}
	return body
}

// choiceKey names a choice by its id; by its name where the answer to its creation did not tell the id.
func (r *run) choiceKey(name string) string {
	if id := r.ids["choice "+name]; id != "" {
		return id
	}
	return "Name=" + quoted(name)
}

func level(c dataverse.Column) string {
	if c.Required {
		return "ApplicationRequired"
	}
	return "None"
}

func textFormat(c dataverse.Column) string {
	if c.Format == "" {
		return "Text"
	}
	return c.Format
}

// createLookup makes a relationship: the only way to make a lookup.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-entity-relationships-using-web-api
func (r *run) createLookup(ctx context.Context, t dataverse.Table, c dataverse.Column) error {
	id := c.Target + "id"
	if own, ok := r.d.Table(c.Target); ok && own.PrimaryID != "" {
		id = own.PrimaryID
	}
	_, err := r.w.post(ctx, "RelationshipDefinitions", map[string]any{"@odata.type": crmType + "OneToManyRelationshipMetadata", "SchemaName": c.Relationship,
		"ReferencedEntity": c.Target, "ReferencedAttribute": id, "ReferencingEntity": t.LogicalName,
		"Lookup": map[string]any{"@odata.type": crmType + "LookupAttributeMetadata", "AttributeType": "Lookup", "SchemaName": c.SchemaName,
			"DisplayName": label(c.Text, r.languages), "RequiredLevel": map[string]any{"Value": level(c)}},
		"AssociatedMenuConfiguration": map[string]any{"Behavior": "UseCollectionName", "Group": "Details", "Order": 10000},
		"CascadeConfiguration": map[string]any{"Assign": "NoCascade", "Delete": c.OnDelete, "Merge": "NoCascade", "Reparent": "NoCascade",
			"Share": "NoCascade", "Unshare": "NoCascade", "RollupView": "NoCascade"}})
	return err
}
