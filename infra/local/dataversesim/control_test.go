package dataversesim_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestDeliveryDuplicatesDelaysLosesAndPauses(t *testing.T) {
	w := newWorld(t)
	w.ctl("POST", "/delivery", `{"duplicate":2}`).is(200)
	w.opportunity("")
	if got := w.deliver(200); len(got) != 3 || got[0].raw != got[2].raw {
		t.Errorf("duplicate: %s", messages(got))
	}
	w.ctl("POST", "/delivery", `{"delay":"2s"}`).is(200)
	w.opportunity("")
	if got := w.deliver(200); len(got) != 0 || w.sim.Pending(w.now()) != 0 || w.sim.Pending(w.now().Add(2*time.Second)) != 1 {
		t.Errorf("delay: %s", messages(got))
	}
	w.advance(2 * time.Second)
	if got := w.deliver(200); len(got) != 1 {
		t.Errorf("after the delay: %s", messages(got))
	}
	w.ctl("POST", "/delivery", `{"lose":true}`).is(200)
	w.opportunity("")
	if got := w.deliver(200); len(got) != 0 || w.sim.Pending(w.now().Add(time.Hour)) != 0 {
		t.Errorf("lose: %s", messages(got))
	}
	w.ctl("POST", "/delivery", `{"pause":true}`).is(200)
	w.opportunity("")
	if _, due := w.sim.Next(); due || len(w.deliver(200)) != 0 || w.sim.Pending(w.now().Add(time.Hour)) != 0 {
		t.Error("pause: something moves")
	}
	news := w.news.Load()
	w.ctl("POST", "/delivery", `{}`).is(200)
	if w.news.Load() == news {
		t.Error("the end of the pause is not told")
	}
	if got := w.deliver(200); len(got) != 1 {
		t.Errorf("after the pause: %s", messages(got))
	}
	for _, bad := range []string{`{"delay":"x"}`, `{"lose":2}`, `{"bogus":1}`, `{"duplicate":-1}`} {
		if r := w.ctl("POST", "/delivery", bad).is(400); r.json["error"] == nil {
			t.Errorf("%s: %s", bad, r.text)
		}
	}
}

func TestRedeliverSendsEverythingAgainUnchanged(t *testing.T) {
	w := newWorld(t)
	var first []string
	for range 6 {
		w.opportunity("")
		first = append(first, w.deliver(200)[0].raw)
	}
	records := w.ctl("GET", "/records", "").text
	w.ctl("POST", "/redeliver", `{"all":true}`).is(200).has(map[string]any{"events": 6})
	again := w.deliver(200)
	for i, e := range again {
		if e.raw != first[i] || e.header.Get("x-cosell-key") == "" {
			t.Errorf("event %d differs", i)
		}
	}
	w.ctl("POST", "/delivery", `{"shuffle":true}`).is(200)
	w.ctl("POST", "/redeliver", `{"all":true,"times":2}`).is(200)
	twice := w.deliver(500)
	ordered := len(twice) == 12
	for i := range twice {
		ordered = ordered && twice[i].raw == first[i%6]
	}
	if len(twice) != 12 || ordered {
		t.Errorf("%d events, in order %t", len(twice), ordered)
	}
	if after := w.ctl("GET", "/records", "").text; after != records {
		t.Error("a redelivery changed records")
	}
	w.ctl("POST", "/redeliver", `{}`).is(400)
}

