package partnercentersim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func TestPatchAnswersNothingOrTheResourceByPrefer(t *testing.T) {
	p := newPlace(t)
	own := p.post(deal())
	a := p.want(p.patch(own.text("id"), []object{replace("/details/dealValue", "90000")}), http.StatusNoContent, "")
	if a.raw != "" || a.header.Get("ETag") == own.text("eTag") {
		t.Errorf("204 with %q, ETag %s", a.raw, a.header.Get("ETag"))
	}
	if a.header.Get(control.HeaderBefore) != own.text("eTag") || a.header.Get(control.HeaderAfter) != a.header.Get("ETag") {
		t.Error("the wire was not told the versions")
	}
	b := p.patch(own.text("id"), []object{replace("/name", "New name")}, "Prefer", "return=representation", "If-Match", a.header.Get("ETag"))
	p.want(b, http.StatusOK, "")
	if b.text("name") != "New name" || !strings.Contains(b.raw, `"dealValue":90000.0`) || b.text("updatedDateTime") <= own.text("updatedDateTime") {
		t.Error(b.raw)
	}
}

func TestStaleIfMatchIsRefused(t *testing.T) {
	p := newPlace(t)
	own := p.post(deal())
	p.patch(own.text("id"), []object{replace("/name", "Other")})
	a := p.patch(own.text("id"), []object{replace("/name", "Mine")}, "If-Match", own.text("eTag"))
	p.want(a, http.StatusPreconditionFailed, "resourceModified")
	if a.text("error/code") != "preconditionFailed" {
		t.Error(a.raw)
	}
	unquoted := strings.Trim(p.get(own.text("id")).text("eTag"), `"`)
	p.want(p.patch(own.text("id"), []object{replace("/name", "Mine")}, "If-Match", unquoted), 412, "resourceModified")
}

func TestPatchIsAllOrNothing(t *testing.T) {
	p := newPlace(t)
	own := p.post(deal())
	p.want(p.patch(own.text("id"), []object{replace("/name", "Half"), replace("/details/dealValue", "much")}), 400, "invalidProperty")
	if got := p.get(own.text("id")); got.text("name") == "Half" || got.text("eTag") != own.text("eTag") {
		t.Error(got.raw)
	}
}

func TestPatchAddsToArrays(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	a := p.patch(id, []object{
		{"op": "add", "path": "/team/-", "value": member("Zoe")},
		{"op": "add", "path": "/Team/0", "value": member("Ann")},
		replace("/details/requirements/solutions/0/name", "Renamed"),
	}, "Prefer", "return=representation")
	p.want(a, 200, "")
	team := a.body["team"].([]any)
	if len(team) != 3 || team[0].(object)["firstName"] != "Ann" || team[2].(object)["firstName"] != "Zoe" || !strings.Contains(a.raw, "Renamed") {
		t.Error(a.raw)
	}
}

func TestPatchRefusesWhatPartnerCenterRefuses(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	for name, c := range map[string]struct {
		steps any
		code  string
	}{
		"no array":            {object{"name": "x"}, "body"},
		"empty":               {[]object{}, "body"},
		"remove":              {[]object{{"op": "remove", "path": "/team/0"}}, "invalidOperation"},
		"test":                {[]object{{"op": "test", "path": "/name", "value": "x"}}, "invalidOperation"},
		"no value":            {[]object{{"op": "add", "path": "/name"}}, "invalidOperation"},
		"no pointer":          {[]object{replace("name", "x")}, "invalidPath"},
		"unknown":             {[]object{replace("/surprise", "x")}, "invalidPath"},
		"below a text":        {[]object{replace("/name/first", "x")}, "invalidPath"},
		"index too high":      {[]object{replace("/team/5", member("Zoe"))}, "invalidPath"},
		"replace at the end":  {[]object{replace("/team/-", member("Zoe"))}, "invalidPath"},
		"through null":        {[]object{replace("/team/0/contactPreference/locale", "de-de")}, "invalidPath"},
		"type":                {[]object{replace("/type", "Shared")}, "readOnlyProperty"},
		"id":                  {[]object{replace("/id", "x")}, "readOnlyProperty"},
		"customer name":       {[]object{replace("/customerProfile/name", "x")}, "readOnlyProperty"},
		"customer address":    {[]object{replace("/customerProfile/address/city", "x")}, "readOnlyProperty"},
		"DUNS":                {[]object{replace("/customerProfile/ids", []any{})}, "readOnlyProperty"},
		"location":            {[]object{replace("/mpnId", "1")}, "readOnlyProperty"},
		"MSX id":              {[]object{replace("/trackingInfo/microsoftMsxId", "1")}, "readOnlyProperty"},
		"info consent":        {[]object{replace("/consent/consentToToShareInfoWithOthers", false)}, "readOnlyProperty"},
		"whole customer":      {[]object{replace("/customerProfile", object{"name": "x"})}, "readOnlyProperty"},
		"51 members":          {[]object{replace("/team", fiftyOne())}, "validationFailed"},
		"no member":           {[]object{replace("/team", []any{})}, "validationFailed"},
		"no solution":         {[]object{replace("/details/requirements/solutions", []any{})}, "validationFailed"},
		"no name":             {[]object{replace("/name", "")}, "validationFailed"},
		"value 0":             {[]object{replace("/details/dealValue", 0)}, "validationFailed"},
		"currency":            {[]object{replace("/details/currency", "Euro")}, "validationFailed"},
		"no date":             {[]object{replace("/details/closingDateTime", nil)}, "validationFailed"},
		"marketplace intent":  {[]object{replace("/details/requirements/additionalRequirements/attributes", []any{})}, "validationFailed"},
		"status alone":        {[]object{replace("/status", "Closed")}, "invalidStatus"},
		"substatus alone":     {[]object{replace("/substatus", "Won")}, "invalidStatus"},
		"status of no pair":   {state("Active", "Won"), "invalidStatus"},
		"unknown status":      {state("Engaged", "Accepted"), "invalidProperty"},
		"back to new":         {state("New", "Pending"), "invalidStatusTransition"},
		"expired by hand":     {state("Closed", "Expired"), "invalidStatusTransition"},
		"declined when mine":  {state("Closed", "Declined"), "invalidStatusTransition"},
		"lost without reason": {state("Closed", "Lost"), "statusReasonRequired"},
	} {
		if a := p.call("PATCH", referrals+"/"+id, c.steps); a.status != 400 || a.text("error/innerError/code") != c.code {
			t.Errorf("%s: want %s, got %d %s", name, c.code, a.status, a.raw)
		}
	}
	p.want(p.call("PATCH", referrals+"/"+id, "[]", "Content-Type", "text/plain"), 415, "contentType")
	p.want(p.patch("00000000-0000-4000-8000-000000000000", []object{replace("/name", "x")}), 404, "itemNotFound")
}

