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
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	data "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/dataverse/solution"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
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
	var v any
	if err := json.Unmarshal(o.control(http.MethodGet, "/metadata", ""), &v); err != nil {
		o.t.Fatal(err)
	}
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		o.t.Fatal(err)
	}
	return string(text)
}

func TestABareOrganisationIsSetUp(t *testing.T) {
	for _, kind := range []string{dataversesim.Bare, dataversesim.BareFrench, dataversesim.BareInFrench} {
		o := newOrganisation(t, kind, nil)
		complete(t, applied(t, planned(t, o.options(administrator))))
		mark := o.metadata()
		again := planned(t, o.options(administrator))
		if again.Differs() {
			t.Errorf("%s: %s", kind, said(again))
		}
		applied(t, again)
		if got := o.metadata(); got != mark {
			t.Errorf("%s: a second run changes %s", kind, cmp.Diff(lines(mark), lines(got)))
		}
	}
}

// What is there after the teardown is what was there before the setup, but for change tracking.
func TestTheOrganisationIsAsBeforeAfterTheTeardown(t *testing.T) {
	for _, kind := range []string{dataversesim.BareFrench, dataversesim.BareInFrench} {
		isAsBefore(t, kind)
	}
}

func isAsBefore(t *testing.T, kind string) {
	t.Helper()
	o := newOrganisation(t, kind, map[string]any{"setupTracking": "sales"})
	tracked := func() string {
		return strings.ReplaceAll(o.metadata(), `"ChangeTrackingEnabled": false`, `"ChangeTrackingEnabled": true`)
	}
	before := tracked()
	complete(t, applied(t, planned(t, o.options(administrator))))
	if tracked() == before {
		t.Fatal("nothing was made")
	}
	options := o.options(administrator)
	options.Want = definition(t)
	plan, err := setup.Teardown(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, applied(t, plan))
	if after := tracked(); after != before {
		t.Error(cmp.Diff(lines(before), lines(after)))
	}
}

// A customizer may apply the schema, and is told what an administrator has to do.
func TestACustomizerAppliesTheSchemaAndAnAdministratorTheRest(t *testing.T) {
	o := newOrganisation(t, dataversesim.Bare, nil)
	p := planned(t, o.options(customizer))
	for _, i := range p.Items {
		if foreseen := slices.Contains([]string{"role", "role given", "endpoint", "step", "image"}, i.Kind); (i.Lacks != "") != foreseen && i.Do != setup.Leave {
			t.Errorf("%s %s: the plan says that the caller lacks %q", i.Kind, i.Name, i.Lacks)
		}
	}
	applied(t, p)
	for _, i := range p.Items {
		administrators := slices.Contains([]string{"role", "role given", "application user", "endpoint", "step", "image"}, i.Kind)
		if done := i.Do == setup.Leave || i.Result == setup.Done; done == administrators && !(i.Kind == "application user" && i.Do == setup.Leave) {
			t.Errorf("%s %s: %s %s", i.Kind, i.Name, i.Result, i.Why)
		}
		if i.Result == setup.Denied && (!strings.Contains(i.Why, "prv") || !strings.Contains(i.Mend, "System Administrator")) {
			t.Errorf("%s %s: %s; %s", i.Kind, i.Name, i.Why, i.Mend)
		}
	}
	if !p.Unfinished() {
		t.Error("it says that all is done")
	}
	complete(t, applied(t, planned(t, o.options(administrator))))
	other := newOrganisation(t, dataversesim.Bare, nil)
	applied(t, planned(t, other.options(administrator)))
	if one, two := o.metadata(), other.metadata(); one != two {
		t.Error(cmp.Diff(lines(two), lines(one)))
	}
}

// The role of the application user is what the simulated one of a running product is. More than that: to make
// connections, and to let rows hang on users, teams and connection roles. Less: what only a sheet of the customer's own needs, and
// tables whose right is that of another one.
func TestTheRoleIsThatOfARunningProduct(t *testing.T) {
	o := newOrganisation(t, "", nil)
	var answer struct{ Denied map[string][]string }
	if err := json.Unmarshal(o.control(http.MethodPost, "/privileges", `{"role":"runtime"}`), &answer); err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{}
	for _, p := range definition(t).Role(data.ForApplication).Privileges {
		for _, may := range p.May {
			ours[p.Table+" "+strings.ToLower(may[:1])+may[1:]] = true
		}
	}
	more := []string{"connection create", "connection append", "connection appendTo", "connectionrole appendTo", "systemuser appendTo", "team appendTo"}
	less := []string{"territory read", "territory appendTo", "campaign read", "campaign appendTo", "connectionroleobjecttypecode read", "opportunityproduct read", "sdkmessagefilter read", "cosell_solutiondetail assign", "environmentvariablevalue read"}
	for table, denied := range answer.Denied {
		if table == "task" || strings.HasPrefix(table, "msft_") {
			continue // activities have one privilege together
		}
		for _, may := range []string{"create", "read", "write", "delete", "append", "appendTo", "assign"} {
			right := table + " " + may
			allowed := !slices.Contains(denied, may)
			if allowed && !ours[right] && !slices.Contains(less, right) || !allowed && ours[right] && !slices.Contains(more, right) {
				t.Errorf("%s: the running product may %v, our role %v", right, allowed, ours[right])
			}
		}
	}
}

