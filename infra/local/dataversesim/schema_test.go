package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func (w *world) schema(body string) {
	w.Helper()
	w.ctl("POST", "/schema", body).is(200)
}

// attribute reads a column's definition.
func (w *world) attribute(table, column, kind string) *reply {
	w.Helper()
	return w.do("GET", "EntityDefinitions(LogicalName='"+table+"')/Attributes(LogicalName='"+column+"')/Microsoft.Dynamics.CRM."+kind+"AttributeMetadata?$expand=OptionSet", "")
}

func (w *world) definition(table, column string) *reply {
	w.Helper()
	return w.do("GET", "EntityDefinitions(LogicalName='"+table+"')/Attributes(LogicalName='"+column+"')", "")
}

// TestColumnsComeWithEveryType adds one of each and uses it.
func TestColumnsComeWithEveryType(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":100`)
	path := "opportunities(" + id + ")"
	for _, c := range []struct{ column, typed, good, bad, kind string }{
		{"new_s", `"type":"String","length":5`, `"abc"`, `"abcdef"`, "String"},
		{"new_m", `"type":"Memo","length":9`, `"abc"`, `"0123456789"`, "Memo"},
		{"new_b", `"type":"Boolean"`, `true`, `"true"`, "Boolean"},
		{"new_i", `"type":"Integer","min":1,"max":9`, `9`, `10`, "Integer"},
		{"new_d", `"type":"Decimal","precision":3`, `1.125`, `"x"`, "Decimal"},
		{"new_f", `"type":"Double"`, `1.25`, `"x"`, "Double"},
		{"new_money", `"type":"Money","min":0`, `12.5`, `-1`, "Money"},
		{"new_day", `"type":"DateTime","behavior":"DateOnly"`, `"2026-05-01"`, `"2026-05-01T10:00:00Z"`, "DateTime"},
		{"new_when", `"type":"DateTime"`, `"2026-05-01T10:00:00Z"`, `"soon"`, "DateTime"},
		{"new_pick", `"type":"Picklist","options":[{"value":1,"label":"One"},{"value":2,"label":"Two"}]`, `2`, `3`, "Picklist"},
	} {
		w.do("PATCH", path, `{"`+c.column+`":`+c.good+`}`).refused(400, "0x0")
		w.schema(`{"do":"add","table":"opportunity","column":"` + c.column + `",` + c.typed + `}`)
		w.do("PATCH", path, `{"`+c.column+`":`+c.bad+`}`).is(400)
		w.do("PATCH", path, `{"`+c.column+`":`+c.good+`}`).is(204)
		got := w.do("GET", path+"?$select="+c.column, "").is(200).json[c.column]
		if fmt.Sprint(got) != strings.Trim(c.good, `"`) {
			t.Errorf("%s is %v, want %s", c.column, got, c.good)
		}
		w.definition("opportunity", c.column).is(200).has(map[string]any{"@odata.type": "#Microsoft.Dynamics.CRM." + c.kind + "AttributeMetadata", "IsValidForUpdate": true})
	}
	w.do("GET", path, "").has(map[string]any{"new_money_base": 12.5})
	if rows := w.do("GET", "opportunities?$filter=new_pick eq 2 and new_day gt 2026-04-30", "").rows(); len(rows) != 1 {
		t.Errorf("filter over new columns: %v", rows)
	}
	w.ctl("POST", "/reset", "").is(200)
	w.do("GET", "opportunities?$select=new_s", "").refused(400, "0x0")
	w.definition("opportunity", "new_s").is(404)
}

