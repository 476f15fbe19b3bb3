package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestManyRowsInOneMessage(t *testing.T) {
	w := newWorld(t)
	const set, typed = "cosell_solutiondetails/Microsoft.Dynamics.CRM.", `{"@odata.type":"Microsoft.Dynamics.CRM.cosell_solutiondetail",`
	r := w.do("POST", set+"CreateMultiple", `{"Targets":[`+typed+`"cosell_name":"A","cosell_identifier":"SOL-1"},`+typed+`"cosell_name":"B","cosell_identifier":"SOL-2"}]}`).is(200)
	ids := r.json["Ids"].([]any)
	if len(ids) != 2 || !strings.HasSuffix(r.json["@odata.context"].(string), "CreateMultipleResponse") {
		t.Fatal(r.text)
	}
	w.do("POST", set+"UpdateMultiple", `{"Targets":[`+typed+`"cosell_solutiondetailid":"`+ids[0].(string)+`","cosell_type":"3P"},`+typed+`"@odata.id":"cosell_solutiondetails(cosell_identifier='SOL-2')","cosell_type":"1P"}]}`).is(204)
	w.do("GET", "cosell_solutiondetails(cosell_identifier='sol-1')", "").has(map[string]any{"cosell_type": "3P"})
	w.do("POST", set+"UpsertMultiple", `{"Targets":[`+typed+`"@odata.id":"cosell_solutiondetails(cosell_identifier='SOL-2')","cosell_name":"B2"},`+typed+`"@odata.id":"/cosell_solutiondetails(cosell_identifier='SOL-3')","cosell_name":"C"}]}`).is(204)
	w.do("GET", "cosell_solutiondetails(cosell_identifier='SOL-2')", "").has(map[string]any{"cosell_name": "B2", "cosell_type": "1P"})
	w.do("GET", "cosell_solutiondetails(cosell_identifier='SOL-3')", "").has(map[string]any{"cosell_name": "C", "cosell_identifier": "SOL-3"})

	// All or nothing.
	w.do("POST", set+"CreateMultiple", `{"Targets":[`+typed+`"cosell_name":"D","cosell_identifier":"SOL-4"},`+typed+`"cosell_name":"E","cosell_identifier":"SOL-1"}]}`).refused(412, "0x80060892")
	w.do("GET", "cosell_solutiondetails(cosell_identifier='SOL-4')", "").refused(404, "0x80060891")
}

func TestManyRowsAreRefusedAsTheyAre(t *testing.T) {
	w := newWorld(t)
	const set, typed = "accounts/Microsoft.Dynamics.CRM.", `{"@odata.type":"Microsoft.Dynamics.CRM.account",`
	w.do("POST", set+"CreateMultiple", `{"Targets":[{"name":"x"}]}`).refused(400, "0x80048d19")
	w.do("POST", set+"CreateMultiple", `{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.contact","lastname":"x"}]}`).refused(400, "0x80048d19")
	w.do("POST", set+"CreateMultiple", `{"Targets":[]}`).refused(400, "0x80040203")
	w.do("POST", set+"CreateMultiple", `{"Rows":[]}`).refused(400, "0x80048d19")
	w.do("POST", set+"UpdateMultiple", `{"Targets":[`+typed+`"name":"x"}]}`).refused(400, "0x80040203")
	w.do("POST", set+"UpdateMultiple", `{"Targets":[`+typed+`"accountid":"`+unknownID+`","name":"x"}]}`).refused(404, "0x80040217")
	w.do("POST", set+"UpsertMultiple", `{"Targets":[`+typed+`"@odata.id":"contacts(`+unknownID+`)","name":"x"}]}`).refused(400, "0x80048d19")
	w.do("GET", set+"CreateMultiple", "").is(404)
	w.do("POST", "organizations/Microsoft.Dynamics.CRM.CreateMultiple", `{"Targets":[]}`).refused(404, "0x8006088a")
	w.allow("account", "create", false)
	w.do("POST", set+"CreateMultiple", `{"Targets":[`+typed+`"name":"x"}]}`).refused(403, "0x80040220")
	w.allow("account", "create", true)
	w.deliver(200)
	w.do("POST", set+"UpdateMultiple", `{"Targets":[`+typed+`"accountid":"`+dataversesim.AccountID+`","name":"x"}]}`).is(204)
	if got := messages(w.deliver(200)); got != "Update account" {
		t.Errorf("events: %s", got)
	}
	w.flip("bulkMessages", false)
	w.do("POST", set+"CreateMultiple", `{"Targets":[`+typed+`"name":"x"}]}`).refused(404, "0x8006088a")
}

// What alternate keys find follows every change and its way back.
func TestKeysFollowTheRows(t *testing.T) {
	w := newWorld(t)
	w.flip("limitRequests", 0)
	w.flip("limitExecutionSeconds", 0)
	for i := range 400 {
		w.do("PATCH", fmt.Sprintf("cosell_solutiondetails(cosell_identifier='SOL-%d')", i), `{"cosell_name":"x"}`).is(204)
	}
	id := w.do("GET", "cosell_solutiondetails(cosell_identifier='sol-77')", "").json["cosell_solutiondetailid"].(string)
	w.do("PATCH", "cosell_solutiondetails("+id+")", `{"cosell_identifier":"NEW"}`).is(204)
	w.do("GET", "cosell_solutiondetails(cosell_identifier='SOL-77')", "").is(404)
	w.do("GET", "cosell_solutiondetails(cosell_identifier='new')", "").has(map[string]any{"cosell_solutiondetailid": id})
	w.do("PATCH", "cosell_solutiondetails("+id+")", `{"cosell_identifier":"SOL-78"}`).refused(412, "0x80060892")
	w.rule(`{"match":{"table":"cosell_solutiondetail","column":"cosell_type"},"message":"No"}`)
	w.do("POST", "cosell_solutiondetails/Microsoft.Dynamics.CRM.UpdateMultiple", `{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.cosell_solutiondetail","cosell_solutiondetailid":"`+id+`","cosell_identifier":"GONE"},
		{"@odata.type":"Microsoft.Dynamics.CRM.cosell_solutiondetail","cosell_solutiondetailid":"`+id+`","cosell_type":"x"}]}`).refused(400, "0x80040265")
	w.do("GET", "cosell_solutiondetails(cosell_identifier='GONE')", "").is(404)
	w.do("GET", "cosell_solutiondetails(cosell_identifier='NEW')", "").is(200)
	w.do("DELETE", "cosell_solutiondetails("+id+")", "").is(204)
	w.do("GET", "cosell_solutiondetails(cosell_identifier='NEW')", "").is(404)
}
