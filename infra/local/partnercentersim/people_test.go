package partnercentersim_test

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPersonCreatesACompleteDeal(t *testing.T) {
	p := newPlace(t)
	a := p.do("/user", object{"do": "create", "referral": object{"name": "Mine", "details": object{"dealValue": 12.5}}})
	got := p.get(a.text("id"))
	if got.text("name") != "Mine" || !strings.Contains(got.raw, `"dealValue":12.5`) || got.text("details/currency") != "EUR" ||
		got.text("status") != "Active" || a.text("microsoftId") != "" || got.text("type") != "Independent" {
		t.Error(got.raw)
	}
}

func TestPersonAsksHelpAtOnceOrLater(t *testing.T) {
	p := newPlace(t)
	a := p.do("/user", object{"do": "create", "help": "ProofOfConceptOrDemo", "notes": "Join us."})
	ms := p.get(a.text("microsoftId"))
	if ms.text("inviteContext/assistanceRequestCode") != "ProofOfConceptOrDemo" || ms.text("inviteContext/notes") != "Join us." ||
		ms.text("status") != "New" || ms.text("engagementId") != a.text("engagementId") || p.get(a.text("id")).text("type") != "Shared" {
		t.Error(ms.raw)
	}
	later := p.do("/user", object{"do": "create"}).text("id")
	b := p.do("/user", object{"do": "update", "id": later, "help": "GeneralOrOther"})
	if b.text("microsoftId") == "" || !strings.Contains(p.get(later).raw, `"consentToShareReferralWithMicrosoftSellers":true`) {
		t.Error(b.raw)
	}
}

func TestPersonsLifeCycle(t *testing.T) {
	p := newPlace(t)
	for verb, want := range map[string]string{"win": "Won", "lose": "Lost", "error": "Error"} {
		id := p.do("/user", object{"do": "create"}).text("id")
		p.do("/user", object{"do": verb, "id": id, "reason": "Because"})
		if got := p.get(id); got.text("substatus") != want || got.text("statusReason") != "Because" || got.text("closedDateTime") == "" {
			t.Errorf("%s: %s", verb, got.raw)
		}
	}
	id := p.do("/seller", object{"do": "invite"}).text("id")
	p.do("/user", object{"do": "accept", "id": id})
	if got := p.get(id); got.text("status") != "Active" {
		t.Error(got.raw)
	}
	id = p.do("/seller", object{"do": "lead"}).text("id")
	p.do("/user", object{"do": "decline", "id": id})
	if got := p.get(id); got.text("substatus") != "Declined" || got.text("statusReason") != "Others" || got.text("qualification") != "Direct" {
		t.Error(got.raw)
	}
}

func TestSwitchesOfThePatchDoNotBindThePortal(t *testing.T) {
	p := newPlace(t)
	id := p.do("/user", object{"do": "create"}).text("id")
	p.turn("consentPatch", "refuse")
	p.turn("readOnlyPatch", "ignore")
	p.do("/user", object{"do": "update", "id": id, "changes": object{share: true}})
	if !strings.Contains(p.get(id).raw, `"consentToShareReferralWithMicrosoftSellers":true`) {
		t.Error("not shared")
	}
	if a := p.tell("POST", "/user", object{"do": "update", "id": id, "changes": object{"/mpnId": "1"}}); a.status != 400 {
		t.Error(a.raw)
	}
}

func TestInvitationIsNamelessAndWaitsFourteenDays(t *testing.T) {
	p := newPlace(t)
	a := p.do("/seller", object{"do": "invite", "referral": object{"customerProfile": object{"name": "Contoso"}}})
	got := p.get(a.text("id"))
	if name, there := got.body["name"]; !there || name != nil {
		t.Errorf("name %v", name)
	}
	for path, want := range map[string]string{"status": "New", "substatus": "Pending", "type": "Shared", "direction": "Incoming",
		"inviteContext/invitedBy/organizationId": "msft", "customerProfile/name": "Contoso", "customerProfile/address/country": "CH",
		"expirationDateTime": "2026-03-16T09:14:05.1234567Z", "organizationId": "3c1e7d55-2b44-4c0a-9a70-1f2e3d4c5b6a"} {
		if got.text(path) != want {
			t.Errorf("%s is %q, want %q", path, got.text(path), want)
		}
	}
}

