package partnercentersim_test

import (
	"strings"
	"testing"
	"time"
)

func (p *place) lead(kind string, change ...object) string {
	p.t.Helper()
	body := object{"do": "lead"}
	if kind != "" {
		body["kind"] = kind
	}
	for _, c := range change {
		body["referral"] = c
	}
	a := p.do("/seller", body)
	if a.text("microsoftId") != "" {
		p.t.Errorf("a lead came with a referral of Microsoft: %s", a.raw)
	}
	return a.text("id")
}

func TestMarketplaceLeadIsAnInquiryWithItsContact(t *testing.T) {
	p := newPlace(t)
	p.call("PUT", hooks, registration())
	id := p.lead("")
	got := p.get(id)
	for path, want := range map[string]string{"status": `"New"`, "substatus": `"Pending"`, "type": `"Independent"`, "qualification": `"Direct"`, "name": "null",
		"inviteContext/invitedBy/organizationId": `"msft"`, "inviteContext/assistanceRequestCode": `"Unknown"`, "target/0/type": `"BusinessProfileLocation"`,
		"details/dealValue": "null", "details/closingDateTime": "null", "details/customerRequestedContact": "true", "campaignId": `"MKT-SPRING"`, "callToAction": `"ContactMe"`,
		"customerProfile/team/0/firstName": `"Robin"`, "customerProfile/team/0/lastName": `"Example"`, "customerProfile/team/0/phoneNumber": `"+441135550100"`,
		"customerProfile/team/0/email": `"robin@adventureworks.example"`, "customerProfile/team/0/title": `"Head of IT"`, "customerProfile/team/0/contactPreference/locale": `"en-gb"`} {
		if got.at(path) != want {
			t.Errorf("%s is %s, not %s", path, got.at(path), want)
		}
	}
	if strings.Contains(got.at("target"), "msft") {
		t.Error("a lead has the target Microsoft")
	}
	if list := names(t, p.collect(200)); len(list) != 1 || list[0] != "referral-created "+id {
		t.Error(list)
	}
	p.turn("leadInviter", "none")
	if a := p.get(p.lead("marketplace")); a.at("inviteContext/invitedBy") != "null" {
		t.Error(a.at("inviteContext"))
	}
}

