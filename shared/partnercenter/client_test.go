package partnercenter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

func asFault(err error, into **fault.Error) bool { return errors.As(err, into) }

var ctx = context.Background()

func TestDocumentGivesMembersAsWritten(t *testing.T) {
	t.Parallel()
	d, err := ParseDocument([]byte(referral(strings.ToUpper(oneID), etag1)), "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{
		"/details/dealValue": "85000.50", "/name": "", "/team/0/email": "a@b.example", "/team/1/email": "", "/team/-": "",
		"/favorite": "false", "/future/kept": "1", "/nothing/at/all": "", "/details": "", "/name/x": "",
	} {
		if got := d.Text(pointer); got != want {
			t.Errorf("%s: %q, want %q", pointer, got, want)
		}
	}
	if d.ID() != oneID || d.ETag() != etag1 || d.Has("/name") || !d.Has("/favorite") {
		t.Errorf("id %q, etag %q", d.ID(), d.ETag())
	}
}

func TestGetReadsWithVersionAndClock(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(200, referral(oneID, etag1), "ETag", etag2))
	d, err := c.Get(ctx, strings.ToUpper(oneID))
	if err != nil {
		t.Fatal(err)
	}
	if d.ETag() != etag2 || d.Date().Format(http.TimeFormat) != date {
		t.Errorf("etag %s, date %s", d.ETag(), d.Date())
	}
	if got := w.Calls()[0].URI; got != "/v1.0/engagements/referrals/"+oneID {
		t.Errorf("called %s", got)
	}
}

func TestEveryStatusHasItsKind(t *testing.T) {
	t.Parallel()
	problem := `{"error":{"code":"invalidRequest","message":"outer","innerError":{"code":"countryInvalid","message":"Country is not valid"}}}`
	for _, c := range []struct {
		status           int
		body             string
		get, list, patch string
		code             string
	}{
		{400, problem, "refused/ours", "refused/ours", "refused/record", "countryInvalid"},
		{400, `{"error":{"code":"resourceModified"}}`, "conflict", "conflict", "conflict", "resourceModified"},
		{401, "", "denied", "denied", "denied", "http.unauthorized"},
		{401, `{"code":900421,"description":"MFA"}`, "denied", "denied", "denied", CodeMFA},
		{401, `{"error":{"code":"unauthenticated","innerError":{"code":"900421"}}}`, "denied", "denied", "denied", CodeMFA},
		{403, `{"code":"900421"}`, "denied", "denied", "denied", CodeMFA},
		{401, `{"error":{"code":"900420"}}`, "denied", "denied", "denied", CodeAudience},
		{403, `{"error":{"code":"accessDenied"}}`, "refused/ours", "refused/ours", "refused/record", ""},
		{404, `{"code":1000,"description":"not found"}`, "gone", "refused/ours", "gone", "1000"},
		{409, "", "conflict", "conflict", "conflict", ""},
		{410, "", "gone", "refused/ours", "gone", ""},
		{412, `{"error":{"code":"preconditionFailed"}}`, "conflict", "conflict", "conflict", "preconditionFailed"},
		{405, "", "refused/ours", "refused/ours", "refused/ours", ""},
		{413, "", "refused/ours", "refused/ours", "refused/record", ""},
		{415, "", "refused/ours", "refused/ours", "refused/ours", ""},
		{422, problem, "refused/ours", "refused/ours", "refused/record", "countryInvalid"},
		{423, "", "broken", "broken", "broken", ""},
		{429, `{"statusCode":429}`, "later", "later", "later", "throttled"},
		{500, "<html>", "broken", "broken", "broken", ""},
		{501, "", "refused/ours", "refused/ours", "refused/ours", ""},
		{503, "", "broken", "broken", "broken", ""},
		{302, "", "broken", "broken", "broken", ""},
	} {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			t.Parallel()
			_, client := serve(t, httpclienttest.Answer(c.status, c.body, "Retry-After", "57"))
			if c.status >= 500 {
				_, client = serve(t, httpclienttest.Answer(c.status, c.body))
			}
			_, err := client.Get(ctx, oneID)
			wantMeaning(t, err, c.get, c.code)
			_, err = client.Patch(ctx, oneID, etag1, []Operation{{"replace", "/name", "x"}})
			wantMeaning(t, err, c.patch, c.code)
			if c.status != 429 { // the gate is closed by now
				_, err = client.List(ctx, Query{}, func(Document) bool { return true })
				wantMeaning(t, err, c.list, c.code)
			}
		})
	}
}

