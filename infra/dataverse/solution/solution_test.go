package solution_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/dataverse/solution"
)

// said are texts by language.
type said []struct {
	Description string `xml:"description,attr"`
	Language    int    `xml:"languagecode,attr"`
}

func (s said) is(t dataverse.Text) bool {
	return len(s) == 2 && slices.ContainsFunc(s, func(o struct {
		Description string `xml:"description,attr"`
		Language    int    `xml:"languagecode,attr"`
	}) bool {
		return o.Language == dataverse.French && o.Description == t.In(dataverse.French)
	}) && s[0].Language == dataverse.English && s[0].Description == t.Label
}

// customizations is customizations.xml, as far as it has a meaning for us.
type customizations struct {
	Entities []struct {
		Name string
		Info struct {
			Names      said `xml:"LocalizedNames>LocalizedName"`
			Plurals    said `xml:"LocalizedCollectionNames>LocalizedCollectionName"`
			Attributes []struct {
				Physical    string `xml:"PhysicalName,attr"`
				Type        string
				LogicalName string
				Level       string `xml:"RequiredLevel"`
				MaxLength   int
				Accuracy    int
				Format      string
				Choice      string `xml:"OptionSetName"`
				Default     string `xml:"AppDefaultValue"`
				Names       said   `xml:"displaynames>displayname"`
			} `xml:"attributes>attribute"`
			Set       string `xml:"EntitySetName"`
			Ownership string `xml:"OwnershipTypeMask"`
			Tracking  string `xml:"ChangeTrackingEnabled"`
			Keys      []struct {
				Name    string
				Columns []string `xml:"EntityKeyAttributes>AttributeName"`
			} `xml:"EntityKeys>EntityKey"`
		} `xml:"EntityInfo>entity"`
		Views []struct {
			ID     string `xml:"savedqueryid"`
			Layout struct {
				XML string `xml:",innerxml"`
			} `xml:"layoutxml"`
			Fetch struct {
				XML string `xml:",innerxml"`
			} `xml:"fetchxml"`
			Names said `xml:"LocalizedNames>LocalizedName"`
		} `xml:"SavedQueries>savedqueries>savedquery"`
	} `xml:"Entities>Entity"`
	Roles []struct {
		ID     string `xml:"id,attr"`
		Name   string `xml:"name,attr"`
		Rights []struct {
			Name  string `xml:"name,attr"`
			Level string `xml:"level,attr"`
		} `xml:"RolePrivileges>RolePrivilege"`
	} `xml:"Roles>Role"`
	Relationships []struct {
		Name      string `xml:"Name,attr"`
		From      string `xml:"ReferencingEntityName"`
		To        string `xml:"ReferencedEntityName"`
		Attribute string `xml:"ReferencingAttributeName"`
		Delete    string `xml:"CascadeDelete"`
	} `xml:"EntityRelationships>EntityRelationship"`
	Choices []struct {
		Name    string `xml:"Name,attr"`
		Names   said   `xml:"displaynames>displayname"`
		Options []struct {
			Value int  `xml:"value,attr"`
			Names said `xml:"labels>label"`
		} `xml:"options>option"`
	} `xml:"optionsets>optionset"`
	Scripts []struct {
		ID   string `xml:"WebResourceId"`
		Name string
		File string `xml:"FileName"`
	} `xml:"WebResources>WebResource"`
}

type manifest struct {
	UniqueName string `xml:"SolutionManifest>UniqueName"`
	Version    string `xml:"SolutionManifest>Version"`
	Managed    string `xml:"SolutionManifest>Managed"`
	Publisher  struct {
		UniqueName string
		Prefix     string `xml:"CustomizationPrefix"`
		Options    int    `xml:"CustomizationOptionValuePrefix"`
	} `xml:"SolutionManifest>Publisher"`
	Roots []struct {
		Type   int    `xml:"type,attr"`
		Schema string `xml:"schemaName,attr"`
		ID     string `xml:"id,attr"`
		How    string `xml:"behavior,attr"`
	} `xml:"SolutionManifest>RootComponents>RootComponent"`
}

