package dataversesim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// body writes columns as JSON.
func body(columns map[string]any) string {
	b, _ := json.Marshal(columns)
	return string(b)
}

// changeForm patches the opportunity's main form with a changed text.
func (w *world) changeForm(change func(string) string) *reply {
	w.Helper()
	path := "systemforms(" + dataversesim.OpportunityFormID + ")"
	text := w.do("GET", path+"?$select=formxml", "").is(200).json["formxml"].(string)
	return w.do("PATCH", path, body(map[string]any{"formxml": change(text)}), "MSCRM.SolutionUniqueName", "Zzz")
}

const (
	newSection = `<section id="{11111111-0000-4000-8000-000000000001}" name="zzz"><labels><label description="Co-sell" languagecode="1033" /></labels><rows>%s</rows></section></sections>`
	newCell    = `<row><cell id="{11111111-0000-4000-8000-000000000002}"><control id="%s" classid="{%s}" datafieldname="%s" /></cell></row>`
	textClass  = "4273EDBD-AC1D-40d3-9FB2-095C621B552D"
)

func withSection(cells string) func(string) string {
	return func(form string) string {
		return strings.Replace(form, "</sections>", fmt.Sprintf(newSection, cells), 1)
	}
}

func TestFormsAreChecked(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	good := fmt.Sprintf(newCell, "zzz_code", textClass, "zzz_code")
	for name, c := range map[string]struct {
		change func(string) string
		code   string
	}{
		"no XML":          {func(string) string { return "<form>" }, "0x80040201"},
		"no form":         {func(string) string { return "<other />" }, "0x80040201"},
		"no tab":          {func(string) string { return "<form><tabs></tabs></form>" }, "0x80040201"},
		"nothing":         {func(string) string { return "" }, "0x80040203"},
		"unknown column":  {withSection(fmt.Sprintf(newCell, "a", textClass, "zzz_none")), "0x8004F65A"},
		"unknown control": {withSection(fmt.Sprintf(newCell, "a", "11111111-AC1D-40d3-9FB2-095C621B552D", "zzz_code")), "0x80040201"},
		"wrong control":   {withSection(fmt.Sprintf(newCell, "a", "533B9E00-756B-4312-95A0-DC888637AC78", "zzz_code")), "0x80040201"},
		"the same id":     {withSection(good + good), "0x8004F658"},
		"control twice":   {withSection(good + strings.Replace(good, "0002}", "0003}", 1)), "0x80040201"},
		"no id":           {withSection(strings.Replace(good, "{11111111-0000-4000-8000-000000000002}", "x", 1)), "0x80040201"},
		"wrong place":     {func(f string) string { return strings.Replace(f, "</sections>", "</sections><row />", 1) }, "0x80040201"},
	} {
		if r := w.changeForm(c.change); r.status != 400 || r.error()["code"] != c.code {
			t.Errorf("%s: %d %s, want %s", name, r.status, r.text, c.code)
		}
	}
	w.changeForm(withSection(good)).is(204)
	form := "systemforms(" + dataversesim.OpportunityFormID + ")?$select=componentstate,formxml"
	if shown := w.do("GET", form, "").has(map[string]any{"componentstate": 0}).text; strings.Contains(shown, "zzz_code") {
		t.Error("people see it before it is published")
	}
	w.do("GET", strings.Replace(form, "?", "/Microsoft.Dynamics.CRM.RetrieveUnpublished()?", 1), "").has(map[string]any{"componentstate": 1})
	w.do("POST", "PublishXml", `{"ParameterXml":"<importexportxml><entities><entity>opportunity</entity></entities></importexportxml>"}`).is(204)
	w.do("GET", form, "").has(map[string]any{"componentstate": 0})
	w.do("DELETE", ofOpportunity+"(LogicalName='zzz_code')", "").refused(400, "0x8004F01F")
	w.changeForm(func(f string) string { return strings.Replace(f, fmt.Sprintf(newSection, good), "</sections>", 1) }).is(204)
	w.do("DELETE", ofOpportunity+"(LogicalName='zzz_code')", "").is(204)
	w.do("DELETE", "systemforms("+dataversesim.OpportunityFormID+")", "").is(400)
}

