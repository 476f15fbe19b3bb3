package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func (w *world) allow(table, operation string, allowed bool) {
	w.Helper()
	w.privileges(`{"table":"` + table + `","operation":"` + operation + `","allowed":` + map[bool]string{true: "true", false: "false"}[allowed] + `}`)
}

func (w *world) privileges(body string) {
	w.Helper()
	w.ctl("POST", "/privileges", body).is(200)
}

// TestPrivilegesAreMissedInTheWordsOfTheSystem takes one right after the other and gives it back.
func TestPrivilegesAreMissedInTheWordsOfTheSystem(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	bind := `{"parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"}`
	owner := `{"ownerid@odata.bind":"/systemusers(` + dataversesim.SellerID + `)"}`
	for _, c := range []struct{ table, operation, prv, method, path, body string }{
		{"opportunity", "write", "prvWriteOpportunity", "PATCH", path, `{"name":"x"}`},
		{"opportunity", "write", "prvWriteOpportunity", "POST", "LoseOpportunity", closeBody(w.opportunity(""), "4", "")},
		{"opportunity", "create", "prvCreateOpportunity", "POST", "opportunities", `{"name":"x"}`},
		{"opportunity", "create", "prvCreateOpportunity", "PATCH", "opportunities(" + unknownID + ")", `{"name":"x"}`},
		{"opportunity", "read", "prvReadOpportunity", "GET", path, ""},
		{"opportunity", "read", "prvReadOpportunity", "GET", "opportunities?$select=name", ""},
		{"opportunity", "read", "prvReadOpportunity", "GET", "opportunities/$count", ""},
		{"opportunity", "read", "prvReadOpportunity", "GET", path + "/name", ""},
		{"account", "read", "prvReadAccount", "GET", path + "?$expand=parentaccountid($select=name)", ""},
		{"account", "read", "prvReadAccount", "GET", "opportunities?$filter=parentaccountid/name eq 'x'", ""},
		{"systemuser", "read", "prvReadUser", "GET", "systemusers", ""},
		{"transactioncurrency", "read", "prvReadTransactionCurrency", "GET", "transactioncurrencies", ""},
		{"opportunity", "delete", "prvDeleteOpportunity", "DELETE", "opportunities(" + w.opportunity("") + ")", ""},
		{"opportunity", "append", "prvAppendOpportunity", "PATCH", path, bind},
		{"account", "appendTo", "prvAppendToAccount", "PATCH", path, bind},
		{"account", "appendTo", "prvAppendToAccount", "POST", "opportunities", bind},
		{"opportunity", "assign", "prvAssignOpportunity", "PATCH", path, owner},
		{"opportunity", "assign", "prvAssignOpportunity", "POST", "opportunities", owner},
		{"activitypointer", "create", "prvCreateActivity", "POST", "WinOpportunity", closeBody(w.opportunity(""), "3", "")},
		{"opportunityclose", "append", "prvAppendActivity", "POST", "WinOpportunity", closeBody(w.opportunity(""), "3", "")},
		{"cosell_solution", "create", "prvCreatecosell_Solution", "POST", "cosell_solutions", `{"cosell_name":"x"}`},
		{"entity", "read", "prvReadEntity", "GET", "EntityDefinitions(LogicalName='opportunity')", ""},
	} {
		w.allow(c.table, c.operation, false)
		r := w.do(c.method, c.path, c.body)
		if r.status != 403 || r.error()["code"] != "0x80040220" || !strings.Contains(r.text, " is missing "+c.prv+" privilege ") {
			t.Errorf("%s %s without %s: %d %s", c.method, c.path, c.prv, r.status, r.text)
		}
		w.allow(c.table, c.operation, true)
		if r := w.do(c.method, c.path, c.body); r.status >= 300 {
			t.Errorf("%s %s with %s: %d %s", c.method, c.path, c.prv, r.status, r.text)
		}
	}
	if r := w.ctl("GET", "/privileges", "").is(200); !strings.Contains(r.text, `"denied":{}`) {
		t.Errorf("rights are still taken: %s", r.text)
	}
}

