package hostsim

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func get(t *testing.T, addr, what string) got {
	t.Helper()
	return exchangeRaw(t, addr, []byte("GET /api/web/"+what+" HTTP/1.1\r\nHost: app.example\r\n\r\n"))
}

func post(t *testing.T, addr, what string) got {
	t.Helper()
	return exchangeRaw(t, addr, []byte("POST /api/web/"+what+" HTTP/1.1\r\nHost: app.example\r\nContent-Length: 2\r\n\r\n{}"))
}

func state(h *Host, want string) func() bool {
	return func() bool { return h.Status().State == want }
}

func TestHandlerInheritsSettingsAndGetsTheHostsOwnVariables(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	settings["APP_SETTING"] = "x y"
	h, addr := launch(t, Options{Dir: dir, Settings: settings})
	env := strings.Split(string(get(t, addr, "env").body), "\n")
	value := func(name string) string {
		i := slices.IndexFunc(env, func(l string) bool { return strings.HasPrefix(l, name+"=") })
		if i < 0 {
			t.Fatalf("%s is not set", name)
		}
		return env[i][len(name)+1:]
	}
	if value("APP_SETTING") != "x y" || value("FUNCTIONS_APP_ROOT_PATH") != dir {
		t.Error("settings or app root are not as given")
	}
	if p := value("FUNCTIONS_CUSTOMHANDLER_PORT"); p != value("FUNCTIONS_HTTPWORKER_PORT") || p == "" {
		t.Errorf("ports %s and %s", p, value("FUNCTIONS_HTTPWORKER_PORT"))
	}
	if id := value("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"); !guid.MatchString(id) || id != value("FUNCTIONS_HTTPWORKER_ID") {
		t.Errorf("worker ids %s and %s", id, value("FUNCTIONS_HTTPWORKER_ID"))
	}
	if s := h.Status(); s.HandlerPID == 0 || s.State != StateRunning || h.ReadyIn() <= 0 {
		t.Errorf("status %+v, ready in %s", s, h.ReadyIn())
	}
	if now, peak, err := h.HandlerRSS(); err != nil || now < 1<<20 || peak < now {
		t.Errorf("memory %d, peak %d, %v", now, peak, err)
	}
}

// Between the look for a free port and the start of the handler another program may take the port, and answers the probe.
func TestAHandlerWhosePortIsTakenGetsAnother(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	ports := []string{strings.TrimPrefix(other.URL, "http://127.0.0.1:")}
	dir, settings := packaged(t, proxyFlag)
	h, addr := launch(t, Options{Dir: dir, Settings: settings, port: func() (port string, err error) {
		if len(ports) == 0 {
			return FreePort()
		}
		port, ports = ports[0], nil
		return port, nil
	}})
	eventually(t, func() bool { return len(starts(t, settings)) == 2 && h.Status().State == StateRunning })
	if env := string(get(t, addr, "env").body); !strings.Contains(env, "FUNCTIONS_CUSTOMHANDLER_PORT=") {
		t.Errorf("the other program answered: %q", env)
	}
}

func TestProbeCarriesOnlyAHostHeader(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	heard := make(chan string, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		buf := make([]byte, 4096)
		n, _ := c.Read(buf)
		heard <- string(buf[:n])
	}()
	launch(t, Options{Dir: folder(t, recordedApp("")), Attach: ln.Addr().String()})
	if want, have := "GET / HTTP/1.1\r\nHost: "+ln.Addr().String()+"\r\n\r\n", <-heard; have != want {
		t.Errorf("probe %q, recorded %q", have, want)
	}
}

func TestAnyProbeStatusIsReady(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	settings["TEST_PROBE"] = "500"
	_, addr := launch(t, Options{Dir: dir, Settings: settings})
	if g := get(t, addr, "x"); g.status != 200 {
		t.Errorf("status %d", g.status)
	}
}

func TestPublicCallsWaitWhileTheHandlerStarts(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	settings["TEST_LATE_MS"] = "300"
	_, addr := launch(t, Options{Dir: dir, Settings: settings})
	if g := get(t, addr, "x"); g.status != 200 {
		t.Errorf("status %d", g.status)
	}
}

