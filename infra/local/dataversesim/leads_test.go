package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const leadBody = `{"subject":"Cloud","firstname":"Lee","lastname":"Lead","companyname":"Fourth Coffee","jobtitle":"CIO","emailaddress1":"lee@fourth.example",
	"telephone1":"+49","address1_line1":"Weg 1","address1_city":"Kiel","estimatedamount":9000,"estimatedclosedate":"2026-09-30","description":"why",
	"transactioncurrencyid@odata.bind":"/transactioncurrencies(` + dataversesim.DollarID + `)","ownerid@odata.bind":"/systemusers(` + dataversesim.SellerID + `)"}`

const qualify = "/Microsoft.Dynamics.CRM.QualifyLead"

func TestQualifyMakesAccountContactAndOpportunity(t *testing.T) {
	w := newWorld(t)
	id := w.create("leads", leadBody)
	w.do("GET", "leads("+id+")", "").has(map[string]any{"fullname": "Lee Lead", "statecode": 0, "statuscode": 1, "address1_composite": "Weg 1\r\nKiel", "merged": false})
	r := w.do("POST", "leads("+id+")"+qualify, `{"CreateAccount":true,"CreateContact":true,"CreateOpportunity":true,"Status":3}`).is(200)
	made := map[string]string{}
	for _, row := range r.rows() {
		kind := strings.TrimPrefix(row["@odata.type"].(string), "#Microsoft.Dynamics.CRM.")
		made[kind] = row[kind+"id"].(string)
	}
	if len(made) != 3 {
		t.Fatalf("created: %s", r.text)
	}
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 1, "statuscode": 3, "_qualifyingopportunityid_value": made["opportunity"],
		"_parentaccountid_value": made["account"], "_parentcontactid_value": made["contact"]})
	w.do("GET", "accounts("+made["account"]+")", "").has(map[string]any{"name": "Fourth Coffee", "address1_city": "Kiel", "_originatingleadid_value": id})
	w.do("GET", "contacts("+made["contact"]+")", "").has(map[string]any{"fullname": "Lee Lead", "jobtitle": "CIO", "_parentcustomerid_value": made["account"]})
	w.do("GET", "opportunities("+made["opportunity"]+")", "").has(map[string]any{"name": "Cloud", "estimatedvalue": 9000, "estimatedclosedate": "2026-09-30",
		"_customerid_value": made["account"], "_parentcontactid_value": made["contact"], "_originatingleadid_value": id, "_transactioncurrencyid_value": dataversesim.DollarID,
		"_ownerid_value": dataversesim.SellerID, "statecode": 0})
	w.do("POST", "leads("+id+")"+qualify, `{"CreateAccount":true,"CreateContact":true,"CreateOpportunity":true,"Status":3}`).refused(400, "0x80040511")
}

func TestQualifyTakesWhatIsThere(t *testing.T) {
	w := newWorld(t)
	id := w.create("leads", `{"subject":"Cloud","companyname":"x","parentaccountid@odata.bind":"/accounts(`+dataversesim.AccountID+`)"}`)
	r := w.do("POST", "leads("+id+")"+qualify, `{"CreateAccount":true,"CreateContact":false,"CreateOpportunity":true,"Status":-1,
		"OpportunityCurrencyId":{"@odata.type":"Microsoft.Dynamics.CRM.transactioncurrency","transactioncurrencyid":"`+dataversesim.DollarID+`"}}`).is(200)
	rows := r.rows()
	if len(rows) != 1 {
		t.Fatalf("created: %s", r.text)
	}
	w.do("GET", "opportunities("+rows[0]["opportunityid"].(string)+")", "").has(map[string]any{"_customerid_value": dataversesim.AccountID, "_transactioncurrencyid_value": dataversesim.DollarID})
}

func TestQualifyIsRefusedWhole(t *testing.T) {
	w := newWorld(t)
	id := w.create("leads", leadBody)
	path := "leads(" + id + ")" + qualify
	all := `"CreateAccount":true,"CreateContact":true,"CreateOpportunity":true`
	w.do("POST", path, `{`+all+`}`).refused(400, "0x80040203")
	w.do("POST", path, `{`+all+`,"Status":4}`).refused(400, "0x80048408")
	w.do("POST", path, `{`+all+`,"Status":3,"Bogus":1}`).refused(400, "0x80048d19")
	w.do("POST", path, `{`+all+`,"Status":"3"}`).is(400)
	w.do("GET", path, "").refused(404, "")
	w.do("POST", "leads("+unknownID+")"+qualify, `{`+all+`,"Status":3}`).refused(404, "0x80040217")
	w.do("POST", "accounts("+dataversesim.AccountID+")"+qualify, `{}`).is(501)
	w.rule(`{"match":{"table":"opportunity","column":"estimatedvalue"},"message":"No"}`)
	w.do("POST", path, `{`+all+`,"Status":3}`).refused(400, "0x80040265")
	if got := w.do("GET", "accounts/$count?$filter=name eq 'Fourth Coffee'", "").text; got != "0" {
		t.Error("a refused qualification left its account")
	}
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 0})
}

