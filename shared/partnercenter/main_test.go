package partnercenter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	oneID   = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01"
	otherID = "b1d2c3e4-5f60-4711-8a22-9c3d4e5f6a70"
	etag1   = `"5a00c1d2-0000-0100-0000-69a556cd0000"`
	etag2   = `"5a00c1d2-0000-0100-0000-69a556cd0001"`
	date    = "Mon, 02 Mar 2026 09:14:05 GMT"
)

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
	chain := w.chain()
	c, err := NewClient(Options{ReferralsURL: w.URL + "/v1.0/engagements/referrals", WebhooksURL: w.URL + "/webhooks/v1/registration", Referrals: chain, Webhooks: chain})
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

func (w *world) chain() *httpclient.Client {
	u, _ := url.Parse(w.URL)
	return httpclient.New(httpclient.Options{Base: w.Client().Transport, Hosts: []string{u.Host},
		Sleep: func(context.Context, time.Duration) error { return nil }})
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cut ends the connection in the middle of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"half":`)
	panic(http.ErrAbortHandler)
}

func referral(id, etag string) string {
	return fmt.Sprintf(`{"id":%q,"eTag":%q,"name":null,"details":{"dealValue":85000.50,"currency":"EUR"},"team":[{"email":"a@b.example"}],"favorite":false,"future":{"kept":1}}`, id, etag)
}

func wantKind(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !asFault(err, &f) || f.Kind != kind || code != "" && f.Code != code {
		t.Errorf("got %v (%+v), want %s %q", err, f, kind, code)
	}
}
