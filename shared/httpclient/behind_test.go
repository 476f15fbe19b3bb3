package httpclient_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A client that is not ours is answered as by the host for as long as that has asked to wait, and others are let through.
func TestBehindAGateTheHostIsAskedOnceInItsWait(t *testing.T) {
	t.Parallel()
	c, asked := newClock(), map[string]int{}
	client := httpclient.Behind(httpclient.NewGate(0, c.Now, c.Sleep), "login.example", trip(func(r *http.Request) (*http.Response, error) {
		asked[r.URL.Host]++
		if asked["login.example"] > 1 {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}
		return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"300"}}, Body: http.NoBody}, nil
	}))
	ask := func(host string) (int, string) {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://"+host+"/token", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	ask("login.example")
	_ = c.Sleep(context.Background(), 100*time.Second)
	if status, after := ask("login.example"); status != http.StatusTooManyRequests || after != "200" || asked["login.example"] != 1 {
		t.Errorf("within the wait: %d, %s s left, asked %d times", status, after, asked["login.example"])
	}
	if ask("host.example"); asked["host.example"] != 1 {
		t.Error("another host waits, too")
	}
	_ = c.Sleep(context.Background(), 200*time.Second)
	if status, _ := ask("login.example"); status != http.StatusOK {
		t.Errorf("after the wait: %d", status)
	}
}