func TestUnansweredReferralsExpireAfterFourteenDays(t *testing.T) {
	p := newPlace(t)
	inbound := p.do("/seller", object{"do": "invite"}).text("id")
	made := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	accepted := p.do("/seller", object{"do": "invite"}).text("id")
	p.do("/user", object{"do": "accept", "id": accepted})
	p.pass(time.Second)
	p.collect(200)
	next, ok := p.sim.Next()
	if !ok || next.Sub(p.time()) != 14*24*time.Hour-time.Second {
		t.Fatalf("next work at %v", next)
	}
	p.pass(14 * 24 * time.Hour)
	got := names(t, p.collect(200))
	want := []string{"referral-updated " + inbound, "related-referral-updated " + made.text("microsoftId")}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v, want %v", got, want)
	}
	for _, id := range []string{inbound, made.text("microsoftId")} {
		if r := p.get(id); r.text("status") != "Closed" || r.text("substatus") != "Expired" {
			t.Error(r.raw)
		}
	}
	for _, id := range []string{accepted, made.text("id")} {
		if r := p.get(id); r.text("status") != "Active" {
			t.Error(r.raw)
		}
	}
	p.want(p.patch(inbound, state("Active", "Accepted")), 400, "referralClosed")
	if _, ok := p.sim.Next(); ok {
		t.Error("something still waits")
	}
}

func TestSellerAccepts(t *testing.T) {
	p := newPlace(t)
	made := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	p.do("/seller", object{"do": "accept", "id": made.text("id"), "name": "Maria Field", "msxId": "7-ABC"})
	ms := p.get(made.text("microsoftId"))
	seller, _ := ms.body["team"].([]any)[0].(object)
	if ms.text("status") != "Active" || ms.text("trackingInfo/microsoftMsxId") != "7-ABC" || seller["firstName"] != "Maria" || seller["lastName"] != "Field" {
		t.Error(ms.raw)
	}
	if own := p.get(made.text("id")); own.text("trackingInfo/microsoftMsxId") != "" {
		t.Error(own.raw)
	}
	p.do("/seller", object{"do": "lose", "id": ms.text("id"), "reason": "No budget"})
	if ms := p.get(ms.text("id")); ms.text("substatus") != "Lost" || ms.text("statusReason") != "No budget" {
		t.Error(ms.raw)
	}
}

func TestMicrosoftsCRMIdentifierMayStandOnEitherReferral(t *testing.T) {
	for value, want := range map[string][2]string{"microsoft": {"", "7-A"}, "own": {"7-A", ""}, "both": {"7-A", "7-A"}} {
		p := newPlace(t)
		p.turn("msxIdOn", value)
		made := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
		p.do("/seller", object{"do": "accept", "id": made.text("id"), "msxId": "7-A"})
		got := [2]string{p.get(made.text("id")).text("trackingInfo/microsoftMsxId"), p.get(made.text("microsoftId")).text("trackingInfo/microsoftMsxId")}
		if got != want {
			t.Errorf("%s: %v, want %v", value, got, want)
		}
	}
}

func TestSellerDeclinesWithoutTouchingThePartnersReferral(t *testing.T) {
	p := newPlace(t)
	made := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	before := p.get(made.text("id")).text("eTag")
	p.do("/seller", object{"do": "decline", "id": made.text("microsoftId")})
	if ms := p.get(made.text("microsoftId")); ms.text("substatus") != "Declined" || ms.body["statusReason"] != nil {
		t.Error(ms.raw)
	}
	if own := p.get(made.text("id")); own.text("eTag") != before || own.text("status") != "Active" {
		t.Error(own.raw)
	}
}

