package hostsim

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// seen is one request as it reached the handler.
type seen struct {
	method, path string
	header       fields
	body         []byte
	framing      string // none, content-length or chunked
	conn         int
}

// recorder is a handler that writes down every request and answers as told, byte by byte.
type recorder struct {
	ln net.Listener

	mu     sync.Mutex
	all    []seen
	conns  int
	answer func(c net.Conn, r *bufio.Reader, s *seen) (goesOn bool)
	early  bool // answer before the body is read
	open   map[net.Conn]bool
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{ln: ln, open: map[net.Conn]bool{}}
	r.answerText("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nfine")
	go r.serve(ln)
	t.Cleanup(func() {
		_ = ln.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for c := range r.open {
			_ = c.Close()
		}
	})
	return r
}

// answerText makes the recorder answer every request with text; a HEAD gets the head only.
func (r *recorder) answerText(text string) {
	r.script(func(c net.Conn, _ *bufio.Reader, s *seen) bool {
		out := text
		if s.method == "HEAD" {
			out = text[:strings.Index(text, "\r\n\r\n")+4]
		}
		_, err := io.WriteString(c, out)
		return err == nil && !strings.HasPrefix(text, "HTTP/1.0")
	})
}

func (r *recorder) script(f func(net.Conn, *bufio.Reader, *seen) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer, r.all, r.conns, r.early = f, nil, 0, false
}

func (r *recorder) requests() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]seen{}, r.all...)
}

func (r *recorder) serve(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns++
		n := r.conns
		r.open[c] = true
		r.mu.Unlock()
		go func() {
			defer func() {
				_ = c.Close()
				r.mu.Lock()
				delete(r.open, c)
				r.mu.Unlock()
			}()
			br := bufio.NewReader(c)
			for r.one(c, br, n) {
			}
		}()
	}
}

func (r *recorder) one(c net.Conn, br *bufio.Reader, n int) bool {
	start, h, err := readHead(br, 1<<20, 0)
	if err != nil {
		return false
	}
	method, rest, _ := strings.Cut(start, " ")
	path, _, _ := strings.Cut(rest, " ")
	s := &seen{method: method, path: path, header: h, framing: "none", conn: n}
	r.mu.Lock()
	answer, early := r.answer, r.early
	r.mu.Unlock()
	if path == "/" && len(h) == 1 { // the probe
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	}
	if early {
		r.keep(*s)
		return answer(c, br, s)
	}
	length, _ := contentLength(h)
	switch {
	case h.lists("Transfer-Encoding", "chunked"):
		s.framing = "chunked"
		if s.body, err = io.ReadAll(newChunkedBody(br)); err != nil {
			s.framing = "head only"
		}
	case length >= 0:
		s.framing = "content-length"
		s.body, err = io.ReadAll(&lengthBody{r: br, left: length})
	}
	r.keep(*s)
	return err == nil && answer(c, br, s)
}

func (r *recorder) keep(s seen) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, s)
}

// steps plays a recorded answer: send, send_base64, sleep, close, rst.
func steps(list [][]any) func(net.Conn, *bufio.Reader, *seen) bool {
	return func(c net.Conn, _ *bufio.Reader, s *seen) bool {
		for _, step := range list {
			switch step[0] {
			case "send":
				if _, err := io.WriteString(c, step[1].(string)); err != nil {
					return false
				}
			case "send_base64":
				data, _ := base64.StdEncoding.DecodeString(step[1].(string))
				if _, err := c.Write(data); err != nil {
					return false
				}
			case "sleep":
				d, _ := step[1].(json.Number).Float64()
				<-time.After(time.Duration(d * float64(time.Second) / 10)) // ten times faster than recorded
			case "close":
				return false
			case "rst":
				_ = c.(*net.TCPConn).SetLinger(0)
				return false
			}
		}
		return true
	}
}

// attach starts a host in front of a recorder and serves its public side.
func attach(t *testing.T, rec *recorder, opt Options, files map[string]string) (*Host, string) {
	t.Helper()
	opt.Dir, opt.Attach, opt.Keys = folder(t, files), rec.ln.Addr().String(), recordedKeys
	return launch(t, opt)
}

func launch(t *testing.T, opt Options) (*Host, string) {
	t.Helper()
	if opt.Log == nil {
		opt.Log = testLog{t}
	}
	opt.StopGrace = time.Millisecond
	h, err := Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = h.Serve(ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		h.Stop()
	})
	return h, ln.Addr().String()
}

// testLog shows the host's lines with the test that fails.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	if l.t.Context().Err() == nil {
		l.t.Log(strings.TrimSpace(string(p)))
	}
	return len(p), nil
}

// got is an answer as the caller saw it.
type got struct {
	status  int
	reason  string
	header  fields
	body    []byte
	framing string
	err     error // the answer broke off
}

// exchangeRaw sends raw bytes and reads one answer.
func exchangeRaw(t *testing.T, addr string, raw []byte) got {
	t.Helper()
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	go func() { _, _ = conn.Write(raw) }()
	method, _, _ := strings.Cut(string(raw[:min(20, len(raw))]), " ")
	return readAnswer(bufio.NewReader(conn), method)
}

func readAnswer(r *bufio.Reader, method string) got {
	for {
		start, h, err := readHead(r, 1<<20, 0)
		if err != nil {
			return got{err: err}
		}
		_, rest, _ := strings.Cut(start, " ")
		code, reason, _ := strings.Cut(rest, " ")
		status, _ := strconv.Atoi(code)
		if status == 100 {
			continue
		}
		g := got{status: status, reason: reason, header: h, framing: "none"}
		n, _ := contentLength(h)
		switch {
		case h.lists("Transfer-Encoding", "chunked"):
			g.framing = "chunked"
		case n >= 0:
			g.framing = "content-length"
		}
		switch {
		case method == "HEAD" || status == 204 || status == 304 || status == 101:
		case g.framing == "chunked":
			g.body, g.err = io.ReadAll(newChunkedBody(r))
		case n >= 0:
			g.body, g.err = io.ReadAll(&lengthBody{r: r, left: n})
		default:
			g.body, g.err = io.ReadAll(r)
		}
		return g
	}
}
