package partnercenter

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
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
	held    string                 // what Key Vault held when it was read or written last
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

// offline is the scope without which no new refresh token comes back, and the kept one ends after 90 days.
const offline = "offline_access"

// NewTokens makes a token source; it fails on an address or a tenant that cannot be part of a URL.
func NewTokens(o TokenOptions) (*Tokens, error) {
	endpoint, err := o.endpoint("token")
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Tokens{
		o: o, endpoint: endpoint,
		turn: make(chan struct{}, 1), tokens: map[string]accessToken{},
	}, nil
}

// Token gives an access token for the audience (https://host); it is an httpclient.TokenFunc. Denied
// with CodeConsent: somebody must sign in again. Denied with code client.secret: the app's secret is
// wrong or has expired.
func (t *Tokens) Token(ctx context.Context, audience, refused string) (string, error) {
	if err := t.enter(ctx); err != nil {
		return "", err
	}
	defer func() { <-t.turn }()
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

// redeem redeems the kept refresh token. One that is refused while another stands in Key Vault by now, of another
// process or of somebody who has signed in since, was only too old: that one is tried, once.
func (t *Tokens) redeem(ctx context.Context, audience string) (accessToken, error) {
	refresh, err := t.refreshToken(ctx)
	if err != nil {
		return accessToken{}, err
	}
	g, err := t.o.exchange(ctx, t.endpoint, renewal(refresh, audience, offline))
	if lapsed(err) {
		newer, unread := t.o.Secrets.Get(ctx, t.o.SecretName)
		if unread != nil || newer == refresh {
			return accessToken{}, err
		}
		refresh, t.held, t.unsaved = newer, newer, ""
		g, err = t.o.exchange(ctx, t.endpoint, renewal(refresh, audience, offline))
	}
	if err != nil {
		return accessToken{}, err
	}
	t.last = refresh
	t.keep(ctx, refresh, g.RefreshToken)
	return t.o.access(g), nil
}

// renewal asks for a token for the audience by a refresh token, and for more scopes.
func renewal(refresh, audience string, more ...string) url.Values {
	scope := append([]string{strings.TrimRight(audience, "/") + "/.default"}, more...)
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "scope": {strings.Join(scope, " ")}}
}

// lapsed says whether a refresh token itself was refused.
func lapsed(err error) bool {
	e := fault.Of(err)
	return err != nil && e != nil && e.Kind == fault.Denied && (e.Code == CodeConsent || e.Code == CodeMFA)
}

// enter waits until nobody else asks for tokens, unless the context has ended: of two cases that are ready one would be taken by
// chance.
func (t *Tokens) enter(ctx context.Context) error {
	if ctx.Err() == nil {
		select {
		case t.turn <- struct{}{}:
			return nil
		case <-ctx.Done():
		}
	}
	return fault.New(fault.Broken, "waiting for a Partner Center token: %w", ctx.Err())
}

// Check asks for an access token for the audience, past the cache, and without a new refresh token: it shows a consent
// that is over before the cached tokens end. Its faults are those of Token.
func (t *Tokens) Check(ctx context.Context, audience string) (string, error) {
	if err := t.enter(ctx); err != nil {
		return "", err
	}
	defer func() { <-t.turn }()
	refresh, err := t.refreshToken(ctx)
	var g grant
	if err == nil {
		g, err = t.o.exchange(ctx, t.endpoint, renewal(refresh, audience))
	}
	if lapsed(err) && t.unsaved != "" { // what could not be saved is over: what was saved, maybe by another, counts again
		t.unsaved = ""
	}
	if err != nil {
		return "", fmt.Errorf("checking the consent for Partner Center: %w", err)
	}
	t.last, t.refused = refresh, nil
	t.tokens[audience] = t.o.access(g)
	return g.AccessToken, nil
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
		t.held = text
		return text, nil
	case t.last == "" || fault.Of(err).Code == "consent.missing":
		return "", fmt.Errorf("reading the refresh token: %w", err)
	}
	t.o.Log.LogAttrs(ctx, slog.LevelWarn, "the refresh token cannot be read, the one that worked last is used", fault.Attr(err))
	return t.last, nil
}

// keep saves a rotated refresh token before anything is done with what came with it. When the vault is away the token
// is kept here and saved with the next redemption: the access token is good, so the work goes on. What somebody else
// has stored meanwhile, another process or a new consent, stays: the next redemption reads it.
func (t *Tokens) keep(ctx context.Context, used, got string) {
	if got == "" {
		got = used
	}
	if got == used && t.unsaved == "" {
		return
	}
	t.last = got
	if now, err := t.o.Secrets.Get(ctx, t.o.SecretName); err == nil && now != t.held {
		t.held, t.unsaved = now, ""
		return
	}
	if err := t.o.Secrets.Set(ctx, t.o.SecretName, got); err != nil {
		t.unsaved = got
		t.o.Log.LogAttrs(ctx, slog.LevelWarn, "the rotated refresh token was not saved, will try again", fault.Attr(err))
		return
	}
	t.held, t.unsaved = got, ""
}