func TestRecordsShowAllTablesAsTheWebAPIReadsThem(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"`)
	var tables map[string]map[string]map[string]any
	if err := json.Unmarshal([]byte(w.ctl("GET", "/records", "").is(200).text), &tables); err != nil {
		t.Fatal(err)
	}
	contains(t, tables["opportunity"][id], map[string]any{"name": "Deal", "_parentaccountid_value": dataversesim.AccountID, "statecode": 0, "description": nil})
	contains(t, tables["systemuser"][dataversesim.SellerID], map[string]any{"fullname": "Kim Seller", "internalemailaddress": "kim@northwind.example"})
	contains(t, tables["contact"][dataversesim.ContactID], map[string]any{"emailaddress1": "ada@tailspin.example", "telephone1": "+49405550100"})
	contains(t, tables["cosell_solutiondetail"][dataversesim.AzureID], map[string]any{"cosell_type": "1P", "cosell_publisher": "Microsoft"})
	contains(t, tables["account"][dataversesim.AccountID], map[string]any{"address1_city": "Hamburg", "address1_composite": "Musterweg 1\r\nHamburg\r\nHH\r\n20095\r\nDE"})
	if n := len(tables["sdkmessageprocessingstep"]); n != 17 {
		t.Errorf("%d steps", n)
	}
	var one map[string]map[string]map[string]any
	if err := json.Unmarshal([]byte(w.ctl("GET", "/records?table=contact", "").is(200).text), &one); err != nil {
		t.Fatal(err)
	}
	if len(one) != 1 || !reflect.DeepEqual(one["contact"], tables["contact"]) {
		t.Errorf("one table alone: %v", one)
	}
	for _, wrong := range []string{"table=contacts", "tables=contact"} {
		if a := w.ctl("GET", "/records?"+wrong, "").is(400); !strings.Contains(a.text, "use ") {
			t.Errorf("%s: %s", wrong, a.text)
		}
	}
}

func TestResetGoesBackToTheSeed(t *testing.T) {
	w := newWorld(t)
	seeded := w.do("GET", "accounts?$select=name", "").column("name")
	version := w.do("GET", "accounts("+dataversesim.AccountID+")", "").json["versionnumber"].(float64)
	w.opportunity("")
	w.do("DELETE", "contacts("+dataversesim.ContactID+")", "").is(204)
	w.ctl("POST", "/reset", "").is(200)
	if got := w.do("GET", "opportunities", "").rows(); len(got) != 0 {
		t.Error("opportunities after a reset")
	}
	if got := w.do("GET", "accounts?$select=name", "").column("name"); got != seeded {
		t.Errorf("accounts %s", got)
	}
	if again := w.do("GET", "accounts("+dataversesim.AccountID+")", "").json["versionnumber"].(float64); again <= version {
		t.Error("versions went back with a reset: an old etag could fit a new row")
	}
	if len(w.deliver(200)) != 0 {
		t.Error("events survive a reset")
	}
}

func TestSwitchesAreListedAndChecked(t *testing.T) {
	w := newWorld(t)
	all := w.ctl("GET", "/switches", "").is(200)
	for name, value := range map[string]any{"winRaisesUpdate": true, "closedWritable": true, "tagLevel": "parent", "wrappedValues": false, "pageSize": 5000, "eventLimitBytes": 262144, "retryOnNoAnswer": false} {
		one, _ := all.json[name].(map[string]any)
		if fmt.Sprint(one["value"]) != fmt.Sprint(value) || one["allowed"] == nil || one["meaning"] == "" {
			t.Errorf("%s: %v", name, one)
		}
	}
	for _, bad := range []string{`{"bogus":true}`, `{"tagLevel":"middle"}`, `{"pageSize":0}`, `{"pageSize":1.5}`, `{"closedWritable":3}`, `{"winRaisesUpdate":false,"bogus":1}`, `[]`} {
		if r := w.ctl("POST", "/switches", bad).is(400); r.json["error"] == nil {
			t.Errorf("%s: %s", bad, r.text)
		}
	}
	after := w.ctl("POST", "/switches", `{"pageSize":"7","closedWritable":"false"}`).is(200)
	if fmt.Sprint(after.json["pageSize"].(map[string]any)["value"]) != "7" || after.json["winRaisesUpdate"].(map[string]any)["value"] != true {
		t.Errorf("after a change: %s", after.text)
	}
}

// user does something as a person and gives the id.
func (w *world) user(body string) string {
	w.Helper()
	return w.ctl("POST", "/user", body).is(200).json["id"].(string)
}