func TestAMissingPrivilegeDoesNotBindPeople(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.allow("opportunity", "write", false)
	w.ctl("POST", "/user", `{"do":"update","table":"opportunity","id":"`+id+`","columns":{"name":"x"}}`).is(200)
	w.do("PATCH", "opportunities("+id+")", `{"name":"y"}`).is(403)
	w.do("GET", "opportunities("+id+")", "").is(200).has(map[string]any{"name": "x"})
	w.ctl("POST", "/reset", "").is(200)
	w.do("PATCH", "accounts("+dataversesim.AccountID+")", `{"name":"y"}`).is(204)
}

// TestARecordCanBeClosedToTheUser: the table is allowed, one row is not, and the text says so.
func TestARecordCanBeClosedToTheUser(t *testing.T) {
	w := newWorld(t)
	id, other := w.opportunity(""), w.opportunity("")
	w.privileges(`{"table":"opportunity","id":"` + id + `","operation":"write","allowed":false}`)
	r := w.do("PATCH", "opportunities("+id+")", `{"name":"x"}`).refused(403, "0x80048306")
	if want := "does not have WriteAccess right(s) for record with id " + id + " of entity opportunity"; !strings.Contains(r.text, want) || strings.Contains(r.text, "prv") {
		t.Error(r.text)
	}
	w.do("PATCH", "opportunities("+other+")", `{"name":"x"}`).is(204)
	w.do("GET", "opportunities("+id+")", "").is(200)
	w.privileges(`{"table":"opportunity","id":"` + id + `","operation":"read","allowed":false}`)
	w.do("GET", "opportunities("+id+")", "").refused(403, "0x80048306")
	if got := w.do("GET", "opportunities", "").column("opportunityid"); got != other {
		t.Errorf("the list shows %s, want %s alone", got, other)
	}
	w.privileges(`{"table":"account","id":"` + dataversesim.AccountID + `","operation":"appendTo","allowed":false}`)
	w.do("PATCH", "opportunities("+other+")", `{"parentaccountid@odata.bind":"/accounts(`+dataversesim.AccountID+`)"}`).refused(403, "0x80048306")
	w.privileges(`{"table":"opportunity","id":"` + id + `","operation":"write","allowed":true}`)
	w.do("PATCH", "opportunities("+id+")", `{"name":"x"}`).is(204)
}

// TestSecuredColumns: the row may be written, one column may not, and the answer does not say which.
func TestSecuredColumns(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":5`)
	path := "opportunities(" + id + ")"
	deny := func(operation string) {
		w.privileges(`{"table":"opportunity","column":"estimatedvalue","operation":"` + operation + `","allowed":false}`)
	}
	deny("write")
	r := w.do("PATCH", path, `{"name":"x","estimatedvalue":6}`).refused(403, "0x8004F507")
	if strings.Contains(r.text, "estimatedvalue") {
		t.Errorf("the answer names the column: %s", r.text)
	}
	w.do("PATCH", path, `{"name":"x"}`).is(204)
	w.opportunity(`"estimatedvalue":6`)
	deny("create")
	w.do("POST", "opportunities", `{"estimatedvalue":6}`).refused(403, "0x8004F504")
	w.do("GET", path, "").has(map[string]any{"estimatedvalue": 5})
	deny("read")
	w.do("GET", path, "").is(200).has(map[string]any{"estimatedvalue": nil, "name": "x"})
	w.do("GET", path+"/estimatedvalue", "").is(204)
	if !strings.Contains(w.ctl("GET", "/records", "").text, `"estimatedvalue":5.0`) {
		t.Error("the records of the control interface hide the value")
	}
	w.definition("opportunity", "estimatedvalue").has(map[string]any{"IsSecured": true})
	w.ctl("POST", "/user", `{"do":"update","table":"opportunity","id":"`+id+`","columns":{"estimatedvalue":7}}`).is(200)
	w.privileges(`{"table":"opportunity","column":"estimatedvalue","operation":"read","allowed":true}`)
	w.do("GET", path, "").has(map[string]any{"estimatedvalue": 7})
	w.ctl("POST", "/privileges", `{"table":"opportunity","column":"nope","operation":"read","allowed":false}`).is(400)
	w.ctl("POST", "/privileges", `{"table":"opportunity","column":"estimatedvalue","operation":"assign","allowed":false}`).is(400)
}

