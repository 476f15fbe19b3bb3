package httpclient_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

func TestSimulatedRunReachesListedHostsOnly(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(status(200))
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := httpclient.ParseDialer("Example.com=" + strings.TrimPrefix(s.URL, "https://") + ", other.example:5671=127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	transport, err := httpclient.NewTransport(d, ca)
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	c := httpclient.New(httpclient.Options{Base: transport, Hosts: []string{"example.com", "live.example", "other.example"}, Sleep: newClock().Sleep})
	get := func(u string) (*httpclient.Response, error) {
		return c.Do(context.Background(), httpclient.Request{Method: "GET", URL: u})
	}
	if resp, err := get("https://example.com/x"); err != nil || resp.Status != 200 {
		t.Errorf("listed host: %v, %v", resp, err)
	}
	for _, u := range []string{"https://live.example/", "https://other.example/"} {
		if _, err := get(u); !fault.Is(err, fault.Broken) || !strings.Contains(err.Error(), "SYNC_SIMULATED") || httpclient.Lost(err) {
			t.Errorf("%s: %v", u, err)
		}
	}
	if !d.Knows("example.com") || !d.Knows("other.example:5671") || d.Knows("other.example") || (*httpclient.Dialer)(nil).Knows("example.com") {
		t.Error("Knows is wrong")
	}
}

func TestDialerRefusesAnythingButLoopback(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"a", "a=", "=127.0.0.1:1", "a=10.0.0.1:1", "a=localhost:1", "a=127.0.0.1", "a=127.0.0.1:0", "a=127.0.0.1:1,"} {
		if _, err := httpclient.ParseDialer(setting); err == nil || strings.Contains(err.Error(), "10.0.0.1") {
			t.Errorf("%q: %v", setting, err)
		}
	}
	if d, err := httpclient.ParseDialer(" "); d != nil || err != nil {
		t.Errorf("empty: %v, %v", d, err)
	}
}

// Nobody else's certificate counts in a simulated world, and the system's are not read: that takes longer than all else at start.
func TestASimulatedWorldTrustsItsOwnCertificatesAlone(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(status(200))
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	only := x509.NewCertPool()
	only.AddCert(s.Certificate())
	if got, err := httpclient.Roots(ca); err != nil || !got.Equal(only) {
		t.Errorf("others count, too (%v)", err)
	}
}

func TestExtraCertificatesNeedASimulatedWorld(t *testing.T) {
	t.Parallel()
	if _, err := httpclient.NewTransport(nil, "ca.pem"); err == nil || !strings.Contains(err.Error(), "SYNC_SIMULATED") {
		t.Errorf("got %v", err)
	}
	transport, err := httpclient.NewTransport(nil, "")
	if err != nil || transport.TLSClientConfig.RootCAs != nil {
		t.Errorf("got %v", err)
	}
}
