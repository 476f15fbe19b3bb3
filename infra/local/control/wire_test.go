package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// system is a tiny simulator: GET gives how often it was written.
type system struct{ writes int }

func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(HeaderIdentity, "tester")
	if r.Method != http.MethodGet {
		w.Header().Set(HeaderBefore, fmt.Sprint(s.writes))
		s.writes++
		w.Header().Set(HeaderAfter, fmt.Sprint(s.writes))
	}
	_, _ = fmt.Fprint(w, s.writes)
}

type bench struct {
	t       *testing.T
	system  system
	wire    *Wire
	server  *httptest.Server
	control *http.ServeMux
	slept   time.Duration
}

func start(t *testing.T) *bench {
	b := &bench{t: t, control: http.NewServeMux()}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	b.wire = NewWire(func() time.Time { return now }, func(d time.Duration) { b.slept += d }, &b.system)
	b.wire.MountControl(b.control)
	b.server = httptest.NewServer(b.wire)
	t.Cleanup(b.server.Close)
	return b
}

// call gives status and body; 0 means that no answer came.
func (b *bench) call(method, path string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader("in"))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := b.server.Client().Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get(HeaderIdentity) != "" {
		b.t.Errorf("%v, or the identity left the wire", err)
	}
	return resp.StatusCode, string(body)
}

func (b *bench) ask(method, path, body string) (int, string) {
	rec := httptest.NewRecorder()
	b.control.ServeHTTP(rec, httptest.NewRequest(method, path, bytes.NewBufferString(body)))
	return rec.Code, rec.Body.String()
}

func (b *bench) history(since int) []Entry {
	b.t.Helper()
	var out []Entry
	status, body := b.ask("GET", fmt.Sprintf("/history?since=%d", since), "")
	if err := json.Unmarshal([]byte(body), &out); status != 200 || err != nil {
		b.t.Fatalf("%d %s", status, body)
	}
	return out
}

func TestHistoryHoldsWhatWasAskedAndAnswered(t *testing.T) {
	b := start(t)
	b.call("PATCH", "/a?x=1")
	b.call("GET", "/b")
	all := b.history(0)
	if len(all) != 2 || len(b.history(1)) != 1 || b.history(1)[0].N != 2 {
		t.Fatalf("%+v", all)
	}
	e := all[0]
	if e.Identity != "tester" || e.Method != "PATCH" || !strings.HasSuffix(e.URL, "/a?x=1") || e.Status != 200 || e.RequestBody != "in" || e.ResponseBody != "1" || e.Before != "0" || e.After != "1" {
		t.Errorf("%+v", e)
	}
	b.call("POST", "/tenant/oauth2/v2.0/token")
	if e := b.history(2)[0]; e.RequestBody != "(left out)" || e.ResponseBody != "(left out)" {
		t.Errorf("the history shows a token request: %+v", e)
	}
	if strings.Contains(fmt.Sprint(all), "secret") {
		t.Error("the history shows a token")
	}
}

func TestFaults(t *testing.T) {
	tests := map[string]struct {
		fault  string
		want   []int // statuses of three PATCHes
		writes int
		slept  time.Duration
	}{
		"StatusDoesNotReachTheSystem": {fault: `{"do":"status","status":429,"headers":{"Retry-After":"7"},"times":2}`, want: []int{429, 429, 200}, writes: 1},
		"CutDoesNotReachTheSystem":    {fault: `{"do":"cut","times":1}`, want: []int{0, 200, 200}, writes: 2},
		"LostAnswerIsCommitted":       {fault: `{"do":"loseAnswer","times":1}`, want: []int{0, 200, 200}, writes: 3},
		"DelayIsSlept":                {fault: `{"do":"delay","delay":"3s","times":1}`, want: []int{200, 200, 200}, writes: 3, slept: 3 * time.Second},
		"OnlyWhatMatches":             {fault: `{"do":"status","status":500,"match":{"method":"GET"}}`, want: []int{200, 200, 200}, writes: 3},
		"OnlyTheBodyThatMatches":      {fault: `{"do":"status","status":400,"match":{"body":"^in$"},"times":1}`, want: []int{400, 200, 200}, writes: 2},
		"NotAnotherBody":              {fault: `{"do":"status","status":400,"match":{"body":"out"}}`, want: []int{200, 200, 200}, writes: 3},
		"NoConflictWithoutAVersion":   {fault: `{"do":"conflict"}`, want: []int{200, 200, 200}, writes: 3},
		"UntilDeleted":                {fault: `{"do":"status","status":503,"match":{"url":"/a$"}}`, want: []int{503, 503, 503}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			if status, body := b.ask("POST", "/faults", tt.fault); status != 200 {
				t.Fatalf("%d %s", status, body)
			}
			for i, want := range tt.want {
				if got, _ := b.call("PATCH", "/a"); got != want {
					t.Errorf("call %d: %d, want %d", i, got, want)
				}
			}
			if b.system.writes != tt.writes || b.slept != tt.slept {
				t.Errorf("%d writes, slept %s", b.system.writes, b.slept)
			}
			b.ask("DELETE", "/faults", "")
			if got, _ := b.call("PATCH", "/a"); got != 200 {
				t.Errorf("after DELETE faults: %d", got)
			}
		})
	}
}

