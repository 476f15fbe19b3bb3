package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

const (
	emulatorDir = "../../infra/local/emulators"
	namespace   = "cosell.servicebus.windows.net"
	account     = emulators.Account + ".table.core.windows.net"
)

// worldCertificate writes a certificate for the real names and its key.
func worldCertificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{namespace, account, "login.microsoftonline.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// login is the token endpoint: it hands out unsigned tokens for the audience that was asked for.
func login(t *testing.T, certFile, keyFile string) (addr string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"token_endpoint":"https://%[1]s/t/oauth2/v2.0/token","authorization_endpoint":"https://%[1]s/t/oauth2/v2.0/authorize","issuer":"https://%[1]s/t/v2.0"}`, r.Host)
			return
		}
		scope, _, _ := strings.Cut(r.FormValue("scope"), " ")
		*asked = append(*asked, scope)
		now := time.Now()
		claims, _ := json.Marshal(map[string]any{"aud": strings.TrimSuffix(scope, "/.default"), "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
			"nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
		part := base64.RawURLEncoding.EncodeToString
		token := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part(claims) + "." + part([]byte("signature"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"%s"}`, token)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), asked
}

// The way of a real deployment: identity, real host names and TLS, for queue and tables. Only the dialer
// goes to this machine.
func TestQueueAndTablesTakeTokensUnderTheirRealNames(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := emulators.Install(ctx, emulatorDir, os.Stdout); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := worldCertificate(t)
	broker, err := emulators.StartBroker(ctx, emulators.BrokerOptions{Dir: emulatorDir, CertFile: certFile, KeyFile: keyFile, Log: os.Stderr,
		Queues: []emulators.Queue{{Name: "referral-changed", RequiresSession: true}}})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Stop()
	azurite, err := emulators.StartAzurite(ctx, emulators.AzuriteOptions{Dir: emulatorDir, CertFile: certFile, KeyFile: keyFile, Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer azurite.Stop()
	at, asked := login(t, certFile, keyFile)

	s := laptop(t)
	s["SYNC_SIMULATED"] = strings.Replace(s["SYNC_SIMULATED"], "127.0.0.1:7403", at, 1) +
		fmt.Sprintf(",%s:5671=127.0.0.1:%d,%s=127.0.0.1:%d", namespace, broker.Port(), account, azurite.Port())
	maps.Copy(s, map[string]string{"SYNC_CA_FILE": certFile, "ServiceBus": "", "TABLES_CONNECTION_STRING": "",
		"ServiceBus__fullyQualifiedNamespace": namespace, "TABLES_ENDPOINT": "https://" + account,
		"AZURE_TENANT_ID": "ab1f708d-50f6-404c-a006-d71b2ac7a606", "AZURE_CLIENT_ID": "e1f2a3b4-3333-4444-8555-b66677778888", "AZURE_CLIENT_SECRET": "a-secret-of-the-world"})
	a, err := New(environ(s), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.close(context.Background()) }()
	if err := a.Post.ReferralChanged(ctx, flow.Hint{ID: "r-1"}); err != nil {
		t.Errorf("queue: %v", err)
	}
	if err := a.Ledger.SaveCursor(ctx, "feed", "x"); err != nil {
		t.Errorf("tables: %v", err)
	}
	if v, err := a.Ledger.Cursor(ctx, "feed"); v != "x" || err != nil {
		t.Errorf("tables: %q %v", v, err)
	}
	if got := strings.Join(*asked, " "); !strings.Contains(got, "servicebus.azure.net") || !strings.Contains(got, "storage.azure.com") {
		t.Errorf("tokens were asked for %s", got)
	}
}

func TestIdentityThatTheHostVouchesForNeedsNoSecret(t *testing.T) {
	with := map[string]string{"ServiceBus": "", "ServiceBus__fullyQualifiedNamespace": "cosell.servicebus.windows.net", "SYNC_IDENTITY": "federated",
		"AZURE_TENANT_ID": "ab1f708d-50f6-404c-a006-d71b2ac7a606", "AZURE_CLIENT_ID": "e1f2a3b4-3333-4444-8555-b66677778888", "AZURE_CLIENT_SECRET": ""}
	settings := func(more map[string]string) []string {
		s := production(t)
		maps.Copy(s, with)
		maps.Copy(s, more)
		return environ(s)
	}
	var sent []string
	directory := transport(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		if strings.HasSuffix(r.URL.Host, ".vault.azure.net") {
			w.Header().Set("WWW-Authenticate", `Bearer authorization="https://login.microsoftonline.com/`+with["AZURE_TENANT_ID"]+`", resource="https://vault.azure.net"`)
			w.WriteHeader(http.StatusUnauthorized)
			return w.Result(), nil
		}
		w.Header().Set("Content-Type", "application/json")
		base := "https://login.microsoftonline.com/" + with["AZURE_TENANT_ID"]
		if !strings.HasSuffix(r.URL.Path, "/token") {
			fmt.Fprintf(w, `{"token_endpoint":"%[1]s/oauth2/v2.0/token","authorization_endpoint":"%[1]s/authorize","issuer":"%[1]s/v2.0"}`, base)
			return w.Result(), nil
		}
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		sent = append(sent, r.PostForm.Get("client_id")+" "+r.PostForm.Get("client_assertion")+r.PostForm.Get("client_secret"))
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"t"}`)
		return w.Result(), nil
	})
	c, err := load(settings(nil))
	if err != nil {
		t.Fatal(err)
	}
	vouched := 0
	az := azure{config: c.Config, transport: directory, own: Parts{Vouch: func(by http.RoundTripper) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { vouched++; return "signed", nil }
	}}}
	identity, err := az.identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identity.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://vault.azure.net/.default"}}); err != nil {
		t.Fatal(err)
	}
	if want := with["AZURE_CLIENT_ID"] + " signed"; len(sent) != 1 || sent[0] != want || vouched != 1 {
		t.Errorf("the directory got %q", sent)
	}
	az.own.Vouch = func(http.RoundTripper) func(context.Context) (string, error) {
		return func(context.Context) (string, error) {
			return "", fault.New(fault.Denied, "asking AWS: 403").Saying("AWS does not vouch for us", "allow it")
		}
	}
	box, err := az.vault()
	if err != nil {
		t.Fatal(err)
	}
	_, err = box.Get(t.Context(), "refresh-token")
	if e := fault.Of(err); e == nil || e.Code != "identity.unvouched" || e.Kind != fault.Denied || e.Say != "AWS does not vouch for us" || !strings.Contains(err.Error(), "secret refresh-token") {
		t.Errorf("a host that does not vouch for us now: %v", err)
	}
	if _, err := New(settings(nil), io.Discard); err == nil || !strings.Contains(err.Error(), "vouches for nobody") {
		t.Errorf("on a host that vouches for nobody: %v", err)
	}
	for _, more := range []map[string]string{{"AZURE_CLIENT_SECRET": "kept"}, {"AZURE_CLIENT_ID": ""}, {"AZURE_TENANT_ID": ""}, {"SYNC_IDENTITY": "aws"}} {
		if _, err := load(settings(more)); err == nil || strings.Contains(err.Error(), "kept") {
			t.Errorf("%v: %v", more, err)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
