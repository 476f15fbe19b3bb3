package funchost

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// outcomes notes what became of messages, and fails as often as it is told to.
type outcomes struct {
	mu     sync.Mutex
	said   []string
	failed int
}

func (o *outcomes) note(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed > 0 {
		o.failed--
		return errors.New("queue unavailable")
	}
	o.said = append(o.said, text)
	return nil
}

func (o *outcomes) Repeat(ctx context.Context, _ Delivery, after time.Duration, counts bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if counts {
		return o.note("repeat " + after.String() + " counted")
	}
	return o.note("repeat " + after.String())
}

func (o *outcomes) Park(_ context.Context, _ Delivery, function string, cause error) error {
	return o.note("park " + function + ": " + cause.Error())
}

func queueFunction(work func(context.Context, Delivery) error) Function {
	return Function{Name: "crmtopartnercenter", Queue: work}
}

func httpFunction(h http.HandlerFunc) Function {
	return Function{Name: "crmwebhook", Route: "crmwebhook/{tenant?}", HTTP: h}
}

const message = `{"Data":{"msg":"eyJ2IjoxLCJzZWVuIjoiMjAyNi0xMS0yMlQxMTo1OTozMFoiLCJhdHRlbXB0IjoyfQ=="},"Metadata":{}}`

func post(h http.Handler, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(w, r)
	return w
}

// isObject is the rule for every envelope answer: a JSON object with its content type, never empty.
func isObject(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &object); err != nil || object == nil {
		t.Errorf("answer %q is no JSON object", w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	if w.Code == http.StatusNoContent {
		t.Error("204 hangs the invocation")
	}
}

func TestEveryEnvelopeAnswerIsAnObject(t *testing.T) {
	for name, err := range map[string]error{
		"done":    nil,
		"refused": fault.New(fault.Refused, "closed"),
		"broken":  errors.New("network"),
		"invalid": fault.New(fault.Invalid, "no id"),
	} {
		h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error { return err })}, &outcomes{}, Options{})
		w := post(h, "/crmtopartnercenter", message)
		if isObject(t, w); w.Code != http.StatusOK {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	h := NewServer([]Function{
		{Name: "reconcile", Timer: func(context.Context, Tick) error { return errors.New("x") }},
		httpFunction(func(http.ResponseWriter, *http.Request) {}),
	}, nil, Options{})
	for path, status := range map[string]int{"/reconcile": 500, "/nobody": 404, "/crmwebhook": 400} {
		w := post(h, path, `{"Data":{"tick":{}},"Metadata":{}}`)
		if isObject(t, w); w.Code != status {
			t.Errorf("%s: status %d, want %d", path, w.Code, status)
		}
	}
	for _, body := range []string{"", "null", "[]", `{"Data":{}}`, "{"} {
		w := post(h, "/reconcile", body)
		if isObject(t, w); w.Code != http.StatusBadRequest {
			t.Errorf("envelope %q: status %d", body, w.Code)
		}
	}
}

func TestProbeIsAnsweredAtOnce(t *testing.T) {
	w := httptest.NewRecorder()
	NewServer(nil, nil, Options{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if isObject(t, w); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

func TestVerdictsBecomeOutcomes(t *testing.T) {
	cases := []struct {
		name string
		err  error
		want string
	}{
		{"done", nil, ""},
		{"refused is done", fault.New(fault.Refused, "closed"), ""},
		{"broken is a counted copy with back-off", errors.New("network"), "repeat 20s counted"},
		{"later is a copy that does not count", fault.Wait(7*time.Second, "busy"), "repeat 7s"},
		{"gone within two minutes is looked at again", fault.New(fault.Gone, "404"), "repeat 35s"},
		{"invalid is parked", fault.New(fault.Invalid, "no id"), "park crmtopartnercenter: no id"},
	}
	for _, c := range cases {
		o := &outcomes{}
		h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error { return c.err })}, o, Options{Now: func() time.Time { return noon }})
		w := post(h, "/crmtopartnercenter", message)
		if got := strings.Join(o.said, "; "); got != c.want || w.Code != http.StatusOK {
			t.Errorf("%s: %q (%d), want %q", c.name, got, w.Code, c.want)
		}
	}
}

// The clock of whoever accepted the event, or ours, is off: the broker has the message since 35 s, and what is not there may come.
func TestWhatIsGoneIsLookedAtForTwoMinutesOfTheBroker(t *testing.T) {
	for first, want := range map[string]string{"2026-11-22T11:19:25Z": "repeat 40s", "2026-11-22T11:17:59Z": ""} {
		body := base64.StdEncoding.EncodeToString([]byte(`{"v":1,"seen":"2026-11-22T11:40:00Z","first":"` + first + `","attempt":0}`))
		o := &outcomes{}
		h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error { return fault.New(fault.Gone, "404") })}, o, Options{Now: func() time.Time { return noon }})
		post(h, "/crmtopartnercenter", `{"Data":{"msg":"`+body+`"},"Metadata":{"EnqueuedTimeUtc":"2026-11-22T11:20:00Z"}}`)
		if got := strings.Join(o.said, "; "); got != want {
			t.Errorf("of the broker's since %s: %q, want %q", first, got, want)
		}
	}
}

