package solution

import (
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// entities are the tables: ours whole, of the standard ones our columns, keys and views.
func entities(d dataverse.Definition) (out []node) {
	for _, t := range d.Tables {
		if t.Standard && len(t.Columns) == 0 {
			continue
		}
		name := schemaName(d, t.LogicalName)
		label := t.Label
		if label == "" {
			label = name
		}
		entity := []node{}
		if !t.Standard {
			entity = append(entity, said("LocalizedNames", "LocalizedName", t.Text), said("LocalizedCollectionNames", "LocalizedCollectionName", t.Plural()), said("Descriptions", "Description", t.Text))
		}
		entity = append(entity, el("attributes", attributes(d, t)...))
		if !t.Standard {
			entity = append(entity, settings(d, t)...)
		}
		if keys := keys(d, t); len(keys) > 0 {
			entity = append(entity, el("EntityKeys", keys...))
		}
		out = append(out, el("Entity", text("Name", name).with("LocalizedName", label, "OriginalName", label), el("EntityInfo", el("entity", entity...).with("Name", name)), el("FormXml"),
			el("SavedQueries", el("savedqueries", views(d, t)...)), el("RibbonDiffXml")))
	}
	return out
}

// settings are those of a table of ours.
func settings(d dataverse.Definition, t dataverse.Table) []node {
	owner := "OrgOwned"
	if t.Ownership == "UserOwned" {
		owner = "UserOwned"
	}
	return []node{text("EntitySetName", t.EntitySet), text("IsDuplicateCheckSupported", "0"), text("IsBusinessProcessEnabled", "0"), text("IsValidForAdvancedFind", "1"), text("IsActivity", "0"),
		text("OwnershipTypeMask", owner), text("IsConnectionsEnabled", "0"), text("IsDocumentManagementEnabled", "0"), text("IsCustomizable", "1"), text("IsRenameable", "1"),
		text("ChangeTrackingEnabled", flag(t.ChangeTracking)), text("CanChangeTrackingBeEnabled", "1"), text("IntroducedVersion", d.Solution.Version)}
}

// attributes are the columns. A table of ours has its id, too; what every table has the CRM adds.
func attributes(d dataverse.Definition, t dataverse.Table) (out []node) {
	if !t.Standard {
		out = append(out, attribute(d, t.SchemaName+"Id", t.PrimaryID, "primarykey", "systemrequired", "ValidForAdvancedFind|RequiredForGrid", t.Text, nil))
	}
	for _, c := range t.Columns {
		level, mask := "none", "ValidForAdvancedFind|ValidForForm|ValidForGrid"
		if c.Required {
			level = "required"
			mask += "|RequiredForForm"
		}
		if c.PrimaryName { // an import finds the name column by it, and refuses a table without
			mask = "PrimaryName|" + mask
		}
		more := details(d, t, c)
		if c.Description != "" {
			more = append(more, said("Descriptions", "Description", c.About()))
		}
		out = append(out, attribute(d, c.SchemaName, c.LogicalName, kind(c), level, mask, c.Text, more))
	}
	return out
}

func attribute(d dataverse.Definition, physical, logical, kind, level, mask string, t dataverse.Text, more []node) node {
	own := "1"
	if kind == "primarykey" {
		own = "0"
	}
	all := []node{text("Type", kind), text("Name", logical), text("LogicalName", logical), text("RequiredLevel", level), text("DisplayMask", mask), text("ImeMode", "auto"),
		text("ValidForUpdateApi", own), text("ValidForReadApi", "1"), text("ValidForCreateApi", "1"), text("IsCustomField", own), text("IsAuditEnabled", "1"), text("IsSecured", "0"),
		text("IntroducedVersion", d.Solution.Version), text("IsCustomizable", "1"), text("IsRenameable", "1"), text("SourceType", "0")}
	all = append(all, more...)
	return el("attribute", append(all, said("displaynames", "displayname", t))...).with("PhysicalName", physical)
}

// kind is what customizations.xml calls a type.
func kind(c dataverse.Column) string {
	return map[string]string{"String": "nvarchar", "Memo": "ntext", "Boolean": "bit", "Integer": "int", "Decimal": "decimal", "DateTime": "datetime", "Picklist": "picklist", "Lookup": "lookup"}[c.Type]
}

// details are what a type has beside a name.
func details(d dataverse.Definition, t dataverse.Table, c dataverse.Column) []node {
	number := strconv.Itoa
	switch c.Type {
	case "String":
		format := "text"
		if c.Format != "" {
			format = strings.ToLower(c.Format)
		}
		return []node{text("Format", format), text("MaxLength", number(c.MaxLength)), text("Length", number(2*c.MaxLength))}
	case "Memo":
		return []node{text("Format", "textarea"), text("MaxLength", number(c.MaxLength))}
	case "Boolean":
		option := func(value string, t dataverse.Text) node {
			return el("option", said("labels", "label", t)).with("value", value, "ExternalValue", "", "IsHidden", "0")
		}
		return []node{text("AppDefaultValue", flag(c.Default == true)), el("optionset", text("OptionSetType", "bit"), text("IntroducedVersion", d.Solution.Version), text("IsCustomizable", "1"),
			said("displaynames", "displayname", c.Text), el("options", option("1", dataverse.Yes()), option("0", dataverse.No()))).with("Name", t.LogicalName+"_"+c.LogicalName)}
	case "Integer":
		return []node{text("Format", "none"), text("MinValue", "-2147483648"), text("MaxValue", "2147483647")}
	case "Decimal":
		return []node{text("MinValue", "-100000000000"), text("MaxValue", "100000000000"), text("Accuracy", number(c.Precision))}
	case "DateTime":
		return []node{text("Format", "datetime"), text("CanChangeDateTimeBehavior", "1"), text("Behavior", "1")}
	case "Picklist":
		return []node{text("AppDefaultValue", "-1"), text("OptionSetName", c.Choice)}
	case "Lookup":
		return []node{text("LookupStyle", "single"), el("LookupTypes")}
	}
	return nil
}

func keys(d dataverse.Definition, t dataverse.Table) (out []node) {
	for _, k := range d.Keys {
		if k.Table != t.LogicalName {
			continue
		}
		var columns []node
		for _, c := range k.Columns {
			columns = append(columns, text("AttributeName", c))
		}
		out = append(out, el("EntityKey", text("Name", k.SchemaName), text("LogicalName", strings.ToLower(k.SchemaName)), text("IntroducedVersion", d.Solution.Version),
			el("EntityKeyAttributes", columns...), said("displaynames", "displayname", dataverse.Text{Label: k.SchemaName})))
	}
	return out
}

func views(d dataverse.Definition, t dataverse.Table) (out []node) {
	for _, v := range d.Views {
		if v.Table != t.LogicalName {
			continue
		}
		id := t.LogicalName + "id"
		out = append(out, el("savedquery", text("IsCustomizable", "1"), text("CanBeDeleted", "1"), text("isquickfindquery", "0"), text("isprivate", "0"), text("isdefault", "0"),
			text("savedqueryid", "{"+v.ID()+"}"), raw("layoutxml", v.LayoutXML(id)), text("querytype", "0"), raw("fetchxml", v.FetchXML(id)), text("IntroducedVersion", d.Solution.Version),
			said("LocalizedNames", "LocalizedName", v.Text())))
	}
	return out
}
