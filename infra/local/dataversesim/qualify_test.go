package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const becomeAll = `{"CreateAccount":true,"CreateContact":true,"CreateOpportunity":true,"Status":3}`

func TestQualifyingTellsWhatItMade(t *testing.T) {
	w := newWorld(t)
	w.listen("Update", "lead") // QualifyLead has its step already
	id := w.create("leads", leadBody)
	w.deliver(200)
	w.do("POST", "leads("+id+")"+qualify, `{"CreateAccount":false,"CreateContact":true,"CreateOpportunity":true,"Status":3,
		"OpportunityCurrencyId":{"@odata.type":"Microsoft.Dynamics.CRM.transactioncurrency","transactioncurrencyid":"`+dataversesim.EuroID+`"}}`).is(200)
	made := w.do("GET", "leads("+id+")", "").json
	events := w.deliver(200)
	var told bool
	for _, e := range events {
		if e.message() != "QualifyLead" {
			continue
		}
		told = true
		in := e.body["InputParameters"].([]any)
		if keys(in) != "LeadId,CreateAccount,CreateContact,CreateOpportunity,OpportunityCurrencyId,OpportunityCustomerId,SourceCampaignId,Status" {
			t.Errorf("parameters: %s", keys(in))
		}
		if to := pair(t, in, "LeadId").(map[string]any); to["Id"] != id || to["LogicalName"] != "lead" {
			t.Errorf("lead %v", to)
		}
		list := pair(t, e.body["OutputParameters"].([]any), "CreatedEntities").([]any)
		if len(list) != 2 || list[0].(map[string]any)["Id"] != made["_parentcontactid_value"] || list[1].(map[string]any)["Id"] != made["_qualifyingopportunityid_value"] {
			t.Errorf("created %v", list)
		}
	}
	if !told {
		t.Errorf("no QualifyLead in %s", messages(events))
	}
	w.flip("qualifyRaisesUpdate", false)
	other := w.create("leads", leadBody)
	w.deliver(200)
	w.do("POST", "leads("+other+")"+qualify, becomeAll).is(200)
	if got := only(w.deliver(200), "lead"); got != "QualifyLead lead" {
		t.Errorf("without Update: %s", got)
	}
}

func TestQualifyingCarriesTheWholeLead(t *testing.T) {
	w := newWorld(t)
	campaign := w.create("campaigns", `{"name":"Spring","codename":"MKT-SPRING"}`)
	id := w.create("leads", `{"subject":"Cloud","salutation":"Dr","firstname":"Lee","middlename":"M","lastname":"Lead","companyname":"Fourth Coffee","mobilephone":"+491","telephone1":"+49",
		"emailaddress1":"lee@fourth.example","address1_line1":"Weg 1","address1_postalcode":"24103","address1_country":"DE","numberofemployees":70,"websiteurl":"https://fourth.example",
		"budgetstatus":2,"need":1,"purchasetimeframe":2,"qualificationcomments":"good","campaignid@odata.bind":"/campaigns(`+campaign+`)"}`)
	w.do("POST", "leads("+id+")"+qualify, becomeAll).is(200)
	lead := w.do("GET", "leads("+id+")", "").json
	w.do("GET", "contacts("+lead["_parentcontactid_value"].(string)+")", "").has(map[string]any{"salutation": "Dr", "middlename": "M", "mobilephone": "+491", "telephone1": "+49",
		"emailaddress1": "lee@fourth.example", "address1_postalcode": "24103"})
	w.do("GET", "accounts("+lead["_parentaccountid_value"].(string)+")", "").has(map[string]any{"numberofemployees": 70, "websiteurl": "https://fourth.example", "address1_country": "DE"})
	w.do("GET", "opportunities("+lead["_qualifyingopportunityid_value"].(string)+")", "").has(map[string]any{"budgetstatus": 2, "need": 1, "purchasetimeframe": 2,
		"qualificationcomments": "good", "_campaignid_value": campaign})
}

func TestPersonChoosesWhatALeadBecomes(t *testing.T) {
	w := newWorld(t)
	id := w.create("leads", leadBody)
	w.ctl("POST", "/user", `{"do":"qualify","id":"`+id+`","make":["house"]}`).is(400)
	w.person(`{"do":"qualify","id":"` + id + `","make":["contact"]}`)
	got := w.do("GET", "leads("+id+")", "").json
	if got["statecode"] != 1.0 || got["_parentcontactid_value"] == nil || got["_parentaccountid_value"] != nil || got["_qualifyingopportunityid_value"] != nil {
		t.Errorf("%v", got)
	}
	w.person(`{"do":"reopen","table":"lead","id":"` + id + `"}`)
	w.person(`{"do":"qualify","id":"` + id + `"}`)
	again := w.do("GET", "leads("+id+")", "").json
	if again["_parentcontactid_value"] != got["_parentcontactid_value"] || again["_qualifyingopportunityid_value"] == nil {
		t.Errorf("a second contact, or no opportunity: %v", again)
	}
}

