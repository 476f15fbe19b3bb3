package partnercentersim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func TestPostMakesAnAcceptedOutgoingReferral(t *testing.T) {
	p := newPlace(t)
	a := p.post(deal(set("status", "New"), set("substatus", "Pending")))
	for path, want := range map[string]string{"status": "Active", "substatus": "Accepted", "direction": "Outgoing", "type": "Independent",
		"createdDateTime": "2026-03-02T09:14:05.1234567Z", "acceptedDateTime": "2026-03-02T09:14:05.1234567Z",
		"inviteContext/assistanceRequestCode": "Unknown", "inviteContext/invitedBy/organizationId": "3c1e7d55-2b44-4c0a-9a70-1f2e3d4c5b6a"} {
		if got := a.text(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if a.header.Get("ETag") != a.text("eTag") || !strings.HasPrefix(a.text("eTag"), `"`) {
		t.Errorf("ETag %s and eTag %s must be equal and quoted", a.header.Get("ETag"), a.text("eTag"))
	}
	if a.header.Get(control.HeaderAfter) != a.text("eTag") || a.header.Get(control.HeaderIdentity) != "app+user "+clientID {
		t.Errorf("the wire was not told: %v", a.header)
	}
	if got := p.get(a.text("id")); got.text("name") != "Tailspin warehouse analytics" || !strings.Contains(got.raw, `"dealValue":85000.0`) {
		t.Errorf("read back: %s", got.raw)
	}
}

func TestPostStatusIsASwitch(t *testing.T) {
	p := newPlace(t)
	p.turn("postStatus", 200)
	p.want(p.call("POST", referrals, deal()), http.StatusOK, "")
}

func TestPostTakesAnyCaseAndPassesOverUnknownProperties(t *testing.T) {
	p := newPlace(t)
	a := p.post(deal(set("name", nil), set("Name", "Capital"), set("surprise", 1), set("details/dealValue", "1000")))
	if a.text("name") != "Capital" || strings.Contains(a.raw, "surprise") || !strings.Contains(a.raw, `"dealValue":1000.0`) {
		t.Error(a.raw)
	}
}

func TestTypeFollowsConsentOrStaysBySwitch(t *testing.T) {
	p := newPlace(t)
	asked := deal(shared, set("type", "Independent"))
	if got := p.post(asked).text("type"); got != "Shared" {
		t.Errorf("following consent: %s", got)
	}
	p.turn("typeFollowsConsent", false)
	if got := p.post(asked).text("type"); got != "Independent" {
		t.Errorf("as sent: %s", got)
	}
}

// incomplete are the ways in which a deal lacks what table 5.2 demands.
func incomplete() map[string]func(object) {
	many := make([]any, 51)
	for i := range many {
		many[i] = solution("SOL-12345-ABC")
	}
	return map[string]func(object){
		"no type":               set("type", nil),
		"no customer":           set("customerProfile", nil),
		"no consent":            set("consent", nil),
		"no details":            set("details", nil),
		"no name":               set("name", nil),
		"no customer name":      set("customerProfile/name", ""),
		"no street":             set("customerProfile/address/addressLine1", nil),
		"no city":               set("customerProfile/address/city", nil),
		"country by name":       set("customerProfile/address/country", "France"),
		"unknown country":       set("customerProfile/address/country", "XX"),
		"no info consent":       set("consent/consentToToShareInfoWithOthers", false),
		"no value":              set("details/dealValue", nil),
		"value 0":               set("details/dealValue", 0),
		"no currency":           set("details/currency", nil),
		"currency by name":      set("details/currency", "Euro"),
		"no closing date":       set("details/closingDateTime", nil),
		"no solution":           set("details/requirements/solutions", []any{}),
		"51 solutions":          set("details/requirements/solutions", many),
		"solution without id":   set("details/requirements/solutions", []any{object{"type": "Name"}}),
		"no team":               set("team", []any{}),
		"member without phone":  set("team", []any{object{"firstName": "Kim", "lastName": "S", "email": "k@northwind.example"}}),
		"no marketplace intent": set("details/requirements/additionalRequirements/attributes", []any{}),
		"help without contact": func(d object) {
			shared(d)
			d["inviteContext"] = object{"assistanceRequestCode": "GeneralOrOther"}
			set("customerProfile/team", []any{})(d)
		},
		"help without sharing": set("inviteContext", object{"assistanceRequestCode": "GeneralOrOther"}),
	}
}

func TestIncompletePostIsRefused(t *testing.T) {
	p := newPlace(t)
	for name, change := range incomplete() {
		if a := p.call("POST", referrals, deal(change)); a.status != http.StatusBadRequest || a.text("error/innerError/code") != "validationFailed" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
}

func TestPostWithWrongTypesIsRefused(t *testing.T) {
	p := newPlace(t)
	for name, change := range map[string]func(object){
		"type":          set("type", "Both"),
		"qualification": set("qualification", "Maybe"),
		"value":         set("details/dealValue", "much"),
		"date":          set("details/closingDateTime", "30.09.2026"),
		"team":          set("team", "Kim"),
		"consent":       set("consent/consentToContact", "yes"),
		"help":          set("inviteContext", object{"assistanceRequestCode": "Everything"}),
	} {
		if a := p.call("POST", referrals, deal(change)); a.status != http.StatusBadRequest || a.text("error/innerError/code") != "invalidProperty" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	p.want(p.call("POST", referrals, deal(set("status", "Closed"), set("substatus", "Won"))), 400, "invalidStatus")
	p.want(p.call("POST", referrals, "[1"), 400, "body")
	p.want(p.call("POST", referrals, "[]"), 400, "body")
	p.want(p.call("POST", referrals, deal(), "Content-Type", "text/plain"), 415, "contentType")
}

func TestLooseModeDemandsOnlyTheFourObjects(t *testing.T) {
	p := newPlace(t)
	p.turn("strict", false)
	p.post(object{"type": "Independent", "customerProfile": object{}, "consent": object{}, "details": object{}})
	p.want(p.call("POST", referrals, object{"type": "Independent"}), 400, "validationFailed")
}

func TestSecondPostMakesMicrosoftsReferralPendingForFourteenDays(t *testing.T) {
	p := newPlace(t)
	own := p.post(deal(shared))
	ms := p.post(forMicrosoft(own.text("engagementId")))
	for path, want := range map[string]string{"engagementId": own.text("engagementId"), "organizationId": "msft", "status": "New", "substatus": "Pending",
		"expirationDateTime": "2026-03-16T09:14:05.1234567Z", "inviteContext/assistanceRequestCode": "ProofOfConceptOrDemo",
		"inviteContext/notes": "Please introduce us."} {
		if got := ms.text(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	p.want(p.call("POST", referrals, forMicrosoft(own.text("engagementId"))), 409, "alreadyInvited")
	if got := p.get(own.text("id")).text("inviteContext/assistanceRequestCode"); got != "Unknown" {
		t.Errorf("own help code is %q", got)
	}
}

func TestMicrosoftsReferralNeedsItsEngagementAndACode(t *testing.T) {
	p := newPlace(t)
	own := p.post(deal(shared))
	engagement := own.text("engagementId")
	p.want(p.call("POST", referrals, forMicrosoft("b1d2c3e4-5f60-4711-8a22-9c3d4e5f6a70")), 404, "itemNotFound")
	p.want(p.call("POST", referrals, deal(set("engagementId", "b1d2c3e4-5f60-4711-8a22-9c3d4e5f6a70"))), 404, "itemNotFound")
	p.want(p.call("POST", referrals, deal(set("engagementId", engagement))), 400, "invalidTarget")
	p.want(p.call("POST", referrals, forMicrosoft("")), 400, "engagementRequired")
	p.want(p.call("POST", referrals, forMicrosoft(engagement, set("inviteContext/assistanceRequestCode", "Unknown"))), 400, "validationFailed")
	p.want(p.call("POST", referrals, forMicrosoft(engagement, set("customerProfile/team", []any{}))), 400, "validationFailed")
	p.do("/user", object{"do": "win", "id": own.text("id")})
	p.want(p.call("POST", referrals, forMicrosoft(engagement)), 400, "referralClosed")
}

func TestAskingHelpForAPrivateDealSharesIt(t *testing.T) {
	p := newPlace(t)
	p.turn("ownHelpCode", "mirrored")
	own := p.post(deal())
	p.post(forMicrosoft(own.text("engagementId")))
	got := p.get(own.text("id"))
	if got.text("type") != "Shared" || !strings.Contains(got.raw, `"consentToShareReferralWithMicrosoftSellers":true`) ||
		got.text("inviteContext/assistanceRequestCode") != "ProofOfConceptOrDemo" || got.text("eTag") == own.text("eTag") {
		t.Error(got.raw)
	}
}

func TestANewReferralIsReadableAndListedOnlyAfterItsDelay(t *testing.T) {
	p := newPlace(t)
	p.turn("listDelay", "2s")
	p.turn("eventBeforeReadable", "500ms")
	id := p.post(deal()).text("id")
	if due := p.sim.Advance(p.time()); len(due) != 1 {
		t.Fatalf("%d events, want the one of the creation", len(due))
	}
	p.want(p.get(id), 404, "itemNotFound")
	p.pass(500 * 1e6)
	p.want(p.get(id), 200, "")
	if n := len(p.call("GET", referrals, nil).body["value"].([]any)); n != 0 {
		t.Errorf("%d listed too early", n)
	}
	p.pass(1500 * 1e6)
	if n := len(p.call("GET", referrals, nil).body["value"].([]any)); n != 1 {
		t.Errorf("%d listed, want 1", n)
	}
}

func TestCommitDelayHoldsBackReadingAndTheEvent(t *testing.T) {
	p := newPlace(t)
	p.turn("commitDelay", "1s")
	id := p.post(deal()).text("id")
	p.want(p.get(id), 404, "itemNotFound")
	if due := p.sim.Advance(p.time()); len(due) != 0 {
		t.Error("the event came before the commit")
	}
	p.pass(1e9)
	p.want(p.get(id), 200, "")
	if due := p.sim.Advance(p.time()); len(due) != 1 {
		t.Error("no event after the commit")
	}
}
