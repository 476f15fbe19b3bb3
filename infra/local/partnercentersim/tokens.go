package partnercentersim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const tokenLife = 3599 * time.Second

// grant is what stands behind an access token that this simulator issued.
type grant struct {
	clientID string
	audience string
	user     bool // App+User
	mfa      bool
	expires  time.Time
}

// refreshToken is one in circulation. A rotated one dies when its successor is used, so that two processes
// that redeem the same token at the same time both succeed.
type refreshToken struct {
	clientID string
	previous string
}

func (g grant) identity() string {
	if g.user {
		return "app+user " + g.clientID
	}
	return "app " + g.clientID
}

// issue makes an access token: to its bearer an opaque string, in form a JWT as Entra ID issues it, because
// Azurite reads the claims. The signature is random: only tokens remembered here are good.
func (s *Sim) issue(app App, audience string, user bool) string {
	now := s.opts.TokenNow()
	g := grant{clientID: app.ClientID, audience: audience, user: user, mfa: s.is("tokenMFA", "true"), expires: now.Add(tokenLife)}
	claims := map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/" + app.Tenant + "/", "iat": now.Unix(), "nbf": now.Unix() - 300,
		"exp": g.expires.Unix(), "appid": app.ClientID, "appidacr": "1", "tid": app.Tenant, "ver": "1.0", "uti": s.guid(),
		"oid": app.ObjectID, "sub": app.ObjectID,
	}
	if user {
		claims["scp"], claims["upn"], claims["amr"] = "user_impersonation", s.opts.UserEmail, []string{"pwd"}
		if g.mfa {
			claims["amr"] = []string{"pwd", "mfa"}
		}
	} else {
		claims["idtyp"] = "app"
	}
	token := jwtPart(map[string]any{"typ": "JWT", "alg": "RS256", "kid": "laptop"}) + "." + jwtPart(claims) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(s.guid()+s.guid()))
	s.tokens[token] = g
	return token
}

func jwtPart(v any) string {
	data, _ := json.Marshal(v) // maps of strings and numbers always can
	return base64.RawURLEncoding.EncodeToString(data)
}

// check says who bears a token, if it was issued for the audience and has not expired.
func (s *Sim) check(token, audience string) (grant, bool) {
	g, ok := s.tokens[token]
	if !ok || !strings.EqualFold(strings.TrimRight(g.audience, "/"), strings.TrimRight(audience, "/")) ||
		!s.opts.TokenNow().Before(g.expires) {
		return grant{}, false
	}
	return g, true
}

// CheckToken says who bears a token of the login endpoint ("app <client id>" or "app+user <client id>"),
// and whether it is good for the audience, such as "https://vault.azure.net".
func (s *Sim) CheckToken(token, audience string) (identity string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.check(token, audience)
	if !ok {
		return "", false
	}
	return g.identity(), true
}

// bearer finds who calls an API and tells the wire; false when the token is missing or not for this audience.
func (s *Sim) bearer(w http.ResponseWriter, r *http.Request, audience string) (grant, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return grant{}, false
	}
	g, ok := s.check(token, audience)
	if !ok {
		return grant{}, false
	}
	w.Header().Set(control.HeaderIdentity, g.identity())
	if g.user && strings.EqualFold(r.Header.Get("ValidateMfa"), "true") {
		w.Header().Set("isMfaCompliant", map[bool]string{true: "true", false: "false"}[g.mfa])
	}
	return g, true
}
