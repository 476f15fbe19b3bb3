package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func (w *world) rule(body string) {
	w.Helper()
	w.ctl("POST", "/rules", body).is(200)
}

// TestRulesRefuseEveryWayOfWriting has one case for each path by which the Web API writes.
func TestRulesRefuseEveryWayOfWriting(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"estimatedvalue":5`)
	path := "opportunities(" + id + ")"
	sol := w.create("cosell_solutions", `{"cosell_name":"s"}`)
	plug := func(match string) func() {
		w.rule(`{"match":` + match + `,"message":"Choose a territory"}`)
		return func() { w.ctl("DELETE", "/rules", "").is(200) }
	}
	for _, c := range []struct{ name, match, method, path, body string }{
		{"update", `{"table":"opportunity","column":"estimatedvalue","value":"zero"}`, "PATCH", path, `{"estimatedvalue":0,"name":"n"}`},
		{"negative", `{"column":"estimatedvalue","value":"negative"}`, "PATCH", path, `{"estimatedvalue":-500}`},
		{"text", `{"column":"name","value":"^.{41,}$"}`, "PATCH", path, `{"name":"` + strings.Repeat("x", 41) + `"}`},
		{"empty", `{"column":"description","value":"empty"}`, "PATCH", path, `{"description":""}`},
		{"upsert", `{"method":"PATCH","table":"account","column":"accountnumber","value":"empty"}`, "PATCH", "accounts(" + unknownID + ")", `{"name":"x"}`},
		{"create", `{"method":"POST","table":"account","column":"accountnumber","value":"empty"}`, "POST", "accounts", `{"name":"x"}`},
		{"deep insert", `{"table":"cosell_solution","column":"cosell_name","value":"^bad"}`, "POST", "opportunities", `{"name":"x","cosell_opportunity_solution":[{"cosell_name":"bad one"}]}`},
		{"child of a collection", `{"table":"cosell_solution"}`, "POST", path + "/cosell_opportunity_solution", `{"cosell_name":"x"}`},
		{"link", `{"column":"cosell_opportunityid"}`, "POST", path + "/cosell_opportunity_solution/$ref", `{"@odata.id":"` + api + `cosell_solutions(` + sol + `)"}`},
		{"single property", `{"column":"name"}`, "PUT", path + "/name", `{"value":"y"}`},
		{"property deleted", `{"column":"name","value":"empty"}`, "DELETE", path + "/name", ""},
		{"lookup", `{"column":"parentcontactid"}`, "PUT", path + "/parentcontactid/$ref", `{"@odata.id":"` + api + `contacts(` + dataversesim.ContactID + `)"}`},
		{"bound lookup", `{"column":"parentcontactid","value":"` + dataversesim.ContactID + `"}`, "PATCH", path, `{"parentcontactid@odata.bind":"/contacts(` + dataversesim.ContactID + `)"}`},
		{"delete", `{"method":"DELETE","table":"opportunity"}`, "DELETE", path, ""},
		{"url", `{"url":"opportunities\\(` + id + `"}`, "PATCH", path, `{"name":"z"}`},
		{"win", `{"table":"opportunity","column":"statecode","value":"^1$"}`, "POST", "WinOpportunity", closeBody(id, "3", "")},
		{"lose", `{"url":"LoseOpportunity$"}`, "POST", "LoseOpportunity", closeBody(id, "4", "")},
		{"activity of a close", `{"table":"opportunityclose","column":"actualrevenue","value":"zero"}`, "POST", "WinOpportunity", closeBody(id, "3", `,"actualrevenue":0`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer plug(c.match)()
			before := w.ctl("GET", "/records", "").text
			r := w.do(c.method, c.path, c.body).refused(400, "0x80040265")
			if r.error()["message"] != "Choose a territory" {
				t.Errorf("text: %s", r.text)
			}
			if w.ctl("GET", "/records", "").text != before {
				t.Error("a refused write left traces")
			}
		})
	}
}

func TestRulesRefuseInsideBatches(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.rule(`{"match":{"table":"opportunity","column":"name","value":"^bad"},"message":"No"}`)
	r := w.batch(batchOf("set:" + post("accounts", `{"name":"Half"}`) + "&&" + post("opportunities", `{"name":"bad"}`))).is(400)
	if !strings.Contains(r.text, "0x80040265") {
		t.Error(r.text)
	}
	if got := w.do("GET", "accounts/$count?$filter=name eq 'Half'", "").text; got != "0" {
		t.Error("the change set was not rolled back")
	}
	w.do("PATCH", "opportunities("+id+")", `{"name":"good"}`).is(204)
}

func TestRulesSayTheirOwnAnswer(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	w.rule(`{"match":{"column":"name"},"status":403,"code":"0x80040220","message":"Not you","field":true,"times":1}`)
	r := w.do("PATCH", path, `{"name":"x"}`).refused(403, "0x80040220")
	if r.error()["message"] != "Not you (attribute 'name' of entity 'opportunity')" {
		t.Error(r.text)
	}
	w.do("PATCH", path, `{"name":"x"}`).is(204)
	w.rule(`{"match":{"column":"name"}}`)
	w.do("PATCH", path, `{"description":"other columns pass"}`).is(204)
	w.do("GET", path, "").is(200)
	w.ctl("POST", "/user", `{"do":"update","table":"opportunity","id":"`+id+`","columns":{"name":"people are not asked"}}`).is(200)
	w.do("PATCH", path, `{"name":"y"}`).refused(400, "0x80040265")
	w.ctl("DELETE", "/rules", "").is(200)
	w.do("PATCH", path, `{"name":"y"}`).is(204)
	w.ctl("POST", "/rules", `{"match":{"path":"details/dealValue"}}`).is(400)
}