func TestPanicIsABrokenMessageAndNeverACrash(t *testing.T) {
	o := &outcomes{}
	h := NewServer([]Function{
		queueFunction(func(context.Context, Delivery) error { panic("boom") }),
		httpFunction(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK); panic("boom") }),
	}, o, Options{Now: func() time.Time { return noon }})
	if w := post(h, "/crmtopartnercenter", message); w.Code != http.StatusOK || len(o.said) != 1 {
		t.Errorf("queue: %d %v", w.Code, o.said)
	}
	w := post(h, "/api/crmwebhook", `{}`)
	if isObject(t, w); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("http: %d %s", w.Code, w.Body)
	}
}

func TestInvocationEndsBeforeTheHostsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, begin := &outcomes{}, time.Now()
		h := NewServer([]Function{queueFunction(func(ctx context.Context, _ Delivery) error {
			<-ctx.Done()
			return ctx.Err()
		})}, o, Options{})
		w := post(h, "/crmtopartnercenter", message)
		if took := time.Since(begin); took > 4*time.Minute+30*time.Second || w.Code != http.StatusOK || len(o.said) != 1 {
			t.Errorf("%s, status %d, %v", took, w.Code, o.said)
		}
	})
}

func TestFunctionThatIgnoresItsLimitIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, begin, stop := &outcomes{}, time.Now(), make(chan struct{})
		h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error {
			<-stop
			return nil
		})}, o, Options{})
		w := post(h, "/crmtopartnercenter", message)
		if took := time.Since(begin); took > 4*time.Minute+30*time.Second || w.Code != http.StatusOK || len(o.said) != 1 {
			t.Errorf("%s, status %d, %v", took, w.Code, o.said)
		}
		close(stop)
	})
}

func TestOutcomeThatCannotBeWrittenIsTriedUntilTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, begin := &outcomes{failed: 1000}, time.Now()
		h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error { return errors.New("x") })}, o, Options{})
		w := post(h, "/crmtopartnercenter", message)
		isObject(t, w)
		if took := time.Since(begin); w.Code != http.StatusInternalServerError || took < 4*time.Minute || took > 4*time.Minute+30*time.Second {
			t.Errorf("status %d after %s: the message must come back, but not at once", w.Code, took)
		}
		o.failed = 3
		if w := post(h, "/crmtopartnercenter", message); w.Code != http.StatusOK || len(o.said) != 1 {
			t.Errorf("status %d, %v", w.Code, o.said)
		}
	})
}

func TestHTTPFunctionIsServedAtItsPublicPath(t *testing.T) {
	var tenant string
	h := NewServer([]Function{httpFunction(func(w http.ResponseWriter, r *http.Request) {
		tenant = r.PathValue("tenant")
		Answer(w, http.StatusAccepted, struct{}{})
	})}, nil, Options{})
	for path, want := range map[string]string{
		"/api/crmwebhook":          "",
		"/api/CRMwebhook/":         "",
		"/api/crmwebhook/acme":     "acme",
		"/api/crmwebhook/%61cme":   "%61cme", // not decoded: an alias needs no escapes
		"/api/crmwebhook/a%252Fb":  "a%252Fb",
		"/api/crmwebhook/acme?x=1": "acme",
	} {
		tenant = "unset"
		if w := post(h, path, `{}`); w.Code != http.StatusAccepted || tenant != want {
			t.Errorf("%s: status %d, tenant %q, want %q", path, w.Code, tenant, want)
		}
	}
	for _, path := range []string{"/api/", "/api/crmwebhook/a/b", "/api/other", "/API/crmwebhook", "/api"} {
		if w := post(h, path, `{}`); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

func TestTooManyCallsAtOnceAreRefused(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	h := NewServer([]Function{httpFunction(func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-leave
	})}, nil, Options{MaxHTTP: 1})
	var group sync.WaitGroup
	group.Go(func() { post(h, "/api/crmwebhook", `{}`) })
	<-entered
	w := post(h, "/api/crmwebhook", `{}`)
	if isObject(t, w); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", w.Code)
	}
	close(leave)
	group.Wait()
}

