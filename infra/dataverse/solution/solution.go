// Package solution makes the solution zips of what the CRM needs, of the same data that setup applies by the Web API,
// and with the same ids: what was made by one is found by the other. Importing fits where no command may be run
// against an environment, and production, where a managed solution can be taken away whole.
//
// Not in them, because a zip cannot know it: the forms, which are the organisation's own; the endpoint with its secret
// and the event steps, whose messages have other ids in each version of Dynamics 365; change tracking of tables that
// are not ours; the application user. Setup adds these to an imported solution.
// https://learn.microsoft.com/power-platform/alm/solution-concepts-alm
package solution

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// Names of the zips, as exports call them.
const (
	Unmanaged = "CosellSync.zip"
	Managed   = "CosellSync_managed.zip"
)

// stamp is the time of every file in a zip: the first that the format knows. The same data gives the same bytes.
var stamp = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip makes a solution zip of the definition.
func Zip(d dataverse.Definition, managed bool) ([]byte, error) {
	files := []struct {
		name string
		text []byte
	}{
		{"[Content_Types].xml", contentTypes(d)},
		{"customizations.xml", customizations(d)},
		{"solution.xml", manifest(d, managed)},
		{scriptFile(d), dataverse.Script},
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: stamp})
		if err == nil {
			_, err = to.Write(f.text)
		}
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing the solution: %w", err)
	}
	return out.Bytes(), nil
}

// scriptFile is where the web resource lies in the zip: without a dot or stroke, and with its id.
func scriptFile(d dataverse.Definition) string {
	return "WebResources/" + strings.NewReplacer("/", "", ".", "").Replace(d.Script.Name) + strings.ToUpper(d.Script.ID())
}

func contentTypes(d dataverse.Definition) []byte {
	return el("Types",
		node{name: "Default"}.with("Extension", "xml", "ContentType", "application/octet-stream"),
		node{name: "Override"}.with("PartName", "/"+scriptFile(d), "ContentType", "application/octet-stream"),
	).with("xmlns", "http://schemas.openxmlformats.org/package/2006/content-types").document()
}

