package hostsim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary serve as the handler that the tests start.
func TestMain(m *testing.M) {
	if os.Getenv("HOSTSIM_TEST_HANDLER") != "" {
		testHandler()
		return
	}
	goleak.VerifyTestMain(m)
}

// testHandler is a handler whose behaviour the app settings choose.
func testHandler() {
	if f, err := os.OpenFile(os.Getenv("TEST_STARTS"), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644); err == nil {
		wd, _ := os.Getwd()
		fmt.Fprintf(f, "%d %s %s\n", os.Getpid(), wd, strings.Join(os.Args[1:], "|"))
		_ = f.Close()
	}
	fmt.Print(os.Getenv("TEST_STDOUT"))
	fmt.Fprint(os.Stderr, os.Getenv("TEST_STDERR"))
	if code := os.Getenv("TEST_EXIT"); code != "" {
		n, _ := strconv.Atoi(code)
		os.Exit(n)
	}
	if os.Getenv("TEST_DEAF") != "" {
		select {}
	}
	if ms, err := strconv.Atoi(os.Getenv("TEST_LATE_MS")); err == nil {
		<-time.After(time.Duration(ms) * time.Millisecond)
	}
	_ = http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), http.HandlerFunc(testAnswer))
}

func testAnswer(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, what, _ := strings.Cut(r.URL.Path, "/api/web/")
	switch name, arg, _ := strings.Cut(what, "-"); name {
	case "exit":
		n, _ := strconv.Atoi(arg)
		os.Exit(n)
	case "die":
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		select {}
	case "dieonce":
		if _, err := os.Stat(arg); err != nil {
			_ = os.WriteFile(os.Getenv("TEST_STARTS")+".died", nil, 0o644)
		}
		data, _ := os.ReadFile(os.Getenv("TEST_STARTS"))
		if bytes.Count(data, []byte("\n")) == 1 {
			p, _ := os.FindProcess(os.Getpid())
			_ = p.Kill()
			select {}
		}
		_, _ = io.WriteString(w, "second")
	case "hang":
		select {}
	case "stream":
		for range 1000 {
			if _, err := io.WriteString(w, "part"); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			<-time.After(20 * time.Millisecond)
		}
	case "slow":
		ms, _ := strconv.Atoi(arg)
		<-time.After(time.Duration(ms) * time.Millisecond)
		fmt.Fprint(w, os.Getpid())
	case "pid":
		fmt.Fprint(w, os.Getpid())
	case "env":
		_, _ = io.WriteString(w, strings.Join(os.Environ(), "\n"))
	default:
		if r.URL.Path == "/" {
			status, _ := strconv.Atoi(os.Getenv("TEST_PROBE"))
			if status == -1 {
				select {}
			}
			w.WriteHeader(max(status, 200))
			return
		}
		if ms, err := strconv.Atoi(os.Getenv("TEST_WORK_MS")); err == nil && r.URL.Path == "/work" {
			<-time.After(time.Duration(ms) * time.Millisecond)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}
}

// packaged writes an app whose handler is this test binary.
func packaged(t *testing.T, flags string) (dir string, settings map[string]string) {
	t.Helper()
	dir = folder(t, map[string]string{
		"host.json":         `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}` + flags + `}}`,
		"web/function.json": httpFunction("web/{*rest}", "anonymous", "http res"),
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "handler")); err != nil {
		t.Fatal(err)
	}
	return dir, map[string]string{"HOSTSIM_TEST_HANDLER": "1", "TEST_STARTS": filepath.Join(t.TempDir(), "starts")}
}

// lines keeps the log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func starts(t *testing.T, settings map[string]string) []string {
	t.Helper()
	data, err := os.ReadFile(settings["TEST_STARTS"])
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}
