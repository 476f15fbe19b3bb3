package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"
)

// Dialer leads the real host names to simulators on this machine, and refuses every other connection,
// so that a simulated run cannot touch a live system. A nil *Dialer means the real network.
type Dialer struct{ hosts map[string]string }

// ParseDialer reads the setting SYNC_SIMULATED, "host=127.0.0.1:port,…"; empty gives nil. A host may
// carry a port ("host:5671=…") to lead that port elsewhere.
func ParseDialer(setting string) (*Dialer, error) {
	if strings.TrimSpace(setting) == "" {
		return nil, nil
	}
	d := &Dialer{hosts: map[string]string{}}
	for i, entry := range strings.Split(setting, ",") {
		host, to, ok := strings.Cut(strings.TrimSpace(entry), "=")
		addr, err := netip.ParseAddrPort(to)
		if !ok || host == "" || err != nil || addr.Port() == 0 || !addr.Addr().IsLoopback() {
			return nil, fmt.Errorf("SYNC_SIMULATED: entry %d is not host=127.0.0.1:port", i+1)
		}
		d.hosts[strings.ToLower(host)] = to
	}
	return d, nil
}

// Knows says whether the host (with or without port) leads to a simulator.
func (d *Dialer) Knows(host string) bool {
	if d == nil {
		return false
	}
	_, ok := d.lookup(host)
	return ok
}

func (d *Dialer) lookup(addr string) (string, bool) {
	addr = strings.ToLower(addr)
	if to, ok := d.hosts[addr]; ok {
		return to, true
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", false
	}
	to, ok := d.hosts[host]
	return to, ok
}

// DialContext connects to the simulator of the address.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	to, ok := d.lookup(addr)
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network,
			Err: fmt.Errorf("%s is not in SYNC_SIMULATED; a simulated run connects to nothing else", addr)}
	}
	var plain net.Dialer
	return plain.DialContext(ctx, network, to)
}

// A host answers many calls by one connection of HTTP/2. One that has fallen silent without a word, as behind a firewall that has
// forgotten it, would be used for all of them until the system gives it up, a quarter of an hour later. So what has said
// nothing for quiet is asked for a sign of life, and left if none comes within lifeSign.
const (
	quiet    = 10 * time.Second
	lifeSign = 5 * time.Second
)

// NewTransport makes the transport that everything shares: d (may be nil) and the CA file of a
// simulated world, which without d is refused, because on the real network it would weaken TLS.
func NewTransport(d *Dialer, caFile string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    DefaultConcurrent,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: quiet, PingTimeout: lifeSign},
	}
	if d != nil {
		t.Proxy, t.DialContext = nil, d.DialContext
	}
	if caFile == "" {
		return t, nil
	}
	if d == nil {
		return nil, fmt.Errorf("an extra CA file may only be set together with SYNC_SIMULATED")
	}
	pool, err := Roots(caFile)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// Roots are the certificates of a PEM file alone: where the world is simulated nobody else vouches for anybody, and
// reading the system's would take longer than all else that is done before the port is opened.
func Roots(caFile string) (*x509.CertPool, error) {
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("reading the CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("the CA file %s holds no PEM certificate", caFile)
	}
	return pool, nil
}
