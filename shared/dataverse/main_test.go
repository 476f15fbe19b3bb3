package dataverse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	oneID   = "6f0f6f4e-1111-4b6f-9a10-0a5c3d2e0001"
	otherID = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0003"
	orgID   = "50000000-0000-4000-8000-000000000005"
	etag1   = `W/"88123401"`
	etag2   = `W/"88123402"`
	date    = "Mon, 02 Mar 2026 09:14:05 GMT"
	root    = "/api/data/v9.2"
)

var ctx = context.Background()

// call is a request as the server saw it.
type call struct {
	method, uri, body string
	header            http.Header
}

// world is a server on the wire: it answers the n-th call with the n-th handler, then with the last.
type world struct {
	*httptest.Server
	mu   sync.Mutex
	seen []call
}

func (w *world) calls() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]call(nil), w.seen...)
}

func serve(t *testing.T, answers ...http.HandlerFunc) (*world, *Client) {
	t.Helper()
	w := &world{}
	w.Server = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.seen = append(w.seen, call{r.Method, r.RequestURI, string(body), r.Header})
		answer := answers[min(len(w.seen), len(answers))-1]
		w.mu.Unlock()
		rw.Header().Set("Date", date)
		answer(rw, r)
	}))
	t.Cleanup(w.Close)
	u, _ := url.Parse(w.URL)
	chain := httpclient.New(httpclient.Options{Base: w.Client().Transport, Hosts: []string{u.Host},
		Sleep: func(context.Context, time.Duration) error { return nil }})
	c, err := NewClient(Options{BaseURL: w.URL + root + "/", HTTP: chain})
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "BASE", "https://"+r.Host+root))
	}
}

func empty(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }

func problem(code string) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":"Text for humans."}}`, code)
}

func row(etag string) string {
	return fmt.Sprintf(`{"@odata.etag":%q,"opportunityid":%q,"name":"Renamed","estimatedvalue":125000.00,"cosell_sync":true,"description":null,"statecode":0,
		"parentaccountid":{"@odata.etag":"W/\"1\"","accountid":%q,"name":"Fabrikam Ltd"},"contacts":[{"lastname":"A"},{"lastname":"B"}]}`, etag, oneID, otherID)
}

func wantKind(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || code != "" && f.Code != code {
		t.Errorf("got %v (%+v), want %s %q", err, f, kind, code)
	}
}
