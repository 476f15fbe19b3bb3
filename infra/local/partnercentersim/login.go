package partnercentersim

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// serveLogin is login.microsoftonline.com for the tenants of the known apps: the authorization endpoint with its
// page, the token endpoints v1 and v2, and the two discovery documents that the Microsoft authentication libraries
// read first.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
func (s *Sim) serveLogin(w http.ResponseWriter, r *http.Request) {
	tenant, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	switch rest {
	case "oauth2/token", "oauth2/v2.0/token":
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			s.loginError(w, http.StatusMethodNotAllowed, "invalid_request", 900561, "The endpoint only accepts POST requests.")
			return
		}
		s.serveToken(w, r, tenant, rest == "oauth2/v2.0/token")
	case "oauth2/v2.0/authorize":
		s.authorize(w, r, tenant)
	case "login":
		s.login(w, r, tenant)
	case "v2.0/.well-known/openid-configuration":
		if !s.knowsTenant(tenant) {
			s.loginError(w, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+tenant+"' not found.")
			return
		}
		base := "https://" + r.Host + "/" + tenant
		writeJSON(w, http.StatusOK, map[string]any{
			"token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
			"issuer": base + "/v2.0", "jwks_uri": base + "/discovery/v2.0/keys",
			"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
			"response_types_supported":              []string{"code", "id_token"}, "subject_types_supported": []string{"pairwise"},
		})
	case "discovery/instance":
		s.serveInstances(w, r)
	default:
		writeJSON(w, http.StatusNotFound, map[string]any{"error": "not_found", "error_description": "no such endpoint: " + r.URL.Path})
	}
}

func (s *Sim) serveInstances(w http.ResponseWriter, r *http.Request) {
	asked, err := url.Parse(r.URL.Query().Get("authorization_endpoint"))
	if err != nil || !strings.EqualFold(asked.Host, r.Host) {
		s.loginError(w, http.StatusBadRequest, "invalid_instance", 50049, "Unknown or invalid instance.")
		return
	}
	tenant, _, _ := strings.Cut(strings.Trim(asked.Path, "/"), "/")
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": "https://" + r.Host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{"preferred_network": r.Host, "preferred_cache": r.Host,
			"aliases": []string{r.Host}}},
	})
}

func (s *Sim) apps() []App {
	main := App{Tenant: s.opts.Tenant, ClientID: s.opts.ClientID, Secret: s.opts.ClientSecret, ObjectID: s.opts.ClientID, Redirects: s.opts.Redirects}
	return append([]App{main}, s.opts.Apps...)
}

func (s *Sim) knowsTenant(tenant string) bool {
	for _, a := range s.apps() {
		if strings.EqualFold(a.Tenant, tenant) {
			return true
		}
	}
	return false
}

// refuseGrant is loginError with the word that tells an app what to ask the person for.
func (s *Sim) refuseGrant(w http.ResponseWriter, code, suberror string, number int, text string) {
	if suberror == "" {
		s.loginError(w, http.StatusBadRequest, code, number, text)
		return
	}
	s.loginErrorWith(w, http.StatusBadRequest, code, number, text, map[string]any{"suberror": suberror})
}

// loginError answers as Entra ID does; error_description starts with the AADSTS code.
func (s *Sim) loginError(w http.ResponseWriter, status int, code string, number int, text string) {
	s.loginErrorWith(w, status, code, number, text, nil)
}

