package vaultsim_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/infra/local/vaultsim"
)

const (
	tenant = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	vault  = "https://cosell-vault.vault.azure.net"
	secret = vault + "/secrets/refresh-token?api-version=7.5"
)

func clock() time.Time { return time.Date(2026, 3, 2, 9, 14, 5, 0, time.UTC) }

// newVault knows one token, "good", for its audience.
func newVault(t *testing.T) *vaultsim.Sim {
	t.Helper()
	s, err := vaultsim.New(vaultsim.Options{Now: clock, Tenant: tenant, Secrets: map[string]string{"refresh-token": "first"},
		CheckToken: func(token, audience string) (string, bool) {
			return "app me", token == "good" && audience == "https://vault.azure.net"
		}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type object = map[string]any

func call(t *testing.T, s http.Handler, method, address, token, body string) (int, http.Header, object) {
	t.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var out object
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	return w.Code, w.Header(), out
}

func code(out object) string {
	e, _ := out["error"].(object)
	c, _ := e["code"].(string)
	return c
}

func TestCallsWithoutAGoodTokenAreChallenged(t *testing.T) {
	s := newVault(t)
	for _, token := range []string{"", "other"} {
		status, header, out := call(t, s, "GET", secret, token, "")
		want := `Bearer authorization="https://login.microsoftonline.com/` + tenant + `", resource="https://vault.azure.net"`
		if status != 401 || code(out) != "Unauthorized" || header.Get("WWW-Authenticate") != want || header.Get(control.HeaderIdentity) != "" {
			t.Errorf("%q: %d %v %v", token, status, header, out)
		}
	}
}

func TestSetAddsAVersionAndKeepsTheOld(t *testing.T) {
	s := newVault(t)
	_, header, first := call(t, s, "GET", secret, "good", "")
	if first["value"] != "first" || header.Get(control.HeaderIdentity) != "app me" {
		t.Fatal(first, header)
	}
	status, header, second := call(t, s, "PUT", secret, "good", `{"value":"second","tags":{"a":"b"}}`)
	if status != 200 || second["id"] == first["id"] || header.Get(control.HeaderBefore) == "" || header.Get(control.HeaderAfter) == "" {
		t.Fatal(status, second, header)
	}
	if _, _, now := call(t, s, "GET", secret, "good", ""); now["value"] != "second" {
		t.Error(now)
	}
	if _, _, old := call(t, s, "GET", first["id"].(string)+"?api-version=7.5", "good", ""); old["value"] != "first" {
		t.Error(old)
	}
}

func TestVaultRefuses(t *testing.T) {
	s := newVault(t)
	call(t, s, "PUT", vault+"/secrets/off?api-version=7.5", "good", `{"value":"x","attributes":{"enabled":false}}`)
	for _, c := range []struct {
		method, address, body string
		status                int
		code                  string
	}{
		{"GET", vault + "/secrets/none?api-version=7.5", "", 404, "SecretNotFound"},
		{"GET", vault + "/secrets/refresh-token/0000?api-version=7.5", "", 404, "SecretNotFound"},
		{"GET", vault + "/secrets/off?api-version=7.5", "", 403, "Forbidden"},
		{"GET", vault + "/secrets/refresh-token", "", 400, "BadParameter"},
		{"GET", vault + "/secrets/refresh_token?api-version=7.5", "", 400, "BadParameter"},
		{"GET", vault + "/keys/x?api-version=7.5", "", 404, "NotFound"},
		{"PUT", secret, "nonsense", 400, "BadParameter"},
		{"PUT", secret, `{"tags":{}}`, 400, "BadParameter"},
		{"PUT", secret, `{"value":"` + strings.Repeat("x", 25601) + `"}`, 400, "BadParameter"},
		{"PUT", vault + "/secrets/refresh-token/0000?api-version=7.5", `{"value":"x"}`, 405, "MethodNotAllowed"},
		{"DELETE", secret, "", 405, "MethodNotAllowed"},
	} {
		if status, _, out := call(t, s, c.method, c.address, "good", c.body); status != c.status || code(out) != c.code {
			t.Errorf("%s %s: %d %v", c.method, c.address, status, out)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := vaultsim.New(vaultsim.Options{Now: clock}); err == nil {
		t.Error("no CheckToken")
	}
	check := func(string, string) (string, bool) { return "", false }
	if _, err := vaultsim.New(vaultsim.Options{Now: clock, CheckToken: check, Secrets: map[string]string{"a_b": ""}}); err == nil {
		t.Error("a bad name")
	}
}

func TestRecordsShowNoValueAndResetGoesBack(t *testing.T) {
	s := newVault(t)
	call(t, s, "PUT", secret, "good", `{"value":"second"}`)
	mux := http.NewServeMux()
	s.MountControl(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/records", nil))
	if text := w.Body.String(); strings.Contains(text, "second") || !strings.Contains(text, "refresh-token") {
		t.Error(text)
	}
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/reset", nil))
	if _, _, out := call(t, s, "GET", secret, "good", ""); out["value"] != "first" {
		t.Error(out)
	}
}

// TestMicrosoftsOwnClientsGetAlong signs in at the simulated token endpoint with azidentity and uses the
// vault with azsecrets, over TLS and with the real host names.
func TestMicrosoftsOwnClientsGetAlong(t *testing.T) {
	for name, withoutDiscovery := range map[string]bool{"instance discovery": false, "no instance discovery": true} {
		t.Run(name, func(t *testing.T) {
			login, err := partnercentersim.New(partnercentersim.Options{Now: time.Now, // MSAL looks at its own clock
				Apps: []partnercentersim.App{{Tenant: tenant, ClientID: "e1f2a3b4", Secret: "hush", ObjectID: "oid"}}})
			if err != nil {
				t.Fatal(err)
			}
			sim, err := vaultsim.New(vaultsim.Options{Now: time.Now, CheckToken: login.CheckToken, Secrets: map[string]string{"refresh-token": "first"}})
			if err != nil {
				t.Fatal(err)
			}
			options := azcore.ClientOptions{Transport: toLoopback(t, login, sim), Retry: policy.RetryOptions{MaxRetries: -1}}
			credential, err := azidentity.NewClientSecretCredential(tenant, "e1f2a3b4", "hush",
				&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: withoutDiscovery})
			if err != nil {
				t.Fatal(err)
			}
			client, err := azsecrets.NewClient(vault, credential, &azsecrets.ClientOptions{ClientOptions: options})
			if err != nil {
				t.Fatal(err)
			}
			useVault(t, client)
		})
	}
}

func useVault(t *testing.T, client *azsecrets.Client) {
	t.Helper()
	ctx := context.Background()
	got, err := client.GetSecret(ctx, "refresh-token", "", nil)
	if err != nil || *got.Value != "first" {
		t.Fatalf("%v %v", got, err)
	}
	value := "second"
	if _, err := client.SetSecret(ctx, "refresh-token", azsecrets.SetSecretParameters{Value: &value}, nil); err != nil {
		t.Fatal(err)
	}
	old, err := client.GetSecret(ctx, "refresh-token", got.ID.Version(), nil)
	if err != nil || *old.Value != "first" {
		t.Errorf("%v %v", old, err)
	}
	_, err = client.GetSecret(ctx, "none", "", nil)
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) || refused.ErrorCode != "SecretNotFound" || refused.StatusCode != 404 {
		t.Errorf("%v", err)
	}
}

// toLoopback serves both simulators over TLS and gives a client that dials them whatever the name.
func toLoopback(t *testing.T, login, vault http.Handler) *http.Client {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Host, ".vault.azure.net") {
			vault.ServeHTTP(w, r)
			return
		}
		login.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestRightsAreTakenAndGivenBack(t *testing.T) {
	s := newVault(t)
	mux := http.NewServeMux()
	s.MountControl(mux)
	for _, c := range []struct {
		body     string
		status   int
		get, set int
	}{
		{`{"identity":"app me","operation":"set","allowed":false}`, 200, 200, 403},
		{`{"identity":"app me","operation":"get","allowed":false}`, 200, 403, 403},
		{`{"identity":"app me","operation":"get","allowed":true}`, 200, 200, 403},
		{`{"identity":"app other","operation":"get","allowed":false}`, 200, 200, 403},
		{`{"identity":"app me","operation":"delete","allowed":false}`, 400, 200, 403},
		{`{"operation":"get","allowed":false}`, 400, 200, 403},
		{`{"identity":"app me","operation":"set","allowed":true}`, 200, 200, 200},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("POST", "/rights", strings.NewReader(c.body)))
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.body, w.Code, w.Body)
		}
		if status, _, out := call(t, s, "GET", secret, "good", ""); status != c.get || status == 403 && code(out) != "Forbidden" {
			t.Errorf("%s: get %d %v", c.body, status, out)
		}
		if status, header, _ := call(t, s, "PUT", secret, "good", `{"value":"x"}`); status != c.set || status == 403 && header.Get(control.HeaderAfter) != "" {
			t.Errorf("%s: set %d", c.body, status)
		}
	}
}

// A deleted secret is not found and keeps its name, a disabled one is not given; both until somebody takes that back.
func TestSecretsAreDeletedSoftlyAndDisabled(t *testing.T) {
	s := newVault(t)
	mux := http.NewServeMux()
	s.MountControl(mux)
	change := func(do string) int {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("POST", "/secret", strings.NewReader(`{"name":"Refresh-Token","do":"`+do+`"}`)))
		return w.Code
	}
	inner := func(out object) string {
		e, _ := out["error"].(object)
		i, _ := e["innererror"].(object)
		c, _ := i["code"].(string)
		return c
	}
	for _, c := range []struct {
		do          string
		get, set    int
		gets, inner string
	}{
		{"delete", 404, 409, "", "ObjectIsDeletedButRecoverable"},
		{"recover", 200, 200, "", ""},
		{"disable", 403, 200, "SecretDisabled", ""}, // what is set then is a new version
	} {
		if status := change(c.do); status != 200 {
			t.Fatalf("%s: %d", c.do, status)
		}
		status, _, out := call(t, s, "GET", secret, "good", "")
		if status != c.get || inner(out) != c.gets {
			t.Errorf("%s: reading is answered %d %v", c.do, status, out)
		}
		status, _, out = call(t, s, "PUT", secret, "good", `{"value":"next"}`)
		if status != c.set || inner(out) != c.inner {
			t.Errorf("%s: writing is answered %d %v", c.do, status, out)
		}
	}
	if status, _, out := call(t, s, "GET", secret, "good", ""); status != 200 || out["value"] != "next" {
		t.Errorf("the new version: %d %v", status, out)
	}
	if status := change("burn"); status != 400 {
		t.Errorf("what nobody can do is answered %d", status)
	}
}
