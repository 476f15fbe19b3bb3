package httpclient_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// clock is time that only sleeping moves.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(_ context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

// world is a server that answers one handler per call, the last one for all later calls.
type world struct {
	*httptest.Server
	clock *clock
	mu    sync.Mutex
	seen  []*http.Request
}

func (w *world) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen)
}

func serve(t *testing.T, answers ...http.HandlerFunc) *world {
	t.Helper()
	w := &world{clock: newClock()}
	w.Server = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.seen = append(w.seen, r)
		answer := answers[min(len(w.seen), len(answers))-1]
		w.mu.Unlock()
		answer(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *world) options() httpclient.Options {
	u, _ := url.Parse(w.URL)
	return httpclient.Options{Base: w.Client().Transport, Hosts: []string{u.Host}, Now: w.clock.Now, Sleep: w.clock.Sleep}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"status":%d}`, code)
	}
}

// cut ends the connection in the middle of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"half":`))
	panic(http.ErrAbortHandler)
}

func do(w *world, o httpclient.Options, method string, header ...string) (*httpclient.Response, error) {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return httpclient.New(o).Do(context.Background(), httpclient.Request{Method: method, URL: w.URL + "/x", Header: h, Body: []byte(`{}`)})
}

func TestOnlyRepeatableCallsAreRepeated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		header []string
		calls  int
	}{
		{"GET", nil, 3},
		{"PATCH", []string{"If-Match", `W/"1"`}, 3},
		{"PATCH", []string{"If-None-Match", "*"}, 3},
		{"DELETE", []string{"If-Match", `"a"`}, 3},
		{"PATCH", []string{"If-Match", "*"}, 1},
		{"PATCH", nil, 1},
		{"DELETE", nil, 1},
		{"POST", nil, 1},
		{"POST", []string{"If-Match", `"a"`}, 1},
	} {
		for name, answer := range map[string]http.HandlerFunc{"503": status(503), "500": status(500), "cut": cut} {
			t.Run(fmt.Sprint(c.method, c.header, name), func(t *testing.T) {
				t.Parallel()
				w := serve(t, answer)
				resp, err := do(w, w.options(), c.method, c.header...)
				if w.calls() != c.calls {
					t.Errorf("%d calls, want %d", w.calls(), c.calls)
				}
				if name == "cut" && !httpclient.Lost(err) {
					t.Errorf("a cut answer is lost, got %v", err)
				}
				if name != "cut" && (err != nil || resp.Status < 500) {
					t.Errorf("the last answer comes back, got %v, %v", resp, err)
				}
			})
		}
	}
}

// The second try of a write is refused as old because the first one was made, or because somebody else was
// there: the caller must know that it may be the first.
func TestTheAnswerToASecondTryIsUnsure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []http.HandlerFunc
		unsure  bool
	}{
		"cut, then old":       {[]http.HandlerFunc{cut, status(412)}, true},
		"503, then old":       {[]http.HandlerFunc{status(503), status(412)}, true},
		"throttled, then old": {[]http.HandlerFunc{status(429, "Retry-After", "1"), status(412)}, false},
		"old at once":         {[]http.HandlerFunc{status(412)}, false},
	} {
		w := serve(t, c.answers...)
		resp, err := do(w, w.options(), "PATCH", "If-Match", `"a"`)
		if err != nil || resp.Status != http.StatusPreconditionFailed || resp.Unsure != c.unsure {
			t.Errorf("%s: %+v, %v", name, resp, err)
		}
	}
}

func TestAFinalAnswerIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for final, calls := range map[bool]int{true: 1, false: 3} {
		w := serve(t, status(500))
		o := w.options()
		o.Final = func(r *httpclient.Response) bool { return final && r.Status == 500 }
		if resp, err := do(w, o, "GET"); err != nil || resp.Status != 500 || w.calls() != calls {
			t.Errorf("%v, %v after %d calls", resp, err, w.calls())
		}
	}
}

func TestWaitsBetweenTriesStayShort(t *testing.T) {
	t.Parallel()
	w := serve(t, status(503))
	_, _ = do(w, w.options(), "GET")
	var sum time.Duration
	for _, d := range w.clock.slept {
		sum += d
	}
	if len(w.clock.slept) != 2 || sum > 2*time.Second {
		t.Errorf("slept %v", w.clock.slept)
	}
}

// TestRepeatsOfAMessageAreCountedTogether: loops nest, so a budget for each call would be multiplied.
func TestRepeatsOfAMessageAreCountedTogether(t *testing.T) {
	t.Parallel()
	w := serve(t, status(503))
	c, ctx := httpclient.New(w.options()), httpclient.WithRepeats(context.Background(), 3)
	for range 5 {
		if _, err := c.Do(ctx, httpclient.Request{Method: "GET", URL: w.URL + "/x"}); err != nil {
			t.Error(err)
		}
	}
	if w.calls() != 5+3 {
		t.Errorf("%d calls, want one each and three repeats", w.calls())
	}
	w = serve(t, status(429, "Retry-After", "1"))
	_, err := httpclient.New(w.options()).Do(httpclient.WithRepeats(context.Background(), 0), httpclient.Request{Method: "GET", URL: w.URL + "/x"})
	wantLater(t, err, time.Second)
	if w.calls() != 1 {
		t.Errorf("%d calls", w.calls())
	}
}

