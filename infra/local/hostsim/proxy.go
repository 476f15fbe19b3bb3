package hostsim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// The pauses between the proxy's ten tries in milliseconds, 1.9 s in all.
var proxyPauses = []time.Duration{50, 100, 200, 250, 250, 250, 250, 250, 250}

// Headers that are .NET's "content headers": one of them gives a request content, even if it is empty.
var contentHeaders = []string{
	"Allow", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location",
	"Content-MD5", "Content-Range", "Content-Type", "Expires", "Last-Modified",
}

func hasContentHeaders(h fields) bool {
	for _, name := range contentHeaders {
		if h.has(name) {
			return true
		}
	}
	return false
}

// mustCarryLength says whether .NET writes Content-Length: 0 for a request without content.
func mustCarryLength(method string) bool {
	switch method {
	case "GET", "HEAD", "CONNECT", "OPTIONS", "DELETE":
		return false
	}
	return true
}

func itoa(n int) string { return strconv.Itoa(n) }

// proxy passes the call to the handler and streams the answer back, as the newer host does with its
// reverse proxy. A request for which no answer head comes is tried ten times, to whichever process
// listens then, unless its body was begun.
func (h *Host) proxy(c *web) error {
	data, err := c.wholeBody()
	if err != nil {
		return c.refuse(err)
	}
	out := h.proxied(c, data)
	w, err := h.ready(c.inv.ctx)
	if err != nil {
		return c.refuse(err)
	}
	for try := 0; ; try++ {
		in, err := h.tryProxy(c, w, out)
		switch {
		case err == nil:
			return h.pass(c, in)
		case c.ctx.Err() != nil:
			h.logf("The client disconnected while the function was processing the request.")
			return nil
		case c.inv.ctx.Err() != nil, errors.Is(err, errBadFraming), errors.Is(err, errQuiet), try == len(proxyPauses):
			return c.refuse(causeOf(c.inv, err))
		}
		select {
		case <-c.inv.ctx.Done():
		case <-time.After(proxyPauses[try] * h.opt.pace):
		}
		if next, err := h.ready(c.inv.ctx); err == nil {
			w = next
		} else if errors.Is(err, errDown) {
			return c.refuse(err)
		}
	}
}

var (
	errBegun    = errors.New("the request body was begun and cannot be sent again")
	errNotASCII = errors.New("a request header holds characters that cannot be sent")
	errQuiet    = errors.New("no byte from the handler for too long")
)

func (h *Host) tryProxy(c *web, w *worker, out *outgoing) (*incoming, error) {
	for _, f := range out.header {
		if !ascii(f.value) {
			return nil, errNotASCII
		}
	}
	if out.begun.Load() {
		return nil, errBegun
	}
	out.header[0].value = w.up.addr
	in, err := w.up.send(c.inv.ctx, out)
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return nil, errQuiet
	}
	return in, err
}

// proxied builds the request that the handler sees.
func (h *Host) proxied(c *web, data []byte) *outgoing {
	kept := c.header.without("Host", "Connection", "Keep-Alive", "TE", "Upgrade", "Proxy-Authorization", "Proxy-Authenticate",
		"Proxy-Connection", "HTTP2-Settings", "Alt-Svc", "Transfer-Encoding", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
		"X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Azure-Functions-HostVersion", "X-Azure-Functions-InvocationId",
		"x-ms-invocation-id").joined()
	header := append(fields{{"Host", ""}}, kept...)
	if t := h.traceparent(c.header.get("traceparent")); t != "" {
		header = header.set("traceparent", t)
	}
	remote, _, err := net.SplitHostPort(c.remote)
	if err != nil {
		remote = c.remote
	}
	host, proto := c.host, c.scheme
	if h.opt.Settings["WEBSITE_SKU"] != "" { // behind the platform's front end
		if v := c.header.get("DISGUISED-HOST"); v != "" {
			host = v
		}
		if v := c.header.get("X-Forwarded-Proto"); v != "" {
			proto = v
		}
	}
	header = append(header,
		field{"X-Azure-Functions-HostVersion", hostVersion}, field{"X-Azure-Functions-InvocationId", c.inv.id},
		field{"x-ms-invocation-id", c.inv.id}, field{"X-Forwarded-For", remote}, field{"X-Forwarded-Host", host},
		field{"X-Forwarded-Proto", proto})
	out := &outgoing{method: c.method, target: escape(c.path, pathSafe) + normalQuery(c.query), quiet: h.opt.quiet}
	out.content = hasContentHeaders(c.header) || c.chunked()
	switch {
	case c.chunked():
		header = append(header, field{"Transfer-Encoding", "chunked"})
		out.chunked, out.body = true, &limitedBody{r: tee{c.body, &c.asked}, left: bodyLimit}
	case len(data) > 0:
		out.body = bytes.NewReader(data)
	case !header.has("Content-Length") && (out.content || mustCarryLength(c.method)):
		header = append(header, field{"Content-Length", "0"})
	}
	if c.upgrades() {
		header = append(header, field{"Connection", "Upgrade"}, field{"Upgrade", c.header.get("Upgrade")})
	}
	out.header = header
	return out
}