func TestUnusableAnswersAreBroken(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"html":         httpclienttest.Answer(200, "<html>", "ETag", etag1),
		"empty":        httpclienttest.Answer(200, "", "ETag", etag1),
		"null":         httpclienttest.Answer(200, "null", "ETag", etag1),
		"array":        httpclienttest.Answer(200, "[]", "ETag", etag1),
		"truncated":    httpclienttest.Answer(200, referral(oneID, etag1)[:40], "ETag", etag1),
		"two":          httpclienttest.Answer(200, referral(oneID, etag1)+"{}", "ETag", etag1),
		"other record": httpclienttest.Answer(200, referral(otherID, etag1), "ETag", etag1),
		"weak":         httpclienttest.Answer(200, referral(oneID, ""), "ETag", "W/"+etag1),
		"unquoted":     httpclienttest.Answer(200, referral(oneID, ""), "ETag", "abc"),
		"no etag":      httpclienttest.Answer(200, `{"id":"`+oneID+`"}`),
		"long etag":    httpclienttest.Answer(200, referral(oneID, ""), "ETag", `"`+strings.Repeat("a", 10_000)+`"`),
		"204":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"cut":          cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, h)
			_, err := c.Get(ctx, oneID)
			wantKind(t, err, fault.Broken, "")
		})
	}
}

func TestIDsThatAreNoGUIDsAreNeverSent(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(200, "{}"))
	for _, id := range []string{"", "x", "../" + oneID, oneID + "/..", oneID + "?a", "{" + oneID + "}", "urn:uuid:" + oneID, strings.ReplaceAll(oneID, "-", "")} {
		_, err := c.Get(ctx, id)
		wantKind(t, err, fault.Invalid, "")
		_, err = c.Patch(ctx, id, etag1, []Operation{{"add", "/a", 1}})
		wantKind(t, err, fault.Invalid, "")
		_, err = c.List(ctx, Query{Filter: EqGUID("engagementId", id)}, nil)
		wantKind(t, err, fault.Invalid, "")
	}
	if n := len(w.Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestPatchSendsConditionAndReturnsWhatTheSystemMade(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(200, referral(oneID, etag2)))
	d, err := c.Patch(ctx, oneID, etag1, []Operation{{"replace", "/details/dealValue", 90000}, {"add", "/details/notes", nil}})
	if err != nil || d.ETag() != etag2 {
		t.Fatalf("got %v, %v", d.ETag(), err)
	}
	got := w.Calls()[0]
	want := `[{"op":"replace","path":"/details/dealValue","value":90000},{"op":"add","path":"/details/notes","value":null}]`
	if got.Body != want || got.Header.Get("If-Match") != etag1 || got.Header.Get("Prefer") != "return=representation" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("sent %+v", got)
	}
}

func TestPatchReadsAgainWhenTheAnswerDoesNotShowTheRecord(t *testing.T) {
	t.Parallel()
	for _, first := range []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, httpclienttest.Answer(200, "")} {
		w, c := serve(t, first, httpclienttest.Answer(200, referral(oneID, etag2)))
		d, err := c.Patch(ctx, oneID, etag1, []Operation{{"replace", "/name", "x"}})
		if err != nil || d.ETag() != etag2 || w.Calls()[1].Method != "GET" {
			t.Errorf("got %v, %v", d.ETag(), err)
		}
	}
}

// An answer that shows nothing is no proof: a page of HTML with 200 comes from whoever stands in between.
func TestAReferralThatIsAsItWasHasNotBeenWritten(t *testing.T) {
	t.Parallel()
	for code, first := range map[string]http.HandlerFunc{fault.CodeStale: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "answer.malformed": httpclienttest.Answer(200, "<html>")} {
		_, c := serve(t, first, httpclienttest.Answer(200, referral(oneID, etag1)))
		_, err := c.Patch(ctx, oneID, etag1, []Operation{{"replace", "/name", "x"}})
		if f := fault.Of(err); err == nil || f.Code != code || !f.Maybe {
			t.Errorf("got %v", err)
		}
		_, c = serve(t, first, httpclienttest.Answer(200, referral(oneID, etag1)))
		if _, err = c.Put(ctx, oneID, etag1, []byte("{}")); err == nil || fault.Of(err).Code != code {
			t.Errorf("put: got %v", err)
		}
	}
	_, c := serve(t, httpclienttest.Answer(200, "<html>"), httpclienttest.Answer(200, referral(oneID, etag2))) // nor is it one that somebody has changed
	if _, err := c.Patch(ctx, oneID, etag1, []Operation{{"replace", "/name", "x"}}); err == nil || fault.Of(err).Code != "answer.malformed" || !fault.Of(err).Maybe {
		t.Errorf("changed by somebody: got %v", err)
	}
}

