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
	person   *Person // of App+User; nil: the app alone
	mfa      bool
	expires  time.Time
}

// user says whether it is App+User.
func (g grant) user() bool { return g.person != nil }

// refreshToken is one in circulation. A rotated one dies when its successor is used, so that two processes
// that redeem the same token at the same time both succeed.
type refreshToken struct {
	clientID string
	previous string
	person   *Person
	mfa      bool // the person signed in with MFA
	born     int  // how many there had been before
}

func (g grant) identity() string {
	if g.user() {
		return "app+user " + g.clientID
	}
	return "app " + g.clientID
}

// issue makes an access token: to its bearer an opaque string, in form a JWT as Entra ID issues it, because
// Azurite reads the claims. The signature is random: only tokens remembered here are good.
func (s *Sim) issue(app App, audience string, person *Person, mfa bool) string {
	now := s.opts.TokenNow()
	g := grant{clientID: app.ClientID, audience: audience, person: person, mfa: mfa && s.is("tokenMFA", "true"), expires: now.Add(tokenLife)}
	claims := map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/" + app.Tenant + "/", "iat": now.Unix(), "nbf": now.Unix() - 300,
		"exp": g.expires.Unix(), "appid": app.ClientID, "appidacr": "1", "tid": app.Tenant, "ver": "1.0", "uti": s.guid(),
		"oid": app.ObjectID, "sub": app.ObjectID,
	}
	if person != nil {
		claims["scp"], claims["upn"], claims["name"], claims["amr"] = "user_impersonation", person.UPN, person.Name, []string{"pwd"}
		claims["oid"], claims["sub"] = objectID(person.UPN), objectID(person.UPN+"/"+app.ClientID)
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

// The codes by which both APIs refuse a token: https://learn.microsoft.com/partner-center/security/mfa-resources
const (
	codeMFA          = "900421"
	codeAudience     = "900420"
	retiredDirectory = "https://graph.windows.net" // the directory API, which is no more
)

// caller says what a bearer token is worth.
type caller int

const (
	nobody      caller = iota // no token, or an expired or unknown one
	misdirected               // good, but for an audience that is answered with 900420
	somebody
)

// check says who bears a token, if it was issued for the audience and has not expired.
func (s *Sim) check(token, audience string) (grant, caller) {
	g, ok := s.tokens[token]
	if !ok || !s.opts.TokenNow().Before(g.expires) {
		return grant{}, nobody
	}
	if strings.EqualFold(strings.TrimRight(g.audience, "/"), strings.TrimRight(audience, "/")) {
		return g, somebody
	}
	if s.is("wrongAudience", codeAudience) || strings.EqualFold(strings.TrimRight(g.audience, "/"), retiredDirectory) {
		return grant{}, misdirected
	}
	return grant{}, nobody
}

// CheckToken says who bears a token of the login endpoint ("app <client id>" or "app+user <client id>"),
// and whether it is good for the audience, such as "https://vault.azure.net".
func (s *Sim) CheckToken(token, audience string) (identity string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, who := s.check(token, audience)
	if who != somebody {
		return "", false
	}
	return g.identity(), true
}

// bearer finds who calls an API and tells the wire.
func (s *Sim) bearer(w http.ResponseWriter, r *http.Request, audience string) (grant, caller) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return grant{}, nobody
	}
	g, who := s.check(token, audience)
	if who != somebody {
		return grant{}, who
	}
	w.Header().Set(control.HeaderIdentity, g.identity())
	if g.user() && strings.EqualFold(r.Header.Get("ValidateMfa"), "true") {
		w.Header().Set("isMfaCompliant", map[bool]string{true: "true", false: "false"}[g.mfa])
	}
	return g, somebody
}

// lacksMFA says whether a call is refused because its token lacks the MFA claim. Enforcement came by share of
// traffic: the same token may pass one call and fail the next.
func (s *Sim) lacksMFA(g grant) bool {
	return g.user() && !g.mfa && s.luck.IntN(100) < s.number("mfaShare")
}