func TestPeopleWorkUnderTheirOwnName(t *testing.T) {
	w := newWorld(t)
	id := w.user(`{"do":"create","table":"opportunity","columns":{"name":"By Kim","parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"}}`)
	e := w.deliver(200)[0]
	contains(t, e.body, map[string]any{"InitiatingUserId": dataversesim.SellerID, "UserId": dataversesim.SellerID, "MessageName": "Create"})
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"_ownerid_value": dataversesim.SellerID, "_modifiedby_value": dataversesim.SellerID, "_parentaccountid_value": dataversesim.AccountID})
	w.user(`{"do":"update","as":"` + dataversesim.CloserID + `","table":"opportunity","id":"` + id + `","columns":{"name":"By Sam"}}`)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"_modifiedby_value": dataversesim.CloserID, "name": "By Sam"})
	if got := messages(w.deliver(200)); got != "Update opportunity" {
		t.Errorf("events %s", got)
	}
	if got := w.user(`{"do":"create","table":"contact","id":"` + unknownID + `","columns":{"lastname":"x"}}`); got != unknownID {
		t.Errorf("id %s", got)
	}
	w.user(`{"do":"delete","table":"contact","id":"` + unknownID + `"}`)
	w.do("GET", "contacts("+unknownID+")", "").is(404)
}

func TestPeopleCloseAndReopenByTheDialogue(t *testing.T) {
	w := newWorld(t)
	id := w.user(`{"do":"create","table":"opportunity","columns":{"name":"x","estimatedvalue":10}}`)
	w.deliver(200)
	w.user(`{"do":"lose","id":"` + id + `","table":"opportunity","reason":"Price","status":5,"actualEnd":"2026-02-01"}`)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 2, "statuscode": 5, "actualclosedate": "2026-02-01"})
	w.do("GET", "opportunitycloses("+w.do("GET", "opportunitycloses", "").rows()[0]["activityid"].(string)+")", "").has(map[string]any{"description": "Price", "_createdby_value": dataversesim.SellerID})
	if got := messages(w.deliver(200)); !strings.HasPrefix(got, "Lose opportunity") {
		t.Errorf("events %s", got)
	}
	w.user(`{"do":"reopen","id":"` + id + `","table":"opportunity"}`)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 0, "statuscode": 1})
	w.user(`{"do":"win","id":"` + id + `","actualRevenue":12.5}`)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 1, "statuscode": 3, "actualvalue": 12.5})
}

func TestPeopleAreToldWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	id := w.user(`{"do":"create","table":"opportunity","columns":{}}`)
	for body, says := range map[string]string{
		`{"do":"fly","table":"opportunity","id":"` + id + `"}`:                        "create, update, delete, deactivate, activate, win, lose, reopen, qualify, disqualify or merge",
		`{"do":"update","table":"opportunities","id":"` + id + `"}`:                   "logical name",
		`{"do":"update","table":"opportunity","id":"` + unknownID + `"}`:              "no such row",
		`{"do":"update","table":"opportunity","id":"` + id + `","columns":{"bad":1}}`: "Invalid property",
		`{"do":"create","table":"opportunity","as":"` + unknownID + `"}`:              "no systemuser",
		`{"do":"create","table":"opportunity","id":"x"}`:                              "not a GUID",
		`{"do":"reopen","table":"opportunity","id":"` + id + `"}`:                     "already open",
		`{"do":"win","table":"opportunity","id":"` + id + `","status":4}`:             "not a valid status",
		`{"do":"win","table":"account","id":"` + dataversesim.AccountID + `"}`:        "only an opportunity",
		`{"do":"lose","table":"opportunity","id":"` + id + `","actualEnd":"soon"}`:    "Cannot convert",
		`{"do":"create","table":"opportunity","bogus":1}`:                             "bogus",
	} {
		r := w.ctl("POST", "/user", body).is(400)
		if text := fmt.Sprint(r.json["error"]); !strings.Contains(text, says) {
			t.Errorf("%s: %s", body, text)
		}
	}
}
