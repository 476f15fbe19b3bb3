package setup_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	data "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// earlier is a release before this one: without a column and a view of today, with a column and a view of its own.
func earlier(t *testing.T) data.Definition {
	t.Helper()
	d := definition(t)
	d.Solution.Version = "0.9.0.0"
	d.Tables = slices.Clone(d.Tables)
	for i, table := range d.Tables {
		if table.LogicalName == "lead" {
			d.Tables[i].Columns = append(slices.DeleteFunc(slices.Clone(table.Columns), func(c data.Column) bool { return c.LogicalName == "cosell_campaign" }),
				data.Column{Text: data.Text{Label: "Old", Labels: map[int]string{data.French: "Ancien"}}, LogicalName: "cosell_old", SchemaName: "cosell_Old", Type: "String", MaxLength: 50})
		}
	}
	d.Views = append(slices.DeleteFunc(slices.Clone(d.Views), func(v data.View) bool { return v.Name == "Co-sell: Held" }),
		data.View{Table: "lead", Name: "Co-sell: old", Filter: "statecode eq 0", Columns: []string{"subject"}})
	return d
}

// What an administrator does with the zips in production: imports the managed one, completes it, upgrades it by the next
// release, completes that, and in the end takes it away; nothing is left.
func TestAManagedZipIsUpgradedAndUninstalled(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareFrench, map[string]any{"setupTracking": "sales"})
	tracked := func() string {
		return strings.ReplaceAll(o.metadata(), `"ChangeTrackingEnabled": false`, `"ChangeTrackingEnabled": true`)
	}
	before := tracked()
	o.importOf(earlier(t), true, false)
	p := applied(t, planned(t, o.options(administrator)))
	for kind, name := range map[string]string{"column": "lead/cosell_campaign", "view": "opportunity/Co-sell: Held"} {
		if i := item(t, p, kind, name); i.Do != setup.Open || !strings.Contains(i.Mend, "CosellSync_managed.zip") {
			t.Errorf("an older zip: %+v", i)
		}
	}
	if i := item(t, p, "step", "Create of opportunity"); i.Result != setup.Done {
		t.Errorf("%+v", i)
	}
	o.importOf(definition(t), true, true)
	if p := planned(t, o.options(administrator)); item(t, p, "column", "lead/cosell_campaign").Do != setup.Open {
		t.Error("it is there before the upgrade is applied")
	}
	o.do(http.MethodPost, "DeleteAndPromote", `{"UniqueName":"CosellSync"}`)
	complete(t, applied(t, planned(t, o.options(administrator))))
	if again := planned(t, o.options(administrator)); again.Differs() {
		t.Error(said(again))
	}
	if after := o.metadata(); strings.Contains(after, "cosell_old") || strings.Contains(after, "Co-sell: old") {
		t.Error("what the next release does not bring stayed")
	}

	fresh := newOrganisation(t, dataversesim.BareFrench, map[string]any{"setupTracking": "sales"})
	fresh.importZip(true)
	complete(t, applied(t, planned(t, fresh.options(administrator))))
	if one, two := fresh.metadata(), o.metadata(); one != two {
		t.Error(cmp.Diff(lines(one), lines(two)))
	}

	o.tornDown()
	o.gone("solutions", "solutionid", "CosellSync")
	o.gone("publishers", "publisherid", "cosellsync")
	if after := tracked(); before != after {
		t.Error(cmp.Diff(lines(before), lines(after)))
	}
}

// An unmanaged zip of the next release over the one before, in a development environment: a setup adds what is left, and
// raises the version where the zip was not imported.
func TestAnUnmanagedZipIsFollowedByTheNextRelease(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareFrench, nil)
	o.importOf(earlier(t), false, false)
	complete(t, applied(t, planned(t, o.options(administrator))))
	if version := o.text1("solutions", "version", "uniquename eq 'CosellSync'"); version != definition(t).Solution.Version {
		t.Errorf("it is of version %s", version)
	}
	if again := planned(t, o.options(administrator)); again.Differs() {
		t.Error(said(again))
	}
	plan := o.tornDown()
	if i := item(t, plan, "solution", "CosellSync"); i.Result != setup.Done {
		t.Errorf("%+v", i)
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
	plan := o.tornDown()
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
