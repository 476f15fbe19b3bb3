package lambdasim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// said is what the runtime of the tests answers with.
type said struct {
	Event struct {
		Version, RawPath, RawQueryString, Body string
		Headers                                map[string]string
		Cookies                                []string
		QueryStringParameters                  map[string]string
		IsBase64Encoded                        bool
		RequestContext                         struct {
			AccountID, DomainName string
			HTTP                  struct{ Method, Path, SourceIP string }
		}
	}
	PID                   int
	Deadline, ARN, Memory string
	Key                   string
}

type platform struct {
	*Platform
	url  string
	log  *lines
	gate string // a file: once it is there, what waits goes on
}

// open lets all go on that wait.
func (p platform) open(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(p.gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// lines keeps what the platform and the functions said.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), what)
}

func started(t *testing.T, f Function, opt Options) platform {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if f.Name == "" {
		f.Name = "f"
	}
	if f.Memory == 0 {
		f.Memory = 256
	}
	if f.Timeout == 0 {
		f.Timeout = 20 * time.Second
	}
	log, gate := &lines{}, filepath.Join(t.TempDir(), "open")
	f.Role = Role{AccessKey: "ASIA"}
	f.Environment = maps.Clone(f.Environment)
	if f.Environment == nil {
		f.Environment = map[string]string{}
	}
	f.Environment[gateSetting] = gate
	opt.Bootstrap, opt.Functions, opt.Log = self, []Function{f}, log
	p, err := Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.URL(f.Name))
	t.Cleanup(func() { server.Close(); p.Stop() })
	return platform{p, server.URL, log, gate}
}

func (p platform) call(t *testing.T, method, path string, header http.Header, body []byte) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		answer = append(answer, "…broken"...)
	}
	return resp, answer
}

// rest waits until every environment stands still: an answer is there before its function is done.
func (p platform) rest(t *testing.T) {
	t.Helper()
	await(t, "rest", func() bool { return p.Status().Running == 0 })
}

