package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// A row that a person deactivates, or a PATCH of statecode, stays where it is: its state, status and version are others, the change feed and
// whoever expands it show it, and the step of its table hears of it where it lists statecode or statuscode.
func TestARowIsDeactivatedAndActivated(t *testing.T) {
	w := newWorld(t)
	opp := w.opportunity("")
	id := w.create("cosell_solutions", `{"cosell_name":"S","cosell_OpportunityId@odata.bind":"/opportunities(`+opp+`)"}`)
	path := "cosell_solutions(" + id + ")"
	delta := w.do("GET", "cosell_solutions?$select=cosell_solutionid", "", "Prefer", "odata.track-changes").is(200).json["@odata.deltaLink"].(string)
	w.deliver(200)
	for _, c := range []struct {
		act           func()
		state, status int
		changed       string
	}{
		{func() { w.person(`{"do":"deactivate","table":"cosell_solution","id":"` + id + `"}`) }, 1, 2, "statecode,statuscode"},
		{func() { w.person(`{"do":"activate","table":"cosell_solution","id":"` + id + `"}`) }, 0, 1, "statecode,statuscode"},
		{func() { w.do("PATCH", path, `{"statecode":1}`).is(204) }, 1, 2, "statecode"},
		{func() { w.do("PATCH", path, `{"statecode":0,"statuscode":1}`).is(204) }, 0, 1, "statecode,statuscode"},
	} {
		before := w.do("GET", path, "").json["@odata.etag"]
		c.act()
		now := w.do("GET", path, "").has(map[string]any{"statecode": c.state, "statuscode": c.status})
		if now.json["@odata.etag"] == before {
			t.Errorf("the version stays %v", before)
		}
		shown := w.do("GET", "opportunities("+opp+")?$select=name&$expand=cosell_opportunity_solution($select=statecode)", "").json["cosell_opportunity_solution"].([]any)
		if len(shown) != 1 {
			t.Fatalf("expanded are %v", shown)
		}
		contains(t, shown[0].(map[string]any), map[string]any{"cosell_solutionid": id, "statecode": c.state})
		events := w.deliver(200)
		if got := messages(events); got != "Update cosell_solution" {
			t.Fatalf("events %s", got)
		}
		if got := keys(target(t, events[0])["Attributes"]); !strings.HasPrefix(got, "cosell_solutionid,"+c.changed+",modifiedon") {
			t.Errorf("changed: %s", got)
		}
		tracked := w.do("GET", delta, "")
		if rows := tracked.rows(); len(rows) != 1 || rows[0]["cosell_solutionid"] != id {
			t.Errorf("tracked are %v", rows)
		}
		delta = tracked.json["@odata.deltaLink"].(string)
	}
	step := w.do("GET", "sdkmessageprocessingsteps?$select=filteringattributes&$filter=sdkmessageid/name eq 'Update' and sdkmessagefilterid/primaryobjecttypecode eq 'cosell_solution'", "").rows()[0]
	w.do("PATCH", "sdkmessageprocessingsteps("+step["sdkmessageprocessingstepid"].(string)+")", `{"filteringattributes":"cosell_name"}`).is(204)
	w.do("PATCH", path, `{"statecode":1}`).is(204)
	if got := messages(w.deliver(200)); got != "" {
		t.Errorf("a step that does not list it heard %s", got)
	}
	for body, says := range map[string]string{
		`{"do":"deactivate","table":"cosell_solution","id":"` + id + `"}`:                    "inactive already",
		`{"do":"deactivate","table":"opportunity","id":"` + opp + `"}`:                       "opportunity is not deactivated",
		`{"do":"activate","table":"cosell_solution","id":"` + id + `","status":2}`:           "not a valid status code",
		`{"do":"deactivate","table":"systemuserroles","id":"` + dataversesim.SellerID + `"}`: "systemuserroles",
		`{"do":"activate","table":"cosell_solution","id":"` + unknownID + `"}`:               "no such row",
	} {
		if r := w.ctl("POST", "/user", body); r.status != 400 || !strings.Contains(r.text, says) {
			t.Errorf("%s: %d %s", body, r.status, r.text)
		}
	}
}