func TestStaleGivesThePreviousAnswer(t *testing.T) {
	b := start(t)
	for range 2 {
		b.call("PATCH", "/a")
		b.call("GET", "/a")
	}
	b.ask("POST", "/faults", `{"do":"stale","times":1}`)
	if _, body := b.call("GET", "/a"); body != "1" {
		t.Errorf("stale read gives %q", body)
	}
	if _, body := b.call("GET", "/a"); body != "2" {
		t.Errorf("afterwards %q", body)
	}
}

func TestStaleGivesTheAnswerBeforeTheWrite(t *testing.T) {
	b := start(t)
	b.call("PATCH", "/a")
	b.call("GET", "/a")
	b.call("PATCH", "/a")
	b.ask("POST", "/faults", `{"do":"stale","times":1}`)
	if _, body := b.call("GET", "/a"); body != "1" {
		t.Errorf("the first read after a write gives %q", body)
	}
	if _, body := b.call("GET", "/a"); body != "2" {
		t.Errorf("afterwards %q", body)
	}
}

func TestWatchersSeeEveryPointInOrder(t *testing.T) {
	b := start(t)
	var points []string
	b.wire.Watch(func(p Point, r *http.Request) { points = append(points, string(p)+r.URL.Path) })
	b.call("PATCH", "/a")
	if got := strings.Join(points, " "); got != "before/a committed/a answered/a" {
		t.Errorf("%s", got)
	}
}

func TestMisspeltControlCallsAreRefused(t *testing.T) {
	b := start(t)
	for _, body := range []string{`{"do":"explode"}`, `{"do":"status"}`, `{"do":"delay","delay":"soon"}`, `{"do":"cut","match":{"url":"("}}`, `{"do":"cut","match":{"body":"("}}`, `{"what":1}`, `[]`,
		`{"do":"cut","times":-1}`, `{"do":"cut","match":{"method":"FETCH"}}`, `{"do":"delay","delay":"-1s"}`, `{"do":"cut"}{"do":"cut"}`} {
		if status, text := b.ask("POST", "/faults", body); status != 400 || !strings.Contains(text, "error") {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	for _, query := range []string{"since=x", "since=-1", "from=1"} {
		if status, _ := b.ask("GET", "/history?"+query, ""); status != 400 {
			t.Errorf("%s: %d", query, status)
		}
	}
}

// A body that goes into documents is taken whole or not at all, and its numbers as they are written.
func TestBodiesOfDocumentsHaveALimit(t *testing.T) {
	const body = `{"a":1.50}`
	var v map[string]any
	if err := ReadExact(httptest.NewRequest("POST", "/user", strings.NewReader(body)), int64(len(body)), &v); err != nil || fmt.Sprint(v["a"]) != "1.50" {
		t.Errorf("at the limit: %v %v", err, v)
	}
	for _, long := range []string{body + " ", body + "{}", `{"a":"` + strings.Repeat("x", 100) + `"}`} {
		rest, v := strings.NewReader(long), map[string]any{}
		err := ReadExact(httptest.NewRequest("POST", "/user", rest), int64(len(body)), &v)
		if err == nil || !strings.Contains(err.Error(), "longer than 10 bytes") || len(long)-rest.Len() > len(body)+1 {
			t.Errorf("%.20s: %v, %d bytes read", long, err, len(long)-rest.Len())
		}
	}
}

func TestRateTakesSharesAndFlags(t *testing.T) {
	for text, want := range map[string]Rate{"true": 1, "false": 0, "0.25": 0.25, "null": 0} {
		var d Delivery
		if err := json.Unmarshal([]byte(`{"lose":`+text+`}`), &d); err != nil || d.Lose != want {
			t.Errorf("%s: %v %v", text, d.Lose, err)
		}
	}
	var d Delivery
	if err := json.Unmarshal([]byte(`{"lose":2}`), &d); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("2 is taken as a share")
	}
}

// conditional refuses what does not name version 7, alone or in a batch, and keeps what it was sent.
type conditionalSystem struct{ got []string }

func (s *conditionalSystem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.got = append(s.got, r.Header.Get("If-Match")+string(body))
	if !strings.Contains(r.Header.Get("If-Match")+string(body), `W/"7"`) {
		w.WriteHeader(http.StatusPreconditionFailed)
	}
}

func TestConflictIsTheSystemsOwn(t *testing.T) {
	system := &conditionalSystem{}
	wire := NewWire(time.Now, func(time.Duration) {}, system)
	mux := http.NewServeMux()
	wire.MountControl(mux)
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest("POST", "/faults", strings.NewReader(`{"do":"conflict","times":2}`)))
	if rec.Code != http.StatusOK {
		t.Fatal(rec.Body)
	}
	const batch = "--b\r\nIf-Match: W/\"7\"\r\n\r\n{}\r\n--b--"
	send := func(tag, kind, body string) int {
		r := httptest.NewRequest("PATCH", "https://x.test/a", strings.NewReader(body))
		r.Header.Set("If-Match", tag)
		r.Header.Set("Content-Type", kind)
		rec := httptest.NewRecorder()
		wire.ServeHTTP(rec, r)
		return rec.Code
	}
	for i, want := range []int{412, 200} {
		if got := send(`W/"7"`, "application/json", "{}"); got != want {
			t.Errorf("write %d: %d, want %d", i, got, want)
		}
		if i == 0 && system.got[0] != `W/"0"{}` {
			t.Errorf("the system was asked %q", system.got[0])
		}
		if i == 0 {
			if got := send("", "multipart/mixed; boundary=b", batch); got != 412 {
				t.Errorf("batch: %d", got)
			}
		}
	}
	var out []Entry
	rec = httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest("GET", "/history", nil))
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || out[0].RequestHeaders["If-Match"] != `W/"7"` || out[1].RequestBody != batch {
		t.Errorf("the history must show what the caller sent: %+v", out)
	}
}

