package referrals

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping/mappingtest"
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
	return New(c, mappingtest.Sheet(t), Options{Organization: organization}), w
}

const organization = "3c1e7d55-2b44-4c0a-9a70-1f2e3d4c5b6a"

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func codeOf(err error) string {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
