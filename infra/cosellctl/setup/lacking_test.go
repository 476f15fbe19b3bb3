package setup_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// somebodyElse is the app registration that gets every right but one.
var somebodyElse = dataversesim.Application{ClientID: client, ClientSecret: "a secret"}

// rights are the privileges that have to do with customising, by their ids.
func rights(o *organisation) (all map[string]string) {
	o.t.Helper()
	var found struct {
		Value []struct{ Name, PrivilegeID string }
	}
	if err := json.Unmarshal(o.do(http.MethodGet, "privileges?$select=name,privilegeid", "").Body, &found); err != nil {
		o.t.Fatal(err)
	}
	all = map[string]string{}
	for _, p := range found.Value {
		all[p.Name] = p.PrivilegeID
	}
	return all
}

// customises tells of the privileges that a setup may need.
var customises = regexp.MustCompile(`^prv(Create|Read|Write|Append|AppendTo|Assign|Publish)(Publisher|Solution|Customization|Entity|Attribute|Relationship|OptionSet|EntityKey|WebResource|Query|SystemForm|Role|ServiceEndpoint|SdkMessage\w*|User|BusinessUnit|Organization)$`)

// grantAllBut gives somebody else a role with every right but one.
func (o *organisation) grantAllBut(lacking string) {
	o.t.Helper()
	const role = "aaaaaaaa-0000-4000-8000-0000000000aa"
	o.do(http.MethodPost, "roles", `{"roleid":"`+role+`","name":"All but one","businessunitid@odata.bind":"/businessunits(`+dataversesim.BusinessUnitID+`)"}`)
	var list []string
	for name, id := range rights(o) {
		if name != lacking {
			list = append(list, `{"PrivilegeId":"`+id+`","Depth":"Global"}`)
		}
	}
	o.do(http.MethodPost, "roles("+role+")/Microsoft.Dynamics.CRM.AddPrivilegesRole", `{"Privileges":[`+strings.Join(list, ",")+`]}`)
	o.do(http.MethodPost, "systemusers("+dataversesim.ApplicationUserID+")/systemuserroles_association/$ref", `{"@odata.id":"`+address+`/api/data/v9.2/roles(`+role+`)"}`)
}

// Whichever right is missing, a run names it, says who can help, does what does not need it, and an administrator's run
// finishes.
func TestWhicheverRightIsMissingIsSaidAndTheRestIsDone(t *testing.T) {
	whole := newOrganisation(t, dataversesim.Bare, nil)
	complete(t, applied(t, planned(t, whole.options(administrator))))
	reference := whole.withoutRoles()
	told := 0
	for name := range rights(newOrganisation(t, dataversesim.Bare, nil)) {
		if !customises.MatchString(name) {
			continue
		}
		o := newOrganisation(t, dataversesim.Bare, nil)
		o.grantAllBut(name)
		p, err := setup.Make(t.Context(), o.options(somebodyElse))
		if err != nil {
			told++
			if !strings.Contains(err.Error(), "System Administrator") {
				t.Errorf("without %s: %v", name, err)
			}
			continue
		}
		left := false
		for _, i := range applied(t, p).Items {
			undone := i.Do != setup.Leave && i.Result != setup.Done
			left = left || undone
			if undone && (i.Mend == "" || i.Result != setup.Skipped && !strings.Contains(i.Why, name)) {
				t.Errorf("without %s: %s %s: %s %s: %q, %q", name, i.Kind, i.Name, i.Do, i.Result, i.Why, i.Mend)
			}
		}
		if !left {
			continue
		}
		told++
		complete(t, applied(t, planned(t, o.options(administrator))))
		if got := o.withoutRoles(); got != reference {
			t.Errorf("without %s: %s", name, cmp.Diff(lines(reference), lines(got)))
		}
	}
	if told < 20 {
		t.Errorf("%d rights are missed by nobody", told)
	}
}

// withoutRoles is the metadata but for roles, of which one is the test's own.
func (o *organisation) withoutRoles() string {
	o.t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(o.metadata()), &all); err != nil {
		o.t.Fatal(err)
	}
	delete(all, "roles")
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s: %s\n", name, all[name])
	}
	return text.String()
}