func TestOtherVersionIsNeverTheSame(t *testing.T) {
	for tag, want := range map[string]string{`W/"100"`: `W/"101"`, `"ab-7f"`: `"ab-0f"`, `W/"datetime'2026-11-25T18%3A00%3A00.1234567Z'"`: `W/"datetime'2026-11-25T18%3A00%3A00.1234560Z'"`, `"x"`: `"0"`, `""`: `""0`} {
		if got := otherVersion(tag); got != want {
			t.Errorf("%s: %s, want %s", tag, got, want)
		}
	}
}

func TestFrozenWireAnswersNothingUntilItThaws(t *testing.T) {
	b := start(t)
	thaw := b.wire.Freeze()
	done := make(chan int, 1)
	go func() {
		status, _ := b.call("PATCH", "/a")
		done <- status
	}()
	for b.wire.InFlight() == 0 {
		runtime.Gosched()
	}
	select {
	case status := <-done:
		t.Fatalf("answered %d while frozen", status)
	default:
	}
	if b.system.writes != 0 {
		t.Error("the system worked while frozen")
	}
	thaw()
	thaw()
	if status := <-done; status != 200 || b.system.writes != 1 {
		t.Errorf("%d, %d writes after the thaw", status, b.system.writes)
	}
}

// A replica shows what was; its clock is right all the same.
func TestAStaleAnswerIsOfToday(t *testing.T) {
	then := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	shown, now := "old", then
	w := NewWire(func() time.Time { return now }, nil, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Date", now.Format(http.TimeFormat))
		rw.Header().Set("ETag", shown)
		_, _ = rw.Write([]byte(shown))
	}))
	get := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/a", nil))
		return rec
	}
	get()
	shown, now = "new", then.Add(time.Hour)
	if err := w.Once(Fault{Do: "stale"}); err != nil {
		t.Fatal(err)
	}
	got := get()
	if h := got.Header(); got.Body.String() != "old" || h.Get("ETag") != "old" || h.Get("Date") != now.Format(http.TimeFormat) {
		t.Errorf("%q of version %s, dated %s", got.Body, h.Get("ETag"), h.Get("Date"))
	}
	if got := get(); got.Body.String() != "new" {
		t.Errorf("%q after that", got.Body)
	}
}
