package partnercentersim_test

import (
	"strings"
	"testing"
)

func TestLocationOfADeal(t *testing.T) {
	p := newPlace(t)
	if got := p.post(deal(set("mpnId", "999"))); got.text("mpnId") != "999" {
		t.Error(got.raw)
	}
	p.turn("locations", "known")
	if a := p.want(p.call("POST", referrals, deal(set("mpnId", "999"))), 400, "validationFailed"); !strings.Contains(a.raw, "1234567, 7654321") {
		t.Error(a.raw)
	}
	id := p.post(deal(set("mpnId", "7654321"))).text("id")
	p.want(p.patch(id, []object{replace("/mpnId", "1234567")}), 400, "readOnlyProperty")
	if got := p.post(deal()); got.at("mpnId") != "null" {
		t.Error(got.raw)
	}
	p.turn("fillLocation", true)
	if got := p.post(deal()); got.text("mpnId") != "1234567" {
		t.Error(got.raw)
	}
	if list := p.tell("GET", "/records", nil).at("locations"); list != `["1234567","7654321"]` {
		t.Error(list)
	}
}

func TestNumberOfTheCustomer(t *testing.T) {
	p := newPlace(t)
	duns := func(id string) func(object) {
		return set("customerProfile/ids", []any{object{"profileType": "Duns", "id": id}, object{"profileType": "External", "id": "6-ABC"}})
	}
	if got := p.post(deal(duns("12-345"))); got.at("customerProfile/ids/0/id") != `"12-345"` || got.at("customerProfile/ids/1/profileType") != `"External"` {
		t.Error(got.raw)
	}
	p.turn("formats", "checked")
	p.want(p.call("POST", referrals, deal(duns("12-345"))), 400, "validationFailed")
	p.post(deal(duns("123456789")))
}

func TestSolutionAssessmentKeepsItsSalesStage(t *testing.T) {
	p := newPlace(t)
	id := p.do("/seller", object{"do": "invite", "kind": "assessment"}).text("id")
	got := p.get(id)
	if got.text("referralProgram") != "SolutionAssessment" || got.text("salesStage") != "10" || got.text("type") != "Shared" || got.at("details/requirements/offers/0/id") != `"assessment"` {
		t.Error(got.raw)
	}
	p.do("/user", object{"do": "accept", "id": id})
	p.want(p.patch(id, []object{replace("/salesStage", "")}), 400, "validationFailed")
	p.want(p.patch(id, []object{replace("/salesStage", "40")}), 204, "")
	ordinary := p.post(deal()).text("id")
	p.want(p.patch(ordinary, []object{replace("/salesStage", "")}), 204, "")
	for _, bad := range []object{{"do": "invite", "kind": "qualified"}, {"do": "upgrade", "kind": "assessment", "id": id}} {
		if a := p.tell("POST", "/seller", bad); a.status != 400 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
}

func TestRoleMayHoldForOneLocation(t *testing.T) {
	p := newPlace(t)
	here, there, nowhere := p.post(deal(set("mpnId", "1234567"))).text("id"), p.post(deal(set("mpnId", "7654321"))).text("id"), p.post(deal()).text("id")
	p.turn("roleLocations", "first")
	p.want(p.call("GET", referrals+"/"+there, nil), 403, "notOnTeam")
	p.want(p.patch(there, []object{replace("/name", "x")}), 403, "notOnTeam")
	for _, id := range []string{here, nowhere} {
		p.want(p.patch(id, []object{replace("/name", "x")}), 204, "")
	}
	if list, _ := p.call("GET", referrals, nil).body["value"].([]any); len(list) != 2 {
		t.Errorf("%d are listed", len(list))
	}
	p.want(p.call("POST", referrals, deal(set("mpnId", "7654321"))), 403, "locationScope")
	p.post(deal(set("mpnId", "1234567")))
	p.do("/user", object{"do": "create", "referral": object{"mpnId": "7654321"}}) // people in the portal have roles of their own
}