func TestHangingProbeIsNeverGivenUp(t *testing.T) {
	t.Parallel()
	dir, settings := packaged(t, proxyFlag)
	settings["TEST_PROBE"] = "-1"
	const limit = 3 * time.Second // a handler listens after a twentieth of a second, on a busy machine much later
	h, _ := launch(t, Options{Dir: dir, Settings: settings, InitializationTimeout: limit})
	eventually(t, func() bool { return starts(t, settings)[0] != "" })
	wait(t.Context(), limit+limit/4)
	if n := len(starts(t, settings)); n != 1 || h.Status().State != StateStarting {
		t.Errorf("%d starts, %+v", n, h.Status())
	}
}

func TestHandlerThatNeverListensIsKilledAfterInitializationTimeout(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	settings["TEST_DEAF"] = "1"
	h, _ := launch(t, Options{Dir: dir, Settings: settings, InitializationTimeout: time.Second, PlatformRestart: time.Hour})
	eventually(t, state(h, StateDown))
	if n := len(starts(t, settings)); n != 3 {
		t.Errorf("%d starts before the host shut down, recorded 3", n)
	}
}

func TestExitBeforeReadiness(t *testing.T) {
	for _, c := range []struct {
		code   string
		starts int
		state  string
	}{{"1", 3, StateDown}, {"137", 3, StateDown}, {"0", 3, StateDown}} {
		t.Run("code "+c.code, func(t *testing.T) {
			t.Parallel()
			dir, settings := packaged(t, proxyFlag)
			settings["TEST_EXIT"] = c.code
			h, _ := launch(t, Options{Dir: dir, Settings: settings, InitializationTimeout: 2 * time.Second, PlatformRestart: time.Hour})
			eventually(t, state(h, c.state))
			if n := len(starts(t, settings)); n != c.starts {
				t.Errorf("%d starts, recorded %d", n, c.starts)
			}
		})
	}
	t.Run("code 200 is restarted without limit", func(t *testing.T) {
		dir, settings := packaged(t, proxyFlag)
		settings["TEST_EXIT"] = "200"
		launch(t, Options{Dir: dir, Settings: settings, InitializationTimeout: time.Hour})
		eventually(t, func() bool { return len(starts(t, settings)) > 5 })
	})
}

func TestExitZeroAfterReadinessIsNotRestarted(t *testing.T) {
	dir, settings := packaged(t, forwardFlag)
	h, addr := launch(t, Options{Dir: dir, Settings: settings, Mode: ModeForward})
	if g := get(t, addr, "exit-0"); g.status != 500 {
		t.Errorf("status %d", g.status)
	}
	eventually(t, state(h, StateExited))
	if g := get(t, addr, "x"); g.status != 500 || len(starts(t, settings)) != 1 {
		t.Errorf("status %d, %d starts", g.status, len(starts(t, settings)))
	}
}

func TestThirdCrashShutsTheHostDownAndThePlatformStartsItAgain(t *testing.T) {
	dir, settings := packaged(t, forwardFlag)
	log := &lines{}
	h, addr := launch(t, Options{Dir: dir, Settings: settings, Mode: ModeForward, Log: log, PlatformRestart: 50 * time.Millisecond})
	for i := range 3 {
		if g := post(t, addr, "exit-1"); g.status != 500 {
			t.Fatalf("crash %d: status %d", i, g.status)
		}
		eventually(t, func() bool { return len(starts(t, settings)) > i+1 })
		eventually(t, state(h, StateRunning))
	}
	if n := strings.Count(log.String(), "The host shut down"); n != 1 {
		t.Errorf("the host shut down %d times", n)
	}
	if g := get(t, addr, "x"); g.status != 200 || h.Status().Restarts != 3 {
		t.Errorf("status %d, %+v", g.status, h.Status())
	}
}

