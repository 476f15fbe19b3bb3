package partnercenter

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// TokenURL is the real token endpoint's base.
const TokenURL = "https://login.microsoftonline.com"

// Secrets keeps the refresh token (Key Vault).
type Secrets interface {
	Get(ctx context.Context, name string) (string, error)
	Set(ctx context.Context, name, value string) error
}

// TokenOptions are what Tokens needs.
type TokenOptions struct {
	TokenURL     string // default TokenURL
	Tenant       string // GUID or domain of the partner's tenant
	ClientID     string
	ClientSecret string
	Secrets      Secrets
	SecretName   string             // of the refresh token
	HTTP         *httpclient.Client // without Token; its only host is the token endpoint's
	Log          *slog.Logger
	Now          func() time.Time
}

// Tokens redeems the integration user's refresh token for access tokens: Partner Center's referrals know
// no app-only access. One redemption at a time, when the first call needs it; a refresh token that comes
// back replaces the kept one.
// https://learn.microsoft.com/partner-center/developer/enable-secure-app-model
type Tokens struct {
	o        TokenOptions
	endpoint string
	turn     chan struct{} // one redemption at a time; a channel, so that waiting ends with the context

	tokens  map[string]accessToken // by audience
	last    string                 // the refresh token that worked last, for when Key Vault cannot be read
	unsaved string                 // a rotated refresh token that Key Vault did not take yet
	refused error                  // the last refusal, not asked again before refusedUntil
	until   time.Time
}

type accessToken struct {
	text    string
	expires time.Time
}

// How tokens are renewed.
const (
	expiryMargin = 5 * time.Minute
	shortestLife = 30 * time.Second // of a token whose life is shorter than the margin
	refusalRest  = time.Minute
)

var tenantForm = pattern.New(`^[A-Za-z0-9.-]+$`).UpTo(253)

// NewTokens makes a token source; it fails on an address or a tenant that cannot be part of a URL.
func NewTokens(o TokenOptions) (*Tokens, error) {
	if o.TokenURL == "" {
		o.TokenURL = TokenURL
	}
	u, err := url.Parse(o.TokenURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the token address %q is not https://host", o.TokenURL)
	}
	if !tenantForm.MatchString(o.Tenant) {
		return nil, fmt.Errorf("the Partner Center tenant is not a GUID or a domain")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Tokens{
		o: o, endpoint: strings.TrimRight(o.TokenURL, "/") + "/" + o.Tenant + "/oauth2/v2.0/token",
		turn: make(chan struct{}, 1), tokens: map[string]accessToken{},
	}, nil
}

// Token gives an access token for the audience (https://host); it is an httpclient.TokenFunc. Denied
// with CodeConsent: somebody must sign in again. Denied with code client.secret: the app's secret is
// wrong or has expired.
func (t *Tokens) Token(ctx context.Context, audience, refused string) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", fault.New(fault.Broken, "waiting for a Partner Center token: %w", ctx.Err())
	}
	now := t.o.Now()
	if have, ok := t.tokens[audience]; ok && now.Before(have.expires) && (refused == "" || refused != have.text) {
		return have.text, nil
	}
	if t.refused != nil && now.Before(t.until) {
		return "", t.refused
	}
	token, err := t.redeem(ctx, audience)
	if err != nil {
		err = fmt.Errorf("getting a Partner Center token: %w", err)
		if fault.Is(err, fault.Denied) {
			t.refused, t.until = err, now.Add(refusalRest)
		}
		return "", err
	}
	t.refused = nil
	t.tokens[audience] = token
	return token.text, nil
}

// grant is the token endpoint's answer. expires_in is a number here and a text in older versions.
type grant struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    any    `json:"expires_in"`
	Error        string `json:"error"`
	Codes        []int  `json:"error_codes"`
}

