package partnercenter

import (
	"reflect"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

var ours = Registration{WebhookURL: "https://f.example/api/x", Events: []string{"referral-created", "test-created"}, SignatureInHeader: true}

func TestRegistrationIsReadInEveryShape(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"WebhookUrl":"https://f.example/api/x","WebhookEvents":["referral-created","test-created"],"SignatureTokenToMsSignatureHeader":true}`,
		`{"webhookUrl":"https://f.example/api/x","webhookEvents":["referral-created","test-created"],"signatureTokenToMsSignatureHeader":"True"}`,
	} {
		_, c := serve(t, httpclienttest.Answer(200, body))
		got, ok, err := c.Registration(ctx)
		if err != nil || !ok || !reflect.DeepEqual(got, ours) {
			t.Errorf("got %+v, %v, %v", got, ok, err)
		}
	}
	_, c := serve(t, httpclienttest.Answer(404, ""))
	if _, ok, err := c.Registration(ctx); ok || err != nil {
		t.Errorf("none: %v, %v", ok, err)
	}
}

func TestRegisterAndReplace(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(200, `{"SubscriberId":"`+oneID+`","WebhookUrl":"https://f.example/api/x"}`), httpclienttest.Answer(200, ""), httpclienttest.Answer(409, ""))
	if got, err := c.Register(ctx, ours); err != nil || got.SubscriberID != oneID {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.Replace(ctx, ours); err != nil || !reflect.DeepEqual(got, ours) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err := c.Register(ctx, ours)
	wantKind(t, err, fault.Conflict, "")
	want := `{"WebhookUrl":"https://f.example/api/x","WebhookEvents":["referral-created","test-created"],"SignatureTokenToMsSignatureHeader":true}`
	if calls := w.Calls(); calls[0].Body != want || calls[0].Method != "POST" || calls[1].Method != "PUT" || calls[0].Header.Get("MS-Contract-Version") != "v1" {
		t.Errorf("calls %+v", calls)
	}
}

func TestTestEventIsSentAndFollowed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"correlationId":"` + oneID + `"}`, `"` + oneID + `"`} {
		w, c := serve(t, httpclienttest.Answer(200, body))
		if id, err := c.SendTestEvent(ctx); err != nil || id != oneID || w.Calls()[0].Header.Get("Content-Length") != "0" {
			t.Errorf("got %q, %v", id, err)
		}
	}
	w, c := serve(t, httpclienttest.Answer(200, `{"status":"completed","results":[{"responseCode":"OK","dateTimeUtc":"2026-03-02T09:20:48.2386997"}]}`))
	got, err := c.TestEvent(ctx, oneID)
	if err != nil || got.Status != "completed" || len(got.Results) != 1 || got.Results[0].ResponseCode != "OK" {
		t.Errorf("got %+v, %v", got, err)
	}
	if uri := w.Calls()[0].URI; uri != "/webhooks/v1/registration/validationEvents/"+oneID {
		t.Errorf("called %s", uri)
	}
	_, err = c.TestEvent(ctx, "x")
	wantKind(t, err, fault.Invalid, "")
}

// TestTheLimitOfTestEventsHoldsUpNothingElse: two a minute is the limit of that one call.
func TestTheLimitOfTestEventsHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(429, "", "Retry-After", "30"), httpclienttest.Answer(404, ""))
	_, err := c.SendTestEvent(ctx)
	wantKind(t, err, fault.Later, "")
	if _, there, err := c.Registration(ctx); there || err != nil {
		t.Errorf("got %v", err)
	}
	_, err = c.SendTestEvent(ctx)
	if wantKind(t, err, fault.Later, ""); len(w.Calls()) != 2 {
		t.Errorf("%d calls", len(w.Calls()))
	}
}

func TestEveryFormOfATestResultIsRead(t *testing.T) {
	t.Parallel()
	for status, over := range map[string]bool{"completed": true, "Completed": true, "failed": true, "Submitted": false, "": false} {
		if got := (TestResult{Status: status}).Over(); got != over {
			t.Errorf("%q is over: %v", status, got)
		}
	}
	for code, want := range map[string]bool{`"OK"`: true, `"Accepted"`: true, `"200"`: true, `202`: true, `"NoContent"`: true, `"Unauthorized"`: false,
		`"503"`: false, `0`: false, `null`: false, `""`: false, `{}`: false} {
		_, c := serve(t, httpclienttest.Answer(200, `{"status":"completed","results":[{"responseCode":`+code+`}]}`))
		got, err := c.TestEvent(ctx, oneID)
		if err != nil || got.Results[0].Delivered() != want {
			t.Errorf("%s: %+v, %v", code, got, err)
		}
	}
}
