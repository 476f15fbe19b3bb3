package dataversesim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// StrangerClientID and StrangerClientSecret are an application of the tenant that has no application user:
// it gets tokens, and 403 from the environment.
const (
	StrangerClientID     = "57a46e12-0000-4000-8000-00000000dead"
	StrangerClientSecret = "stranger-secret"
)

type claims struct {
	Aud   string `json:"aud"`
	Iss   string `json:"iss"`
	Iat   int64  `json:"iat"`
	Nbf   int64  `json:"nbf"`
	Exp   int64  `json:"exp"`
	AppID string `json:"appid"`
	Tid   string `json:"tid"`
	Ver   string `json:"ver"`
}

func (s *Simulator) sign(text string) string {
	m := hmac.New(sha256.New, s.tokenKey)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (s *Simulator) token(app, audience string, lifetime time.Duration) string {
	now := s.now().Unix()
	body, _ := json.Marshal(claims{Aud: audience, Iss: "https://sts.windows.net/" + s.o.Tenant + "/", Iat: now, Nbf: now,
		Exp: now + int64(lifetime/time.Second), AppID: app, Tid: s.o.Tenant, Ver: "1.0"}) // plain fields: cannot fail
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
	return text + "." + s.sign(text)
}

// admit finds out who calls and whether they may: 401, 403 or 429 as an answer, or nil.
func (s *Simulator) admit(r *http.Request, inFlight int64) (identity, *answer) {
	c := &call{prefer: parsePrefer(r.Header.Values("Prefer"))}
	cl, err := s.verify(r)
	if err != nil {
		return identity{}, s.refuse(c, err)
	}
	who := identity{name: cl.AppID}
	u := s.userWhere("applicationid", cl.AppID)
	if u == nil || u.v["isdisabled"] == true {
		return who, s.refuse(c, fail(403, codeNoUser, "The user is not a member of the organization."))
	}
	who.caller, who.user = u.id, u.id
	if err := s.roleless(u.id); err != nil {
		return who, s.refuse(c, err)
	}
	if err := s.limits.check(who.caller, s.now(), inFlight, s.sw); err != nil {
		return who, s.refuse(c, err)
	}
	if other := r.Header.Get("CallerObjectId"); other != "" {
		if s.reach(u.id, right{name: actOnBehalf}) == 0 {
			return who, s.refuse(c, missingPrivilege(u.id, "actOnBehalfOfAnotherUser", "", "systemuser"))
		}
		on := s.userWhere("azureactivedirectoryobjectid", other)
		if on == nil {
			return who, s.refuse(c, fail(403, codeNoUser, "The user is not a member of the organization."))
		}
		who.user = on.id
	}
	return who, nil
}

func (s *Simulator) userWhere(col, id string) *row {
	want := guid(strings.ToLower(id))
	for _, sl := range s.db.tables["systemuser"].order {
		if sl.row != nil && sl.row.v[col] == want {
			return sl.row
		}
	}
	return nil
}

// verify checks signature, audience and time of a bearer token, by the world's clock.
func (s *Simulator) verify(r *http.Request) (claims, error) {
	bad := func(why string) error { return fail(401, codeExpired, "The authentication failed: %s", why) }
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return claims{}, bad("the request has no bearer token.")
	}
	cl, why := s.claimsOf(text)
	if why != "" {
		return cl, bad(why)
	}
	u, err := url.Parse(cl.Aud)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host != s.o.Host && u.Host != r.Host {
		return cl, bad("the token is for the audience " + clip(cl.Aud, 100) + ", not for https://" + s.o.Host + ".")
	}
	if now := s.now().Unix(); now >= cl.Exp || now < cl.Nbf-300 {
		return cl, bad("the token has expired.")
	}
	return cl, nil
}

// mostVouched is how many tokens are remembered whose signature was right.
const mostVouched = 1024

// claimsOf are what a token of this tenant says, or why it is none.
func (s *Simulator) claimsOf(text string) (cl claims, why string) {
	if cl, known := s.vouched[text]; known {
		return cl, ""
	}
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 || !hmac.Equal([]byte(text[dot+1:]), []byte(s.sign(text[:dot]))) {
		return cl, "the token is not of this tenant."
	}
	_, middle, _ := strings.Cut(text[:dot], ".")
	body, err := base64.RawURLEncoding.DecodeString(middle)
	if err != nil || json.Unmarshal(body, &cl) != nil {
		return cl, "the token cannot be read."
	}
	if s.vouched == nil || len(s.vouched) >= mostVouched {
		s.vouched = map[string]claims{}
	}
	s.vouched[text] = cl
	return cl, ""
}