func (s *Sim) loginErrorWith(w http.ResponseWriter, status int, code string, number int, text string, more map[string]any) {
	now := s.opts.Now().UTC().Format("2006-01-02 15:04:05Z")
	body := map[string]any{"error": code, "error_codes": []int{number}, "timestamp": now,
		"error_description": fmt.Sprintf("AADSTS%d: %s Timestamp: %s", number, text, now),
		"trace_id":          "00000000-0000-4000-8000-000000000000", "correlation_id": "00000000-0000-4000-8000-000000000000",
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", number)}
	maps.Copy(body, more)
	writeJSON(w, status, body)
}

// serveToken answers both token endpoints.
func (s *Sim) serveToken(w http.ResponseWriter, r *http.Request, tenant string, v2 bool) {
	if err := r.ParseForm(); err != nil {
		s.loginError(w, http.StatusBadRequest, "invalid_request", 900144, "The request body cannot be read as a form.")
		return
	}
	if !s.knowsTenant(tenant) {
		s.loginError(w, http.StatusBadRequest, "invalid_request", 90002, "Tenant '"+tenant+"' not found.")
		return
	}
	s.mu.Lock()
	defer s.unlock()
	form := r.PostForm
	app, ok := s.client(w, tenant, form)
	if !ok {
		return
	}
	w.Header().Set(control.HeaderIdentity, "app "+app.ClientID)
	audience, ok := s.audienceOf(w, form, v2)
	if !ok {
		return
	}
	got := given{app: app, audience: audience, v2: v2, scope: form.Get("scope")}
	number, text := 0, ""
	switch grantType := form.Get("grant_type"); grantType {
	case "client_credentials":
	case "refresh_token":
		number, text = s.redeem(&got, form.Get("refresh_token"))
	case "authorization_code":
		if got.person, got.mfa, got.nonce, number, text = s.redeemCode(app, form); number == 0 {
			got.refresh = s.newRefreshToken(app, got.person, got.mfa, "")
		}
	default:
		s.loginError(w, http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+grantType+"'.")
		return
	}
	word, suberror := "invalid_grant", ""
	if number == 0 && got.person != nil {
		number, word, suberror, text = s.refusesUser(app, audience, got.mfa)
	}
	if number != 0 {
		s.refuseGrant(w, word, suberror, number, text)
		return
	}
	s.answerToken(w, got)
}

// given is what a token request has come to.
type given struct {
	app             App
	audience, scope string
	v2              bool
	person          *Person // nil: the app alone
	mfa             bool
	refresh, nonce  string
}

func (s *Sim) client(w http.ResponseWriter, tenant string, form url.Values) (App, bool) {
	for _, a := range s.apps() {
		if !strings.EqualFold(a.Tenant, tenant) || a.ClientID != form.Get("client_id") {
			continue
		}
		switch {
		case form.Has("client_assertion"):
			return a, s.vouched(w, a, form)
		case form.Get("client_secret") == "":
			s.loginError(w, http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
		case a.Secret != form.Get("client_secret"):
			s.loginError(w, http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '"+a.ClientID+"'.")
		case s.is("clientSecret", "expired"):
			s.loginError(w, http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys for app '"+a.ClientID+"' are expired.")
		default:
			return a, true
		}
		return App{}, false
	}
	s.loginError(w, http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '"+form.Get("client_id")+"' was not found in the directory.")
	return App{}, false
}

// vouched says whether an assertion stands in for the app's secret; if not it has answered.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
func (s *Sim) vouched(w http.ResponseWriter, a App, form url.Values) bool {
	refuse := func(number int, text string) bool {
		s.loginError(w, http.StatusUnauthorized, "invalid_client", number, text)
		return false
	}
	if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return refuse(900144, "The request body must contain the following parameter: 'client_assertion_type'.")
	}
	if a.Trusts == (Trust{}) || s.opts.Vouched == nil {
		return refuse(70021, "No matching federated identity record found for presented assertion.")
	}
	issuer, subject, audience, err := s.opts.Vouched(form.Get("client_assertion"))
	switch {
	case err != nil:
		return refuse(700027, "The assertion is not valid: "+err.Error()+".")
	case issuer != a.Trusts.Issuer:
		return refuse(700211, "No matching federated identity record found for presented assertion issuer '"+issuer+"'.")
	case subject != a.Trusts.Subject:
		return refuse(700213, "No matching federated identity record found for presented assertion subject '"+subject+"'.")
	case audience != federatedAudience:
		return refuse(700212, "No matching federated identity record found for presented assertion audience '"+audience+"'.")
	}
	return true
}

// audienceOf reads resource= (v1) or the one resource named in scope= (v2).
func (s *Sim) audienceOf(w http.ResponseWriter, form url.Values, v2 bool) (string, bool) {
	if !v2 {
		if resource := form.Get("resource"); resource != "" {
			return strings.TrimRight(resource, "/"), true
		}
		s.loginError(w, http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'resource'.")
		return "", false
	}
	audience, word, number, text := audienceIn(form.Get("scope"))
	if number != 0 {
		s.loginError(w, http.StatusBadRequest, word, number, text)
		return "", false
	}
	return audience, true
}

// audienceIn is the one resource that a scope names.
func audienceIn(scope string) (audience, word string, number int, text string) {
	for _, one := range strings.Fields(scope) {
		cut := strings.LastIndex(one, "/")
		if cut < len("https://") || !strings.Contains(one, "://") {
			continue // openid, profile, offline_access
		}
		resource := strings.TrimRight(one[:cut], "/")
		if audience != "" && audience != resource {
			return "", "invalid_scope", 28000, "Provided value for the input parameter scope names more than one resource."
		}
		audience = resource
	}
	if audience == "" {
		return "", "invalid_scope", 70011, "The provided value for scope is not valid: name a resource, such as https://api.partner.microsoft.com/.default."
	}
	return audience, "", 0, ""
}

// redeem takes a refresh token, and says which one the caller has to keep from now on.
func (s *Sim) redeem(got *given, token string) (number int, text string) {
	have := s.refresh[token]
	switch {
	case have == nil || have.clientID != got.app.ClientID:
		return 70000, "The provided grant has expired, was revoked or is not known. Sign in again."
	case have.born < s.revoked && s.is("refreshToken", "revoked"):
		return 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."
	}
	delete(s.refresh, have.previous)
	got.person, got.mfa, got.refresh = have.person, have.mfa, token
	if s.is("rotateRefreshToken", "true") {
		got.refresh = s.newRefreshToken(got.app, have.person, have.mfa, token)
		s.refresh[got.refresh].born = have.born // of the same sign-in
	}
	return 0, ""
}

func (s *Sim) newRefreshToken(app App, person *Person, mfa bool, previous string) string {
	token := "0.refresh-" + s.guid() + s.guid()
	s.signInsEver++
	s.refresh[token] = &refreshToken{clientID: app.ClientID, previous: previous, person: person, mfa: mfa, born: s.signInsEver}
	return token
}

// answerToken writes the token answer: numbers are strings in v1.
func (s *Sim) answerToken(w http.ResponseWriter, got given) {
	now := s.opts.TokenNow()
	out := map[string]any{"token_type": "Bearer", "access_token": s.issue(got.app, got.audience, got.person, got.mfa)}
	seconds := int64(tokenLife.Seconds())
	if got.v2 {
		out["expires_in"], out["ext_expires_in"] = seconds, seconds
	} else {
		out["expires_in"], out["ext_expires_in"] = strconv.FormatInt(seconds, 10), strconv.FormatInt(seconds, 10)
		out["expires_on"] = strconv.FormatInt(now.Add(tokenLife).Unix(), 10)
		out["not_before"] = strconv.FormatInt(now.Unix()-300, 10)
		out["resource"] = got.audience
	}
	if got.person != nil {
		w.Header().Set(control.HeaderIdentity, "app+user "+got.app.ClientID)
		out["scope"] = "user_impersonation"
		if got.v2 {
			out["scope"] = got.audience + "/user_impersonation " + got.audience + "/.default"
		}
		scopes := strings.Fields(got.scope)
		if !got.v2 || slices.Contains(scopes, "offline_access") {
			out["refresh_token"] = got.refresh
		}
		if slices.Contains(scopes, "openid") {
			out["id_token"] = s.idToken(got)
		}
	}
	writeJSON(w, http.StatusOK, out)
}

// idToken says who has signed in; its signature is random.
func (s *Sim) idToken(got given) string {
	now, p := s.opts.TokenNow(), got.person
	claims := map[string]any{"aud": got.app.ClientID, "iss": "https://" + LoginHost + "/" + got.app.Tenant + "/v2.0", "iat": now.Unix(), "nbf": now.Unix(),
		"exp": now.Add(tokenLife).Unix(), "name": p.Name, "preferred_username": p.UPN, "oid": objectID(p.UPN), "sub": objectID(p.UPN + "/" + got.app.ClientID),
		"tid": got.app.Tenant, "ver": "2.0"}
	if got.nonce != "" {
		claims["nonce"] = got.nonce
	}
	return jwtPart(map[string]any{"typ": "JWT", "alg": "RS256", "kid": "laptop"}) + "." + jwtPart(claims) + "." + base64.RawURLEncoding.EncodeToString([]byte(s.guid()))
}
