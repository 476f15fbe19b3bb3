package partnercenter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

// vault keeps secrets in memory and can be out of order.
type vault struct {
	mu     sync.Mutex
	secret map[string]string
	down   bool  // takes nothing
	closed error // gives nothing
}

func (v *vault) Get(_ context.Context, name string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.secret[name], v.closed
}

func (v *vault) Set(_ context.Context, name, value string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down {
		return errors.New("vault is down")
	}
	v.secret[name] = value
	return nil
}

type hands struct {
	now   time.Time
	vault *vault
}

func source(t *testing.T, answers ...http.HandlerFunc) (*httpclienttest.Server, *Tokens, *hands) {
	t.Helper()
	w, _ := serve(t, answers...)
	h := &hands{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), vault: &vault{secret: map[string]string{"refresh": "first"}}}
	tokens, err := NewTokens(TokenOptions{TokenURL: w.URL, Tenant: "contoso.example", ClientID: "app", ClientSecret: "s&cret",
		Secrets: h.vault, SecretName: "refresh", HTTP: w.Chain(), Now: func() time.Time { return h.now }})
	if err != nil {
		t.Fatal(err)
	}
	return w, tokens, h
}

func issue(access, refresh, expires string) http.HandlerFunc {
	return httpclienttest.Answer(200, fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"expires_in":%s}`, access, refresh, expires))
}

func TestTokenIsFetchedOncePerAudience(t *testing.T) {
	t.Parallel()
	w, tokens, _ := source(t, issue("a", "", "3600"), issue("b", "", `"3600"`))
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "a" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	group.Wait()
	if got, err := tokens.Token(ctx, WebhooksAudience, ""); err != nil || got != "b" {
		t.Errorf("got %q, %v", got, err)
	}
	calls := w.Calls()
	if len(calls) != 2 || calls[0].URI != "/contoso.example/oauth2/v2.0/token" {
		t.Fatalf("calls %+v", calls)
	}
	form, _ := url.ParseQuery(calls[0].Body)
	want := url.Values{"grant_type": {"refresh_token"}, "client_id": {"app"}, "client_secret": {"s&cret"}, "refresh_token": {"first"}, "scope": {ReferralsAudience + "/.default offline_access"}}
	if form.Encode() != want.Encode() {
		t.Errorf("sent %v", form)
	}
}

func TestTokenIsRenewedBeforeItExpiresAndOnRequest(t *testing.T) {
	t.Parallel()
	_, tokens, h := source(t, issue("a", "", "3600"), issue("b", "", "3600"), issue("c", "", "3600"))
	want := func(refused, text string) {
		t.Helper()
		if got, err := tokens.Token(ctx, ReferralsAudience, refused); err != nil || got != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	want("", "a")
	h.now = h.now.Add(54 * time.Minute)
	want("", "a")
	h.now = h.now.Add(2 * time.Minute)
	want("", "b")
	want("a", "b") // another call renewed it meanwhile
	want("b", "c")
}

func TestRotatedRefreshTokenIsSaved(t *testing.T) {
	t.Parallel()
	w, tokens, h := source(t, issue("a", "second", "3600"), issue("b", "", "3600"), issue("c", "", "3600"))
	h.vault.down = true
	for _, want := range []string{"a", "b", "c"} {
		if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != want {
			t.Fatalf("got %q, %v", got, err)
		}
		h.now = h.now.Add(time.Hour)
		h.vault.down = false // back after the first
	}
	if got := h.vault.secret["refresh"]; got != "second" {
		t.Errorf("kept %q", got)
	}
	if form, _ := url.ParseQuery(w.Calls()[1].Body); form.Get("refresh_token") != "second" {
		t.Errorf("the unsaved token was not used: %v", form)
	}
}

// TestAVaultThatIsAwayHidesNoWrongSecret: one app registration may be both our identity for the vault and
// the client of Partner Center, so that both fail when its secret expires.
func TestAVaultThatIsAwayHidesNoWrongSecret(t *testing.T) {
	t.Parallel()
	w, tokens, h := source(t, issue("a", "", "3600"), httpclienttest.Answer(401, `{"error":"invalid_client"}`), issue("b", "", "3600"))
	if _, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil {
		t.Fatal(err)
	}
	h.now, h.vault.closed = h.now.Add(time.Hour), fault.New(fault.Denied, "the vault refuses us").With("vault.denied", "")
	_, err := tokens.Token(ctx, ReferralsAudience, "")
	wantKind(t, err, fault.Denied, "client.secret")
	h.now = h.now.Add(time.Hour)
	if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "b" {
		t.Errorf("a vault that is away stops nothing: %q, %v", got, err)
	}
	if form, _ := url.ParseQuery(w.Calls()[2].Body); form.Get("refresh_token") != "first" {
		t.Errorf("sent %v", form)
	}
	h.now, h.vault.closed = h.now.Add(2*time.Hour), fault.New(fault.Denied, "no such secret").With("consent.missing", "")
	_, err = tokens.Token(ctx, ReferralsAudience, "")
	wantKind(t, err, fault.Denied, "consent.missing")
	_, fresh, h := source(t, issue("a", "", "3600"))
	h.vault.closed = fault.New(fault.Broken, "away").With("vault.unreachable", "")
	_, err = fresh.Token(ctx, ReferralsAudience, "")
	wantKind(t, err, fault.Broken, "vault.unreachable")
}

func TestRefusalsOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer http.HandlerFunc
		kind   fault.Kind
		code   string
	}{
		{httpclienttest.Answer(400, `{"error":"invalid_grant","error_description":"AADSTS70000 canary","error_codes":[50173]}`), fault.Denied, CodeConsent},
		{httpclienttest.Answer(401, `{"error":"invalid_client","error_description":"canary"}`), fault.Denied, "client.secret"},
		{httpclienttest.Answer(400, `{"error":"invalid scope canary ÿ"}`), fault.Denied, "token.refused"},
		{httpclienttest.Answer(429, "", "Retry-After", "60"), fault.Later, ""},
		{httpclienttest.Answer(503, "<html>"), fault.Broken, ""},
		{httpclienttest.Answer(200, "<html>"), fault.Broken, ""},
		{httpclienttest.Answer(200, `{"access_token":""}`), fault.Broken, ""},
		{httpclienttest.Answer(200, `{"access_token":"a\r\nX: y"}`), fault.Broken, ""},
		{cut, fault.Broken, ""},
	} {
		_, tokens, _ := source(t, c.answer)
		_, err := tokens.Token(ctx, ReferralsAudience, "")
		wantKind(t, err, c.kind, c.code)
		for _, secret := range []string{"canary", "first", "s&cret"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%q shows in %v", secret, err)
			}
		}
	}
}

func TestRefusedConsentIsNotAskedInALoop(t *testing.T) {
	t.Parallel()
	w, tokens, h := source(t, httpclienttest.Answer(400, `{"error":"invalid_grant"}`), issue("a", "", "3600"))
	for range 5 {
		_, err := tokens.Token(ctx, ReferralsAudience, "")
		wantKind(t, err, fault.Denied, CodeConsent)
	}
	if n := len(w.Calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
	h.now = h.now.Add(2 * time.Minute)
	if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "a" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWaitingForATokenEndsWithTheContext(t *testing.T) {
	t.Parallel()
	_, tokens, _ := source(t, issue("a", "", "3600"))
	tokens.turn <- struct{}{}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err := tokens.Token(ended, ReferralsAudience, "")
	wantKind(t, err, fault.Broken, "")
}

func TestTokenSettingsThatCannotBeAURLAreRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []TokenOptions{{TokenURL: "http://x", Tenant: "a"}, {Tenant: "a/b"}, {Tenant: ""}} {
		if _, err := NewTokens(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
