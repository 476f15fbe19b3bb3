package partnercenter

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter/partnercentertest"
)

func event(name, uri string) string {
	return `{"EventName":"` + name + `","ResourceUri":"` + uri + `","ResourceChangeUtcDate":"2026-03-02T09:14:05Z"}`
}

func TestEventsNameTheirRecord(t *testing.T) {
	t.Parallel()
	const base = "https://api.partnercenter.microsoft.com/engagements/v1/referrals/"
	for body, want := range map[string]Event{
		event("referral-created", base+strings.ToUpper(oneID)):               {Name: "referral-created", ReferralID: oneID, Referral: true},
		event("related-referral-created", base+oneID):                        {Name: "related-referral-created", ReferralID: oneID, Referral: true},
		event("related-referral-updated", base+oneID):                        {Name: "related-referral-updated", ReferralID: oneID, Referral: true},
		event("referral-updated", "https://other.example/x/"+oneID+"?a=b#c"): {Name: "referral-updated", ReferralID: oneID, Referral: true},
		event("test-created", "http://x/validationEvents/"+otherID):          {Name: "test-created", CorrelationID: otherID},
		event("subscription-updated", "whatever"):                            {Name: "subscription-updated"}, // A12
		"\xef\xbb\xbf" + event("subscription-updated", ""):                   {Name: "subscription-updated"}, // A15
	} {
		got, err := parseEvent([]byte(body))
		want.ChangedAt = time.Date(2026, 3, 2, 9, 14, 5, 0, time.UTC)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

func TestMalformedEventsAreInvalid(t *testing.T) {
	t.Parallel()
	bodies := []string{
		"", "null", "[]", `"x"`, "{}", "1", updated + "x", updated + updated, updated[:40], "{", `{"EventName":1}`, `{"EventName":null}`,
		event("", oneID), event(strings.Repeat("a", 101), oneID), event(`a\u0000b`, oneID), event("a\\nb", oneID),
		strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), "{\"EventName\":\"a\xff\"}", `{"EventName":` + strings.Repeat("9", 60_000) + `}`,
	}
	for _, uri := range []string{"", "x", "https://h/", "https://h/" + oneID + "/", "https://h/{" + oneID + "}", "https://h/" + oneID + "x", "https://h/urn:uuid:" + oneID, "%zz", "https://h/?id=" + oneID} {
		bodies = append(bodies, event("referral-updated", uri)) // A11
	}
	for _, body := range bodies {
		if _, err := parseEvent([]byte(body)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.80s: got %v", body, err)
		}
	}
}

func TestOldEventsAreRefusedOnlyWhereThatIsConfigured(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{}))
	if _, err := d.open(d.headers(t, updated), updated); err != nil {
		t.Fatal(err)
	}
	d.o.MaxAge = time.Hour
	_, err := d.open(d.headers(t, updated), updated)
	wantKind(t, err, fault.Invalid, "event.old")
}

func TestAuthenticGarbageIsInvalidAndLargeBodiesAreNotVerified(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{}))
	_, err := d.open(d.headers(t, "{}"), "{}")
	wantKind(t, err, fault.Invalid, "event.malformed")
	d.fetches.Store(0)
	large := strings.Repeat(" ", MaxEvent+1)
	_, err = d.open(d.headers(t, large), large)
	wantKind(t, err, fault.Invalid, "")
	if d.fetches.Load() != 0 {
		t.Error("fetched for a body that is too large")
	}
}

func FuzzOpenEvent(f *testing.F) {
	for _, seed := range []string{updated, "", "null", "[]", event("test-created", "a/"+oneID), "\xef\xbb\xbf{}", `{"EventName":"a","EventName":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := parseEvent(body)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("kind %s", fault.KindOf(err))
		}
		if err == nil && (e.Name == "" || e.Referral != (e.ReferralID != "")) {
			t.Errorf("event %+v", e)
		}
	})
}

func FuzzCertificate(f *testing.F) {
	s, err := partnercentertest.New(partnercentertest.Certificate{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.DER)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		leaf, _, err := parseCertificates(text)
		if (leaf == nil) == (err == nil) {
			t.Errorf("got %v, %v", leaf, err)
		}
	})
}

func FuzzPointer(f *testing.F) {
	f.Add("/details/dealValue", referral(oneID, etag1))
	f.Add("/team/0", `{"team":[null]}`)
	f.Add("~2//", `{"":{"":1}}`)
	f.Fuzz(func(_ *testing.T, pointer, body string) {
		if d, err := ParseDocument([]byte(body), "", time.Time{}); err == nil {
			_ = d.Text(pointer)
			_ = d.Has(pointer)
		}
	})
}