func fiftyOne() []any {
	list := make([]any, 51)
	for i := range list {
		list[i] = member("Kim")
	}
	return list
}

func state(status, substatus string) []object {
	return []object{replace("/status", status), replace("/substatus", substatus)}
}

func TestReadOnlyAndUnknownPathsAreLeftOutBySwitch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	p.turn("readOnlyPatch", "ignore")
	p.turn("unknownPath", "ignore")
	a := p.patch(id, []object{replace("/mpnId", "1"), replace("/surprise", 1), replace("/name", "Done"),
		replace("/customerProfile", object{"name": "Other", "team": []any{member("Zoe")}})}, "Prefer", "return=representation")
	p.want(a, 200, "")
	if a.text("name") != "Done" || a.text("mpnId") != "" || a.text("customerProfile/name") != "Tailspin Toys GmbH" || !strings.Contains(a.raw, "Zoe") {
		t.Error(a.raw)
	}
}

func TestSharingIsADoorThatOpensOnce(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	a := p.patch(id, []object{replace(share, true)}, "Prefer", "return=representation")
	if p.want(a, 200, ""); a.text("type") != "Shared" {
		t.Error(a.raw)
	}
	p.want(p.patch(id, []object{replace(share, false)}), 400, "consentCannotBeWithdrawn")
	p.want(p.patch(id, []object{replace("/consent", object{"consentToToShareInfoWithOthers": true, "consentToContact": true,
		"consentToMicrosoftToContactSpecificPartners": true})}), 400, "consentCannotBeWithdrawn")
}

func TestConsentPatchIsRefusedOrIgnoredBySwitch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	p.turn("consentPatch", "refuse")
	p.want(p.patch(id, []object{replace(share, true)}), 400, "readOnlyProperty")
	p.turn("consentPatch", "ignore")
	p.want(p.patch(id, []object{replace(share, true)}), 204, "")
	if a := p.get(id); a.text("type") != "Independent" || strings.Contains(a.raw, `"consentToShareReferralWithMicrosoftSellers":true`) {
		t.Error(a.raw)
	}
	p.turn("consentPatch", "accept")
	p.turn("typeFollowsConsent", false)
	p.want(p.patch(id, []object{replace(share, true)}), 204, "")
	if a := p.get(id); a.text("type") != "Independent" || !strings.Contains(a.raw, `"consentToShareReferralWithMicrosoftSellers":true`) {
		t.Error(a.raw)
	}
}

func TestCustomerContactIsFixedAfterSharingButMayBeAddedOnce(t *testing.T) {
	p := newPlace(t)
	private := p.post(deal()).text("id")
	p.want(p.patch(private, []object{replace("/customerProfile/team/0/email", "new@tailspin.example")}), 204, "")
	id := p.post(deal(shared, set("customerProfile/team", []any{}))).text("id")
	p.want(p.patch(id, []object{{"op": "add", "path": "/customerProfile/team/-", "value": member("Ada")}}), 204, "")
	p.want(p.patch(id, []object{replace("/customerProfile/team/0/email", "new@tailspin.example")}), 400, "readOnlyAfterSharing")
	p.want(p.patch(id, []object{{"op": "add", "path": "/customerProfile/team/-", "value": member("Bob")}}), 400, "readOnlyAfterSharing")
}

