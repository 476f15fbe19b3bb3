package partnercenter

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	oneID   = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01"
	otherID = "b1d2c3e4-5f60-4711-8a22-9c3d4e5f6a70"
	etag1   = `"5a00c1d2-0000-0100-0000-69a556cd0000"`
	etag2   = `"5a00c1d2-0000-0100-0000-69a556cd0001"`
	date    = "Mon, 02 Mar 2026 09:14:05 GMT"
)

func serve(t *testing.T, answers ...http.HandlerFunc) (*httpclienttest.Server, *Client) {
	t.Helper()
	w := httpclienttest.Serve(t, date, answers...)
	c, err := NewClient(Options{ReferralsURL: w.URL + "/v1.0/engagements/referrals", WebhooksURL: w.URL + "/webhooks/v1/registration", Referrals: w.Chain(), Webhooks: w.Chain()})
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

// cut ends the connection in the middle of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"half":`)
	panic(http.ErrAbortHandler)
}

func referral(id, etag string) string {
	return fmt.Sprintf(`{"id":%q,"eTag":%q,"name":null,"details":{"dealValue":85000.50,"currency":"EUR"},"team":[{"email":"a@b.example"}],"favorite":false,"future":{"kept":1}}`, id, etag)
}

func wantKind(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !asFault(err, &f) || f.Kind != kind || code != "" && f.Code != code {
		t.Errorf("got %v (%+v), want %s %q", err, f, kind, code)
	}
}
