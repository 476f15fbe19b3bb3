package setup_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

const client = "99999999-9999-4999-8999-999999999999"

func definition(t *testing.T) dataverse.Definition {
	t.Helper()
	d, err := dataverse.Read()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// shipped is the sheet as shipped, which takes a while to read.
var shipped = sync.OnceValues(func() (*mapping.Sheet, error) { return mapping.Load() })

func wanted(t *testing.T, sources ...mapping.Source) dataverse.Definition {
	t.Helper()
	sheet, err := shipped()
	if len(sources) > 0 {
		sheet, err = mapping.Load(sources...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return setup.Want(definition(t), sheet)
}

func options(t *testing.T, c *crm) setup.Options {
	w, _ := c.web()
	return setup.Options{Web: w, Want: wanted(t), URL: "https://cosell.example/api/crmwebhook", Header: "x-cosell-crm-key", Secret: `a"b`, AppUser: client}
}

func planned(t *testing.T, o setup.Options) *setup.Plan {
	t.Helper()
	p, err := setup.Make(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func applied(t *testing.T, p *setup.Plan) *setup.Plan {
	t.Helper()
	if err := p.Apply(context.Background(), func(*setup.Item) {}); err != nil {
		t.Fatal(err)
	}
	return p
}

func complete(t *testing.T, p *setup.Plan) {
	t.Helper()
	for _, i := range p.Items {
		if i.Do != setup.Leave && i.Result != setup.Done {
			t.Errorf("%s %s: %s %s %s", i.Kind, i.Name, i.Do, i.Result, i.Why)
		}
	}
}

func item(t *testing.T, p *setup.Plan, kind, name string) *setup.Item {
	t.Helper()
	i := slices.IndexFunc(p.Items, func(i *setup.Item) bool { return i.Kind == kind && i.Name == name })
	if i < 0 {
		t.Fatalf("the plan says nothing of %s %s", kind, name)
	}
	return p.Items[i]
}

func TestSetupMakesEverythingAndASecondRunWritesNothing(t *testing.T) {
	c := newCRM(t)
	complete(t, applied(t, planned(t, options(t, c))))
	d := definition(t)
	for _, table := range d.Tables {
		for _, col := range table.Columns {
			if c.tables[table.LogicalName].columns[col.LogicalName] == nil {
				t.Errorf("%s of %s was not made", col.LogicalName, table.LogicalName)
			}
		}
	}
	if n := len(c.rows["sdkmessageprocessingsteps"]); n != len(d.Steps) {
		t.Errorf("%d steps of %d", n, len(d.Steps))
	}
	if len(c.rows["savedqueries"]) != len(d.Views) || len(c.rows["roles"]) != len(d.Roles) || len(c.rows["sdkmessageprocessingstepimages"]) != 4 {
		t.Errorf("%d views, %d roles, %d images", len(c.rows["savedqueries"]), len(c.rows["roles"]), len(c.rows["sdkmessageprocessingstepimages"]))
	}
	c.writes = nil
	p := planned(t, options(t, c))
	if p.Differs() {
		t.Errorf("a second plan says %s", said(p))
	}
	applied(t, p)
	if len(c.writes) != 0 {
		t.Errorf("a second run writes %v", c.writes)
	}
}

func said(p *setup.Plan) string {
	var b strings.Builder
	for _, i := range p.Items {
		if i.Do != setup.Leave {
			b.WriteString(string(i.Do) + " " + i.Kind + " " + i.Name + ": " + i.Why + "\n")
		}
	}
	return b.String()
}

func TestAPlanWritesNothing(t *testing.T) {
	c := newCRM(t)
	p := planned(t, options(t, c))
	if len(c.writes) != 0 || !p.Differs() {
		t.Errorf("it wrote %v", c.writes)
	}
}

func TestOrderIsThatOfTheDependencies(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	last := -1
	for _, sign := range []string{"POST publishers", "POST solutions", "POST GlobalOptionSetDefinitions", "POST EntityDefinitions", "POST EntityDefinitions(LogicalName='opportunity')/Attributes",
		"POST RelationshipDefinitions", "POST EntityDefinitions(LogicalName='opportunity')/Keys", "POST webresourceset", "POST savedqueries", "POST PublishXml", "POST roles",
		"POST serviceendpoints", "POST sdkmessageprocessingsteps", "POST sdkmessageprocessingstepimages"} {
		at := slices.Index(c.writes, sign)
		if at <= last {
			t.Errorf("%s comes %d, before or without what it needs", sign, at)
		}
		last = at
	}
}

func TestAColumnOfAnotherTypeStopsBeforeAnythingIsWritten(t *testing.T) {
	c := newCRM(t)
	c.column("lead", row{"SchemaName": "cosell_State", "AttributeType": "String", "DisplayName": words("x")})
	p := planned(t, options(t, c))
	err := p.Apply(context.Background(), func(*setup.Item) {})
	if err == nil || !strings.Contains(err.Error(), "column cosell_state of table lead is a String") || len(c.writes) != 0 {
		t.Errorf("%v, written %v", err, c.writes)
	}
	if i := item(t, p, "column", "lead/cosell_state"); i.Mend == "" || i.Do != setup.Stop {
		t.Errorf("%+v", i)
	}
}

func TestATextThatIsTooShortIsMadeLonger(t *testing.T) {
	c := newCRM(t)
	complete(t, applied(t, planned(t, options(t, c))))
	c.tables["lead"].columns["cosell_contacts"]["MaxLength"] = 100
	c.tables["lead"].columns["cosell_campaign"]["MaxLength"] = 800
	complete(t, applied(t, planned(t, options(t, c))))
	if v := c.tables["lead"].columns["cosell_contacts"]["MaxLength"]; v != 4000.0 {
		t.Errorf("it holds %v", v)
	}
	if v := c.tables["lead"].columns["cosell_campaign"]["MaxLength"]; v != 800 {
		t.Errorf("a longer one became %v", v)
	}
}

func TestAnOptionThatIsMissingIsAdded(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	set := c.choices["cosell_action"]
	set["Options"] = set["Options"].([]any)[:4]
	p := planned(t, options(t, c))
	if item(t, p, "option", "cosell_action/retry").Do != setup.Create || item(t, p, "publishing", "of what people see").Do != setup.Change {
		t.Error(said(p))
	}
	complete(t, applied(t, p))
	if planned(t, options(t, c)).Differs() {
		t.Error("it is not there after all")
	}
}

func TestWhatSomebodyHasChangedIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		do         func(c *crm)
		kind, item string
		why        string
	}{
		"a step hears less":    {func(c *crm) { c.step("Update", "account")["filteringattributes"] = "name" }, "step", "Update of account", "address1_city"},
		"a step is off":        {func(c *crm) { c.step("Create", "opportunity")["statecode"] = 1 }, "step", "Create of opportunity", "switched off"},
		"a step is gone":       {func(c *crm) { c.drop("Delete", "opportunity") }, "step", "Delete of opportunity", ""},
		"people wait for it":   {func(c *crm) { c.step("Create", "opportunity")["mode"] = 0 }, "step", "Create of opportunity", "wait"},
		"an image is short":    {func(c *crm) { c.rows["sdkmessageprocessingstepimages"][0]["attributes"] = "other" }, "image", "Update of cosell_solution", "other"},
		"a view lists others":  {func(c *crm) { c.rows["savedqueries"][1]["fetchxml"] = `<fetch><entity name="opportunity"/></fetch>` }, "view", "opportunity/Co-sell: Failed", "other rows"},
		"a script is old":      {func(c *crm) { c.rows["webresourceset"][0]["content"] = "b2xk" }, "script", "cosell_/partnercenter.js", "another release"},
		"a form is anew":       {func(c *crm) { c.form("opportunity")["formxml"] = plainForm }, "form", "opportunity/Main of opportunity", "the tab Partner Center"},
		"a role lacks a right": {func(c *crm) { c.rows["roles"][0]["held"] = c.rows["roles"][0]["held"].([]any)[1:] }, "role", "cosell-sync application", "prvCreateOpportunity"},
		"tracking is off":      {func(c *crm) { c.tables["account"].def["ChangeTrackingEnabled"] = false }, "table", "account", "change tracking"},
		"a column is gone":     {func(c *crm) { delete(c.tables["lead"].columns, "cosell_audit") }, "column", "lead/cosell_audit", ""},
	} {
		t.Run(name, func(t *testing.T) {
			org := newCRM(t)
			applied(t, planned(t, options(t, org)))
			c.do(org)
			p := planned(t, options(t, org))
			if i := item(t, p, c.kind, c.item); i.Do == setup.Leave || !strings.Contains(i.Why, c.why) {
				t.Errorf("%+v", i)
			}
			complete(t, applied(t, p))
			if p := planned(t, options(t, org)); p.Differs() {
				t.Errorf("after it: %s", said(p))
			}
		})
	}
}

func (c *crm) step(message, table string) row {
	for _, s := range c.rows["sdkmessageprocessingsteps"] {
		if s["name"] == "cosell-sync events: "+message+" of "+table {
			return s
		}
	}
	c.t.Fatalf("no step %s of %s", message, table)
	return nil
}

func (c *crm) drop(message, table string) {
	gone := c.step(message, table)["name"]
	c.rows["sdkmessageprocessingsteps"] = slices.DeleteFunc(c.rows["sdkmessageprocessingsteps"], func(r row) bool { return r["name"] == gone })
}

func (c *crm) form(table string) row {
	for _, f := range c.rows["systemforms"] {
		if f["objecttypecode"] == table {
			return f
		}
	}
	return nil
}

// What people have named, hidden and rearranged is theirs.
func TestWhatIsNotOursIsLeft(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	c.tables["opportunity"].columns["cosell_sync"]["DisplayName"] = words("Share it")
	c.rows["savedqueries"][0]["layoutxml"] = "<grid/>"
	c.step("Update", "opportunity")["filteringattributes"] = c.step("Update", "opportunity")["filteringattributes"].(string) + ",new_campaign"
	form := c.form("opportunity")
	form["formxml"] = strings.Replace(form["formxml"].(string), `disabled="false" /></cell>`, `disabled="false" visible="false" /></cell>`, 1)
	if p := planned(t, options(t, c)); p.Differs() {
		t.Error(said(p))
	}
}

// A language that is installed later gets our texts, and what people have called a part in another language stays.
func TestALanguageThatComesLaterGetsItsTexts(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	theirs := func() row { return row{"LocalizedLabels": []any{row{"Label": "Theirs", "LanguageCode": 1033.0}}} }
	c.tables["opportunity"].columns["cosell_sync"]["DisplayName"] = theirs()
	c.tables["cosell_solution"].def["DisplayName"] = theirs()
	c.tables["cosell_solution"].def["ChangeTrackingEnabled"] = false // two wrongs of one part are one run's work
	c.tables["lead"].columns["cosell_contacts"]["DisplayName"] = theirs()
	c.tables["lead"].columns["cosell_contacts"]["MaxLength"] = 100.0
	c.choices["cosell_action"]["Options"].([]any)[0].(row)["Label"] = theirs()
	p := planned(t, options(t, c))
	if p.Differs() != true || item(t, p, "column", "opportunity/cosell_sync").Do != setup.Change || item(t, p, "option", "cosell_action/sync").Do != setup.Change {
		t.Fatal(said(p))
	}
	complete(t, applied(t, p))
	option := c.choices["cosell_action"]["Options"].([]any)
	for what, have := range map[string]any{"column": c.tables["opportunity"].columns["cosell_sync"]["DisplayName"], "table": c.tables["cosell_solution"].def["DisplayName"], "option": option[len(option)-1].(row)["Label"]} {
		text, err := json.Marshal(have)
		if err != nil || !strings.Contains(string(text), `"Label":"Theirs","LanguageCode":1033`) || !strings.Contains(string(text), `"LanguageCode":1036`) {
			t.Errorf("%s: %s", what, text)
		}
	}
	if planned(t, options(t, c)).Differs() {
		t.Error("it is not there after all")
	}
}

// shown is everything that the organisation holds, as text.
func (c *crm) shown() string {
	rows := map[string][]row{}
	for set, all := range c.rows {
		if set != "solutioncomponents" && set != "privileges" && set != "sdkmessagefilters" && len(all) > 0 {
			rows[set] = all
		}
	}
	tables := map[string]any{}
	for name, t := range c.tables {
		tables[name] = row{"columns": t.columns, "keys": append([]row{}, t.keys...)}
	}
	text, _ := json.MarshalIndent(row{"rows": rows, "tables": tables, "choices": c.choices}, "", " ")
	return string(text)
}