func TestHelpCodeAndNotesToMicrosoftAreSetOnce(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal(shared)).text("id")
	p.want(p.patch(id, []object{replace("/inviteContext/assistanceRequestCode", "QuotesOrLicensing"), replace("/inviteContext/notes", "Please.")}), 204, "")
	p.want(p.patch(id, []object{replace("/inviteContext/assistanceRequestCode", "GeneralOrOther")}), 400, "readOnlyOnceSet")
	p.want(p.patch(id, []object{replace("/inviteContext/assistanceRequestCode", "Unknown")}), 400, "readOnlyOnceSet")
	p.want(p.patch(id, []object{replace("/inviteContext/notes", "More.")}), 400, "readOnlyOnceSet")
	private := p.post(deal()).text("id")
	p.want(p.patch(private, []object{replace("/inviteContext/assistanceRequestCode", "QuotesOrLicensing")}), 400, "validationFailed")
}

func TestPatchOfClosedReferralIsRefused(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	a := p.patch(id, append(state("Closed", "Won"), replace("/details/dealValue", 90000)), "Prefer", "return=representation")
	if p.want(a, 200, ""); a.text("closedDateTime") == "" {
		t.Error("closedDateTime is not set")
	}
	p.want(p.patch(id, []object{replace("/name", "x")}), 400, "referralClosed")
	p.want(p.patch(id, state("Active", "Accepted")), 400, "referralClosed")
	p.want(p.patch(id, state("Closed", "Won")), 400, "referralClosed")
}

func TestInboundReferralIsAcceptedWithEditsInOnePatch(t *testing.T) {
	p := newPlace(t)
	id := p.do("/seller", object{"do": "invite"}).text("id")
	p.want(p.patch(id, state("Closed", "Won")), 400, "invalidStatusTransition")
	p.want(p.patch(id, state("New", "Received")), 400, "invalidStatusTransition")
	a := p.patch(id, append(state("Active", "Accepted"), replace("/name", "Named"), replace("/details/notes", "Ours"), replace("/team", []any{member("Kim")})), "Prefer", "return=representation")
	p.want(a, 200, "")
	if a.text("acceptedDateTime") == "" || a.body["expirationDateTime"] != nil || a.text("name") != "Named" {
		t.Error(a.raw)
	}
	p.want(p.patch(id, append(state("Closed", "Lost"), replace("/statusReason", "Chose another vendor"))), 204, "")
}

func TestInboundReferralIsDeclinedWithAReason(t *testing.T) {
	p := newPlace(t)
	id := p.do("/seller", object{"do": "invite"}).text("id")
	p.want(p.patch(id, state("Closed", "Declined")), 400, "statusReasonRequired")
	p.want(p.patch(id, append(state("Closed", "Declined"), replace("/statusReason", "Not a customer"))), 204, "")
}

func TestClosingFromAnyOpenStateIsASwitch(t *testing.T) {
	p := newPlace(t)
	id := p.do("/seller", object{"do": "invite"}).text("id")
	p.turn("closeSteps", "table")
	p.want(p.patch(id, state("Closed", "Won")), 204, "")
}

func TestMicrosoftsReferralIsNotOursToChange(t *testing.T) {
	p := newPlace(t)
	ms := p.do("/user", object{"do": "create", "help": "GeneralOrOther"}).text("microsoftId")
	p.want(p.patch(ms, []object{replace("/details/notes", "x")}), 403, "notYours")
}

func TestUndocumentedMethodsAreRefused(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	p.turn("put", "refuse")
	for _, c := range []struct{ method, address string }{{"PUT", referrals + "/" + id}, {"DELETE", referrals + "/" + id}, {"DELETE", referrals}} {
		a := p.want(p.call(c.method, c.address, "{}"), 405, "methodNotAllowed")
		if a.header.Get("Allow") == "" {
			t.Errorf("%s: no Allow header", c.method)
		}
	}
	p.want(p.call("GET", "https://api.partner.microsoft.com/v1.0/engagements", nil), 404, "itemNotFound")
	p.want(p.call("GET", referrals+"/"+id+"/team", nil), 404, "itemNotFound")
}

// Closed/Error by the API is refused by switch; the portal sets it all the same.
func TestClosedErrorByTheAPIIsASwitch(t *testing.T) {
	p := newPlace(t)
	p.turn("errorSubstatus", "refuse")
	id := p.do("/user", object{"do": "create"}).text("id")
	steps := []object{{"op": "replace", "path": "/status", "value": "Closed"}, {"op": "replace", "path": "/substatus", "value": "Error"}, {"op": "replace", "path": "/statusReason", "value": "Test referral"}}
	p.want(p.patch(id, steps), 400, "invalidSubstatus")
	p.turn("errorSubstatus", "accept")
	if a := p.patch(id, steps); a.status >= 300 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	p.turn("errorSubstatus", "refuse")
	other := p.do("/user", object{"do": "create"}).text("id")
	p.do("/user", object{"do": "error", "id": other, "reason": "Test referral"})
}
