package partnercenter

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// SignIn is one sign-in of the integration user, which the secure application model begins with: a person in front of a
// browser, the app registration as the one who asks, and an address on this machine as where the browser comes back to.
// https://learn.microsoft.com/partner-center/developer/enable-secure-app-model
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
type SignIn struct {
	o                                TokenOptions
	authorize, token, redirect       string
	state, nonce, verifier, audience string
}

// Consent is what a sign-in has come to. Nothing of it shows a token.
type Consent struct {
	Refresh string `json:"-"` // the refresh token
	User    string // e-mail address
	Name    string
	Tenant  string // id
	// MFA says whether the tokens carry the claim of a second factor; Told, whether they say anything about it.
	MFA, Told bool
}

// NewSignIn begins a sign-in. redirect must be registered, with any port for http://localhost. Secrets, SecretName and
// Now of the options are not used.
func NewSignIn(o TokenOptions, redirect string) (*SignIn, error) {
	s := &SignIn{o: o, redirect: redirect, state: random(), nonce: random(), verifier: random(), audience: ReferralsAudience}
	var err error
	if s.authorize, err = o.endpoint("authorize"); err != nil {
		return nil, err
	}
	s.token, err = o.endpoint("token")
	return s, err
}

// random is 43 characters that nobody can guess.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// URL is where the person signs in; user is who is expected, or empty. The password is asked for in any case, so that
// nobody consents whose browser happens to be signed in.
func (s *SignIn) URL(user string) string { return s.address(user, "login") }

func (s *SignIn) address(user, prompt string) string {
	sum := sha256.Sum256([]byte(s.verifier))
	q := url.Values{"client_id": {s.o.ClientID}, "response_type": {"code"}, "response_mode": {"query"}, "redirect_uri": {s.redirect},
		"scope": {"openid profile " + offline + " " + s.audience + "/.default"}, "state": {s.state}, "nonce": {s.nonce}, "prompt": {prompt},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	if user != "" {
		q.Set("login_hint", user)
	}
	return s.authorize + "?" + q.Encode()
}

var shownCode = pattern.New(`AADSTS([0-9]{4,9})`)

// Try finds out what is wrong with app registration, secret, tenant and redirect before a person is troubled. What the
// directory would show to the person alone it shows here. An answer that says nothing is fine.
func (s *SignIn) Try(ctx context.Context) error {
	_, err := s.o.exchange(ctx, s.token, url.Values{"grant_type": {"client_credentials"}, "scope": {WebhooksAudience + "/.default"}})
	if e := fault.Of(err); err != nil && e != nil && slices.Contains([]string{CodeSecret, CodeClient, CodeTenant}, e.Code) {
		return err
	}
	resp, err := s.o.HTTP.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: s.address("", "none"), Header: http.Header{"Accept": {"text/html"}}})
	if err != nil {
		return err
	}
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Query().Get("error") != "" {
		return s.silently(resp.Status, to.Query())
	}
	if found := shownCode.FindStringSubmatch(string(resp.Body)); found != nil {
		return known(resp.Status, "", found[1])
	}
	return nil
}

// silently judges the answer to a sign-in without a person: that there is none is what was to be expected.
func (s *SignIn) silently(status int, q url.Values) error {
	switch q.Get("error") {
	case "login_required", "interaction_required", "consent_required":
		return nil
	}
	return known(status, q.Get("error"), numberOf(q.Get("error_description")))
}

// known is a refusal, if its cause is known.
func known(status int, word, number string) error {
	n, _ := strconv.Atoi(number) // 0: none
	err := refusal(status, grant{Error: word, Codes: []int{n}})
	if e := fault.Of(err); e.Code == codeToken || e.Kind != fault.Denied {
		return nil
	}
	return err
}

func numberOf(description string) string {
	if found := shownCode.FindStringSubmatch(description); found != nil {
		return found[1]
	}
	return ""
}

// Code takes what the browser brought back. Invalid: it does not belong to this sign-in, which goes on. Denied: the
// person or the directory has refused.
func (s *SignIn) Code(q url.Values) (string, error) {
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(s.state)) != 1 {
		return "", fault.New(fault.Invalid, "the answer belongs to another sign-in").With("signin.state", "")
	}
	if word := q.Get("error"); word != "" {
		n, _ := strconv.Atoi(numberOf(q.Get("error_description"))) // 0: none
		return "", refusal(http.StatusBadRequest, grant{Error: word, Codes: []int{n}})
	}
	if q.Get("code") == "" {
		return "", fault.New(fault.Invalid, "the answer holds no code").With("signin.state", "")
	}
	return q.Get("code"), nil
}

// Redeem takes the code for tokens, and says who has signed in. They come from the token endpoint itself over TLS, so
// their signatures need no check (OpenID Connect Core 3.1.3.7).
func (s *SignIn) Redeem(ctx context.Context, code string) (Consent, error) {
	g, err := s.o.exchange(ctx, s.token, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.redirect},
		"code_verifier": {s.verifier}, "scope": {"openid profile " + offline + " " + s.audience + "/.default"}})
	if err != nil {
		return Consent{}, err
	}
	var id, access claims
	if err := id.read(g.IDToken); err != nil {
		return Consent{}, err
	}
	_ = access.read(g.AccessToken) // it is the API's: what cannot be read there is asked for at Partner Center
	c := Consent{Refresh: g.RefreshToken, User: id.User, Name: id.Name, Tenant: id.Tenant}
	c.MFA, c.Told = secondFactor(access, id)
	switch {
	case id.Nonce != s.nonce || id.Audience != s.o.ClientID:
		return Consent{}, fault.New(fault.Denied, "the id token is not the answer to this sign-in").With(codeToken, "").
			Saying("the directory's answer does not belong to this sign-in", "run it again")
	case guidOnly.MatchString(s.o.Tenant) && !strings.EqualFold(id.Tenant, s.o.Tenant):
		return Consent{}, fault.New(fault.Denied, "who signed in is of another tenant").With(CodeAccount, "").
			Saying("who signed in is of the tenant "+shorten(id.Tenant, 40)+", not of PARTNER_CENTER_TENANT", "sign in as the integration user of the partner's own tenant")
	case c.Refresh == "":
		return Consent{}, fault.New(fault.Denied, "no refresh token came").With(codeToken, "").
			Saying("the directory gave no refresh token", "see whether a policy forbids offline access for this app")
	}
	return c, nil
}

var guidOnly = pattern.New(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// claims are those of a token that we look at.
type claims struct {
	Audience string   `json:"aud"`
	Tenant   string   `json:"tid"`
	Nonce    string   `json:"nonce"`
	Name     string   `json:"name"`
	User     string   `json:"preferred_username"`
	Methods  []string `json:"amr"`
}

func (c *claims) read(token string) error {
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
		if err == nil && json.Unmarshal(text, c) == nil {
			return nil
		}
	}
	return fault.New(fault.Broken, "the directory's token cannot be read").With(codeToken, "")
}

// secondFactor looks for the claim that Partner Center looks for: the methods of authentication with mfa among them.
// https://learn.microsoft.com/partner-center/security/mfa-resources
func secondFactor(tokens ...claims) (has, told bool) {
	for _, t := range tokens {
		told = told || t.Methods != nil
		has = has || slices.Contains(t.Methods, "mfa") || slices.Contains(t.Methods, "ngcmfa")
	}
	return has, told
}