func TestLookupsAndTablesCome(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"new_country","set":"new_countries","label":"Country"}`)
	w.schema(`{"do":"add","table":"account","column":"new_countryid","schemaName":"new_CountryId","type":"Lookup","target":"new_country","collection":"new_country_account"}`)
	id := w.create("new_countries", `{"new_name":"France"}`)
	w.do("PATCH", "accounts("+dataversesim.AccountID+")", `{"new_CountryId@odata.bind":"/new_countries(`+id+`)"}`).is(204)
	r := w.do("GET", "accounts("+dataversesim.AccountID+")?$select=name&$expand=new_CountryId($select=new_name)", "").is(200)
	if !strings.Contains(r.text, `"new_name":"France"`) {
		t.Error(r.text)
	}
	if got := w.do("GET", "accounts?$filter=new_CountryId/new_name eq 'France'", "").column("name"); got != "Tailspin Toys GmbH" {
		t.Errorf("filter through the lookup: %s", got)
	}
	if got := w.do("GET", "new_countries("+id+")/new_country_account", "").column("name"); got != "Tailspin Toys GmbH" {
		t.Errorf("collection: %s", got)
	}
	w.do("GET", "EntityDefinitions(LogicalName='new_country')", "").is(200).has(map[string]any{"EntitySetName": "new_countries"})
	if rows := w.do("GET", "sdkmessagefilters?$filter=primaryobjecttypecode eq 'new_country'", "").rows(); len(rows) != 6 {
		t.Errorf("messages of the new table: %v", rows)
	}
}

// A column goes: everything that names it is refused as the system refuses it.
func TestAColumnGoes(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"description":"x","cosell_referralid":"R1","estimatedvalue":5`)
	path := "opportunities(" + id + ")"
	w.deliver(200)
	for _, column := range []string{"description", "cosell_referralid", "estimatedvalue"} {
		w.schema(`{"do":"remove","table":"opportunity","column":"` + column + `"}`)
	}
	r := w.do("GET", path+"?$select=name,description", "").refused(400, "0x0")
	if !strings.Contains(r.text, "Could not find a property named 'description' on type 'Microsoft.Dynamics.CRM.opportunity'") {
		t.Error(r.text)
	}
	if r := w.do("PATCH", path, `{"description":"y"}`).refused(400, "0x0"); !strings.Contains(r.text, "Invalid property 'description' was found in entity") {
		t.Error(r.text)
	}
	w.do("GET", "opportunities?$filter=description eq 'x'", "").refused(400, "0x0")
	w.do("GET", "opportunities(cosell_referralid='R1')", "").refused(400, "0x80060888")
	w.do("GET", path+"?$select=estimatedvalue_base", "").refused(400, "0x0")
	w.definition("opportunity", "description").is(404)
	w.do("PATCH", path, `{"name":"still works"}`).is(204)
	if got := messages(w.deliver(200)); got != "Update opportunity" {
		t.Errorf("events: %s", got)
	}
	w.definition("opportunity", "name").is(200).has(map[string]any{"CreatedOn": "2020-01-01T00:00:00Z"})
	w.schema(`{"do":"add","table":"opportunity","column":"description","type":"Memo"}`)
	w.do("GET", path+"?$select=description", "").is(200).has(map[string]any{"description": nil})
	// The new column is another one, which its definition tells.
	w.definition("opportunity", "description").is(200).has(map[string]any{"CreatedOn": w.now().UTC().Format(time.RFC3339)})
}

func TestATableGoes(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.create("cosell_solutions", `{"cosell_OpportunityId@odata.bind":"/opportunities(`+id+`)","cosell_SolutionDetailId@odata.bind":"/cosell_solutiondetails(`+dataversesim.ForecastID+`)"}`)
	w.schema(`{"do":"remove","table":"cosell_solution"}`)
	w.do("GET", "cosell_solutions", "").refused(404, "0x8006088a")
	w.do("GET", "opportunities("+id+")/cosell_opportunity_solution", "").is(404)
	w.do("GET", "opportunities?$expand=cosell_opportunity_solution", "").refused(400, "0x0")
	w.do("GET", "EntityDefinitions(LogicalName='cosell_solution')", "").is(404)
	w.do("PATCH", "opportunities("+id+")", `{"name":"x"}`).is(204)
	w.do("DELETE", "opportunities("+id+")", "").is(204)
	w.ctl("GET", "/records", "").is(200)
	w.deliver(200)
}

