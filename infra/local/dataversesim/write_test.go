package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const unknownID = "99999999-9999-4999-8999-999999999999"

func TestCreateFillsWhatTheSystemComputes(t *testing.T) {
	w := newWorld(t)
	r := w.do("POST", "opportunities", `{"name":"Deal","estimatedvalue":100.005,"transactioncurrencyid@odata.bind":"/transactioncurrencies(`+dataversesim.DollarID+`)"}`,
		"Prefer", "return=representation").is(201)
	r.has(map[string]any{"statecode": 0, "statuscode": 1, "_ownerid_value": dataversesim.ApplicationUserID, "_createdby_value": dataversesim.ApplicationUserID,
		"createdon": "2026-03-31T09:15:00Z", "modifiedon": "2026-03-31T09:15:00Z", "estimatedvalue": 100.01, "estimatedvalue_base": 80.01, "exchangerate": 1.25,
		"cosell_sync": false, "isrevenuesystemcalculated": false, "_owningbusinessunit_value": dataversesim.BusinessUnitID})
	if got := r.header.Get("Preference-Applied"); got != "return=representation" {
		t.Errorf("Preference-Applied: %q", got)
	}
	if fmt.Sprintf(`W/"%.0f"`, r.json["versionnumber"]) != r.json["@odata.etag"] || r.header.Get("ETag") != r.json["@odata.etag"] {
		t.Errorf("versionnumber %v, etag %v", r.json["versionnumber"], r.json["@odata.etag"])
	}
	w.do("POST", "opportunities?$select=name", `{"name":"Deal"}`, "Prefer", "return=representation").is(201).has(map[string]any{"_transactioncurrencyid_value": nil, "name": "Deal"})
	id := w.create("contacts", `{"firstname":"Bo","lastname":"Two"}`)
	w.do("GET", "contacts("+id+")", "").has(map[string]any{"fullname": "Bo Two"})
	w.do("PATCH", "contacts("+id+")", `{"lastname":""}`).is(204)
	w.do("GET", "contacts("+id+")", "").has(map[string]any{"fullname": "Bo", "lastname": nil})
}

func TestCreateAnswersWithTheAddress(t *testing.T) {
	w := newWorld(t)
	r := w.do("POST", "opportunities", `{"opportunityid":"ABCDEF00-0000-4000-8000-000000000001","name":"x"}`).is(204)
	if got := r.header.Get("OData-EntityId"); got != api+"opportunities(abcdef00-0000-4000-8000-000000000001)" {
		t.Errorf("OData-EntityId %s", got)
	}
	if r.header.Get("Sim-After") == "" || r.header.Get("Sim-Before") != "" {
		t.Errorf("versions %q %q", r.header.Get("Sim-Before"), r.header.Get("Sim-After"))
	}
	w.do("POST", "opportunities", `{"opportunityid":"abcdef00-0000-4000-8000-000000000001"}`).refused(412, "0x80040237")
}

func TestSystemCalculatedRevenueOverwritesTheEstimate(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":500`)
	w.do("PATCH", "opportunities("+id+")", `{"isrevenuesystemcalculated":true}`).is(204)
	w.do("PATCH", "opportunities("+id+")", `{"estimatedvalue":700}`).is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"estimatedvalue": 0})
}

