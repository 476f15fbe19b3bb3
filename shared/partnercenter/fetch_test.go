package partnercenter

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

// blob is a certificate host; every dial to a public address ends at it.
func blob(t *testing.T, h http.HandlerFunc) (*httptest.Server, *FetcherOptions, *[]string) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	var dialled []string
	return s, &FetcherOptions{
		TLSRoots: roots,
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("20.60.1.1")}, nil
		},
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialled = append(dialled, addr)
			var d net.Dialer
			return d.DialContext(ctx, network, s.Listener.Addr().String())
		},
	}, &dialled
}

func TestCertificateIsFetchedFromTheAddressThatWasChecked(t *testing.T) {
	t.Parallel()
	_, o, dialled := blob(t, httpclienttest.Answer(200, "file"))
	got, err := NewFetcher(*o)(ctx, "https://example.com/a.cer")
	if err != nil || string(got) != "file" {
		t.Fatalf("got %q, %v", got, err)
	}
	if len(*dialled) != 1 || (*dialled)[0] != "20.60.1.1:443" {
		t.Errorf("dialled %v", *dialled)
	}
}

func TestFetchRefusesRedirectsErrorsAndLargeFiles(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"redirect": httpclienttest.Answer(302, "", "Location", "https://169.254.169.254/"),
		"404":      httpclienttest.Answer(404, "file"), "500": httpclienttest.Answer(500, "file"), "cut": cut,
		"large": httpclienttest.Answer(200, strings.Repeat("x", 10<<20)),
	} {
		_, o, dialled := blob(t, h)
		if got, err := NewFetcher(*o)(ctx, "https://example.com/a.cer"); err == nil {
			t.Errorf("%s: got %d bytes", name, len(got))
		}
		if len(*dialled) != 1 {
			t.Errorf("%s: dialled %v", name, *dialled)
		}
	}
}

func TestFetchConnectsToPublicAddressesOnly(t *testing.T) {
	t.Parallel()
	for _, addresses := range []string{
		"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255",
		"::1", "::", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "ff02::1", "fec0::1", "::7f00:1",
		"20.60.1.1 10.0.0.1", "", // one bad address spoils a name
	} {
		_, o, dialled := blob(t, httpclienttest.Answer(200, "file"))
		o.Resolve = func(context.Context, string) (out []netip.Addr, _ error) {
			for _, a := range strings.Fields(addresses) {
				out = append(out, netip.MustParseAddr(a))
			}
			return out, nil
		}
		if _, err := NewFetcher(*o)(ctx, "https://example.com/a.cer"); err == nil || len(*dialled) > 0 {
			t.Errorf("%s: %v, dialled %v", addresses, err, *dialled)
		}
	}
	_, o, dialled := blob(t, httpclienttest.Answer(200, "file"))
	o.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	if _, err := NewFetcher(*o)(ctx, "https://example.com/a.cer"); err == nil || len(*dialled) > 0 {
		t.Errorf("unknown name: %v", err)
	}
}

func TestFetchInASimulatedWorldReachesListedHostsOnly(t *testing.T) {
	t.Parallel()
	s, o, dialled := blob(t, httpclienttest.Answer(200, "file"))
	d, err := httpclient.ParseDialer("example.com=" + s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o.Dialer = d
	fetch := NewFetcher(*o)
	if got, err := fetch(ctx, "https://example.com/a.cer"); err != nil || string(got) != "file" {
		t.Errorf("listed: %q, %v", got, err)
	}
	if _, err := fetch(ctx, "https://example.org/a.cer"); err == nil || !strings.Contains(err.Error(), "SYNC_SIMULATED") {
		t.Errorf("not listed: %v", err)
	}
	if len(*dialled) != 0 {
		t.Errorf("dialled %v", *dialled)
	}
}
