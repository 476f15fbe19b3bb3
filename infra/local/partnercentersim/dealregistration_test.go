package partnercentersim_test

import (
	"strings"
	"testing"
	"time"
)

// wonDeal is a partner-led deal that was won after 73 hours.
func (p *place) wonDeal(change ...func(object)) string {
	p.t.Helper()
	id := p.post(deal(append([]func(object){shared}, change...)...)).text("id")
	p.pass(73 * time.Hour)
	p.want(p.patch(id, state("Closed", "Won")), 204, "")
	return id
}

// contract is a registration as the published connector sends it.
func contract(change ...func(object)) []object {
	value := object{"type": "AzureIPCoSell",
		"contract": object{"value": 85000, "currency": "EUR", "term": "Finite", "signDateTime": "2026-03-04T00:00:00Z", "startDateTime": "2026-03-04T00:00:00Z", "endDateTime": "2027-03-03T00:00:00Z"},
		"solutionDetails": []any{object{"id": "SOL-12345-ABC", "value": 80000, "currency": "EUR", "isDeployedOnAzure": true, "primaryDeploymentOn": "Customer", "pricingModel": "Other",
			"marketplaceTransactionDetails": object{"isMarketplaceTransacted": false}}}}
	for _, c := range change {
		c(value)
	}
	return []object{{"op": "add", "path": "/registrations/-", "value": value}}
}

func TestWonDealIsRegisteredAndReviewed(t *testing.T) {
	p := newPlace(t)
	p.call("PUT", hooks, registration())
	id := p.wonDeal()
	p.collect(200)
	p.want(p.patch(id, contract(), "Prefer", "return=representation"), 200, "")
	got := p.get(id)
	for path, want := range map[string]string{"registrationStatus": `"ReviewPending"`, "registrations/0/status": `"ReviewPending"`, "registrations/0/contract/value": "85000.0",
		"registrations/0/solutionDetails/0/pricingModel": `"Other"`, "registrations/0/statusHistory/approvedDateTime": "null", "registrations/1": "-", "status": `"Closed"`} {
		if got.at(path) != want {
			t.Errorf("%s is %s, not %s", path, got.at(path), want)
		}
	}
	if got.at("registrations/0/id") == "null" || got.at("registrations/0/statusHistory/reviewPendingDateTime") == "null" || got.at("registrations/0/registrationDateTime") == "null" {
		t.Error(got.at("registrations"))
	}
	if list := names(t, p.collect(200)); len(list) != 1 || list[0] != "referral-updated "+id {
		t.Error(list)
	}
	p.want(p.patch(id, contract()), 400, "alreadyRegistered")
	p.do("/seller", object{"do": "registration", "id": id, "status": "ActionRequired", "reason": "The end is wrong"})
	if got := p.get(id); got.text("registrationStatus") != "ActionRequired" || got.at("registrations/0/statusReason") != `"The end is wrong"` {
		t.Error(got.at("registrations"))
	}
	p.want(p.patch(id, []object{replace("/registrations/0/contract/endDateTime", "2027-06-30T00:00:00Z"), replace("/registrations/0/solutionDetails/0/isDeployedOnAzure", false)}), 204, "")
	if got := p.get(id); got.text("registrationStatus") != "ReviewPending" || got.at("registrations/0/contract/endDateTime") != `"2027-06-30T00:00:00Z"` || got.at("registrations/0/solutionDetails/0/isDeployedOnAzure") != "false" {
		t.Error(got.at("registrations"))
	}
	p.do("/seller", object{"do": "registration", "id": id, "status": "Approved"})
	if got := p.get(id); got.text("registrationStatus") != "Approved" || got.at("registrations/0/statusHistory/approvedDateTime") == "null" {
		t.Error(got.at("registrations"))
	}
	p.want(p.patch(id, []object{replace("/registrations/0/contract/value", 90000)}), 400, "validationFailed")
	p.do("/seller", object{"do": "registration", "id": id, "status": "Failed"})
	p.want(p.patch(id, contract()), 204, "")
}

