package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestSetupSaysWhichSettingIsWrong(t *testing.T) {
	world := filepath.Join(t.TempDir(), "local.json")
	if err := os.WriteFile(world, []byte(`{"simulated":"other.example=127.0.0.1:1","dataverse":{"url":"https://127.0.0.1:2"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	url, simulated := "DATAVERSE_URL=https://cosell.crm4.dynamics.com", "SYNC_SIMULATED=cosell.crm4.dynamics.com=127.0.0.1:1,login.microsoftonline.com=127.0.0.1:1"
	admin := []string{"DATAVERSE_ADMIN_CLIENT_ID=ad000000-0000-4000-8000-0000000000aa", "DATAVERSE_ADMIN_CLIENT_SECRET=x", "DATAVERSE_TENANT=7e000000-0000-4000-8000-0000000000aa"}
	for name, c := range map[string]struct {
		environ []string
		args    string
		code    int
		says    string
	}{
		"no environment":       {nil, "setup dataverse", wrongUse, "DATAVERSE_URL"},
		"no https":             {[]string{"DATAVERSE_URL=http://cosell.crm4.dynamics.com"}, "setup dataverse", wrongUse, "DATAVERSE_URL"},
		"half an identity":     {append([]string{url}, admin[0]), "setup dataverse", wrongUse, "DATAVERSE_ADMIN_CLIENT_SECRET"},
		"no identity here":     {[]string{url, simulated}, "teardown", wrongUse, "--local"},
		"a host of the real":   {[]string{"DATAVERSE_URL=https://live.crm4.dynamics.com", simulated}, "setup dataverse --plan", wrongUse, "SYNC_SIMULATED does not list"},
		"no such world":        {nil, "teardown --local /no/local.json", wrongUse, "does a world run"},
		"a world without CRM":  {nil, "teardown --local " + world, wrongUse, "names no Dynamics 365"},
		"no GUID":              {append([]string{url, simulated}, admin...), "setup dataverse --app-user cosell", wrongUse, "no GUID"},
		"no such sheet":        {append([]string{url, simulated}, admin...), "setup dataverse --mapping /no/mapping.yaml", wrongUse, "field sheet"},
		"nobody answers":       {append([]string{url, simulated}, admin...), "setup dataverse --plan", unreachable, ""},
		"nobody answers there": {append([]string{url, simulated}, admin...), "teardown", unreachable, ""},
	} {
		code, out, errOut := ctl(t, c.environ, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(errOut, c.says) || strings.Contains(out+errOut, "DATAVERSE_ADMIN_CLIENT_SECRET=x") {
			t.Errorf("%s: code %d\n%s%s", name, code, out, errOut)
		}
	}
}

// Of a running world the real names stay, and only the dialer goes to this machine.
func TestTheSettingsOfAWorldAreThoseOfItsAdministrator(t *testing.T) {
	file := filepath.Join(t.TempDir(), "local.json")
	text, err := json.Marshal(map[string]any{"caFile": "/ca.pem", "simulated": "api.partner.microsoft.com=127.0.0.1:7401,cosell.crm4.dynamics.com=127.0.0.1:7405",
		"product":   map[string]any{"url": "https://localhost:7400", "crmSecretHeader": "x-key", "crmSecret": "s"},
		"dataverse": map[string]any{"url": "https://127.0.0.1:7405", "tenant": "t", "clientId": "c", "administrator": map[string]any{"clientId": "a", "clientSecret": "as"}}})
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := environment{"DATAVERSE_URL=https://live.crm4.dynamics.com", "DATAVERSE_ADMIN_CLIENT_ID=mine", "DATAVERSE_ADMIN_CLIENT_SECRET=too"}.settings(&commands{Local: file})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"DATAVERSE_URL": "https://cosell.crm4.dynamics.com", "SYNC_CA_FILE": "/ca.pem", "DATAVERSE_WEBHOOK_SECRET": "s", "DATAVERSE_CLIENT_ID": "c",
		"DATAVERSE_ADMIN_CLIENT_ID": "mine", "DATAVERSE_ADMIN_CLIENT_SECRET": "too"} {
		if got[name] != want {
			t.Errorf("%s is %q", name, got[name])
		}
	}
	if url, header, secret := got.EventsTo(); url != "https://localhost:7400/api/crmwebhook" || header != "x-key" || secret != "s" {
		t.Errorf("%s %s %s", url, header, secret)
	}
}

// crm is a simulated environment at its real names, as a world on this machine has it, and the settings of its
// administrator.
func crm(t *testing.T, kind string) (environ []string) {
	t.Helper()
	const host, login, tenant = "cosell.crm4.dynamics.com", "login.microsoftonline.com", "7e000000-0000-4000-8000-0000000000aa"
	who := dataversesim.Application{ClientID: "ad000000-0000-4000-8000-0000000000aa", ClientSecret: "the secret of the administrator"}
	app := "99999999-9999-4999-8999-999999999999"
	sim, err := dataversesim.New(dataversesim.Options{Now: time.Now, Seed: 1, Host: host, Tenant: tenant, ClientID: app, ClientSecret: "a secret", OrganizationID: "0a000000-0000-4000-8000-0000000000cc",
		Administrator: who, WebhookURL: "https://cosell.example/api/crmwebhook", SecretHeader: "x-cosell-crm-key", Secret: "k", Organisation: kind, Switches: map[string]any{"setupKeySeconds": 0}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/openid-configuration") { // the directory is not simulated
			at := "https://" + r.Host + "/" + strings.Split(r.URL.Path, "/")[1]
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"token_endpoint":"%[1]s/oauth2/v2.0/token","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","issuer":"%[1]s/v2.0"}`, at)
			return
		}
		sim.ServeHTTP(w, r)
	}))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, ca, host, login)}}
	server.StartTLS()
	t.Cleanup(server.Close)
	at := strings.TrimPrefix(server.URL, "https://")
	return []string{"DATAVERSE_URL=https://" + host, "SYNC_SIMULATED=" + host + "=" + at + "," + login + "=" + at, "SYNC_CA_FILE=" + ca, "DATAVERSE_TENANT=" + tenant,
		"DATAVERSE_ADMIN_CLIENT_ID=" + who.ClientID, "DATAVERSE_ADMIN_CLIENT_SECRET=" + who.ClientSecret, "DATAVERSE_CLIENT_ID=" + app,
		"SYNC_PUBLIC_URL=https://cosell.example", "DATAVERSE_WEBHOOK_SECRET=the secret of events"}
}

