package dataversesim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const (
	host   = "cosell.crm4.dynamics.com"
	tenant = "7e000000-0000-4000-8000-0000000000aa"
	client = "c11e0000-0000-4000-8000-0000000000bb"
	secret = "s3cret"
	api    = "https://" + host + "/api/data/v9.2/"
)

// world is one environment under test, with a clock that stands still unless moved.
type world struct {
	*testing.T
	sim     *dataversesim.Simulator
	control *http.ServeMux
	clock   atomic.Int64
	token   string
	news    atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, "", nil)
}

// newWorldOf is an environment of a kind of organisation, with switches from the start.
func newWorldOf(t *testing.T, kind string, switches map[string]any) *world {
	t.Helper()
	w := &world{T: t, control: http.NewServeMux()}
	w.clock.Store(time.Date(2026, 3, 31, 9, 15, 0, 0, time.UTC).UnixNano())
	sim, err := dataversesim.New(dataversesim.Options{
		Now: w.now, Seed: 7, Notify: func() { w.news.Add(1) }, Host: host, Tenant: tenant, ClientID: client, ClientSecret: secret,
		OrganizationID: "0a000000-0000-4000-8000-0000000000cc", WebhookURL: "https://product.example/api/crm",
		SecretHeader: "x-cosell-key", Secret: `a<b&"c`,
		Organisation: kind, Switches: switches,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.sim = sim
	sim.MountControl(w.control)
	w.token = w.tokenFor(client, secret, "https://"+host+"/.default")
	return w
}

func (w *world) now() time.Time          { return time.Unix(0, w.clock.Load()).UTC() }
func (w *world) advance(d time.Duration) { w.clock.Add(int64(d)) }

// reply is an answer, its body read as JSON where it is JSON.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (w *world) serve(h http.Handler, method, target, body string, headers ...string) *reply {
	w.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	out := &reply{t: w.T, status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &out.json); err != nil {
			w.Fatalf("%s %s answered bad JSON: %v\n%s", method, target, err, out.text)
		}
	}
	return out
}

// do calls the Web API; path is below the root, with spaces as people write them.
func (w *world) do(method, path, body string, headers ...string) *reply {
	w.Helper()
	target := path
	if !strings.HasPrefix(path, "https://") {
		target = api + strings.ReplaceAll(path, " ", "%20")
	}
	return w.serve(w.sim, method, target, body, append([]string{"Authorization", "Bearer " + w.token, "Content-Type", "application/json"}, headers...)...)
}

func (w *world) tokenFor(id, pass, scope string) string {
	w.Helper()
	r := w.login(url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {pass}, "scope": {scope}})
	r.is(200)
	return r.json["access_token"].(string)
}

func (w *world) login(form url.Values) *reply {
	w.Helper()
	return w.serve(w.sim, "POST", "https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// ctl calls the control interface.
func (w *world) ctl(method, path, body string) *reply {
	w.Helper()
	return w.serve(w.control, method, "http://127.0.0.1"+path, body)
}

func (w *world) flip(name string, value any) {
	w.Helper()
	b, _ := json.Marshal(map[string]any{name: value})
	w.ctl("POST", "/switches", string(b)).is(200)
}

func (r *reply) is(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.text)
	}
	return r
}

// refused checks status and error code.
func (r *reply) refused(status int, code string) *reply {
	r.t.Helper()
	r.is(status)
	if got := r.error()["code"]; got != code {
		r.t.Fatalf("code %v, want %s: %s", got, code, r.text)
	}
	return r
}

func (r *reply) error() map[string]any {
	r.t.Helper()
	e, ok := r.json["error"].(map[string]any)
	if !ok {
		r.t.Fatalf("no error in the answer: %s", r.text)
	}
	return e
}

// has checks members of a JSON object; the wanted value nil means null or absent.
func (r *reply) has(want map[string]any) *reply {
	r.t.Helper()
	contains(r.t, r.json, want)
	return r
}

func contains(t testing.TB, got, want map[string]any) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if fmt.Sprint(got[k]) != fmt.Sprint(want[k]) {
			t.Errorf("%s is %v, want %v", k, got[k], want[k])
		}
	}
}

func (r *reply) rows() []map[string]any {
	r.t.Helper()
	r.is(200)
	list, ok := r.json["value"].([]any)
	if !ok {
		r.t.Fatalf("no collection: %s", r.text)
	}
	out := make([]map[string]any, len(list))
	for i, v := range list {
		out[i] = v.(map[string]any)
	}
	return out
}

// column lists one member of all rows.
func (r *reply) column(name string) string {
	r.t.Helper()
	var out []string
	for _, row := range r.rows() {
		out = append(out, fmt.Sprint(row[name]))
	}
	return strings.Join(out, ",")
}

// create posts a row and gives its id.
func (w *world) create(set, body string, headers ...string) string {
	w.Helper()
	r := w.do("POST", set, body, headers...).is(204)
	id := r.header.Get("OData-EntityId")
	return strings.TrimSuffix(id[strings.LastIndexByte(id, '(')+1:], ")")
}

func (w *world) opportunity(columns string) string {
	w.Helper()
	if columns != "" {
		columns = "," + columns
	}
	return w.create("opportunities", `{"name":"Deal"`+columns+`}`)
}

// sentEvent is a delivery, decoded.
type sentEvent struct {
	url    string
	header http.Header
	raw    string
	body   map[string]any
}

func (e sentEvent) message() string { return e.header.Get("x-ms-dynamics-request-name") }

// deliver takes what is due and answers each with the given status.
func (w *world) deliver(status int) []sentEvent {
	w.Helper()
	var out []sentEvent
	for _, o := range w.sim.Advance(w.now()) {
		e := sentEvent{url: o.URL, header: o.Header, raw: string(o.Body)}
		if err := json.Unmarshal(o.Body, &e.body); err != nil {
			w.Fatalf("event is no JSON: %v\n%s", err, o.Body)
		}
		out = append(out, e)
		w.sim.Delivered(o.ID, status)
	}
	return out
}

func messages(events []sentEvent) string {
	var out []string
	for _, e := range events {
		out = append(out, e.message()+" "+e.header.Get("x-ms-dynamics-entity-name"))
	}
	return strings.Join(out, ", ")
}

// pair finds a key in an array dictionary.
func pair(t testing.TB, list any, key string) any {
	t.Helper()
	items, _ := list.([]any)
	for _, i := range items {
		if m := i.(map[string]any); m["key"] == key {
			return m["value"]
		}
	}
	return nil
}

func keys(list any) string {
	var out []string
	items, _ := list.([]any)
	for _, i := range items {
		out = append(out, i.(map[string]any)["key"].(string))
	}
	return strings.Join(out, ",")
}

func target(t testing.TB, e sentEvent) map[string]any {
	t.Helper()
	m, ok := pair(t, e.body["InputParameters"], "Target").(map[string]any)
	if !ok {
		t.Fatalf("no Target in %s", e.raw)
	}
	return m
}

func readAll(r io.Reader) string {
	b, _ := io.ReadAll(r)
	return string(b)
}
