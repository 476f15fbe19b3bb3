package partnercentersim

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// serveLogin is login.microsoftonline.com for the tenants of the known apps: the token endpoints v1 and v2,
// and the two discovery documents that the Microsoft authentication libraries read first.
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
	main := App{Tenant: s.opts.Tenant, ClientID: s.opts.ClientID, Secret: s.opts.ClientSecret, ObjectID: s.opts.ClientID}
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

// loginError answers as Entra ID does; error_description starts with the AADSTS code.
func (s *Sim) loginError(w http.ResponseWriter, status int, code string, number int, text string) {
	now := s.opts.Now().UTC().Format("2006-01-02 15:04:05Z")
	writeJSON(w, status, map[string]any{"error": code, "error_codes": []int{number}, "timestamp": now,
		"error_description": fmt.Sprintf("AADSTS%d: %s Timestamp: %s", number, text, now),
		"trace_id":          "00000000-0000-4000-8000-000000000000", "correlation_id": "00000000-0000-4000-8000-000000000000",
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", number)})
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
	rotated := ""
	switch grantType := form.Get("grant_type"); grantType {
	case "client_credentials":
		s.answerToken(w, app, audience, "", v2)
		return
	case "refresh_token":
		rotated, ok = s.redeem(app, form.Get("refresh_token"))
	case "authorization_code":
		code := form.Get("code")
		ok = s.codes[code] && app.ClientID == s.opts.ClientID
		delete(s.codes, code)
		rotated = s.opts.RefreshToken
	default:
		s.loginError(w, http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+grantType+"'.")
		return
	}
	if !ok {
		s.loginError(w, http.StatusBadRequest, "invalid_grant", 70000, "The provided grant has expired, was revoked or is not known. Sign in again.")
		return
	}
	s.answerToken(w, app, audience, rotated, v2)
}

func (s *Sim) client(w http.ResponseWriter, tenant string, form url.Values) (App, bool) {
	for _, a := range s.apps() {
		if !strings.EqualFold(a.Tenant, tenant) || a.ClientID != form.Get("client_id") {
			continue
		}
		if a.Secret != form.Get("client_secret") || s.is("clientSecret", "expired") {
			s.loginError(w, http.StatusUnauthorized, "invalid_client", 7000215, "Invalid or expired client secret provided.")
			return App{}, false
		}
		return a, true
	}
	s.loginError(w, http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '"+form.Get("client_id")+"' was not found in the directory.")
	return App{}, false
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
	audience := ""
	for _, scope := range strings.Fields(form.Get("scope")) {
		cut := strings.LastIndex(scope, "/")
		if cut < len("https://") || !strings.Contains(scope, "://") {
			continue // openid, profile, offline_access
		}
		resource := strings.TrimRight(scope[:cut], "/")
		if audience != "" && audience != resource {
			s.loginError(w, http.StatusBadRequest, "invalid_scope", 28000, "Provided value for the input parameter scope names more than one resource.")
			return "", false
		}
		audience = resource
	}
	if audience == "" {
		s.loginError(w, http.StatusBadRequest, "invalid_scope", 70011, "The provided value for scope is not valid: name a resource, such as https://api.partner.microsoft.com/.default.")
		return "", false
	}
	return audience, true
}

// redeem takes a refresh token and says which one the caller has to keep from now on.
func (s *Sim) redeem(app App, token string) (next string, ok bool) {
	have := s.refresh[token]
	if have == nil || have.clientID != app.ClientID || s.is("refreshToken", "revoked") {
		return "", false
	}
	delete(s.refresh, have.previous)
	if s.is("rotateRefreshToken", "false") {
		return token, true
	}
	next = "rotated-" + s.guid()
	s.refresh[next] = &refreshToken{clientID: app.ClientID, previous: token}
	return next, true
}

// answerToken writes the token answer: numbers are strings in v1.
func (s *Sim) answerToken(w http.ResponseWriter, app App, audience, refresh string, v2 bool) {
	now := s.opts.TokenNow()
	user := refresh != ""
	out := map[string]any{"token_type": "Bearer", "access_token": s.issue(app, audience, user)}
	seconds := int64(tokenLife.Seconds())
	if v2 {
		out["expires_in"], out["ext_expires_in"] = seconds, seconds
	} else {
		out["expires_in"], out["ext_expires_in"] = strconv.FormatInt(seconds, 10), strconv.FormatInt(seconds, 10)
		out["expires_on"] = strconv.FormatInt(now.Add(tokenLife).Unix(), 10)
		out["not_before"] = strconv.FormatInt(now.Unix()-300, 10)
		out["resource"] = audience
	}
	if user {
		out["refresh_token"] = refresh
		out["scope"] = "user_impersonation"
		if v2 {
			out["scope"] = audience + "/user_impersonation " + audience + "/.default"
		}
	}
	writeJSON(w, http.StatusOK, out)
}
