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

	options := o.options(administrator)
	options.Want = definition(t)
	plan, err := setup.Teardown(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	applied(t, plan)
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
	options := o.options(administrator)
	options.Want = definition(t)
	plan, err := setup.Teardown(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	applied(t, plan)
	if i := item(t, plan, "solution", "CosellSync"); i.Result != setup.Done {
		t.Errorf("%+v", i)
	}
}