func TestPeopleCannotDoWhatTheirScreensDoNotOffer(t *testing.T) {
	p := newPlace(t)
	id := p.do("/user", object{"do": "create"}).text("id")
	helped := p.do("/user", object{"do": "create", "help": "GeneralOrOther"}).text("id")
	for name, c := range map[string]struct {
		path string
		body object
	}{
		"unknown verb":          {"/user", object{"do": "delete", "id": id}},
		"unknown member":        {"/user", object{"do": "create", "surprise": 1}},
		"unknown property":      {"/user", object{"do": "create", "referral": object{"surprise": 1}}},
		"server's property":     {"/user", object{"do": "create", "referral": object{"id": "x"}}},
		"wrong help":            {"/user", object{"do": "create", "help": "Everything"}},
		"incomplete deal":       {"/user", object{"do": "create", "referral": object{"customerProfile": object{"address": object{"country": "France"}}}}},
		"help without contact":  {"/user", object{"do": "create", "help": "GeneralOrOther", "referral": object{"customerProfile": object{"team": []any{}}}}},
		"unknown id":            {"/user", object{"do": "win", "id": "x"}},
		"no changes":            {"/user", object{"do": "update", "id": id}},
		"no pointer":            {"/user", object{"do": "update", "id": id, "changes": object{"name": "x"}}},
		"decline of own":        {"/user", object{"do": "decline", "id": id}},
		"help twice":            {"/user", object{"do": "update", "id": helped, "help": "GeneralOrOther"}},
		"seller's unknown verb": {"/seller", object{"do": "create"}},
		"seller, unknown id":    {"/seller", object{"do": "accept", "id": "x"}},
		"seller not asked":      {"/seller", object{"do": "accept", "id": id}},
		"win before accept":     {"/seller", object{"do": "win", "id": helped}},
		"half a state":          {"/seller", object{"do": "invite", "referral": object{"status": "Closed"}}},
	} {
		if a := p.tell("POST", c.path, c.body); a.status != 400 || a.text("error") == "" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if n := len(p.tell("GET", "/records", nil).body["referrals"].(object)); n != 3 {
		t.Errorf("%d referrals, want 3: a refused creation leaves nothing", n)
	}
}

func TestSwitchesAreListedAndChangedAllOrNone(t *testing.T) {
	p := newPlace(t)
	a := p.tell("GET", "/switches", nil)
	one := a.body["consentPatch"].(object)
	if one["value"] != "accept" || len(one["allowed"].([]any)) != 3 || one["meaning"] == "" {
		t.Error(one)
	}
	for _, bad := range []object{{"surprise": 1}, {"consentPatch": "maybe"}, {"requestsPerMinute": -1}, {"listDelay": "soon"}, {"listDelay": "-1s"}, {"postStatus": 202}} {
		bad["nextLink"] = "http"
		if a := p.tell("POST", "/switches", bad); a.status != 400 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
	b := p.do("/switches", object{"requestsPerMinute": 1000000, "strict": false})
	if b.body["nextLink"].(object)["value"] != "https" || b.body["requestsPerMinute"].(object)["value"] != "1000000" || b.body["strict"].(object)["value"] != "false" {
		t.Error(b.raw)
	}
}

func TestBadControlCallsAreRefused(t *testing.T) {
	p := newPlace(t)
	for _, c := range []struct {
		path string
		body object
	}{{"/delivery", object{"delay": "soon"}}, {"/delivery", object{"duplicate": -1}}, {"/delivery", object{"lose": 2}}, {"/delivery", object{"surprise": 1}},
		{"/redeliver", object{}}, {"/redeliver", object{"all": true, "times": 0}}} {
		if a := p.tell("POST", c.path, c.body); a.status != 400 || a.text("error") == "" {
			t.Errorf("%s %v: %d %s", c.path, c.body, a.status, a.raw)
		}
	}
}

func TestResetGoesBackToTheSeed(t *testing.T) {
	p := newPlace(t)
	p.post(deal())
	p.call("PUT", hooks, registration())
	out := p.sim.Advance(p.time())
	p.do("/reset", nil)
	for _, o := range out {
		p.sim.Delivered(o.ID, 500)
	}
	r := p.tell("GET", "/records", nil)
	if len(r.body["referrals"].(object)) != 0 || !strings.Contains(r.text("registration/WebhookUrl"), "logic.azure.com") {
		t.Error(r.raw)
	}
	if p.sim.Pending(p.time().Add(time.Hour)) != 0 {
		t.Error("events survived the reset")
	}
}

func TestCallsMayComeFromManySidesAtOnce(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	p.bearer = p.token("refresh_token", partnerAudience)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				p.patch(id, []object{replace("/name", "x")})
				p.collect(200)
				p.tell("GET", "/records", nil)
				p.sim.Next()
				p.sim.Pending(p.time())
				p.sim.CheckToken(p.bearer, partnerAudience)
			}
		})
	}
	all.Wait()
	p.pass(time.Second)
	p.collect(200)
	if n := p.do("/redeliver", object{"all": true}).body["events"]; n != float64(81) {
		t.Errorf("%v events, want 81", n)
	}
}

