package opportunities

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/go-cmp/cmp"
)

var serverNow = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

const (
	crmHost = "contoso.crm.dynamics.com"
	api     = "/api/data/v9.2/"
)

func testStore(t *testing.T, h http.HandlerFunc, change ...func(*Options)) (*Store, *httpclienttest.Wire) {
	t.Helper()
	w := &httpclienttest.Wire{Handler: h, Date: serverNow}
	c, err := dataverse.NewClient(dataverse.Options{BaseURL: "https://" + crmHost + strings.TrimSuffix(api, "/"), HTTP: w.Client(crmHost)})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Environment: crmHost, PartnerTenant: "tenant", CheckMark: true, ContactConsent: true, Now: func() time.Time { return serverNow }}
	for _, f := range change {
		f(&o)
	}
	return New(c, defaultSheet(t), o), w
}

// The rows that tests speak of.
const (
	ownID       = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01"
	microsoftID = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c02"
	crmID       = "7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d"
)

func defaultSheet(t testing.TB) *mapping.Sheet {
	t.Helper()
	s, err := mapping.Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sameJSON(t *testing.T, want, got string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &b); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("JSON (-want +got):\n%s", d)
	}
}

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
