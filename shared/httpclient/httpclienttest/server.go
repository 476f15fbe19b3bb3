package httpclienttest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Server is a real server on this machine, for what a handler alone does not show: connections that are cut. It
// answers the n-th request with the n-th handler, then with the last, and keeps what it was asked.
type Server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []Served
}

// Serve starts a server whose answers bear the date; it ends with the test.
func Serve(t testing.TB, date string, answers ...http.HandlerFunc) *Server {
	t.Helper()
	s := &Server{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, Served{r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
		answer := answers[min(len(s.seen), len(answers))-1]
		s.mu.Unlock()
		w.Header().Set("Date", date)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// Calls are the requests so far, in their order.
func (s *Server) Calls() []Served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Chain is the chain of the product to the server, which never sleeps.
func (s *Server) Chain() *httpclient.Client {
	u, _ := url.Parse(s.URL) // its own
	return httpclient.New(httpclient.Options{Base: s.Client().Transport, Hosts: []string{u.Host},
		Sleep: func(context.Context, time.Duration) error { return nil }})
}

// Answer is a handler that always says the same; header is name and value in turn.
func Answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