func TestBodyLimits(t *testing.T) {
	called := false
	h := NewServer([]Function{httpFunction(func(w http.ResponseWriter, r *http.Request) {
		called = true
		body, _ := io.ReadAll(r.Body)
		Answer(w, http.StatusOK, map[string]int{"n": len(body)})
	})}, nil, Options{})
	if w := post(h, "/api/crmwebhook", strings.Repeat("x", 64<<10)); w.Code != http.StatusOK {
		t.Errorf("at the limit: %d", w.Code)
	}
	called = false
	if w := post(h, "/api/crmwebhook", strings.Repeat("x", 64<<10+1)); w.Code != http.StatusRequestEntityTooLarge || w.Header().Get("Connection") != "close" {
		t.Errorf("announced: %d", w.Code)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/crmwebhook", io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20))))
	r.ContentLength = -1
	if h.ServeHTTP(w, r); w.Code != http.StatusRequestEntityTooLarge || called {
		t.Errorf("chunked: %d", w.Code)
	}
}

func TestRefusalsAreCountedAndSampled(t *testing.T) {
	var log strings.Builder
	now := noon
	h := NewServer([]Function{httpFunction(func(w http.ResponseWriter, _ *http.Request) { Refuse(w, http.StatusUnauthorized, "no") })},
		nil, Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now }})
	for range 1000 {
		post(h, "/api/crmwebhook", `{}`)
	}
	if lines := strings.Count(log.String(), "\n"); lines != sampleMax {
		t.Errorf("%d lines", lines)
	}
	now = now.Add(time.Minute)
	log.Reset()
	post(h, "/api/crmwebhook", `{}`)
	if !strings.Contains(log.String(), "skipped=980") {
		t.Errorf("the count is lost: %s", log.String())
	}
}

func TestMessagesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, leave := &outcomes{}, make(chan struct{})
		working, most := 0, 0
		var mu sync.Mutex
		h := NewServer([]Function{queueFunction(func(context.Context, Delivery) error {
			mu.Lock()
			working++
			most = max(most, working)
			mu.Unlock()
			<-leave
			mu.Lock()
			working--
			mu.Unlock()
			return nil
		})}, o, Options{MaxWork: 2})
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() { post(h, "/crmtopartnercenter", message) })
		}
		synctest.Wait()
		mu.Lock()
		if working != 2 {
			t.Errorf("%d at the same time", working)
		}
		mu.Unlock()
		<-time.After(2 * turnTime) // virtual time
		synctest.Wait()
		o.mu.Lock()
		if len(o.said) != 3 || o.said[0] != "repeat 5s" {
			t.Errorf("those that waited too long became %v", o.said)
		}
		o.mu.Unlock()
		close(leave)
		group.Wait()
		if most != 2 {
			t.Errorf("%d at the same time", most)
		}
	})
}

func TestHostsWithoutEnvelopesDeliverAndTick(t *testing.T) {
	o := &outcomes{}
	var got Delivery
	work, ticked := error(nil), ""
	f := queueFunction(func(_ context.Context, d Delivery) error { got = d; return work })
	f.QueueName = "opportunity-changed"
	s := NewServer([]Function{f, {Name: "reconcile", Timer: func(_ context.Context, tick Tick) error { ticked = tick.InvocationID; return work }}},
		o, Options{Now: func() time.Time { return noon }})
	d := Delivery{Session: "s", MessageID: "m", Body: []byte(`{"seen":"2026-11-22T11:59:00Z","attempt":2}`)}
	if err := s.Deliver(t.Context(), f.Name, d); err != nil || got.Queue != "opportunity-changed" || got.MessageID != "m" || len(o.said) != 0 {
		t.Errorf("%v %+v %v", err, got, o.said)
	}
	if err := s.Tick(t.Context(), "reconcile", Tick{InvocationID: "i"}); err != nil || ticked != "i" {
		t.Errorf("%v %q", err, ticked)
	}
	work = errors.New("network")
	if err := s.Deliver(t.Context(), f.Name, d); err != nil || !slices.Equal(o.said, []string{"repeat 20s counted"}) {
		t.Errorf("a failed message: %v %v", err, o.said)
	}
	if err := s.Tick(t.Context(), "reconcile", Tick{}); !errors.Is(err, work) {
		t.Errorf("a failed timer: %v", err)
	}
	for _, name := range []string{"", "nothing", "reconcile"} {
		if err := s.Deliver(t.Context(), name, d); err == nil {
			t.Errorf("%q took a message", name)
		}
	}
	if err := s.Tick(t.Context(), f.Name, Tick{}); err == nil {
		t.Error("a queue function ran as a timer")
	}
}

func TestWorkEndsInTimeForItsOutcomeWhenTheInvocationIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, began := &outcomes{}, time.Now()
		s := NewServer([]Function{queueFunction(func(ctx context.Context, _ Delivery) error {
			<-ctx.Done()
			if took := time.Since(began); took > 35*time.Second || took < 30*time.Second {
				t.Errorf("the work was ended after %s", took)
			}
			return ctx.Err()
		})}, o, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Deliver(ctx, "crmtopartnercenter", Delivery{Body: []byte(`{}`)}); err != nil || len(o.said) != 1 || ctx.Err() != nil {
			t.Errorf("%v %v", err, o.said)
		}
		o.failed = 1000
		began = time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Deliver(ctx, "crmtopartnercenter", Delivery{Body: []byte(`{}`)}); err == nil || ctx.Err() != nil {
			t.Errorf("a message whose copy cannot be written is done: %v, %v", err, ctx.Err())
		}
	})
}