func (t *Tokens) redeem(ctx context.Context, audience string) (accessToken, error) {
	refresh, err := t.refreshToken(ctx)
	if err != nil {
		return accessToken{}, err
	}
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {t.o.ClientID}, "client_secret": {t.o.ClientSecret},
		"refresh_token": {refresh},
		// offline_access: without it no new refresh token comes back, and the kept one ends after 90 days.
		"scope": {strings.TrimRight(audience, "/") + "/.default offline_access"},
	}
	resp, err := t.o.HTTP.Do(ctx, httpclient.Request{
		Method: http.MethodPost, URL: t.endpoint, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	})
	if err != nil {
		return accessToken{}, err
	}
	var g grant
	if json.Unmarshal(resp.Body, &g) != nil && resp.Status < 500 {
		return accessToken{}, fault.New(fault.Broken, "the token endpoint answered %d without JSON", resp.Status)
	}
	if resp.Status != http.StatusOK {
		return accessToken{}, refusal(resp.Status, g)
	}
	if !headerSafe(g.AccessToken) {
		return accessToken{}, fault.New(fault.Broken, "the token endpoint gave no access token")
	}
	t.last = refresh
	t.keep(ctx, refresh, g.RefreshToken)
	now := t.o.Now()
	return accessToken{text: g.AccessToken, expires: now.Add(max(lifetime(g.ExpiresIn)-expiryMargin, shortestLife))}, nil
}

// refreshToken is the one in Key Vault, since somebody may have signed in again. While Key Vault does not
// answer, or lets us in no longer, the one that worked last is good enough: it brings to light whether the
// app's own secret is what is wrong, and otherwise the work goes on.
func (t *Tokens) refreshToken(ctx context.Context) (string, error) {
	if t.unsaved != "" {
		return t.unsaved, nil
	}
	text, err := t.o.Secrets.Get(ctx, t.o.SecretName)
	switch {
	case err == nil:
		return text, nil
	case t.last == "" || fault.Of(err).Code == "consent.missing":
		return "", fmt.Errorf("reading the refresh token: %w", err)
	}
	t.o.Log.LogAttrs(ctx, slog.LevelWarn, "the refresh token cannot be read, the one that worked last is used", fault.Attr(err))
	return t.last, nil
}

// keep saves a rotated refresh token. When the vault is away the token is kept here and saved with the
// next redemption: the access token is good, so the work goes on.
func (t *Tokens) keep(ctx context.Context, used, got string) {
	if got == "" {
		got = used
	}
	if got == used && t.unsaved == "" {
		return
	}
	t.last = got
	if err := t.o.Secrets.Set(ctx, t.o.SecretName, got); err != nil {
		t.unsaved = got
		t.o.Log.LogAttrs(ctx, slog.LevelWarn, "the rotated refresh token was not saved, will try again", fault.Attr(err))
		return
	}
	t.unsaved = ""
}

// refusal names the cause by the protocol's words and numbers only: descriptions repeat what was sent.
func refusal(status int, g grant) error {
	word := g.Error
	if !requestIDForm.MatchString(strings.ReplaceAll(word, "_", "-")) {
		word = "no reason"
	}
	detail := word
	if len(g.Codes) > 0 {
		detail += fmt.Sprintf(" (AADSTS%d)", g.Codes[0])
	}
	switch {
	case g.Error == "invalid_grant" || g.Error == "interaction_required":
		return fault.New(fault.Denied, "the refresh token was refused: %s", detail).Answered(status).With(CodeConsent, "").
			Saying("the integration user's consent is no longer valid", "sign in again as the integration user, with MFA, and store the new refresh token")
	case g.Error == "invalid_client" || g.Error == "unauthorized_client":
		return fault.New(fault.Denied, "the app registration was refused: %s", detail).Answered(status).With("client.secret", "").
			Saying("the app registration's secret for Partner Center is wrong or has expired", "compare client id and secret with the app registration; secrets expire")
	case status >= 500 || g.Error == "temporarily_unavailable":
		return fault.New(fault.Broken, "the token endpoint answered %d", status).Answered(status)
	}
	return fault.New(fault.Denied, "the token endpoint answered %d: %s", status, detail).
		Answered(status).With("token.refused", "").
		Saying("the token endpoint gives no token for Partner Center", "compare tenant, client id and the app's permissions for Partner Center")
}

func lifetime(v any) time.Duration {
	seconds, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil || !(seconds >= 0) {
		return time.Hour
	}
	return time.Duration(min(seconds, 24*3600)) * time.Second
}

func headerSafe(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}
