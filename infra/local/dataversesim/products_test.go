package dataversesim_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// user is a person at work; it gives the id.
func (w *world) person(body string) string {
	w.Helper()
	return w.ctl("POST", "/user", body).is(200).json["id"].(string)
}

// TestOpenQuotesKeepADealFromBeingWon: draft and active ones do, closed ones do not.
func TestOpenQuotesKeepADealFromBeingWon(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	quote := w.person(`{"do":"create","table":"quote","columns":{"name":"Q","opportunityid@odata.bind":"/opportunities(` + id + `)"}}`)
	w.do("POST", "WinOpportunity", closeBody(id, "3", "")).refused(400, "0x80040516")
	w.person(`{"do":"update","table":"quote","id":"` + quote + `","columns":{"statecode":1}}`)
	w.flip("openQuotesCode", "0x80040239")
	w.do("POST", "WinOpportunity", closeBody(id, "3", "")).refused(400, "0x80040239")
	w.ctl("POST", "/user", `{"do":"win","id":"`+id+`"}`).is(400)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 0})
	w.flip("openQuotes", "both")
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).refused(400, "0x80040239")
	w.flip("openQuotes", "won")
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).is(204)
	w.do("PATCH", "opportunities("+id+")", `{"statecode":0}`).is(204)
	w.person(`{"do":"update","table":"quote","id":"` + quote + `","columns":{"statecode":3,"statuscode":6}}`)
	w.do("POST", "WinOpportunity", closeBody(id, "3", "")).is(204)
	other := w.opportunity("")
	w.person(`{"do":"create","table":"quote","columns":{"name":"Q","opportunityid@odata.bind":"/opportunities(` + other + `)"}}`)
	w.flip("openQuotes", "none")
	w.do("POST", "WinOpportunity", closeBody(other, "3", "")).is(204)
}

func TestACloseInTheFutureIsASwitch(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "WinOpportunity", closeBody(w.opportunity(""), "3", `,"actualend":"2027-02-25"`)).is(204)
	w.flip("futureClose", "refused")
	w.do("POST", "WinOpportunity", closeBody(w.opportunity(""), "3", `,"actualend":"2026-04-01"`)).refused(400, "0x80040203")
	w.do("POST", "WinOpportunity", closeBody(w.opportunity(""), "3", `,"actualend":"2026-03-31T23:00:00Z"`)).is(204)
	w.advance(24 * time.Hour)
	w.token = w.tokenFor(client, secret, "https://"+host+"/.default")
	w.do("POST", "WinOpportunity", closeBody(w.opportunity(""), "3", `,"actualend":"2026-04-01"`)).is(204)
}

func TestTheCloseIsInTheOpportunitysCurrency(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	bind := func(id string) string {
		return `,"transactioncurrencyid@odata.bind":"/transactioncurrencies(` + id + `)"`
	}
	w.do("POST", "WinOpportunity", closeBody(id, "3", bind(dataversesim.DollarID))).refused(400, "0x80040516")
	w.do("POST", "WinOpportunity", closeBody(id, "3", bind(dataversesim.EuroID))).is(204)
	w.flip("closeCurrency", "taken")
	w.do("POST", "WinOpportunity", closeBody(w.opportunity(""), "3", bind(dataversesim.DollarID))).is(204)
}