func TestOwnersMustBeAbleToOwn(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	own := func(set, owner string) *reply {
		w.Helper()
		body := `{"ownerid@odata.bind":"/` + set + `(` + owner + `)"}`
		w.do("POST", "opportunities", body)
		return w.do("PATCH", "opportunities("+id+")", body)
	}
	change := func(table, id, columns string) {
		w.Helper()
		w.ctl("POST", "/user", `{"do":"update","table":"`+table+`","id":"`+id+`","columns":`+columns+`}`).is(200)
	}
	change("systemuser", dataversesim.CloserID, `{"isdisabled":true}`)
	own("systemusers", dataversesim.CloserID).refused(400, "0x80041d1f")
	change("systemuser", dataversesim.CloserID, `{"isdisabled":false,"islicensed":false}`)
	own("systemusers", dataversesim.CloserID).refused(403, "0x80042f0a")
	change("systemuser", dataversesim.CloserID, `{"islicensed":true}`)
	own("systemusers", dataversesim.CloserID).is(204)
	w.privileges(`{"user":"` + dataversesim.SellerID + `","allowed":false}`)
	own("systemusers", dataversesim.SellerID).refused(403, "0x80042f09")
	w.privileges(`{"user":"` + dataversesim.TeamID + `","allowed":false}`)
	own("teams", dataversesim.TeamID).refused(403, "0x80042f09")
	w.privileges(`{"user":"` + dataversesim.TeamID + `","allowed":true}`)
	own("teams", dataversesim.TeamID).is(204)
	access := w.ctl("POST", "/user", `{"do":"create","table":"team","columns":{"name":"Access","teamtype":1}}`).is(200).json["id"].(string)
	own("teams", access).is(400)
	own("systemusers", unknownID).refused(404, "0x80040217")
	w.ctl("POST", "/user", `{"do":"update","table":"opportunity","id":"`+id+`","columns":{"ownerid@odata.bind":"/systemusers(`+dataversesim.SellerID+`)"}}`).is(400)
}

func TestPrivilegeCallsAreStrict(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"table":"opportunity","operation":"write"}`:                                                      "allowed",
		`{"table":"oportunity","operation":"write","allowed":false}`:                                       "there is no table",
		`{"table":"opportunity","operation":"share","allowed":false}`:                                      "operation",
		`{"table":"opportunity","operation":"write","allowed":false,"who":"x"}`:                            "who",
		`{"table":"opportunity","operation":"write","allowed":false,"id":"` + unknownID + `"}`:             "no such row",
		`{"user":"` + unknownID + `","allowed":false}`:                                                     "no systemuser",
		`{"user":"` + dataversesim.SellerID + `","table":"opportunity","allowed":false}`:                   "of a person a table and an operation",
		`{"user":"` + dataversesim.SellerID + `","operation":"write","allowed":false}`:                     "leave",
		`{"user":"` + dataversesim.TeamID + `","table":"opportunity","operation":"write","allowed":false}`: "it is a person",
	} {
		if r := w.ctl("POST", "/privileges", body).is(400); !strings.Contains(r.text, want) {
			t.Errorf("%s: %s, want %q", body, r.text, want)
		}
	}
}

// What one person may do is told of that person, and of nobody else.
func TestOnePrivilegeOfOnePerson(t *testing.T) {
	w := newWorld(t)
	may := func(user, privilege string) bool {
		w.Helper()
		return strings.Contains(w.do("GET", "systemusers("+user+")/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()", "").is(200).text, `"`+privilege+`"`)
	}
	w.privileges(`{"user":"` + dataversesim.SellerID + `","table":"opportunity","operation":"append","allowed":false}`)
	if may(dataversesim.SellerID, "prvAppendOpportunity") || !may(dataversesim.SellerID, "prvWriteOpportunity") || !may(dataversesim.CloserID, "prvAppendOpportunity") {
		t.Error("it was taken from another, or was another")
	}
	if got := w.ctl("GET", "/privileges", "").is(200).text; !strings.Contains(got, `"`+dataversesim.SellerID+` opportunity":["append"]`) {
		t.Error(got)
	}
	w.privileges(`{"user":"` + dataversesim.SellerID + `","table":"opportunity","operation":"append","allowed":true}`)
	if !may(dataversesim.SellerID, "prvAppendOpportunity") {
		t.Error("it was not given back")
	}
}
