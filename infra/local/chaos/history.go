package chaos

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// write is one change that the product asked a system for.
type write struct {
	entry  control.Entry
	method string
	path   string
	header map[string]string // names in small letters
	body   string
	taken  bool // the system did it, or nobody saw whether it did
}

// part of a batch, with its head and its body.
var batchPart = regexp.MustCompile(`(?s)(GET|POST|PATCH|PUT|DELETE) (\S+) HTTP/1\.1\r?\n(.*?)(?:\r?\n--|\z)`)

// failedPart is the answer to a change set that was refused: nothing of it was done.
var failedPart = regexp.MustCompile(`HTTP/1\.1 [45]`)

// writes are all changes in a history, those inside of batches one by one.
func writes(history []control.Entry) (out []write) {
	for _, e := range history {
		if e.Method == http.MethodGet || strings.Contains(e.URL, "/oauth2/") {
			continue
		}
		done := e.Status == 0 || e.Status < http.StatusMultipleChoices
		if !strings.HasSuffix(e.URL, "/$batch") {
			out = append(out, write{e, e.Method, e.URL, small(e.RequestHeaders), e.RequestBody, done})
			continue
		}
		done = done && !failedPart.MatchString(e.ResponseBody)
		for _, m := range batchPart.FindAllStringSubmatch(e.RequestBody, -1) {
			if m[1] == http.MethodGet {
				continue
			}
			head, body, _ := strings.Cut(strings.ReplaceAll(m[3], "\r\n", "\n"), "\n\n")
			w := write{e, m[1], m[2], map[string]string{}, body, done}
			for l := range strings.Lines(head) {
				name, value, _ := strings.Cut(l, ":")
				w.header[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
			}
			out = append(out, w)
		}
	}
	return out
}

func small(header map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range header {
		out[strings.ToLower(name)] = value
	}
	return out
}

// about says whether a change is about a record.
func (w write) about(id string) bool {
	return id != "" && strings.Contains(strings.ToLower(w.path+w.body), strings.ToLower(id))
}

// columns are the members of its body.
func (w write) columns() fields {
	out := fields{}
	if control.Decode([]byte(w.body), &out) != nil {
		return nil
	}
	return out
}

// operation of a JSON Patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func (w write) operations() (out []operation) {
	if w.method != http.MethodPatch || control.Decode([]byte(w.body), &out) != nil {
		return nil
	}
	return out
}

// sets gives the value that a change gives a field on a side, if it gives it one.
func (w write) sets(f field, side string) (string, bool) {
	if side == inCRM {
		v, ok := w.columns()[f.column]
		return f.canonical(v), ok
	}
	if w.method == http.MethodPost {
		v := at(w.columns(), f.path)
		return f.canonical(v), v != nil
	}
	for _, o := range w.operations() {
		if strings.EqualFold(o.Path, f.path) {
			return f.canonical(o.Value), true
		}
	}
	return "", false
}
