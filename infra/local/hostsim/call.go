package hostsim

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// call is one public HTTP request as it came in.
type call struct {
	method string
	path   string // as received, without the query
	query  string // with the leading "?", or empty
	minor  int    // HTTP/1.minor
	host   string
	scheme string
	remote string
	header fields    // every line, Host and framing included
	body   io.Reader // nil: none
	length int64     // announced length; -1: chunked or none

	ctx context.Context // ends when the caller leaves
}

func (c *call) chunked() bool { return c.body != nil && c.length < 0 }

// reply is the way back to the caller. head is called once; Write follows when the head promises a body.
type reply interface {
	io.Writer
	head(status int, reason string, h fields)
	flush()
	// broken cuts the connection so that the caller sees an incomplete answer.
	broken()
	// raw hands over the connection after a 101, nil when that is impossible.
	raw() io.ReadWriteCloser
}

// ServeHTTP is the public side of the host for Go's own server. Go's server has lost the spelling of the
// header names by then and refuses a few odd requests itself; Serve shows the recorded behaviour.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	if hasQuery {
		query = "?" + query
	}
	c := &call{
		method: r.Method, path: path, query: query, minor: r.ProtoMinor, host: r.Host, scheme: "http",
		remote: r.RemoteAddr, length: -1, ctx: r.Context(),
	}
	if r.TLS != nil {
		c.scheme = "https"
	}
	if r.ProtoMajor > 1 {
		c.minor = 1
	}
	c.header = append(c.header, field{"Host", r.Host})
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range r.Header[name] {
			c.header = append(c.header, field{name, v})
		}
	}
	switch {
	case len(r.TransferEncoding) > 0 || r.ContentLength < 0:
		c.body = r.Body
		c.header = append(c.header.without("Content-Length"), field{"Transfer-Encoding", "chunked"})
	case r.ContentLength > 0:
		c.body, c.length = r.Body, r.ContentLength
		c.header = c.header.set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	h.serve(c, &stdReply{w: w, r: r})
}

// stdReply answers through net/http.
type stdReply struct {
	w http.ResponseWriter
	r *http.Request
}

func (s *stdReply) head(status int, _ string, h fields) {
	s.w.Header()["Date"] = nil // the answer's own, or the one added below
	for _, f := range h {
		if !strings.EqualFold(f.name, "Transfer-Encoding") {
			s.w.Header().Add(f.name, f.value)
		}
	}
	if status < 200 || status > 999 {
		status = http.StatusInternalServerError
	}
	s.w.WriteHeader(status)
}

func (s *stdReply) Write(p []byte) (int, error) { return s.w.Write(p) }
func (s *stdReply) flush()                      { _ = http.NewResponseController(s.w).Flush() }
func (s *stdReply) broken()                     { panic(http.ErrAbortHandler) }

func (s *stdReply) raw() io.ReadWriteCloser {
	conn, rw, err := http.NewResponseController(s.w).Hijack()
	if err != nil {
		return nil
	}
	return &hijacked{Conn: conn, r: rw.Reader}
}

// hijacked reads what was buffered first.
type hijacked struct {
	net.Conn
	r io.Reader
}

func (h *hijacked) Read(p []byte) (int, error) { return h.r.Read(p) }

// bare answers without a body, as the host does for all its own refusals.
func bare(w reply, c *call, status int, more ...field) {
	h := fields{}
	if c.method != http.MethodHead {
		h = append(h, field{"Content-Length", "0"})
	}
	for _, f := range more {
		h = append(h, f)
	}
	w.head(status, http.StatusText(status), stamped(h))
	w.flush()
}

// stamped adds the lines that the host's own server puts on every answer.
func stamped(h fields) fields {
	if !h.has("Date") {
		h = append(h, field{"Date", time.Now().UTC().Format(http.TimeFormat)})
	}
	if !h.has("Server") {
		h = append(h, field{"Server", "Kestrel"})
	}
	return h
}

// captured keeps the first bytes that pass, for the history.
type captured struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const captureLimit = 64 << 10

func (c *captured) add(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := captureLimit - c.buf.Len(); room > 0 {
		c.buf.Write(p[:min(room, len(p))])
	}
}

// String is what passed so far.
func (c *captured) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// tee captures what is read.
type tee struct {
	r    io.Reader
	into *captured
}

func (t tee) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.into.add(p[:n])
	return n, err
}
