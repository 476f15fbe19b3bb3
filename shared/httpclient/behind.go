package httpclient

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Behind keeps the calls of a host behind a gate, for clients that are not ours and have a chain of their own; those of
// other hosts pass. While the gate is closed for longer than a few seconds the answer is the 429 that the host would give, with
// what is left of the wait: such clients know what that is, and keep of an error its text at most.
func Behind(g *Gate, host string, base http.RoundTripper) http.RoundTripper {
	return behind{g, host, base}
}

type behind struct {
	gate *Gate
	host string
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b behind) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != b.host {
		return b.base.RoundTrip(r)
	}
	leave, err := b.gate.enter(r.Context(), b.host)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		if fault.Is(err, fault.Later) {
			return tooMany(r, b.gate.Remaining()), nil
		}
		return nil, err
	}
	defer leave()
	resp, err := b.base.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		b.gate.closeForAll(r.Context(), RetryAfter(&Response{Status: resp.StatusCode, Header: resp.Header}, b.gate.now()))
	}
	return resp, err
}

func tooMany(r *http.Request, left time.Duration) *http.Response {
	seconds := fmt.Sprint(max(int(math.Ceil(left.Seconds())), 1))
	return &http.Response{Status: "429 " + http.StatusText(http.StatusTooManyRequests), StatusCode: http.StatusTooManyRequests,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Retry-After": {seconds}}, Body: http.NoBody, Request: r}
}