func TestPatchWithoutConditionOrWithUnknownOperationsIsNotSent(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(200, "{}"))
	good := []Operation{{"replace", "/name", "x"}}
	for _, etag := range []string{"", "*", "abc", "W/" + etag1, "\"a\r\nX: y\""} {
		_, err := c.Patch(ctx, oneID, etag, good)
		wantKind(t, err, fault.Invalid, "")
	}
	for _, ops := range [][]Operation{nil, {{"remove", "/name", nil}}, {{"replace", "name", 1}}, {{"add", "/x", func() {}}}} {
		_, err := c.Patch(ctx, oneID, etag1, ops)
		wantKind(t, err, fault.Invalid, "")
	}
	if n := len(w.Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestCreateIsSentOnceAndItsOutcomeIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		unknown bool
		kind    fault.Kind
	}{
		{"500", httpclienttest.Answer(500, ""), true, fault.Broken},
		{"502", httpclienttest.Answer(502, "<html>"), true, fault.Broken},
		{"503 with a wait", httpclienttest.Answer(503, "", "Retry-After", "60"), true, fault.Broken},
		{"504", httpclienttest.Answer(504, ""), true, fault.Broken},
		{"408", httpclienttest.Answer(408, ""), true, fault.Broken},
		{"302", httpclienttest.Answer(302, ""), true, fault.Broken},
		{"cut", cut, true, fault.Broken},
		{"200 without body", httpclienttest.Answer(200, ""), true, fault.Broken},
		{"201 with html", httpclienttest.Answer(201, "<html>"), true, fault.Broken},
		{"201 without id", httpclienttest.Answer(201, "{}"), true, fault.Broken},
		{"202", httpclienttest.Answer(202, ""), true, fault.Broken},
		{"400", httpclienttest.Answer(400, ""), false, fault.Refused},
		{"401", httpclienttest.Answer(401, ""), false, fault.Denied},
		{"403", httpclienttest.Answer(403, ""), false, fault.Refused},
		{"404", httpclienttest.Answer(404, ""), false, fault.Refused},
		{"405", httpclienttest.Answer(405, ""), false, fault.Refused},
		{"409", httpclienttest.Answer(409, ""), false, fault.Refused},
		{"412", httpclienttest.Answer(412, ""), false, fault.Refused},
		{"429", httpclienttest.Answer(429, "", "Retry-After", "1"), false, fault.Later},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, client := serve(t, c.answer)
			_, err := client.Create(ctx, map[string]any{"name": "x"}, oneID)
			wantKind(t, err, c.kind, "")
			if Unknown(err) != c.unknown {
				t.Errorf("unknown is %v", !c.unknown)
			}
			if calls := w.Calls(); len(calls) != 1 || calls[0].Header.Get("MS-RequestId") != oneID {
				t.Errorf("calls %+v", calls)
			}
		})
	}
}

func TestCreateTakesBothSuccesses(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201} {
		_, c := serve(t, httpclienttest.Answer(status, referral(oneID, "weak"), "ETag", etag1))
		if d, err := c.Create(ctx, struct{}{}, otherID); err != nil || d.ID() != oneID || d.ETag() != etag1 {
			t.Errorf("%d: %v, %v", status, d.ID(), err)
		}
	}
	w, c := serve(t, httpclienttest.Answer(201, referral(oneID, "weak")))
	if d, err := c.Create(ctx, struct{}{}, otherID); err != nil || d.ETag() != "" {
		t.Errorf("it exists, only its ETag cannot be used: %q, %v", d.ETag(), err)
	}
	if _, err := c.Create(ctx, struct{}{}, "a\r\nb"); !fault.Is(err, fault.Invalid) || len(w.Calls()) != 1 {
		t.Errorf("request id: %v", err)
	}
}

func TestUnreachableHostIsADefiniteOutcome(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(200, ""))
	w.Close()
	_, err := c.Create(ctx, struct{}{}, oneID)
	wantKind(t, err, fault.Broken, "host.unreachable")
	if Unknown(err) {
		t.Error("nothing was sent")
	}
}
