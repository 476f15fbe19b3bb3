package funchost

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen starts the server under test and gives its address and what ends it.
func listen(t *testing.T, h http.Handler, parent func() int) (addr string, stop context.CancelFunc, result <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, h, l, parent) }()
	return l.Addr().String(), cancel, done
}

func TestServerEndsWithItsContextAndLetsCallsFinish(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		Answer(w, http.StatusOK, struct{}{})
	})
	addr, stop, result := listen(t, h, os.Getppid)
	answered := make(chan error, 1)
	go func() {
		res, err := http.Get("http://" + addr + "/")
		if err == nil {
			_ = res.Body.Close()
		}
		answered <- err
	}()
	<-entered
	stop()
	close(leave)
	if err := <-answered; err != nil {
		t.Errorf("the running call was cut: %v", err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestOrphanEndsItself(t *testing.T) {
	var parent atomic.Int64
	parent.Store(4711)
	asked := make(chan struct{})
	_, stop, result := listen(t, http.NotFoundHandler(), func() int {
		select {
		case <-asked:
		default:
			close(asked)
		}
		return int(parent.Load())
	})
	defer stop()
	<-asked
	parent.Store(1)
	if err := <-result; !errors.Is(err, ErrOrphan) {
		t.Errorf("ended with %v", err)
	}
}

func TestPortInUseIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := Serve(t.Context(), http.NotFoundHandler(), port, func() {}); err == nil || !strings.Contains(err.Error(), port) {
		t.Errorf("error %v", err)
	}
}

// raw sends bytes as they are and gives the status line.
func raw(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, text)
	_ = c.(*net.TCPConn).CloseWrite()
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line)
}

func TestBrokenRequestsAreRefusedAtTheListener(t *testing.T) {
	called := false
	h := NewServer([]Function{httpFunction(func(w http.ResponseWriter, _ *http.Request) {
		called = true
		Answer(w, http.StatusOK, struct{}{})
	})}, nil, Options{})
	addr, stop, result := listen(t, h, os.Getppid)
	for name, c := range map[string]struct{ request, status string }{
		"two lengths":        {"POST /api/crmwebhook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400"},
		"negative length":    {"POST /api/crmwebhook HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}", "400"},
		"less than promised": {"POST /api/crmwebhook HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{}", "400"},
		"64 KB header":       {"GET /api/crmwebhook HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "431"},
		"expects a go-ahead": {"POST /api/crmwebhook HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n", "413"},
		"endless chunks":     {"POST /api/crmwebhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("4000\r\n"+strings.Repeat("x", 0x4000)+"\r\n", 5), "413"},
	} {
		if line := raw(t, addr, c.request); !strings.Contains(line, " "+c.status+" ") {
			t.Errorf("%s: %q, want %s", name, line, c.status)
		}
	}
	if called {
		t.Error("the function was called")
	}
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// With a length and chunks in one request nobody can tell where it ends: after the refusal nothing more of
// the connection may be taken for a request.
func TestWhatFollowsARefusedChunkedRequestIsNotServed(t *testing.T) {
	h := NewServer([]Function{httpFunction(func(w http.ResponseWriter, _ *http.Request) { Refuse(w, http.StatusBadRequest, "no") })}, nil, Options{})
	addr, stop, result := listen(t, h, os.Getppid)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, "POST /api/crmwebhook HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"+
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c)
	if n := strings.Count(string(all), "HTTP/1.1 "); err != nil || n != 1 || !strings.HasPrefix(string(all), "HTTP/1.1 400 ") {
		t.Errorf("%d answers, %v: %q", n, err, all)
	}
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestWorkBesideBeginsOnceTheFirstCallIsAnswered(t *testing.T) {
	began := make(chan struct{}, 2)
	answered := false
	h := afterTheFirst(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if len(began) > 0 {
			t.Error("it began before the first answer")
		}
		answered = true
		w.WriteHeader(http.StatusOK)
	}), func() { began <- struct{}{} })
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	<-began
	if !answered {
		t.Error("nobody answered")
	}
}

func TestWorkBesideBeginsOnce(t *testing.T) {
	began := make(chan struct{}, 2)
	h := afterTheFirst(http.NotFoundHandler(), func() { began <- struct{}{} })
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	<-began
	if len(began) > 0 {
		t.Error("it began again")
	}
}
