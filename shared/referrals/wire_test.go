package referrals

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

var serverNow = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

const (
	pcHost = "api.partner.microsoft.com"
	pcPath = "/v1.0/engagements/referrals"
)

func testStore(t *testing.T, h http.HandlerFunc) (*Store, *httpclienttest.Wire) {
	t.Helper()
	w := &httpclienttest.Wire{Handler: h, Date: serverNow}
	c, err := partnercenter.NewClient(partnercenter.Options{ReferralsURL: "https://" + pcHost + pcPath, Referrals: w.Client(pcHost)})
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
