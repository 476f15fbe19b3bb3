package control

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Point is a moment in a call at which somebody may want to act.
type Point string

// The points of a call, in order.
const (
	Before    Point = "before"
	Committed Point = "committed"
	Answered  Point = "answered"
)

// Wire stands in front of a simulator: it writes the history, plays the faults and tells watchers when a
// call passes. It is the same for every system, so that faults mean the same everywhere.
type Wire struct {
	now   func() time.Time
	sleep func(time.Duration)
	next  http.Handler

	mu       sync.Mutex
	watch    []func(Point, *http.Request)
	calls    []passed
	faults   []*fault
	inFlight int
	frozen   chan struct{}           // closed by the thaw; nil: not frozen
	seen     map[string]*lastAnswers // answers of GETs, for the stale fault
}

type lastAnswers struct{ current, previous *reply }

// reply is what a simulator answers.
type reply struct {
	header http.Header
	status int // 0: nothing yet
	body   []byte
}

func (a *reply) Header() http.Header { return a.header }

func (a *reply) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *reply) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

// NewWire puts a wire before next. Sleep is used by the delay fault only.
func NewWire(now func() time.Time, sleep func(time.Duration), next http.Handler) *Wire {
	return &Wire{now: now, sleep: sleep, next: next, seen: map[string]*lastAnswers{}}
}

// Watch calls f at each point of each call, in the goroutine of the call.
func (w *Wire) Watch(f func(Point, *http.Request)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watch = append(w.watch, f)
}

// Once plays a fault at the next call, whatever it is; match and times mean nothing.
func (w *Wire) Once(f Fault) error {
	f.Match, f.Times = Match{}, 1
	compiled, err := f.compile()
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, compiled)
	return nil
}

// InFlight counts calls that have begun and not ended.
func (w *Wire) InFlight() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.inFlight
}

// MountControl adds GET /history, POST /faults and DELETE /faults.
func (w *Wire) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("GET /history", w.history)
	mux.HandleFunc("POST /faults", w.addFault)
	mux.HandleFunc("DELETE /faults", func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		w.faults = nil
		w.mu.Unlock()
		WriteJSON(rw, http.StatusOK, map[string]int{"faults": 0})
	})
}

func (w *Wire) history(rw http.ResponseWriter, r *http.Request) {
	if err := OnlyQuery(r, "since"); err != nil {
		WriteError(rw, http.StatusBadRequest, "%v", err)
		return
	}
	since := int64(0)
	if s := r.URL.Query().Get("since"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			WriteError(rw, http.StatusBadRequest, "since=%s is not a number of an entry (0 or more)", s)
			return
		}
		since = n
	}
	WriteJSON(rw, http.StatusOK, w.History(since))
}

// History are the calls after number since, 0 or more, oldest first: what GET history answers.
func (w *Wire) History(since int64) []Entry {
	w.mu.Lock()
	calls := w.calls[min(since, int64(len(w.calls))):]
	w.mu.Unlock()
	out := make([]Entry, len(calls))
	for i, c := range calls {
		out[i] = c.entry(since + int64(i) + 1)
	}
	return out
}

// Calls is the number of the last entry of the history.
func (w *Wire) Calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

// ServeHTTP passes one call to the simulator.
func (w *Wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.count(1)
	defer w.count(-1)
	var body []byte
	if r.Body != http.NoBody {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	abs := absoluteURL(r)
	w.thawed()
	w.tell(Before, r)

	f := w.take(r, abs, body)
	rec := &reply{header: http.Header{}}
	switch {
	case f == nil:
		w.next.ServeHTTP(rec, r)
	case f.Do == "cut":
		w.record(r, abs, body, nil)
		panic(http.ErrAbortHandler)
	case f.Do == "status":
		for k, v := range f.Headers {
			rec.Header().Set(k, v)
		}
		rec.WriteHeader(f.Status)
		_, _ = rec.Write([]byte(f.Body))
	case f.Do == "delay":
		w.sleep(f.delay)
		w.next.ServeHTTP(rec, r)
	case f.Do == "conflict":
		w.next.ServeHTTP(rec, outdated(r, body))
	default:
		w.next.ServeHTTP(rec, r)
		if f.Do == "stale" && r.Method == http.MethodGet {
			rec = w.older(abs, rec)
		}
	}
	rec.WriteHeader(http.StatusOK)
	w.tell(Committed, r)
	if f != nil && f.Do == "loseAnswer" {
		w.record(r, abs, body, nil)
		panic(http.ErrAbortHandler)
	}
	if f == nil || f.Do != "stale" {
		w.remember(r.Method, abs, rec)
	}
	w.record(r, abs, body, rec)
	answer(rw, rec)
	w.tell(Answered, r)
}

// Freeze lets calls wait from now on; thaw lets them go on, also those whose caller has gone meanwhile, as
// a server that comes back does. It may be called more than once.
func (w *Wire) Freeze() (thaw func()) {
	frozen := make(chan struct{})
	w.mu.Lock()
	if w.frozen == nil {
		w.frozen = frozen
	}
	frozen = w.frozen
	w.mu.Unlock()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.frozen == frozen {
			close(frozen)
			w.frozen = nil
		}
	}
}

