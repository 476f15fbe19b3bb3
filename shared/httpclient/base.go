package httpclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// lost is a call that may have reached the server, while its answer did not reach us.
type lost struct{ err error }

// Error tells what happened by its sort only: the texts of net/http quote what the server sent.
func (l *lost) Error() string {
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(l.err, errTooLarge):
		return l.err.Error()
	case errors.Is(l.err, context.Canceled):
		return "the call was given up"
	case errors.As(l.err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(l.err, &untrusted):
		return "the certificate of the server is not trusted"
	case errors.Is(l.err, io.EOF), errors.Is(l.err, io.ErrUnexpectedEOF), errors.As(l.err, &op):
		return "the connection was cut"
	}
	return "the answer cannot be read"
}
func (l *lost) Unwrap() error { return l.err }

var errTooLarge = errors.New("the answer is larger than the limit")

// Lost says whether the request of a failed call may have been carried out: its answer was cut, too
// large, or never came. It is false for failures before sending (token, gate, dial) and for answers.
func Lost(err error) bool {
	var l *lost
	return errors.As(err, &l)
}

// base sends the request and reads the whole answer. A RoundTripper is used without http.Client: that
// one would follow redirects, and put the query into its errors.
func base(o Options) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		if err := ctx.Err(); err != nil {
			return nil, fault.New(fault.Broken, "before sending: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, o.Timeout)
		defer cancel()
		if c.at == nil {
			return nil, fault.New(fault.Invalid, "the URL of a %s cannot be used", c.Method)
		}
		req, err := http.NewRequestWithContext(ctx, c.Method, "", bytes.NewReader(c.Body))
		if err != nil {
			return nil, fault.New(fault.Invalid, "the method %q cannot be used", c.Method)
		}
		c.Header.Set("User-Agent", "cosell-sync")
		req.URL, req.Host, req.Header = c.at, c.at.Host, c.Header
		resp, err := o.Base.RoundTrip(req)
		if err != nil {
			return nil, sendError(req.URL, err)
		}
		defer resp.Body.Close()
		body, err := readAll(io.LimitReader(resp.Body, o.MaxBody+1), min(resp.ContentLength, o.MaxBody))
		if err != nil {
			return nil, fault.New(fault.Broken, "reading the answer of %s: %w", req.URL.Host, &lost{err})
		}
		if int64(len(body)) > o.MaxBody {
			return nil, fault.New(fault.Broken, "%s: %w (%d bytes)", req.URL.Host, &lost{errTooLarge}, o.MaxBody)
		}
		return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
	}
}

// readAll reads to the end. announced is the length that was promised, -1 where none was: no more than a hint.
func readAll(from io.Reader, announced int64) ([]byte, error) {
	const most = 1 << 20 // beyond that, what is promised has to come first
	into := bytes.NewBuffer(make([]byte, 0, min(max(announced, 0), most)+bytes.MinRead))
	_, err := into.ReadFrom(from)
	return into.Bytes(), err
}

func sendError(u *url.URL, err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fault.New(fault.Broken, "connecting to %s: %w", u.Host, err).With("host.unreachable", "")
	}
	return fault.New(fault.Broken, "calling %s: %w", u.Host, &lost{err})
}
