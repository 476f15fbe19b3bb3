package hostsim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// upstream speaks HTTP/1.1 with the handler. It is written out because the recordings count requests and
// connections, and net/http's own repeats, header rules and framing differ from .NET's.
type upstream struct {
	addr string

	mu   sync.Mutex
	idle []*handlerConn
	gone bool
}

type handlerConn struct {
	net.Conn
	r *bufio.Reader
}

// outgoing is one request to the handler; header holds every line, Host and framing included.
type outgoing struct {
	method, target string
	header         fields
	body           io.Reader // nil: none
	chunked        bool
	content        bool          // the caller sent content or content headers, even if empty
	quiet          time.Duration // longest silence of the handler; 0 = any
	begun          atomic.Bool   // the body was begun: the request cannot be repeated
}

// incoming is the handler's answer. Close must be called.
type incoming struct {
	status  int
	reason  string
	header  fields
	body    io.Reader // nil: none
	length  int64     // of body; -1 unknown
	chunked bool
	conn    *handlerConn

	up      *upstream
	reuse   bool
	ended   bool
	closed  bool
	sent    chan error // the request body is written
	release func() bool
	quiet   time.Duration
}

// How a request can end without an answer head.
var (
	errRefused = errors.New("connection refused")
	errClosed  = errors.New("the handler closed the connection without an answer")
	errGarbled = errors.New("the handler's answer is not HTTP")
)

const answerHeadLimit = 64 << 10

// alive says whether an idle connection is still open and silent.
func (c *handlerConn) alive() bool {
	raw, err := c.Conn.(*net.TCPConn).SyscallConn()
	if err != nil || c.r.Buffered() > 0 {
		return false
	}
	open := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:])
		open = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && open
}

func (u *upstream) connect(ctx context.Context) (*handlerConn, error) {
	u.mu.Lock()
	for len(u.idle) > 0 {
		c := u.idle[len(u.idle)-1]
		u.idle = u.idle[:len(u.idle)-1]
		if c.alive() {
			u.mu.Unlock()
			return c, nil
		}
		_ = c.Close()
	}
	u.mu.Unlock()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp4", u.addr)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w (%s)", errRefused, u.addr)
	}
	return &handlerConn{Conn: conn, r: bufio.NewReaderSize(conn, 8<<10)}, nil
}

func (u *upstream) keep(c *handlerConn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone || len(u.idle) >= 256 {
		_ = c.Close()
		return
	}
	_ = c.SetDeadline(time.Time{})
	u.idle = append(u.idle, c)
}

// close ends all idle connections; running calls keep theirs.
func (u *upstream) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = true
	for _, c := range u.idle {
		_ = c.Close()
	}
	u.idle = nil
}

// send makes one request. Like .NET's client it repeats a request without content up to three times when
// the handler closes the connection before the first byte of an answer.
func (u *upstream) send(ctx context.Context, out *outgoing) (*incoming, error) {
	for try := 1; ; try++ {
		in, err := u.once(ctx, out)
		if !errors.Is(err, errClosed) || out.content || try == 4 {
			return in, err
		}
	}
}