// serveLogin is the part of login.microsoftonline.com that belongs to the tenant.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (s *Simulator) serveLogin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	base := s.baseURL(r)
	path, ours := strings.CutPrefix(r.URL.Path, "/"+s.o.Tenant+"/")
	switch {
	case r.URL.Path == "/common/discovery/instance":
		s.discovery(w, base)
	case !ours:
		tenant, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		s.loginError(w, 400, "invalid_tenant", 90002, "Tenant '"+clip(tenant, 60)+"' not found.")
	case path == "v2.0/.well-known/openid-configuration" && r.Method == http.MethodGet:
		control.WriteJSON(w, 200, map[string]any{
			"issuer":                   "https://login.microsoftonline.com/" + s.o.Tenant + "/v2.0",
			"authorization_endpoint":   base + "/" + s.o.Tenant + "/oauth2/v2.0/authorize",
			"token_endpoint":           base + "/" + s.o.Tenant + "/oauth2/v2.0/token",
			"jwks_uri":                 base + "/" + s.o.Tenant + "/discovery/v2.0/keys",
			"tenant_region_scope":      "EU",
			"cloud_instance_name":      "microsoftonline.com",
			"response_types_supported": []string{"code", "id_token"},
		})
	case (path == "oauth2/v2.0/token" || path == "oauth2/token") && r.Method == http.MethodPost:
		s.issue(w, r, path == "oauth2/token")
	case path == "oauth2/v2.0/token" || path == "oauth2/token":
		s.loginError(w, 400, "invalid_request", 900561, "The endpoint only accepts POST requests.")
	default:
		s.loginError(w, 404, "not_found", 404, "There is nothing at "+clip(r.URL.Path, 100))
	}
}

func (s *Simulator) discovery(w http.ResponseWriter, base string) {
	control.WriteJSON(w, 200, map[string]any{
		"tenant_discovery_endpoint": base + "/" + s.o.Tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
			"aliases": []string{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"}}},
	})
}

// issue gives a token to a registered application.
func (s *Simulator) issue(w http.ResponseWriter, r *http.Request, v1 bool) {
	if err := r.ParseForm(); err != nil {
		s.loginError(w, 400, "invalid_request", 900144, "The body is no form: "+err.Error())
		return
	}
	f := r.PostForm
	id, secret := f.Get("client_id"), f.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, secret = user, pass
	}
	s.mu.Lock()
	lifetime := time.Duration(s.sw.number("tokenSeconds")) * time.Second
	s.mu.Unlock()
	w.Header().Set(control.HeaderIdentity, clip(id, 60))
	known := map[string]string{s.o.ClientID: s.o.ClientSecret, StrangerClientID: StrangerClientSecret,
		s.o.Administrator.ClientID: s.o.Administrator.ClientSecret, s.o.Customizer.ClientID: s.o.Customizer.ClientSecret}
	want, registered := known[id]
	audience := f.Get("resource")
	if !v1 {
		audience = strings.TrimSuffix(f.Get("scope"), "/.default")
		if i := strings.LastIndexByte(audience, ' '); i >= 0 { // clients may add openid, profile, offline_access
			audience = audience[i+1:]
		}
		for _, scope := range strings.Fields(f.Get("scope")) {
			if a, ok := strings.CutSuffix(scope, "/.default"); ok {
				audience = a
			}
		}
	}
	resource, err := url.Parse(audience)
	switch {
	case f.Get("grant_type") != "client_credentials":
		s.loginError(w, 400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+clip(f.Get("grant_type"), 50)+"'; client_credentials is allowed.")
	case !registered:
		s.loginError(w, 400, "unauthorized_client", 700016, "Application with identifier '"+clip(id, 60)+"' was not found in the directory.")
	case secret == "" || secret != want:
		s.loginError(w, 401, "invalid_client", 7000215, "Invalid client secret provided.")
	case !v1 && !strings.Contains(f.Get("scope"), "/.default"):
		s.loginError(w, 400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid; use <resource>/.default.")
	case err != nil || resource.Host == "":
		s.loginError(w, 400, "invalid_resource", 500011, "The resource principal named "+clip(audience, 100)+" was not found in the tenant.")
	default:
		s.writeToken(w, id, strings.TrimSuffix(audience, "/"), lifetime, v1)
	}
}

func (s *Simulator) writeToken(w http.ResponseWriter, id, audience string, lifetime time.Duration, v1 bool) {
	out := map[string]any{"token_type": "Bearer", "access_token": s.token(id, audience, lifetime)}
	seconds := int64(lifetime / time.Second)
	out["expires_in"], out["ext_expires_in"] = seconds, seconds
	if v1 {
		text := strconv.FormatInt(seconds, 10)
		out["expires_in"], out["ext_expires_in"], out["resource"] = text, text, audience
		out["expires_on"] = strconv.FormatInt(s.now().Unix()+seconds, 10)
		out["not_before"] = strconv.FormatInt(s.now().Unix(), 10)
	}
	w.Header().Set("Cache-Control", "no-store, no-cache")
	control.WriteJSON(w, 200, out)
}

func (s *Simulator) loginError(w http.ResponseWriter, status int, kind string, number int, text string) {
	control.WriteJSON(w, status, map[string]any{"error": kind, "error_codes": []int{number},
		"error_description": "AADSTS" + strconv.Itoa(number) + ": " + text, "timestamp": s.now().UTC().Format("2006-01-02 15:04:05Z")})
}