// TestBodiesAreChecked has one case for each refusal of a body.
func TestBodiesAreChecked(t *testing.T) {
	w := newWorld(t)
	w.flip("readOnlyColumns", "refused")
	id := w.opportunity("")
	before := w.do("GET", "opportunities("+id+")", "").text
	for _, c := range []struct{ body, code, says string }{
		{`{"nam":"x"}`, "0x0", "Invalid property 'nam' was found in entity 'Microsoft.Dynamics.CRM.opportunity'"},
		{`{"Name":"x"}`, "0x0", "Invalid property 'Name'"},
		{`{"name":5}`, "0x80044354", "Edm.String"},
		{`{"name":"` + strings.Repeat("ä", 301) + `"}`, "0x80044331", "maximum allowed length of '300'"},
		{`{"name":"` + strings.Repeat("😀", 151) + `"}`, "0x80044331", "length"},
		{`{"closeprobability":"5"}`, "0x80044354", "Edm.Int32"},
		{`{"closeprobability":5.5}`, "0x80044354", "Edm.Int32"},
		{`{"closeprobability":101}`, "0x8004432F", "valid range"},
		{`{"estimatedvalue":"5"}`, "0x80044354", "Edm.Decimal"},
		{`{"estimatedvalue":1000000000001}`, "0x80044330", "valid range"},
		{`{"cosell_sync":"true"}`, "0x80044354", "Edm.Boolean"},
		{`{"cosell_help":5}`, "0x8004431A", "Accepted Values: 700010000"},
		{`{"estimatedclosedate":"2026-03-31T00:00:00Z"}`, "0x80044354", "Edm.Date"},
		{`{"estimatedclosedate":"2026-02-30"}`, "0x80044354", "Edm.Date"},
		{`{"estimatedclosedate":"1700-01-01"}`, "0x80040239", "minimum value"},
		{`{"stageid":"x"}`, "0x80044354", "Edm.Guid"},
		{`{"createdon":"2026-03-31T00:00:00Z"}`, "0x80040203", "read-only"},
		{`{"estimatedvalue_base":1}`, "0x80040203", "read-only"},
		{`{"versionnumber":1}`, "0x80040203", "read-only"},
		{`{"opportunityid":"` + unknownID + `"}`, "0x80040203", "primary key"},
		{`{"_parentaccountid_value":"` + dataversesim.AccountID + `"}`, "0x80060888", "Navigation properties"},
		{`{"parentaccountid":"` + dataversesim.AccountID + `"}`, "", "single-valued"},
		{`{"ParentAccountId@odata.bind":"/accounts(` + dataversesim.AccountID + `)"}`, "0x80048d19", "undeclared property 'ParentAccountId'"},
		{`{"customerid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"}`, "0x80048d19", "undeclared property 'customerid'"},
		{`{"parentaccountid@odata.bind":"/accounts(` + unknownID + `)"}`, "0x80040217", unknownID},
		{`{"parentaccountid@odata.bind":"/contacts(` + dataversesim.ContactID + `)"}`, "0x80048d19", "account"},
		{`{"parentaccountid@odata.bind":"/acounts(` + dataversesim.AccountID + `)"}`, "0x8006088a", "acounts"},
		{`{"parentaccountid@odata.bind":"accounts"}`, "0x80048d19", "does not name one record"},
		{`{"parentaccountid@odata.bind":5}`, "0x80048d19", "not a link"},
		{`{"ownerid":null}`, "0x80040203", "cannot be set to NULL"},
		{`{"estimatedvalue":1,"transactioncurrencyid":null}`, "0x80048cfb", "currency"},
		{`{"statuscode":3}`, "0x80048408", "not a valid status code"},
		{`{"statecode":1}`, "0x80100005", "use the won message instead"},
		{`{"statecode":2,"statuscode":4}`, "0x80100005", "use the lost message instead"},
		{`{"statecode":0}`, "0x8004051a", "already open"},
		{`{"name":"x"`, "0x80048d19", "JSON"},
		{`[]`, "0x80048d19", "JSON"},
		{`{"name":"x"} {}`, "0x80048d19", "JSON"},
		{``, "0x80048d19", "JSON"},
	} {
		r := w.do("PATCH", "opportunities("+id+")", c.body)
		e := r.error()
		if r.status < 400 || c.code != "" && e["code"] != c.code || !strings.Contains(e["message"].(string), c.says) {
			t.Errorf("%s\n got %d %v\nwant %s … %s", c.body, r.status, e, c.code, c.says)
		}
	}
	if after := w.do("GET", "opportunities("+id+")", "").text; after != before {
		t.Errorf("a refused change left traces:\n%s\n%s", before, after)
	}
	w.do("POST", "opportunities", `{"name":"x","parentaccountid@odata.bind":"/accounts(`+unknownID+`)"}`).refused(404, "0x80040217")
	w.do("POST", "opportunities", `{"name":"x","statecode":1}`).refused(400, "0x80100005")
}

