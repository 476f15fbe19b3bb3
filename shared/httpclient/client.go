// Package httpclient is the chain that every call to an outside system goes through.
//
// The order is: trace → retry → auth → gate → log → base. Each link is one small file.
//   - trace names the call, so that all tries of it carry the same ids;
//   - retry sees whole answers, a body cut in the middle included; it sits out waits of seconds, everything
//     longer goes back as fault.Later and waits in the queue;
//   - auth comes before the gate, because fetching a token may take seconds, in which the gate may close;
//   - the gate is the last question before the wire, so that nothing slips out after a 429;
//   - log sees method, host and path only, never headers, queries or bodies;
//   - base sends, follows no redirect, and reads the answer up to the size cap. The cap is here and not
//     further out, because every link works with whole answers.
//
// A small loop of ours does the retries, not go-retryablehttp: that one decides by status alone, and we
// need the method's conditions, the gate, one token renewal, and faults instead of responses.
package httpclient

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// TokenFunc gives a bearer token for the audience, from its cache if it can. refused is a token that
// was answered with 401, or empty: another one must be given, fetched if none is there yet. Kinds of
// fault: Denied, Later, Broken.
type TokenFunc func(ctx context.Context, audience, refused string) (string, error)

// Options are what a Client needs. Base and Hosts are required, the rest has harmless defaults.
type Options struct {
	Base     http.RoundTripper // NewTransport
	Hosts    []string          // the exact hosts (with port, where not 443) that may be called
	Audience string            // what the token is for
	Token    TokenFunc         // nil: no Authorization header
	ReadOnly bool              // refuses everything but reads
	Gate     *Gate             // shared by all clients of one identity; nil: one of its own

	Final func(*Response) bool // says that a 5xx is an answer and not trouble; nil: none is

	CallHeader      string // carries a fresh GUID per call, e.g. client-request-id
	OperationHeader string // carries the trace of the context, e.g. MS-CorrelationId

	MaxBody int64         // bytes of an answer, default 20 MB
	Timeout time.Duration // of one try, body included, default 30 s
	Log     *slog.Logger
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error
	Jitter  func(most time.Duration) time.Duration // a part of most, which a short wait is longer; nil: by chance
}

// Defaults of Options.
const (
	DefaultMaxBody = 20 << 20
	DefaultTimeout = 30 * time.Second
)

// Client sends requests through the chain. It may be used by many goroutines.
type Client struct {
	do      step
	options Options
}

// Request is one call. URL must be https, on one of the client's hosts.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Response is a whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Unsure bool // an earlier try of the same call got no answer, and may have been carried out
}

// call is a request on its way through the chain.
type call struct {
	Request
	at      *url.URL // where it goes; nil: nowhere
	token   string   // the one that was sent last
	refused string   // the one that was answered with 401
	try     int
	waited  time.Duration // as the other side asked
}

// host is the side that the call goes to, as people know it.
func (c *call) host() string {
	return cmp.Or(hostOf(c.at), "the other side")
}

type step func(ctx context.Context, c *call) (*Response, error)

// New makes a client.
func New(o Options) *Client {
	o = o.withDefaults()
	chain := base(o)
	for _, link := range []func(Options, step) step{logged, gated, authorised, retried, traced} {
		chain = link(o, chain)
	}
	return &Client{do: chain, options: o}
}

// Apart gives the same chain with a gate of its own behind the first: for calls that have a limit of their own at the other
// side, whose 429 says nothing about all others. A 429 of the others holds for them, too.
func (c *Client) Apart() *Client {
	o := c.options
	o.Gate = NewGate(0, o.Now, o.Sleep)
	o.Gate.before = c.options.Gate
	return New(o)
}

func (o Options) withDefaults() Options {
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = rand.N[time.Duration]
	}
	if o.Gate == nil {
		o.Gate = NewGate(0, o.Now, o.Sleep)
	}
	return o
}

// Do sends one request. Every status but 429 comes back as an answer for the caller to judge; 429 is
// fault.Later. Other faults: Broken for network trouble (see Lost), and those of the TokenFunc. In a rehearsal
// (fault.Rehearse) what is no read ends as fault.ErrRehearsed; asking for a token, which a client without a
// TokenFunc does, is none.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	if fault.Rehearsing(ctx) && c.options.Token != nil && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, fault.ErrRehearsed
	}
	if c.options.ReadOnly && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, fault.New(fault.Refused, "nothing is written in shadow mode").OfClass(fault.Ours).With("mode.shadow", "set SYNC_MODE=live")
	}
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	r.Header = header
	at, _ := url.Parse(r.URL) // nil: it cannot be read
	return c.do(ctx, &call{Request: r, at: at})
}

// Date is the server's clock when it answered; zero if it did not say.
func (r *Response) Date() time.Time {
	t, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Decode reads a JSON body. HTML, an empty or a cut body is Broken.
func (r *Response) Decode(into any) error {
	if err := json.Unmarshal(r.Body, into); err != nil {
		return fault.New(fault.Broken, "the answer %d (%d bytes) is not the JSON that was expected", r.Status, len(r.Body))
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
