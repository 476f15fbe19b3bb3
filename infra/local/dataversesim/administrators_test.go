package dataversesim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// newOrganisation is an environment of a kind, with switches, and the caller named by as.
func newOrganisation(t *testing.T, kind, as string, switches map[string]any) *world {
	t.Helper()
	w := newWorldOf(t, kind, switches)
	w.as(as)
	return w
}

// as changes the caller: administrator, customizer or product.
func (w *world) as(who string) {
	w.Helper()
	app := map[string][2]string{"administrator": {dataversesim.AdministratorClientID, dataversesim.AdministratorClientSecret},
		"customizer": {dataversesim.CustomizerClientID, dataversesim.CustomizerClientSecret}, "product": {client, secret}}[who]
	w.token = w.tokenFor(app[0], app[1], "https://"+host+"/.default")
}

// lacks checks a refusal for want of a privilege.
func (r *reply) lacks(privilege string) {
	r.t.Helper()
	r.refused(403, "0x80040220")
	if message := r.error()["message"].(string); !strings.Contains(message, "is missing "+privilege+" privilege") {
		r.t.Errorf("%s, want %s", message, privilege)
	}
}

func TestWhatACustomizerMayNotDo(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	endpoint := `{"name":"e","contract":8,"url":"https://x.example","authtype":4,"authvalue":"k"}`
	w.do("POST", "serviceendpoints", endpoint).lacks("prvCreateServiceEndpoint")
	w.do("POST", "roles", `{"name":"r","businessunitid@odata.bind":"/businessunits(`+dataversesim.BusinessUnitID+`)"}`).lacks("prvCreateRole")
	w.do("POST", "opportunities", `{"name":"x"}`).lacks("prvCreateOpportunity")
	w.do("GET", "roles?$select=name", "").is(200)
	w.do("GET", "sdkmessageprocessingsteps?$select=name", "").is(200)
	w.as("administrator")
	id := w.create("serviceendpoints", endpoint)
	w.as("customizer")
	w.do("PATCH", "serviceendpoints("+id+")", `{"authvalue":"x"}`).lacks("prvWriteServiceEndpoint")
	w.do("DELETE", "serviceendpoints("+id+")", "").lacks("prvDeleteServiceEndpoint")
}

// A customizer sees own accounts only, and all rows of the organisation's own tables.
func TestPrivilegesOfAUserReachTheUsersRows(t *testing.T) {
	w := newOrganisation(t, dataversesim.Plain, "customizer", nil)
	if rows := w.do("GET", "accounts?$select=name", "").rows(); len(rows) != 0 {
		t.Errorf("a customizer sees %v", rows)
	}
	w.do("GET", "accounts("+dataversesim.AccountID+")?$select=name", "").refused(403, "0x80048306")
	w.do("PATCH", "accounts("+dataversesim.AccountID+")", `{"name":"x"}`).refused(403, "0x80048306")
	own := w.create("accounts", `{"name":"Own"}`)
	w.do("GET", "accounts("+own+")?$select=name", "").is(200)
	if rows := w.do("GET", "cosell_solutiondetails?$select=cosell_name", "").rows(); len(rows) != 3 {
		t.Errorf("%d rows of a custom table", len(rows))
	}
	w.do("GET", "accounts?$select=name", "", "Prefer", "odata.track-changes").refused(403, "0x80040220")
}

