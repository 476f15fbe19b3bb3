package dataversesim_test

import (
	"strings"
	"testing"
)

func closeBody(id, status, more string) string {
	return `{"Status":` + status + `,"OpportunityClose":{"subject":"Closed","opportunityid@odata.bind":"/opportunities(` + id + `)"` + more + `}}`
}

func TestWinSetsStateRevenueDateAndActivity(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":100`)
	r := w.do("POST", "WinOpportunity", closeBody(id, "3", `,"actualend":"2026-03-30","actualrevenue":118000.5,"description":"why"`)).is(204)
	if r.header.Get("Sim-Before") == "" || r.header.Get("Sim-After") == r.header.Get("Sim-Before") {
		t.Error("no versions for the history")
	}
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 1, "statuscode": 3, "actualclosedate": "2026-03-30", "actualvalue": 118000.5, "actualvalue_base": 118000.5})
	act := w.do("GET", "opportunities("+id+")?$select=name&$expand=Opportunity_OpportunityClose", "").json["Opportunity_OpportunityClose"].([]any)
	if len(act) != 1 {
		t.Fatalf("activities: %v", act)
	}
	contains(t, act[0].(map[string]any), map[string]any{"subject": "Closed", "description": "why", "statecode": 1, "statuscode": 2, "_opportunityid_value": id, "actualrevenue": 118000.5})
}

func TestCloseDefaultsToTodayAndTheEstimate(t *testing.T) {
	w := newWorld(t)
	won, lost := w.opportunity(`"estimatedvalue":100`), w.opportunity(`"estimatedvalue":100`)
	w.do("POST", "WinOpportunity", closeBody(won, "-1", "")).is(204)
	w.do("POST", "LoseOpportunity", closeBody(lost, "5", "")).is(204)
	w.do("GET", "opportunities("+won+")", "").has(map[string]any{"statuscode": 3, "actualclosedate": "2026-03-31", "actualvalue": 100})
	w.do("GET", "opportunities("+lost+")", "").has(map[string]any{"statecode": 2, "statuscode": 5, "actualclosedate": "2026-03-31", "actualvalue": nil})
}

func TestCloseIsRefused(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.do("POST", "WinOpportunity", closeBody(id, "4", "")).refused(400, "0x80048408")
	w.do("POST", "LoseOpportunity", closeBody(id, "3", "")).refused(400, "0x80048408")
	w.do("POST", "WinOpportunity", closeBody(unknownID, "3", "")).refused(404, "0x80040217")
	w.do("POST", "WinOpportunity", closeBody(id, "3", `,"bogus":1`)).refused(400, "0x0")
	w.do("POST", "WinOpportunity", closeBody(id, `"3"`, "")).is(400)
	w.do("POST", "WinOpportunity", `{"Status":3}`).is(400)
	w.do("POST", "WinOpportunity", `{"Status":3,"OpportunityClose":{"subject":"x"}}`).is(400)
	w.do("POST", "WinOpportunity", `{"Status":3,"Reason":"x"}`).is(400)
	w.do("GET", "WinOpportunity", "").refused(404, "")
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 0})
	if rows := w.do("GET", "opportunitycloses", "").rows(); len(rows) != 0 {
		t.Errorf("refused closes left activities: %v", rows)
	}
	w.do("POST", "WinOpportunity", closeBody(id, "3", "")).is(204)
	w.do("POST", "WinOpportunity", closeBody(id, "3", "")).refused(400, "0x80040515")
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).refused(400, "0x80040515")
	r := w.do("PATCH", "opportunities("+id+")", `{"statecode":2}`).refused(400, "0x80100005")
	if !strings.Contains(r.text, "use the lost message instead") {
		t.Error(r.text)
	}
}

func TestReopenIsAnOrdinaryUpdate(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).is(204)
	w.do("PATCH", "opportunities("+id+")", `{"statecode":0,"statuscode":2,"name":"Back"}`).is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 0, "statuscode": 2, "name": "Back"})
	if rows := w.do("GET", "opportunities("+id+")/Opportunity_OpportunityClose", "").rows(); len(rows) != 1 {
		t.Error("the old activity is gone")
	}
	w.do("PATCH", "opportunities("+id+")", `{"statecode":0}`).refused(400, "0x8004051a")
	w.do("PATCH", "opportunities("+id+")", `{"statecode":0,"statuscode":1}`).is(204)
}

func TestClosedOpportunitiesAreWritableBySwitch(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).is(204)
	w.do("PATCH", "opportunities("+id+")", `{"name":"Late"}`).is(204)
	w.flip("closedWritable", false)
	w.do("PATCH", "opportunities("+id+")", `{"name":"Later"}`).refused(400, "0x80040230")
	w.do("PATCH", "opportunities("+id+")", `{"statecode":0,"name":"Open"}`).is(204)
}
