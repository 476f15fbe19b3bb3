package partnercentersim_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

const (
	partnerAudience = "https://api.partner.microsoft.com"
	hooksAudience   = "https://api.partnercenter.microsoft.com"
)

// grant asks for a token; v2 when scope is given.
func (p *place) grant(change url.Values) answer {
	p.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {clientID}, "client_secret": {secret}}
	for k, v := range change {
		form[k] = v
	}
	path := "/oauth2/token"
	if form.Get("scope") != "" {
		path = "/oauth2/v2.0/token"
	}
	return p.send("POST", login+path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func TestReferralsTakeOnlyUserTokensForTheirAudience(t *testing.T) {
	p := newPlace(t)
	p.want(p.send("GET", referrals, ""), 401, "unauthenticated")
	p.want(p.send("GET", referrals, "", "Authorization", "Bearer nonsense"), 401, "unauthenticated")
	p.want(p.send("GET", referrals, "", "Authorization", "Basic "+p.token("refresh_token", partnerAudience)), 401, "unauthenticated")
	p.bearer = p.token("refresh_token", hooksAudience)
	p.want(p.call("GET", referrals, nil), 401, "unauthenticated")
	p.bearer = p.token("client_credentials", partnerAudience)
	p.want(p.call("GET", referrals, nil), 403, "appOnlyNotSupported")
	p.bearer = p.token("refresh_token", partnerAudience)
	p.want(p.call("GET", referrals, nil), 200, "")
	p.pass(time.Hour)
	p.want(p.call("GET", referrals, nil), 401, "unauthenticated")
}

func TestTokensMayAgeByAnotherClock(t *testing.T) {
	still := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p := newPlace(t, func(o *partnercentersim.Options) { o.TokenNow = func() time.Time { return still } })
	p.bearer = p.token("refresh_token", partnerAudience)
	p.pass(73 * time.Hour)
	p.want(p.call("GET", referrals, nil), 200, "")
}

func TestWebhooksTakeUserAndAppTokens(t *testing.T) {
	p := newPlace(t)
	p.want(p.send("GET", hooks, ""), 401, "400")
	p.bearer = p.token("refresh_token", partnerAudience)
	p.want(p.call("GET", hooks, nil), 401, "400")
	for grant, identity := range map[string]string{"refresh_token": "app+user " + clientID, "client_credentials": "app " + clientID} {
		p.bearer = p.token(grant, hooksAudience)
		if a := p.want(p.call("GET", hooks, nil), 200, ""); a.header.Get(control.HeaderIdentity) != identity {
			t.Errorf("identity %q", a.header.Get(control.HeaderIdentity))
		}
	}
}

func TestVersionOneTokenAnswersHoldNumbersAsStrings(t *testing.T) {
	p := newPlace(t)
	a := p.grant(url.Values{"resource": {partnerAudience}})
	if p.want(a, 200, ""); a.text("expires_in") != "3599" || a.text("resource") != partnerAudience || a.text("refresh_token") != refresh {
		t.Error(a.raw)
	}
	b := p.grant(url.Values{"scope": {partnerAudience + "/.default offline_access"}})
	if p.want(b, 200, ""); b.body["expires_in"] != float64(3599) || b.text("token_type") != "Bearer" {
		t.Error(b.raw)
	}
}

func TestTokensHaveTheFormOfAJWT(t *testing.T) {
	p := newPlace(t, func(o *partnercentersim.Options) {
		o.Apps = []partnercentersim.App{{Tenant: tenant, ClientID: "app-2", Secret: "s2", ObjectID: "oid-2"}}
	})
	for scope, audience := range map[string]string{"https://vault.azure.net/.default": "https://vault.azure.net",
		"https://servicebus.azure.net/.default": "https://servicebus.azure.net", "https://storage.azure.com/.default": "https://storage.azure.com"} {
		token := p.grant(url.Values{"grant_type": {"client_credentials"}, "client_id": {"app-2"}, "client_secret": {"s2"}, "scope": {scope}}).text("access_token")
		parts := strings.Split(token, ".")
		if len(parts) != 3 {
			t.Fatalf("%d parts", len(parts))
		}
		data, err := base64.RawURLEncoding.DecodeString(parts[1])
		var claims object
		if err != nil || json.Unmarshal(data, &claims) != nil {
			t.Fatalf("claims %q: %v", data, err)
		}
		if claims["aud"] != audience || claims["iss"] != "https://sts.windows.net/"+tenant+"/" || claims["oid"] != "oid-2" ||
			claims["sub"] != "oid-2" || claims["exp"] != float64(p.now.Add(3599*time.Second).Unix()) {
			t.Error(claims)
		}
		if who, ok := p.sim.CheckToken(token, audience+"/"); !ok || who != "app app-2" {
			t.Errorf("CheckToken: %q %v", who, ok)
		}
		if _, ok := p.sim.CheckToken(token, partnerAudience); ok {
			t.Error("good for another audience")
		}
	}
}

func TestBadTokenRequestsAreRefused(t *testing.T) {
	p := newPlace(t)
	for name, c := range map[string]struct {
		form   url.Values
		status int
		code   string
	}{
		"secret":        {url.Values{"client_secret": {"wrong"}, "resource": {partnerAudience}}, 401, "invalid_client"},
		"app":           {url.Values{"client_id": {"other"}, "resource": {partnerAudience}}, 400, "unauthorized_client"},
		"refresh token": {url.Values{"refresh_token": {"other"}, "resource": {partnerAudience}}, 400, "invalid_grant"},
		"no resource":   {url.Values{}, 400, "invalid_request"},
		"no scope":      {url.Values{"scope": {"openid"}}, 400, "invalid_scope"},
		"two resources": {url.Values{"scope": {partnerAudience + "/.default " + hooksAudience + "/.default"}}, 400, "invalid_scope"},
		"password":      {url.Values{"grant_type": {"password"}, "resource": {partnerAudience}}, 400, "unsupported_grant_type"},
	} {
		if a := p.grant(c.form); a.status != c.status || a.text("error") != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := p.send("POST", "https://login.microsoftonline.com/other/oauth2/token", "x=1", "Content-Type", "application/x-www-form-urlencoded"); a.status != 400 {
		t.Errorf("unknown tenant: %d", a.status)
	}
	if a := p.send("GET", login+"/oauth2/token", ""); a.status != 405 {
		t.Errorf("GET: %d", a.status)
	}
}

func TestRevokedRefreshTokenAndExpiredSecretAreSwitches(t *testing.T) {
	p := newPlace(t)
	form := url.Values{"resource": {partnerAudience}}
	p.turn("refreshToken", "revoked")
	if a := p.grant(form); a.status != 400 || a.text("error") != "invalid_grant" || !strings.HasPrefix(a.text("error_description"), "AADSTS") {
		t.Error(a.raw)
	}
	p.turn("refreshToken", "valid")
	p.turn("clientSecret", "expired")
	if a := p.grant(form); a.status != 401 || a.text("error") != "invalid_client" {
		t.Error(a.raw)
	}
}

func TestRotatedRefreshTokenDiesWhenItsSuccessorIsUsed(t *testing.T) {
	p := newPlace(t)
	p.turn("rotateRefreshToken", true)
	form := func(token string) url.Values {
		return url.Values{"resource": {partnerAudience}, "refresh_token": {token}}
	}
	next := p.grant(form(refresh)).text("refresh_token")
	if next == "" || next == refresh {
		t.Fatalf("not rotated: %q", next)
	}
	p.want(p.grant(form(refresh)), 200, "")
	p.want(p.grant(form(next)), 200, "")
	if a := p.grant(form(refresh)); a.text("error") != "invalid_grant" {
		t.Error(a.raw)
	}
}

func TestUserTokensWithoutMFAAreRefused(t *testing.T) {
	p := newPlace(t)
	if a := p.call("GET", referrals, nil, "ValidateMfa", "true"); a.header.Get("isMfaCompliant") != "true" {
		t.Error(a.header)
	}
	p.turn("tokenMFA", false)
	if a := p.want(p.call("GET", referrals, nil, "ValidateMfa", "true"), 401, "900421"); a.header.Get("isMfaCompliant") != "false" {
		t.Error(a.header)
	}
	p.want(p.call("GET", hooks, nil), 401, "900421")
	p.turn("mfaCode", "innerError")
	if a := p.want(p.call("GET", referrals, nil), 401, "900421"); a.text("error/code") != "unauthenticated" {
		t.Error(a.raw)
	}
	p.turn("mfaRefusal", 403)
	p.want(p.call("GET", referrals, nil), 403, "900421")
	p.want(p.call("GET", hooks, nil), 403, "900421")
	p.bearer = p.token("client_credentials", hooksAudience)
	p.want(p.call("GET", hooks, nil), 200, "")
}

func TestMFAIsEnforcedForAShareOfTheCalls(t *testing.T) {
	p := newPlace(t)
	p.turn("tokenMFA", false)
	p.turn("mfaShare", 30)
	p.bearer = p.token("refresh_token", partnerAudience)
	refused := 0
	for range 200 {
		if a := p.call("GET", referrals, nil); a.status == 401 {
			refused++
		}
	}
	if refused < 30 || refused > 90 {
		t.Errorf("%d of 200 calls were refused, want about 60", refused)
	}
	p.turn("mfaShare", 0)
	p.want(p.call("GET", referrals, nil), 200, "")
}

func TestTokensForAnotherAudienceMayHaveACodeOfTheirOwn(t *testing.T) {
	p := newPlace(t)
	retired, hooksToken := p.token("refresh_token", "https://graph.windows.net"), p.token("refresh_token", hooksAudience)
	p.bearer = retired
	p.want(p.call("GET", referrals, nil), 401, "900420")
	p.want(p.call("GET", hooks, nil), 401, "900420")
	p.turn("wrongAudience", "900420")
	p.bearer = hooksToken
	p.want(p.call("GET", referrals, nil), 401, "900420")
	p.bearer = "nonsense"
	p.want(p.call("GET", referrals, nil), 401, "unauthenticated")
}

func TestRolesLimitWhatIsSeen(t *testing.T) {
	p := newPlace(t, func(o *partnercentersim.Options) { o.UserEmail = "zoe@northwind.example" })
	other := p.post(deal()).text("id")
	mine := p.post(deal(set("team", []any{member("Kim"), member("Zoe")}))).text("id")
	p.turn("role", "user")
	p.want(p.get(other), 403, "notOnTeam")
	p.want(p.get(mine), 200, "")
	if list := p.call("GET", referrals, nil).body["value"].([]any); len(list) != 1 {
		t.Errorf("%d listed, want 1", len(list))
	}
	p.turn("role", "none")
	p.want(p.get(mine), 403, "roleMissing")
	p.bearer = p.token("refresh_token", hooksAudience)
	p.want(p.call("GET", hooks, nil), 200, "")
	p.turn("webhookRole", "needed")
	p.want(p.call("GET", hooks, nil), 403, "403")
	p.bearer = p.token("client_credentials", hooksAudience)
	p.want(p.call("GET", hooks, nil), 200, "")
}

func TestDiscoveryDocumentsNameTheTokenEndpoint(t *testing.T) {
	p := newPlace(t)
	if a := p.send("GET", login+"/v2.0/.well-known/openid-configuration", ""); a.text("token_endpoint") != login+"/oauth2/v2.0/token" {
		t.Error(a.raw)
	}
	ask := "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint="
	if a := p.send("GET", ask+url.QueryEscape(login+"/oauth2/v2.0/authorize"), ""); a.text("tenant_discovery_endpoint") != login+"/v2.0/.well-known/openid-configuration" {
		t.Error(a.raw)
	}
	if a := p.send("GET", ask+url.QueryEscape("https://login.example/x"), ""); a.status != 400 {
		t.Error(a.raw)
	}
	if a := p.send("GET", "https://login.microsoftonline.com/other/v2.0/.well-known/openid-configuration", ""); a.status != 400 {
		t.Error(a.raw)
	}
	if a := p.send("GET", login+"/nothing", ""); a.status != 404 {
		t.Error(a.raw)
	}
}

func TestSurfacesAreChosenByHostOrByName(t *testing.T) {
	p := newPlace(t)
	w := httptest.NewRecorder()
	p.sim.Handler(partnercentersim.SurfaceCertificate).ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:9/cert/pcnotifications-dispatch.microsoft.com.cer", nil))
	if w.Code != 200 || w.Body.Len() == 0 {
		t.Errorf("certificate: %d", w.Code)
	}
	w = httptest.NewRecorder()
	p.sim.Handler(partnercentersim.SurfaceReferrals).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost:9/v1.0/engagements/referrals", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("referrals: %d", w.Code)
	}
	if a := p.send("GET", "https://api.partner.microsoft.com:8443/v1.0/engagements/referrals", ""); a.status != 401 {
		t.Errorf("with a port: %d", a.status)
	}
	if a := p.send("GET", "https://evil.example/", ""); a.status != http.StatusMisdirectedRequest {
		t.Errorf("foreign host: %d", a.status)
	}
}

func TestDateHeaderIsTheWorldsClock(t *testing.T) {
	p := newPlace(t)
	p.pass(73 * time.Hour)
	for _, address := range []string{referrals, hooks, login + "/x", "https://3psostorageacct.blob.core.windows.net/x"} {
		if got := p.send("GET", address, "").header.Get("Date"); got != "Thu, 05 Mar 2026 10:14:05 GMT" {
			t.Errorf("%s: %q", address, got)
		}
	}
}
