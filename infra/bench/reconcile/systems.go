package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// The names by which product and systems know each other.
const (
	crmHost      = "cosell.crm4.dynamics.com"
	partnerHost  = "api.partner.microsoft.com"
	organization = "6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718"
	tenant       = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	// What one answer holds, as the systems have it.
	referralPage, rowPage = 100, 5000
	documentSize          = 6 << 10
)

// world is both systems: pages that are made when they are asked for, and metadata of the simulated CRM.
type world struct {
	pairs        int
	crm          *dataversesim.Simulator
	pages, reads atomic.Int64
	page         bytes.Buffer // one at a time is asked for, and read before the next
}

func newWorld(pairs int) (*world, error) {
	crm, err := dataversesim.New(dataversesim.Options{Now: time.Now, Seed: 1, Host: crmHost, Tenant: tenant, ClientID: tenant, ClientSecret: "secret",
		OrganizationID: organization, WebhookURL: "https://cosell-sync.example/api/crmwebhook", SecretHeader: "x-cosell-crm-key", Secret: "the-secret-of-the-event-steps"})
	return &world{pairs: pairs, crm: crm}, err
}

// RoundTrip implements http.RoundTripper.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/token") && !strings.Contains(path, "dynamics"):
		return answer(r, []byte(`{"token_type":"Bearer","expires_in":3599,"access_token":"token-of-the-referrals-admin","refresh_token":"refresh-token-of-the-referrals-admin"}`)), nil
	case r.URL.Host == crmHost && strings.HasSuffix(path, "/opportunities"):
		w.pages.Add(1)
		return answer(r, w.opportunities(skipped(r))), nil
	case r.URL.Host == crmHost && r.Method == http.MethodGet && strings.Contains(path, "/opportunities("), r.URL.Host == partnerHost && !strings.HasSuffix(path, "/referrals"):
		w.reads.Add(1)
		return nil, fmt.Errorf("nobody needs %s", r.URL)
	case r.URL.Host == crmHost:
		return w.simulated(r)
	case r.URL.Host == partnerHost:
		w.pages.Add(1)
		return answer(r, w.referrals(r)), nil
	}
	return nil, fmt.Errorf("nobody stands for %s", r.URL)
}

func answer(r *http.Request, body []byte) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
}

// simulated asks the simulated CRM, as its own application user.
func (w *world) simulated(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+w.crmToken())
	rec := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w.crm.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// crmToken signs in at the simulated directory.
func (w *world) crmToken() string {
	form := "grant_type=client_credentials&client_id=" + tenant + "&client_secret=secret&scope=https%3A%2F%2F" + crmHost + "%2F.default"
	r := httptest.NewRequest(http.MethodPost, "https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.crm.ServeHTTP(rec, r)
	var got struct {
		Token string `json:"access_token"`
	}
	_ = json.Unmarshal(rec.Body.Bytes(), &got) // without a token the CRM refuses
	return got.Token
}

func skipped(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	return n
}

// opportunities is a page of the change feed: every one is switched on and names its referral.
func (w *world) opportunities(from int) []byte {
	b := &w.page
	b.Reset()
	b.WriteString(`{"value":[`)
	end := min(from+rowPage, w.pairs)
	for i := from; i < end; i++ {
		if i > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, `{"@odata.etag":"W/\"%d\"","opportunityid":"%08x-0000-4000-8000-00000000000a","cosell_sync":true,"cosell_referralid":"%08x-0000-4000-8000-00000000000b","cosell_action":null,"modifiedon":"2026-05-04T09:00:00Z"}`, 1000+i, i, i)
	}
	b.WriteString(`]`)
	if end < w.pairs {
		fmt.Fprintf(b, `,"@odata.nextLink":"https://%s/api/data/v9.2/opportunities?$skiptoken=%d"}`, crmHost, end)
	} else {
		fmt.Fprintf(b, `,"@odata.deltaLink":"https://%s/api/data/v9.2/opportunities?$deltatoken=1"}`, crmHost)
	}
	return b.Bytes()
}

// referrals is a page of the list: all are open and old; nothing was changed of late.
func (w *world) referrals(r *http.Request) []byte {
	q, b := r.URL.Query(), &w.page
	b.Reset()
	b.WriteString(`{"value":[`)
	from, end := skipped(r), 0
	if strings.Contains(q.Get("$filter"), "'Active'") || q.Get("$top") == "1" {
		end = min(from+referralPage, w.pairs)
		if q.Get("$top") == "1" {
			end = min(1, w.pairs)
		}
		for i := from; i < end; i++ {
			if i > from {
				b.WriteByte(',')
			}
			writeReferral(b, i)
		}
	}
	b.WriteString(`]`)
	if end > 0 && end < w.pairs && q.Get("$top") == "" {
		fmt.Fprintf(b, `,"@odata.nextLink":"https://%s/v1.0/engagements/referrals?$filter=status eq 'Active'&$skiptoken=%d"`, partnerHost, end)
	}
	b.WriteString(`}`)
	return b.Bytes()
}

