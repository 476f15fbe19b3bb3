package setup_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

func TestTeardownLeavesTheOrganisationAsItWas(t *testing.T) {
	c := newCRM(t)
	delete(c.tables, "connection") // change tracking cannot be switched off again, and here it was off
	o := options(t, c)
	o.Want.Tables = slices.DeleteFunc(slices.Clone(o.Want.Tables), func(t dataverse.Table) bool { return t.LogicalName == "connection" })
	c.rows["systemusers"] = []row{{"systemuserid": "40000000-0000-4000-8000-000000000001", "applicationid": client, "isdisabled": false, "roles": []row{}}}
	before := c.shown()
	applied(t, planned(t, o))
	o.Want = definition(t)
	p, err := setup.Teardown(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, applied(t, p))
	if after := c.shown(); before != after {
		t.Error(cmp.Diff(before, after))
	}
	if order := c.writes[slices.IndexFunc(c.writes, func(w string) bool { return strings.HasPrefix(w, "DELETE") })]; !strings.HasPrefix(order, "DELETE sdkmessageprocessingsteps") {
		t.Errorf("it began with %s", order)
	}
	p, err = setup.Teardown(context.Background(), o)
	if err != nil || p.Differs() {
		t.Errorf("%v %s", err, said(p))
	}
}

// A teardown that was ended after the solution, or a setup before it, leaves the publisher alone in the organisation.
func TestAPublisherThatWasLeftBehindGoesToo(t *testing.T) {
	c := newCRM(t)
	delete(c.tables, "connection") // change tracking cannot be switched off again, and here it was off
	o := options(t, c)
	o.Want.Tables = slices.DeleteFunc(slices.Clone(o.Want.Tables), func(t dataverse.Table) bool { return t.LogicalName == "connection" })
	o.AppUser = ""
	before := c.shown()
	applied(t, planned(t, o))
	o.Want = definition(t)
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "DELETE" && strings.Contains(path, "publishers(") {
			return 400, "0x80040216", "An unexpected error occurred."
		}
		return 0, "", ""
	}
	p, err := setup.Teardown(context.Background(), o)
	if err != nil || !applied(t, p).Unfinished() {
		t.Fatalf("the publisher was to stay: %v %s", err, said(p))
	}
	c.refuse = nil
	p, err = setup.Teardown(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if i := item(t, p, "publisher", "cosellsync"); i.Do != setup.Remove || len(p.Items) != 1 {
		t.Error(said(p))
	}
	complete(t, applied(t, p))
	if after := c.shown(); before != after {
		t.Error(cmp.Diff(before, after))
	}
}

func TestAPublisherThatSomebodyElseMadeStays(t *testing.T) {
	c := newCRM(t)
	c.rows["publishers"] = append(c.rows["publishers"], row{"publisherid": "70000000-0000-4000-8000-000000000001", "uniquename": "cosellsync", "customizationprefix": "cosell"})
	p, err := setup.Teardown(context.Background(), options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if i := item(t, p, "publisher", "cosellsync"); i.Do != setup.Leave || p.Differs() {
		t.Error(said(p))
	}
}

func TestTeardownLeavesWhatSetupHasNotMade(t *testing.T) {
	c := newCRM(t)
	c.column("lead", row{"SchemaName": "cosell_Campaign", "AttributeType": "String", "MaxLength": 100, "DisplayName": words("made by hand")})
	applied(t, planned(t, options(t, c)))
	p, err := setup.Teardown(context.Background(), options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if i := item(t, p, "column", "lead/cosell_campaign"); i.Do != setup.Leave || !strings.Contains(i.Why, "CosellSync") {
		t.Errorf("%+v", i)
	}
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "DELETE" && strings.Contains(path, "cosell_help") {
			return 400, "0x8004f01f", "The Attribute component cannot be deleted because it is referenced by 1 other components."
		}
		return 0, "", ""
	}
	applied(t, p)
	if i := item(t, p, "column", "opportunity/cosell_help"); i.Result != setup.Failed || !strings.Contains(i.Mend, "dependencies") {
		t.Errorf("%+v", i)
	}
	if c.tables["lead"].columns["cosell_campaign"] == nil || c.tables["opportunity"].columns["cosell_sync"] != nil {
		t.Error("it removed what it had not made, or did not go on")
	}
}

// imported makes an organisation in which the solution came by a managed zip: everything that a zip holds, and no more.
func imported(t *testing.T) *crm {
	t.Helper()
	c := newCRM(t)
	o := options(t, c)
	o.NoForms = true
	applied(t, planned(t, o))
	for _, set := range []string{"serviceendpoints", "sdkmessageprocessingsteps", "sdkmessageprocessingstepimages", "solutioncomponents"} {
		delete(c.rows, set)
	}
	c.rows["solutions"][0]["ismanaged"] = true
	return c
}

func TestAnImportedSolutionIsCompletedAndNotChanged(t *testing.T) {
	c := imported(t)
	delete(c.tables["lead"].columns, "cosell_audit")
	p := planned(t, options(t, c))
	if i := item(t, p, "column", "lead/cosell_audit"); i.Do != setup.Open || !strings.Contains(i.Mend, "CosellSync_managed.zip") {
		t.Errorf("%+v", i)
	}
	c.writes = nil
	applied(t, p)
	for _, w := range c.writes {
		if !strings.Contains(w, "serviceendpoint") && !strings.Contains(w, "sdkmessage") && !strings.Contains(w, "systemforms") && !strings.HasPrefix(w, "POST PublishXml") {
			t.Errorf("it wrote %s", w)
		}
	}
	if len(c.rows["solutioncomponents"]) != 0 || len(c.rows["sdkmessageprocessingsteps"]) == 0 {
		t.Error("nothing can join an imported solution, and steps are needed all the same")
	}
}

func TestTeardownOfAnImportedSolutionLeavesWhatCameWithIt(t *testing.T) {
	c := imported(t)
	complete(t, applied(t, planned(t, options(t, c))))
	p, err := setup.Teardown(context.Background(), options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	applied(t, p)
	if i := item(t, p, "solution", "CosellSync"); i.Do != setup.Open || !strings.Contains(i.Mend, "uninstall") {
		t.Errorf("%+v", i)
	}
	if len(c.rows["serviceendpoints"])+len(c.rows["sdkmessageprocessingsteps"]) != 0 || c.tables["lead"].columns["cosell_audit"] == nil || c.form("lead")["formxml"] != plainForm {
		t.Error(said(p))
	}
}