// TestSystemCalculatedRevenueIsTheTotalOfProducts: it follows the lines, and the change is an event.
func TestSystemCalculatedRevenueIsTheTotalOfProducts(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":500`)
	path := "opportunities(" + id + ")"
	line := w.person(`{"do":"create","table":"opportunityproduct","columns":{"productdescription":"Seats","quantity":3,"priceperunit":100,"manualdiscountamount":50,"opportunityid@odata.bind":"/` + path + `"}}`)
	w.do("GET", path, "").has(map[string]any{"estimatedvalue": 500, "totalamount": 250})
	w.do("PATCH", path, `{"isrevenuesystemcalculated":true,"estimatedvalue":7}`).is(204)
	w.do("GET", path, "").has(map[string]any{"estimatedvalue": 250, "estimatedvalue_base": 250})
	w.deliver(200)
	before := w.do("GET", path, "").header.Get("ETag")
	w.person(`{"do":"update","table":"opportunityproduct","id":"` + line + `","columns":{"quantity":10}}`)
	r := w.do("GET", path, "").has(map[string]any{"estimatedvalue": 950})
	if r.header.Get("ETag") == before {
		t.Error("the new total is no new version")
	}
	if got := messages(w.deliver(200)); got != "Update opportunity" {
		t.Errorf("events: %s", got)
	}
	w.person(`{"do":"delete","table":"opportunityproduct","id":"` + line + `"}`)
	w.do("GET", path, "").has(map[string]any{"estimatedvalue": 0})
	w.do("DELETE", path, "").is(204)
}

func TestTheCurrencyIsFixedOnceSomethingHangsOnIt(t *testing.T) {
	w := newWorld(t)
	dollar := `{"transactioncurrencyid@odata.bind":"/transactioncurrencies(` + dataversesim.DollarID + `)"}`
	euro := `{"transactioncurrencyid@odata.bind":"/transactioncurrencies(` + dataversesim.EuroID + `)"}`
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	w.do("PATCH", path, dollar).is(204)
	w.do("PATCH", path, euro).is(204)
	w.person(`{"do":"create","table":"quote","columns":{"opportunityid@odata.bind":"/` + path + `"}}`)
	w.do("PATCH", path, dollar).refused(400, "0x80100004")
	w.do("PATCH", path, euro).is(204)
	closed := w.opportunity("")
	w.do("POST", "LoseOpportunity", closeBody(closed, "4", "")).is(204)
	w.do("PATCH", "opportunities("+closed+")", dollar).refused(400, "0x80100004")
}

// TestReopenGivesInProgress also where the organisation has status reasons of its own.
func TestReopenGivesInProgress(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"option","table":"opportunity","column":"statuscode","value":100000001,"state":0,"label":"Negotiating"}`)
	id := w.opportunity(`"statuscode":2`)
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).is(204)
	w.person(`{"do":"reopen","id":"` + id + `"}`)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 0, "statuscode": 1})
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).is(204)
	w.do("PATCH", "opportunities("+id+")", `{"statecode":0}`).is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"statecode": 0, "statuscode": 1})
}

func TestInactiveRowsCannotBeReferredTo(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	w.person(`{"do":"update","table":"account","id":"` + dataversesim.LoneAccountID + `","columns":{"statecode":1}}`)
	w.person(`{"do":"update","table":"transactioncurrency","id":"` + dataversesim.DollarID + `","columns":{"statecode":1}}`)
	account := `{"parentaccountid@odata.bind":"/accounts(` + dataversesim.LoneAccountID + `)"}`
	dollar := `{"transactioncurrencyid@odata.bind":"/transactioncurrencies(` + dataversesim.DollarID + `)"}`
	w.do("PATCH", path, account).refused(400, "0x80040203")
	w.do("POST", "opportunities", account).refused(400, "0x80040203")
	w.do("PATCH", path, dollar).refused(400, "0x80040203")
	w.do("PUT", path+"/parentaccountid/$ref", `{"@odata.id":"`+api+`accounts(`+dataversesim.LoneAccountID+`)"}`).refused(400, "0x80040203")
	w.do("POST", "LoseOpportunity", closeBody(id, "4", "")).is(204)
	w.create("cosell_solutions", `{"cosell_OpportunityId@odata.bind":"/`+path+`"}`)
	w.do("PATCH", path, `{"statecode":0}`).is(204)
	w.flip("inactiveLookups", "taken")
	w.do("PATCH", path, account).is(204)
	w.do("PATCH", path, dollar).is(204)
}