// TestReadOnlyColumnsAreIgnored: success is no proof, callers have to read back.
func TestReadOnlyColumnsAreIgnored(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.do("PATCH", "opportunities("+id+")", `{"createdon":"2001-01-01T00:00:00Z","name":"New"}`).is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"name": "New", "createdon": "2026-03-31T09:15:00Z"})
}

func TestLookupsAreBoundAndCleared(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	for _, link := range []string{"/accounts(" + dataversesim.AccountID + ")", "accounts(" + dataversesim.AccountID + ")", api + "accounts(" + dataversesim.AccountID + ")"} {
		w.do("PATCH", path, `{"customerid_account@odata.bind":"`+link+`"}`).is(204)
		w.do("GET", path, "").has(map[string]any{"_customerid_value": dataversesim.AccountID})
		w.do("PATCH", path, `{"customerid_account":null}`).is(204)
		w.do("GET", path, "").has(map[string]any{"_customerid_value": nil})
	}
	w.do("PATCH", path, `{"ownerid@odata.bind":"/teams(`+dataversesim.TeamID+`)"}`).is(204)
	w.do("GET", path, "").has(map[string]any{"_ownerid_value": dataversesim.TeamID, "_owningteam_value": dataversesim.TeamID, "_owninguser_value": nil})
	sol := w.create("cosell_solutions", `{"cosell_OpportunityId@odata.bind":"/opportunities(`+id+`)","cosell_SolutionDetailId@odata.bind":"/cosell_solutiondetails(cosell_identifier='SOL-12345-ABC')"}`)
	w.do("GET", "cosell_solutions("+sol+")", "").has(map[string]any{"_cosell_solutiondetailid_value": dataversesim.ForecastID})
	w.do("POST", "cosell_solutions", `{"cosell_opportunityid@odata.bind":"/opportunities(`+id+`)"}`).refused(400, "0x80048d19")
}

func TestReferencesOfSingleValuedLookups(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")/parentcontactid/$ref"
	w.do("GET", path, "").is(204)
	w.do("PUT", path, `{"@odata.id":"`+api+`contacts(`+dataversesim.ContactID+`)"}`).is(204)
	w.do("GET", path, "").is(200).has(map[string]any{"@odata.id": api + "contacts(" + dataversesim.ContactID + ")"})
	w.do("PUT", path, `{"@odata.id":"`+api+`accounts(`+dataversesim.AccountID+`)"}`).is(400)
	w.do("PUT", path, `{}`).is(400)
	w.do("DELETE", path, "").is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"_parentcontactid_value": nil})
	sol := w.create("cosell_solutions", `{"cosell_name":"s"}`)
	w.do("POST", "opportunities("+id+")/cosell_opportunity_solution/$ref", `{"@odata.id":"`+api+`cosell_solutions(`+sol+`)"}`).is(204)
	w.do("GET", "cosell_solutions("+sol+")", "").has(map[string]any{"_cosell_opportunityid_value": id})
	w.do("DELETE", "opportunities("+id+")/cosell_opportunity_solution("+sol+")/$ref", "").is(204)
	w.do("GET", "cosell_solutions("+sol+")", "").has(map[string]any{"_cosell_opportunityid_value": nil})
	w.do("PUT", "opportunities("+id+")/name", `{"value":"Single"}`).is(204)
	w.do("GET", "opportunities("+id+")/name", "").has(map[string]any{"value": "Single"})
	w.do("DELETE", "opportunities("+id+")/name", "").is(204)
	w.do("GET", "opportunities("+id+")/name", "").is(204)
}

