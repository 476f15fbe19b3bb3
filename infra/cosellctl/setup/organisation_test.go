package setup_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	data "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/dataverse/solution"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// organisation is a simulated environment with people who may change it.
type organisation struct {
	t   *testing.T
	sim *dataversesim.Simulator
	now time.Time
}

const (
	address = "https://cosell.crm4.dynamics.com"
	tenant  = "7e000000-0000-4000-8000-0000000000aa"
)

var administrator = dataversesim.Application{ClientID: "ad000000-0000-4000-8000-0000000000aa", ClientSecret: "administrator"}

var customizer = dataversesim.Application{ClientID: "c5000000-0000-4000-8000-0000000000aa", ClientSecret: "customizer"}

func newOrganisation(t *testing.T, kind string, switches map[string]any) *organisation {
	t.Helper()
	o := &organisation{t: t, now: time.Date(2026, 3, 31, 9, 15, 0, 0, time.UTC)}
	sim, err := dataversesim.New(dataversesim.Options{Now: func() time.Time { o.now = o.now.Add(time.Millisecond); return o.now }, Seed: 1, Host: strings.TrimPrefix(address, "https://"),
		Tenant: tenant, ClientID: client, ClientSecret: "a secret", OrganizationID: "0a000000-0000-4000-8000-0000000000cc", Administrator: administrator, Customizer: customizer,
		WebhookURL: "https://cosell.example/api/crmwebhook", SecretHeader: "x-cosell-crm-key", Secret: "k", Organisation: kind, Switches: switches})
	if err != nil {
		t.Fatal(err)
	}
	o.sim = sim
	return o
}

// RoundTrip hands requests to the simulator as if it were the network, and answers the SDK's questions about the
// directory, which is not simulated.
func (o *organisation) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
		rec.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rec, `{"token_endpoint":"https://%[1]s/%[2]s/oauth2/v2.0/token","authorization_endpoint":"https://%[1]s/%[2]s/oauth2/v2.0/authorize","issuer":"https://%[1]s/%[2]s/v2.0"}`, r.URL.Host, tenant)
		return rec.Result(), nil
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body) // of our own making
	}
	in := httptest.NewRequest(r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	o.sim.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// as is the way in of somebody; waiting lets the organisation's time pass.
func (o *organisation) as(who dataversesim.Application) *setup.Web { return o.through(who, o) }

// through is the way in over something between.
func (o *organisation) through(who dataversesim.Application, way http.RoundTripper) *setup.Web {
	credential := func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(tenant, who.ClientID, who.ClientSecret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: o}}, DisableInstanceDiscovery: true})
	}
	pause := func(_ context.Context, d time.Duration) error { o.now = o.now.Add(d); o.sim.Advance(o.now); return nil }
	return &setup.Web{Base: address + "/api/data/v9.2", Sleep: pause,
		HTTP: httpclient.New(httpclient.Options{Base: way, Hosts: []string{strings.TrimPrefix(address, "https://")}, Audience: address, Token: dataverse.Tokens(credential, address+"/.default"),
			Now: func() time.Time { return o.now }, Sleep: pause})}
}

func (o *organisation) options(who dataversesim.Application) setup.Options {
	return setup.Options{Web: o.as(who), Want: wanted(o.t), URL: "https://cosell.example/api/crmwebhook", Header: "x-cosell-crm-key", Secret: "k", AppUser: client}
}

// tornDown is what a teardown by an administrator has done.
func (o *organisation) tornDown() *setup.Plan {
	o.t.Helper()
	options := o.options(administrator)
	options.Want = definition(o.t)
	p, err := setup.Teardown(o.t.Context(), options)
	if err != nil {
		o.t.Fatal(err)
	}
	return applied(o.t, p)
}