func TestAColumnIsRetyped(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"description":"x"`)
	path := "opportunities(" + id + ")"
	w.schema(`{"do":"retype","table":"opportunity","column":"description","type":"Integer","min":0,"max":9}`)
	w.do("GET", path, "").is(200).has(map[string]any{"description": nil})
	w.do("PATCH", path, `{"description":"y"}`).refused(400, "0x80044354")
	w.do("PATCH", path, `{"description":7}`).is(204)
	w.definition("opportunity", "description").has(map[string]any{"AttributeType": "Integer", "MaxValue": 9})
}

// TestOnlySystemRequiredBindsTheAPI: forms demand ApplicationRequired, the API does not.
func TestOnlySystemRequiredBindsTheAPI(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"description":"x"`)
	path := "opportunities(" + id + ")"
	level := func(level, shown string) {
		t.Helper()
		w.schema(`{"do":"require","table":"opportunity","column":"description"` + level + `}`)
		if got := fmt.Sprint(w.definition("opportunity", "description").json["RequiredLevel"]); !strings.Contains(got, shown) {
			t.Errorf("level %s, want %s", got, shown)
		}
	}
	level(`,"level":"ApplicationRequired"`, "ApplicationRequired")
	w.opportunity("")
	w.do("PATCH", path, `{"description":null}`).is(204)
	level("", "SystemRequired")
	r := w.do("POST", "opportunities", `{"name":"x"}`).refused(400, "0x80040203")
	if !strings.Contains(r.text, "description") {
		t.Error(r.text)
	}
	w.do("PATCH", path, `{"name":"a row without it can be changed"}`).is(204)
	w.do("PATCH", path, `{"description":"x"}`).is(204)
	w.do("PATCH", path, `{"description":""}`).refused(400, "0x80040203")
	level(`,"level":"none"`, "None")
	w.do("PATCH", path, `{"description":""}`).is(204)
}

func TestLengthsChange(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.schema(`{"do":"length","table":"opportunity","column":"name","length":10}`)
	w.do("PATCH", "opportunities("+id+")", `{"name":"0123456789x"}`).refused(400, "0x80044331")
	w.do("PATCH", "opportunities("+id+")", `{"name":"0123456789"}`).is(204)
	r := w.do("GET", "EntityDefinitions(LogicalName='opportunity')/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,MaxLength&$filter=LogicalName eq 'name'", "")
	if rows := r.rows(); len(rows) != 1 || rows[0]["MaxLength"] != 10.0 {
		t.Errorf("metadata: %s", r.text)
	}
}

