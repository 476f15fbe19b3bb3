package httpclient_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

func TestAfter429NobodyOfTheIdentitySends(t *testing.T) {
	t.Parallel()
	w := serve(t, status(429, "Retry-After", "60"), status(200))
	o := w.options()
	o.Gate = httpclient.NewGate(0, w.clock.Now, w.clock.Sleep)
	if _, err := do(w, o, "GET"); !fault.Is(err, fault.Later) {
		t.Fatalf("got %v", err)
	}
	for range 5 { // other clients of the same identity
		_, err := do(w, o, "POST")
		wantLater(t, err, 60*time.Second)
	}
	if w.calls() != 1 {
		t.Fatalf("%d calls while the gate was closed", w.calls())
	}
	_ = w.clock.Sleep(context.Background(), 57500*time.Millisecond)
	if resp, err := do(w, o, "GET"); err != nil || resp.Status != 200 { // sits out the last 2.5 s
		t.Fatalf("got %v, %v", resp, err)
	}
	if got := w.clock.Now().Sub(newClock().Now()); got != 60*time.Second {
		t.Errorf("sent after %s", got)
	}
}

// TestWhoAskedToWaitIsNamed: of several systems a person has to know which.
func TestWhoAskedToWaitIsNamed(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{"429": status(429, "Retry-After", "209"), "503": status(503, "Retry-After", "209")} {
		w := serve(t, answer)
		o := w.options()
		o.Gate = httpclient.NewGate(0, w.clock.Now, w.clock.Sleep)
		want := strings.TrimPrefix(w.URL, "https://") + " asked to wait 3m29s"
		if _, err := do(w, o, "GET"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the first call says %v, not %q", name, err, want)
		}
		if name != "429" {
			continue
		}
		if _, err := do(w, o, "GET"); err == nil || !strings.Contains(err.Error(), want) || w.calls() != 1 {
			t.Errorf("the closed gate says %v, not %q", err, want)
		}
	}
}

// TestApartHasAGateOfItsOwn: a 429 of one side call must not hold up everything else.
func TestApartHasAGateOfItsOwn(t *testing.T) {
	t.Parallel()
	w := serve(t, status(429, "Retry-After", "60"), status(200))
	c := httpclient.New(w.options())
	get := httpclient.Request{Method: "GET", URL: w.URL + "/x"}
	side := c.Apart()
	_, err := side.Do(context.Background(), get)
	wantLater(t, err, time.Minute)
	if resp, err := c.Do(context.Background(), get); err != nil || resp.Status != 200 {
		t.Errorf("got %v, %v", resp, err)
	}
	if _, err := side.Do(context.Background(), get); !fault.Is(err, fault.Later) || w.calls() != 2 {
		t.Errorf("got %v after %d calls", err, w.calls())
	}
}

// TestApartWaitsWithAllOthers: whoever was asked to wait sends nothing, and no side call either.
func TestApartWaitsWithAllOthers(t *testing.T) {
	t.Parallel()
	w := serve(t, status(429, "Retry-After", "60"), status(200))
	c := httpclient.New(w.options())
	get := httpclient.Request{Method: "GET", URL: w.URL + "/x"}
	side := c.Apart()
	_, err := c.Do(context.Background(), get)
	wantLater(t, err, time.Minute)
	if _, err := side.Do(context.Background(), get); !fault.Is(err, fault.Later) || w.calls() != 1 {
		t.Errorf("got %v after %d calls", err, w.calls())
	}
}

func TestGateThatClosesWhileATokenIsFetchedHoldsTheCall(t *testing.T) {
	t.Parallel()
	w := serve(t, status(200))
	o := w.options()
	o.Gate = httpclient.NewGate(0, w.clock.Now, w.clock.Sleep)
	o.Token = func(context.Context, string, string) (string, error) {
		o.Gate.Close(time.Minute)
		return "t", nil
	}
	if _, err := do(w, o, "GET"); !fault.Is(err, fault.Later) || w.calls() != 0 {
		t.Errorf("got %v after %d calls", err, w.calls())
	}
}

func TestShorterWaitNeverShortensALongerOne(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := httpclient.NewGate(0, c.Now, c.Sleep)
	g.Close(time.Minute)
	g.Close(time.Second)
	if g.Remaining() != time.Minute {
		t.Errorf("remaining %s", g.Remaining())
	}
}

func TestCallsInFlightAreLimited(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	full := make(chan struct{})
	var once sync.Once
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 3 {
			once.Do(func() { close(full) })
		}
		<-full
		now.Add(-1)
		rw.WriteHeader(204)
	})
	o := w.options()
	o.Gate = httpclient.NewGate(3, w.clock.Now, w.clock.Sleep)
	client := httpclient.New(o)
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			if _, err := client.Do(context.Background(), httpclient.Request{Method: "GET", URL: w.URL}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if most.Load() != 3 {
		t.Errorf("%d at once, want 3", most.Load())
	}
}

func TestWaitingForASlotEndsWithTheContext(t *testing.T) {
	t.Parallel()
	g := httpclient.NewGate(1, nil, nil)
	leave, err := g.Enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.Enter(ctx); !fault.Is(err, fault.Broken) {
		t.Errorf("got %v", err)
	}
	leave()
}