func TestCrashCountStartsAgainAfterHalfAnHour(t *testing.T) {
	dir, settings := packaged(t, forwardFlag)
	var mu sync.Mutex
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	log := &lines{}
	h, addr := launch(t, Options{Dir: dir, Settings: settings, Mode: ModeForward, Log: log, Now: clock})
	for i := range 5 {
		eventually(t, state(h, StateRunning))
		post(t, addr, "exit-1")
		eventually(t, func() bool { return len(starts(t, settings)) > i+1 })
		mu.Lock()
		now = now.Add(31 * time.Minute)
		mu.Unlock()
	}
	if strings.Contains(log.String(), "shut down") {
		t.Error("the host shut down although the crashes lie more than 30 minutes apart")
	}
}

func TestExit200IsRestartedWithoutLimit(t *testing.T) {
	dir, settings := packaged(t, forwardFlag)
	h, addr := launch(t, Options{Dir: dir, Settings: settings, Mode: ModeForward, PlatformRestart: time.Hour})
	for i := range 4 {
		eventually(t, state(h, StateRunning))
		post(t, addr, "exit-200")
		eventually(t, func() bool { return len(starts(t, settings)) > i+1 })
	}
	eventually(t, state(h, StateRunning))
}

func TestGetIsSentAgainToTheNextProcessAndPostIsNot(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	_, addr := launch(t, Options{Dir: dir, Settings: settings})
	if g := get(t, addr, "dieonce"); g.status != 200 || string(g.body) != "second" {
		t.Errorf("GET: %d %s", g.status, g.body)
	}
	dir, settings = packaged(t, proxyFlag)
	_, addr = launch(t, Options{Dir: dir, Settings: settings})
	if g := post(t, addr, "dieonce"); g.status != 500 {
		t.Errorf("POST: %d %s", g.status, g.body)
	}
}

func TestGetThatKillsEveryProcessShutsTheHostDown(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	h, addr := launch(t, Options{Dir: dir, Settings: settings, PlatformRestart: time.Hour})
	if g := get(t, addr, "die"); g.status != 500 || g.header.get("Connection") != "close" {
		t.Errorf("%d %v", g.status, g.header)
	}
	eventually(t, state(h, StateDown))
	if n := len(starts(t, settings)); n != 3 {
		t.Errorf("%d processes died, recorded 3", n)
	}
	if g := get(t, addr, "x"); g.status != 503 {
		t.Errorf("while the host is down: %d", g.status)
	}
}

func TestFunctionTimeoutKillsTheProcessAndEveryRunningInvocation(t *testing.T) {
	dir, settings := packaged(t, forwardFlag)
	h, addr := launch(t, Options{Dir: dir, Settings: settings, Mode: ModeForward, FunctionTimeout: time.Second, TimeoutGrace: 50 * time.Millisecond})
	eventually(t, state(h, StateRunning))
	pid := h.Status().HandlerPID
	answers := make(chan got, 2)
	go func() { answers <- post(t, addr, "hang") }()
	eventually(t, func() bool { return h.Busy() == 1 })
	wait(t.Context(), 400*time.Millisecond)
	go func() { answers <- post(t, addr, "hang") }() // its own time is not up when the first one's is
	for range 2 {
		if g := <-answers; g.status != 500 {
			t.Errorf("status %d", g.status)
		}
	}
	eventually(t, func() bool { s := h.Status(); return s.State == StateRunning && s.HandlerPID != pid })
	if g := get(t, addr, "x"); g.status != 200 {
		t.Errorf("afterwards: status %d", g.status)
	}
	for range 3 {
		post(t, addr, "hang")
	}
	eventually(t, state(h, StateRunning))
}

func TestFunctionTimeoutCutsAStreamingAnswer(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	_, addr := launch(t, Options{Dir: dir, Settings: settings, FunctionTimeout: time.Second, TimeoutGrace: 10 * time.Millisecond})
	if g := get(t, addr, "stream"); g.status != 200 || g.err == nil {
		t.Errorf("%d %v", g.status, g.err)
	}
}

func TestKillIsACrash(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	h, _ := launch(t, Options{Dir: dir, Settings: settings})
	eventually(t, state(h, StateRunning))
	pid := h.Status().HandlerPID
	h.Kill()
	eventually(t, func() bool { s := h.Status(); return s.State == StateRunning && s.HandlerPID != pid && s.Restarts == 1 })
}

