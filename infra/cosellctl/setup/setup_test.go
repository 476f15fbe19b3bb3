package setup_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// Whatever call is refused, the rest is done, and a second run finishes.
func TestAHalfDoneRunIsFinishedByASecond(t *testing.T) {
	whole := newCRM(t)
	applied(t, planned(t, options(t, whole)))
	slices.Sort(whole.writes)
	for _, call := range slices.Compact(whole.writes) {
		t.Run(strings.ReplaceAll(call, "/", "|"), func(t *testing.T) {
			c := newCRM(t)
			failed := false
			c.refuse = func(method, path string, _ row) (int, string, string) {
				if method+" "+path == call && !failed {
					failed = true
					return 400, "0x80040203", "not now"
				}
				return 0, "", ""
			}
			p := applied(t, planned(t, options(t, c)))
			if !failed || !p.Unfinished() {
				t.Fatalf("nothing was refused, or nobody was told")
			}
			complete(t, applied(t, planned(t, options(t, c))))
			if p := planned(t, options(t, c)); p.Differs() {
				t.Errorf("after two runs: %s", said(p))
			}
		})
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

// A System Customizer may apply the schema; endpoint, steps, roles and users need a System Administrator.
func TestWhatTheCallerMayNotDoIsSaidAndTheRestIsDone(t *testing.T) {
	c := newCRM(t)
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "POST" && (path == "serviceendpoints" || path == "systemusers" || path == "roles") {
			return 403, "0x80040220", "Principal user (Id=1) is missing prvCreate" + path + " privilege"
		}
		return 0, "", ""
	}
	p := applied(t, planned(t, options(t, c)))
	for kind, name := range map[string]string{"endpoint": "cosell-sync events", "application user": client, "role": "cosell-sync application"} {
		if i := item(t, p, kind, name); i.Result != setup.Denied || !strings.Contains(i.Mend, "System Administrator") || !strings.Contains(i.Why, "prvCreate") {
			t.Errorf("%+v", i)
		}
	}
	if i := item(t, p, "step", "Update of opportunity"); i.Result != setup.Skipped || !strings.Contains(i.Why, "endpoint") {
		t.Errorf("%+v", i)
	}
	if !p.Unfinished() || c.tables["opportunity"].columns["cosell_sync"] == nil {
		t.Error("the schema was not applied, or all is said to be well")
	}
	c.refuse = nil
	complete(t, applied(t, planned(t, options(t, c))))
}

func TestAnotherChangeOfTheMetadataIsWaitedFor(t *testing.T) {
	c := newCRM(t)
	busy := 3
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "POST" && path == "EntityDefinitions" && busy > 0 {
			busy--
			return 400, "0x80071151", "Cannot start another [EntityCustomization] because there is a previous one running"
		}
		return 0, "", ""
	}
	o := options(t, c)
	w, slept := c.web()
	o.Web = w
	complete(t, applied(t, planned(t, o)))
	if len(*slept) < 3 || (*slept)[1] <= (*slept)[0] {
		t.Errorf("it waited %v", *slept)
	}
}

func TestALockThatNeverEndsEndsTheItem(t *testing.T) {
	c := newCRM(t)
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "POST" && path == "EntityDefinitions" {
			return 400, "0x80071151", "a previous one is running"
		}
		return 0, "", ""
	}
	p := applied(t, planned(t, options(t, c)))
	if i := item(t, p, "table", "cosell_solution"); i.Result != setup.Failed || !strings.Contains(i.Why, "0x80071151") {
		t.Errorf("%+v", i)
	}
}

func TestKeysBecomeActiveAndDuplicatesAreListed(t *testing.T) {
	c := newCRM(t)
	c.slow = 4
	c.rows["opportunities"] = []row{
		{"opportunityid": "30000000-0000-4000-8000-000000000001", "cosell_referralid": "r-1"}, {"opportunityid": "30000000-0000-4000-8000-000000000002", "cosell_referralid": "r-1"},
		{"opportunityid": "30000000-0000-4000-8000-000000000003", "cosell_referralid": nil}, {"opportunityid": "30000000-0000-4000-8000-000000000004", "cosell_referralid": nil}}
	p := applied(t, planned(t, options(t, c)))
	i := item(t, p, "index", "opportunity/cosell_ReferralKey")
	if i.Result != setup.Failed || !strings.Contains(i.Why, "r-1 in 30000000-0000-4000-8000-000000000001 and 30000000-0000-4000-8000-000000000002") || strings.Contains(i.Why, "000000000003") {
		t.Errorf("%+v", i)
	}
	if item(t, p, "step", "Update of opportunity").Result != setup.Done || item(t, p, "index", "lead/cosell_LeadReferralKey").Result != setup.Done {
		t.Error("it did not go on without the key")
	}
	again := planned(t, options(t, c))
	if i := item(t, again, "index", "opportunity/cosell_ReferralKey"); i.Do != setup.Open || !strings.Contains(i.Why, "r-1 in") || i.Mend == "" {
		t.Errorf("%+v", i)
	}
	c.rows["opportunities"][1]["cosell_referralid"] = nil
	complete(t, applied(t, planned(t, options(t, c))))
	if planned(t, options(t, c)).Differs() {
		t.Error("the key is not active")
	}
}

