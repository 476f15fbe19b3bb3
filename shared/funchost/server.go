package funchost

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Server answers the host. Requests come in three kinds: GET / (the readiness probe), HTTP functions at
// their public path /api/<route>, everything else as an envelope at /<FunctionName>. Hosts without envelopes call
// Deliver and Tick.
type Server struct {
	functions map[string]Function // by name
	routes    []route
	outcomes  Outcomes
	held      atomic.Int64  // bytes of bodies in memory
	working   chan struct{} // HTTP calls
	messages  chan struct{} // queue messages
	lines     *sampler
	Options
}

// Bounds of an HTTP call that belong together with the host's.
const (
	bodyTime    = 30 * time.Second
	httpLimit   = 200 * time.Second // the front end cuts its caller at 230 s, the proxy at 240 s of silence
	maxBody     = 64 << 10          // unless the function says otherwise
	maxEnvelope = 1 << 20           // a message of 256 KB in base64, and its metadata
)

// NewServer serves the functions to a Functions host. outcomes may be nil when no function has a queue.
func NewServer(functions []Function, outcomes Outcomes, options Options) *Server {
	o := options.withDefaults()
	s := &Server{
		functions: map[string]Function{},
		outcomes:  outcomes,
		working:   make(chan struct{}, o.MaxHTTP),
		messages:  make(chan struct{}, o.MaxWork),
		lines:     newSampler(o.Now),
		Options:   o,
	}
	for _, f := range functions {
		s.functions[f.Name] = f
		if f.HTTP != nil {
			s.routes = append(s.routes, newRoute(f))
		}
	}
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if path == "/" {
		Answer(w, http.StatusOK, struct{}{})
		return
	}
	if rest, ok := strings.CutPrefix(path, "/api/"); ok {
		s.serveHTTPFunction(w, r, rest)
		return
	}
	f, ok := s.functions[path[1:]]
	switch {
	case !ok:
		Refuse(w, http.StatusNotFound, "no function of that name is served here")
	case f.HTTP != nil:
		Refuse(w, http.StatusBadRequest, "this HTTP function is served at its own path: set enableProxyingHttpRequest and enableForwardingHttpRequest in host.json")
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		Refuse(w, http.StatusMethodNotAllowed, "the host posts its envelopes")
	default:
		s.serveEnvelope(w, r, f)
	}
}

func (s *Server) serveHTTPFunction(w http.ResponseWriter, r *http.Request, path string) {
	for _, route := range s.routes {
		values, ok := route.match(path)
		if !ok {
			continue
		}
		for _, v := range values {
			r.SetPathValue(v.name, v.value)
		}
		status, cause := s.callHTTP(w, r, route.function)
		s.logHTTP(r, route.function.Name, status, cause)
		return
	}
	Refuse(w, http.StatusNotFound, "nothing is served at this path")
}

// callHTTP reads the body before it takes one of the working places, so that a crowd of slow senders
// cannot keep good ones out.
func (s *Server) callHTTP(w http.ResponseWriter, r *http.Request, f Function) (status int, cause error) {
	size, status := s.readBody(w, r, cmp.Or(f.MaxBody, maxBody))
	defer s.held.Add(-size)
	if status != 0 {
		w.Header().Set("Connection", "close")
		Refuse(w, status, bodyText[status])
		return status, nil
	}
	select {
	case s.working <- struct{}{}:
		defer func() { <-s.working }()
	default:
		w.Header().Set("Retry-After", "1")
		Refuse(w, http.StatusServiceUnavailable, "too many calls at once")
		return http.StatusServiceUnavailable, nil
	}
	answer := newBuffer()
	err := within(r.Context(), min(s.Limit, httpLimit), func(ctx context.Context) error {
		f.HTTP.ServeHTTP(answer, r.WithContext(ctx))
		return nil
	})
	if err != nil {
		s.logFailure(f.Name, invocationID(r.Header), err)
		Refuse(w, http.StatusInternalServerError, "something went wrong on our side")
		return http.StatusInternalServerError, nil
	}
	if len(r.TransferEncoding) > 0 && answer.status >= http.StatusBadRequest {
		w.Header().Set("Connection", "close") // a length beside it is gone by now: what follows may be smuggled
	}
	return answer.sendTo(w), answer.cause
}

var bodyText = map[int]string{
	http.StatusRequestEntityTooLarge: "the body is too large",
	http.StatusRequestTimeout:        "the body did not come in time",
	http.StatusBadRequest:            "the body is broken",
	http.StatusServiceUnavailable:    "too many calls at once",
}

// readBody replaces the request's body by its bytes; a status other than 0 is the refusal. size counts as
// held until the caller gives it back.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, limit int64) (size int64, status int) {
	if r.ContentLength == 0 {
		return 0, 0
	}
	if r.ContentLength > limit {
		return 0, http.StatusRequestEntityTooLarge
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not offered by a recorder in a test
	body, err := s.readHeld(http.MaxBytesReader(w, r.Body, limit), int(r.ContentLength))
	size = int64(len(body))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return size, http.StatusRequestEntityTooLarge
	case errors.Is(err, errFull):
		return size, http.StatusServiceUnavailable
	case isTimeout(err):
		return size, http.StatusRequestTimeout
	case err != nil:
		return size, http.StatusBadRequest
	}
	// Else the deadline would end the request's context while the function works.
	_ = control.SetReadDeadline(time.Time{})
	r.Body = &heldBody{Reader: *bytes.NewReader(body), whole: body}
	return size, 0
}

// heldBody is a body that is in memory already.
type heldBody struct {
	bytes.Reader
	whole []byte
}

// Close implements io.Closer.
func (*heldBody) Close() error { return nil }

// bodyOf gives the bytes of a body: the very ones that are held, where nobody has read of them.
func bodyOf(r *http.Request) ([]byte, error) {
	if held, ok := r.Body.(*heldBody); ok && held.Len() == len(held.whole) {
		return held.whole, nil
	}
	return io.ReadAll(r.Body)
}

var errFull = errors.New("the bodies in memory take all the room there is")

// mostAhead is how much room a body gets because it says how long it is: who only says so must not cost more.
const mostAhead = 8 << 10

// readHeld reads to the end and counts every byte as held; length is what was said of it, negative where nothing was.
func (s *Server) readHeld(from io.Reader, length int) ([]byte, error) {
	body := make([]byte, 0, min(max(length+1, 512), mostAhead)) // one more byte: the end shows without growing
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch held := s.held.Add(int64(n)); {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		case held > s.MaxHeld:
			return body, errFull
		}
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func (s *Server) logHTTP(r *http.Request, function string, status int, cause error) {
	// The host counts every complete answer as a success, 5xx included: refusals are counted here.
	if status < http.StatusBadRequest {
		if s.Log.Enabled(r.Context(), slog.LevelDebug) {
			s.Log.Debug("answered", "function", function, "status", status)
		}
		return
	}
	skipped, ok := s.lines.allow(function, strconv.Itoa(status))
	if !ok {
		return
	}
	s.Log.Warn("refused", "function", function, "status", status, "method", r.Method,
		"invocation_id", invocationID(r.Header), "skipped", skipped, fault.Attr(cause))
}

func (s *Server) logFailure(function, invocation string, err error) {
	attrs := []any{"function", function, "invocation_id", invocation, fault.Attr(err)}
	var p *panicked
	if errors.As(err, &p) {
		attrs = append(attrs, "stack", string(p.stack))
	}
	s.Log.Log(context.Background(), slog.LevelError, "failed", attrs...)
}
