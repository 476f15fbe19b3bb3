package hostsim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// worldClock is a clock that only moves when told.
type worldClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *worldClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *worldClock) advance(h *Host, d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.mu.Unlock()
	h.Wake()
}

const emptyAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

func timerFunction(name, schedule, more string) string {
	return fmt.Sprintf(`{"bindings":[{"type":"timerTrigger","direction":"in","name":%q,"schedule":%q%s}]}`, name, schedule, more)
}

func timerApp(function, doc string) map[string]string {
	return map[string]string{
		"host.json":                 `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`,
		function + "/function.json": doc,
	}
}

func parseNet(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func TestTimerRequestsReachTheHandlerAsRecorded(t *testing.T) {
	for i, c := range recording(t, "timer-requests") {
		t.Run(fmt.Sprintf("%d %s", i, textAt(c, "case")), func(t *testing.T) {
			t.Parallel()
			replayTimer(t, c)
		})
	}
}

func replayTimer(t *testing.T, c map[string]any) {
	body := textAt(c, "request", "body_utf8")
	truncated := strings.Index(body, `"Exception":{`)
	if truncated > 0 {
		body = body[:truncated] + `"Exception":"<exception>","Instance":null,"State":{}}}}`
	}
	want, _ := envelopeOf(t, body).(map[string]any)
	function := strings.TrimPrefix(textAt(c, "request", "path"), "/")
	data, _ := want["Data"].(map[string]any)
	name, info := "", map[string]any{}
	for n, v := range data {
		name, info = n, v.(map[string]any)
	}
	given := textAt(c, "given")
	schedule, rest, _ := strings.Cut(strings.TrimPrefix(given, "schedule "), ",")
	_, now, _ := strings.Cut(textAt(c, "request", "body_utf8"), `"UtcNow":"`)
	now, _, _ = strings.Cut(now, `"`)
	clock := &worldClock{now: parseNet(t, now)}
	rec := newRecorder(t)
	rec.answerText(emptyAnswer)
	opt := Options{Now: clock.Now}
	if s, ok := info["ScheduleStatus"].(map[string]any); ok {
		status := &timer{running: make(chan struct{}, 1), known: true}
		status.last, status.lastUpdated = parseNet(t, s["Last"].(string)), parseNet(t, s["LastUpdated"].(string))
		status.next = parseNet(t, s["Next"].(string))
		if status.next.Sub(clock.now) < time.Second && status.next.After(clock.now) {
			clock.now = status.next // the real timer ran a few milliseconds early
		}
		opt.timers = map[string]*timer{function: status}
	}
	byHand := strings.Contains(body, `"t":"\"hello\""`)
	retries := strings.Contains(rest, "retry")
	doc := timerFunction(name, schedule, "")
	switch {
	case retries:
		doc = strings.Replace(doc, `]}`, `],"retry":{"strategy":"fixedDelay","maxRetryCount":2,"delayInterval":"00:00:02"}}`, 1)
		rec.answerText("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")
	case strings.Contains(rest, "runOnStartup true") && !byHand:
		doc = timerFunction(name, schedule, `,"runOnStartup":true`)
	}
	h, addr := attach(t, rec, opt, timerApp(function, doc))
	nth := strings.Count(body, `"RetryCount":1`) + 2*strings.Count(body, `"RetryCount":2`)
	switch {
	case byHand:
		input := `{"input":"hello"}`
		g := exchangeRaw(t, addr, fmt.Appendf(nil, "POST /admin/functions/%s HTTP/1.1\r\nHost: a\r\nx-functions-key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			function, recordedKeys.Master, len(input), input))
		if g.status != http.StatusAccepted {
			t.Errorf("status %d, recorded 202", g.status)
		}
	case retries:
		go func() { _ = h.Trigger(context.Background(), function) }()
		for n := 1; n <= nth; n++ {
			eventually(t, func() bool { return len(rec.requests()) == n })
			eventually(t, func() bool { return len(results(h)) == n })
			clock.advance(h, 2*time.Second)
		}
	}
	eventually(t, func() bool { return len(rec.requests()) > nth })
	have := rec.requests()[nth]
	list, _ := c["request"].(map[string]any)
	if d := cmp.Diff(headerSet(headerList(list["headers"])), headerSet(have.header)); d != "" {
		t.Errorf("headers (- recorded, + ours)\n%s", d)
	}
	ours, _ := envelopeOf(t, string(have.body)).(map[string]any)
	if truncated > 0 {
		meta, _ := ours["Metadata"].(map[string]any)
		context, _ := meta["RetryContext"].(map[string]any)
		if e, ok := context["Exception"].(map[string]any); !ok || e["ClassName"] != "Microsoft.Azure.WebJobs.Host.FunctionInvocationException" {
			t.Errorf("exception %v", context["Exception"])
		}
		context["Exception"] = "<exception>"
	}
	if d := cmp.Diff(want, ours); d != "" {
		t.Errorf("envelope (- recorded, + ours)\n%s", d)
	}
	if have.method+" "+have.path != "POST /"+function {
		t.Errorf("%s %s", have.method, have.path)
	}
}

// ticks starts a host with one timer function and a clock at 08:00:30.
func ticks(t *testing.T, schedule, more string) (*Host, *recorder, *worldClock) {
	t.Helper()
	clock := &worldClock{now: time.Date(2026, 11, 22, 8, 0, 30, 0, time.UTC)}
	rec := newRecorder(t)
	rec.answerText(emptyAnswer)
	h, _ := attach(t, rec, Options{Now: clock.Now}, timerApp("tick", timerFunction("t", schedule, more)))
	eventually(t, state(h, StateRunning))
	eventually(t, func() bool { _, due := h.Next(); return due })
	return h, rec, clock
}

func runs(rec *recorder) []bool {
	var out []bool
	for _, s := range rec.requests() {
		out = append(out, strings.Contains(string(s.body), `"IsPastDue":true`))
	}
	return out
}

func TestTimerFiresAtItsTimeAndNotBefore(t *testing.T) {
	h, rec, clock := ticks(t, "0 */5 * * * *", "")
	clock.advance(h, 4*time.Minute)
	if next, _ := h.Next(); !next.Equal(time.Date(2026, 11, 22, 8, 5, 0, 0, time.UTC)) || len(rec.requests()) > 0 {
		t.Fatalf("next %s, %d runs", next, len(rec.requests()))
	}
	clock.advance(h, 30*time.Second)
	eventually(t, func() bool { return len(results(h)) == 1 })
	if r := runs(rec); len(r) != 1 || r[0] {
		t.Errorf("runs past due: %v", r)
	}
}

func TestLeapOfTheClockFiresEachTimerOncePastDue(t *testing.T) {
	h, rec, clock := ticks(t, "0 */5 * * * *", "")
	clock.advance(h, 73*time.Hour)
	eventually(t, func() bool { return len(results(h)) == 1 })
	eventually(t, func() bool { next, _ := h.Next(); return next.After(clock.Now()) })
	if r := runs(rec); len(r) != 1 || !r[0] {
		t.Errorf("runs past due: %v", r)
	}
}

func TestTimerNeverOverlapsItself(t *testing.T) {
	h, rec, clock := ticks(t, "0 */5 * * * *", "")
	release := make(chan struct{})
	rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
		<-release
		_, err := io.WriteString(c, emptyAnswer)
		return err == nil
	})
	clock.advance(h, 5*time.Minute)
	eventually(t, func() bool { return len(rec.requests()) == 1 })
	done := make(chan error, 1)
	go func() { done <- h.Trigger(context.Background(), "tick") }()
	clock.advance(h, 10*time.Minute)
	wait(t.Context(), 50*time.Millisecond)
	if n := len(rec.requests()); n != 1 || h.Busy() != 1 {
		t.Errorf("%d runs at the same time", n)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestExponentialRetryWaitsOnTheWorldsClock(t *testing.T) {
	p := &retryPolicy{Strategy: "exponentialBackoff", least: time.Second, most: 5 * time.Second}
	var have []time.Duration
	for try := range 5 {
		have = append(have, p.pause(try))
	}
	if d := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}, have); d != "" {
		t.Error(d)
	}
}

func TestTriggerNamesTheTimerFunctions(t *testing.T) {
	h, rec, _ := ticks(t, "0 0 3 * * *", "")
	mux := http.NewServeMux()
	h.MountControl(mux)
	for body, want := range map[string]int{`{"function":"tick"}`: 200, `{"function":"nope"}`: 400, `{"fn":"tick"}`: 400} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/trigger", strings.NewReader(body)))
		if w.Code != want || want == 400 && !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if len(rec.requests()) != 1 {
		t.Errorf("%d runs", len(rec.requests()))
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/history?since=0", nil))
	if !strings.Contains(w.Body.String(), `"method":"timerTrigger","url":"/tick","status":200`) {
		t.Errorf("history %s", w.Body)
	}
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/history?from=1", nil))
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "since") {
		t.Errorf("a misspelt parameter: %d %s", w.Code, w.Body)
	}
}

func TestScheduleNextOccurrences(t *testing.T) {
	at := func(s string) time.Time { return parseNet(t, s) }
	for _, c := range []struct{ schedule, from, next string }{
		{"0 30 4 * * *", "2026-11-22T16:18:00Z", "2026-11-23T04:30:00Z"},
		{"*/20 * * * * *", "2026-11-22T16:02:20Z", "2026-11-22T16:02:40Z"},
		{"0 0 3 1 1 *", "2026-11-22T16:18:00Z", "2027-01-01T03:00:00Z"},
		{"0 0 9-17/4 * * Mon-Fri", "2026-11-20T17:30:00Z", "2026-11-23T09:00:00Z"},
		{"0 0 0 29 2 *", "2026-11-22T16:18:00Z", "2028-02-29T00:00:00Z"},
		{"*/5 * * * *", "2026-11-22T16:18:00Z", "2026-11-22T16:20:00Z"},
	} {
		s, err := parseSchedule(c.schedule)
		if err != nil {
			t.Errorf("%s: %v", c.schedule, err)
			continue
		}
		if next := s.next(at(c.from)); !next.Equal(at(c.next)) {
			t.Errorf("%s after %s: %s, want %s", c.schedule, c.from, next, c.next)
		}
	}
	for _, bad := range []string{"", "* * * *", "60 * * * * *", "0 0 0 31 2 *", "0 5-1 * * * *", "0 */0 * * * *", "x * * * * *"} {
		if _, err := parseSchedule(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
