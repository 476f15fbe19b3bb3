package dataversesim

import "strings"

// Application users that change the organisation, with the shipped roles of their names; and the roles.
const (
	AdministratorUserID = "d0000000-0000-4000-8000-0000000000a1"
	CustomizerUserID    = "d0000000-0000-4000-8000-0000000000a2"

	SystemAdministratorRoleID = "70000000-0000-4000-8000-000000000001"
	SystemCustomizerRoleID    = "70000000-0000-4000-8000-000000000002"
	SalespersonRoleID         = "70000000-0000-4000-8000-000000000003"
	IntegrationRoleID         = "70000000-0000-4000-8000-000000000004" // of the product, where it is set up from the start
)

// What the applications of the administrators are called where Options names none.
const (
	AdministratorClientID     = "ad000000-0000-4000-8000-0000000000a1"
	AdministratorClientSecret = "administrator-secret"
	CustomizerClientID        = "ad000000-0000-4000-8000-0000000000a2"
	CustomizerClientSecret    = "customizer-secret"
)

// Application is an Entra application that has an application user in the environment.
type Application struct{ ClientID, ClientSecret string }

// administrators completes the options: an environment always has somebody who may change it.
func (o *Options) administrators() {
	if o.Administrator == (Application{}) {
		o.Administrator = Application{AdministratorClientID, AdministratorClientSecret}
	}
	if o.Customizer == (Application{}) {
		o.Customizer = Application{CustomizerClientID, CustomizerClientSecret}
	}
}

// seedRoles makes the roles that Dataverse ships, as far as somebody has them here, and gives them to their users.
// https://learn.microsoft.com/power-platform/admin/database-security
func (s *Simulator) seedRoles(t *tx) {
	s.granted = map[string]map[string]int64{}
	unit := ref{"businessunit", BusinessUnitID}
	shipped := func(id, name, template string) {
		v := map[string]any{"name": name, "businessunitid": unit, "iscustomizable": managedFlag(false)}
		if template != "" {
			v["roletemplateid"], v["ismanaged"] = guid(template), true
		}
		v["parentrootroleid"] = ref{"role", id}
		t.plant("role", id, v)
	}
	shipped(SystemAdministratorRoleID, "System Administrator", "627090ff-40a3-4053-8790-584edc5be201")
	shipped(SystemCustomizerRoleID, "System Customizer", "119f245c-3cc8-4b62-b31c-d1a046ced15d")
	shipped(SalespersonRoleID, "Salesperson", "a4be89ff-7c35-4d69-9900-999c3f603e6f")
	t.application(AdministratorUserID, "Administrator", s.o.Administrator)
	t.application(CustomizerUserID, "Customizer", s.o.Customizer)
	t.giveRole(AdministratorUserID, SystemAdministratorRoleID)
	t.giveRole(CustomizerUserID, SystemCustomizerRoleID)
	t.giveRole(SellerID, SalespersonRoleID)
	t.giveRole(CloserID, SalespersonRoleID)
	if !s.bare() {
		t.plant("role", IntegrationRoleID, map[string]any{"name": "cosell-sync integration", "businessunitid": unit, "parentrootroleid": ref{"role", IntegrationRoleID}})
		t.giveRole(ApplicationUserID, IntegrationRoleID)
	}
}

// application plants an application user: unlicensed, with its own kind of name.
func (t *tx) application(id, name string, app Application) {
	t.plant("systemuser", id, map[string]any{"firstname": "#", "lastname": name, "applicationid": guid(strings.ToLower(app.ClientID)), "islicensed": false,
		"businessunitid": ref{"businessunit", BusinessUnitID}, "accessmode": int64(4), "azureactivedirectoryobjectid": guid(fixedID("object/" + id))})
}

func (t *tx) giveRole(user, role string) {
	t.plant("systemuserroles", fixedID("assignment/"+user+"/"+role), map[string]any{"systemuserid": guid(user), "roleid": guid(role)})
}
