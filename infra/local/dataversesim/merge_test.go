package dataversesim_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// TestMergedAccountsAreOne: what hung on the loser hangs on the winner, the loser says where it went.
func TestMergedAccountsAreOne(t *testing.T) {
	w := newWorld(t)
	loser, winner := dataversesim.AccountID, dataversesim.LoneAccountID
	deal := w.opportunity(`"parentaccountid@odata.bind":"/accounts(` + loser + `)","customerid_account@odata.bind":"/accounts(` + loser + `)"`)
	w.listen("Merge", "account")
	w.deliver(200)
	w.person(`{"do":"merge","table":"account","id":"` + winner + `","loser":"` + loser + `"}`)
	w.do("GET", "accounts("+loser+")", "").has(map[string]any{"statecode": 1, "statuscode": 2, "merged": true, "_masterid_value": winner})
	w.do("GET", "accounts("+winner+")", "").has(map[string]any{"statecode": 0, "merged": false, "_masterid_value": nil})
	w.do("GET", "opportunities("+deal+")", "").has(map[string]any{"_parentaccountid_value": winner, "_customerid_value": winner})
	w.do("GET", "contacts("+dataversesim.ContactID+")", "").has(map[string]any{"_parentcustomerid_value": winner})
	events := w.deliver(200)
	if got := only(events, "opportunity"); got != "Update opportunity, Update opportunity" {
		t.Errorf("events of the deal: %s", got)
	}
	for _, e := range events {
		if e.message() == "Merge" && pair(t, e.body["InputParameters"], "SubordinateId") != loser {
			t.Errorf("the event does not name the loser: %s", e.raw)
		}
	}
	if got := only(events, "account"); got != "Merge account" && got != "Merge account, Update account" {
		t.Errorf("events of the accounts: %s", got)
	}
	w.do("PATCH", "opportunities("+deal+")", `{"parentaccountid@odata.bind":"/accounts(`+loser+`)"}`).refused(400, "0x80040203")
	w.do("GET", "accounts("+winner+")/account_master_account", "").rows()
	for _, bad := range []string{
		`{"do":"merge","table":"account","id":"` + winner + `","loser":"` + loser + `"}`,
		`{"do":"merge","table":"account","id":"` + winner + `","loser":"` + winner + `"}`,
		`{"do":"merge","table":"account","id":"` + winner + `"}`,
		`{"do":"merge","table":"opportunity","id":"` + deal + `","loser":"` + w.opportunity("") + `"}`,
	} {
		w.ctl("POST", "/user", bad).is(400)
	}
}

func TestAMergeMayBeSilentForItsChildren(t *testing.T) {
	w := newWorld(t)
	deal := w.opportunity(`"parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"`)
	w.deliver(200)
	w.flip("mergeRaisesUpdate", false)
	w.person(`{"do":"merge","table":"account","id":"` + dataversesim.LoneAccountID + `","loser":"` + dataversesim.AccountID + `"}`)
	if got := only(w.deliver(200), "opportunity"); got != "" {
		t.Errorf("events: %s", got)
	}
	w.do("GET", "opportunities("+deal+")", "").has(map[string]any{"_parentaccountid_value": dataversesim.LoneAccountID})
}
