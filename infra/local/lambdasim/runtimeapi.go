package lambdasim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	apiVersion = "/2018-06-01"
	// mostPayload is what an event or a buffered answer may have, in bytes, and mostStream a streamed one.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	mostPayload = 6<<20 + 100
	mostStream  = 200 << 20
	// httpIntegration is the type of an answer that begins with a head for the Function URL.
	httpIntegration = "application/vnd.awslambda.http-integration-response"
)

// answer is an answer as its runtime sends it.
type answer struct {
	contentType string
	body        io.Reader
}

// invocation is one run of a function.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	take     func(answer) error

	mu       sync.Mutex
	answered bool // response or error has begun: there is no second
	done     chan struct{}
	once     sync.Once
	err      error
}

func newInvocation(number int, event []byte, take func(answer) error) *invocation {
	return &invocation{id: fmt.Sprintf("%08x-0000-4000-8000-%012x", number, number), event: event, take: take, done: make(chan struct{})}
}

// finish ends the invocation; only the first call counts.
func (i *invocation) finish(err error) {
	i.once.Do(func() {
		i.err = err
		close(i.done)
	})
}

func (i *invocation) result() error {
	<-i.done
	return i.err
}

// claim says whether the answer may still be given.
func (i *invocation) claim() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	was := i.answered
	i.answered = true
	return !was
}

// routes is the runtime API of one environment.
func (e *environment) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+apiVersion+"/runtime/invocation/next", e.next)
	mux.HandleFunc("POST "+apiVersion+"/runtime/invocation/{id}/response", e.respond)
	mux.HandleFunc("POST "+apiVersion+"/runtime/invocation/{id}/error", e.fail)
	mux.HandleFunc("POST "+apiVersion+"/runtime/init/error", e.initFailed)
	return mux
}

func apiError(w http.ResponseWriter, status int, kind, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": text}) // the runtime has gone: nothing to tell
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

// next waits for an invocation, without a limit.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	select {
	case <-e.ready:
	default:
		close(e.ready)
	}
	e.mu.Unlock()
	asked := make(chan *invocation, 1)
	select {
	case e.asked <- asked:
	case <-r.Context().Done():
		return
	case <-e.p.ctx.Done():
		return
	}
	var inv *invocation
	select {
	case inv = <-asked:
	case <-r.Context().Done():
		return
	case <-e.p.ctx.Done():
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", e.p.arn(e.f))
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
	h.Set("Content-Length", strconv.Itoa(len(inv.event)))
	_, _ = w.Write(inv.event) // else the process is gone, which is seen elsewhere
}

func (p *Platform) arn(f *function) string {
	return "arn:aws:lambda:" + p.opt.Region + ":123456789012:function:" + f.Name
}

// open finds the invocation that a runtime speaks of: it must be the current one, and not be answered yet.
func (e *environment) open(w http.ResponseWriter, r *http.Request) *invocation {
	e.mu.Lock()
	inv := e.current
	e.mu.Unlock()
	if inv == nil || inv.id != r.PathValue("id") || !inv.claim() {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, mostPayload))
		apiError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil
	}
	return inv
}

func (e *environment) respond(w http.ResponseWriter, r *http.Request) {
	inv := e.open(w, r)
	if inv == nil {
		return
	}
	a := answer{contentType: r.Header.Get("Content-Type")}
	mode := r.Header.Get("Lambda-Runtime-Function-Response-Mode")
	streams := mode == "streaming" || mode == "" && a.contentType == httpIntegration && len(r.TransferEncoding) > 0
	limit := int64(mostPayload)
	if streams {
		limit = mostStream
	}
	body := &counted{r: r.Body, left: limit}
	a.body = body
	if !streams || mode == "" && e.p.is("stream", "buffered") {
		text, err := io.ReadAll(body)
		if err != nil && !body.over {
			inv.finish(fmt.Errorf("reading the answer: %w", err))
			return
		}
		a.body = bytes.NewReader(text)
	}
	var err error
	if !body.over {
		err = inv.take(a)
	}
	switch kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); {
	case body.over:
		inv.finish(fmt.Errorf("Function.ResponseSizeTooLarge: more than %d bytes", limit))
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, mostPayload)) // so that the runtime reads the answer
		apiError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
	case kind != "":
		inv.finish(fmt.Errorf("%s: the answer broke off", kind))
		accepted(w)
	default:
		inv.finish(err)
		accepted(w)
	}
}

func (e *environment) fail(w http.ResponseWriter, r *http.Request) {
	inv := e.open(w, r)
	if inv == nil {
		return
	}
	text, _ := io.ReadAll(io.LimitReader(r.Body, mostPayload)) // what there is of it
	e.p.logf(e.name, "%s failed: %s", inv.id, text)
	inv.finish(fmt.Errorf("Function error: %s", text))
	accepted(w)
}

func (e *environment) initFailed(w http.ResponseWriter, r *http.Request) {
	select {
	case <-e.ready:
		apiError(w, http.StatusForbidden, "InvalidStateTransition", "The start is over")
		return
	default:
	}
	text, _ := io.ReadAll(io.LimitReader(r.Body, mostPayload)) // what there is of it
	select {
	case e.failed <- string(text):
	default:
	}
	accepted(w)
}

// counted reads no more than its limit.
type counted struct {
	r    io.Reader
	left int64
	over bool
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		var one [1]byte
		n, err := c.r.Read(one[:])
		if n > 0 {
			c.over = true
			return 0, fmt.Errorf("the answer is too large")
		}
		return 0, err
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
