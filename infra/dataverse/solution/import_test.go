package solution_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/dataverse/solution"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// crm is the simulated CRM in which nothing of ours exists, and an administrator's token.
type crm struct {
	*testing.T
	sim     *dataversesim.Simulator
	control *http.ServeMux
	now     time.Time
	token   string
}

func bareCRM(t *testing.T, kind string) *crm {
	t.Helper()
	c := &crm{T: t, control: http.NewServeMux(), now: time.Date(2026, 3, 31, 9, 0, 0, 0, time.UTC)}
	var err error
	if c.sim, err = dataversesim.New(dataversesim.Options{Now: func() time.Time { return c.now }, Host: "a.crm4.dynamics.com", Tenant: "t", ClientID: "c", ClientSecret: "s",
		OrganizationID: "o", WebhookURL: "https://localhost/x", SecretHeader: "h", Secret: "s", Organisation: kind}); err != nil {
		t.Fatal(err)
	}
	c.sim.MountControl(c.control)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {dataversesim.AdministratorClientID}, "client_secret": {dataversesim.AdministratorClientSecret},
		"scope": {"https://a.crm4.dynamics.com/.default"}}
	r := httptest.NewRequest(http.MethodPost, "https://login.microsoftonline.com/t/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.token, _ = c.read(c.sim, r)["access_token"].(string)
	return c
}

func (c *crm) read(h http.Handler, r *http.Request) map[string]any {
	c.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if rec.Code >= 300 {
		c.Fatalf("%s %s: %d %s", r.Method, r.URL, rec.Code, rec.Body)
	}
	var out map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &out) // an empty answer has nothing to read
	return out
}

func (c *crm) call(method, path, body string) map[string]any {
	c.Helper()
	r := httptest.NewRequest(method, "https://a.crm4.dynamics.com/api/data/v9.2/"+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	return c.read(c.sim, r)
}

// only is the id of the one row that a query finds.
func (c *crm) only(path, id string) string {
	c.Helper()
	rows, _ := c.call(http.MethodGet, path, "")["value"].([]any)
	if len(rows) != 1 {
		c.Fatalf("%s: %d rows", path, len(rows))
	}
	return rows[0].(map[string]any)[id].(string)
}

func (c *crm) metadata() string {
	rec := httptest.NewRecorder()
	c.control.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metadata", nil))
	return rec.Body.String()
}

// Both zips go into a CRM with and without French, and the managed one goes out again without a trace.
func TestZipsAreImportedAndUninstalled(t *testing.T) {
	for _, managed := range []bool{false, true} {
		for _, kind := range []string{dataversesim.Bare, dataversesim.BareFrench, dataversesim.BareInFrench} {
			c := bareCRM(t, kind)
			before := c.metadata()
			zip, err := solution.Zip(definition(t), managed)
			if err != nil {
				t.Fatal(err)
			}
			job := c.call(http.MethodPost, "ImportSolutionAsync", `{"CustomizationFile":"`+base64.StdEncoding.EncodeToString(zip)+`","OverwriteUnmanagedCustomizations":false,"PublishWorkflows":true}`)
			c.now = c.now.Add(time.Minute)
			if done := c.call(http.MethodGet, "asyncoperations("+job["AsyncOperationId"].(string)+")?$select=statuscode,message", ""); done["statuscode"] != 30.0 {
				t.Fatalf("managed %t, %s: %v", managed, kind, done["message"])
			}
			c.call(http.MethodGet, "EntityDefinitions(LogicalName='opportunity')/Attributes(LogicalName='cosell_help')", "")
			c.call(http.MethodGet, "cosell_solutions?$select=cosell_name&$expand=cosell_OpportunityId($select=name)", "")
			id := c.only("solutions?$filter=uniquename eq 'CosellSync'", "solutionid")
			c.call(http.MethodDelete, "solutions("+id+")", "")
			c.call(http.MethodDelete, "publishers("+c.only("publishers?$filter=uniquename eq 'cosellsync'", "publisherid")+")", "")
			if after := c.metadata(); managed && after != before {
				t.Errorf("%s: uninstalling left something", kind)
			}
		}
	}
}
