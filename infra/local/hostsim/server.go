package hostsim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of the host's own server (Kestrel).
const (
	headLimit  = 32 << 10
	headLines  = 100
	bodyLimit  = 104857600
	idlePublic = 130 * time.Second
	drainTime  = 5 * time.Second // for a body that nobody wanted
	drainLimit = 1 << 20
)

// exchange answers one call and says whether the connection can go on. While the answer is worked out it
// watches for the caller leaving.
func (h *Host) exchange(c *call, w *rawReply, r *bufio.Reader, conn net.Conn) bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.ctx = ctx
	watched := make(chan struct{})
	var watchErr error
	watch := func() {
		defer close(watched)
		if _, watchErr = r.Peek(1); watchErr != nil && !timedOut(watchErr) {
			cancel()
		}
	}
	var body *watchedBody
	if c.body == nil {
		go watch()
	} else {
		body = &watchedBody{r: c.body, ended: watch, left: cancel, conn: conn, expects: c.minor > 0 && strings.EqualFold(c.header.get("Expect"), "100-continue")}
		c.body = body
	}
	w.unwatch = func() {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		<-watched
		_ = conn.SetReadDeadline(time.Time{})
	}
	h.serve(c, w)
	goesOn := w.finish()
	if body != nil && !body.drain() {
		return false
	}
	if w.taken {
		return false
	}
	w.unwatch()
	return goesOn && (watchErr == nil || timedOut(watchErr))
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// watchedBody starts the watch for the caller's leaving when the body has been read.
type watchedBody struct {
	mu      sync.Mutex // the proxy may still be reading when the rest is drained
	r       io.Reader
	conn    net.Conn
	expects bool
	done    bool
	ended   func()
	left    func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return 0, io.EOF
	}
	if b.expects {
		b.expects = false
		_, _ = io.WriteString(b.conn, "HTTP/1.1 100 Continue\r\n\r\n")
	}
	n, err := b.r.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.done = true
		go b.ended()
	case errors.Is(err, io.ErrUnexpectedEOF), isNetError(err):
		b.left()
	}
	return n, err
}

func isNetError(err error) bool {
	var ne net.Error
	return errors.As(err, &ne)
}

// drain reads away what nobody wanted and says whether the body's end was reached.
func (b *watchedBody) drain() bool {
	_ = b.conn.SetReadDeadline(time.Now().Add(drainTime))
	b.mu.Lock()
	done := b.done
	b.expects = false
	b.mu.Unlock()
	if done {
		return true
	}
	_, err := io.CopyN(io.Discard, b, drainLimit)
	return errors.Is(err, io.EOF)
}

// readCall parses one request. status != 0 is a refusal by the server itself.
func readCall(r *bufio.Reader, conn net.Conn) (c *call, status int, err error) {
	start, h, err := readHead(r, headLimit, headLines)
	c = &call{method: "GET", minor: 1, header: h, scheme: "http", remote: conn.RemoteAddr().String(), length: -1, ctx: context.Background()}
	switch {
	case errors.Is(err, errHeadTooLarge):
		return c, http.StatusRequestHeaderFieldsTooLarge, nil
	case errors.Is(err, errBadHead):
		return c, http.StatusBadRequest, nil
	case err != nil:
		return nil, 0, err
	}
	if _, ok := conn.(*tls.Conn); ok {
		c.scheme = "https"
	}
	if status = c.start(start); status != 0 {
		return c, status, nil
	}
	return c, c.frame(r), nil
}

func (c *call) start(line string) int {
	method, rest, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(rest, " ")
	if !isToken(method) || version != "HTTP/1.1" && version != "HTTP/1.0" || strings.ContainsFunc(target, func(r rune) bool { return r > 126 || r < 33 }) {
		return http.StatusBadRequest
	}
	c.method = method
	if up := strings.ToUpper(method); strings.Contains(" GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT ", " "+up+" ") {
		c.method = up
	}
	c.minor = int(version[len(version)-1] - '0')
	if c.method == "CONNECT" || c.minor > 0 && len(c.header.values("Host")) != 1 {
		return http.StatusBadRequest
	}
	c.host = c.header.get("Host")
	if _, after, absolute := strings.Cut(target, "://"); absolute && !strings.HasPrefix(target, "/") {
		_, path, _ := strings.Cut(after, "/")
		target = "/" + path
	}
	var hasQuery bool
	if c.path, c.query, hasQuery = strings.Cut(target, "?"); hasQuery {
		c.query = "?" + c.query
	}
	if target != "*" && !strings.HasPrefix(target, "/") {
		return http.StatusBadRequest
	}
	return 0
}

