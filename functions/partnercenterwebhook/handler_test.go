package partnercenterwebhook

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// opener stands for the verifier and keeps the bytes it was given.
type opener struct {
	body  []byte
	event partnercenter.Event
	err   error
}

func (o *opener) Open(_ *http.Request, body []byte) (partnercenter.Event, error) {
	o.body = body
	return o.event, o.err
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// watched keeps the tests and the judgements.
type watched struct{ tested *[]string }

func (w watched) Forwarded(string, error) {}

func (w watched) Tested(id string, _ time.Time) { *w.tested = append(*w.tested, id) }

func (w watched) Door(function string, err error) {
	if err != nil {
		*w.tested = append(*w.tested, function+" turned away: "+err.Error())
	}
}

func TestWhoIsTurnedAwayIsCounted(t *testing.T) {
	h, _, told := setUp(&opener{err: fault.New(fault.Denied, "forged")})
	post(h, "acme", "{}")
	if !slices.Equal(*told, []string{"partnercenterwebhook turned away: forged"}) {
		t.Errorf("%q", *told)
	}
}

func setUp(o *opener) (*Handler, *queue.Memory, *[]string) {
	sent, tested := queue.InMemory(), &[]string{}
	return &Handler{Verifier: o, Sender: sent, Tenant: "acme", Now: func() time.Time { return noon }, NewID: func() string { return "t-1" },
		Log: slog.New(slog.DiscardHandler), Watch: watched{tested}}, sent, tested
}

func post(h http.Handler, tenant, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/partnercenterwebhook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.SetPathValue("tenant", tenant)
	h.ServeHTTP(w, r)
	return w
}

func TestEventBecomesAPointer(t *testing.T) {
	o := &opener{event: partnercenter.Event{Name: "referral-updated", ReferralID: "r-1", Referral: true}}
	h, sent, _ := setUp(o)
	raw := "\xef\xbb\xbf {\"EventName\" : \"referral-updated\"}\r\n" // the signature covers these very bytes
	if w := post(h, "acme", raw); w.Code != http.StatusAccepted || !bytes.Equal(o.body, []byte(raw)) {
		t.Errorf("%d, the verifier got %q", w.Code, o.body)
	}
	want := []queue.Message{{Queue: queue.ReferralChanged, Pointer: queue.Pointer{V: 1, Tenant: "acme", Kind: queue.Referral, ID: "r-1",
		Why: "referral-updated", Seen: noon, Trace: "t-1"}}}
	if diff := cmp.Diff(want, sent.Take()); diff != "" {
		t.Error(diff)
	}
}

func TestEventAboutMicrosoftsReferralIsRelated(t *testing.T) {
	h, sent, _ := setUp(&opener{event: partnercenter.Event{Name: "Related-Referral-Updated", ReferralID: "r-1", Referral: true}})
	post(h, "acme", "{}")
	if got := sent.Take(); len(got) != 1 || !got[0].Pointer.Related || got[0].Pointer.Deleted {
		t.Errorf("%+v", got)
	}
}

func TestAnswersSayWhoseFaultItIs(t *testing.T) {
	authentic := partnercenter.Event{Name: "referral-created", ReferralID: "r-1", Referral: true}
	cases := []struct {
		name   string
		open   error
		send   error
		status int
	}{
		{"malformed", fault.New(fault.Invalid, "no id"), nil, 400},
		{"not from Microsoft", fault.New(fault.Denied, "forged").With("signature", ""), nil, 401},
		{"no certificate", fault.New(fault.Broken, "away"), nil, 503},
		{"no queue", nil, errors.New("away"), 503},
		{"queue refuses us", nil, fault.New(fault.Denied, "no right"), 503},
		{"queue is busy", nil, fault.Wait(time.Second, "busy"), 503},
	}
	for _, c := range cases {
		h, sent, _ := setUp(&opener{event: authentic, err: c.open})
		sent.Fail(c.send)
		w := post(h, "", "{}")
		if w.Code != c.status || strings.Contains(w.Body.String(), "away") || len(sent.Take()) != 0 {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

func TestOnlyOurAliasIsServed(t *testing.T) {
	for tenant, status := range map[string]int{"": 202, "acme": 202, "ACME": 404, "acme%20": 404, "other": 404, "%61cme": 404, "a%252Fb": 404} {
		h, sent, _ := setUp(&opener{event: partnercenter.Event{Referral: true, ReferralID: "r-1"}})
		w := post(h, tenant, "{}")
		if n := len(sent.Take()); w.Code != status || (n == 1) != (status == 202) {
			t.Errorf("%q: %d, %d sent", tenant, w.Code, n)
		}
	}
}

func TestUnknownAndTestEventsAreAcceptedWithoutWork(t *testing.T) {
	for _, e := range []partnercenter.Event{{Name: "subscription-updated"}, {Name: "test-created", CorrelationID: "c-1"}} {
		h, sent, tested := setUp(&opener{event: e})
		if w := post(h, "", "{}"); w.Code != http.StatusAccepted || len(sent.Take()) != 0 {
			t.Errorf("%s: %d", e.Name, w.Code)
		}
		if got := strings.Join(*tested, ","); got != e.CorrelationID {
			t.Errorf("%s: tested %q", e.Name, got)
		}
	}
}

func TestOtherMethodsAndTypesAreRefusedBeforeVerifying(t *testing.T) {
	o := &opener{}
	h, _, _ := setUp(o)
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "TRACE"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", strings.NewReader("{}")))
		if w.Code != http.StatusMethodNotAllowed || w.Body.Len() != 0 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")))
	if w.Code != http.StatusUnsupportedMediaType || o.body != nil {
		t.Errorf("no content type: %d", w.Code)
	}
}

// Both hear an authentic event, whatever becomes of the other; what the receiver that works in earnest does not take comes again.
func TestR154_AnEventThatIsNotHandedOnComesAgain(t *testing.T) {
	h, sent, _ := setUp(&opener{event: partnercenter.Event{Name: "referral-updated", Referral: true, ReferralID: "r-1"}})
	var heard []string
	fails := true
	h.Forward = func(_ context.Context, _ http.Header, body []byte) error {
		heard = append(heard, string(body))
		if fails {
			return fault.New(fault.Broken, "away")
		}
		return nil
	}
	if w := post(h, "acme", `{"a":1}`); w.Code != http.StatusServiceUnavailable || len(sent.Take()) != 1 {
		t.Errorf("not taken there: %d, sent %v", w.Code, sent)
	}
	fails = false
	sent.Fail(fault.New(fault.Broken, "the queue is away"))
	if w := post(h, "acme", `{"a":1}`); w.Code != http.StatusAccepted || len(heard) != 2 {
		t.Errorf("not taken here: %d, heard %q", w.Code, heard)
	}
	sent.Fail(nil)
	heard = heard[1:]
	if w := post(h, "acme", `{"a":1}`); w.Code != http.StatusAccepted || len(sent.Take()) != 1 || !slices.Equal(heard, []string{`{"a":1}`, `{"a":1}`}) {
		t.Errorf("%d, sent %v, heard %q", w.Code, sent, heard)
	}
	h.Verifier = &opener{err: fault.New(fault.Denied, "forged")}
	if post(h, "acme", `{"a":2}`); len(heard) != 2 {
		t.Error("a forged event was handed on")
	}
}
