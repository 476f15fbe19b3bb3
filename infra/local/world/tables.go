package world

import (
	"context"
	"crypto/tls"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// tablesProxy stands in front of Azurite for one purpose: to let the handler be killed at a call to the
// table store, and idle see such calls.
type tablesProxy struct {
	proxy    *httputil.ReverseProxy
	watch    func(control.Point, *http.Request)
	calls    atomic.Int64
	inFlight atomic.Int64
}

func newTablesProxy(azurite *url.URL, trust *tls.Config, quiet *log.Logger, watch func(control.Point, *http.Request)) *tablesProxy {
	t := &tablesProxy{watch: watch}
	t.proxy = &httputil.ReverseProxy{
		// The Host header stays as it was: signatures and the parts of a batch speak of it.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = azurite.Scheme, azurite.Host
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true, TLSClientConfig: trust},
		ErrorLog:  quiet,
		ModifyResponse: func(resp *http.Response) error {
			seen, _ := resp.Request.Context().Value(seenKey{}).(*http.Request)
			t.watch(control.Committed, seen)
			return nil
		},
	}
	return t
}

// seenKey finds, in the context, the request that the watchers are shown at every point.
type seenKey struct{}

// ServeHTTP passes one call to Azurite.
func (t *tablesProxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	t.calls.Add(1)
	t.inFlight.Add(1)
	defer t.inFlight.Add(-1)
	seen := r.Clone(r.Context())
	seen.Host = hostTables
	t.watch(control.Before, seen)
	t.proxy.ServeHTTP(rw, r.WithContext(context.WithValue(r.Context(), seenKey{}, seen)))
	_ = http.NewResponseController(rw).Flush() // the caller may have gone
	t.watch(control.Answered, seen)
}

func (t *tablesProxy) close() { t.proxy.Transport.(*http.Transport).CloseIdleConnections() }