func (c *call) frame(r *bufio.Reader) int {
	n, err := contentLength(c.header)
	switch {
	case err != nil:
		return http.StatusBadRequest
	case c.header.has("Transfer-Encoding"):
		if !c.header.lists("Transfer-Encoding", "chunked") {
			return http.StatusBadRequest
		}
		for i := range c.header {
			if strings.EqualFold(c.header[i].name, "Content-Length") {
				c.header[i].name = "X-Content-Length" // Kestrel's way to defuse the pair
			}
		}
		c.body = newChunkedBody(r)
	case n > 0:
		c.body, c.length = &lengthBody{r: r, left: n}, n
	}
	return 0
}

// rawReply answers on the caller's connection.
type rawReply struct {
	conn    net.Conn
	r       *bufio.Reader
	call    *call
	close   bool // announce and do the end of the connection
	chunked bool
	bodied  bool
	failed  bool
	taken   bool
	pending []byte // the head, sent together with the first bytes
	unwatch func() // ends the watch for the caller's leaving
}

func (w *rawReply) head(status int, reason string, h fields) {
	bodied := w.call.method != http.MethodHead && (status < 100 || status >= 200) && status != 204 && status != 304
	keepsOpen := w.call.minor > 0 && !w.call.header.lists("Connection", "close") && !w.call.header.has("X-Content-Length") ||
		w.call.minor == 0 && w.call.header.lists("Connection", "keep-alive")
	switch {
	case status == http.StatusSwitchingProtocols:
	case h.lists("Connection", "close"):
		w.close = true
	case !keepsOpen:
		w.close = true
	}
	if bodied && !h.has("Content-Length") {
		if w.call.minor > 0 {
			w.chunked = true
			h = h.set("Transfer-Encoding", "chunked")
		} else {
			w.close = true
			h = h.without("Transfer-Encoding")
		}
	} else {
		h = h.without("Transfer-Encoding")
	}
	if w.close && !h.has("Connection") {
		h = append(h, field{"Connection", "close"})
	} else if w.call.minor == 0 && keepsOpen && !w.close && !h.has("Connection") {
		h = append(h, field{"Connection", "keep-alive"})
	}
	w.bodied = bodied
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + reason + "\r\n")
	h.write(&b)
	w.pending = b.Bytes()
}

func (w *rawReply) Write(p []byte) (int, error) {
	if !w.bodied || len(p) == 0 {
		return len(p), nil
	}
	out := w.pending
	w.pending = nil
	if w.chunked {
		out = append(out, strconv.FormatInt(int64(len(p)), 16)+"\r\n"...)
		out = append(append(out, p...), "\r\n"...)
	} else {
		out = append(out, p...)
	}
	if _, err := w.conn.Write(out); err != nil {
		w.failed = true
		return 0, err
	}
	return len(p), nil
}

func (w *rawReply) flush() {
	if len(w.pending) > 0 {
		if _, err := w.conn.Write(w.pending); err != nil {
			w.failed = true
		}
		w.pending = nil
	}
}

// finish ends the answer and says whether the connection can be used again.
func (w *rawReply) finish() bool {
	if w.taken || w.failed {
		return false
	}
	if w.chunked {
		w.pending = append(w.pending, "0\r\n\r\n"...)
	}
	w.flush()
	return !w.close && !w.failed
}

func (w *rawReply) broken() {
	w.failed = true
	if tcp, ok := w.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the caller sees a reset, as recorded
	}
	_ = w.conn.Close()
}

func (w *rawReply) raw() io.ReadWriteCloser {
	if w.call.body != nil {
		return nil // its rest is still on the wire
	}
	w.flush()
	w.taken = true
	w.unwatch()
	return &hijacked{Conn: w.conn, r: w.r}
}