func TestInvitationComesWithMicrosoftsSideBySwitch(t *testing.T) {
	p := newPlace(t)
	a := p.do("/seller", object{"do": "invite", "name": "Maria Field", "msxId": "7-ABC", "referral": object{"details": object{"dealValue": 7000}}})
	ms := p.get(a.text("microsoftId"))
	for path, want := range map[string]string{"organizationId": `"msft"`, "engagementId": `"` + a.text("engagementId") + `"`, "status": `"Active"`, "substatus": `"Accepted"`,
		"team/0/lastName": `"Field"`, "trackingInfo/microsoftMsxId": `"7-ABC"`, "details/dealValue": "7000.0", "expirationDateTime": "null",
		"inviteContext/invitedBy/organizationId": `"msft"`, "externalReferenceId": "null", "customerProfile/name": `"Fourth Coffee AG"`} {
		if ms.at(path) != want {
			t.Errorf("%s is %s, want %s", path, ms.at(path), want)
		}
	}
	if own := p.get(a.text("id")); own.text("status") != "New" || own.at("trackingInfo/microsoftMsxId") != "null" || own.at("team") != "[]" {
		t.Error(own.raw)
	}
	p.do("/seller", object{"do": "win", "id": a.text("id")})
	if got := p.get(a.text("microsoftId")).text("substatus"); got != "Won" {
		t.Error(got)
	}
	p.turn("msxIdOn", "own")
	if b := p.do("/seller", object{"do": "invite", "msxId": "7-D"}); p.get(b.text("id")).text("trackingInfo/microsoftMsxId") != "7-D" ||
		p.get(b.text("microsoftId")).at("trackingInfo/microsoftMsxId") != "null" {
		t.Error("the id does not stand on the partner's referral alone")
	}
	p.turn("microsoftSide", false)
	if b := p.do("/seller", object{"do": "invite"}); b.text("microsoftId") != "" {
		t.Error(b.raw)
	}
	if b := p.do("/seller", object{"do": "lead"}); b.text("microsoftId") != "" {
		t.Error(b.raw)
	}
}

func TestInvitationHasASource(t *testing.T) {
	p := newPlace(t)
	a := p.do("/seller", object{"do": "invite", "source": "MCI"})
	for _, id := range []string{a.text("id"), a.text("microsoftId")} {
		if got := p.get(id).text("referralSource"); got != "MCI" {
			t.Errorf("%q", got)
		}
	}
}

