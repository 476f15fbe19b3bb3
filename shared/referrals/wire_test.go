package referrals

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// served is a request that reached the fake, with the answer that it got.
type served struct {
	method, path, query, body string
	header                    http.Header
}

func (s served) String() string { return s.method + " " + s.path }

// wire stands where the network is: requests of the real clients go to a handler, and are kept.
type wire struct {
	handler http.Handler
	calls   []served
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.calls = append(w.calls, served{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
	in := r.Clone(r.Context())
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength, in.RequestURI = int64(len(body)), r.URL.RequestURI()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, in)
	res := rec.Result()
	if res.Header.Get("Date") == "" {
		res.Header.Set("Date", serverNow.Format(http.TimeFormat))
	}
	return res, nil
}

func (w *wire) last() served {
	if len(w.calls) == 0 {
		return served{}
	}
	return w.calls[len(w.calls)-1]
}

func (w *wire) list() string {
	var out []string
	for _, c := range w.calls {
		out = append(out, c.String())
	}
	return strings.Join(out, "\n")
}

var serverNow = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

const (
	pcHost = "api.partner.microsoft.com"
	pcPath = "/v1.0/engagements/referrals"
)

func chain(w *wire, host string) *httpclient.Client {
	return httpclient.New(httpclient.Options{Base: w, Hosts: []string{host},
		Sleep: func(context.Context, time.Duration) error { return nil }})
}

func testStore(t *testing.T, h http.HandlerFunc) (*Store, *wire) {
	t.Helper()
	w := &wire{handler: h}
	c, err := partnercenter.NewClient(partnercenter.Options{ReferralsURL: "https://" + pcHost + pcPath, Referrals: chain(w, pcHost)})
	if err != nil {
		t.Fatal(err)
	}
	return New(c, defaultSheet(t), Options{Organization: organization}), w
}

const organization = "3c1e7d55-2b44-4c0a-9a70-1f2e3d4c5b6a"

// fill completes what a test wants of a whole record by the sheet, so that a new row needs no edit here: of
// the rows that the test does not name, those that this side has must be there, and say what they say.
func fill(t testing.TB, want, got cosell.Record, has func(mapping.Row) bool) {
	t.Helper()
	for _, row := range defaultSheet(t).Rows() {
		if _, named := want[row.Field]; named || !row.Scalar() {
			continue
		}
		if v, read := got[row.Field]; read {
			want[row.Field] = v
		} else if has(row) {
			want[row.Field] = "whatever it says: the row of the sheet was not read"
		}
	}
}

// patched gives the members of a JSON text with some replaced; nil removes one.
func patched(t testing.TB, text string, changes map[string]any) string {
	t.Helper()
	var tree map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	for path, v := range changes {
		at := tree
		names := strings.Split(path, "/")
		for _, n := range names[:len(names)-1] {
			next, ok := at[n].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[n] = next
			}
			at = next
		}
		if v == absent {
			delete(at, names[len(names)-1])
			continue
		}
		at[names[len(names)-1]] = v
	}
	out, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// absent marks a member that patched removes.
const absent = "\x00absent"

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func defaultSheet(t testing.TB) *mapping.Sheet {
	t.Helper()
	s, err := mapping.Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func codeOf(err error) string {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