// thawed waits while the wire is frozen.
func (w *Wire) thawed() {
	w.mu.Lock()
	frozen := w.frozen
	w.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

func answer(rw http.ResponseWriter, rec *reply) {
	for k, v := range rec.header {
		if k != HeaderIdentity && k != HeaderBefore && k != HeaderAfter {
			rw.Header()[k] = v
		}
	}
	rw.WriteHeader(rec.status)
	_, _ = rw.Write(rec.body)
	if f, ok := rw.(http.Flusher); ok {
		f.Flush()
	}
}

func (w *Wire) tell(p Point, r *http.Request) {
	w.mu.Lock()
	watch := w.watch
	w.mu.Unlock()
	for _, f := range watch {
		f(p, r)
	}
}

func (w *Wire) count(d int) {
	w.mu.Lock()
	w.inFlight += d
	w.mu.Unlock()
}

// older is the last answer to this GET that differs from the present one, which may be the first after a
// write; the present one where none does.
func (w *Wire) older(url string, present *reply) *reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.seen[url]
	switch {
	case l == nil:
		return present
	case !bytes.Equal(l.current.body, present.body):
		return l.current.sentWith(present)
	case l.previous != nil:
		return l.previous.sentWith(present)
	}
	return present
}

// sentWith is the answer at the moment of another one: what a replica shows is old, its clock is not.
func (a *reply) sentWith(present *reply) *reply {
	out := &reply{a.header.Clone(), a.status, a.body}
	if date, ok := present.header["Date"]; ok {
		out.header["Date"] = date
	}
	return out
}

func (w *Wire) remember(method, url string, rec *reply) {
	if method != http.MethodGet || rec.status != http.StatusOK {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.seen[url]
	if l == nil {
		l = &lastAnswers{}
		w.seen[url] = l
	}
	if l.current != nil && !bytes.Equal(l.current.body, rec.body) {
		l.previous = l.current
	}
	l.current = rec
}

// leftOut stands in the history where a secret or a token was.
const leftOut = "(left out)"

// passed is a call that has passed, of which an entry of the history is made when somebody reads it.
type passed struct {
	at           time.Time
	method, url  string
	token        bool // of the directory
	header       http.Header
	body, answer []byte
	status       int // 0: the caller saw no answer

	identity, before, after string
}

// record writes the history; rec nil means that the caller saw no answer.
func (w *Wire) record(r *http.Request, abs string, body []byte, rec *reply) {
	c := passed{at: w.now(), method: r.Method, url: abs, token: strings.HasSuffix(r.URL.Path, "/token"), header: r.Header, body: body}
	if rec != nil {
		c.status, c.answer = rec.status, rec.body
		c.identity, c.before, c.after = rec.header.Get(HeaderIdentity), rec.header.Get(HeaderBefore), rec.header.Get(HeaderAfter)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
}

// entry is the call as the n-th entry of the history.
func (c *passed) entry(n int64) Entry {
	e := Entry{N: n, At: c.at, Identity: c.identity, Method: c.method, URL: c.url, Status: c.status, RequestHeaders: map[string]string{},
		RequestBody: string(c.body), ResponseBody: string(c.answer), Before: c.before, After: c.after}
	for k, v := range c.header {
		e.RequestHeaders[k] = strings.Join(v, ", ")
	}
	if e.RequestHeaders["Authorization"] != "" {
		e.RequestHeaders["Authorization"] = leftOut
	}
	if c.token {
		e.RequestBody, e.ResponseBody = leftOut, leftOut
	}
	return e
}

func absoluteURL(r *http.Request) string {
	u := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	return u.String()
}
