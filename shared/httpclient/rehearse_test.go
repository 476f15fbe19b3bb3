package httpclient_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// In a rehearsal nothing but reads, and what gets a token for them, leaves the process.
func TestR97_NothingButReadsLeavesInARehearsal(t *testing.T) {
	w := serve(t, status(http.StatusOK))
	o := w.options()
	fetching := httpclient.New(o)
	o.Token = func(context.Context, string, string) (string, error) { return "t", nil }
	acting := httpclient.New(o)
	ctx := fault.Rehearse(context.Background())
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
		if _, err := acting.Do(ctx, httpclient.Request{Method: method, URL: w.URL}); !errors.Is(err, fault.ErrRehearsed) {
			t.Errorf("%s: %v", method, err)
		}
	}
	if n := w.calls(); n != 0 {
		t.Fatalf("%d calls left", n)
	}
	for _, c := range []struct {
		client *httpclient.Client
		ctx    context.Context
		method string
	}{{acting, ctx, http.MethodGet}, {fetching, ctx, http.MethodPost}, {acting, context.Background(), http.MethodPatch}} {
		if _, err := c.client.Do(c.ctx, httpclient.Request{Method: c.method, URL: w.URL}); err != nil {
			t.Error(err)
		}
	}
	if n := w.calls(); n != 3 {
		t.Errorf("%d calls left", n)
	}
}
