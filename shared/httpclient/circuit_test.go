package httpclient_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// patient is a system that answers as it is told to, and a client of it whose calls are one try each.
type patient struct {
	w      *world
	client *httpclient.Client
	code   atomic.Int32

	entered, leave chan struct{} // of the one call of /hangs
}

func newPatient(t *testing.T) *patient {
	p := &patient{entered: make(chan struct{}), leave: make(chan struct{})}
	p.code.Store(503)
	p.w = serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hangs" {
			close(p.entered)
			<-p.leave
		}
		status(int(p.code.Load()))(rw, r)
	})
	o := p.w.options()
	o.Gate = httpclient.NewGate(0, p.w.clock.Now, p.w.clock.Sleep)
	p.client = httpclient.New(o)
	return p
}

func (p *patient) get(path string) (*httpclient.Response, error) {
	return p.client.Do(httpclient.WithRepeats(context.Background(), 0), httpclient.Request{Method: "GET", URL: p.w.URL + path})
}

func (p *patient) passes(d time.Duration) { _ = p.w.clock.Sleep(context.Background(), d) }

// falls lets it fail until it is left alone, and says after how many calls that was.
func (p *patient) falls(t *testing.T) {
	t.Helper()
	for i := range 5 {
		if resp, err := p.get(fmt.Sprint("/", i)); err != nil || resp.Status != 503 {
			t.Fatalf("call %d: %v %v", i, resp, err)
		}
	}
	_, err := p.get("/5")
	wantResting(t, err, 5*time.Second)
}

func wantResting(t *testing.T, err error, rest time.Duration) {
	t.Helper()
	if !fault.Is(err, fault.Broken) || httpclient.Lost(err) || fault.Of(err).Code != "host.unreachable" || !strings.Contains(err.Error(), "asked again in "+rest.String()+":") {
		t.Errorf("got %v, want that it is left alone for %s", err, rest)
	}
}

func TestASystemThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.falls(t)
	before := p.w.calls()
	for range 100 {
		if _, err := p.get("/x"); err == nil || fault.Of(err).Code != "host.unreachable" {
			t.Fatalf("%v", err)
		}
	}
	_, err := p.client.Do(context.Background(), httpclient.Request{Method: "GET", URL: p.w.URL + "/repeated"}) // which may be tried three times
	if err == nil || fault.Of(err).Code != "host.unreachable" || p.w.calls() != before {
		t.Errorf("%v, %d calls while it is left alone", err, p.w.calls()-before)
	}
	rest := 5 * time.Second
	for range 6 { // one call tries after each rest, which doubles up to a minute
		p.passes(rest)
		if resp, err := p.get("/probe"); err != nil || resp.Status != 503 {
			t.Fatalf("the call that tries: %v %v", resp, err)
		}
		rest = min(2*rest, time.Minute)
		_, err := p.get("/x")
		wantResting(t, err, rest)
	}
	p.passes(rest)
	p.code.Store(200)
	if resp, err := p.get("/probe"); err != nil || resp.Status != 200 {
		t.Fatalf("%v %v", resp, err)
	}
	p.code.Store(503)
	p.falls(t) // it counts from the start
}

// A record that always fails delays only itself.
func TestOneThingThatAlwaysFailsLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	for i := range 50 {
		if resp, err := p.get([]string{"/poison", "/poison/list"}[i%2]); err != nil || resp.Status != 503 {
			t.Fatalf("%v %v", resp, err)
		}
	}
	for _, code := range []int32{200, 404, 429, 412} { // answers of a system that works
		q := newPatient(t)
		for i := range 20 {
			q.code.Store(503)
			if i%5 == 4 {
				q.code.Store(code)
			}
			if _, err := q.get(fmt.Sprint("/", i)); err != nil && code != 429 {
				t.Fatalf("after %d: %v", code, err)
			}
			q.passes(10 * time.Second)
		}
	}
}

// While one call tries the others wait, and where nothing is heard of it another one does.
func TestOneCallTriesAtATime(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.falls(t)
	p.passes(5 * time.Second)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.get("/hangs")
	}()
	<-p.entered
	_, err := p.get("/x")
	wantResting(t, err, 5*time.Second)
	p.passes(5 * time.Second)
	p.code.Store(200)
	if resp, err := p.get("/y"); err != nil || resp.Status != 200 {
		t.Errorf("%v %v", resp, err)
	}
	close(p.leave)
	<-done
}

// A write of which an earlier try may have been carried out is not certainly undone because the next one has to wait.
func TestAWriteThatMayHaveBeenMadeSaysSoHoweverItsCallEnds(t *testing.T) {
	t.Parallel()
	match := []string{"If-Match", `"1"`}
	for name, c := range map[string]struct {
		answers []http.HandlerFunc
		method  string
		maybe   bool
	}{
		"CutThenThrottled":       {[]http.HandlerFunc{cut, status(429, "Retry-After", "60")}, "PATCH", true},
		"BrokenThenThrottled":    {[]http.HandlerFunc{status(500), status(429, "Retry-After", "60")}, "PATCH", true},
		"BrokenWithAWait":        {[]http.HandlerFunc{status(503, "Retry-After", "60")}, "PATCH", true},
		"ThrottledAtOnce":        {[]http.HandlerFunc{status(429, "Retry-After", "60")}, "PATCH", false},
		"ThrottledThenThrottled": {[]http.HandlerFunc{status(429, "Retry-After", "1"), status(429, "Retry-After", "60")}, "PATCH", false},
		"ARead":                  {[]http.HandlerFunc{status(500), status(429, "Retry-After", "60")}, "GET", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serve(t, c.answers...)
			_, err := do(w, w.options(), c.method, match...)
			wantLater(t, err, time.Minute)
			if fault.Of(err).Maybe != c.maybe {
				t.Errorf("maybe made: %v", fault.Of(err).Maybe)
			}
		})
	}
}