// TestPatchConditions is the table of section 2.4.
func TestPatchConditions(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	etag := w.do("GET", path, "").header.Get("ETag")
	w.do("PATCH", path, `{"name":"1"}`, "If-None-Match", "*").refused(412, "0x80040237")
	w.do("PATCH", path, `{"name":"1"}`, "If-Match", `W/"1"`).refused(412, "0x80060882")
	w.do("DELETE", path, "", "If-Match", `W/"1"`).refused(412, "0x80060882")
	r := w.do("PATCH", path, `{"name":"1"}`, "If-Match", etag).is(204)
	if r.header.Get("Sim-Before") != etag || r.header.Get("Sim-After") == etag || r.header.Get("OData-EntityId") != api+path {
		t.Errorf("headers %v", r.header)
	}
	w.do("PATCH", path, `{"name":"2"}`, "If-Match", etag).refused(412, "0x80060882")
	w.do("PATCH", path, `{"name":"2"}`, "If-Match", "*").is(204)
	w.do("PATCH", path+"?$select=name", `{"name":"3"}`, "Prefer", "return=representation").is(200).has(map[string]any{"name": "3"})

	absent := "opportunities(" + unknownID + ")"
	w.do("PATCH", absent, `{"name":"x"}`, "If-Match", "*").refused(404, "0x80040217")
	w.do("PATCH", absent, `{"name":"x"}`, "If-Match", etag).refused(404, "0x80040217")
	w.do("DELETE", absent, "").refused(404, "0x80040217")
	w.do("PATCH", absent, `{"name":"x"}`, "If-None-Match", "*").is(204)
	w.do("GET", absent, "").is(200).has(map[string]any{"name": "x"})
	w.do("DELETE", absent, "", "If-Match", w.do("GET", absent, "").header.Get("ETag")).is(204)
	w.do("PATCH", absent, `{"name":"x"}`, "Prefer", "return=representation").is(201)

	w.flip("optimisticConcurrency", false)
	w.do("PATCH", path, `{"name":"4"}`, "If-Match", etag).refused(400, "0x8006088D")
	w.do("PATCH", path, `{"name":"4"}`, "If-Match", "*").is(204)
}

func TestAlternateKeysFindCreateAndProtect(t *testing.T) {
	w := newWorld(t)
	byKey := "opportunities(cosell_referralid='R''1')"
	w.do("GET", byKey, "").refused(404, "0x80060891")
	w.do("PATCH", byKey, `{"name":"x"}`, "If-Match", "*").refused(404, "0x80060891")
	r := w.do("PATCH", byKey, `{"name":"By key"}`).is(204)
	if got := r.header.Get("OData-EntityId"); got != api+byKey {
		t.Errorf("OData-EntityId %s", got)
	}
	w.do("GET", byKey, "").is(200).has(map[string]any{"name": "By key", "cosell_referralid": "R'1"})
	w.do("PATCH", byKey+"?$select=opportunityid", `{"name":"Again","cosell_referralid":"ignored"}`, "Prefer", "return=representation").is(200)
	w.do("GET", byKey, "").is(200).has(map[string]any{"name": "Again"})
	w.do("PATCH", byKey, `{"name":"x"}`, "If-None-Match", "*").refused(412, "0x80040237")
	w.do("POST", "opportunities", `{"cosell_referralid":"R'1"}`).refused(412, "0x80060892")
	other := w.opportunity(`"cosell_referralid":"R2"`)
	w.do("PATCH", "opportunities("+other+")", `{"cosell_referralid":"R'1"}`).refused(412, "0x80060892")
	w.opportunity("") // rows without a value in the key do not disturb each other
	w.opportunity("")
	w.do("GET", "opportunities(name='x')", "").refused(400, "0x80060888")
	w.do("GET", "opportunities(nope='x')", "").refused(400, "0x80060888")
	w.do("GET", "opportunities(cosell_referralid='a%2Fb')", "").is(400)
	w.do("GET", "opportunities(cosell_referralid='a%3Ab')", "").is(400)
}