// manifest is solution.xml.
func manifest(d dataverse.Definition, managed bool) []byte {
	s, p := d.Solution, d.Publisher
	names := func(label string) node {
		return said("LocalizedNames", "LocalizedName", dataverse.Text{Label: label})
	}
	return el("ImportExportXml", el("SolutionManifest",
		text("UniqueName", s.UniqueName), names(s.FriendlyName), el("Descriptions"), text("Version", s.Version), text("Managed", flag(managed)),
		el("Publisher", text("UniqueName", p.UniqueName), names(p.FriendlyName), el("Descriptions"),
			node{name: "EMailAddress"}.with("xsi:nil", "true"), node{name: "SupportingWebsiteUrl"}.with("xsi:nil", "true"),
			text("CustomizationPrefix", p.Prefix), text("CustomizationOptionValuePrefix", strconv.Itoa(p.OptionValuePrefix)), el("Addresses", postal(1), postal(2))),
		el("RootComponents", roots(d)...), el("MissingDependencies"),
	)).with("version", "9.2.0.0", "SolutionPackageVersion", "9.2", "languagecode", strconv.Itoa(dataverse.English), "generatedBy", "CrmLive", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance").document()
}

// postal is one of the two empty addresses that a publisher has.
func postal(number int) node {
	return el("Address", text("AddressNumber", strconv.Itoa(number)), text("AddressTypeCode", "1"), text("ShippingMethodCode", "1"))
}

// roots are the components of the solution: our tables with all that they have (0), of the standard ones what stands in the
// zip and nothing of the table itself (2).
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/solutioncomponent
func roots(d dataverse.Definition) (out []node) {
	root := func(kind int, attrs ...string) {
		out = append(out, node{name: "RootComponent"}.with("type", strconv.Itoa(kind)).with(attrs...))
	}
	for _, t := range d.Tables {
		switch {
		case !t.Standard:
			root(1, "schemaName", t.LogicalName, "behavior", "0")
		case len(t.Columns) > 0:
			root(1, "schemaName", t.LogicalName, "behavior", "2")
		}
	}
	for _, c := range d.Choices {
		root(9, "schemaName", c.Name, "behavior", "0")
	}
	for _, r := range d.Roles {
		root(20, "id", "{"+r.ID()+"}", "behavior", "0")
	}
	root(61, "schemaName", d.Script.Name, "behavior", "0")
	return out
}

// customizations is customizations.xml.
func customizations(d dataverse.Definition) []byte {
	return el("ImportExportXml",
		el("Entities", entities(d)...), el("Roles", roles(d)...), el("Workflows"), el("FieldSecurityProfiles"), el("Templates"), el("EntityMaps"),
		el("EntityRelationships", relationships(d)...), el("OrganizationSettings"), el("optionsets", choices(d)...), el("WebResources", script(d)), el("CustomControls"), el("EntityDataProviders"),
		el("Languages", text("Language", strconv.Itoa(dataverse.English)), text("Language", strconv.Itoa(dataverse.French))),
	).with("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance").document()
}

func flag(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// said is a text in both languages: <displaynames><displayname description="…" languagecode="1033" />…
func said(outer, inner string, t dataverse.Text) node {
	one := func(language int) node {
		return node{name: inner}.with("description", t.In(language), "languagecode", strconv.Itoa(language))
	}
	return el(outer, one(dataverse.English), one(dataverse.French))
}

func choices(d dataverse.Definition) (out []node) {
	for _, c := range d.Choices {
		var options []node
		for _, o := range c.Options {
			options = append(options, el("option", said("labels", "label", o.Text)).with("value", strconv.Itoa(o.Value), "ExternalValue", "", "IsHidden", "0"))
		}
		out = append(out, el("optionset", text("OptionSetType", "picklist"), text("IsGlobal", "1"), text("IntroducedVersion", d.Solution.Version), text("IsCustomizable", "1"),
			said("displaynames", "displayname", c.Text), el("Descriptions"), el("options", options...)).with("Name", c.Name, "localizedName", c.Label))
	}
	return out
}

func roles(d dataverse.Definition) (out []node) {
	for _, r := range d.Roles {
		var rights []node
		for _, p := range r.Privileges {
			for _, name := range p.Names() {
				rights = append(rights, node{name: "RolePrivilege"}.with("name", name, "level", "Global"))
			}
		}
		out = append(out, el("Role", text("IsCustomizable", "1"), el("RolePrivileges", rights...)).with("id", "{"+r.ID()+"}", "name", r.Name, "isinherited", "1"))
	}
	return out
}

func script(d dataverse.Definition) node {
	s := d.Script
	return el("WebResource", text("WebResourceId", "{"+s.ID()+"}"), text("Name", s.Name), text("DisplayName", s.Label), text("WebResourceType", "3"), text("IntroducedVersion", d.Solution.Version),
		text("IsEnabledForMobileClient", "0"), text("IsAvailableForMobileOffline", "0"), text("IsCustomizable", "1"), text("CanBeDeleted", "1"), text("IsHidden", "0"),
		text("FileName", "/"+scriptFile(d)))
}

// relationships are the lookups between tables.
func relationships(d dataverse.Definition) (out []node) {
	for _, t := range d.Tables {
		for _, c := range t.Columns {
			if c.Type != "Lookup" {
				continue
			}
			out = append(out, el("EntityRelationship", text("EntityRelationshipType", "OneToMany"), text("IsCustomizable", "1"), text("IntroducedVersion", d.Solution.Version), text("IsHierarchical", "0"),
				text("ReferencingEntityName", t.SchemaName), text("ReferencedEntityName", schemaName(d, c.Target)),
				text("CascadeAssign", "NoCascade"), text("CascadeDelete", c.OnDelete), text("CascadeArchive", c.OnDelete), text("CascadeReparent", "NoCascade"), text("CascadeShare", "NoCascade"),
				text("CascadeUnshare", "NoCascade"), text("CascadeRollupView", "NoCascade"), text("IsValidForAdvancedFind", "1"), text("ReferencingAttributeName", c.SchemaName),
				el("RelationshipDescription", el("Descriptions", node{name: "Description"}.with("description", "", "languagecode", strconv.Itoa(dataverse.English)))),
				el("EntityRelationshipRoles",
					el("EntityRelationshipRole", text("NavPaneDisplayOption", "UseCollectionName"), text("NavPaneArea", "Details"), text("NavPaneOrder", "10000"),
						text("NavigationPropertyName", c.SchemaName), text("RelationshipRoleType", "1")),
					el("EntityRelationshipRole", text("NavigationPropertyName", c.Relationship), text("RelationshipRoleType", "0"))),
			).with("Name", c.Relationship))
		}
	}
	return out
}

// schemaName is the name of a table as zips write it; that of a standard one begins with a capital.
func schemaName(d dataverse.Definition, table string) string {
	if t, ok := d.Table(table); ok && t.SchemaName != "" {
		return t.SchemaName
	}
	return strings.ToUpper(table[:1]) + table[1:]
}
