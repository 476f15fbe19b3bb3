package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestReadOfARowShowsSelectedColumnsAndItsEtag(t *testing.T) {
	w := newWorld(t)
	r := w.do("GET", "accounts("+dataversesim.AccountID+")?$select=name,_ownerid_value", "").is(200)
	r.has(map[string]any{"name": "Tailspin Toys GmbH", "_ownerid_value": dataversesim.SellerID, "accountid": dataversesim.AccountID,
		"@odata.context": api + "$metadata#accounts(name,_ownerid_value)/$entity"})
	if etag := r.header.Get("ETag"); etag == "" || r.json["@odata.etag"] != etag || !strings.HasPrefix(etag, `W/"`) {
		t.Errorf("ETag %q, member %v", etag, r.json["@odata.etag"])
	}
	if _, more := r.json["address1_city"]; more {
		t.Error("a column that was not selected is shown")
	}
	for name, want := range map[string]string{"OData-Version": "4.0", "Content-Type": "application/json; odata.metadata=minimal", "Sim-Identity": client,
		"Date": "Tue, 31 Mar 2026 09:15:00 GMT"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.header.Get("REQ_ID") == "" {
		t.Error("no REQ_ID")
	}
}

func TestReadOfAbsentThingsIsRefused(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "accounts(a0000000-0000-4000-8000-0000000000ff)", "").refused(404, "0x80040217")
	w.do("GET", "nothings", "").refused(404, "0x8006088a")
	w.do("GET", "accounts(12)", "").is(400)
	w.do("GET", "accounts?$select=nam", "").refused(400, "0x0")
	w.do("GET", "accounts?$select=ownerid", "").refused(400, "0x0")
	w.do("GET", "accounts?$filter=nam eq 'x'", "").refused(400, "0x0")
	w.do("GET", "accounts?$filter=name eq 5", "").is(400)
	w.do("GET", "accounts?$filter=name eq", "").is(400)
	w.do("GET", "accounts?$filter=name eq 'x' bogus", "").is(400)
	w.do("GET", "accounts?$orderby=nam", "").is(400)
	w.do("GET", "accounts?$expand=nam", "").is(400)
	w.do("GET", "accounts?$skip=5", "").is(400)
	w.do("GET", "accounts?$bogus=5", "").is(400)
	w.do("PUT", "accounts", "{}").is(405)
	w.serve(w.sim, "GET", "https://"+host+"/api/data/v8.2/accounts", "", "Authorization", "Bearer "+w.token).is(404)
}

func TestCodesOfWhatDoesNotExistAreSwitches(t *testing.T) {
	w := newWorld(t)
	w.flip("unknownColumnCode", "0x80060888")
	w.flip("unknownTableCode", "")
	w.do("GET", "accounts?$select=nam", "").refused(400, "0x80060888")
	w.do("POST", "accounts", `{"nam":"x"}`).refused(400, "0x80060888")
	w.do("POST", "accounts", `{"nam@odata.bind":"/contacts(`+dataversesim.ContactID+`)"}`).refused(400, "0x80060888")
	w.do("GET", "nothings", "").refused(404, "")
}

func TestSelectOfAmountBringsTheCurrency(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":125000`)
	r := w.do("GET", "opportunities("+id+")?$select=estimatedvalue", "").is(200)
	r.has(map[string]any{"_transactioncurrencyid_value": dataversesim.EuroID})
	if !strings.Contains(r.text, `"estimatedvalue":125000.0,`) {
		t.Errorf("amount written otherwise: %s", r.text)
	}
}

