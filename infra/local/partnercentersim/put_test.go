package partnercentersim_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// body is a referral as a caller would send it back in a PUT.
func (p *place) body(id string, change ...func(object)) object {
	p.t.Helper()
	b := p.get(id).body
	delete(b, "links")
	for _, c := range change {
		c(b)
	}
	return b
}

func TestPutReplacesTheWholeReferral(t *testing.T) {
	p := newPlace(t)
	own := p.post(deal(set("campaignId", "C1")))
	id := own.text("id")
	body := p.body(id, set("name", "Put"), set("campaignId", nil), set("details/requirements/solutions", []any{solution("SOL-15974-MQF")}),
		set("team", []any{member("Zoe")}), set("@odata.context", nil))
	for _, name := range []string{"createdDateTime", "organizationId", "trackingInfo", "eTag"} { // what the server keeps may be left out
		delete(body, name)
	}
	a := p.call("PUT", referrals+"/"+id, body, "If-Match", own.text("eTag"))
	p.want(a, 200, "")
	if a.text("name") != "Put" || a.body["campaignId"] != nil || a.text("eTag") == own.text("eTag") || a.header.Get("ETag") != a.text("eTag") ||
		a.at("details/requirements/solutions/0/id") != `"SOL-15974-MQF"` || a.at("details/requirements/solutions/1") != "-" || a.at("team/0/firstName") != `"Zoe"` ||
		a.text("createdDateTime") != own.text("createdDateTime") || a.text("organizationId") == "" || a.at("links/self") == "-" {
		t.Error(a.raw)
	}
	if a.header.Get(control.HeaderBefore) != own.text("eTag") || a.header.Get(control.HeaderAfter) != a.text("eTag") {
		t.Error("the wire was not told the versions")
	}
}

func TestPutNeedsTheVersionAndNoLinks(t *testing.T) {
	p := newPlace(t)
	own := p.post(deal())
	address := referrals + "/" + own.text("id")
	for status := range map[string]bool{"412": true, "428": true, "400": true} {
		p.turn("putWithoutIfMatch", status)
		want := map[string]int{"412": 412, "428": 428, "400": 400}[status]
		p.want(p.call("PUT", address, p.body(own.text("id"))), want, "ifMatchMissing")
	}
	p.want(p.call("PUT", address, p.get(own.text("id")).body, "If-Match", own.text("eTag")), 400, "links")
	p.want(p.call("PUT", address, "[]", "If-Match", own.text("eTag")), 400, "body")
	p.patch(own.text("id"), []object{replace("/name", "Other")})
	p.want(p.call("PUT", address, p.body(own.text("id")), "If-Match", own.text("eTag")), 412, "resourceModified")
	p.want(p.call("PUT", address, p.body(own.text("id"), set("name", "Mine")), "If-Match", "*"), 200, "")
	p.turn("put", "refuse")
	p.want(p.call("PUT", address, p.body(own.text("id")), "If-Match", "*"), 405, "methodNotAllowed")
}

func TestPutObeysTheRulesOfPatch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal(shared)).text("id")
	put := func(change ...func(object)) answer {
		return p.call("PUT", referrals+"/"+id, p.body(id, change...), "If-Match", "*")
	}
	p.want(put(set("mpnId", "1")), 400, "readOnlyProperty")
	p.want(put(set("details/dealValue", 0)), 400, "validationFailed")
	p.want(put(set("details/dealValue", "much")), 400, "invalidProperty")
	p.want(put(set("team", nil)), 400, "validationFailed")
	p.want(put(set("consent/consentToShareReferralWithMicrosoftSellers", false)), 400, "consentCannotBeWithdrawn")
	p.want(put(set("customerProfile/team", []any{member("Eve")})), 400, "readOnlyAfterSharing")
	p.want(put(set("status", "New"), set("substatus", "Pending")), 400, "invalidStatusTransition")
	p.turn("readOnlyPatch", "ignore")
	if a := put(set("mpnId", "1")); a.status != 200 || a.at("mpnId") != "null" {
		t.Error(a.raw)
	}
	p.want(put(set("status", "Closed"), set("substatus", "Won")), 200, "")
	p.want(put(set("name", "x")), 400, "referralClosed")
	ms := p.do("/user", object{"do": "create", "help": "GeneralOrOther"}).text("microsoftId")
	p.want(p.call("PUT", referrals+"/"+ms, p.body(ms), "If-Match", "*"), 403, "notYours")
}

