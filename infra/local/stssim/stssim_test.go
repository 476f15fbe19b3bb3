package stssim

import (
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const arn = "arn:aws:iam::123456789012:role/r"

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

type answer struct {
	Result struct{ WebIdentityToken, Expiration string } `xml:"GetWebIdentityTokenResult"`
	Error  struct{ Code string }
}

// ask signs a call as the documents say, changed in one place.
func ask(t *testing.T, s *Sim, form url.Values, change func(*http.Request)) (int, answer) {
	t.Helper()
	body := form.Encode()
	r := httptest.NewRequest("POST", "https://sts.eu-west-1.amazonaws.com/", strings.NewReader(body))
	r.Host = "sts.eu-west-1.amazonaws.com"
	r.Header.Set("X-Amz-Date", "20261126T120000Z")
	r.Header.Set("X-Amz-Security-Token", "session")
	signed := []string{"host", "x-amz-date", "x-amz-security-token"}
	canonical, _ := canonicalOf(r, signed, []byte(body))
	key := []byte("AWS4secret")
	for _, part := range []string{"20261126", "eu-west-1", "sts", "aws4_request"} {
		key = sign(key, part)
	}
	toSign := "AWS4-HMAC-SHA256\n20261126T120000Z\n20261126/eu-west-1/sts/aws4_request\n" + hexSum([]byte(canonical))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=ASIA/20261126/eu-west-1/sts/aws4_request, SignedHeaders="+strings.Join(signed, ";")+", Signature="+hex.EncodeToString(sign(key, toSign)))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var out answer
	if err := xml.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, out
}

func wanted(change map[string]string) url.Values {
	form := url.Values{"Action": {"GetWebIdentityToken"}, "Version": {"2011-06-15"}, "Audience.member.1": {"a"}, "SigningAlgorithm": {"RS256"}, "DurationSeconds": {"300"}}
	for name, value := range change {
		if form.Set(name, value); value == "" {
			form.Del(name)
		}
	}
	return form
}

func newSim(t *testing.T, now *time.Time) *Sim {
	t.Helper()
	s, err := New(Options{Now: func() time.Time { return *now }, Region: "eu-west-1", Issuer: "https://i",
		Roles: []Role{{ARN: arn, AccessKey: "ASIA", SecretKey: "secret", SessionToken: "session", Audiences: []string{"a"}, MostSeconds: 300}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTokenSaysWhoTheRoleIsForOneAudienceAndForItsTime(t *testing.T) {
	now := noon
	s := newSim(t, &now)
	status, out := ask(t, s, wanted(nil), nil)
	if status != 200 || out.Result.Expiration != "2026-11-26T12:05:00Z" || s.Issued() != 1 {
		t.Fatalf("%d %+v", status, out)
	}
	token := out.Result.WebIdentityToken
	if c, err := s.Check(token); err != nil || c != (Claims{Issuer: "https://i", Subject: arn, Audience: "a", Expires: noon.Add(5 * time.Minute).Unix()}) {
		t.Errorf("%+v %v", c, err)
	}
	parts := strings.Split(token, ".")
	for _, bad := range []string{"", "a.b", parts[0] + "." + parts[1] + ".AAAA", parts[0] + "." + parts[0] + "." + parts[2]} {
		if _, err := s.Check(bad); err == nil {
			t.Errorf("%.40q is genuine", bad)
		}
	}
	now = now.Add(5 * time.Minute)
	if _, err := s.Check(token); err == nil {
		t.Error("it does not end")
	}
}

func TestWhatAWSRefusesIsRefused(t *testing.T) {
	now := noon
	s := newSim(t, &now)
	for name, c := range map[string]struct {
		form map[string]string
		sent func(*http.Request)
		code string
	}{
		"another audience":    {form: map[string]string{"Audience.member.1": "b"}, code: "AccessDenied"},
		"an audience more":    {form: map[string]string{"Audience.member.2": "b"}, code: "AccessDenied"},
		"no audience":         {form: map[string]string{"Audience.member.1": ""}, code: "ValidationError"},
		"too long":            {form: map[string]string{"DurationSeconds": "301"}, code: "AccessDenied"},
		"too short":           {form: map[string]string{"DurationSeconds": "59"}, code: "ValidationError"},
		"no algorithm":        {form: map[string]string{"SigningAlgorithm": ""}, code: "ValidationError"},
		"another action":      {form: map[string]string{"Action": "GetCallerIdentity"}, code: "InvalidAction"},
		"another version":     {form: map[string]string{"Version": "2012-11-05"}, code: "InvalidAction"},
		"no signature":        {sent: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationToken"},
		"an older session":    {sent: func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "old") }, code: "InvalidClientTokenId"},
		"another date":        {sent: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261126T120001Z") }, code: "SignatureDoesNotMatch"},
		"another host":        {sent: func(r *http.Request) { r.Host = "sts.amazonaws.com" }, code: "SignatureDoesNotMatch"},
		"another region":      {sent: func(r *http.Request) { replace(r, "eu-west-1", "us-east-1") }, code: "SignatureDoesNotMatch"},
		"another service":     {sent: func(r *http.Request) { replace(r, "/sts/", "/iam/") }, code: "SignatureDoesNotMatch"},
		"another key":         {sent: func(r *http.Request) { replace(r, "ASIA", "AKIA") }, code: "InvalidClientTokenId"},
		"a header not signed": {sent: func(r *http.Request) { replace(r, ";x-amz-security-token", "") }, code: "SignatureDoesNotMatch"},
		"another body":        {sent: func(r *http.Request) { r.Body = http.NoBody }, code: "SignatureDoesNotMatch"},
		"another path":        {sent: func(r *http.Request) { r.URL.Path = "/x" }, code: "UnknownOperationException"},
	} {
		if status, out := ask(t, s, wanted(c.form), c.sent); status < 400 || out.Error.Code != c.code {
			t.Errorf("%s: %d %q, want %q", name, status, out.Error.Code, c.code)
		}
	}
	now = now.Add(6 * time.Minute)
	if _, out := ask(t, s, wanted(nil), nil); out.Error.Code != "SignatureDoesNotMatch" {
		t.Errorf("an old call: %q", out.Error.Code)
	}
	now = noon
	s.opt.Disabled = true
	if _, out := ask(t, s, wanted(nil), nil); out.Error.Code != "OutboundWebIdentityFederationDisabledException" {
		t.Errorf("switched off: %q", out.Error.Code)
	}
	if s.Issued() != 0 {
		t.Errorf("%d tokens were issued", s.Issued())
	}
}

func replace(r *http.Request, from, to string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
}