func TestOwnColumnsOfALeadAreMappedBySwitch(t *testing.T) {
	w := newWorld(t)
	for _, table := range []string{"lead", "opportunity"} {
		w.schema(`{"do":"add","table":"` + table + `","column":"new_source","type":"String"}`)
	}
	made := func() map[string]any {
		id := w.create("leads", `{"subject":"x","new_source":"Fair"}`)
		w.person(`{"do":"qualify","id":"` + id + `"}`)
		to := w.do("GET", "leads("+id+")", "").json["_qualifyingopportunityid_value"].(string)
		return w.do("GET", "opportunities("+to+")", "").json
	}
	contains(t, made(), map[string]any{"new_source": nil})
	w.flip("leadMapsOwnColumns", true)
	contains(t, made(), map[string]any{"new_source": "Fair"})
}

// The database's own foreign key lets no lead name an opportunity that is not there.
func TestADeletedOpportunityIsTakenOutOfItsLead(t *testing.T) {
	w := newWorld(t)
	id := w.create("leads", leadBody)
	w.person(`{"do":"qualify","id":"` + id + `"}`)
	to := w.do("GET", "leads("+id+")", "").json["_qualifyingopportunityid_value"].(string)
	w.person(`{"do":"delete","table":"opportunity","id":"` + to + `"}`)
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 1, "_qualifyingopportunityid_value": nil})
}

func TestLeadsAreDisqualifiedAndReopened(t *testing.T) {
	w := newWorld(t)
	id := w.create("leads", leadBody)
	w.do("PATCH", "leads("+id+")", `{"statecode":2,"statuscode":6}`).is(204)
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 2, "statuscode": 6})
	w.person(`{"do":"reopen","table":"lead","id":"` + id + `"}`)
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 0, "statuscode": 1})
	w.person(`{"do":"disqualify","id":"` + id + `","status":5}`)
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 2, "statuscode": 5})
	w.ctl("POST", "/user", `{"do":"disqualify","id":"`+id+`"}`).is(400)
	w.ctl("POST", "/user", `{"do":"qualify","id":"`+id+`"}`).is(400)
	w.do("PATCH", "leads("+id+")", `{"statuscode":3}`).refused(400, "0x80048408")
}

// listen registers a step, as the product's setup does.
func (w *world) listen(message, table string) {
	w.Helper()
	find := func(set, filter, id string) string {
		rows := w.do("GET", set+"?$filter="+filter, "").rows()
		if len(rows) != 1 {
			w.Fatalf("%s where %s: %v", set, filter, rows)
		}
		return rows[0][id].(string)
	}
	m := find("sdkmessages", "name eq '"+message+"'", "sdkmessageid")
	f := find("sdkmessagefilters", "primaryobjecttypecode eq '"+table+"' and _sdkmessageid_value eq "+m, "sdkmessagefilterid")
	w.create("sdkmessageprocessingsteps", `{"name":"`+message+` of `+table+`","mode":1,"stage":40,"asyncautodelete":true,"sdkmessageid@odata.bind":"/sdkmessages(`+m+`)",
		"sdkmessagefilterid@odata.bind":"/sdkmessagefilters(`+f+`)","eventhandler_serviceendpoint@odata.bind":"/serviceendpoints(`+dataversesim.EndpointID+`)"}`)
}

// only keeps the messages of one table.
func only(events []sentEvent, table string) string {
	var out []sentEvent
	for _, e := range events {
		if e.header.Get("x-ms-dynamics-entity-name") == table {
			out = append(out, e)
		}
	}
	return messages(out)
}

func TestLeadsRaiseEvents(t *testing.T) {
	w := newWorld(t)
	for _, m := range []string{"Create", "Update", "Delete", "QualifyLead"} {
		rows := w.do("GET", "sdkmessageprocessingsteps?$filter=sdkmessagefilterid/primaryobjecttypecode eq 'lead' and sdkmessageid/name eq '"+m+"'", "").rows()
		if len(rows) == 0 {
			w.listen(m, "lead")
		}
	}
	id := w.create("leads", leadBody)
	if got := only(w.deliver(200), "lead"); got != "Create lead" {
		t.Errorf("create: %s", got)
	}
	w.do("PATCH", "leads("+id+")", `{"subject":"y","statuscode":2}`).is(204)
	if got := only(w.deliver(200), "lead"); got != "Update lead, Update lead" {
		t.Errorf("update with a status: %s", got)
	}
	w.person(`{"do":"qualify","id":"` + id + `"}`)
	events := w.deliver(200)
	if got := only(events, "lead"); got != "QualifyLead lead, Update lead" { // the other columns are in no filter
		t.Errorf("qualify: %s", got)
	}
	w.do("DELETE", "leads("+id+")", "").is(204)
	if got := only(w.deliver(200), "lead"); got != "Delete lead" {
		t.Errorf("delete: %s", got)
	}
}
