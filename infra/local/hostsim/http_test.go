package hostsim

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// dial opens a connection of a caller and sends the text.
func dial(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestBodyWithLengthIsReadBeforeTheHandlerIsCalled(t *testing.T) {
	rec := newRecorder(t)
	h, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	conn := dial(t, addr, "POST /api/web/u HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabcd")
	eventually(t, func() bool { return h.Busy() == 1 })
	wait(t.Context(), 30*time.Millisecond)
	if n := len(rec.requests()); n != 0 {
		t.Error("the handler was called before the body was complete")
	}
	_, _ = io.WriteString(conn, "efgh")
	if g := readAnswer(bufio.NewReader(conn), "POST"); g.status != 200 || string(rec.requests()[0].body) != "abcdefgh" {
		t.Errorf("%d %q", g.status, rec.requests()[0].body)
	}
}

func TestCallerWhoLeavesInTheBodyNeverReachesTheHandler(t *testing.T) {
	rec := newRecorder(t)
	h, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	conn := dial(t, addr, "POST /api/web/u HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabcd")
	eventually(t, func() bool { return h.Busy() == 1 })
	_ = conn.Close()
	eventually(t, func() bool { return len(results(h)) == 1 })
	if r := results(h); r[0] != "Failed" || len(rec.requests()) != 0 {
		t.Errorf("%v, %d requests", r, len(rec.requests()))
	}
}

func TestChunkedBodyIsPassedOnWhileItComes(t *testing.T) {
	rec := newRecorder(t)
	heard := make(chan string, 1)
	rec.early = true
	rec.answer = func(c net.Conn, r *bufio.Reader, _ *seen) bool {
		buf := make([]byte, 4)
		_, _ = io.ReadFull(newChunkedBody(r), buf)
		heard <- string(buf)
		_, _ = io.WriteString(c, "HTTP/1.1 401 X\r\nContent-Length: 2\r\n\r\nno")
		return false
	}
	h, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	conn := dial(t, addr, "POST /api/web/u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
	if s := <-heard; s != "abcd" {
		t.Error(s)
	}
	if g := readAnswer(bufio.NewReader(conn), "POST"); g.status != 401 || string(g.body) != "no" {
		t.Errorf("an answer before the body is complete: %d %s", g.status, g.body)
	}
	eventually(t, func() bool { return len(results(h)) == 1 })
}

func TestCallerWhoLeavesIsSeenByTheHandlerAtOnce(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			rec := newRecorder(t)
			gone := make(chan struct{})
			rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
				_, _ = c.Read(make([]byte, 1))
				close(gone)
				return false
			})
			h, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
			raw := method + " /api/web/x HTTP/1.1\r\nHost: a\r\n"
			if method == "POST" {
				raw += "Content-Length: 2\r\n"
			}
			raw += "\r\n"
			if method == "POST" {
				raw += "{}"
			}
			conn := dial(t, addr, raw)
			eventually(t, func() bool { return len(rec.requests()) == 1 })
			_ = conn.Close()
			<-gone
			eventually(t, func() bool { return len(results(h)) == 1 })
			if r := results(h); r[0] != "Succeeded" {
				t.Errorf("%v, recorded: counted as succeeded", r)
			}
		})
	}
}

func TestCallerWhoLeavesIsNotSeenInForwardMode(t *testing.T) {
	rec := newRecorder(t)
	release := make(chan struct{})
	early := make(chan bool, 1)
	rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		early <- !isNetError(err)
		<-release
		_, _ = io.WriteString(c, emptyAnswer)
		return false
	})
	h, addr := attach(t, rec, Options{Mode: ModeForward}, recordedApp(forwardFlag))
	conn := dial(t, addr, "GET /api/web/x HTTP/1.1\r\nHost: a\r\n\r\n")
	eventually(t, func() bool { return len(rec.requests()) == 1 })
	_ = conn.Close()
	if <-early {
		t.Error("the handler's connection was closed")
	}
	close(release)
	eventually(t, func() bool { return slices.Equal(results(h), []string{"Succeeded"}) })
}

func TestAnswerStreamsAndItsHeadWaitsForTheFirstByte(t *testing.T) {
	rec := newRecorder(t)
	step := make(chan struct{})
	rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 3 {
			<-step
			_, _ = io.WriteString(c, "4\r\npart\r\n")
		}
		<-step
		_, _ = io.WriteString(c, "0\r\n\r\n")
		return true
	})
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	conn := dial(t, addr, "GET /api/web/x HTTP/1.1\r\nHost: a\r\n\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || !isNetError(err) {
		t.Error("the head came before the first byte of the body")
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	step <- struct{}{}
	r := bufio.NewReader(conn)
	if _, _, err := readHead(r, 1<<16, 0); err != nil {
		t.Fatal(err)
	}
	body := newChunkedBody(r)
	for i := range 3 {
		buf := make([]byte, 4)
		if _, err := io.ReadFull(body, buf); err != nil || string(buf) != "part" {
			t.Fatalf("piece %d: %q %v", i, buf, err)
		}
		if i < 2 {
			step <- struct{}{} // the next piece is only sent when this one has arrived
		}
	}
	step <- struct{}{}
	if rest, err := io.ReadAll(body); len(rest) > 0 || err != nil {
		t.Errorf("%q %v", rest, err)
	}
}

