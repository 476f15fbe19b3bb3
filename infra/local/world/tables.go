package world

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
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

func newTablesProxy(azurite *url.URL, trust *tls.Config, quiet *log.Logger, clock *clock) *tablesProxy {
	t := &tablesProxy{}
	t.proxy = &httputil.ReverseProxy{
		// The Host header stays as it was: signatures and the parts of a batch speak of it.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = azurite.Scheme, azurite.Host
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true, TLSClientConfig: trust},
		ErrorLog:  quiet,
		ModifyResponse: func(resp *http.Response) error {
			tellVersions(resp)
			return timesOfTheWorld(resp, clock)
		},
	}
	t.wire = control.NewWire(clock.now, time.Sleep, backToCaller(t.proxy))
	t.wire.Watch(func(p control.Point, _ *http.Request) {
		if p == control.Before {
			t.calls.Add(1)
		}
	})
	return t
}

// tellVersions gives the history the versions around a write, as far as calls and answers name them.
func tellVersions(resp *http.Response) {
	if resp.Request.Method != http.MethodGet && resp.StatusCode < http.StatusBadRequest {
		resp.Header.Set(control.HeaderBefore, resp.Request.Header.Get("If-Match"))
		resp.Header.Set(control.HeaderAfter, resp.Header.Get("ETag"))
	}
}

// Where the processes tell each other how long a wait still lasts, and when a row was written.
var (
	ofProcesses = regexp.MustCompile(`/processes\(`)
	writtenAt   = regexp.MustCompile(`"Timestamp":"([^"]+)"`)
)

// timesOfTheWorld has the rows of the processes written by the world's clock, as the processes live by it: a wait of two
// minutes is over when the world has leapt by an hour. Azurite goes by the machine's clock, and so does the creation
// protocol, whose rows are left as they are. What such an answer is dated is by the same clock as its rows.
func timesOfTheWorld(resp *http.Response, clock *clock) error {
	if resp.Request.Method != http.MethodGet || !ofProcesses.MatchString(resp.Request.URL.Path) || resp.Header.Get("Content-Encoding") != "" {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // it was read to its end
	body = writtenAt.ReplaceAllFunc(body, func(member []byte) []byte {
		at, err := time.Parse(time.RFC3339Nano, string(writtenAt.FindSubmatch(member)[1]))
		if err != nil {
			return member
		}
		return []byte(`"Timestamp":"` + clock.at(at).Format(time.RFC3339Nano) + `"`)
	})
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	resp.Header.Set("Date", clock.now().UTC().Format(http.TimeFormat))
	return nil
}

// ServeHTTP passes one call to Azurite. It is called named: the real name depends on the storage account.
func (t *tablesProxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	named(hostTables, t.wire).ServeHTTP(rw, r)
}

func (t *tablesProxy) close() { t.proxy.Transport.(*http.Transport).CloseIdleConnections() }
