package partnercentersim_test

import (
	"fmt"
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
	if got := fmt.Sprint(a.body["WebhookEvents"]); got != want || len(a.body) != 2 {
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
	if first.text("SubscriberId") == "" || first.text("SubscriberId") != second.text("SubscriberId") || second.text("WebhookUrl") != "https://other.example/x" {
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
