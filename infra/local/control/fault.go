package control

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// fault is a fault that was asked for, and how often it is still to be played.
type fault struct {
	Fault
	url, body *regexp.Regexp
	delay     time.Duration
	left      int // -1 for ever
}

func (w *Wire) addFault(rw http.ResponseWriter, r *http.Request) {
	var f Fault
	err := ReadJSON(r, &f)
	var compiled *fault
	if err == nil {
		compiled, err = f.compile()
	}
	if err != nil {
		WriteError(rw, http.StatusBadRequest, "%v", err)
		return
	}
	w.mu.Lock()
	w.faults = append(w.faults, compiled)
	n := len(w.faults)
	w.mu.Unlock()
	WriteJSON(rw, http.StatusOK, map[string]int{"faults": n})
}

// compile says what is wrong with a fault and what is allowed.
func (f Fault) compile() (*fault, error) {
	c := &fault{Fault: f, left: f.Times}
	if f.Times < 0 {
		return nil, fmt.Errorf("times %d: use 1 or more, or 0 for until DELETE faults", f.Times)
	}
	if f.Times == 0 {
		c.left = -1
	}
	if err := KnownMethod("match.method", f.Match.Method); err != nil {
		return nil, err
	}
	var err error
	if c.url, err = regexp.Compile(f.Match.URL); err != nil {
		return nil, fmt.Errorf("match.url: %w", err)
	}
	if c.body, err = regexp.Compile(f.Match.Body); err != nil {
		return nil, fmt.Errorf("match.body: %w", err)
	}
	switch f.Do {
	case "cut", "loseAnswer", "stale", "conflict":
	case "status":
		if f.Status < 200 || f.Status > 599 {
			return nil, fmt.Errorf("status %d: use 200 to 599", f.Status)
		}
	case "delay":
		if c.delay, err = time.ParseDuration(f.Delay); err != nil || c.delay < 0 {
			return nil, fmt.Errorf(`delay %q: use a duration such as "200ms"`, f.Delay)
		}
	default:
		return nil, fmt.Errorf("do %q: use status, delay, cut, loseAnswer, stale or conflict", f.Do)
	}
	return c, nil
}

// take returns the first fault that matches and counts it.
func (w *Wire) take(r *http.Request, url string, body []byte) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		if f.left == 0 || !f.matches(r, url, body) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		return f
	}
	return nil
}

func (f *fault) matches(r *http.Request, url string, body []byte) bool {
	return (f.Match.Method == "" || strings.EqualFold(f.Match.Method, r.Method)) &&
		f.url.MatchString(url) && f.body.Match(body) &&
		(f.Do != "conflict" || conditional(r, body))
}

// versionLine finds version conditions in a batch; the first group is the version.
var versionLine = regexp.MustCompile(`(?im)^If-Match:[ \t]*([^*\s][^\r\n]*)`)

// conditional says whether a call, or a part of a batch, depends on a version: nothing else can conflict.
func conditional(r *http.Request, body []byte) bool {
	tag := r.Header.Get("If-Match")
	return tag != "" && tag != "*" || isBatch(r) && versionLine.Match(body)
}

func isBatch(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/")
}

// outdated is the call with versions that no record has: the system itself then refuses it, in its own
// words, as it does when somebody else has written in between.
func outdated(r *http.Request, body []byte) *http.Request {
	out := r.Clone(r.Context())
	if tag := r.Header.Get("If-Match"); tag != "" && tag != "*" {
		out.Header.Set("If-Match", otherVersion(tag))
	}
	if isBatch(r) {
		body = versionLine.ReplaceAllFunc(body, func(line []byte) []byte {
			at := versionLine.FindSubmatchIndex(line)[2]
			return append(bytes.Clone(line[:at]), otherVersion(string(line[at:]))...)
		})
	}
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return out
}

// otherVersion changes the last digit of a version, or its last letter where it has none.
func otherVersion(tag string) string {
	at := strings.LastIndexAny(tag, "0123456789")
	if at < 0 {
		if at = strings.LastIndexAny(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"); at < 0 {
			return tag + "0"
		}
	}
	other := "0"
	if tag[at] == '0' {
		other = "1"
	}
	return tag[:at] + other + tag[at+1:]
}