// TestFilters is the subset of section 6, over three rows.
func TestFilters(t *testing.T) {
	w := newWorld(t)
	w.create("opportunities", `{"name":"Alpha's deal","estimatedvalue":10,"closeprobability":10,"estimatedclosedate":"2026-05-01","parentaccountid@odata.bind":"/accounts(`+dataversesim.AccountID+`)","cosell_sync":true}`)
	w.create("opportunities", `{"name":"Beta 50%","estimatedvalue":20.5,"closeprobability":20,"estimatedclosedate":"2026-06-01","cosell_help":700010001}`)
	w.create("opportunities", `{"name":"Gamma (x)"}`)
	for filter, want := range map[string]string{
		"name eq 'alpha''s DEAL'":                                           "Alpha's deal",
		"contains(name,'50%25')":                                            "Beta 50%",
		"startswith(name,'gam') or endswith(name,'deal')":                   "Alpha's deal,Gamma (x)",
		"not contains(name,'a (')":                                          "Alpha's deal,Beta 50%",
		"estimatedvalue gt 10":                                              "Beta 50%",
		"estimatedvalue ge 10 and estimatedvalue le 20.5":                   "Alpha's deal,Beta 50%",
		"estimatedvalue ne 10":                                              "Beta 50%,Gamma (x)",
		"estimatedvalue eq null":                                            "Gamma (x)",
		"closeprobability ne null and (name eq 'x' or cosell_sync eq true)": "Alpha's deal",
		"cosell_help eq 700010001":                                          "Beta 50%",
		"estimatedclosedate lt 2026-06-01":                                  "Alpha's deal",
		"_parentaccountid_value eq " + dataversesim.AccountID:               "Alpha's deal",
		"_parentaccountid_value eq null":                                    "Beta 50%,Gamma (x)",
		"parentaccountid/name eq 'Tailspin Toys GmbH'":                      "Alpha's deal",
		"createdon ge 2026-03-31T00:00:00Z and statecode eq 0":              "Alpha's deal,Beta 50%,Gamma (x)",
		"createdon gt 2026-04-01T00:00:00Z":                                 "",
		"name eq 'Gamma (x)'":                                               "Gamma (x)",
	} {
		if got := w.do("GET", "opportunities?$select=name&$filter="+filter, "").column("name"); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	if got := w.do("GET", "opportunities?$select=name&$orderby=estimatedvalue desc,name&$top=2&$count=true", "").has(map[string]any{"@odata.count": 3}).column("name"); got != "Beta 50%,Alpha's deal" {
		t.Errorf("ordered: %s", got)
	}
	if got := w.do("GET", "opportunities/$count?$filter=estimatedvalue ne null", "").is(200).text; got != "2" {
		t.Errorf("$count: %s", got)
	}
}

// TestFiltersSpeakOfChildren: any and all over the rows that hang on a row.
func TestFiltersSpeakOfChildren(t *testing.T) {
	w := newWorld(t)
	w.create("opportunities", `{"name":"Two","cosell_opportunity_solution":[{"cosell_name":"a","cosell_quantity":1},{"cosell_name":"b","cosell_quantity":9}]}`)
	w.create("opportunities", `{"name":"One","cosell_opportunity_solution":[{"cosell_name":"a","cosell_quantity":9}]}`)
	w.create("opportunities", `{"name":"None"}`)
	for filter, want := range map[string]string{
		"cosell_opportunity_solution/any(o:o/cosell_name eq 'b')":                            "Two",
		"cosell_opportunity_solution/any(o:o/cosell_name eq 'a' and o/cosell_quantity gt 5)": "One",
		"cosell_opportunity_solution/any()":                                                  "Two,One",
		"not cosell_opportunity_solution/any()":                                              "None",
		"cosell_opportunity_solution/all(o:o/cosell_quantity gt 5)":                          "One,None",
		"cosell_opportunity_solution/any(o:o/cosell_name eq 'a') and startswith(name,'T')":   "Two",
		"cosell_opportunity_solution/any(o:o/cosell_OpportunityId/name eq 'One')":            "One",
	} {
		if got := w.do("GET", "opportunities?$select=name&$filter="+filter, "").column("name"); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	w.do("GET", "opportunities?$filter=nothings/any(o:o/name eq 'x')", "").refused(400, "0x0")
	w.do("GET", "opportunities?$filter=cosell_opportunity_solution/any(o:o/nam eq 'x')", "").refused(400, "0x0")
	w.do("GET", "opportunities?$filter=name eq 'x", "").refused(400, "0x80060888")
	w.do("GET", "opportunities?$filter=contains(name,5)", "").refused(400, "0x80060888")
	w.do("GET", "opportunities?$filter=length(name)", "").is(501)
}

func TestExpandShowsParentsAndChildren(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"`)
	for i, q := range []int{3, 1, 2} {
		w.create("cosell_solutions", fmt.Sprintf(`{"cosell_name":"S%d","cosell_quantity":%d,"cosell_OpportunityId@odata.bind":"/opportunities(%s)","cosell_SolutionDetailId@odata.bind":"/cosell_solutiondetails(%s)"}`,
			i, q, id, dataversesim.AzureID))
	}
	expand := "$expand=parentaccountid($select=name),customerid_account,owninguser($select=internalemailaddress),ownerid,cosell_opportunity_solution($select=cosell_quantity;$filter=cosell_quantity gt 1;$orderby=cosell_quantity;$top=5;$expand=cosell_SolutionDetailId($select=cosell_identifier))"
	r := w.do("GET", "opportunities("+id+")?$select=name&"+expand, "").is(200)
	contains(t, r.json["parentaccountid"].(map[string]any), map[string]any{"name": "Tailspin Toys GmbH", "accountid": dataversesim.AccountID})
	if r.json["customerid_account"] != nil {
		t.Error("an empty lookup expands to something")
	}
	contains(t, r.json["ownerid"].(map[string]any), map[string]any{"ownerid": dataversesim.ApplicationUserID})
	children := r.json["cosell_opportunity_solution"].([]any)
	if len(children) != 2 {
		t.Fatalf("children: %v", children)
	}
	contains(t, children[0].(map[string]any), map[string]any{"cosell_quantity": 2})
	detail := children[0].(map[string]any)["cosell_SolutionDetailId"].(map[string]any)
	contains(t, detail, map[string]any{"cosell_identifier": "4024fcfe-71b6-4a8f-9d9e-3f1a2f7c5b11"})
	w.do("GET", "opportunities?$expand=cosell_opportunity_Solution", "").is(400)
	w.do("GET", "opportunities?$expand=ownerid($select=fullname)", "").is(400)
	if got := w.do("GET", "opportunities("+id+")/cosell_opportunity_solution?$select=cosell_name", "").column("cosell_name"); got != "S0,S1,S2" {
		t.Errorf("collection of a record: %s", got)
	}
	w.do("GET", "opportunities("+id+")/parentaccountid?$select=name", "").is(200).has(map[string]any{"name": "Tailspin Toys GmbH"})
	w.do("GET", "opportunities("+id+")/name", "").is(200).has(map[string]any{"value": "Deal"})
	w.do("GET", "opportunities("+id+")/description", "").is(204)
}

func TestAnnotationsComeWhenAskedFor(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":1234567.5,"estimatedclosedate":"2026-05-01","transactioncurrencyid@odata.bind":"/transactioncurrencies(` + dataversesim.DollarID + `)"`)
	path := "opportunities(" + id + ")?$select=estimatedvalue,statecode,_ownerid_value,estimatedclosedate"
	r := w.do("GET", path, "", "Prefer", `odata.include-annotations="*"`).is(200)
	r.has(map[string]any{
		"statecode@OData.Community.Display.V1.FormattedValue":                "Open",
		"estimatedvalue@OData.Community.Display.V1.FormattedValue":           "$1,234,567.50",
		"estimatedclosedate@OData.Community.Display.V1.FormattedValue":       "5/1/2026",
		"_ownerid_value@OData.Community.Display.V1.FormattedValue":           "# cosell-sync",
		"_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":            "systemuser",
		"_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty": "ownerid",
	})
	if got := r.header.Get("Preference-Applied"); got != `odata.include-annotations="*"` {
		t.Errorf("Preference-Applied: %s", got)
	}
	r = w.do("GET", path, "", "Prefer", `odata.include-annotations="Microsoft.Dynamics.CRM.*"`)
	r.has(map[string]any{"statecode@OData.Community.Display.V1.FormattedValue": nil, "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "systemuser"})
	if plain := w.do("GET", path, ""); strings.Contains(plain.text, "@Microsoft") {
		t.Errorf("annotations unasked: %s", plain.text)
	}
}

func TestConditionalReadAnswers304(t *testing.T) {
	w := newWorld(t)
	path := "accounts(" + dataversesim.AccountID + ")?$select=name"
	etag := w.do("GET", path, "").header.Get("ETag")
	w.do("GET", path, "", "If-None-Match", etag).is(304)
	w.do("GET", path, "", "If-None-Match", "null").is(200)
	w.do("GET", path+"&$expand=owninguser", "", "If-None-Match", etag).is(200)
	w.do("GET", path, "", "If-None-Match", etag, "Prefer", `odata.include-annotations="*"`).is(200)
	w.do("PATCH", "accounts("+dataversesim.AccountID+")", `{"name":"Other"}`).is(204)
	w.do("GET", path, "", "If-None-Match", etag).is(200)
}

func TestPagesFollowTheNextLink(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.opportunity(fmt.Sprintf(`"stepname":"%d"`, i))
	}
	var seen []string
	next := "opportunities?$select=stepname&$filter=statecode eq 0"
	for pages := 0; next != ""; pages++ {
		r := w.do("GET", next, "", "Prefer", "odata.maxpagesize=2").is(200)
		if len(r.rows()) > 2 || pages > 2 {
			t.Fatalf("page %d: %s", pages, r.text)
		}
		seen = append(seen, r.column("stepname"))
		next, _ = r.json["@odata.nextLink"].(string)
		if next != "" && !strings.HasPrefix(next, api+"opportunities?") {
			t.Errorf("nextLink %s", next)
		}
	}
	if got := strings.Join(seen, "|"); got != "0,1|2,3|4" {
		t.Errorf("pages: %s", got)
	}
	w.flip("pageSize", 3)
	if r := w.do("GET", "opportunities?$select=stepname", ""); len(r.rows()) != 3 || r.json["@odata.nextLink"] == nil {
		t.Errorf("switch pageSize: %s", r.text)
	}
}

// TestWritesBetweenPagesHideNothing pins what sweeps rely on.
func TestWritesBetweenPagesHideNothing(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for i := range 4 {
		ids = append(ids, w.opportunity(fmt.Sprintf(`"stepname":"%d"`, i)))
	}
	two := []string{"Prefer", "odata.maxpagesize=2"}
	first := w.do("GET", "opportunities?$select=stepname&$filter=closeprobability eq null", "", two...)
	w.do("PATCH", "opportunities("+ids[0]+")", `{"closeprobability":5}`).is(204)
	if got := w.do("GET", first.json["@odata.nextLink"].(string), "", two...).column("stepname"); got != "2,3" {
		t.Errorf("second page %s", got)
	}
	track := []string{"Prefer", "odata.track-changes,odata.maxpagesize=2"}
	delta := w.do("GET", w.do("GET", "opportunities?$select=stepname", "", track...).json["@odata.nextLink"].(string), "", track...).json["@odata.deltaLink"].(string)
	for _, id := range ids {
		w.do("PATCH", "opportunities("+id+")", `{"name":"n"}`).is(204)
	}
	first = w.do("GET", delta, "", track...)
	w.do("PATCH", "opportunities("+ids[0]+")", `{"name":"again"}`).is(204)
	second := w.do("GET", first.json["@odata.nextLink"].(string), "", track...)
	if got := first.column("stepname") + "|" + second.column("stepname"); got != "0,1|2,3" {
		t.Errorf("delta pages %s", got)
	}
	if got := w.do("GET", w.do("GET", second.json["@odata.nextLink"].(string), "").json["@odata.deltaLink"].(string), "").column("stepname"); got != "0" {
		t.Errorf("next delta %s", got)
	}
}

func TestLinksLeadBackTheWayTheCallerCame(t *testing.T) {
	w := newWorld(t)
	token := w.tokenFor(client, secret, "https://127.0.0.1:4711/.default")
	r := w.serve(w.sim, "GET", "https://127.0.0.1:4711/api/data/v9.2/accounts?$select=name", "", "Authorization", "Bearer "+token, "Prefer", "odata.maxpagesize=1")
	r.is(200)
	if next := fmt.Sprint(r.json["@odata.nextLink"]); !strings.HasPrefix(next, "https://127.0.0.1:4711/api/data/v9.2/accounts?") {
		t.Errorf("nextLink %s", next)
	}
}

func TestChangeTrackingShowsChangesAndTombstones(t *testing.T) {
	w := newWorld(t)
	first, second := w.opportunity(`"stepname":"a"`), w.opportunity(`"stepname":"b"`)
	track := []string{"Prefer", "odata.track-changes,odata.maxpagesize=1"}
	r := w.do("GET", "opportunities?$select=stepname", "", track...).is(200)
	if r.column("stepname") != "a" || r.json["@odata.deltaLink"] != nil {
		t.Fatalf("first page: %s", r.text)
	}
	r = w.do("GET", r.json["@odata.nextLink"].(string), "", track...)
	if r.column("stepname") != "b" {
		t.Fatalf("last page: %s", r.text)
	}
	delta := r.json["@odata.deltaLink"].(string)
	if rows := w.do("GET", delta, "").rows(); len(rows) != 0 {
		t.Errorf("nothing changed, but %v", rows)
	}
	w.do("PATCH", "opportunities("+first+")", `{"stepname":"a2"}`).is(204)
	w.do("DELETE", "opportunities("+second+")", "").is(204)
	gone := w.opportunity(`"stepname":"c"`)
	w.do("DELETE", "opportunities("+gone+")", "").is(204)
	r = w.do("GET", delta, "")
	rows := r.rows()
	if len(rows) != 3 || rows[0]["stepname"] != "a2" || rows[1]["id"] != second || rows[1]["reason"] != "deleted" || rows[2]["id"] != gone {
		t.Errorf("changes: %s", r.text)
	}
	if !strings.HasSuffix(r.json["@odata.context"].(string), "#opportunities(stepname)/$delta") {
		t.Errorf("context %v", r.json["@odata.context"])
	}
	for _, option := range []string{"$filter=statecode eq 0", "$orderby=name", "$top=1", "$expand=owninguser"} {
		w.do("GET", "opportunities?"+option, "", "Prefer", "odata.track-changes").is(400)
	}
	w.do("GET", "tasks?$select=subject", "", "Prefer", "odata.track-changes").refused(400, "0x80072491")
	w.advance(7*24*3600*1e9 + 1e9)
	w.token = w.tokenFor(client, secret, "https://"+host+"/.default")
	w.do("GET", delta, "").refused(400, "0x80044352")
}
