package partnercentersim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

const (
	redirect = "http://localhost:4711"
	verifier = "a-verifier-of-more-than-forty-three-characters-0123456789"
	userUPN  = "integration@northwind.example"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// asking is a good request of the authorization endpoint, with changes; an empty value takes a parameter away.
func asking(change url.Values) url.Values {
	q := url.Values{"client_id": {clientID}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {"openid offline_access " + partnerAudience + "/.default"},
		"state": {"st"}, "nonce": {"no"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	for k, v := range change {
		if q[k] = v; v[0] == "" {
			delete(q, k)
		}
	}
	return q
}

// browse makes a request as a browser does.
func (p *place) browse(method, address, body string) *httptest.ResponseRecorder {
	p.t.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	r.Host = r.URL.Host
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	p.sim.ServeHTTP(w, r)
	return w
}

var (
	context  = regexp.MustCompile(`name="ctx" value="([^"]+)"`)
	numberIn = regexp.MustCompile(`AADSTS(\d+)`)
)

// signIn opens the page and answers it: with a user, then with what is to be done.
func (p *place) signIn(q url.Values, answers ...url.Values) *httptest.ResponseRecorder {
	p.t.Helper()
	w := p.browse("GET", login+"/oauth2/v2.0/authorize?"+q.Encode(), "")
	for _, a := range answers {
		found := context.FindStringSubmatch(w.Body.String())
		if found == nil {
			p.t.Fatalf("no page to answer: %d %s", w.Code, w.Body)
		}
		a.Set("ctx", html.UnescapeString(found[1]))
		w = p.browse("POST", login+"/login", a.Encode())
	}
	return w
}

func as(upn string) url.Values { return url.Values{"user": {upn}} }

// told is what the app hears: the parameters of the redirect, or nil with the number on the page.
func told(t *testing.T, w *httptest.ResponseRecorder) (q url.Values, number string) {
	t.Helper()
	if w.Code != http.StatusFound {
		if found := numberIn.FindStringSubmatch(w.Body.String()); found != nil {
			return nil, found[1]
		}
		return nil, ""
	}
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil || !strings.HasPrefix(u.String(), redirect+"/?") {
		t.Fatalf("sent back to %s", w.Header().Get("Location"))
	}
	if found := numberIn.FindStringSubmatch(u.Query().Get("error_description")); found != nil {
		number = found[1]
	}
	return u.Query(), number
}

// exchange redeems a code.
func (p *place) exchange(code string, change url.Values) answer {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
		"scope": {"openid offline_access " + partnerAudience + "/.default"}, "refresh_token": nil}
	for k, v := range change {
		form[k] = v
	}
	return p.grant(form)
}

func (p *place) code(upn string) string {
	p.t.Helper()
	q, number := told(p.t, p.signIn(asking(nil), as(upn)))
	if q.Get("code") == "" {
		p.t.Fatalf("%s gets no code: %v %s", upn, q, number)
	}
	return q.Get("code")
}

func claimsOf(t *testing.T, token string) object {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c object
	if err != nil || json.Unmarshal(data, &c) != nil {
		t.Fatalf("claims %q: %v", data, err)
	}
	return c
}

func TestASignInGivesACodeAndTheCodeTheTokensOfWhoSignedIn(t *testing.T) {
	p := newPlace(t)
	q, _ := told(t, p.signIn(asking(nil), as(userUPN)))
	if q.Get("state") != "st" || q.Get("code") == "" {
		t.Fatal(q)
	}
	a := p.want(p.exchange(q.Get("code"), nil), 200, "")
	id, access := claimsOf(t, a.text("id_token")), claimsOf(t, a.text("access_token"))
	if id["nonce"] != "no" || id["aud"] != clientID || id["tid"] != tenant || id["preferred_username"] != userUPN {
		t.Errorf("id token %v", id)
	}
	if access["upn"] != userUPN || access["aud"] != partnerAudience || fmt.Sprint(access["amr"]) != "[pwd mfa]" || access["scp"] != "user_impersonation" {
		t.Errorf("access token %v", access)
	}
	p.bearer = a.text("access_token")
	p.want(p.call("GET", referrals, nil), 200, "")
	b := p.want(p.grant(url.Values{"refresh_token": {a.text("refresh_token")}, "scope": {hooksAudience + "/.default offline_access"}}), 200, "")
	p.bearer = b.text("access_token")
	p.want(p.call("GET", hooks, nil), 200, "")
	if c := p.grant(url.Values{"refresh_token": {a.text("refresh_token")}, "scope": {hooksAudience + "/.default"}}); c.text("refresh_token") != "" || c.text("id_token") != "" {
		t.Error("a token that nobody asked for:", c.raw)
	}
}

// An error of the app's own name or address is shown to the person; the app hears nothing.
func TestWhatIsWrongWithTheAppIsShownToThePersonAlone(t *testing.T) {
	p := newPlace(t)
	for name, c := range map[string]struct {
		address string
		q       url.Values
		number  string
	}{
		"tenant":                   {"https://login.microsoftonline.com/other", asking(nil), "90002"},
		"any tenant":               {"https://login.microsoftonline.com/common", asking(nil), "50194"},
		"app":                      {login, asking(url.Values{"client_id": {"other"}}), "700016"},
		"no app":                   {login, asking(url.Values{"client_id": {""}}), "900144"},
		"no redirect":              {login, asking(url.Values{"redirect_uri": {""}}), "900144"},
		"another host":             {login, asking(url.Values{"redirect_uri": {"http://127.0.0.1:4711"}}), "50011"},
		"a path":                   {login, asking(url.Values{"redirect_uri": {redirect + "/callback"}}), "50011"},
		"a slash":                  {login, asking(url.Values{"redirect_uri": {redirect + "/"}}), "50011"},
		"https":                    {login, asking(url.Values{"redirect_uri": {"https://localhost:4711"}}), "50011"},
		"a host like this machine": {login, asking(url.Values{"redirect_uri": {"http://localhost.evil.example:4711"}}), "50011"},
	} {
		w := p.browse("GET", c.address+"/oauth2/v2.0/authorize?"+c.q.Encode(), "")
		if q, number := told(t, w); q != nil || number != c.number || w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %v %s %s", name, w.Code, q, number, w.Body)
		}
	}
}

func TestWhatElseIsWrongGoesBackToTheApp(t *testing.T) {
	p := newPlace(t)
	for name, c := range map[string]struct {
		q            url.Values
		word, number string
	}{
		"silently":       {url.Values{"prompt": {"none"}}, "login_required", "50058"},
		"prompt":         {url.Values{"prompt": {"other"}}, "invalid_request", "90023"},
		"token":          {url.Values{"response_type": {"token"}}, "unsupported_response_type", "700054"},
		"fragment":       {url.Values{"response_mode": {"fragment"}}, "invalid_request", "90023"},
		"no resource":    {url.Values{"scope": {"openid"}}, "invalid_scope", "70011"},
		"two resources":  {url.Values{"scope": {partnerAudience + "/.default " + hooksAudience + "/.default"}}, "invalid_scope", "28000"},
		"short PKCE":     {url.Values{"code_challenge": {"short"}}, "invalid_request", "501471"},
		"PKCE's method":  {url.Values{"code_challenge_method": {"S512"}}, "invalid_request", "9002313"},
		"no such method": {url.Values{"code_challenge_method": {""}}, "invalid_request", "9002313"},
	} {
		q, number := told(t, p.signIn(asking(c.q)))
		if q.Get("error") != c.word || number != c.number || q.Get("state") != "st" || q.Get("code") != "" {
			t.Errorf("%s: %v", name, q)
		}
	}
	p.turn("permissions", "webhooks")
	if q, number := told(t, p.signIn(asking(nil))); q.Get("error") != "invalid_resource" || number != "650057" {
		t.Error(q)
	}
}

func TestWhoMayNotSignInIsToldOnThePage(t *testing.T) {
	p := newPlace(t)
	for upn, want := range map[string]string{"stranger@elsewhere.example": "50020", "nobody@northwind.example": "50034"} {
		if q, number := told(t, p.signIn(asking(nil), as(upn))); q != nil || number != want {
			t.Errorf("%s: %v %s", upn, q, number)
		}
	}
	p.turn("mfaPolicy", "enforced")
	if q, number := told(t, p.signIn(asking(nil), as("nomfa@northwind.example"))); q != nil || number != "50079" {
		t.Errorf("no second factor: %v %s", q, number)
	}
	p.code(userUPN)
}

func TestAPersonMayCancel(t *testing.T) {
	p := newPlace(t)
	q, number := told(t, p.signIn(asking(nil), url.Values{"do": {"cancel"}}))
	if q.Get("error") != "access_denied" || q.Get("error_subcode") != "cancel" || number != "65004" || q.Get("state") != "st" {
		t.Error(q)
	}
	if w := p.browse("POST", login+"/login", url.Values{"ctx": {"unknown"}, "user": {userUPN}}.Encode()); w.Code != http.StatusBadRequest {
		t.Errorf("a page of nobody's: %d", w.Code)
	}
	if q, _ := told(t, p.signIn(asking(nil), url.Values{"do": {"accept"}})); q != nil {
		t.Errorf("accepted before anybody signed in: %v", q)
	}
}

func TestConsentIsTheAdministratorsToGive(t *testing.T) {
	p := newPlace(t)
	p.turn("consent", "webhooks")
	if q, number := told(t, p.signIn(asking(nil), as(userUPN))); q != nil || number != "90094" {
		t.Errorf("%v %s", q, number)
	}
	if a := p.grant(url.Values{"resource": {partnerAudience}}); a.text("error") != "invalid_grant" || a.text("suberror") != "consent_required" || !strings.Contains(a.raw, "AADSTS65001") {
		t.Error(a.raw)
	}
	p.want(p.grant(url.Values{"resource": {hooksAudience}}), 200, "")
	admin := as("admin@northwind.example")
	if q, number := told(t, p.signIn(asking(nil), admin, url.Values{"do": {"decline"}})); q.Get("error") != "access_denied" || number != "65004" {
		t.Errorf("declined: %v", q)
	}
	if q, _ := told(t, p.signIn(asking(nil), admin, url.Values{"do": {"accept"}})); q.Get("code") == "" {
		t.Errorf("accepted: %v", q)
	}
	p.code(userUPN)
	p.want(p.grant(url.Values{"resource": {partnerAudience}}), 200, "")
}

func TestAnAPIThatTheAppDoesNotAskForGivesNoUserToken(t *testing.T) {
	p := newPlace(t)
	p.turn("permissions", "referrals")
	p.want(p.grant(url.Values{"resource": {partnerAudience}}), 200, "")
	if a := p.grant(url.Values{"resource": {hooksAudience}}); a.status != 400 || a.text("error") != "invalid_resource" || !strings.Contains(a.raw, "AADSTS650057") {
		t.Error(a.raw)
	}
	if a := p.grant(url.Values{"grant_type": {"client_credentials"}, "resource": {hooksAudience}}); a.status != 200 {
		t.Error("the app alone:", a.raw)
	}
}

func TestCodesAreGoodOnceForTenMinutesAndForWhoAskedForThem(t *testing.T) {
	p := newPlace(t)
	for name, c := range map[string]struct {
		change url.Values
		number string
	}{
		"unknown":         {url.Values{"code": {"other"}}, "9002313"},
		"redirect":        {url.Values{"redirect_uri": {redirect + "/"}}, "500112"},
		"no redirect":     {url.Values{"redirect_uri": nil}, "500112"},
		"verifier":        {url.Values{"code_verifier": {verifier + "x"}}, "501481"},
		"no verifier":     {url.Values{"code_verifier": nil}, "501481"},
		"secret":          {url.Values{"client_secret": {"other"}}, "7000215"},
		"no secret":       {url.Values{"client_secret": nil}, "7000218"},
		"the app's right": {url.Values{"scope": {"openid"}}, "70011"},
	} {
		if a := p.exchange(p.code(userUPN), c.change); a.status == 200 || !strings.Contains(a.text("error_description"), "AADSTS"+c.number+":") {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	code := p.code(userUPN)
	p.want(p.exchange(code, nil), 200, "")
	if a := p.exchange(code, nil); a.text("error") != "invalid_grant" || !strings.Contains(a.raw, "AADSTS54005") {
		t.Error(a.raw)
	}
	late := p.code(userUPN)
	p.pass(10 * time.Minute)
	if a := p.exchange(late, nil); a.text("error") != "invalid_grant" || !strings.Contains(a.raw, "AADSTS70008") {
		t.Error(a.raw)
	}
}

func TestACodeWithoutPKCETakesNoVerifier(t *testing.T) {
	p := newPlace(t)
	q, _ := told(t, p.signIn(asking(url.Values{"code_challenge": {""}, "code_challenge_method": {""}}), as(userUPN)))
	if a := p.exchange(q.Get("code"), nil); a.status == 200 {
		t.Error(a.raw)
	}
	p.want(p.exchange(q.Get("code"), url.Values{"code_verifier": nil}), 200, "")
}

func TestWhoSignsInWithoutASecondFactorGetsTokensWithoutTheClaim(t *testing.T) {
	p := newPlace(t)
	a := p.want(p.exchange(p.code("nomfa@northwind.example"), nil), 200, "")
	if amr := claimsOf(t, a.text("access_token"))["amr"]; fmt.Sprint(amr) != "[pwd]" {
		t.Error(amr)
	}
	p.bearer = a.text("access_token")
	p.want(p.call("GET", referrals, nil), 401, "900421")
	p.turn("mfaPolicy", "enforced")
	if b := p.grant(url.Values{"refresh_token": {a.text("refresh_token")}, "resource": {partnerAudience}}); b.text("error") != "invalid_grant" || !strings.Contains(b.raw, "AADSTS50076") {
		t.Error(b.raw)
	}
	p.want(p.grant(url.Values{"resource": {partnerAudience}}), 200, "")
}

func TestEachPersonHasARoleOfItsOwn(t *testing.T) {
	p := newPlace(t)
	p.turn("role", "user") // the integration user's
	id := p.post(deal()).text("id")
	p.want(p.get(id), 403, "notOnTeam")
	p.bearer = p.exchange(p.code("admin@northwind.example"), nil).text("access_token")
	p.want(p.get(id), 200, "")
	p.bearer = p.exchange(p.code("norole@northwind.example"), nil).text("access_token")
	p.want(p.get(id), 403, "roleMissing")
}

func TestARevokedSignInIsOverAndTheNextOneIsGood(t *testing.T) {
	p := newPlace(t)
	before := p.exchange(p.code(userUPN), nil).text("refresh_token")
	form := func(token string) url.Values {
		return url.Values{"refresh_token": {token}, "resource": {partnerAudience}}
	}
	p.turn("refreshToken", "revoked")
	for _, token := range []string{refresh, before} {
		if a := p.grant(form(token)); a.text("error") != "invalid_grant" || !strings.Contains(a.raw, "AADSTS50173") {
			t.Errorf("%s: %s", token, a.raw)
		}
	}
	after := p.exchange(p.code(userUPN), nil).text("refresh_token")
	p.turn("rotateRefreshToken", true)
	a := p.want(p.grant(form(after)), 200, "")
	p.want(p.grant(form(a.text("refresh_token"))), 200, "")
	p.turn("refreshToken", "revoked") // again
	if b := p.grant(form(a.text("refresh_token"))); b.status == 200 {
		t.Error(b.raw)
	}
	p.turn("refreshToken", "valid")
	p.want(p.grant(form(a.text("refresh_token"))), 200, "")
}

func TestAnAnswerMayBePostedByTheBrowser(t *testing.T) {
	p := newPlace(t)
	w := p.signIn(asking(url.Values{"response_mode": {"form_post"}}), as(userUPN))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `action="`+redirect+`"`) || !strings.Contains(body, `name="code"`) || !strings.Contains(body, `name="state" value="st"`) {
		t.Errorf("%d %s", w.Code, body)
	}
}

func TestEveryTenantHasItsOwnPeople(t *testing.T) {
	p := newPlace(t, func(o *partnercentersim.Options) { o.UserEmail = "integration@acme.example" })
	people := p.sim.People()
	if len(people) != 5 || people[0].UPN != "integration@acme.example" || people[0].Role != "admin" || people[1].UPN != "admin@acme.example" || !people[1].Admin {
		t.Errorf("%+v", people)
	}
}

func TestAPersonSignsInByControl(t *testing.T) {
	p := newPlace(t)
	address := login + "/oauth2/v2.0/authorize?" + asking(nil).Encode()
	a := p.want(p.tell("POST", "/signin", object{"url": address, "user": userUPN}), 200, "")
	back, err := url.Parse(a.text("location"))
	if err != nil || back.Host != "localhost:4711" || back.Query().Get("state") != "st" {
		t.Fatal(a.raw)
	}
	p.want(p.exchange(back.Query().Get("code"), nil), 200, "")
	if a := p.tell("POST", "/signin", object{"url": address, "do": "cancel"}); !strings.Contains(a.text("location"), "access_denied") {
		t.Error(a.raw)
	}
	for _, c := range []object{{"url": address}, {"url": address, "user": "stranger@elsewhere.example"}, {"url": login + "/nothing"}, {"url": ":"}} {
		if a := p.tell("POST", "/signin", c); a.status != 409 {
			t.Errorf("%v: %d %s", c, a.status, a.raw)
		}
	}
	if a := p.tell("POST", "/signin", object{"user": 1}); a.status != 400 {
		t.Error(a.raw)
	}
}
