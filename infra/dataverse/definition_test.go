package dataverse_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

func read(t *testing.T) dataverse.Definition {
	t.Helper()
	d, err := dataverse.Read()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What people read is there in both languages, and says something else in French where the word is not the same.
func TestEverythingIsSaidInEnglishAndFrench(t *testing.T) {
	d := read(t)
	texts := map[string]dataverse.Text{"script": d.Script.Text}
	for _, c := range d.Choices {
		texts[c.Name] = c.Text
		for _, o := range c.Options {
			texts[c.Name+"/"+o.Code] = o.Text
		}
	}
	for _, table := range d.Tables {
		if !table.Standard {
			texts[table.LogicalName], texts[table.LogicalName+"s"] = table.Text, table.Plural()
		}
		for _, c := range table.Columns {
			texts[table.LogicalName+"/"+c.LogicalName] = c.Text
		}
	}
	for _, v := range d.Views {
		texts[v.Table+"/"+v.Name] = v.Text()
	}
	for _, f := range d.Forms {
		texts["form "+f.Table] = f.Text
		if f.Grid != nil {
			texts["grid "+f.Table] = f.Grid.Text
		}
	}
	same := 0
	for name, text := range texts {
		if text.Label == "" || text.Labels[dataverse.French] == "" {
			t.Errorf("%s says %q in English and %q in French", name, text.Label, text.Labels[dataverse.French])
		}
		if text.Label == text.In(dataverse.French) {
			same++
		}
	}
	if len(texts) < 80 || same > 6 {
		t.Errorf("%d texts, %d of them alike in both languages", len(texts), same)
	}
}

// ours says whether a column of ours is in the list; columns of the CRM's own are not in it.
func ours(d dataverse.Definition, table, name string) bool {
	if !strings.HasPrefix(name, d.Publisher.Prefix+"_") {
		return true
	}
	in, _ := d.Table(table)
	_, ok := in.Column(name)
	return ok
}

func TestNothingNamesAColumnThatIsNotThere(t *testing.T) {
	d := read(t)
	check := func(where, table string, names ...string) {
		for _, n := range names {
			if _, ok := d.Table(table); !ok || !ours(d, table, n) {
				t.Errorf("%s names %s of %s, which is not there", where, n, table)
			}
		}
	}
	for _, k := range d.Keys {
		check("key "+k.SchemaName, k.Table, k.Columns...)
	}
	for _, v := range d.Views {
		check("view "+v.Name, v.Table, append(v.FilterColumns(), v.Columns...)...)
	}
	for _, s := range d.Steps {
		check("step of "+s.Table, s.Table, append(s.Filter, s.PreImage...)...)
	}
	for _, f := range d.Forms {
		check("form of "+f.Table, f.Table, f.Fields...)
		for _, r := range f.Rules {
			check("rule of "+f.Table, f.Table, r.Column, r.Needs)
		}
		if g := f.Grid; g != nil {
			if _, ok := d.View(g.Table, g.View); !ok {
				t.Errorf("the sub-grid shows the view %s, which is not there", g.View)
			}
			lookup, _ := d.Table(g.Table)
			if c, ok := lookup.Column("cosell_opportunityid"); !ok || c.Relationship != g.Relationship {
				t.Errorf("the sub-grid hangs on %s", g.Relationship)
			}
		}
	}
	for _, table := range d.Tables {
		for _, c := range table.Columns {
			if c.Choice != "" && d.Choice(c.Choice).Name == "" {
				t.Errorf("%s has the options of %s, which is not there", c.LogicalName, c.Choice)
			}
			if strings.ToLower(c.SchemaName) != c.LogicalName {
				t.Errorf("%s has the schema name %s", c.LogicalName, c.SchemaName)
			}
		}
	}
}

// The form of an opportunity or a lead has a field for each column of ours.
func TestTheFormShowsEveryColumn(t *testing.T) {
	d := read(t)
	for _, f := range d.Forms {
		table, _ := d.Table(f.Table)
		if len(f.Fields) != len(table.Columns) {
			t.Errorf("the form of %s has %d fields, and the table %d columns of ours", f.Table, len(f.Fields), len(table.Columns))
		}
	}
}

func TestIDsAreTheSameEverywhereAndDiffer(t *testing.T) {
	if id := dataverse.ID("view", "opportunity/Co-sell: Failed"); id != "6f1bb4f0-a906-54a6-8a35-9e569270e82e" {
		t.Errorf("%s: organisations that are set up would get it twice", id)
	}
	d, seen := read(t), map[string]string{}
	add := func(id, what string) {
		if seen[id] != "" {
			t.Errorf("%s and %s have one id", what, seen[id])
		}
		seen[id] = what
	}
	for _, v := range d.Views {
		add(v.ID(), v.Table+v.Name)
	}
	for _, s := range d.Steps {
		add(s.ID(), s.Name(d.Endpoint))
		add(s.ImageID(), "image of "+s.Name(d.Endpoint))
	}
	for _, r := range d.Roles {
		add(r.ID(), r.Name)
	}
	add(d.Endpoint.ID(), d.Endpoint.Name)
	add(d.Script.ID(), d.Script.Name)
}

// A right without a reason is one too many, and no role may change definitions, roles, users or steps.
func TestRolesGiveNoMoreThanTheyHaveAReasonFor(t *testing.T) {
	d := read(t)
	for _, role := range d.Roles {
		for _, p := range role.Privileges {
			if p.Why == "" || len(p.May) == 0 {
				t.Errorf("%s: %s has no reason", role.Name, p.Of)
			}
			if !slices.Contains([]string{"Entity", "Attribute", "OptionSet", "Relationship", "ServiceEndpoint", "SdkMessageProcessingStep", "User", "Organization"}, p.Of) {
				continue
			}
			for _, may := range p.May {
				if may != "Read" && may != "AppendTo" {
					t.Errorf("%s may %s %s", role.Name, may, p.Of)
				}
			}
		}
	}
	if len(d.Role(dataverse.ForSeller).Privileges) > 2 || d.Role(dataverse.ForApplication).Name == "" {
		t.Error("sellers have a sales role beside this one")
	}
}

func TestViewsAreWellFormed(t *testing.T) {
	for _, v := range read(t).Views {
		for _, text := range []string{v.FetchXML(v.Table + "id"), v.LayoutXML(v.Table + "id")} {
			if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil {
				t.Errorf("%v: %s", err, text)
			}
		}
		if len(v.FilterColumns()) == 0 || strings.Count(v.FetchXML("id"), "<condition ") != strings.Count(v.Filter, " eq ") {
			t.Errorf("%s: %s", v.Filter, v.FetchXML("id"))
		}
	}
	if v, _ := read(t).View("opportunity", "Co-sell: synchronised"); !strings.Contains(v.FetchXML("id"), `attribute="cosell_sync" operator="eq" value="1"`) {
		t.Error(v.FetchXML("id"))
	}
}

// form plays the form of an opportunity for the script: what it is told, and what it says of cosell_visible then.
const form = `
const values = JSON.parse(process.argv[1]), fired = [];
const attribute = name => name in values ? { getValue: () => values[name], setValue: v => { values[name] = v; }, fireOnChange: () => fired.push(name) } : null;
globalThis.window = {};
require("vm").runInThisContext(require("fs").readFileSync("partnercenter.js", "utf8"));
window.CosellSync.helpChosen({ getFormContext: () => ({ getAttribute: attribute }) });
console.log(JSON.stringify({ visible: values.cosell_visible, fired }));
`

// R104: whoever chooses help sees the deal become visible before it is saved.
func TestR104_TheFormShowsTheDealBeforeItIsSaved(t *testing.T) {
	for values, want := range map[string]string{
		`{"cosell_help":700010002,"cosell_visible":false}`: `{"visible":true,"fired":["cosell_visible"]}`,
		`{"cosell_help":700010002,"cosell_visible":null}`:  `{"visible":true,"fired":["cosell_visible"]}`,
		`{"cosell_help":700010002,"cosell_visible":true}`:  `{"visible":true,"fired":[]}`,
		`{"cosell_help":null,"cosell_visible":false}`:      `{"visible":false,"fired":[]}`,
		`{"cosell_help":700010002}`:                        `{"fired":[]}`,
		`{"cosell_visible":false}`:                         `{"visible":false,"fired":[]}`,
	} {
		said, err := exec.Command("node", "-e", form, values).CombinedOutput()
		if err != nil || strings.TrimSpace(string(said)) != want {
			t.Errorf("%s: %v %s, and %s was expected", values, err, said, want)
		}
	}
}

// The guide lists every right of both roles, with its reason.
func TestTheGuideListsEveryRight(t *testing.T) {
	var want strings.Builder
	for _, role := range read(t).Roles {
		for _, p := range role.Privileges {
			want.WriteString("| " + role.Name + " | " + p.Of + " | " + strings.Join(p.May, ", ") + " | " + p.Why + " |\n")
		}
	}
	guide, err := os.ReadFile("../../docs/dataverse.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), "|---|---|---|---|\n"+want.String()+"<!-- end of roles -->") {
		t.Errorf("docs/dataverse.md lists other rights than\n%s", want.String())
	}
}