func TestWholeArraysAreSetOrRefusedBySwitch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	arrays := map[string]any{"/details/requirements/solutions": []any{solution("SOL-15974-MQF")}, "/team": []any{member("Zoe")}, "/customerProfile/team": []any{member("Eve")}}
	for path, value := range arrays {
		p.want(p.patch(id, []object{replace(path, value)}), 204, "")
	}
	p.turn("arrayReplace", "refuse")
	for path, value := range arrays {
		p.want(p.patch(id, []object{replace("/details/notes", "x"), replace(path, value)}), 400, "invalidOperation")
		p.want(p.patch(id, []object{{"op": "add", "path": path, "value": value}}), 400, "invalidOperation")
	}
	p.want(p.patch(id, []object{{"op": "add", "path": "/details/requirements/solutions/-", "value": solution("SOL-12345-ABC")}, replace("/team/0/firstName", "Ann")}), 204, "")
	a := p.call("PUT", referrals+"/"+id, p.body(id, set("details/requirements/solutions", []any{solution("SOL-12345-ABC")})), "If-Match", "*")
	if p.want(a, 200, ""); a.at("details/requirements/solutions/1") != "-" {
		t.Errorf("PUT is the way to drop a solution: %s", a.raw)
	}
	p.do("/user", object{"do": "update", "id": id, "changes": object{"/team": []any{member("Kim")}}}) // the portal does not patch
}

func TestPathsThatTheConnectorDoesNotOfferAreRefusedBySwitch(t *testing.T) {
	for _, c := range []struct {
		path     string
		value    any
		offered  bool
		readOnly bool
	}{
		{"/name", "New", false, false},
		{"/favorite", true, false, false},
		{"/inviteContext/notes", "Please.", false, false},
		{"/details/requirements/additionalRequirements/attributes", deal()["details"].(object)["requirements"].(object)["additionalRequirements"].(object)["attributes"], false, false},
		{"/team/0/email", "new@northwind.example", false, false},
		{"/details/requirements/solutions/0/name", "New", false, false},
		{"/details", object{"notes": "n", "dealValue": 1, "currency": "EUR", "closingDateTime": "2026-09-30T00:00:00Z", "requirements": deal()["details"].(object)["requirements"]}, false, false},
		{"/campaignId", "C", true, false},
		{"/Details/DealValue", 7, true, false},
		{"/details/currency", "USD", true, false},
		{"/details/closingDateTime", "2026-10-30T00:00:00Z", true, false},
		{"/details/notes", "n", true, false},
		{"/details/requirements/solutions", []any{solution("SOL-15974-MQF")}, true, false},
		{"/team", []any{member("Zoe")}, true, false},
		{"/externalReferenceId", "x", true, false},
		{"/referralProgram", "x", true, false},
		{"/salesStage", "40", true, false},
		{share, true, true, false},
		{"/mpnId", "1", false, true},
	} {
		alone, together := []object{replace(c.path, c.value)}, []object{replace("/details/notes", "together"), replace(c.path, c.value)}
		for position, want := range map[string][2]bool{"any": {true, true}, "connector": {c.offered, c.offered}, "alone": {true, c.offered}} {
			p := newPlace(t)
			p.turn("patchPaths", position)
			for i, steps := range [][]object{alone, together} {
				id := p.post(deal()).text("id")
				a := p.patch(id, steps)
				ok := want[i] && !c.readOnly
				if (a.status == 204) != ok || !ok && !c.readOnly && a.text("error/innerError/code") != "pathNotOffered" {
					t.Errorf("%s, %s, %d steps: %d %s", c.path, position, len(steps), a.status, a.raw)
				}
				if i == 1 && !ok && p.get(id).text("details/notes") == "together" {
					t.Errorf("%s, %s: half of the PATCH was done", c.path, position)
				}
			}
		}
	}
	p := newPlace(t)
	p.turn("patchPaths", "connector")
	id := p.post(deal()).text("id")
	p.do("/user", object{"do": "update", "id": id, "changes": object{"/name": "By the portal"}})
	p.want(p.patch(id, []object{replace("/surprise", 1)}), 400, "invalidPath")
}