func (u *upstream) once(ctx context.Context, out *outgoing) (*incoming, error) {
	conn, err := u.connect(ctx)
	if err != nil {
		return nil, err
	}
	in := &incoming{conn: conn, up: u, quiet: out.quiet, sent: make(chan error, 1)}
	in.release = context.AfterFunc(ctx, func() { _ = conn.Close() })
	var head bytes.Buffer
	head.WriteString(out.method + " " + out.target + " HTTP/1.1\r\n")
	out.header.write(&head)
	goAhead := make(chan struct{})
	waits := out.body != nil && strings.EqualFold(out.header.get("Expect"), "100-continue")
	if !waits {
		close(goAhead)
	}
	if _, err := conn.Write(head.Bytes()); err == nil && out.body != nil {
		go func() { in.sent <- writeBody(conn, out, goAhead) }()
	} else {
		in.sent <- err
	}
	if err := in.readHead(out.method, goAhead, waits); err != nil {
		in.reuse = false
		in.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return in, nil
}

func writeBody(conn net.Conn, out *outgoing, goAhead <-chan struct{}) error {
	select {
	case <-goAhead:
	case <-time.After(time.Second): // as long as .NET waits for "100 Continue"
	}
	out.begun.Store(true)
	if !out.chunked {
		_, err := io.Copy(conn, out.body)
		return err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := out.body.Read(buf)
		if n > 0 {
			chunk := append([]byte(strconv.FormatInt(int64(n), 16)+"\r\n"), buf[:n]...)
			if _, werr := conn.Write(append(chunk, '\r', '\n')); werr != nil {
				return werr
			}
		}
		if errors.Is(err, io.EOF) {
			_, err = conn.Write([]byte("0\r\n\r\n"))
			return err
		}
		if err != nil {
			_ = conn.Close() // a body that breaks off must not look complete
			return err
		}
	}
}

func (in *incoming) deadline() {
	if in.quiet > 0 {
		_ = in.conn.SetReadDeadline(time.Now().Add(in.quiet))
	}
}

// readHead reads until the final answer's head; interim answers are swallowed, but 101 is final.
func (in *incoming) readHead(method string, goAhead chan struct{}, waits bool) error {
	for {
		in.deadline()
		start, h, err := readHead(in.conn.r, answerHeadLimit, 0)
		switch {
		case errors.Is(err, io.EOF):
			return errClosed
		case err != nil:
			return fmt.Errorf("%w: %w", errGarbled, err)
		}
		if err := in.readStart(start); err != nil {
			return err
		}
		in.header = h
		if in.status == 100 && waits {
			waits = false
			close(goAhead)
		}
		if in.status < 100 || in.status > 199 || in.status == 101 {
			return in.frame(method, start)
		}
	}
}

func (in *incoming) readStart(start string) error {
	version, rest, _ := strings.Cut(start, " ")
	code, reason, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if !strings.HasPrefix(version, "HTTP/1.") || err != nil || len(code) != 3 {
		return fmt.Errorf("%w: status line %q", errGarbled, start)
	}
	in.status, in.reason = status, reason
	return nil
}

func (in *incoming) frame(method, start string) error {
	keep := strings.HasPrefix(start, "HTTP/1.1") && !in.header.lists("Connection", "close")
	in.reuse = keep
	if method == "HEAD" || in.status == 204 || in.status == 304 || in.status == 101 {
		in.ended = true
		return nil
	}
	if in.header.lists("Transfer-Encoding", "chunked") {
		in.chunked, in.length, in.body = true, -1, newChunkedBody(in.conn.r)
		return nil
	}
	n, err := contentLength(in.header)
	if err != nil {
		return err
	}
	if in.length = n; n < 0 {
		in.reuse, in.body = false, in.conn.r
		return nil
	}
	in.body, in.ended = &lengthBody{r: in.conn.r, left: n}, n == 0
	return nil
}

// Read reads the answer's body.
func (in *incoming) Read(p []byte) (int, error) {
	if in.body == nil || in.ended {
		return 0, io.EOF
	}
	in.deadline()
	n, err := in.body.Read(p)
	if l, ok := in.body.(*lengthBody); ok && l.left == 0 && err == nil {
		err = io.EOF
	}
	if errors.Is(err, io.EOF) {
		in.ended = true
	}
	return n, err
}

// Close gives the connection back when the answer was read to its end, and ends it otherwise. It may be
// called twice.
func (in *incoming) Close() {
	if in.closed {
		return
	}
	in.closed = true
	stopped := in.release()
	written := false
	select {
	case err := <-in.sent:
		written = err == nil
	default:
	}
	if stopped && in.reuse && in.ended && written && in.conn.r.Buffered() == 0 {
		in.up.keep(in.conn)
		return
	}
	_ = in.conn.Close()
}
