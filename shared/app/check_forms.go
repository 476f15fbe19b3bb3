package app

import (
	"errors"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

func (k *checker) need(name, value string) bool {
	if value == "" {
		k.wrong(name, "is missing")
	}
	return value != ""
}

func (k *checker) oneOf(name, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		k.wrong(name, "must be one of %s", strings.Join(allowed, ", "))
	}
}

func (k *checker) file(name, path string) bool {
	if path == "" {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		why := "it is not there"
		if !errors.Is(err, fs.ErrNotExist) {
			why = "this process may not open it"
		}
		k.wrong(name, "names a file that cannot be read: %s", why)
		return false
	}
	_ = f.Close()
	return true
}

// address checks an https address without a path.
func (k *checker) address(name, value string) (host string, ok bool) {
	if !k.need(name, value) {
		return "", false
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		k.wrong(name, "must be an https address without a path")
		return "", false
	}
	if k.Simulated == "" && isLoopback(u.Hostname()) {
		k.wrong(name, "is an address on this machine, and SYNC_SIMULATED is not set")
		return "", false
	}
	return u.Host, true
}

// remote checks an address that we call.
func (k *checker) remote(name, value string) {
	if host, ok := k.address(name, value); ok {
		k.known(name, host)
	}
}

// known checks that a simulated run has a simulator for the host.
func (k *checker) known(name, host string) {
	if strings.ContainsAny(host, "/ @?#") || host == "" {
		k.wrong(name, "must be a host name")
	} else if k.Simulated != "" && !k.dialer.Knows(host) && !k.dialer.Knows(host+":5671") {
		k.wrong(name, "names a host that SYNC_SIMULATED does not list: a simulated run must not touch it")
	}
}

// connection checks a connection string: its endpoint is on this machine if and only if the run is
// simulated.
func (k *checker) connection(name, text, endpoint string) {
	parts := map[string]string{}
	for _, p := range strings.Split(text, ";") {
		key, value, _ := strings.Cut(p, "=")
		parts[strings.TrimSpace(key)] = value
	}
	u, err := url.Parse(parts[endpoint])
	account := endpoint == "TableEndpoint" && parts["AccountName"] != ""
	switch {
	case parts[endpoint] == "" && !account, err != nil:
		k.wrong(name, "is not a connection string with %s", endpoint)
	case k.Simulated == "" && (isLoopback(u.Hostname()) || parts["UseDevelopmentEmulator"] == "true" || parts["UseDevelopmentStorage"] == "true"):
		k.wrong(name, "leads to an emulator, and SYNC_SIMULATED is not set")
	case k.Simulated != "" && !isLoopback(u.Hostname()):
		k.wrong(name, "leads to another machine, and a simulated run must not touch it")
	}
}

func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsUnspecified()
	}
	return strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost")
}
