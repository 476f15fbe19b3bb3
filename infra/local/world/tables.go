package world

import (
	"crypto/tls"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// tablesProxy stands in front of Azurite, which is a real emulator and has no control of its own: behind
// the same wire as the simulated systems it gets a history and faults, and kills can be armed at its calls.
type tablesProxy struct {
	wire  *control.Wire
	proxy *httputil.ReverseProxy
	calls atomic.Int64
}

func newTablesProxy(azurite *url.URL, trust *tls.Config, quiet *log.Logger, now func() time.Time) *tablesProxy {
	t := &tablesProxy{}
	t.proxy = &httputil.ReverseProxy{
		// The Host header stays as it was: signatures and the parts of a batch speak of it.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = azurite.Scheme, azurite.Host
			r.Out.Host = r.In.Host
		},
		Transport:      &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true, TLSClientConfig: trust},
		ErrorLog:       quiet,
		ModifyResponse: tellVersions,
	}
	t.wire = control.NewWire(now, time.Sleep, backToCaller(t.proxy))
	t.wire.Watch(func(p control.Point, _ *http.Request) {
		if p == control.Before {
			t.calls.Add(1)
		}
	})
	return t
}

// tellVersions gives the history the versions around a write, as far as calls and answers name them.
func tellVersions(resp *http.Response) error {
	if resp.Request.Method != http.MethodGet && resp.StatusCode < http.StatusBadRequest {
		resp.Header.Set(control.HeaderBefore, resp.Request.Header.Get("If-Match"))
		resp.Header.Set(control.HeaderAfter, resp.Header.Get("ETag"))
	}
	return nil
}

// ServeHTTP passes one call to Azurite. It is called named: the real name depends on the storage account.
func (t *tablesProxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	named(hostTables, t.wire).ServeHTTP(rw, r)
}

func (t *tablesProxy) close() { t.proxy.Transport.(*http.Transport).CloseIdleConnections() }