func TestSubGridsAreChecked(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	w.solution()
	w.define("EntityDefinitions", aTableInEnglish()).is(204)
	w.define("RelationshipDefinitions", aRelationship("Cascade")).is(204)
	view := w.do("GET", "savedqueries?$select=savedqueryid&$filter=returnedtypecode eq 'zzz_category' and isdefault eq true", "").column("savedqueryid")
	grid := func(target, relationship, view string) func(string) string {
		return withSection(`<row><cell id="{11111111-0000-4000-8000-000000000002}"><control id="grid" classid="{E7A81278-8635-4d9e-8D4D-59480B391C5B}" indicationOfSubgrid="true"><parameters><TargetEntityType>` +
			target + `</TargetEntityType><RelationshipName>` + relationship + `</RelationshipName><ViewId>{` + view + `}</ViewId></parameters></control></cell></row>`)
	}
	w.changeForm(grid("zzz_none", "zzz_opportunity_category", view)).is(400)
	w.changeForm(grid("zzz_category", "zzz_other", view)).is(400)
	w.changeForm(grid("zzz_category", "zzz_opportunity_category", unknownID)).is(400)
	w.changeForm(grid("zzz_category", "zzz_opportunity_category", view)).is(204)
	w.do("DELETE", "EntityDefinitions(LogicalName='zzz_category')", "").refused(400, "0x8004F01F")
	w.do("DELETE", "savedqueries("+view+")", "").refused(400, "0x8004F01F")
}

func TestViewsAreChecked(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	fetch := `<fetch><entity name="opportunity"><attribute name="name" /><attribute name="zzz_code" /><order attribute="name" /><filter type="and"><condition attribute="zzz_code" operator="eq" value="x" /></filter>
		<link-entity name="account" from="accountid" to="parentaccountid" alias="a"><attribute name="name" /></link-entity></entity></fetch>`
	layout := `<grid name="resultset" object="3" jump="name" select="1" icon="1" preview="1"><row name="result" id="opportunityid"><cell name="name" width="100" /><cell name="zzz_code" width="100" /><cell name="a.name" width="90" /></row></grid>`
	view := func(table, fetch, layout string) *reply {
		return w.define("savedqueries", body(map[string]any{"name": "Co-sell", "returnedtypecode": table, "querytype": 0, "fetchxml": fetch, "layoutxml": layout}))
	}
	for name, r := range map[string][2]*reply{
		"0x80041102": {view("zzz_none", fetch, layout), view("opportunity", strings.Replace(fetch, `"account"`, `"zzz_none"`, 1), layout)},
		"0x80041103": {view("opportunity", strings.Replace(fetch, `attribute="zzz_code"`, `attribute="zzz_none"`, 1), layout), view("opportunity", fetch, strings.Replace(layout, "zzz_code", "zzz_none", 1))},
		"0x80040201": {view("opportunity", strings.Replace(fetch, `"eq"`, `"is"`, 1), layout), view("opportunity", fetch, strings.Replace(layout, `object="3"`, `object="1"`, 1))},
	} {
		r[0].refused(400, name)
		r[1].refused(400, name)
	}
	view("opportunity", "<fetch><entity name='lead'/></fetch>", layout).is(400)
	view("opportunity", fetch, strings.Replace(layout, `name="a.name"`, `name="b.name"`, 1)).is(400)
	view("opportunity", fetch, layout).is(204)
	w.do("DELETE", ofOpportunity+"(LogicalName='zzz_code')", "").refused(400, "0x8004F01F")
	if shown := w.do("GET", "savedqueries?$select=savedqueryid&$filter=name eq 'Co-sell'", "").rows(); len(shown) != 0 {
		t.Error("people see it before it is published")
	}
	id := w.do("GET", "savedqueries/Microsoft.Dynamics.CRM.RetrieveUnpublishedMultiple()?$select=savedqueryid,componentstate&$filter=name eq 'Co-sell'", "").column("savedqueryid")
	if in := w.do("GET", "solutioncomponents?$filter=componenttype eq 26 and objectid eq "+id, "").rows(); len(in) != 1 {
		t.Errorf("%d components", len(in))
	}
	w.do("DELETE", "savedqueries("+id+")", "").is(204)
	w.do("DELETE", "savedqueries("+dataversesim.OpenOpportunitiesID+")", "").refused(400, "0x8004022f")
	w.as("product")
	w.do("GET", "savedqueries", "").is(403)
}

// stepWorld is a bare organisation with an endpoint, and what registers steps in it.
func stepWorld(t *testing.T) (w *world, register func(message, table, columns string) *reply) {
	w = newOrganisation(t, dataversesim.Bare, "administrator", nil)
	w.solution()
	endpoint := w.define("serviceendpoints", `{"name":"e","contract":8,"url":"https://x.example/hook","authtype":5,"authvalue":"<settings><setting name=\"k\" value=\"v\" /></settings>"}`).is(204).header.Get("OData-EntityId")
	endpoint = endpoint[strings.LastIndexByte(endpoint, '(')+1 : len(endpoint)-1]
	return w, func(message, table, columns string) *reply {
		m := w.do("GET", "sdkmessages?$select=sdkmessageid&$filter=name eq '"+message+"'", "").column("sdkmessageid")
		f := w.do("GET", "sdkmessagefilters?$select=sdkmessagefilterid&$filter=primaryobjecttypecode eq '"+table+"' and sdkmessageid/name eq '"+message+"'", "").column("sdkmessagefilterid")
		return w.define("sdkmessageprocessingsteps", `{"name":"s","mode":1,"stage":40,"rank":1,"sdkmessageid@odata.bind":"/sdkmessages(`+m+`)","sdkmessagefilterid@odata.bind":"/sdkmessagefilters(`+f+`)",
			"eventhandler_serviceendpoint@odata.bind":"/serviceendpoints(`+endpoint+`)"`+columns+`}`)
	}
}

