package dataverse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/infra/local/contract"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// live are the settings of a real environment.
type live struct{ url, tenant, clientID, clientSecret string }

// liveSettings are those of the shell; false when there are none. Half of them is a mistake.
func liveSettings(t *testing.T, get func(string) string) (live, bool) {
	t.Helper()
	l := live{url: get("LIVE_DATAVERSE_URL"), tenant: get("LIVE_DATAVERSE_TENANT"), clientID: get("LIVE_DATAVERSE_CLIENT_ID"), clientSecret: get("LIVE_DATAVERSE_CLIENT_SECRET")}
	given := []string{l.url, l.tenant, l.clientID, l.clientSecret}
	if missing := slices.Contains(given, ""); missing && strings.Join(given, "") != "" {
		t.Fatal("a live environment needs LIVE_DATAVERSE_URL, LIVE_DATAVERSE_TENANT, LIVE_DATAVERSE_CLIENT_ID and LIVE_DATAVERSE_CLIENT_SECRET, all four")
	}
	return l, l.url != ""
}

// client goes the way of the product: its own credential, its own chain.
func (l live) client(t *testing.T, base http.RoundTripper, simulated bool) *dataverse.Client {
	t.Helper()
	address := dataverse.Address(l.url)
	credential := func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(l.tenant, l.clientID, l.clientSecret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: base}}, DisableInstanceDiscovery: simulated})
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("LIVE_DATAVERSE_URL is no address")
	}
	chain := httpclient.New(httpclient.Options{Base: base, Hosts: []string{u.Host}, Audience: address, Token: dataverse.Tokens(credential, address+"/.default")})
	c, err := dataverse.NewClient(dataverse.Options{BaseURL: address + "/api/data/v9.2", HTTP: chain})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// simulated is a new simulator with the switches set, and the settings that lead to it.
func simulated(t *testing.T, switches map[string]any) (live, http.RoundTripper) {
	t.Helper()
	now := time.Date(2026, 3, 31, 9, 15, 0, 0, time.UTC)
	l := live{url: "https://cosell.api.crm4.dynamics.com", tenant: "7e000000-0000-4000-8000-0000000000aa", clientID: "c11e0000-0000-4000-8000-0000000000bb", clientSecret: "a secret"}
	sim, err := dataversesim.New(dataversesim.Options{Now: func() time.Time { now = now.Add(time.Millisecond); return now }, Seed: 1, Host: "cosell.crm4.dynamics.com",
		Tenant: l.tenant, ClientID: l.clientID, ClientSecret: l.clientSecret, OrganizationID: "0a000000-0000-4000-8000-0000000000cc",
		WebhookURL: "https://product.example/api/crm", SecretHeader: "x-cosell-key", Secret: "k"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(switches)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	sim.MountControl(mux)
	rec := httptest.NewRecorder()
	if mux.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/switches", bytes.NewReader(body))); len(switches) > 0 && rec.Code != http.StatusOK {
		t.Fatalf("switches %s: %d %s", body, rec.Code, rec.Body)
	}
	return l, inside{sim}
}

// inside hands requests to a handler as if it were the network, and answers the SDK's questions about the
// directory, which is not simulated.
type inside struct{ handler http.Handler }

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
		tenant := strings.Split(r.URL.Path, "/")[1]
		rec.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rec, `{"token_endpoint":"https://%[1]s/%[2]s/oauth2/v2.0/token","authorization_endpoint":"https://%[1]s/%[2]s/oauth2/v2.0/authorize","issuer":"https://%[1]s/%[2]s/v2.0"}`, r.URL.Host, tenant)
		return rec.Result(), nil
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	in := httptest.NewRequest(r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	i.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// targets are the simulator in every position that the contract must hold in, and a live environment
// where the shell has one.
func targets(t *testing.T) []contract.Target[*dataverse.Client] {
	t.Helper()
	var out []contract.Target[*dataverse.Client]
	for _, position := range []struct {
		name     string
		switches map[string]any
	}{
		{"simulator", nil},
		{"simulator, older codes", map[string]any{"unknownColumnCode": "0x80060888", "unknownTableCode": "", "duplicateStatus": 500, "versionOrder": "scattered",
			"listOrder": "scattered", "readOnlyColumns": "refused", "closedWritable": false}},
	} {
		l, base := simulated(t, position.switches)
		out = append(out, contract.Target[*dataverse.Client]{Name: position.name, On: l.client(t, base, true), Writes: true})
	}
	if l, ok := liveSettings(t, os.Getenv); ok {
		transport, err := httpclient.NewTransport(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, contract.Target[*dataverse.Client]{Name: "live", On: l.client(t, transport, false), Writes: os.Getenv("LIVE_WRITE") == "1"})
	}
	return out
}
