package requirements

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// call makes a call of the system's control interface (docs/control-interface.md), and gives its answer.
func (s *system) call(method, path string, body any) []byte {
	s.t.Helper()
	status, answer := s.try(method, path, body)
	if status >= http.StatusMultipleChoices {
		s.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

// try is call for what may be refused.
func (s *system) try(method, path string, body any) (status int, answer []byte) {
	s.t.Helper()
	var text []byte
	if body != nil {
		text = encoded(s.t, body)
	}
	rec := httptest.NewRecorder()
	s.control.ServeHTTP(rec, httptest.NewRequest(method, path, bytes.NewReader(text)))
	return rec.Code, rec.Body.Bytes()
}

// switches sets positions of what the system's documents leave open.
func (s *system) switches(positions doc) {
	s.t.Helper()
	s.call(http.MethodPost, "/switches", positions)
}

// fault plays a fault at the calls that match, as POST faults describes it.
func (s *system) fault(f doc) { s.t.Helper(); s.call(http.MethodPost, "/faults", f) }

// healed ends all faults.
func (s *system) healed() { s.t.Helper(); s.call(http.MethodDelete, "/faults", nil) }

// rule refuses writes by content, as POST rules describes it.
func (s *system) rule(rule doc) { s.t.Helper(); s.call(http.MethodPost, "/rules", rule) }

// unruled ends all rules.
func (s *system) unruled() { s.t.Helper(); s.call(http.MethodDelete, "/rules", nil) }

// delivery says how events are delivered from now on.
func (s *system) delivery(how doc) { s.t.Helper(); s.call(http.MethodPost, "/delivery", how) }

// table is what the system holds of one kind: its rows by id.
func (s *system) table(name string) map[string]doc {
	s.t.Helper()
	var only map[string]map[string]doc
	decoded(s.t, s.call(http.MethodGet, "/records?table="+name, nil), &only)
	return only[name]
}

// calls are the calls that the product has made so far: a mark for what comes later.
func (s *system) calls() int { return s.wire.Calls() }

// entry is one call in the history.
type entry = control.Entry

// since lists the calls after a mark.
func (s *system) since(mark int) []control.Entry { return s.wire.History(int64(mark)) }

// written is one write, alone or as a part of a batch.
type written struct {
	control.Entry
	Method, Path string
	Body         string
}

// batchPart finds the requests inside a batch: method, address, and what follows to the next boundary.
var batchPart = regexp.MustCompile(`(?s)(POST|PATCH|PUT|DELETE) (\S+) HTTP/1\.1\r?\n(.*?)(?:\r?\n--|\z)`)

// writes lists the writes after a mark, in their order; signing in and asking for versions are none.
func (s *system) writes(mark int) (out []written) {
	s.t.Helper()
	for _, e := range s.since(mark) {
		_, path, _ := strings.Cut(strings.TrimPrefix(e.URL, "https://"), "/")
		switch {
		case e.Method == http.MethodGet || strings.Contains(e.URL, "/oauth2/"):
		case strings.HasSuffix(e.URL, "/$batch"):
			for _, part := range batchPart.FindAllStringSubmatch(e.RequestBody, -1) {
				_, body, _ := strings.Cut(strings.ReplaceAll(part[3], "\r\n", "\n"), "\n\n")
				out = append(out, written{Entry: e, Method: part[1], Path: strings.TrimPrefix(part[2], "/"), Body: body})
			}
		default:
			out = append(out, written{Entry: e, Method: e.Method, Path: path, Body: e.RequestBody})
		}
	}
	return out
}

// wrote checks how many writes there were since a mark, and gives them.
func (s *system) wrote(mark, want int) []written {
	s.t.Helper()
	got := s.writes(mark)
	if len(got) != want {
		s.t.Errorf("%d writes instead of %d:%s", len(got), want, listed(got))
	}
	return got
}

func listed(all []written) string {
	var out strings.Builder
	for _, w := range all {
		fmt.Fprintf(&out, "\n  %s %s %d %.600s", w.Method, w.Path, w.Status, w.Body)
	}
	return out.String()
}