func TestSellerEditsValueDateAndNotesOfMicrosoftsReferralOnly(t *testing.T) {
	p := newPlace(t)
	p.call("PUT", hooks, registration())
	made := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	p.collect(200)
	own := p.get(made.text("id")).text("eTag")
	p.do("/seller", object{"do": "edit", "id": made.text("id"), "changes": object{"/details/dealValue": 123456, "/details/closingDateTime": "2027-01-31T00:00:00Z",
		"/details/notes": "Bigger."}})
	ms := p.get(made.text("microsoftId"))
	if ms.at("details/dealValue") != "123456.0" || ms.text("details/closingDateTime") != "2027-01-31T00:00:00Z" || ms.text("details/notes") != "Bigger." {
		t.Error(ms.raw)
	}
	if p.get(made.text("id")).text("eTag") != own {
		t.Error("the partner's referral changed")
	}
	if got := strings.Join(names(t, p.collect(200)), " "); got != "related-referral-updated "+made.text("microsoftId") {
		t.Error(got)
	}
	for _, bad := range []object{{}, {"/name": "x"}, {"/status": "Closed"}, {"/details/dealValue": "much"}, {"/details/closingDateTime": "soon"}} {
		if a := p.tell("POST", "/seller", object{"do": "edit", "id": made.text("id"), "changes": bad}); a.status != 400 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
	p.do("/seller", object{"do": "decline", "id": made.text("id")})
	if a := p.tell("POST", "/seller", object{"do": "edit", "id": made.text("id"), "changes": object{"/details/notes": "x"}}); a.status != 400 {
		t.Error(a.raw)
	}
}

func TestMicrosoftUpgradesADealFromItsSide(t *testing.T) {
	for _, help := range []string{"", "ProofOfConceptOrDemo"} {
		p := newPlace(t)
		p.turn("typeFollowsConsent", false) // partner-led: visible, yet Independent
		p.call("PUT", hooks, registration())
		id := p.do("/user", object{"do": "create"}).text("id")
		p.do("/user", object{"do": "update", "id": id, "changes": object{share: true}})
		if p.get(id).text("type") != "Independent" {
			t.Fatal("the deal is not partner-led")
		}
		p.collect(200)
		a := p.do("/seller", object{"do": "upgrade", "id": id, "source": "MCI", "help": help, "notes": "Claimed.", "msxId": "7-UP"})
		own, ms := p.get(id), p.get(a.text("microsoftId"))
		wantHelp := `"Unknown"`
		if help != "" {
			wantHelp = `"` + help + `"`
		}
		if own.text("type") != "Shared" || !strings.Contains(own.raw, `"consentToShareReferralWithMicrosoftSellers":true`) || own.at("inviteContext/assistanceRequestCode") != wantHelp ||
			own.text("status") != "Active" || own.at("referralSource") != "null" {
			t.Error(own.raw)
		}
		if ms.text("organizationId") != "msft" || ms.text("engagementId") != own.text("engagementId") || ms.text("status") != "Active" || ms.text("referralSource") != "MCI" ||
			ms.text("trackingInfo/microsoftMsxId") != "7-UP" || ms.at("inviteContext/assistanceRequestCode") != wantHelp || ms.text("inviteContext/invitedBy/organizationId") != "msft" ||
			ms.at("externalReferenceId") != "null" {
			t.Error(ms.raw)
		}
		if got := strings.Join(names(t, p.collect(200)), " "); got != "related-referral-created "+ms.text("id")+" referral-updated "+id {
			t.Error(got)
		}
		if b := p.tell("POST", "/seller", object{"do": "upgrade", "id": id}); b.status != 400 {
			t.Errorf("a second time: %d", b.status)
		}
	}
	p := newPlace(t)
	id := p.do("/user", object{"do": "create"}).text("id")
	a := p.do("/seller", object{"do": "upgrade", "id": id, "referral": object{"status": "New", "substatus": "Pending"}}) // a private deal
	if ms := p.get(a.text("microsoftId")); ms.text("status") != "New" || ms.at("expirationDateTime") == "null" {
		t.Error(ms.raw)
	}
	if p.get(id).text("type") != "Shared" {
		t.Error("not shared")
	}
	closed := p.do("/user", object{"do": "create"}).text("id")
	p.do("/user", object{"do": "win", "id": closed})
	for _, bad := range []object{{"do": "upgrade", "id": closed}, {"do": "upgrade", "id": "x"}, {"do": "upgrade", "id": id, "help": "Everything"},
		{"do": "upgrade", "id": p.do("/user", object{"do": "create"}).text("id"), "raw": object{"bad": 1}}} {
		if b := p.tell("POST", "/seller", bad); b.status != 400 {
			t.Errorf("%v: %d", bad, b.status)
		}
	}
}