func TestAnswerBreaksOffAfterLongSilence(t *testing.T) {
	rec := newRecorder(t)
	rec.script(func(c net.Conn, _ *bufio.Reader, s *seen) bool {
		if strings.HasSuffix(s.path, "begun") {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
		}
		_, _ = c.Read(make([]byte, 1))
		return false
	})
	_, addr := attach(t, rec, Options{quiet: 100 * time.Millisecond}, recordedApp(proxyFlag))
	if g := get(t, addr, "silent"); g.status != 500 || len(rec.requests()) != 1 {
		t.Errorf("%d after %d requests, recorded: 500, not repeated", g.status, len(rec.requests()))
	}
	if g := get(t, addr, "begun"); g.status != 200 || g.err == nil {
		t.Errorf("%d %v, recorded: a cut answer", g.status, g.err)
	}
}

func TestClosedPortIsWaitedFor(t *testing.T) {
	rec := newRecorder(t)
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	if g := get(t, addr, "x"); g.status != 200 {
		t.Fatal(g.status)
	}
	port := rec.ln.Addr().String()
	_ = rec.ln.Close()
	rec.mu.Lock()
	for c := range rec.open {
		_ = c.Close()
	}
	rec.mu.Unlock()
	type outcome struct{ get, post got }
	answers := make(chan outcome, 1)
	go func() {
		var o outcome
		var both sync.WaitGroup
		both.Go(func() { o.get = get(t, addr, "x") })
		both.Go(func() { o.post = post(t, addr, "x") })
		both.Wait()
		answers <- o
	}()
	wait(t.Context(), 300*time.Millisecond)
	ln, err := net.Listen("tcp4", port)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go rec.serve(ln)
	if o := <-answers; o.get.status != 200 || o.post.status != 200 {
		t.Errorf("GET %d, POST %d", o.get.status, o.post.status)
	}
	_ = ln.Close()
	rec.mu.Lock()
	for c := range rec.open {
		_ = c.Close()
	}
	rec.mu.Unlock()
	began := time.Now()
	if g := get(t, addr, "x"); g.status != 500 || time.Since(began) < 1800*time.Millisecond {
		t.Errorf("closed for good: %d after %s, recorded 500 after 1.9 s", g.status, time.Since(began))
	}
}

func TestConnectionsToTheHandlerAreReusedAndNotShared(t *testing.T) {
	rec := newRecorder(t)
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	for range 10 {
		get(t, addr, "x")
	}
	conns := map[int]bool{}
	for _, s := range rec.requests() {
		conns[s.conn] = true
	}
	if len(conns) != 1 {
		t.Errorf("ten calls in turn used %d connections, recorded 1", len(conns))
	}
	release, inside := make(chan struct{}), make(chan struct{}, 100)
	rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
		inside <- struct{}{}
		<-release
		_, err := io.WriteString(c, emptyAnswer)
		return err == nil
	})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if g := get(t, addr, "x"); g.status != 200 {
				t.Errorf("status %d", g.status)
			}
		})
	}
	for range 100 {
		<-inside
	}
	close(release)
	all.Wait()
}

func TestIdleConnectionClosedByTheHandlerDoesNoHarm(t *testing.T) {
	rec := newRecorder(t)
	closed := make(chan struct{}, 2)
	rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
		_, _ = io.WriteString(c, emptyAnswer)
		go func() { _ = c.Close(); closed <- struct{}{} }()
		return false
	})
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	for range 2 {
		if g := post(t, addr, "x"); g.status != 200 {
			t.Errorf("status %d", g.status)
		}
		<-closed
	}
	if n := len(rec.requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestChunkedPostIsNotRepeated(t *testing.T) {
	rec := newRecorder(t)
	rec.script(func(net.Conn, *bufio.Reader, *seen) bool { return false })
	_, addr := attach(t, rec, Options{pace: 50 * time.Microsecond}, recordedApp(proxyFlag))
	raw := "POST /api/web/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n\r\n"
	if g := exchangeRaw(t, addr, []byte(raw)); g.status != 500 || len(rec.requests()) != 1 {
		t.Errorf("%d after %d requests", g.status, len(rec.requests()))
	}
}

func TestPublicConnectionIsUsedAgain(t *testing.T) {
	rec := newRecorder(t)
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	conn := dial(t, addr, "GET /api/web/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /api/web/2 HTTP/1.1\r\nHost: a\r\n\r\n")
	r := bufio.NewReader(conn)
	for range 2 {
		if g := readAnswer(r, "GET"); g.status != 200 {
			t.Fatalf("%+v", g)
		}
	}
	_, _ = io.WriteString(conn, "POST /api/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /api/web/3 HTTP/1.1\r\nHost: a\r\n\r\n")
	if g := readAnswer(r, "POST"); g.status != 404 {
		t.Fatalf("%+v", g)
	}
	if g := readAnswer(r, "GET"); g.status != 200 || len(rec.requests()) != 3 {
		t.Fatalf("%+v", g)
	}
}

func TestServeHTTPGoesTheSameWay(t *testing.T) {
	for mode, flags := range map[string]string{ModeProxy: proxyFlag + forwardFlag, ModeForward: proxyFlag + forwardFlag} {
		rec := newRecorder(t)
		h, _ := attach(t, rec, Options{Mode: mode}, recordedApp(flags))
		server := httptest.NewTLSServer(h)
		defer server.Close()
		resp, err := server.Client().Post(server.URL+"/api/web/a%2Fb?x=1", "application/json", strings.NewReader(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		s := rec.requests()[0]
		if resp.StatusCode != http.StatusOK || string(body) != "fine" || string(s.body) != `{"a":1}` || s.framing != "content-length" {
			t.Errorf("%s: %d %s, %s %s", mode, resp.StatusCode, body, s.framing, s.body)
		}
		if mode == ModeProxy && (s.header.get("X-Forwarded-Proto") != "https" || s.path != "/api/web/a%252Fb?x=1") {
			t.Errorf("%s %v", s.path, s.header)
		}
	}
}
