package partnercenter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// maxCertificate is the largest certificate file, in bytes.
const maxCertificate = 64 << 10

// FetcherOptions are what NewFetcher needs; all of them may be left out.
type FetcherOptions struct {
	Dialer   *httpclient.Dialer // of a simulated world: the hosts it knows may be on this machine
	TLSRoots *x509.CertPool     // nil: the system's
	Resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error)
}

// NewFetcher makes the function that reads a certificate file: no redirect, no proxy, 64 KiB, and only
// from public addresses. The address that was checked is the one that is dialled, so that a second
// look-up cannot lead elsewhere.
func NewFetcher(o FetcherOptions) func(ctx context.Context, url string) ([]byte, error) {
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: fetchTime}).DialContext
	}
	transport := &http.Transport{
		DialContext:            o.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.TLSRoots},
		TLSHandshakeTimeout:    fetchTime,
		ResponseHeaderTimeout:  fetchTime,
		MaxResponseHeaderBytes: 16 << 10,
		DisableKeepAlives:      true, // once an hour
	}
	return func(ctx context.Context, url string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, fetchTime)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, errors.New("the address cannot be used")
		}
		resp, err := transport.RoundTrip(req) // not http.Client, which would follow redirects
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answered %d", req.URL.Host, resp.StatusCode)
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxCertificate+1))
		if err == nil && len(body) > maxCertificate {
			err = errors.New("the certificate file is larger than 64 KiB")
		}
		return body, err
	}
}

func (o FetcherOptions) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if o.Dialer != nil {
		return o.Dialer.DialContext(ctx, network, addr)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	found, err := o.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, ip := range found {
		if !public(ip) {
			return nil, fmt.Errorf("%s resolves to an address that is not public", host)
		}
	}
	err = fmt.Errorf("%s resolves to nothing", host)
	for _, ip := range found {
		var conn net.Conn
		if conn, err = o.Dial(ctx, network, netip.AddrPortFrom(ip, portNumber(port)).String()); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// special are ranges that look public to netip and are not, or that embed other addresses.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
}

func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

func portNumber(port string) uint16 {
	n, err := net.LookupPort("tcp", port)
	if err != nil {
		return 443
	}
	return uint16(n)
}
