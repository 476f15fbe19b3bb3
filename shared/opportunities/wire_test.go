package opportunities

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping/mappingtest"
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
	return New(c, mappingtest.Sheet(t), o), w
}

// The rows that tests speak of.
const (
	ownID       = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01"
	microsoftID = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c02"
	crmID       = "7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d"
)

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