func TestWithoutAddressOrSecretTheRestIsDone(t *testing.T) {
	c := newCRM(t)
	o := options(t, c)
	o.Secret, o.AppUser = "", ""
	p := applied(t, planned(t, o))
	if i := item(t, p, "endpoint", "cosell-sync events"); i.Do != setup.Open || !strings.Contains(i.Mend, "DATAVERSE_WEBHOOK_SECRET") {
		t.Errorf("%+v", i)
	}
	if !p.Unfinished() || len(c.rows["sdkmessageprocessingsteps"]) != 0 || c.tables["cosell_solution"] == nil {
		t.Error(said(p))
	}
	complete(t, applied(t, planned(t, options(t, c))))
}

func TestTheSecretIsWrittenWhereItIsNeededAndOnlyThere(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	end := c.rows["serviceendpoints"][0]
	if want := `<settings><setting name="x-cosell-crm-key" value="a&#34;b" /></settings>`; end["authvalue"] != want || end["authtype"] != 5.0 || end["contract"] != 8.0 {
		t.Errorf("%v", end)
	}
	o := options(t, c)
	o.Rotate, o.Secret = true, "new"
	complete(t, applied(t, planned(t, o)))
	if !strings.Contains(end["authvalue"].(string), `value="new"`) {
		t.Errorf("%v", end["authvalue"])
	}
	o = options(t, c)
	o.URL = "https://other.example/api/crmwebhook"
	if i := item(t, planned(t, o), "endpoint", "cosell-sync events"); i.Do != setup.Change || !strings.Contains(i.Why, "cosell.example") {
		t.Errorf("%+v", i)
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

func TestAnImageKeepsWhatSomebodyElseSendsAlong(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	image := c.rows["sdkmessageprocessingstepimages"][0]
	ours := image["attributes"].(string)
	image["attributes"] = "other"
	complete(t, applied(t, planned(t, options(t, c))))
	if got := image["attributes"]; got != "other,"+ours {
		t.Errorf("it holds %v", got)
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

func TestWhoIsNoUserOrMayNotReadSolutionsIsToldSo(t *testing.T) {
	for _, kept := range []string{"organizations", "publishers", "solutions"} {
		c := newCRM(t)
		c.refuse = func(_, path string, _ row) (int, string, string) {
			if strings.HasPrefix(path, kept) {
				return 403, "0x80072560", "The user is not a member of the organization."
			}
			return 0, "", ""
		}
		_, err := setup.Make(context.Background(), options(t, c))
		if err == nil || !strings.Contains(err.Error(), "0x80072560") || !strings.Contains(err.Error(), "Application users") {
			t.Errorf("%s: %v", kept, err)
		}
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

func TestTeardownLeavesTheOrganisationAsItWas(t *testing.T) {
	c := newCRM(t)
	delete(c.tables, "connection") // change tracking cannot be switched off again, and here it was off
	o := options(t, c)
	o.Want.Tables = slices.DeleteFunc(slices.Clone(o.Want.Tables), func(t dataverse.Table) bool { return t.LogicalName == "connection" })
	c.rows["systemusers"] = []row{{"systemuserid": "40000000-0000-4000-8000-000000000001", "applicationid": client, "isdisabled": false, "roles": []row{}}}
	before := c.shown()
	applied(t, planned(t, o))
	o.Want = definition(t)
	p, err := setup.Teardown(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, applied(t, p))
	if after := c.shown(); before != after {
		t.Error(cmp.Diff(before, after))
	}
	if order := c.writes[slices.IndexFunc(c.writes, func(w string) bool { return strings.HasPrefix(w, "DELETE") })]; !strings.HasPrefix(order, "DELETE sdkmessageprocessingsteps") {
		t.Errorf("it began with %s", order)
	}
	p, err = setup.Teardown(context.Background(), o)
	if err != nil || p.Differs() {
		t.Errorf("%v %s", err, said(p))
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

// A teardown that was ended after the solution, or a setup before it, leaves the publisher alone in the organisation.
func TestAPublisherThatWasLeftBehindGoesToo(t *testing.T) {
	c := newCRM(t)
	delete(c.tables, "connection") // change tracking cannot be switched off again, and here it was off
	o := options(t, c)
	o.Want.Tables = slices.DeleteFunc(slices.Clone(o.Want.Tables), func(t dataverse.Table) bool { return t.LogicalName == "connection" })
	o.AppUser = ""
	before := c.shown()
	applied(t, planned(t, o))
	o.Want = definition(t)
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "DELETE" && strings.Contains(path, "publishers(") {
			return 400, "0x80040216", "An unexpected error occurred."
		}
		return 0, "", ""
	}
	p, err := setup.Teardown(context.Background(), o)
	if err != nil || !applied(t, p).Unfinished() {
		t.Fatalf("the publisher was to stay: %v %s", err, said(p))
	}
	c.refuse = nil
	p, err = setup.Teardown(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if i := item(t, p, "publisher", "cosellsync"); i.Do != setup.Remove || len(p.Items) != 1 {
		t.Error(said(p))
	}
	complete(t, applied(t, p))
	if after := c.shown(); before != after {
		t.Error(cmp.Diff(before, after))
	}
}

func TestAPublisherThatSomebodyElseMadeStays(t *testing.T) {
	c := newCRM(t)
	c.rows["publishers"] = append(c.rows["publishers"], row{"publisherid": "70000000-0000-4000-8000-000000000001", "uniquename": "cosellsync", "customizationprefix": "cosell"})
	p, err := setup.Teardown(context.Background(), options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if i := item(t, p, "publisher", "cosellsync"); i.Do != setup.Leave || p.Differs() {
		t.Error(said(p))
	}
}

func TestTeardownLeavesWhatSetupHasNotMade(t *testing.T) {
	c := newCRM(t)
	c.column("lead", row{"SchemaName": "cosell_Campaign", "AttributeType": "String", "MaxLength": 100, "DisplayName": words("made by hand")})
	applied(t, planned(t, options(t, c)))
	p, err := setup.Teardown(context.Background(), options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if i := item(t, p, "column", "lead/cosell_campaign"); i.Do != setup.Leave || !strings.Contains(i.Why, "CosellSync") {
		t.Errorf("%+v", i)
	}
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "DELETE" && strings.Contains(path, "cosell_help") {
			return 400, "0x8004f01f", "The Attribute component cannot be deleted because it is referenced by 1 other components."
		}
		return 0, "", ""
	}
	applied(t, p)
	if i := item(t, p, "column", "opportunity/cosell_help"); i.Result != setup.Failed || !strings.Contains(i.Mend, "dependencies") {
		t.Errorf("%+v", i)
	}
	if c.tables["lead"].columns["cosell_campaign"] == nil || c.tables["opportunity"].columns["cosell_sync"] != nil {
		t.Error("it removed what it had not made, or did not go on")
	}
}

// imported makes an organisation in which the solution came by a managed zip: everything that a zip holds, and no more.
func imported(t *testing.T) *crm {
	t.Helper()
	c := newCRM(t)
	o := options(t, c)
	o.NoForms = true
	applied(t, planned(t, o))
	for _, set := range []string{"serviceendpoints", "sdkmessageprocessingsteps", "sdkmessageprocessingstepimages", "solutioncomponents"} {
		delete(c.rows, set)
	}
	c.rows["solutions"][0]["ismanaged"] = true
	return c
}

func TestAnImportedSolutionIsCompletedAndNotChanged(t *testing.T) {
	c := imported(t)
	delete(c.tables["lead"].columns, "cosell_audit")
	p := planned(t, options(t, c))
	if i := item(t, p, "column", "lead/cosell_audit"); i.Do != setup.Open || !strings.Contains(i.Mend, "CosellSync_managed.zip") {
		t.Errorf("%+v", i)
	}
	c.writes = nil
	applied(t, p)
	for _, w := range c.writes {
		if !strings.Contains(w, "serviceendpoint") && !strings.Contains(w, "sdkmessage") && !strings.Contains(w, "systemforms") && !strings.HasPrefix(w, "POST PublishXml") {
			t.Errorf("it wrote %s", w)
		}
	}
	if len(c.rows["solutioncomponents"]) != 0 || len(c.rows["sdkmessageprocessingsteps"]) == 0 {
		t.Error("nothing can join an imported solution, and steps are needed all the same")
	}
}

func TestTeardownOfAnImportedSolutionLeavesWhatCameWithIt(t *testing.T) {
	c := imported(t)
	complete(t, applied(t, planned(t, options(t, c))))
	p, err := setup.Teardown(context.Background(), options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	applied(t, p)
	if i := item(t, p, "solution", "CosellSync"); i.Do != setup.Open || !strings.Contains(i.Mend, "uninstall") {
		t.Errorf("%+v", i)
	}
	if len(c.rows["serviceendpoints"])+len(c.rows["sdkmessageprocessingsteps"]) != 0 || c.tables["lead"].columns["cosell_audit"] == nil || c.form("lead")["formxml"] != plainForm {
		t.Error(said(p))
	}
}
