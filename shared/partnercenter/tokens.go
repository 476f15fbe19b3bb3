package partnercenter

import (
	"cmp"
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

// redeem redeems the kept refresh token, and keeps the one that comes with it.
func (t *Tokens) redeem(ctx context.Context, audience string) (accessToken, error) {
	g, used, err := t.exchange(ctx, audience, offline)
	if err != nil {
		return accessToken{}, err
	}
	t.keep(ctx, used, g.RefreshToken)
	return t.o.access(g), nil
}

// exchange redeems the kept refresh token for the audience and more scopes, and says which one that was. One that is refused
// while another stands in Key Vault by now, of another process or of somebody who has signed in since, was only too old: that
// one is tried, once, else one that could not be saved.
func (t *Tokens) exchange(ctx context.Context, audience string, more ...string) (g grant, used string, err error) {
	if used, err = t.refreshToken(ctx); err != nil {
		return g, "", err
	}
	if g, err = t.o.exchange(ctx, t.endpoint, renewal(used, audience, more...)); !lapsed(err) {
		return g, used, err
	}
	other := t.unsaved
	if newer, unread := t.o.Secrets.Get(ctx, t.o.SecretName); unread == nil && newer != used {
		other, t.held, t.unsaved = newer, newer, ""
	}
	if other == "" {
		return g, used, err
	}
	if g, err = t.o.exchange(ctx, t.endpoint, renewal(other, audience, more...)); lapsed(err) {
		t.unsaved = ""
	}
	return g, other, err
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
	g, used, err := t.exchange(ctx, audience)
	if err != nil {
		return "", fmt.Errorf("checking the consent for Partner Center: %w", err)
	}
	t.last, t.refused = used, nil
	t.tokens[audience] = t.o.access(g)
	return g.AccessToken, nil
}

// refreshToken is the one in Key Vault, since somebody may have signed in again. One that could not be saved is saved before it is
// used: with its first use the one in Key Vault may end, and with the process that alone knows its successor nobody could go on. While Key Vault does not
// answer, or lets us in no longer, the one that worked last is good enough: it brings to light whether the
// app's own secret is what is wrong, and otherwise the work goes on.
func (t *Tokens) refreshToken(ctx context.Context) (string, error) {
	if t.unsaved != "" {
		t.save(ctx)
		return t.held, nil
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
// is kept here and saved before the next redemption: the access token is good, so the work goes on.
func (t *Tokens) keep(ctx context.Context, used, got string) {
	if t.last = cmp.Or(got, used); t.last != t.held {
		t.unsaved = t.last
		t.save(ctx)
	}
}

// save keeps what is not saved yet in Key Vault. What somebody else has stored meanwhile, another process or a new consent,
// stays: the next redemption reads it.
func (t *Tokens) save(ctx context.Context) {
	if now, err := t.o.Secrets.Get(ctx, t.o.SecretName); err == nil && now != t.held {
		t.held, t.unsaved = now, ""
		return
	}
	if err := t.o.Secrets.Set(ctx, t.o.SecretName, t.unsaved); err != nil {
		t.o.Log.LogAttrs(ctx, slog.LevelWarn, "the rotated refresh token was not saved, will try again", fault.Attr(err))
		return
	}
	t.held, t.unsaved = t.unsaved, ""
}