func TestDeleteTakesChildrenAlongAndClearsLookups(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"parentaccountid@odata.bind":"/accounts(` + dataversesim.LoneAccountID + `)"`)
	sol := w.create("cosell_solutions", `{"cosell_OpportunityId@odata.bind":"/opportunities(`+id+`)"}`)
	w.do("DELETE", "accounts("+dataversesim.LoneAccountID+")", "").is(204)
	w.do("GET", "opportunities("+id+")", "").is(200).has(map[string]any{"_parentaccountid_value": nil})
	w.do("DELETE", "opportunities("+id+")", "").is(204)
	w.do("GET", "cosell_solutions("+sol+")", "").is(404)
	w.do("DELETE", "systemusers("+dataversesim.SellerID+")", "").is(400)
}

func TestDeepInsertCreatesChildrenInOneTransaction(t *testing.T) {
	w := newWorld(t)
	id := w.create("opportunities", `{"name":"Deep","cosell_opportunity_solution":[{"cosell_name":"a"},{"cosell_name":"b"}]}`)
	if got := w.do("GET", "cosell_solutions?$select=cosell_name&$filter=_cosell_opportunityid_value eq "+id, "").column("cosell_name"); got != "a,b" {
		t.Errorf("children %s", got)
	}
	w.do("POST", "opportunities", `{"name":"Half","cosell_opportunity_solution":[{"cosell_name":"c"},{"bad":1}]}`).is(400)
	if got := w.do("GET", "opportunities/$count?$filter=name eq 'Half'", "").text; got != "0" {
		t.Error("a refused deep insert left its parent")
	}
}

func TestVersionsRiseOverAllTables(t *testing.T) {
	w := newWorld(t)
	last := 0.0
	for _, set := range []string{"opportunities", "accounts", "opportunities"} {
		v := w.do("POST", set, `{"name":"x"}`, "Prefer", "return=representation").is(201).json["versionnumber"].(float64)
		if v <= last {
			t.Errorf("version %v after %v", v, last)
		}
		last = v
	}
	id := w.opportunity("")
	first := w.do("GET", "opportunities("+id+")", "").json["versionnumber"].(float64)
	w.do("PATCH", "opportunities("+id+")", `{"name":"Deal"}`).is(204)
	if again := w.do("GET", "opportunities("+id+")", "").json["versionnumber"].(float64); again <= first {
		t.Error("a write of the same value is a write")
	}
}

func TestSecretsAreNeverRead(t *testing.T) {
	w := newWorld(t)
	r := w.do("GET", "serviceendpoints("+dataversesim.EndpointID+")", "").is(200)
	r.has(map[string]any{"isauthvalueset": true, "url": "https://product.example/api/crm"})
	sel := w.do("GET", "serviceendpoints("+dataversesim.EndpointID+")?$select=name,authvalue,saskey,sastoken", "").is(200)
	records := w.ctl("GET", "/records", "").is(200)
	for _, text := range []string{r.text, sel.text, records.text} {
		if strings.Contains(text, "<settings>") || strings.Contains(text, `"authvalue"`) || strings.Contains(text, `"sastoken"`) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
	w.do("GET", "serviceendpoints?$filter=authvalue eq 'x'", "").is(400)
}

func TestWhoAmI(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "WhoAmI", "").is(200).has(map[string]any{"UserId": dataversesim.ApplicationUserID, "BusinessUnitId": dataversesim.BusinessUnitID,
		"OrganizationId": "0a000000-0000-4000-8000-0000000000cc"})
	w.do("GET", "WhoAmI()", "").is(200)
}

func TestWhatIsNotSimulatedSaysSo(t *testing.T) {
	w := newWorld(t)
	for _, c := range [][2]string{{"POST", "opportunities/Microsoft.Dynamics.CRM.DeleteMultiple"}, {"POST", "ExportSolution"}, {"GET", "$metadata"},
		{"GET", "opportunities?fetchXml=x"}} {
		r := w.do(c[0], c[1], "{}").is(501)
		if !strings.Contains(r.error()["message"].(string), "Not simulated") {
			t.Errorf("%v: %s", c, r.text)
		}
	}
}