func (p platform) ask(t *testing.T, path string) (out said) {
	t.Helper()
	resp, body := p.call(t, "GET", path, nil, nil)
	if err := json.Unmarshal(body, &out); err != nil || resp.StatusCode != 201 {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	return out
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestCallBecomesAnEventOfFormat2AndItsAnswerComesBack(t *testing.T) {
	p := started(t, Function{URL: true}, Options{})
	header := http.Header{"Content-Type": {"application/json"}, "X-Many": {"1", "2"}, "Cookie": {"c=1; d=2"}, "Connection": {"keep-alive"}}
	before := time.Now()
	resp, body := p.call(t, "POST", "/echo/a%2Fb?x=1&x=2&y", header, []byte(`{"a":"é"}`))
	var got said
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s", body)
	}
	if resp.StatusCode != 201 || resp.Header.Get("Content-Type") != "application/json" || len(resp.Header.Values("Set-Cookie")) != 2 ||
		resp.Header.Get("X-Amzn-Remapped-Connection") != "close" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	e := got.Event
	if e.Version != "2.0" || e.RawPath != "/echo/a%2Fb" || e.RawQueryString != "x=1&x=2&y" || e.Body != `{"a":"é"}` || e.IsBase64Encoded ||
		e.Headers["x-many"] != "1,2" || e.Headers["content-type"] != "application/json" || e.Headers["connection"] != "" || !reflect.DeepEqual(e.Cookies, []string{"c=1", "d=2"}) ||
		e.QueryStringParameters["x"] != "1,2" || e.RequestContext.HTTP.Method != "POST" || e.RequestContext.HTTP.SourceIP != "127.0.0.1" ||
		!strings.HasSuffix(e.RequestContext.DomainName, ".lambda-url.eu-west-1.on.aws") || e.Headers["host"] != e.RequestContext.DomainName {
		t.Errorf("%+v", e)
	}
	ms, err := strconv.ParseInt(got.Deadline, 10, 64)
	if left := time.UnixMilli(ms).Sub(before); err != nil || left < 19*time.Second || left > 25*time.Second {
		t.Errorf("the deadline is in %s: %v", left, err)
	}
	if got.ARN != "arn:aws:lambda:eu-west-1:123456789012:function:f" || got.Memory != "256" || got.Key != "ASIA" {
		t.Errorf("%+v", got)
	}
}

func TestSwitchesSayWhichBodiesAreInBase64AndHowPathsLook(t *testing.T) {
	form := []byte("a=1&b=%20")
	for _, c := range []struct {
		base64, contentType string
		body                []byte
		encoded             bool
	}{
		{"type", "application/json", []byte(`{}`), false}, {"type", "text/plain; charset=utf-8", []byte("x"), false}, {"type", "application/problem+json", []byte("x"), false},
		{"type", "application/x-www-form-urlencoded", form, true}, {"type", "", form, true}, {"type", "application/json", []byte{'"', 0xff, '"'}, true},
		{"always", "application/json", []byte(`{}`), true}, {"utf8", "", form, false}, {"utf8", "", []byte{0xff}, true},
	} {
		p := &Platform{opt: Options{Now: time.Now, Switches: map[string]string{"base64": c.base64}}}
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Content-Type", c.contentType)
		e := p.event(r, &function{Function: Function{Name: "f"}}, c.body)
		want := string(c.body)
		if c.encoded {
			want = base64.StdEncoding.EncodeToString(c.body)
		}
		if e["isBase64Encoded"] != c.encoded || e["body"] != want {
			t.Errorf("%+v: %v %v", c, e["isBase64Encoded"], e["body"])
		}
	}
	p := &Platform{opt: Options{Now: time.Now, Switches: map[string]string{"path": "decoded"}}}
	if e := p.event(httptest.NewRequest("GET", "/a%20b", nil), &function{}, nil); e["rawPath"] != "/a b" || e["body"] != nil {
		t.Errorf("%v", e)
	}
	for _, wrong := range []map[string]string{{"base64": "sometimes"}, {"nothing": "x"}} {
		if CheckSwitches(wrong) == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}

func TestEnvironmentIsWarmFrozenBetweenAndWorksOnOneAtATime(t *testing.T) {
	p := started(t, Function{URL: true}, Options{})
	first := p.ask(t, "/x")
	await(t, "the environment to stand still", func() bool { s := p.Status(); return len(s.Processes) == 1 && s.Processes[0].Frozen })
	await(t, "the kernel to stop the process, which it does after the signal was sent", func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", first.PID))
		return err == nil && strings.Contains(string(state), ") T ")
	})
	if second := p.ask(t, "/x"); second.PID != first.PID {
		t.Errorf("%d then %d", first.PID, second.PID)
	}
	p.rest(t)
	pids := map[int]bool{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			got := p.ask(t, "/wait")
			mu.Lock()
			defer mu.Unlock()
			pids[got.PID] = true
		})
	}
	await(t, "all three to be at work", func() bool { return p.Status().Running == 3 })
	p.open(t)
	all.Wait()
	if len(pids) != 3 || !pids[first.PID] {
		t.Errorf("three calls at once went to %v, the first process is %d", pids, first.PID)
	}
	if times := p.InitTimes("f"); len(times) != 3 || times[0] <= 0 {
		t.Errorf("starts %v", times)
	}
}

func TestConcurrencyIsReserved(t *testing.T) {
	p := started(t, Function{URL: true, Reserved: 1}, Options{})
	var all sync.WaitGroup
	all.Go(func() { p.ask(t, "/wait") })
	await(t, "the first to be at work", func() bool { return p.Status().Running == 1 })
	if resp, body := p.call(t, "GET", "/x", nil, nil); resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(string(body), "Rate Exceeded") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	p.open(t)
	all.Wait()
	p.rest(t)
	p.ask(t, "/x")
}

func TestWhatGoesWrongIsA502AndTheNextCallIsServed(t *testing.T) {
	p := started(t, Function{URL: true, Timeout: time.Second}, Options{})
	for path, dies := range map[string]bool{"/crash": true, "/hang": true, "/fail": false, "/silent": false, "/nohead": false, "/oddhead": false} {
		p.rest(t)
		before := p.ask(t, "/x")
		p.rest(t)
		resp, body := p.call(t, "GET", path, nil, nil)
		p.rest(t)
		if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "Internal Server Error") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
		if after := p.ask(t, "/x"); (after.PID != before.PID) != dies {
			t.Errorf("%s: process %d, then %d", path, before.PID, after.PID)
		}
	}
	if !p.log.has("Task timed out after 1.00 seconds") {
		t.Error("nobody was told of the time-out")
	}
}

func TestAnswerThatBreaksOffIsSeen(t *testing.T) {
	p := started(t, Function{URL: true}, Options{})
	if _, body := p.call(t, "GET", "/breakoff", nil, nil); string(body) != "half…broken" {
		t.Errorf("%q", body)
	}
}

func TestAnswerIsThereBeforeTheFunctionIsDone(t *testing.T) {
	p := started(t, Function{URL: true}, Options{})
	resp, body := p.call(t, "GET", "/afterwards", nil, nil)
	if resp.StatusCode != 200 || string(body) != "done" || p.Status().Running != 1 {
		t.Errorf("%d %q, %d at work", resp.StatusCode, body, p.Status().Running)
	}
	p.open(t)
	p.rest(t)
}