func TestStepsAreCheckedAndWorkAtOnce(t *testing.T) {
	w, register := stepWorld(t)
	register("Update", "opportunity", `,"filteringattributes":"name,none"`).refused(400, "0x80041103")
	register("Update", "opportunity", `,"filteringattributes":"name, description"`).refused(400, "0x80041103")
	register("Create", "opportunity", `,"filteringattributes":"name"`).is(400)
	register("Update", "opportunity", `,"stage":20`).is(400)
	r := register("Update", "opportunity", `,"filteringattributes":"name"`).is(204).header.Get("OData-EntityId")
	step := r[strings.LastIndexByte(r, '(')+1 : len(r)-1]
	image := `{"name":"pre","entityalias":"pre","imagetype":0,"messagepropertyname":"Target","attributes":"name","sdkmessageprocessingstepid@odata.bind":"/sdkmessageprocessingsteps(` + step + `)"}`
	w.define("sdkmessageprocessingstepimages", strings.Replace(image, `"attributes":"name"`, `"attributes":"none"`, 1)).is(400)
	w.define("sdkmessageprocessingstepimages", strings.Replace(image, "Target", "Id", 1)).is(400)
	w.define("sdkmessageprocessingstepimages", image).is(204)
	w.define("sdkmessageprocessingstepimages", image).is(204) // twice is allowed
	deal := w.opportunity("")
	w.do("PATCH", "opportunities("+deal+")", `{"name":"y"}`).is(204)
	if got := messages(w.deliver(200)); got != "Update opportunity" {
		t.Errorf("events %s", got)
	}
	w.do("PATCH", "sdkmessageprocessingsteps("+step+")", `{"statecode":1,"statuscode":2}`).is(204)
	w.do("PATCH", "opportunities("+deal+")", `{"name":"z"}`).is(204)
	if got := messages(w.deliver(200)); got != "" {
		t.Errorf("a disabled step told of %s", got)
	}
	if in := w.do("GET", "solutioncomponents?$filter=componenttype ge 92", "").rows(); len(in) != 4 {
		t.Errorf("%d components", len(in))
	}
	w.do("DELETE", "serviceendpoints("+w.do("GET", "serviceendpoints", "").column("serviceendpointid")+")", "").is(204)
	for _, set := range []string{"sdkmessageprocessingsteps", "sdkmessageprocessingstepimages", "solutioncomponents?$filter=componenttype ge 92"} {
		if left := w.do("GET", set, "").rows(); len(left) != 0 {
			t.Errorf("%s: %v", set, left)
		}
	}
}