func TestQualifiedLeadHasAValueAndComesFromMicrosoft(t *testing.T) {
	p := newPlace(t)
	p.turn("leadInviter", "none") // binds the marketplace alone
	got := p.get(p.lead("qualified"))
	if got.text("qualification") != "SalesQualified" || got.text("type") != "Independent" || got.text("inviteContext/invitedBy/organizationId") != "msft" ||
		got.at("details/dealValue") != "24000.0" || got.at("details/requirements/solutions/0/id") != `"SOL-12345-ABC"` {
		t.Error(got.raw)
	}
	if m := p.get(p.lead("qualified", object{"qualification": "MarketingQualified"})); m.text("qualification") != "MarketingQualified" {
		t.Error(m.raw)
	}
	for _, bad := range []object{{"do": "lead", "kind": "hot"}, {"do": "invite", "kind": "qualified"}} {
		if a := p.tell("POST", "/seller", bad); a.status != 400 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
}

func TestLeadIsAcceptedInThePortalAndBecomesADeal(t *testing.T) {
	p := newPlace(t)
	id := p.lead("")
	p.want(p.call("POST", referrals, forMicrosoft(p.get(id).text("engagementId"))), 400, "acceptFirst")
	p.do("/user", object{"do": "accept", "id": id, "changes": object{"/details/dealValue": 12000}})
	got := p.get(id)
	if got.text("status") != "Active" || got.text("qualification") != "Direct" || got.at("details/dealValue") != "12000.0" || got.at("expirationDateTime") != "null" ||
		got.at("details/requirements/solutions") != "[]" {
		t.Error(got.raw)
	}
	p.want(p.patch(id, []object{replace("/details/requirements/solutions", []any{solution("SOL-12345-ABC")}), replace(share, true)}), 204, "")
	if got := p.get(id); got.text("type") != "Shared" {
		t.Error("a shared lead is no shared deal")
	}
	a := p.post(forMicrosoft(got.text("engagementId")))
	if a.text("organizationId") != "msft" {
		t.Error(a.raw)
	}
	p.do("/user", object{"do": "win", "id": id})
	if p.get(id).text("substatus") != "Won" {
		t.Error("not won")
	}
	p.turn("acceptedLead", "deal")
	id = p.lead("")
	p.do("/user", object{"do": "accept", "id": id})
	if got := p.get(id); got.text("qualification") != "SalesQualified" || got.text("inviteContext/invitedBy/organizationName") != "Northwind Consulting" {
		t.Error(got.raw)
	}
}

func TestLeadIsDeclinedOnceAndWithAReason(t *testing.T) {
	p := newPlace(t)
	id := p.lead("")
	closed := []object{replace("/status", "Closed"), replace("/substatus", "Declined")}
	p.want(p.patch(id, closed), 400, "statusReasonRequired")
	p.want(p.patch(id, append(closed, replace("/statusReason", "Not a customer"))), 204, "")
	p.want(p.patch(id, []object{replace("/details/notes", "x")}), 400, "referralClosed")
	if a := p.tell("POST", "/user", object{"do": "accept", "id": id}); a.status != 400 {
		t.Error(a.raw)
	}
}

func TestPatchOfALead(t *testing.T) {
	p := newPlace(t)
	id := p.lead("")
	contact := replace("/customerProfile/team/0/email", "else@adventureworks.example")
	p.want(p.patch(id, []object{replace("/externalReferenceId", "L-1")}), 204, "")
	p.want(p.patch(id, []object{replace("/name", "A good lead"), replace("/details/notes", "n")}), 204, "")
	p.want(p.patch(id, []object{contact}), 400, "readOnlyProperty")
	p.want(p.patch(id, []object{replace("/qualification", "SalesQualified")}), 400, "readOnlyProperty")
	p.turn("leadContacts", "writable")
	p.want(p.patch(id, []object{contact}), 204, "")
	p.turn("pendingEdits", "crmId")
	p.want(p.patch(id, []object{replace("/externalReferenceId", "L-2")}), 204, "")
	p.want(p.patch(id, []object{replace("/name", "Better")}), 400, "acceptFirst")
	p.do("/user", object{"do": "update", "id": id, "changes": object{"/name": "By hand"}})
	p.want(p.patch(id, accepting(whole()...)), 204, "")
	p.want(p.patch(id, []object{replace("/name", "Better")}), 204, "")
}

func TestLeadsAgeAndLoseTheirContact(t *testing.T) {
	listed := func(p *place) int {
		list, _ := p.call("GET", referrals, nil).body["value"].([]any)
		return len(list)
	}
	p := newPlace(t)
	p.turn("expiredContacts", "removed")
	lead, deal := p.lead(""), p.do("/seller", object{"do": "invite"}).text("id")
	p.turn("marketplaceLeads", "unlisted")
	if n := listed(p); n != 2 { // the deal and Microsoft's side of it
		t.Errorf("%d are listed", n)
	}
	p.get(p.lead("qualified"))
	if n := listed(p); n != 3 {
		t.Errorf("%d are listed with a qualified lead", n)
	}
	p.pass(15 * 24 * time.Hour)
	if got := p.get(lead); got.text("substatus") != "Expired" || got.at("customerProfile/team") != "[]" {
		t.Error(got.raw)
	}
	if got := p.get(deal); got.text("substatus") != "Expired" || got.at("customerProfile/team") == "[]" {
		t.Error(got.raw)
	}
	before := listed(p)
	p.turn("archivedLeads", "unlisted")
	p.pass(200 * 24 * time.Hour)
	if n := listed(p); n != before-2 {
		t.Errorf("%d are listed, %d before", n, before)
	}
	if got := p.get(lead); got.status != 200 {
		t.Errorf("by its id: %d", got.status)
	}
}
