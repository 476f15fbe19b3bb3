package dataversesim_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestRoleOfARunningProduct(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"new_country","set":"new_countries"}`)
	w.privileges(`{"role":"runtime"}`)
	id := w.opportunity(`"parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)","transactioncurrencyid@odata.bind":"/transactioncurrencies(` + dataversesim.DollarID + `)",
		"ownerid@odata.bind":"/systemusers(` + dataversesim.CloserID + `)"`)
	w.create("cosell_solutions", `{"cosell_OpportunityId@odata.bind":"/opportunities(`+id+`)"}`)
	w.do("POST", "leads("+w.create("leads", leadBody)+")"+qualify, becomeAll).is(200)
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).is(204)
	for _, set := range []string{"systemusers", "connections", "environmentvariabledefinitions", "businessunits", "territories", "asyncoperations", "sdkmessageprocessingsteps"} {
		w.do("GET", set, "").is(200)
	}
	for path, body := range map[string]string{"opportunities(" + id + ")": "", "systemusers(" + dataversesim.SellerID + ")": `{"mobilephone":"1"}`, "connections(" + unknownID + ")": "{}",
		"environmentvariabledefinitions(" + unknownID + ")": `{"schemaname":"new_x"}`, "transactioncurrencies(" + dataversesim.EuroID + ")": `{"currencyname":"x"}`,
		"serviceendpoints(" + dataversesim.EndpointID + ")": `{"name":"x"}`, "new_countries(" + unknownID + ")": `{"new_name":"x"}`} {
		method := "PATCH"
		if body == "" {
			method = "DELETE"
		}
		w.do(method, path, body).refused(403, "0x80040220")
	}
	w.do("GET", "new_countries", "").refused(403, "0x80040220")
	w.do("GET", "workflows", "").is(200)
	w.allow("new_country", "read", true)
	w.do("GET", "new_countries", "").is(200)
	w.privileges(`{"role":"administrator"}`)
	w.do("PATCH", "serviceendpoints("+dataversesim.EndpointID+")", `{"description":"x"}`).is(204)
	w.ctl("POST", "/privileges", `{"role":"king"}`).is(400)
	w.ctl("POST", "/privileges", `{"role":"runtime","table":"lead"}`).is(400)
}
