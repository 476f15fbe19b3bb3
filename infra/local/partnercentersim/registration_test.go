package partnercentersim_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

const ours = "https://func-pcsync.azurewebsites.net/api/partnercenterwebhook"

func registration(change ...func(object)) object {
	r := object{"WebhookUrl": ours, "SignatureTokenToMsSignatureHeader": true, "WebhookEvents": []any{"referral-created", "referral-updated",
		"related-referral-created", "related-referral-updated", "test-created"}}
	for _, c := range change {
		c(r)
	}
	return r
}

func none(o *partnercentersim.Options) { o.WebhookURL = "-" }

func TestSeedHoldsTheOldConnectorsRegistration(t *testing.T) {
	p := newPlace(t)
	a := p.want(p.call("GET", hooks, nil), 200, "")
	want := "[referral-created referral-updated related-referral-created related-referral-updated subscription-updated]"
	if got := fmt.Sprint(a.body["webhookEvents"]); got != want || a.text("lastModifiedTimestamp") == "" {
		t.Error(a.raw)
	}
	p.want(p.call("POST", hooks, registration()), 409, "409")
}

func TestRegistrationIsMadeOnceAndReplacedAfter(t *testing.T) {
	p := newPlace(t, none)
	p.want(p.call("GET", hooks, nil), 404, "1000")
	p.want(p.call("PUT", hooks, registration()), 404, "1000")
	first := p.want(p.call("POST", hooks, registration()), 200, "")
	p.want(p.call("POST", hooks, registration()), 409, "409")
	second := p.want(p.call("PUT", hooks, object{"webhookurl": "https://other.example/x", "webhookEvents": []any{"referral-created"},
		"SignatureTokenToMsSignatureHeader": "true"}), 200, "")
	if first.text("subscriberId") == "" || first.text("subscriberId") != second.text("subscriberId") || second.text("webhookUrl") != "https://other.example/x" {
		t.Errorf("%s %s", first.raw, second.raw)
	}
	p.want(p.call("DELETE", hooks, nil), 405, "405")
}

