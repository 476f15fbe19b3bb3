package hostsim

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fiveProcesses is a package with two HTTP functions, a queue function and a timer, of two apps: each group of
// functions by itself, the queue function twice. All messages come from one queue.
func fiveProcesses(t *testing.T) (*Fleet, string, *fakeQueue) {
	t.Helper()
	return fiveProcessesAt(t, time.Now)
}

func fiveProcessesAt(t *testing.T, now func() time.Time) (*Fleet, string, *fakeQueue) {
	t.Helper()
	dir, settings := packaged(t, proxyFlag)
	for name, text := range map[string]string{
		"other/function.json": httpFunction("other/{*rest}", "anonymous", "http res"),
		"work/function.json":  `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"m","queueName":"work","connection":"Bus","isSessionsEnabled":true}]}`,
		"tick/function.json":  `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"0 0 3 * * *"}]}`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	member := func(name, of string, serves ...string) Member {
		own := map[string]string{"Bus": "Endpoint=sb://a/", "OF": of}
		for k, v := range settings {
			own[k] = v
		}
		for _, f := range []string{"web", "other", "work", "tick"} {
			if !slices.Contains(serves, f) {
				own["AzureWebJobs."+f+".Disabled"] = "true"
			}
		}
		return Member{Name: name, Settings: own}
	}
	q := newFakeQueue()
	f, err := StartFleet(t.Context(), Options{Dir: dir, Now: now, Log: testLog{t}, open: func(string, string, bool) (source, error) { return q, nil }},
		member("first#1", "one", "other"), member("http#1", "two", "web", "other"), member("work#1", "two", "work"), member("work#2", "two", "work"), member("tick#1", "two", "tick"))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = f.Serve(ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		f.Stop()
	})
	eventually(t, func() bool { return f.Status().State == StateRunning })
	return f, ln.Addr().String(), q
}

func TestFleetHasAProcessForEachMember(t *testing.T) {
	f, _, _ := fiveProcesses(t)
	s := f.Status()
	pids := map[int]bool{}
	var names []string
	for _, p := range s.Processes {
		pids[p.PID] = true
		names = append(names, p.Name)
	}
	if len(pids) != 5 || !slices.Equal(names, []string{"first#1", "http#1", "work#1", "work#2", "tick#1"}) || s.HandlerPID != s.Processes[0].PID {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.Functions, []string{"other", "tick", "web", "work"}) {
		t.Errorf("functions %v", s.Functions)
	}
	if all, err := f.Memory(); err != nil || len(all) != 5 || all[0].Now < 1<<20 || all[0].Peak < all[0].Now {
		t.Errorf("memory %+v %v", all, err)
	}
}

// One connection reaches several processes, call by call; of two that serve a path the later one answers.
func TestFrontRoutesByPath(t *testing.T) {
	f, addr, _ := fiveProcesses(t)
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for _, c := range []struct {
		path   string
		status int
	}{{"/api/web/x", 200}, {"/api/other/x", 200}, {"/api/nothing", 404}, {"/", 200}} {
		if _, err := io.WriteString(conn, "GET "+c.path+" HTTP/1.1\r\nHost: app.example\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if g := readAnswer(r, "GET"); g.status != c.status || g.err != nil {
			t.Errorf("%s: %d %v", c.path, g.status, g.err)
		}
	}
	eventually(t, func() bool { return len(f.journal.since(0)) == 2 })
	var by []string
	for _, e := range f.journal.since(0) {
		by = append(by, e.URL+" "+e.RequestHeaders[headerProcess])
	}
	if !slices.Equal(by, []string{"/web http#1", "/other http#1"}) {
		t.Errorf("%q", by)
	}
}

func TestKillByNameLeavesTheOthersAlone(t *testing.T) {
	f, _, _ := fiveProcesses(t)
	for name, dies := range map[string]int{"work#2": 3, "tick#1": 4, "web#1": 1, "other#1": 0, "other#2": 1, "": 0} {
		before := f.Status()
		if err := f.Kill(name); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool {
			s := f.Status()
			return s.State == StateRunning && s.Restarts == before.Restarts+1
		})
		for i, p := range f.Status().Processes {
			if died := p.PID != before.Processes[i].PID; died != (i == dies) {
				t.Errorf("kill %q: %s died is %v", name, p.Name, died)
			}
		}
	}
	for _, wrong := range []string{"work#3", "web#2", "nobody#1", "work"} {
		if err := f.Kill(wrong); err == nil || !strings.Contains(err.Error(), "first#1, http#1, work#1, work#2, tick#1") {
			t.Errorf("%s: %v does not list them", wrong, err)
		}
	}
}

func TestBothInstancesOfAQueueFunctionWork(t *testing.T) {
	f, _, q := fiveProcesses(t)
	const sessions = 12 // more than one process takes at a time
	for i := range sessions {
		q.send("session "+itoa(i), "message "+itoa(i))
	}
	eventually(t, func() bool { return len(f.journal.since(0)) == sessions })
	by := map[string]int{}
	for _, e := range f.journal.since(0) {
		by[e.RequestHeaders[headerProcess]]++
	}
	if by["work#1"] == 0 || by["work#2"] == 0 || by["work#1"]+by["work#2"] != sessions {
		t.Errorf("%v", by)
	}
}

func TestFleetsControlSpeaksOfAllProcesses(t *testing.T) {
	f, _, _ := fiveProcesses(t)
	mux := http.NewServeMux()
	f.MountControl(mux)
	ask := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	if code, body := ask("POST", "/trigger", `{"function":"tick"}`); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := ask("POST", "/trigger", `{"function":"work"}`); code != 400 || !strings.Contains(body, `[\"tick\"]`) {
		t.Errorf("%d %s", code, body)
	}
	if _, body := ask("GET", "/history", ""); !strings.Contains(body, `"url":"/tick"`) || !strings.Contains(body, `"process":"tick#1"`) {
		t.Errorf("history %s", body)
	}
	if _, body := ask("GET", "/status", ""); !strings.Contains(body, `{"name":"work#2","pid":`) {
		t.Errorf("status %s", body)
	}
}

func TestFleetIsAsItsWorstProcess(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	broken := map[string]string{"HOSTSIM_TEST_HANDLER": "1", "TEST_EXIT": "0"}
	f, err := StartFleet(t.Context(), Options{Dir: dir, Log: testLog{t}}, Member{Name: "good#1", Settings: settings}, Member{Name: "gone#1", Settings: broken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	eventually(t, func() bool { return f.hosts[0].Status().State == StateRunning })
	if s := f.Status(); s.State == StateRunning {
		t.Errorf("%+v", s)
	}
	if _, err := StartFleet(t.Context(), Options{Dir: dir}); err == nil {
		t.Error("a fleet of nobody")
	}
	_, err = StartFleet(t.Context(), Options{Dir: filepath.Join(dir, "nowhere")}, Member{Name: "lost#1"})
	if err == nil || !strings.Contains(err.Error(), "lost#1") {
		t.Errorf("%v does not name the process", err)
	}
}
