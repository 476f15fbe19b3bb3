package dataversesim

import (
	"encoding/xml"
	"slices"
	"strings"
)

// The parts of a solution's XML that mean something here. What else the schema of solutions allows is passed over.
// https://learn.microsoft.com/power-platform/alm/solution-concepts-alm

type xmlLabel struct {
	Description  string `xml:"description,attr"`
	LanguageCode int    `xml:"languagecode,attr"`
}

// xmlManifest is solution.xml.
type xmlManifest struct {
	UniqueName   string       `xml:"SolutionManifest>UniqueName"`
	Names        []xmlLabel   `xml:"SolutionManifest>LocalizedNames>LocalizedName"`
	Version      string       `xml:"SolutionManifest>Version"`
	Managed      string       `xml:"SolutionManifest>Managed"`
	Publisher    xmlPublisher `xml:"SolutionManifest>Publisher"`
	Roots        []xmlRoot    `xml:"SolutionManifest>RootComponents>RootComponent"`
	Dependencies []struct {
		Required struct {
			Type       string `xml:"type,attr"`
			SchemaName string `xml:"schemaName,attr"`
			Parent     string `xml:"parentSchemaName,attr"`
			ID         string `xml:"id,attr"`
		} `xml:"Required"`
	} `xml:"SolutionManifest>MissingDependencies>MissingDependency"`
}

type xmlPublisher struct {
	UniqueName        string     `xml:"UniqueName"`
	Names             []xmlLabel `xml:"LocalizedNames>LocalizedName"`
	Prefix            string     `xml:"CustomizationPrefix"`
	OptionValuePrefix int64      `xml:"CustomizationOptionValuePrefix"`
}

type xmlRoot struct {
	Type       int64  `xml:"type,attr"`
	SchemaName string `xml:"schemaName,attr"`
	ID         string `xml:"id,attr"`
	Behavior   int64  `xml:"behavior,attr"`
}

// xmlCustomizations is customizations.xml.
type xmlCustomizations struct {
	Sections      []fetchNode       `xml:",any"`
	Entities      []xmlEntity       `xml:"Entities>Entity"`
	Roles         []xmlRole         `xml:"Roles>Role"`
	Relationships []xmlRelationship `xml:"EntityRelationships>EntityRelationship"`
	OptionSets    []xmlOptionSet    `xml:"optionsets>optionset"`
	Resources     []xmlResource     `xml:"WebResources>WebResource"`
}

type xmlEntity struct {
	Name string `xml:"Name"`
	Info struct {
		Name       string         `xml:"Name,attr"`
		Unmodified string         `xml:"unmodified,attr"`
		Names      []xmlLabel     `xml:"LocalizedNames>LocalizedName"`
		Plurals    []xmlLabel     `xml:"LocalizedCollectionNames>LocalizedCollectionName"`
		About      []xmlLabel     `xml:"Descriptions>Description"`
		Attributes []xmlAttribute `xml:"attributes>attribute"`
		Keys       []xmlKey       `xml:"EntityKeys>EntityKey"`
		SetName    string         `xml:"EntitySetName"`
		Ownership  string         `xml:"OwnershipTypeMask"`
		Tracking   string         `xml:"ChangeTrackingEnabled"`
		Audit      string         `xml:"IsAuditEnabled"`
	} `xml:"EntityInfo>entity"`
	Forms []struct {
		Type  string    `xml:"type,attr"`
		Forms []xmlForm `xml:"systemform"`
	} `xml:"FormXml>forms"`
	Views []xmlView `xml:"SavedQueries>savedqueries>savedquery"`
}

type xmlForm struct {
	Unmodified string `xml:"unmodified,attr"`

	ID    string     `xml:"formid"`
	Names []xmlLabel `xml:"LocalizedNames>LocalizedName"`
	Form  xmlInner   `xml:"form"`
}

type xmlView struct {
	Unmodified string `xml:"unmodified,attr"`

	ID        string     `xml:"savedqueryid"`
	Names     []xmlLabel `xml:"LocalizedNames>LocalizedName"`
	QueryType int64      `xml:"querytype"`
	IsDefault string     `xml:"isdefault"`
	Fetch     xmlInner   `xml:"fetchxml"`
	Layout    xmlInner   `xml:"layoutxml"`
}

// xmlInner is an element whose content is kept as it is written.
type xmlInner struct {
	Attrs []xml.Attr `xml:",any,attr"`
	Text  string     `xml:",innerxml"`
}

func (x xmlInner) trimmed() string { return strings.TrimSpace(x.Text) }

