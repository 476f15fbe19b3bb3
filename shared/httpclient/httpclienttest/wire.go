// Package httpclienttest stands where the network is, for tests of whoever speaks through a client.
package httpclienttest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// Served is a request that reached the handler.
type Served struct {
	Method, URI, Path, Query, Body string // URI is path and query as they were sent
	Header                         http.Header
}

// String is the request in one line.
func (s Served) String() string { return s.Method + " " + s.Path }

// Wire hands the requests of a real client to a handler, and keeps them. It is for one goroutine.
type Wire struct {
	Handler http.Handler
	Date    time.Time // of answers that name none
	Calls   []Served
}

// RoundTrip is one request, answered by the handler.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.Calls = append(w.Calls, Served{r.Method, r.URL.RequestURI(), r.URL.Path, r.URL.RawQuery, string(body), r.Header})
	in := r.Clone(r.Context())
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength, in.RequestURI = int64(len(body)), r.URL.RequestURI()
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, in)
	res := rec.Result()
	if res.Header.Get("Date") == "" {
		res.Header.Set("Date", w.Date.UTC().Format(http.TimeFormat))
	}
	return res, nil
}

// Client is the chain of the product over the wire, which never sleeps.
func (w *Wire) Client(host string) *httpclient.Client {
	return httpclient.New(httpclient.Options{Base: w, Hosts: []string{host},
		Sleep: func(context.Context, time.Duration) error { return nil }})
}

// Last is the newest request; empty where there was none.
func (w *Wire) Last() Served {
	if len(w.Calls) == 0 {
		return Served{}
	}
	return w.Calls[len(w.Calls)-1]
}

// List is every request, a line each.
func (w *Wire) List() string {
	var out []string
	for _, c := range w.Calls {
		out = append(out, c.String())
	}
	return strings.Join(out, "\n")
}