// certificate makes one for the names that is its own authority, and writes it into the file.
func certificate(t *testing.T, file string, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	made, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err == nil {
		err = os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}
}

func TestSetupAndTeardownAtATerminal(t *testing.T) {
	environ := crm(t, dataversesim.Bare)
	for _, c := range []struct {
		args  string
		code  int
		shows string
	}{
		{"setup dataverse --plan", found, "create  solution CosellSync: holds everything that is ours"},
		{"setup dataverse", fine, "done    step Update of opportunity"},
		{"setup dataverse", fine, "as they should be"},
		{"setup dataverse --plan", fine, "leave   endpoint cosell-sync events"},
		{"setup dataverse --plan --secret", found, "change  endpoint cosell-sync events: the secret is written anew"},
		{"teardown --plan", found, "remove  column opportunity/cosell_sync: with its values"},
		{"teardown", found, "nothing was removed: say --yes"},
		{"teardown --yes", fine, "done    table cosell_solution"},
		{"teardown --yes", fine, "nothing of ours is there"},
	} {
		code, out, errOut := ctl(t, environ, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out, c.shows) {
			t.Errorf("%s: code %d, says\n%s%s", c.args, code, out, errOut)
		}
		if strings.Contains(out+errOut, "the secret of") {
			t.Errorf("%s tells a secret", c.args)
		}
	}
	code, out, _ := ctl(t, environ, "setup", "dataverse", "--plan", "--json")
	var plan struct {
		Items   []setup.Item
		Differs bool
	}
	if err := json.Unmarshal([]byte(out), &plan); err != nil || code != found || !plan.Differs || !slices.ContainsFunc(plan.Items, func(i setup.Item) bool {
		return i.Kind == "column" && i.Name == "opportunity/cosell_sync" && i.Do == setup.Create && i.Why != ""
	}) {
		t.Errorf("code %d, %v\n%s", code, err, out)
	}
}