// TestStatusReasonsAndChoicesAreTheOrganisations adds, renames and removes values, with labels in two languages.
func TestStatusReasonsAndChoicesAreTheOrganisations(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	w.do("PATCH", path, `{"statuscode":100000001}`).refused(400, "0x8004431A")
	w.schema(`{"do":"option","table":"opportunity","column":"statuscode","value":100000001,"state":0,"label":"Negotiating","labels":{"1036":"En négociation"}}`)
	w.schema(`{"do":"option","table":"opportunity","column":"statuscode","value":100000002,"state":2,"label":"Price"}`)
	w.do("PATCH", path, `{"statuscode":100000001}`).is(204)
	w.do("GET", path, "", "Prefer", `odata.include-annotations="*"`).has(map[string]any{"statuscode@OData.Community.Display.V1.FormattedValue": "Negotiating"})
	text := w.attribute("opportunity", "statuscode", "Status").is(200).text
	for _, want := range []string{`"Value":100000001,"State":0`, `{"Label":"En négociation","LanguageCode":1036,`, `"Value":100000002,"State":2`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	w.do("POST", "WinOpportunity", closeBody(id, "100000002", "")).refused(400, "0x80048408")
	w.do("POST", "LoseOpportunity", closeBody(id, "100000002", "")).is(204)
	w.schema(`{"do":"option","table":"opportunity","column":"statuscode","value":4,"remove":true}`)
	w.do("POST", "LoseOpportunity", closeBody(w.opportunity(""), "4", "")).refused(400, "0x80048408")
	w.do("POST", "LoseOpportunity", closeBody(w.opportunity(""), "-1", "")).is(204)

	w.schema(`{"do":"option","table":"opportunity","column":"cosell_help","value":700010009,"label":"Own"}`)
	w.opportunity(`"cosell_help":700010009`)
	if text := w.do("GET", "GlobalOptionSetDefinitions(Name='cosell_help')", "").text; !strings.Contains(text, "700010009") {
		t.Errorf("the global choice does not have it: %s", text)
	}
}

// TestAColumnIsIgnoredSilently: calculated columns, and those not valid for create or update.
func TestAColumnIsIgnoredSilently(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":100`)
	path := "opportunities(" + id + ")"
	w.schema(`{"do":"add","table":"opportunity","column":"new_weighted","type":"Money","formula":"estimatedvalue * 0.5"}`)
	w.schema(`{"do":"add","table":"opportunity","column":"new_once","type":"String","update":false}`)
	w.schema(`{"do":"add","table":"opportunity","column":"new_later","type":"String","create":false}`)
	w.do("GET", path, "").has(map[string]any{"new_weighted": 50})
	w.do("PATCH", path, `{"new_weighted":7,"new_once":"a","new_later":"b","estimatedvalue":200}`).is(204)
	w.do("GET", path, "").has(map[string]any{"new_weighted": 100, "new_weighted_base": 100, "new_once": nil, "new_later": "b"})
	made := w.opportunity(`"new_weighted":7,"new_once":"a","new_later":"b"`)
	w.do("GET", "opportunities("+made+")", "").has(map[string]any{"new_weighted": nil, "new_once": "a", "new_later": nil})
	w.definition("opportunity", "new_weighted").has(map[string]any{"IsValidForCreate": false, "IsValidForUpdate": false, "SourceType": 1})
	w.definition("opportunity", "new_once").has(map[string]any{"IsValidForCreate": true, "IsValidForUpdate": false, "SourceType": 0})
	w.do("PATCH", path, `{"createdby@odata.bind":"/systemusers(`+dataversesim.SellerID+`)"}`).is(204)
	w.do("GET", path, "").has(map[string]any{"_createdby_value": dataversesim.ApplicationUserID})
	w.flip("readOnlyColumns", "refused")
	w.do("PATCH", path, `{"new_weighted":7}`).is(204)
	w.do("PATCH", path, `{"new_once":"a"}`).refused(400, "0x80040203")
}

// TestDatesBehaveAsTheirColumnSays: a day, an instant that people see in their zone, and what a clock showed.
func TestDatesBehaveAsTheirColumnSays(t *testing.T) {
	w := newWorld(t)
	w.flip("userTimeZone", "Europe/Paris")
	w.schema(`{"do":"add","table":"opportunity","column":"new_day","type":"DateTime","behavior":"DateOnly","format":"DateOnly"}`)
	w.schema(`{"do":"add","table":"opportunity","column":"new_local","type":"DateTime","behavior":"UserLocal","format":"DateOnly"}`)
	w.schema(`{"do":"add","table":"opportunity","column":"new_clock","type":"DateTime","behavior":"TimeZoneIndependent"}`)
	for column, want := range map[string]string{"new_day": "DateOnly", "new_local": "UserLocal", "new_clock": "TimeZoneIndependent", "estimatedclosedate": "DateOnly"} {
		if got := fmt.Sprint(w.definition("opportunity", column).json["DateTimeBehavior"]); got != "map[Value:"+want+"]" {
			t.Errorf("%s: behaviour %s, want %s", column, got, want)
		}
	}
	id := w.ctl("POST", "/user", `{"do":"create","table":"opportunity","columns":{"name":"x","new_day":"2026-03-31","new_local":"2026-03-31","new_clock":"2026-03-31T09:00:00+02:00"}}`).is(200).json["id"].(string)
	path := "opportunities(" + id + ")"
	w.do("GET", path, "").has(map[string]any{"new_day": "2026-03-31", "new_local": "2026-03-30T22:00:00Z", "new_clock": "2026-03-31T09:00:00Z"})
	w.do("PATCH", path, `{"new_local":"2026-03-31","new_clock":"2026-03-31"}`).is(204)
	w.do("GET", path, "").has(map[string]any{"new_local": "2026-03-31T00:00:00Z", "new_clock": "2026-03-31T00:00:00Z"})
	w.do("PATCH", path, `{"new_local":"2026-03-31T09:00:00+02:00"}`).is(204)
	w.do("GET", path, "").has(map[string]any{"new_local": "2026-03-31T07:00:00Z"})
}

func TestSchemaCallsAreStrict(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"do":"add","table":"opportunity","column":"name","type":"String"}`:                      "there already",
		`{"do":"remove","table":"opportunity","column":"nam"}`:                                    "not there",
		`{"do":"remove","table":"oportunity","column":"name"}`:                                    "no table",
		`{"do":"remove","table":"opportunity","column":"name"}`:                                   "cannot be without",
		`{"do":"remove","table":"opportunity","column":"statuscode"}`:                             "cannot be without",
		`{"do":"remove","table":"opportunity"}`:                                                   "standard table",
		`{"do":"add","table":"country","set":"countries"}`:                                        "prefix",
		`{"do":"add","table":"opportunity","column":"new_x","type":"Text"}`:                       "use String",
		`{"do":"add","table":"opportunity","column":"new_x","type":"Lookup","target":"x"}`:        "no table",
		`{"do":"add","table":"opportunity","column":"new_x","type":"DateTime","behavior":"x"}`:    "use UserLocal",
		`{"do":"add","table":"opportunity","column":"new_x","type":"Money","formula":"nope * 2"}`: "no column",
		`{"do":"add","table":"opportunity","column":"new_x","type":"Integer","default":"x"}`:      "default",
		`{"do":"require","table":"opportunity","column":"name","level":"x"}`:                      "use None",
		`{"do":"length","table":"opportunity","column":"estimatedvalue","length":5}`:              "text column",
		`{"do":"option","table":"opportunity","column":"statuscode","value":9,"state":7}`:         "no such state",
		`{"do":"option","table":"opportunity","column":"name","value":9}`:                         "needed",
		`{"do":"option","table":"opportunity","column":"need","value":9,"labels":{"x":"y"}}`:      "language code",
		`{"do":"option","table":"opportunity","column":"need","value":9,"lable":"y"}`:             "lable",
		`{"do":"rename","table":"opportunity","column":"name"}`:                                   "use add",
		`{"do":"add","table":"opportunity","column":"new x","type":"String"}`:                     "logical name",
		`{"do":"add","table":"opportunity","column":"new_Region","type":"String"}`:                "logical name",
		`{"do":"length","table":"opportunity","column":"name","length":9999999}`:                  "1 to 1048576",
		`null`: "null says nothing",
	} {
		before := w.do("GET", "EntityDefinitions(LogicalName='opportunity')?$expand=Attributes", "").text
		if r := w.ctl("POST", "/schema", body).is(400); !strings.Contains(r.text, want) {
			t.Errorf("%s: %s, want %q", body, r.text, want)
		}
		if w.do("GET", "EntityDefinitions(LogicalName='opportunity')?$expand=Attributes", "").text != before {
			t.Errorf("%s: a refused change changed something", body)
		}
	}
}