func TestOnlySecondsAreSatOut(t *testing.T) {
	t.Parallel()
	for _, code := range []int{429, 503} {
		w := serve(t, status(code, "Retry-After", "2"))
		_, err := do(w, w.options(), "GET")
		if wantLater(t, err, 2*time.Second); w.calls() != 2 {
			t.Errorf("%d: %d calls, want a wait of 2 s and no second one", code, w.calls())
		}
	}
}

// TestAServersWordsAreNoErrorText: net/http quotes a line that it does not understand.
func TestAServersWordsAreNoErrorText(t *testing.T) {
	t.Parallel()
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 CANARY Jane Doe\r\n\r\n"))
	})
	_, err := do(w, w.options(), "POST")
	if !httpclient.Lost(err) || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("got %v", err)
	}
}

func TestLongRetryAfterIsLaterAtOnce(t *testing.T) {
	t.Parallel()
	date := "Mon, 02 Mar 2026 10:00:00 GMT"
	for _, c := range []struct {
		name   string
		header []string
		want   time.Duration
	}{
		{"seconds", []string{"Retry-After", "57"}, 57 * time.Second},
		{"a date, by the server's clock", []string{"Retry-After", "Mon, 02 Mar 2026 10:01:30 GMT", "Date", date}, 90 * time.Second},
		{"too many seconds", []string{"Retry-After", "99999999999999999999"}, 15 * time.Minute},
		{"a far date", []string{"Retry-After", "Mon, 02 Mar 2099 10:01:30 GMT", "Date", date}, 15 * time.Minute},
		{"a part of a second more", []string{"Retry-After", "57.1"}, 58 * time.Second},
		{"two, as a proxy adds one", []string{"Retry-After", "120, 30"}, 2 * time.Minute},
		{"a date with its zone", []string{"Retry-After", "Mon, 02 Mar 2026 11:01:30 +0100", "Date", date}, 90 * time.Second},
		{"a date as JSON has it", []string{"Retry-After", "2026-03-02T10:01:30Z", "Date", date}, 90 * time.Second},
		{"more than there is", []string{"Retry-After", "1e400"}, 15 * time.Minute},
		{"no number", []string{"Retry-After", "NaN"}, 5 * time.Second},
		{"none", nil, 5 * time.Second},
		{"words", []string{"Retry-After", "soon"}, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := serve(t, status(429, c.header...))
			_, err := do(w, w.options(), "GET")
			wantLater(t, err, c.want)
			if w.calls() != 1 {
				t.Errorf("%d calls", w.calls())
			}
		})
	}
}

func TestRetryAfterOutOfRangeIsClamped(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"0", "-5", "Mon, 02 Mar 2020 10:00:00 GMT", "0.2", "Mon, 02 Mar 0001 10:00:00 GMT"} {
		w := serve(t, status(429, "Retry-After", value))
		_, err := do(w, w.options(), "POST")
		wantLater(t, err, time.Second)
	}
}

// Two lines name two waits, in whatever order.
func TestTheLongerOfTwoWaitsCounts(t *testing.T) {
	t.Parallel()
	for _, lines := range [][]string{{"30", "120"}, {"120", "30"}, {"soon", "120"}} {
		got := httpclient.RetryAfter(&httpclient.Response{Header: http.Header{"Retry-After": lines}}, time.Now())
		if got != 2*time.Minute {
			t.Errorf("%q: %s", lines, got)
		}
	}
}

func wantLater(t *testing.T, err error, after time.Duration) {
	t.Helper()
	f, ok := err.(*fault.Error)
	if !ok || f.Kind != fault.Later || f.After != after {
		t.Errorf("got %v, want Later(%s)", err, after)
	}
}

func TestShortThrottlingIsSatOut(t *testing.T) {
	t.Parallel()
	w := serve(t, status(429, "Retry-After", "2"), status(200))
	resp, err := do(w, w.options(), "GET")
	if err != nil || resp.Status != 200 || w.calls() != 2 {
		t.Fatalf("got %v, %v after %d calls", resp, err, w.calls())
	}
	if len(w.clock.slept) != 1 || w.clock.slept[0] != 2*time.Second {
		t.Errorf("slept %v, want exactly what was asked for", w.clock.slept)
	}
}