// control calls the simulator's own controls.
func (o *organisation) control(method, path, body string) []byte {
	o.t.Helper()
	mux := http.NewServeMux()
	o.sim.MountControl(mux)
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
	if rec.Code != http.StatusOK {
		o.t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	return rec.Body.Bytes()
}

// metadata is everything that can be customised, as text.
func (o *organisation) metadata() string {
	o.t.Helper()
	return string(o.control(http.MethodGet, "/metadata", "")) // in one order, and indented
}

// importZip imports a solution as an administrator does.
func (o *organisation) importZip(managed bool) {
	o.t.Helper()
	o.importOf(definition(o.t), managed, false)
}

// importOf imports the solution of a release; holding is an upgrade that is staged and not applied yet.
func (o *organisation) importOf(d data.Definition, managed, holding bool) {
	o.t.Helper()
	packed, err := solution.Zip(d, managed)
	if err != nil {
		o.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"CustomizationFile": base64.StdEncoding.EncodeToString(packed), "ImportJobId": "11111111-1111-4111-8111-111111111111",
		"OverwriteUnmanagedCustomizations": false, "PublishWorkflows": true, "HoldingSolution": holding})
	if err != nil {
		o.t.Fatal(err)
	}
	resp, err := o.as(administrator).HTTP.Do(o.t.Context(), httpclient.Request{Method: http.MethodPost, URL: address + "/api/data/v9.2/ImportSolution", Body: body,
		Header: http.Header{"Content-Type": {"application/json"}, "Odata-Version": {"4.0"}, "Accept": {"application/json"}}})
	if err != nil || resp.Status != http.StatusNoContent {
		o.t.Fatalf("importing: %v %s", err, resp.Body)
	}
}

// gone deletes a row by its unique name, as a person does in the maker portal.
func (o *organisation) gone(set, id, name string) {
	o.t.Helper()
	web := o.as(administrator)
	resp, err := web.HTTP.Do(o.t.Context(), httpclient.Request{Method: http.MethodGet, URL: address + "/api/data/v9.2/" + set + "?$select=" + id + "&$filter=uniquename%20eq%20'" + name + "'"})
	if err != nil {
		o.t.Fatal(err)
	}
	var found struct{ Value []map[string]any }
	if err := json.Unmarshal(resp.Body, &found); err != nil || len(found.Value) != 1 {
		o.t.Fatalf("%s: %v %s", set, err, resp.Body)
	}
	path := fmt.Sprintf("%s/api/data/v9.2/%s(%s)", address, set, found.Value[0][id])
	if resp, err = web.HTTP.Do(o.t.Context(), httpclient.Request{Method: http.MethodDelete, URL: path}); err != nil || resp.Status != http.StatusNoContent {
		o.t.Fatalf("%s: %v %s", path, err, resp.Body)
	}
}

func lines(text string) []string { return strings.Split(text, "\n") }

// do is a call by an administrator.
func (o *organisation) do(method, path, body string) *httpclient.Response {
	o.t.Helper()
	resp, err := o.as(administrator).HTTP.Do(o.t.Context(), httpclient.Request{Method: method, URL: address + "/api/data/v9.2/" + path, Body: []byte(body),
		Header: http.Header{"Content-Type": {"application/json"}, "Odata-Version": {"4.0"}, "Accept": {"application/json"}}})
	if err != nil || resp.Status >= http.StatusMultipleChoices {
		o.t.Fatalf("%s %s: %v %s", method, path, err, resp.Body)
	}
	return resp
}

// text1 is a text of the one row that a filter finds.
func (o *organisation) text1(set, column, filter string) string {
	o.t.Helper()
	var found struct{ Value []map[string]any }
	if err := json.Unmarshal(o.do(http.MethodGet, set+"?$select="+column+"&$filter="+strings.ReplaceAll(filter, " ", "%20"), "").Body, &found); err != nil || len(found.Value) != 1 {
		o.t.Fatalf("%s: %v, %d rows", filter, err, len(found.Value))
	}
	text, _ := found.Value[0][column].(string)
	return text
}
