package dataverse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	oneID   = "6f0f6f4e-1111-4b6f-9a10-0a5c3d2e0001"
	otherID = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0003"
	orgID   = "50000000-0000-4000-8000-000000000005"
	etag1   = `W/"88123401"`
	etag2   = `W/"88123402"`
	date    = "Mon, 02 Mar 2026 09:14:05 GMT"
	root    = "/api/data/v9.2"
)

var ctx = context.Background()

func serve(t *testing.T, answers ...http.HandlerFunc) (*httpclienttest.Server, *Client) {
	t.Helper()
	w := httpclienttest.Serve(t, date, answers...)
	c, err := NewClient(Options{BaseURL: w.URL + root + "/", HTTP: w.Chain()})
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

// answer always says the same; BASE in it is where the server stands.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		httpclienttest.Answer(status, strings.ReplaceAll(body, "BASE", "https://"+r.Host+root), header...)(w, r)
	}
}

func empty(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }

func problem(code string) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":"Text for humans."}}`, code)
}

func row(etag string) string {
	return fmt.Sprintf(`{"@odata.etag":%q,"opportunityid":%q,"name":"Renamed","estimatedvalue":125000.00,"cosell_sync":true,"description":null,"statecode":0,
		"parentaccountid":{"@odata.etag":"W/\"1\"","accountid":%q,"name":"Fabrikam Ltd"},"contacts":[{"lastname":"A"},{"lastname":"B"}]}`, etag, oneID, otherID)
}

func wantKind(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || code != "" && f.Code != code {
		t.Errorf("got %v (%+v), want %s %q", err, f, kind, code)
	}
}