func TestImagesFitTheirMessages(t *testing.T) {
	w, register := stepWorld(t)
	for message, want := range map[string]map[string]int{"Create": {`0,"Target"`: 400, `1,"Target"`: 204, `1,"Id"`: 204}, "Delete": {`0,"Target"`: 204, `1,"Target"`: 400}, "Win": {`0,"Target"`: 400}} {
		r := register(message, "opportunity", "").is(204).header.Get("OData-EntityId")
		for kind, status := range want {
			number, property, _ := strings.Cut(kind, ",")
			got := w.define("sdkmessageprocessingstepimages", `{"name":"i","entityalias":"i","imagetype":`+number+`,"messagepropertyname":`+property+`,"sdkmessageprocessingstepid@odata.bind":"`+r+`"}`)
			if got.status != status {
				t.Errorf("%s %s: %d, want %d: %s", message, kind, got.status, status, got.text)
			}
		}
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	w.do("POST", "serviceendpoints", `{"name":"e","contract":8,"url":"http://x.example","authtype":5,"authvalue":"v"}`).is(400)
	w.do("POST", "serviceendpoints", `{"name":"e","contract":8,"url":"https://x.example","authtype":2}`).is(400)
	w.create("serviceendpoints", `{"name":"e","contract":8,"url":"https://x.example","authtype":5,"authvalue":"hidden"}`)
	if r := w.do("GET", "serviceendpoints?$select=name,isauthvalueset,authvalue", ""); strings.Contains(r.text, "hidden") || !strings.Contains(r.text, `"isauthvalueset":true`) {
		t.Error(r.text)
	}
}

func TestBusinessRulesAndFlows(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareMsft, "customizer", nil)
	w.solution()
	rule := `{"name":"R","category":2,"type":1,"primaryentity":"opportunity","xaml":"<Activity />","clientdata":"<clientdata />"}`
	w.do("POST", "workflows", strings.Replace(rule, "opportunity", "zzz_none", 1)).refused(400, "0x80041102")
	r := w.define("workflows", rule).is(204).header.Get("OData-EntityId")
	w.do("PATCH", r, `{"statecode":1,"statuscode":2}`).is(204)
	w.do("PATCH", r, `{"name":"S"}`).refused(400, "0x80045002")
	w.do("DELETE", r, "").refused(400, "0x8004500F")
	w.do("PATCH", r, `{"statecode":0,"statuscode":1}`).is(204)
	w.do("DELETE", r, "").is(204)
	w.flip("setupRules", "refused")
	w.do("POST", "workflows", rule).refused(400, "0x80045040")
	flows := w.do("GET", "workflows?$select=name,statecode,ismanaged,clientdata&$filter=category eq 5", "").rows()
	if len(flows) != 11 || flows[0]["statecode"] != 1.0 || flows[0]["ismanaged"] != true || !strings.Contains(flows[0]["clientdata"].(string), `"connectionReferences"`) {
		t.Errorf("%d flows, %v", len(flows), flows[0])
	}
	w.do("DELETE", "workflows("+flows[0]["workflowid"].(string)+")", "").refused(400, "0x80072457")
}

// While one of the connector's flows is on, somebody else writes to opportunities.
func TestFlowsWriteWhileTheyAreOn(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareMsft, "administrator", map[string]any{"setupFlowsWrite": true})
	deal := w.opportunity("")
	audit := func() any {
		w.advance(2 * time.Second)
		w.deliver(200)
		return w.do("GET", "opportunities("+deal+")?$select=msft_microsoftpartnercenterreferralsyncaudit", "").json["msft_microsoftpartnercenterreferralsyncaudit"]
	}
	first := audit()
	if first == nil {
		t.Fatal("no flow wrote")
	}
	w.do("PATCH", "opportunities("+deal+")", `{"name":"y"}`).is(204)
	if second := audit(); second == first {
		t.Errorf("after a change still %v", second)
	}
	for _, f := range w.do("GET", "workflows?$filter=category eq 5", "").rows() {
		w.do("PATCH", "workflows("+f["workflowid"].(string)+")", `{"statecode":0,"statuscode":1}`).is(204)
	}
	last := audit()
	w.do("PATCH", "opportunities("+deal+")", `{"name":"z"}`).is(204)
	if got := audit(); got != last {
		t.Errorf("flows that are off wrote %v", got)
	}
}

func TestAnApplicationHasOneUser(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	unit := `,"businessunitid@odata.bind":"/businessunits(` + dataversesim.BusinessUnitID + `)"}`
	w.do("POST", "systemusers", `{"applicationid":"`+client+`"`+unit).refused(412, "0x80040237")
	w.do("POST", "systemusers", `{"applicationid":"`+unknownID+`"`+unit).is(204)
}

func TestRolesInUseStay(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	role := w.create("roles", `{"name":"r","businessunitid@odata.bind":"/businessunits(`+dataversesim.BusinessUnitID+`)"}`)
	w.do("POST", "systemusers("+dataversesim.ApplicationUserID+")/systemuserroles_association/$ref", `{"@odata.id":"`+api+`roles(`+role+`)"}`).is(204)
	w.flip("setupRoleInUse", "refused")
	w.do("DELETE", "roles("+role+")", "").refused(405, "0x80040227")
	w.do("DELETE", "systemusers("+dataversesim.ApplicationUserID+")/systemuserroles_association("+role+")/$ref", "").is(204)
	w.do("DELETE", "roles("+role+")", "").is(204)
	w.flip("setupRoleInUse", "deleted")
	role = w.create("roles", `{"name":"r","businessunitid@odata.bind":"/businessunits(`+dataversesim.BusinessUnitID+`)"}`)
	w.do("POST", "systemusers("+dataversesim.ApplicationUserID+")/systemuserroles_association/$ref", `{"@odata.id":"`+api+`roles(`+role+`)"}`).is(204)
	w.do("DELETE", "roles("+role+")", "").is(204)
	w.as("product")
	w.do("GET", "WhoAmI", "").refused(403, "0x80042f09")
	w.as("administrator")
	w.do("DELETE", "roles("+dataversesim.SystemAdministratorRoleID+")", "").is(400)
}
