package partnercenter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/contract"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// target is a Partner Center that the contract is held against.
type target struct {
	client *partnercenter.Client
	lost   *partnercenter.Client // whose tokens are for the other host
}

// live are the settings of a real partner's tenant.
type live struct{ tenant, clientID, clientSecret, refreshToken string }

// liveSettings are those of the shell; false when there are none. Half of them is a mistake.
func liveSettings(t *testing.T, get func(string) string) (live, bool) {
	t.Helper()
	l := live{tenant: get("LIVE_PARTNER_CENTER_TENANT"), clientID: get("LIVE_PARTNER_CENTER_CLIENT_ID"),
		clientSecret: get("LIVE_PARTNER_CENTER_CLIENT_SECRET"), refreshToken: get("LIVE_PARTNER_CENTER_REFRESH_TOKEN")}
	given := []string{l.tenant, l.clientID, l.clientSecret, l.refreshToken}
	if missing := slices.Contains(given, ""); missing && strings.Join(given, "") != "" {
		t.Fatal("a live tenant needs LIVE_PARTNER_CENTER_TENANT, LIVE_PARTNER_CENTER_CLIENT_ID, LIVE_PARTNER_CENTER_CLIENT_SECRET and LIVE_PARTNER_CENTER_REFRESH_TOKEN, all four")
	}
	return l, l.tenant != ""
}

// memory keeps the refresh token for the length of the test; a rotated one replaces it there alone, and
// the one in the shell stays good until it expires.
type memory map[string]string

func (m memory) Get(_ context.Context, name string) (string, error) { return m[name], nil }

func (m memory) Set(_ context.Context, name, value string) error {
	m[name] = value
	return nil
}

// target goes the way of the product: its own tokens, its own chains.
func (l live) target(t *testing.T, base http.RoundTripper) target {
	t.Helper()
	login, _ := url.Parse(partnercenter.TokenURL)
	tokens, err := partnercenter.NewTokens(partnercenter.TokenOptions{Tenant: l.tenant, ClientID: l.clientID, ClientSecret: l.clientSecret,
		Secrets: memory{"token": l.refreshToken}, SecretName: "token", HTTP: httpclient.New(httpclient.Options{Base: base, Hosts: []string{login.Host}})})
	if err != nil {
		t.Fatal(err)
	}
	client := func(referralsAudience, webhooksAudience string) *partnercenter.Client {
		chain := func(audience, of, call, operation string) *httpclient.Client {
			return httpclient.New(httpclient.Options{Base: base, Hosts: []string{strings.TrimPrefix(of, "https://")}, Audience: audience, Token: tokens.Token,
				CallHeader: call, OperationHeader: operation})
		}
		c, err := partnercenter.NewClient(partnercenter.Options{ReferralsURL: partnercenter.ReferralsURL, WebhooksURL: partnercenter.WebhooksURL,
			Referrals: chain(referralsAudience, partnercenter.ReferralsAudience, partnercenter.ReferralsCallHeader, partnercenter.ReferralsOperationHeader),
			Webhooks:  chain(webhooksAudience, partnercenter.WebhooksAudience, partnercenter.WebhooksCallHeader, partnercenter.WebhooksOperationHeader)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	return target{client: client(partnercenter.ReferralsAudience, partnercenter.WebhooksAudience),
		lost: client(partnercenter.WebhooksAudience, partnercenter.ReferralsAudience)}
}

// simulated is a new simulator with the switches set, and the settings that lead to it.
func simulated(t *testing.T, switches map[string]any) (live, http.RoundTripper) {
	t.Helper()
	now := time.Now()
	l := live{tenant: "contoso.example", clientID: "app", clientSecret: "a secret", refreshToken: "a token"}
	sim, err := partnercentersim.New(partnercentersim.Options{Now: func() time.Time { now = now.Add(time.Millisecond); return now }, Seed: 1,
		Tenant: l.tenant, ClientID: l.clientID, ClientSecret: l.clientSecret, RefreshToken: l.refreshToken})
	if err != nil {
		t.Fatal(err)
	}
	if switches == nil {
		switches = map[string]any{}
	}
	body, err := json.Marshal(switches)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	sim.MountControl(mux)
	for path, text := range map[string]string{"/switches": string(body), "/seller": `{"do":"invite"}`} {
		rec := httptest.NewRecorder()
		if mux.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, path, strings.NewReader(text))); rec.Code != http.StatusOK {
			t.Fatalf("%s %s: %d %s", path, text, rec.Code, rec.Body)
		}
	}
	return l, inside{sim}
}

// inside hands requests to a handler as if it were the network.
type inside struct{ handler http.Handler }

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	in := httptest.NewRequest(r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	rec := httptest.NewRecorder()
	i.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// targets are the simulator in every position that the contract must hold in, and a live tenant where the
// shell has one.
func targets(t *testing.T) []contract.Target[target] {
	t.Helper()
	var out []contract.Target[target]
	for _, position := range []struct {
		name     string
		switches map[string]any
	}{
		{"simulator", nil},
		{"simulator, lenient", map[string]any{"strict": "false", "ownDirection": "Incoming", "postStatus": "200", "patchPaths": "alone", "listItems": "sample",
			"nextLink": "http", "errorTarget": "path", "wrongAudience": "900420", "moneyForm": "text", "absentValues": "missing"}},
		{"simulator, terse", map[string]any{"errorTarget": "none", "listFilterUpdated": "refuse", "clientRequestId": "demanded", "registrationForm": "pascal",
			"patchPaths": "connector", "filterFields": "any"}},
	} {
		l, base := simulated(t, position.switches)
		out = append(out, contract.Target[target]{Name: position.name, On: l.target(t, base), Writes: true})
	}
	if l, ok := liveSettings(t, os.Getenv); ok {
		transport, err := httpclient.NewTransport(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, contract.Target[target]{Name: "live", On: l.target(t, transport), Writes: os.Getenv("LIVE_WRITE") == "1"})
	}
	return out
}
