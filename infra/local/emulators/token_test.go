package emulators

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
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// credential hands out unsigned web tokens, as a directory would hand out signed ones.
type credential struct{ audience string }

func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"aud": c.audience, "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part(claims) + "." + part([]byte("signature"))
	return azcore.AccessToken{Token: token, ExpiresOn: now.Add(time.Hour)}, err
}

const namespace = "cosell-sync.servicebus.windows.net"

// certificate writes a certificate for 127.0.0.1 and the namespace, and its key, and returns who trusts it.
func certificate(t *testing.T) (certFile, keyFile string, trust *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{namespace}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	write := func(name, kind string, content []byte) string {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
		return file
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	pool.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func TestServiceBusTakesTokensOverTLS(t *testing.T) {
	cert, key, trust := certificate(t)
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q", RequiresSession: true}}, CertFile: cert, KeyFile: key})
	client, err := azservicebus.NewClient(namespace, credential{"https://servicebus.azure.net"},
		&azservicebus.ClientOptions{TLSConfig: trust, CustomEndpoint: fmt.Sprintf("127.0.0.1:%d", b.Port())})
	must(t, err)
	defer client.Close(context.Background())
	send(t, client, "q", inSession("s", "by token"))
	r := acceptNext(t, client, "q")
	m := receiveOne(t, r)
	wantBody(t, m, "by token")
	must(t, r.RenewSessionLock(within(t), nil))
	must(t, r.CompleteMessage(within(t), m, nil))

	// The client takes host and port for the name to verify, unless told otherwise.
	trust.ServerName = "127.0.0.1"
	byKey, err := azservicebus.NewClientFromConnectionString(b.ConnectionString(), &azservicebus.ClientOptions{TLSConfig: trust})
	must(t, err)
	defer byKey.Close(context.Background())
	send(t, byKey, "q", inSession("s", "by key"))
}

func TestTablesTakeTokensOverTLS(t *testing.T) {
	cert, key, trust := certificate(t)
	a, err := StartAzurite(within(t), AzuriteOptions{Dir: ".", CertFile: cert, KeyFile: key})
	must(t, err)
	defer a.Stop()
	transport := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
	service, err := aztables.NewServiceClient(a.URL(), credential{"https://storage.azure.com"},
		&aztables.ClientOptions{ClientOptions: policy.ClientOptions{Transport: transport}})
	must(t, err)
	_, err = service.CreateTable(within(t), "pairs", nil)
	must(t, err)
}