func definition(t *testing.T) dataverse.Definition {
	t.Helper()
	d, err := dataverse.Read()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func files(t *testing.T, managed bool) map[string][]byte {
	t.Helper()
	packed, err := solution.Zip(definition(t), managed)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range r.File {
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(from); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func parsed[T any](t *testing.T, text []byte) (out T) {
	t.Helper()
	if err := xml.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheSameDataGivesTheSameBytes(t *testing.T) {
	for _, managed := range []bool{false, true} {
		one, err := solution.Zip(definition(t), managed)
		two, again := solution.Zip(definition(t), managed)
		if err != nil || again != nil || !bytes.Equal(one, two) {
			t.Errorf("managed %v: %v %v, or other bytes", managed, err, again)
		}
	}
}

func TestTheManifestNamesWhatIsInTheZip(t *testing.T) {
	d := definition(t)
	for managed, say := range map[bool]string{false: "0", true: "1"} {
		m := parsed[manifest](t, files(t, managed)["solution.xml"])
		if m.UniqueName != d.Solution.UniqueName || m.Version != d.Solution.Version || m.Managed != say || m.Publisher.UniqueName != d.Publisher.UniqueName ||
			m.Publisher.Prefix != d.Publisher.Prefix || m.Publisher.Options != d.Publisher.OptionValuePrefix {
			t.Errorf("%+v", m)
		}
		var got []string
		for _, r := range m.Roots {
			got = append(got, strconv.Itoa(r.Type)+" "+r.Schema+strings.Trim(r.ID, "{}")+" "+r.How)
		}
		want := []string{"1 opportunity 2", "1 lead 2", "1 cosell_solutiondetail 0", "1 cosell_solution 0", "9 cosell_help 0", "9 cosell_state 0", "9 cosell_action 0",
			"20 " + d.Roles[0].ID() + " 0", "20 " + d.Roles[1].ID() + " 0", "61 " + d.Script.Name + " 0"}
		if !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	}
}

// What an export marks as unmodified is not applied by an import.
func TestNothingInTheZipIsPassedOver(t *testing.T) {
	if text := files(t, true)["customizations.xml"]; bytes.Contains(text, []byte("unmodified")) || bytes.Count(text, []byte("<FormXml />")) != bytes.Count(text, []byte("<Entity>")) {
		t.Errorf("%s", text)
	}
}

// What is read back from the zip is schema.json: tables, columns, choices, keys, views, roles.
func TestTheZipSaysWhatTheSchemaSays(t *testing.T) {
	d := definition(t)
	c := parsed[customizations](t, files(t, false)["customizations.xml"])
	kinds := map[string]string{"nvarchar": "String", "ntext": "Memo", "bit": "Boolean", "int": "Integer", "decimal": "Decimal", "datetime": "DateTime", "picklist": "Picklist", "lookup": "Lookup"}
	columns, keys, views := 0, 0, 0
	for _, e := range c.Entities {
		table, ok := d.Table(strings.ToLower(e.Name))
		if !ok {
			t.Fatalf("table %s", e.Name)
		}
		if !table.Standard && (!e.Info.Names.is(table.Text) || !e.Info.Plurals.is(table.Plural()) || e.Info.Set != table.EntitySet || (e.Info.Tracking == "1") != table.ChangeTracking ||
			e.Info.Ownership != map[string]string{"UserOwned": "UserOwned", "OrganizationOwned": "OrgOwned"}[table.Ownership] || e.Name != table.SchemaName) {
			t.Errorf("%s: %+v", e.Name, e.Info)
		}
		for _, a := range e.Info.Attributes {
			if a.Type == "primarykey" {
				if a.LogicalName != table.PrimaryID {
					t.Errorf("the id of %s is %s", e.Name, a.LogicalName)
				}
				continue
			}
			columns++
			want, ok := table.Column(a.LogicalName)
			level := map[bool]string{true: "required", false: "none"}[want.Required]
			if !ok || kinds[a.Type] != want.Type || a.Physical != want.SchemaName || a.MaxLength != want.MaxLength || a.Choice != want.Choice || a.Accuracy != want.Precision || a.Level != level || !a.Names.is(want.Text) {
				t.Errorf("%s: %+v", e.Name, a)
			}
			if want.Type == "Boolean" && a.Default != map[bool]string{true: "1", false: "0"}[want.Default == true] || want.Format == "Url" && a.Format != "url" {
				t.Errorf("%s: %+v", e.Name, a)
			}
		}
		for _, k := range e.Info.Keys {
			keys++
			if !slices.ContainsFunc(d.Keys, func(w dataverse.Key) bool {
				return w.Table == table.LogicalName && w.SchemaName == k.Name && slices.Equal(w.Columns, k.Columns)
			}) {
				t.Errorf("%s: %+v", e.Name, k)
			}
		}
		for _, v := range e.Views {
			views++
			i := slices.IndexFunc(d.Views, func(w dataverse.View) bool { return w.Table == table.LogicalName && "{"+w.ID()+"}" == v.ID })
			if i < 0 || v.Fetch.XML != d.Views[i].FetchXML(table.LogicalName+"id") || v.Layout.XML != d.Views[i].LayoutXML(table.LogicalName+"id") || !v.Names.is(d.Views[i].Text()) {
				t.Errorf("%s: %+v", e.Name, v)
			}
		}
	}
	all := 0
	for _, table := range d.Tables {
		all += len(table.Columns)
	}
	if columns != all || keys != len(d.Keys) || views != len(d.Views) {
		t.Errorf("%d columns of %d, %d keys, %d views", columns, all, keys, views)
	}
	restOfTheZip(t, d, c)
}

func restOfTheZip(t *testing.T, d dataverse.Definition, c customizations) {
	t.Helper()
	for i, want := range d.Choices {
		got := c.Choices[i]
		if got.Name != want.Name || !got.Names.is(want.Text) || len(got.Options) != len(want.Options) {
			t.Errorf("%+v", got)
		}
		for j, o := range want.Options {
			if got.Options[j].Value != o.Value || !got.Options[j].Names.is(o.Text) {
				t.Errorf("%s: %+v", want.Name, got.Options[j])
			}
		}
	}
	for i, want := range d.Roles {
		var rights []string
		for _, r := range c.Roles[i].Rights {
			if r.Level != "Global" {
				t.Errorf("%s reaches %s", r.Name, r.Level)
			}
			rights = append(rights, r.Name)
		}
		var named []string
		for _, p := range want.Privileges {
			named = append(named, p.Names()...)
		}
		if c.Roles[i].Name != want.Name || c.Roles[i].ID != "{"+want.ID()+"}" || !slices.Equal(rights, named) {
			t.Errorf("%s: %v", want.Name, rights)
		}
	}
	lookups := 0
	for _, table := range d.Tables {
		for _, col := range table.Columns {
			if col.Type != "Lookup" {
				continue
			}
			lookups++
			if !slices.ContainsFunc(c.Relationships, func(r struct {
				Name      string `xml:"Name,attr"`
				From      string `xml:"ReferencingEntityName"`
				To        string `xml:"ReferencedEntityName"`
				Attribute string `xml:"ReferencingAttributeName"`
				Delete    string `xml:"CascadeDelete"`
			}) bool {
				return r.Name == col.Relationship && strings.ToLower(r.From) == table.LogicalName && strings.ToLower(r.To) == col.Target && r.Attribute == col.SchemaName && r.Delete == col.OnDelete
			}) {
				t.Errorf("%s has no relationship", col.LogicalName)
			}
		}
	}
	if len(c.Relationships) != lookups || len(c.Scripts) != 1 || c.Scripts[0].ID != "{"+d.Script.ID()+"}" || c.Scripts[0].Name != d.Script.Name {
		t.Errorf("%d relationships, scripts %+v", len(c.Relationships), c.Scripts)
	}
	if packed := files(t, true); !bytes.Equal(packed[strings.TrimPrefix(c.Scripts[0].File, "/")], dataverse.Script) || !bytes.Contains(packed["[Content_Types].xml"], []byte(c.Scripts[0].File)) {
		t.Errorf("the script is not where it is said to be: %s", c.Scripts[0].File)
	}
}
