package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// TestAnOpinionatedOrganisation goes through what makes it hard.
func TestAnOpinionatedOrganisation(t *testing.T) {
	w := newWorld(t)
	w.ctl("POST", "/organisation", `{"kind":"opinionated"}`).is(200)
	good := `"new_businessline":"Cloud","new_territory":100000000`

	// Mandatory columns and business rules, for everybody.
	w.do("POST", "opportunities", `{"name":"x","new_territory":100000000}`).refused(400, "0x80040203")
	if r := w.do("POST", "opportunities", `{"name":"x","new_businessline":"Cloud"}`).refused(400, "0x80040265"); r.error()["message"] != "Choose a territory." {
		t.Error(r.text)
	}
	w.ctl("POST", "/user", `{"do":"create","table":"opportunity","columns":{"name":"x","new_businessline":"Cloud"}}`).is(400)
	w.do("POST", "accounts", `{"name":"x"}`).refused(400, "0x80040265")
	w.do("POST", "leads", `{"subject":"x","lastname":"L","new_origin":"Fair"}`).refused(400, "0x80040203")
	if r := w.do("POST", "leads", `{"subject":"x","lastname":"L","new_interest":100000000}`).refused(400, "0x80040265"); r.error()["message"] != "Say where the lead comes from." {
		t.Error(r.text)
	}
	lead := w.create("leads", `{"subject":"x","lastname":"L","new_interest":100000000,"new_origin":"Fair"}`)
	w.ctl("POST", "/user", `{"do":"disqualify","table":"lead","id":"`+lead+`","status":100000002}`).is(200)

	// What is stored is not what was sent.
	id := w.create("opportunities", `{"name":"  A   deal ","estimatedvalue":1234.5,"new_weighted":1,"new_ordernumber":"A1",`+good+`}`)
	path := "opportunities(" + id + ")"
	w.do("GET", path, "").has(map[string]any{"name": "A deal", "estimatedvalue": 1230, "new_weighted": 615, "new_ordernumber": "A1", "closeprobability": nil})
	w.do("PATCH", path, `{"new_ordernumber":"A2"}`).is(204)
	w.do("GET", path, "").has(map[string]any{"new_ordernumber": "A1"})
	w.advance(2 * time.Second)
	w.deliver(200)
	w.do("GET", path, "").has(map[string]any{"closeprobability": 50})
	account := w.create("accounts", `{"name":"Fabrikam","new_segment":100000001}`)
	w.do("GET", "accounts("+account+")", "").has(map[string]any{"name": "FABRIKAM", "accountnumber": "NEW"})

	// Status reasons and choices of its own, in two languages.
	w.do("PATCH", path, `{"statuscode":100000001}`).is(204)
	w.do("POST", "LoseOpportunity", closeBody(id, "5", "")).refused(400, "0x80048408")
	w.do("POST", "LoseOpportunity", closeBody(id, "100000003", "")).is(204)
	if text := w.attribute("opportunity", "new_territory", "Picklist").text; !strings.Contains(text, `{"Label":"Nord","LanguageCode":1036`) {
		t.Errorf("labels: %s", text)
	}
	if got := fmt.Sprint(w.definition("opportunity", "new_golive").json["DateTimeBehavior"]); got != "map[Value:UserLocal]" {
		t.Errorf("go-live: %s", got)
	}

	// People and rows that cannot be used.
	for owner, code := range map[string]string{dataversesim.DisabledUserID: "0x80041d1f", dataversesim.UnlicensedUserID: "0x80042f0a"} {
		if r := w.do("PATCH", path, `{"ownerid@odata.bind":"/systemusers(`+owner+`)"}`); r.status < 400 || r.error()["code"] != code {
			t.Errorf("owner %s: %s", owner, r.text)
		}
	}
	w.do("PATCH", path, `{"parentaccountid@odata.bind":"/accounts(`+dataversesim.InactiveAccountID+`)"}`).refused(400, "0x80040203")
	w.do("PATCH", path, `{"transactioncurrencyid@odata.bind":"/transactioncurrencies(`+dataversesim.FrancID+`)"}`).refused(400, "0x80040203")

	// It stays so through a reset and through DELETE rules and plugins, until a plain one is asked for.
	w.ctl("DELETE", "/rules", "").is(200)
	w.ctl("DELETE", "/plugins", "").is(200)
	w.ctl("POST", "/reset", "").is(200)
	w.do("POST", "opportunities", `{"name":"x","new_businessline":"Cloud"}`).refused(400, "0x80040265")
	w.ctl("POST", "/organisation", `{"kind":"plain"}`).is(200)
	w.do("POST", "opportunities", `{"name":" x "}`).is(204)
	if got := w.do("GET", "opportunities", "").column("name"); got != " x " {
		t.Errorf("a plain organisation stores %q", got)
	}
	w.ctl("POST", "/organisation", `{"kind":"strict"}`).is(400)
	w.ctl("POST", "/organisation", `{"kind":"plain","x":1}`).is(400)
}

func TestTheOrganisationIsAnOption(t *testing.T) {
	w := newWorld(t)
	o := dataversesim.Options{Now: w.now, Host: host, Tenant: tenant, ClientID: client, ClientSecret: secret, OrganizationID: unknownID,
		WebhookURL: "https://product.example/api/crm", SecretHeader: "x", Organisation: dataversesim.Opinionated}
	sim, err := dataversesim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.sim = sim
	w.do("POST", "opportunities", `{"name":"x","new_businessline":"Cloud"}`).refused(400, "0x80040265")
	o.Organisation = "strict"
	if _, err := dataversesim.New(o); err == nil || !strings.Contains(err.Error(), "opinionated") {
		t.Errorf("error %v", err)
	}
}