// filling is what makes a referral as long as real ones: members that nobody asks for here.
var filling = func() string {
	var b strings.Builder
	for i := 0; b.Len() < documentSize-500; i++ {
		fmt.Fprintf(&b, `{"id":"m%d","firstName":"Somebody","lastName":"of the team","email":"member%d@contoso.example","phoneNumber":"+1 425 555 0100","note":"words, \"quoted\" and long"},`, i, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}()

func writeReferral(b *bytes.Buffer, i int) {
	fmt.Fprintf(b, `{"id":"%08x-0000-4000-8000-00000000000b","eTag":"\"%d\"","createdDateTime":"2026-01-04T09:00:00Z","updatedDateTime":"2026-05-04T09:00:00Z","name":"Deal %d","externalReferenceId":"%08x-0000-4000-8000-00000000000a",`+
		`"type":"Independent","status":"Active","substatus":"Accepted","team":[`, i, i, i, i)
	b.WriteString(filling)
	b.WriteString(`],"details":{"dealValue":30000,"currency":"USD","closingDateTime":"2027-01-04T00:00:00Z"}}`)
}

// hashAll is the least that anybody can do with all referrals: decode each, write it canonically, hash that.
func hashAll(pairs int) (done result, err error) {
	var b bytes.Buffer
	for i := range pairs {
		b.Reset()
		writeReferral(&b, i)
		var tree map[string]any
		if err := json.Unmarshal(b.Bytes(), &tree); err != nil {
			return done, err
		}
		text, err := json.Marshal(tree) // members in order
		if err != nil {
			return done, err
		}
		sum := sha256.Sum256(text)
		done.Hints += int64(sum[0] & 1)
	}
	return done, nil
}

// secrets is the vault.
type secrets struct{}

func (secrets) Get(context.Context, string) (string, error) {
	return "refresh-token-of-the-referrals-admin", nil
}

func (secrets) Set(context.Context, string, string) error { return nil }

// token is an app registration that is always signed in.
type token struct{}

func credential(string, string, string) azcore.TokenCredential { return token{} }

func (token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token-of-the-application-user", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func settings() []string {
	return []string{
		"SYNC_ROLE=sync", "SYNC_SIMULATED=" + crmHost + "=127.0.0.1:1," + partnerHost + "=127.0.0.1:1,api.partnercenter.microsoft.com=127.0.0.1:1,login.microsoftonline.com=127.0.0.1:1,cosell-vault.vault.azure.net=127.0.0.1:1",
		"SYNC_PUBLIC_URL=https://cosell-sync.example", "SYNC_OPERATOR_KEY=the-key-of-the-operator", "SYNC_STARTED=2026-01-01", "SYNC_RECONCILE_SCHEDULE=0 */5 * * * *", "SYNC_DEFAULT_OWNER=sam@northwind.example",
		"DATAVERSE_URL=https://" + crmHost, "DATAVERSE_ORGANIZATION_ID=" + organization, "DATAVERSE_TENANT=" + tenant, "DATAVERSE_CLIENT_ID=" + tenant, "DATAVERSE_CLIENT_SECRET=secret-of-the-crm-app",
		"DATAVERSE_WEBHOOK_HEADER=x-cosell-crm-key", "DATAVERSE_WEBHOOK_SECRET=the-secret-of-the-event-steps",
		"ServiceBus=Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=k;SharedAccessKey=eA==;UseDevelopmentEmulator=true",
		"TABLES_CONNECTION_STRING=DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=eA==;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;",
		"PARTNER_CENTER_TENANT=" + tenant, "PARTNER_CENTER_CLIENT_ID=" + tenant, "PARTNER_CENTER_CLIENT_SECRET=secret-of-the-partner-app",
		"PARTNER_CENTER_VAULT_URL=https://cosell-vault.vault.azure.net", "PARTNER_CENTER_REFRESH_TOKEN_SECRET=partner-center-refresh-token",
		"AZURE_TENANT_ID=" + tenant, "AZURE_CLIENT_ID=" + tenant, "AZURE_CLIENT_SECRET=secret-of-the-vault-app",
	}
}
