package setup_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	data "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

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
	complete(t, o.tornDown())
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
		"drafts alone are read":     {"setupUnpublished": "drafts"},
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
			complete(t, o.tornDown())
		})
	}
}

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
		plan := o.tornDown()
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