func TestQualifyingNeedsRightsToWhatItMakes(t *testing.T) {
	for _, one := range [][3]string{{"lead", "write", "prvWriteLead"}, {"lead", "append", "prvAppendLead"}, {"account", "create", "prvCreateAccount"}, {"account", "appendTo", "prvAppendToAccount"},
		{"contact", "create", "prvCreateContact"}, {"opportunity", "create", "prvCreateOpportunity"}, {"lead", "appendTo", "prvAppendToLead"}} {
		w := newWorld(t)
		id := w.create("leads", leadBody)
		w.allow(one[0], one[1], false)
		r := w.do("POST", "leads("+id+")"+qualify, becomeAll).refused(403, "0x80040220")
		if !strings.Contains(r.text, one[2]) {
			t.Errorf("%v: %s", one, r.text)
		}
		w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 0})
		if n := w.do("GET", "accounts/$count?$filter=name eq 'Fourth Coffee'", "").text; n != "0" {
			t.Errorf("%v left an account", one)
		}
		w.person(`{"do":"qualify","id":"` + id + `"}`)
	}
}

func TestOrganisationActsOnQualifying(t *testing.T) {
	w := newWorld(t)
	id := w.create("leads", leadBody)
	w.rule(`{"match":{"table":"lead","column":"statecode","value":"1"},"message":"Not this one"}`)
	w.do("POST", "leads("+id+")"+qualify, becomeAll).refused(400, "0x80040265")
	if n := w.do("GET", "opportunities/$count?$filter=name eq 'Cloud'", "").text; n != "0" {
		t.Error("a refused qualification left its opportunity")
	}
	w.ctl("DELETE", "/rules", "").is(200)
	w.plugin(`{"table":"lead","column":"statecode","do":"set","columns":{"description":"closed by rule"}}`)
	w.plugin(`{"table":"opportunity","do":"default","columns":{"stepname":"1-Qualify"}}`)
	w.do("POST", "leads("+id+")"+qualify, becomeAll).is(200)
	lead := w.do("GET", "leads("+id+")", "").has(map[string]any{"description": "closed by rule", "statecode": 1}).json
	w.do("GET", "opportunities("+lead["_qualifyingopportunityid_value"].(string)+")", "").has(map[string]any{"stepname": "1-Qualify"})
}

func TestQualifyingLooksForDuplicatesOnRequest(t *testing.T) {
	w := newWorld(t)
	w.create("accounts", `{"name":"Fourth Coffee"}`)
	id := w.create("leads", leadBody)
	body := strings.TrimSuffix(becomeAll, "}") + `,"SuppressDuplicateDetection":`
	w.do("POST", "leads("+id+")"+qualify, body+`"no"}`).refused(400, "0x80048d19")
	w.do("POST", "leads("+id+")"+qualify, body+`false}`).refused(412, "0x80040333")
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 0})
	w.do("POST", "leads("+id+")"+qualify, body+`true}`).is(200)
}

func TestStateOfALeadBySwitch(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"option","table":"lead","column":"statuscode","value":100000007,"state":2,"label":"Wrong partner","labels":{"1036":"Mauvais partenaire"}}`)
	w.schema(`{"do":"option","table":"lead","column":"statuscode","value":100000008,"state":1,"label":"Handed over"}`)
	id := w.create("leads", leadBody)
	w.do("PATCH", "leads("+id+")", `{"statecode":2,"statuscode":100000007}`).is(204)
	w.do("PATCH", "leads("+id+")", `{"subject":"still writable"}`).is(204)
	w.flip("closedWritable", false)
	w.do("PATCH", "leads("+id+")", `{"subject":"not any more"}`).refused(400, "0x80040230")
	w.do("PATCH", "leads("+id+")", `{"statecode":0}`).is(204)
	w.do("POST", "leads("+id+")"+qualify, strings.Replace(becomeAll, ":3}", ":100000008}", 1)).is(200)
	w.do("GET", "leads("+id+")", "").has(map[string]any{"statecode": 1, "statuscode": 100000008.0})
	w.do("PATCH", "leads("+id+")", `{"statecode":0}`).is(204)
	w.flip("plainQualify", "refused")
	w.do("PATCH", "leads("+id+")", `{"statecode":1}`).refused(400, "0x80040203")
	w.flip("plainQualify", "taken")
	w.do("PATCH", "leads("+id+")", `{"statecode":1}`).is(204)
}

func TestLeadsAreTracked(t *testing.T) {
	w := newWorld(t)
	delta := w.do("GET", "leads?$select=subject", "", "Prefer", "odata.track-changes").is(200).json["@odata.deltaLink"].(string)
	id := w.create("leads", leadBody)
	if rows := w.do("GET", delta, "").rows(); len(rows) != 1 || rows[0]["leadid"] != id {
		t.Errorf("changes: %v", rows)
	}
}