// With the sheet of Microsoft's connector its columns are found by what people call them, and none of ours stands
// beside them; of Microsoft's solution nothing is changed.
func TestTheColumnsOfMicrosoftsConnectorAreKept(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareMsft, nil)
	text, err := os.ReadFile("../../dataverse/msft.yaml")
	if err != nil {
		t.Fatal(err)
	}
	options := o.options(administrator)
	client, err := dataverse.NewClient(dataverse.Options{BaseURL: options.Web.Base, HTTP: options.Web.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	to := setup.Connection{Web: options.Web, Client: client}
	sheet, err := to.Sheet(t.Context(), mapping.Source{Name: "msft.yaml", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	options.Want = setup.Want(definition(t), sheet)
	complete(t, applied(t, planned(t, options)))
	var after struct {
		Tables map[string]struct {
			Columns map[string]any
			Keys    map[string]any
		}
	}
	if err := json.Unmarshal([]byte(o.metadata()), &after); err != nil {
		t.Fatal(err)
	}
	for name, table := range after.Tables {
		for column := range table.Columns {
			if strings.HasPrefix(column, "cosell_") {
				t.Errorf("%s has %s", name, column)
			}
		}
		if strings.HasPrefix(name, "msft_") && len(table.Keys) > 0 {
			t.Errorf("%s has keys %v", name, table.Keys)
		}
	}
	if again := planned(t, options); again.Differs() {
		t.Error(said(again))
	}
}

// What no document settles is a switch of the simulator, and a setup holds in every position.
func TestASetupHoldsInEveryPosition(t *testing.T) {
	for name, switches := range map[string]map[string]any{
		"exists 409":                {"setupExistsStatus": 409},
		"exists 412":                {"setupExistsStatus": 412},
		"labels ignored":            {"setupLabels": "ignored"},
		"names replaced":            {"setupLocLabels": "replaced"},
		"both layers are read":      {"setupUnpublished": "both"},
		"drafts are read":           {"setupUnpublished": "shown"},
		"found half a minute later": {"setupLag": 30},
		"locked, 429":               {"setupLock": 3},
		"locked, 400":               {"setupLock": 4, "setupLockStatus": 400},
		"locked, 500":               {"setupLock": 5, "setupLockStatus": 500},
		"a role in use stays":       {"setupRoleInUse": "refused"},
		"nothing is tracked":        {"setupTracking": "none"},
		"customers are tracked":     {"setupTracking": "customers"},
		"keys take a minute":        {"setupKeySeconds": 60},
		"small pages":               {"pageSize": 2},
		"codes of older versions":   {"unknownColumnCode": "0x80060888", "unknownTableCode": "", "duplicateStatus": 500},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrganisation(t, dataversesim.BareFrench, switches)
			complete(t, applied(t, planned(t, o.options(administrator))))
			if again := planned(t, o.options(administrator)); again.Differs() {
				t.Error(said(again))
			}
			options := o.options(administrator)
			options.Want = definition(t)
			plan, err := setup.Teardown(context.Background(), options)
			if err != nil {
				t.Fatal(err)
			}
			complete(t, applied(t, plan))
		})
	}
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

// A zip makes what a setup makes: after both the organisation is the same, and the setup has only what a zip cannot know
// left to do.
func TestAnImportedZipIsWhatASetupMakes(t *testing.T) {
	for _, kind := range []string{dataversesim.Bare, dataversesim.BareFrench, dataversesim.BareInFrench} {
		makesTheSame(t, kind)
	}
}

func makesTheSame(t *testing.T, kind string) {
	t.Helper()
	o := newOrganisation(t, kind, nil)
	o.importZip(false)
	p := planned(t, o.options(administrator))
	for _, i := range p.Items {
		if after := slices.Contains([]string{"endpoint", "step", "image", "form", "role given", "publishing", "index"}, i.Kind) || i.Kind == "table" && strings.Contains(i.Why, "change tracking"); !after && i.Do != setup.Leave {
			t.Errorf("%s %s: %s, %s", i.Kind, i.Name, i.Do, i.Why)
		}
	}
	complete(t, applied(t, p))
	other := newOrganisation(t, kind, nil)
	complete(t, applied(t, planned(t, other.options(administrator))))
	script := definition(t).Script // its name is for makers alone, and a zip has one
	if zip, api := o.metadata(), strings.ReplaceAll(other.metadata(), script.In(data.French), script.Label); zip != api {
		t.Error(cmp.Diff(lines(api), lines(zip)))
	}
}

// A managed solution is completed by a setup, left by a teardown, and takes all that it brought when it is uninstalled.
func TestAManagedZipIsCompletedAndUninstalled(t *testing.T) {
	o := newOrganisation(t, dataversesim.Bare, map[string]any{"setupTracking": "sales"})
	tracked := func() string {
		return strings.ReplaceAll(o.metadata(), `"ChangeTrackingEnabled": false`, `"ChangeTrackingEnabled": true`)
	}
	before := tracked()
	o.importZip(true)
	complete(t, applied(t, planned(t, o.options(administrator))))
	if again := planned(t, o.options(administrator)); again.Differs() {
		t.Error(said(again))
	}
	options := o.options(administrator)
	options.Want = definition(t)
	plan, err := setup.Teardown(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	applied(t, plan)
	uninstalled := item(t, plan, "solution", "CosellSync")
	if uninstalled.Do != setup.Open || !strings.Contains(uninstalled.Mend, "uninstall") {
		t.Errorf("%+v", uninstalled)
	}
	o.gone("solutions", "solutionid", "CosellSync")
	o.gone("publishers", "publisherid", "cosellsync")
	if after := tracked(); before != after {
		t.Error(cmp.Diff(lines(before), lines(after)))
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

// Where the columns are there already, made by hand or by another way, a setup adds what is missing, and a teardown
// leaves what it has not made.
func TestAnOrganisationThatHasTheColumnsKeepsThem(t *testing.T) {
	for _, kind := range []string{dataversesim.Plain, dataversesim.Opinionated} {
		o := newOrganisation(t, kind, nil)
		before := planned(t, o.options(administrator))
		if i := item(t, before, "column", "opportunity/cosell_sync"); i.Do != setup.Leave && i.Do != setup.Change {
			t.Errorf("%s: %+v", kind, i)
		}
		complete(t, applied(t, before))
		if again := planned(t, o.options(administrator)); again.Differs() {
			t.Errorf("%s: %s", kind, said(again))
		}
		options := o.options(administrator)
		options.Want = definition(t)
		plan, err := setup.Teardown(context.Background(), options)
		if err != nil {
			t.Fatal(err)
		}
		applied(t, plan)
		if i := item(t, plan, "column", "opportunity/cosell_sync"); i.Do != setup.Leave || !strings.Contains(i.Why, "CosellSync") {
			t.Errorf("%s: %+v", kind, i)
		}
		if !strings.Contains(o.metadata(), `"cosell_sync": {`) {
			t.Errorf("%s: the column is gone", kind)
		}
	}
}

// What sellers see of a view is its name in their own language.
func TestViewsAreNamedInEveryLanguage(t *testing.T) {
	for kind, other := range map[string]string{dataversesim.BareFrench: `"1036": "Covente : en échec"`, dataversesim.BareInFrench: `"1033": "Co-sell: Failed"`} {
		o := newOrganisation(t, kind, nil)
		complete(t, applied(t, planned(t, o.options(administrator))))
		if got := strings.Count(o.metadata(), `"name@others"`); got != len(definition(t).Views) || !strings.Contains(o.metadata(), other) {
			t.Errorf("%s: %d views have a name in the other language", kind, got)
		}
	}
	o := newOrganisation(t, dataversesim.Bare, nil)
	p := planned(t, o.options(administrator))
	if skipped := item(t, p, "language", "1036"); skipped.Do != setup.Leave || !strings.Contains(skipped.Why, "not installed") {
		t.Errorf("%+v", skipped)
	}
	if slices.ContainsFunc(p.Items, func(i *setup.Item) bool { return i.Kind == "view name" }) {
		t.Error("a name in a language that is not installed is planned")
	}
}

// A name that people gave in a language of their own stays when one of ours is added.
func TestNamesThatPeopleGaveStay(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareMsft, map[string]any{"setupLocLabels": "replaced"})
	complete(t, applied(t, planned(t, o.options(administrator))))
	view := definition(t).Views[0]
	o.do(http.MethodPost, "SetLocLabels", `{"EntityMoniker":{"@odata.type":"Microsoft.Dynamics.CRM.savedquery","savedqueryid":"`+view.ID()+`"},"AttributeName":"name",
		"Labels":[{"Label":"Unsere","LanguageCode":1031},{"Label":"Ours","LanguageCode":1033}]}`)
	complete(t, applied(t, planned(t, o.options(administrator))))
	for _, name := range []string{`"name": "Ours"`, `"1031": "Unsere"`, `"1036": "` + view.Labels[data.French] + `"`} {
		if !strings.Contains(o.metadata(), name) {
			t.Errorf("%s is lost", name)
		}
	}
}

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