func TestRegistrationNeedsAnEligibleDeal(t *testing.T) {
	p := newPlace(t)
	refused := func(id, text string) {
		t.Helper()
		if a := p.want(p.patch(id, contract()), 400, "validationFailed"); !strings.Contains(a.text("error/message"), text) {
			t.Error(a.raw)
		}
	}
	open := p.post(deal(shared)).text("id")
	refused(open, "Closed/Won")
	p.patch(open, state("Closed", "Won"))
	refused(open, "72 hours")
	refused(p.wonDeal(set("details/dealValue", 24999)), "at least 25000")
	refused(p.wonDeal(set("details/requirements/solutions", []any{solution("SOL-15974-MQF")})), "eligible")
	private := p.post(deal()).text("id")
	p.pass(73 * time.Hour)
	p.patch(private, state("Closed", "Won"))
	refused(private, "private")
	p.turn("managedCustomers", false)
	refused(p.wonDeal(), "manages")
	p.turn("managedCustomers", true)
	co := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	p.pass(73 * time.Hour)
	p.do("/user", object{"do": "win", "id": co.text("id")})
	refused(co.text("id"), "Microsoft's referral")
	p.do("/seller", object{"do": "accept", "id": co.text("id")})
	p.do("/user", object{"do": "register", "id": co.text("id"), "registration": contract(set("contract/signDateTime", p.time().Format(time.RFC3339)), set("contract/startDateTime", "2026-03-25T00:00:00Z"))[0]["value"]})
	p.want(p.patch(co.text("microsoftId"), contract()), 403, "notYours")
	p.turn("dealRegistration", "refuse")
	p.want(p.patch(open, contract()), 400, "invalidPath")
}

func TestRegistrationChecksTheContract(t *testing.T) {
	p := newPlace(t)
	id := p.wonDeal()
	for path, bad := range map[string]any{"contract/signDateTime": "2026-03-20T00:00:00Z", "contract/startDateTime": "2025-11-01T00:00:00Z", "contract/endDateTime": "2026-03-01T00:00:00Z",
		"contract/currency": "Euro", "contract/value": 20000, "contract/term": nil, "type": nil, "solutionDetails": []any{}} {
		a := p.want(p.patch(id, contract(set(path, bad))), 400, "validationFailed")
		if !strings.Contains(a.text("error/message"), "registrations/0/"+path) {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
	p.want(p.patch(id, contract(set("contract/signDateTime", "2026-03-01T00:00:00Z"))), 400, "validationFailed") // before the deal
	p.want(p.patch(id, contract(set("contract/value", 60000), set("contract/endDateTime", "2029-03-03T00:00:00Z"))), 400, "validationFailed")
	p.want(p.patch(id, contract(set("contract/value", 100000), set("contract/term", "Perpetual"))), 400, "validationFailed")
	p.want(p.patch(id, contract(set("contract/term", "Forever"))), 400, "invalidProperty")
	for name, bad := range map[string]any{"id": "SOL-22222-DEF", "value": 90000, "pricingModel": nil, "isDeployedOnAzure": nil} {
		change := func(v object) { set(name, bad)(v["solutionDetails"].([]any)[0].(object)) }
		p.want(p.patch(id, contract(change)), 400, "validationFailed")
	}
	p.want(p.patch(id, []object{replace("/registrations/0/status", "Approved")}), 400, "invalidPath")
	p.want(p.patch(id, []object{replace("/registrations", []any{})}), 400, "invalidPath")
	p.want(p.patch(id, append(contract(), replace("/details/notes", "x"))), 400, "referralClosed")
	p.want(p.patch(p.post(deal(shared)).text("id"), append(contract(), replace("/details/notes", "x"))), 400, "invalidOperation")
	p.want(p.patch(id, contract(set("contract/value", 160000), set("contract/term", "Perpetual"), set("contract/endDateTime", nil))), 204, "")
	for _, bad := range []object{{"do": "registration", "id": id, "status": "Maybe"}, {"do": "registration", "id": p.post(deal()).text("id"), "status": "Passed"}} {
		if a := p.tell("POST", "/seller", bad); a.status != 400 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
	p.turn("strict", false)
	p.want(p.patch(p.post(deal()).text("id"), contract()), 204, "")
}

func TestRefusedArrayHasTheStatusOfTheSwitch(t *testing.T) {
	p := newPlace(t)
	p.turn("arrayReplace", "refuse")
	id := p.post(deal()).text("id")
	for position, status := range map[string]int{"409": 409, "422": 422, "400": 400} {
		p.turn("arrayReplaceStatus", position)
		p.want(p.patch(id, []object{replace("/team", []any{member("Zoe")})}), status, "invalidOperation")
	}
}