func TestAnswersAreCappedAndGarbageIsBroken(t *testing.T) {
	t.Parallel()
	big := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 2000)) }
	w := serve(t, big)
	o := w.options()
	o.MaxBody = 1000
	_, err := do(w, o, "POST")
	if !fault.Is(err, fault.Broken) || !httpclient.Lost(err) {
		t.Errorf("got %v", err)
	}
	html := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	resp, err := do(html, html.options(), "GET")
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Decode(&struct{}{}); !fault.Is(err, fault.Broken) {
		t.Errorf("got %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	w := serve(t, status(302, "Location", "/elsewhere"))
	resp, err := do(w, w.options(), "GET")
	if err != nil || resp.Status != 302 || w.calls() != 1 {
		t.Errorf("got %v, %v after %d calls", resp, err, w.calls())
	}
}

func TestTokenGoesToOwnHostsOnly(t *testing.T) {
	t.Parallel()
	w := serve(t, status(200))
	asked := 0
	o := w.options()
	o.Token = func(context.Context, string, string) (string, error) { asked++; return "canary", nil }
	for _, target := range []string{
		strings.Replace(w.URL, "127.0.0.1", "localhost", 1), strings.Replace(w.URL, "https", "http", 1),
		strings.Replace(w.URL, "://", "://user@", 1), "https://evil.example/x", w.URL + "0/x", "://",
	} {
		_, err := httpclient.New(o).Do(context.Background(), httpclient.Request{Method: "GET", URL: target})
		if err == nil || asked > 0 || w.calls() > 0 {
			t.Errorf("%s: got %v after %d calls", target, err, w.calls())
		}
	}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	w := serve(t, status(401), status(200))
	var refused []string
	o := w.options()
	o.Audience = "https://api"
	o.Token = func(_ context.Context, audience, bad string) (string, error) {
		refused = append(refused, bad)
		return fmt.Sprintf("%s-%d", audience, len(refused)), nil
	}
	resp, err := do(w, o, "POST")
	if err != nil || resp.Status != 200 {
		t.Fatalf("got %v, %v", resp, err)
	}
	if got := w.seen[1].Header.Get("Authorization"); got != "Bearer https://api-2" {
		t.Errorf("second try carried %q", got)
	}
	if len(refused) != 2 || refused[0] != "" || refused[1] != "https://api-1" {
		t.Errorf("asked for tokens instead of %q", refused)
	}
	always := serve(t, status(401))
	o.Base, o.Hosts = always.Client().Transport, always.options().Hosts
	if resp, err = do(always, o, "GET"); err != nil || resp.Status != 401 || always.calls() != 2 {
		t.Errorf("got %v, %v after %d calls", resp, err, always.calls())
	}
}

func TestEchoedTokenIsMaskedAndLogShowsNoSecrets(t *testing.T) {
	t.Parallel()
	const id = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01"
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", r.Header.Get("Authorization")) // of these only an id is for the log
		w.Header().Set("X-Ms-Service-Request-Id", "canary-person@example.com")
		w.Header().Set("Req_id", id)
		w.WriteHeader(500)
		_, _ = w.Write([]byte(r.Header.Get("Authorization")))
	}
	w := serve(t, echo)
	var log bytes.Buffer
	o := w.options()
	o.Token = func(context.Context, string, string) (string, error) { return "canary-token", nil }
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	resp, err := httpclient.New(o).Do(context.Background(), httpclient.Request{
		Method: "POST", URL: w.URL + "/x?$filter=canary-name", Body: []byte("canary-body")})
	if err != nil || strings.Contains(string(resp.Body), "canary") {
		t.Errorf("got %s, %v", resp.Body, err)
	}
	if !strings.Contains(log.String(), "status=500") || !strings.Contains(log.String(), "request_id="+id) || strings.Contains(log.String(), "canary") {
		t.Errorf("log: %s", log.String())
	}
}

func TestCallAndOperationCarryIds(t *testing.T) {
	t.Parallel()
	w := serve(t, status(503), status(200))
	o := w.options()
	o.CallHeader, o.OperationHeader = "client-request-id", "MS-CorrelationId"
	ctx := httpclient.WithTrace(context.Background(), "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01")
	if _, err := httpclient.New(o).Do(ctx, httpclient.Request{Method: "GET", URL: w.URL}); err != nil {
		t.Fatal(err)
	}
	first, second := w.seen[0].Header, w.seen[1].Header
	if first.Get("MS-CorrelationId") != "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01" {
		t.Errorf("operation %q", first.Get("MS-CorrelationId"))
	}
	if id := first.Get("client-request-id"); len(id) != 36 || id != second.Get("client-request-id") {
		t.Errorf("call %q, then %q", id, second.Get("client-request-id"))
	}
}

// slow is a server that does not answer in time.
type slow struct{ tries int }

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.tries++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTimeoutIsLostAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	s := &slow{}
	c := httpclient.New(httpclient.Options{Base: s, Hosts: []string{"h"}, Timeout: time.Millisecond})
	_, err := c.Do(context.Background(), httpclient.Request{Method: "GET", URL: "https://h/"})
	if !httpclient.Lost(err) || !fault.Is(err, fault.Broken) || s.tries != 1 {
		t.Errorf("got %v after %d tries", err, s.tries)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = c.Do(ended, httpclient.Request{Method: "POST", URL: "https://h/"}); httpclient.Lost(err) || s.tries != 1 {
		t.Errorf("nothing was sent, got %v", err)
	}
}