func TestHandlerThatCannotBeStartedLeavesCallersWaiting(t *testing.T) {
	for name, spoil := range map[string]func(file string) error{
		"missing":     os.Remove,
		"no exec bit": func(f string) error { _ = os.Remove(f); return os.WriteFile(f, []byte("x"), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, settings := packaged(t, proxyFlag)
			if err := spoil(filepath.Join(dir, "handler")); err != nil {
				t.Fatal(err)
			}
			log := &lines{}
			h, addr := launch(t, Options{Dir: dir, Settings: settings, Log: log})
			eventually(t, state(h, StateBroken))
			conn, err := net.Dial("tcp4", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "GET /api/web/x HTTP/1.1\r\nHost: a\r\n\r\n")
			_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			if n, err := conn.Read(make([]byte, 1)); n > 0 || !isNetError(err) {
				t.Errorf("the caller got an answer or an end (%v), recorded: nothing", err)
			}
			if s := h.Status(); !strings.Contains(s.Problem, "handler") || !strings.Contains(log.String(), "mode 755") {
				t.Errorf("problem %q, log %s", s.Problem, log)
			}
		})
	}
}

func TestArgumentsAndWorkingDirectory(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	settings["APP_ARG"] = "argval"
	if err := os.MkdirAll(filepath.Join(dir, "sub/dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	host := `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler","workingDirectory":"sub/dir",
		"arguments":["a b","%APP_ARG%","pre%APP_ARG%post","%NOT_SET_ANYWHERE%","x%NOT_SET%y","--q=\"z w\"","100%","%%"]}}}`
	if err := os.WriteFile(filepath.Join(dir, "host.json"), []byte(host), 0o644); err != nil {
		t.Fatal(err)
	}
	launch(t, Options{Dir: dir, Settings: settings})
	eventually(t, func() bool { return starts(t, settings)[0] != "" })
	_, rest, _ := strings.Cut(starts(t, settings)[0], " ")
	if want := filepath.Join(dir, "sub/dir") + " a|b|argval|preargvalpost|xy|--q=z w|100%"; rest != want {
		t.Errorf("started as %q, recorded %q", rest, want)
	}
}

func TestLinesOfTheHandlerGetTheHostsLevels(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	long := strings.Repeat("L", 9000)
	settings["TEST_STDOUT"] = "plain out\nWARN something\nerror: bad\n   leading spaces\n\nunicode é😀\n" + long + "\n"
	settings["TEST_STDERR"] = "plain err\nWarning: careful\nlowercase warn here\n   at stack line\n"
	log := &lines{}
	h, _ := launch(t, Options{Dir: dir, Settings: settings, Log: log})
	eventually(t, state(h, StateRunning))
	want := []string{
		"[Information] plain out", "[Information] WARN something", "[Information] error: bad", "[Information]    leading spaces",
		"[Information] unicode é😀", "[Information] " + long, "[Error] plain err", "[Warning] Warning: careful",
		"[Warning] lowercase warn here", "[Error]    at stack line",
	}
	eventually(t, func() bool {
		return strings.Count(log.String(), "\n[Information]") >= 6 && strings.Contains(log.String(), "at stack line")
	})
	have := strings.Split(log.String(), "\n")
	for _, w := range want {
		if !slices.Contains(have, w) {
			t.Errorf("no line %.60q", w)
		}
	}
	if slices.Contains(have, "[Information] ") {
		t.Error("an empty line was logged")
	}
}

func TestStopKillsTheHandler(t *testing.T) {
	dir, settings := packaged(t, proxyFlag)
	h, err := Start(context.Background(), Options{Dir: dir, Settings: settings, StopGrace: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, state(h, StateRunning))
	pid := h.Status().HandlerPID
	h.Stop()
	if _, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid))); err == nil || h.Status().State != StateStopped {
		t.Errorf("process %d is still there (%v), state %s", pid, err, h.Status().State)
	}
}