func TestABareOrganisationGivesTheProductNoRole(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "product", nil)
	w.do("GET", "WhoAmI", "").refused(403, "0x80042f09")
	w.as("administrator")
	unit := `"businessunitid@odata.bind":"/businessunits(` + dataversesim.BusinessUnitID + `)"`
	role := w.create("roles", `{"name":"Runtime",`+unit+`}`)
	ids := map[string]string{}
	for _, p := range w.do("GET", "privileges?$select=name,privilegeid", "").rows() {
		ids[p["name"].(string)] = p["privilegeid"].(string)
	}
	if ids["prvBypassCustomBusinessLogic"] != "0ea552b0-a491-4470-9a1b-82068deccf66" || ids["prvReadOpportunity"] == "" {
		t.Fatalf("privileges %v", ids)
	}
	add := "roles(" + role + ")/Microsoft.Dynamics.CRM.AddPrivilegesRole"
	w.do("POST", add, `{"Privileges":[{"PrivilegeId":"`+ids["prvReadOpportunity"]+`","Depth":"3"},{"PrivilegeId":"`+ids["prvReadUser"]+`","Depth":"Global"}]}`).is(204)
	w.do("POST", add, `{"Privileges":[{"PrivilegeId":"`+unknownID+`","Depth":"3"}]}`).refused(404, "0x80040217")
	w.do("POST", add, `{"Privileges":[{"PrivilegeId":"`+ids["prvReadUser"]+`","Depth":"7"}]}`).is(400)
	w.do("POST", add, `{"Privileges":[{"PrivilegeId":"`+ids["prvReadUser"]+`","Depth":"Basic"}]}`).is(400) // an organisation's table knows Global only
	link := "systemusers(" + dataversesim.ApplicationUserID + ")/systemuserroles_association/$ref"
	body := `{"@odata.id":"` + api + `roles(` + role + `)"}`
	w.as("customizer")
	w.do("POST", link, body).lacks("prvAssignRole")
	w.as("administrator")
	w.do("POST", link, body).is(204)
	w.do("POST", link, body).refused(412, "0x80040237")
	user := w.do("GET", "systemusers("+dataversesim.ApplicationUserID+")?$select=fullname&$expand=systemuserroles_association($select=name)", "").is(200)
	if !strings.Contains(user.text, `"name":"Runtime"`) {
		t.Error(user.text)
	}
	held := w.do("GET", "systemusers("+dataversesim.ApplicationUserID+")/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()", "").is(200)
	if !strings.Contains(held.text, `"PrivilegeName":"prvReadOpportunity"`) || strings.Contains(held.text, "prvWriteOpportunity") {
		t.Error(held.text)
	}
	w.as("product")
	w.do("GET", "WhoAmI", "").is(200)
	w.do("GET", "opportunities?$select=name", "").is(200)
	w.do("POST", "opportunities", `{"name":"x"}`).lacks("prvCreateOpportunity")
	w.do("GET", "accounts?$select=name", "").lacks("prvReadAccount")
	w.do("GET", "EntityDefinitions?$select=LogicalName", "").lacks("prvReadEntity")
	w.as("administrator")
	w.do("POST", "roles("+role+")/Microsoft.Dynamics.CRM.ReplacePrivilegesRole", `{"Privileges":[{"PrivilegeId":"`+ids["prvReadAccount"]+`","Depth":"3"}]}`).is(204)
	w.as("product")
	w.do("GET", "opportunities?$select=name", "").lacks("prvReadOpportunity")
	w.do("GET", "accounts?$select=name", "").is(200)
	w.as("administrator")
	w.do("DELETE", "systemusers("+dataversesim.ApplicationUserID+")/systemuserroles_association("+role+")/$ref", "").is(204)
	w.as("product")
	w.do("GET", "WhoAmI", "").refused(403, "0x80042f09")
}

func TestShippedRolesCannotBeChanged(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	w.do("POST", "roles("+dataversesim.SystemAdministratorRoleID+")/Microsoft.Dynamics.CRM.RemovePrivilegeRole", `{"PrivilegeId":"`+unknownID+`"}`).is(400)
	got := w.do("GET", "roleprivilegescollection?$select=privilegedepthmask&$filter=roleid eq "+dataversesim.SystemCustomizerRoleID, "").rows()
	if len(got) < 50 {
		t.Errorf("%d privileges of the customizer", len(got))
	}
}

func TestABareOrganisationHasNothingOfTheProduct(t *testing.T) {
	for _, kind := range []string{dataversesim.Bare, dataversesim.BareMsft, dataversesim.BareFrench} {
		w := newOrganisation(t, kind, "administrator", nil)
		for _, path := range []string{"EntityDefinitions?$select=LogicalName&$expand=Attributes($select=LogicalName),Keys($select=SchemaName)", "GlobalOptionSetDefinitions", "RelationshipDefinitions",
			"serviceendpoints", "sdkmessageprocessingsteps", "roles", "publishers", "solutions"} {
			if r := w.do("GET", path, "").is(200); strings.Contains(r.text, "cosell_") || strings.Contains(r.text, "cosell-sync") {
				t.Errorf("%s: %s shows something of the product: %.300s", kind, path, r.text[max(0, strings.Index(r.text, "cosell_")):])
			}
		}
		if msft := len(w.do("GET", "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'msft_microsoftpartnercentersolution'", "").rows()); (msft == 1) != (kind == dataversesim.BareMsft) {
			t.Errorf("%s: %d tables of Microsoft's connector", kind, msft)
		}
	}
}

func TestChangeTrackingAsItIsShipped(t *testing.T) {
	for position, want := range map[string]string{"sales": "account,contact,lead,opportunity", "customers": "account,contact", "none": ""} {
		w := newOrganisation(t, dataversesim.Bare, "administrator", map[string]any{"setupTracking": position})
		var got []string
		for _, r := range w.do("GET", "EntityDefinitions?$select=LogicalName,ChangeTrackingEnabled", "").rows() {
			if r["ChangeTrackingEnabled"] == true {
				got = append(got, r["LogicalName"].(string))
			}
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %v, want %s", position, got, want)
		}
	}
}

func TestImpersonationNeedsItsPrivilege(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	object := w.do("GET", "systemusers("+dataversesim.SellerID+")?$select=azureactivedirectoryobjectid", "").json["azureactivedirectoryobjectid"].(string)
	w.do("GET", "WhoAmI", "", "CallerObjectId", object).refused(403, "0x80040220")
	w.as("administrator")
	w.do("GET", "WhoAmI", "", "CallerObjectId", object).is(200).has(map[string]any{"UserId": dataversesim.SellerID})
	w.advance(time.Second)
}