type xmlAttribute struct {
	PhysicalName string        `xml:"PhysicalName,attr"`
	Type         string        `xml:"Type"`
	Name         string        `xml:"Name"`
	LogicalName  string        `xml:"LogicalName"`
	Level        string        `xml:"RequiredLevel"`
	DisplayMask  string        `xml:"DisplayMask"`
	Custom       string        `xml:"IsCustomField"`
	Audit        string        `xml:"IsAuditEnabled"`
	Format       string        `xml:"Format"`
	Behavior     string        `xml:"Behavior"`
	MaxLength    *int          `xml:"MaxLength"`
	MinValue     *float64      `xml:"MinValue"`
	MaxValue     *float64      `xml:"MaxValue"`
	Accuracy     *int          `xml:"Accuracy"`
	Default      string        `xml:"AppDefaultValue"`
	OptionSet    string        `xml:"OptionSetName"`
	Own          *xmlOptionSet `xml:"optionset"`
	Names        []xmlLabel    `xml:"displaynames>displayname"`
	About        []xmlLabel    `xml:"Descriptions>Description"`
}

type xmlOptionSet struct {
	Name     string     `xml:"Name,attr"`
	Type     string     `xml:"OptionSetType"`
	IsGlobal string     `xml:"IsGlobal"`
	Names    []xmlLabel `xml:"displaynames>displayname"`
	About    []xmlLabel `xml:"Descriptions>Description"`
	Options  []struct {
		Value  int64      `xml:"value,attr"`
		Labels []xmlLabel `xml:"labels>label"`
	} `xml:"options>option"`
}

type xmlKey struct {
	Name    string     `xml:"Name"`
	Logical string     `xml:"LogicalName"`
	Columns []string   `xml:"EntityKeyAttributes>AttributeName"`
	Names   []xmlLabel `xml:"displaynames>displayname"`
}

type xmlRelationship struct {
	Name        string `xml:"Name,attr"`
	Type        string `xml:"EntityRelationshipType"`
	Referencing string `xml:"ReferencingEntityName"`
	Referenced  string `xml:"ReferencedEntityName"`
	Column      string `xml:"ReferencingAttributeName"`
	Delete      string `xml:"CascadeDelete"`
	Roles       []struct {
		Type    string `xml:"RelationshipRoleType"`
		Name    string `xml:"NavigationPropertyName"`
		Display string `xml:"NavPaneDisplayOption"`
	} `xml:"EntityRelationshipRoles>EntityRelationshipRole"`
}

// navigation is the name that one end of a relationship is reached by: role 1 is the end with the lookup, and says where
// the other one lists it.
func (r *xmlRelationship) navigation(kindOf string) (name, display string) {
	for _, role := range r.Roles {
		if role.Type == kindOf {
			return role.Name, role.Display
		}
	}
	return "", ""
}

type xmlRole struct {
	ID         string `xml:"id,attr"`
	Name       string `xml:"name,attr"`
	Privileges []struct {
		Name  string `xml:"name,attr"`
		Level string `xml:"level,attr"`
	} `xml:"RolePrivileges>RolePrivilege"`
}

type xmlResource struct {
	ID       string `xml:"WebResourceId"`
	Name     string `xml:"Name"`
	Display  string `xml:"DisplayName"`
	Type     int64  `xml:"WebResourceType"`
	FileName string `xml:"FileName"`
}

// forgetUnmodified drops what an export marks as unmodified: an import does not apply it, whatever stands below it. A
// table keeps its name, because others hang on it.
func (x *xmlCustomizations) forgetUnmodified() {
	for i := range x.Entities {
		e := &x.Entities[i]
		if e.Info.Unmodified == "1" {
			e.Info.Attributes, e.Info.Keys = nil, nil
		}
		e.Views = slices.DeleteFunc(e.Views, func(v xmlView) bool { return v.Unmodified == "1" })
		for n := range e.Forms {
			e.Forms[n].Forms = slices.DeleteFunc(e.Forms[n].Forms, func(f xmlForm) bool { return f.Unmodified == "1" })
		}
	}
}

// sectionNames are the parts that customizations.xml may have.
func sectionNames() []string {
	return strings.Fields(`Entities Roles Workflows FieldSecurityProfiles Templates EntityMaps EntityRelationships OrganizationSettings optionsets CustomControls
		EntityDataProviders WebResources SdkMessageProcessingSteps ServiceEndpoints SolutionPluginAssemblies PluginAssemblies Dashboards AppModules AppModuleSiteMaps
		CanvasApps connectionreferences Languages ConnectionRoles Reports InteractionCentricDashboards RibbonDiffXml`)
}

// inEnglish is the text of labels in the base language, and others those in further installed languages: an import
// passes over languages that are not installed.
func (s *Simulator) labelled(labels []xmlLabel) (string, map[int]string) {
	base, others := "", map[int]string{}
	for _, l := range labels {
		switch {
		case l.LanguageCode == s.base():
			base = l.Description
		default:
			for _, installed := range s.languages() {
				if installed == l.LanguageCode {
					others[l.LanguageCode] = l.Description
				}
			}
		}
	}
	return base, others
}

func labelCodes(others map[int]string) map[string]string { return texts{others: others}.codes() }