func TestBadRegistrationsAreRefused(t *testing.T) {
	p := newPlace(t)
	for name, change := range map[string]func(object){
		"http":      set("WebhookUrl", "http://func.example/x"),
		"relative":  set("WebhookUrl", "/x"),
		"user info": set("WebhookUrl", "https://me@func.example/x"),
		"no events": set("WebhookEvents", []any{}),
		"unknown":   set("WebhookEvents", []any{"referral-deleted"}),
		"flag":      set("SignatureTokenToMsSignatureHeader", "perhaps"),
	} {
		if a := p.call("PUT", hooks, registration(change)); a.status != 400 || a.text("code") != "3000" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	p.want(p.call("PUT", hooks, "nonsense"), 400, "3000")
	p.want(p.call("GET", hooks+"/nothing", nil), 405, "405")
	p.want(p.call("GET", "https://api.partnercenter.microsoft.com/v1/customers", nil), 404, "1000")
}

func TestEventNamesAreListed(t *testing.T) {
	p := newPlace(t)
	if a := p.call("GET", hooks+"/events", nil); a.status != 200 || len(a.raw) < 50 {
		t.Error(a.raw)
	}
}

func TestTestEventIsDeliveredAndItsResultsAreKeptSevenDays(t *testing.T) {
	p := newPlace(t)
	p.want(p.call("POST", hooks+"/validationEvents", nil), 400, "3000")
	p.call("PUT", hooks, registration())
	id := p.want(p.call("POST", hooks+"/validationEvents", nil), 200, "").text("correlationId")
	out := p.sim.Advance(p.time())
	if got := names(t, out); len(got) != 1 || got[0] != "test-created "+id {
		t.Fatal(got)
	}
	p.sim.Delivered(out[0].ID, 503)
	if a := p.call("GET", hooks+"/validationEvents/"+id, nil); a.text("status") == "completed" {
		t.Error(a.raw)
	}
	p.pass(time.Second)
	p.sim.Delivered(p.sim.Advance(p.time())[0].ID, 202)
	a := p.want(p.call("GET", hooks+"/validationEvents/"+id, nil), 200, "")
	results := a.body["results"].([]any)
	if a.text("status") != "completed" || a.text("callbackUrl") != ours || len(results) != 2 ||
		results[0].(object)["responseCode"] != "ServiceUnavailable" || results[1].(object)["responseCode"] != "Accepted" ||
		results[1].(object)["dateTimeUtc"] != "2026-03-02T09:14:06.1234567" {
		t.Error(a.raw)
	}
	p.pass(7 * 24 * time.Hour)
	p.want(p.call("GET", hooks+"/validationEvents/"+id, nil), 404, "1000")
}

func TestOnlyTwoTestEventsAMinute(t *testing.T) {
	p := newPlace(t)
	p.call("PUT", hooks, registration())
	for range 2 {
		p.want(p.call("POST", hooks+"/validationEvents", nil), 200, "")
	}
	if a := p.call("POST", hooks+"/validationEvents", nil); a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	p.pass(time.Minute)
	p.want(p.call("POST", hooks+"/validationEvents", nil), 200, "")
}

func TestTestEventNeedsARegistration(t *testing.T) {
	p := newPlace(t, none)
	p.want(p.call("POST", hooks+"/validationEvents", nil), 404, "1000")
}

func TestForgottenRegistrationIsGoneAndEventsAreLostMeanwhile(t *testing.T) {
	p := newPlace(t)
	p.want(p.call("PUT", hooks, registration()), 200, "")
	p.do("/user", object{"do": "create"})
	if a := p.do("/registration", object{"do": "forget"}); a.body["forgotten"] != true {
		t.Error(a.raw)
	}
	p.want(p.call("GET", hooks, nil), 404, "1000")
	p.want(p.call("PUT", hooks, registration()), 404, "1000")
	p.want(p.call("POST", hooks+"/validationEvents", nil), 404, "1000")
	p.do("/user", object{"do": "create"})
	if out := p.sim.Advance(p.time()); len(out) != 0 || p.sim.Pending(p.time().Add(time.Hour)) != 0 {
		t.Errorf("%d events without a registration", len(out))
	}
	p.want(p.call("POST", hooks, registration()), 200, "")
	if out := p.sim.Advance(p.time()); len(out) != 0 {
		t.Errorf("%d events from before", len(out))
	}
	p.do("/user", object{"do": "create"})
	if out := p.collect(200); len(out) != 1 || out[0].URL != ours {
		t.Errorf("%d events", len(out))
	}
	if a := p.do("/registration", object{"do": "forget"}); a.body["forgotten"] != true {
		t.Error(a.raw)
	}
	if a := p.do("/registration", object{"do": "forget"}); a.body["forgotten"] != false {
		t.Error(a.raw)
	}
	for _, bad := range []object{{"do": "overwrite"}, {}, {"do": "forget", "surprise": 1}} {
		if a := p.tell("POST", "/registration", bad); a.status != 400 {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
}

func TestRegistrationMayLookAsInTheOlderPages(t *testing.T) {
	p := newPlace(t)
	p.turn("registrationForm", "pascal")
	if a := p.call("GET", hooks, nil); len(a.body) != 2 || a.text("WebhookUrl") == "" || a.body["WebhookEvents"] == nil {
		t.Error(a.raw)
	}
	if a := p.call("PUT", hooks, registration()); a.text("SubscriberId") == "" || a.text("WebhookUrl") != ours {
		t.Error(a.raw)
	}
}

// What live clients have seen, and what the documents show.
func TestResultsOfATestEventHaveTwoForms(t *testing.T) {
	for code, want := range map[string][2]string{"name": {"NotFound", "OK"}, "number": {"404", "200"}} {
		p := newPlace(t)
		p.turn("testResponseCode", code)
		p.call("PUT", hooks, registration())
		id := p.call("POST", hooks+"/validationEvents", nil).text("correlationId")
		tell := func() answer { return p.call("GET", hooks+"/validationEvents/"+id, nil) }
		if got := tell().text("status"); got != "Submitted" {
			t.Errorf("at first %q", got)
		}
		p.collect(404)
		p.pass(time.Second)
		p.collect(200)
		a := tell()
		if a.text("status") != "completed" || a.at("results/0/responseCode") != `"`+want[0]+`"` || a.at("results/1/responseCode") != `"`+want[1]+`"` {
			t.Error(a.raw)
		}
	}
}

func TestTestEventThatNeverArrivesFailsOrCompletesBySwitch(t *testing.T) {
	for _, status := range []string{"failed", "completed"} {
		p := newPlace(t)
		p.turn("testStatus", status)
		p.call("PUT", hooks, registration())
		id := p.call("POST", hooks+"/validationEvents", nil).text("correlationId")
		for i := range 10 {
			if got := p.call("GET", hooks+"/validationEvents/"+id, nil).text("status"); got != "Submitted" {
				t.Fatalf("after %d attempts %q", i, got)
			}
			if out := p.collect(0); len(out) != 1 {
				t.Fatalf("attempt %d: %d events", i+1, len(out))
			}
			p.pass(20 * time.Minute)
		}
		a := p.call("GET", hooks+"/validationEvents/"+id, nil)
		if a.text("status") != status || len(a.body["results"].([]any)) != 10 || a.at("results/9/systemError") != "true" {
			t.Error(a.raw)
		}
	}
}

// How Partner Center says that there is no registration, and how a signature stands in its own header, by switch.
func TestNoRegistrationAndTheFormOfASignature(t *testing.T) {
	p := newPlace(t)
	p.do("/registration", object{"do": "forget"})
	for _, status := range []string{"404", "200", "204"} {
		p.turn("noRegistration", status)
		if a := p.call(http.MethodGet, hooks, nil); strconv.Itoa(a.status) != status || a.text("WebhookUrl") != "" {
			t.Errorf("%s: %d %s", status, a.status, a.raw)
		}
	}
	p.call(http.MethodPost, hooks, object{"WebhookUrl": "https://x.example/hook", "WebhookEvents": []string{"referral-created"}, "SignatureTokenToMsSignatureHeader": true})
	for _, form := range []string{"scheme", "bare"} {
		p.turn("signatureForm", form)
		headers, _ := p.do("/sign", object{"body": "e30="}).body["headers"].(object)
		text := fmt.Sprint(headers["X-Ms-Signature"], headers["x-ms-signature"])
		if strings.Contains(text, "Signature ") != (form == "scheme") {
			t.Errorf("%s: %v", form, headers)
		}
	}
}