func TestInvocationIsAnsweredOnce(t *testing.T) {
	p := started(t, Function{URL: true}, Options{})
	if _, body := p.call(t, "GET", "/twice", nil, nil); string(body) != "one" {
		t.Errorf("%q", body)
	}
	await(t, "both refusals", func() bool { return p.log.has("twice 400 400") })
}

func TestSizesAreLimited(t *testing.T) {
	p := started(t, Function{URL: true}, Options{})
	header := http.Header{"Content-Type": {"text/plain"}}
	if resp, _ := p.call(t, "POST", "/x", header, bytes.Repeat([]byte("x"), mostPayload+1)); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", resp.StatusCode)
	}
	if err := p.once(p.named("f"), &rule{Schedule: Schedule{Name: "s", Input: `{"do":"large"}`}}); err == nil || !strings.Contains(err.Error(), "ResponseSizeTooLarge") {
		t.Errorf("a large answer: %v", err)
	}
	await(t, "the runtime to hear of it", func() bool { return p.log.has("large 413") })
}

func TestStartThatFailsIsA502(t *testing.T) {
	for play, want := range map[string]string{"exit at once": "Runtime.ExitError", "refuse to start": "SYNC_ROLE is wrong"} {
		p := started(t, Function{URL: true, Environment: map[string]string{"PLAY": play}}, Options{})
		if resp, _ := p.call(t, "GET", "/x", nil, nil); resp.StatusCode != http.StatusBadGateway || !p.log.has(want) {
			t.Errorf("%s: %d", play, resp.StatusCode)
		}
	}
}

func TestKilledProcessIsAnEndedEnvironment(t *testing.T) {
	p := started(t, Function{URL: true}, Options{})
	first := p.ask(t, "/x")
	p.rest(t)
	p.Kill("f#1")
	if s := p.Status(); len(s.Processes) != 0 || s.Restarts != 1 {
		t.Errorf("%+v", s)
	}
	if next := p.ask(t, "/x"); next.PID == first.PID {
		t.Error("a dead process answered")
	}
}

func TestFunctionWithoutAURLIsNotReached(t *testing.T) {
	p := started(t, Function{}, Options{})
	if resp, _ := p.call(t, "GET", "/x", nil, nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	good := Function{Name: "f", Memory: 256, Timeout: time.Minute}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Function){
		"name":     func(f *Function) { f.Name = "a b" },
		"memory":   func(f *Function) { f.Memory = 64 },
		"timeout":  func(f *Function) { f.Timeout = 16 * time.Minute },
		"part":     func(f *Function) { f.Timeout = 1500 * time.Millisecond },
		"retries":  func(f *Function) { f.Retries = 3 },
		"age":      func(f *Function) { f.MaxAge = time.Second },
		"reserved": func(f *Function) { f.Environment = map[string]string{"AWS_REGION": "x"} },
		"variable": func(f *Function) { f.Environment = map[string]string{"AzureWebJobs.x.Disabled": "x"} },
		"large":    func(f *Function) { f.Environment = map[string]string{"LONG": strings.Repeat("x", 4<<10)} },
		"input":    func(f *Function) { f.Schedules = []Schedule{{Name: "s", Input: "x"}} },
	} {
		f := good
		if change(&f); f.Check() == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for _, expression := range []string{"", "rate(0 minutes)", "rate(1 minutes)", "rate(2 minute)", "cron(* * * * *)", "cron(* * * * * *)", "cron(61 * * * ? *)", "cron(0/0 * * * ? *)", "cron(0 12 * * ? 2027)", "at(2026-01-01)"} {
		if _, err := newRule(Schedule{Expression: expression}, time.Now()); err == nil {
			t.Errorf("%q was taken", expression)
		}
	}
}

// An invocation may end while the platform is stopping: its environment is neither idle nor at work at that moment.
func TestEnvironmentThatComesBackAfterTheEndIsEnded(t *testing.T) {
	p := started(t, Function{}, Options{})
	e, err := p.acquire(p.functions[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := e.init(); err != nil {
		t.Fatal(err)
	}
	p.cancel()
	p.Kill("")
	p.release(e, true)
	stopped := make(chan struct{})
	go func() { p.all.Wait(); close(stopped) }() // as Stop does
	await(t, "the end", func() bool {
		select {
		case <-stopped:
			return true
		default:
			return false
		}
	})
}