// upgrades says whether the caller asks for a protocol switch.
func (c *web) upgrades() bool {
	return c.header.has("Upgrade") && c.header.lists("Connection", "upgrade")
}

// limitedBody cuts a chunked body that exceeds the server's limit.
type limitedBody struct {
	r    io.Reader
	left int64
}

func (l *limitedBody) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// pass copies the answer. The head is held back until the first byte of the body.
func (h *Host) pass(c *web, in *incoming) error {
	defer in.Close()
	if in.status == http.StatusSwitchingProtocols {
		return h.upgrade(c, in)
	}
	for _, f := range in.header {
		if !ascii(f.value) {
			return c.refuse(fmt.Errorf("answer header %s holds characters that cannot be sent", f.name))
		}
	}
	header := in.header.without("Connection", "Keep-Alive", "Upgrade", "TE", "Proxy-Authenticate", "Proxy-Connection", "Alt-Svc", "Transfer-Encoding")
	if in.chunked || in.status == http.StatusNoContent {
		header = header.without("Content-Length")
	}
	if in.chunked {
		header = append(header, field{"Transfer-Encoding", "chunked"})
	}
	if h.insights() {
		header = append(header, field{"Request-Context", "appId="})
	}
	reason := in.reason
	if reason == "" {
		reason = http.StatusText(in.status)
	}
	buf := make([]byte, 32<<10)
	for begun := false; ; {
		n, err := in.Read(buf)
		ended := errors.Is(err, io.EOF)
		switch {
		case err != nil && !ended && c.ctx.Err() != nil:
			h.logf("The client disconnected while the function was processing the request.")
			return nil
		case err != nil && !ended && !begun && n == 0:
			return c.refuse(causeOf(c.inv, fmt.Errorf("reading the answer: %w", err)))
		}
		if ended {
			in.Close() // the caller's next call finds the connection free
		}
		if !begun {
			c.head(in.status, reason, stamped(header))
			begun = true
		}
		c.answered.add(buf[:n])
		if n > 0 {
			_, _ = c.Write(buf[:n]) // a caller who has gone is seen by the context
			c.flush()
		}
		if ended {
			c.flush()
			return nil
		}
		if err != nil {
			c.cut = true
			return causeOf(c.inv, fmt.Errorf("the answer broke off: %w", err))
		}
	}
}

// upgrade joins the two connections after a 101, which is only legal when the caller asked for it.
func (h *Host) upgrade(c *web, in *incoming) error {
	more := fields{{"Connection", "Upgrade"}, {"Upgrade", in.header.get("Upgrade")}}
	if !c.upgrades() {
		bare(c, c.call, http.StatusInternalServerError, more...)
		return errors.New("the handler answered 101 to a request that asked for no upgrade")
	}
	in.reuse = false
	c.head(in.status, in.reason, stamped(append(in.header.without("Connection", "Upgrade"), more...)))
	c.flush()
	raw := c.raw()
	if raw == nil {
		return errors.New("the connection cannot be upgraded")
	}
	defer raw.Close()
	ctx, cancel := context.WithCancel(c.inv.ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = in.conn.Close() })
	defer stop()
	go func() {
		_, _ = io.Copy(in.conn, raw)
		_ = in.conn.Close()
	}()
	_, _ = io.Copy(raw, in.conn.r)
	return nil
}
