package dataverse_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/infra/local/contract"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// What leads, connections and environment variables are taken for.

const leadName = "cosell-sync contract"

// newLead makes a lead, which goes with what it became when the test ends.
func newLead(t testing.TB, c *dataverse.Client) (id string) {
	t.Helper()
	id = uuid.NewString()
	if _, _, err := c.Create(ctx, "leads", id, map[string]any{"subject": leadName, "firstname": "Con", "lastname": "Tract", "companyname": leadName,
		"emailaddress1": "con@tract.example", "telephone1": "+49405550100"}, dataverse.Query{Select: []string{"statecode"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, c, "leads", id) })
	return id
}

func leadState(t testing.TB, c *dataverse.Client, id string) dataverse.Row {
	t.Helper()
	row, err := c.Get(ctx, "leads", id, dataverse.Query{Select: []string{"statecode", "statuscode", "_parentaccountid_value", "_parentcontactid_value", "_qualifyingopportunityid_value"}})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func qualifying(t *contract.T, c *dataverse.Client) {
	id := newLead(t, c)
	qualify := []dataverse.Write{{Method: "POST", Path: "leads(" + id + ")/Microsoft.Dynamics.CRM.QualifyLead",
		Body: map[string]any{"CreateAccount": true, "CreateContact": true, "CreateOpportunity": true, "Status": 3}}}
	if _, err := c.ChangeSet(ctx, qualify, nil); err != nil {
		t.Fatal(err)
	}
	lead := leadState(t, c, id)
	account, contact, opportunity := lead.Text("_parentaccountid_value"), lead.Text("_parentcontactid_value"), lead.Text("_qualifyingopportunityid_value")
	t.Cleanup(func() {
		remove(t, c, "opportunities", opportunity)
		remove(t, c, "contacts", contact)
		remove(t, c, "accounts", account)
	})
	if lead.Text("statecode") != "1" || account == "" || contact == "" || opportunity == "" {
		t.Fatalf("state %s, account %q, contact %q, opportunity %q", lead.Text("statecode"), account, contact, opportunity)
	}
	deal, err := c.Get(ctx, "opportunities", opportunity, dataverse.Query{Select: []string{"name", "_originatingleadid_value", "_parentcontactid_value"}})
	if err != nil || deal.Text("name") != leadName || deal.ID("_originatingleadid_value") != id || deal.ID("_parentcontactid_value") != contact {
		t.Errorf("opportunity %q of lead %q with contact %q, %v", deal.Text("name"), deal.Text("_originatingleadid_value"), deal.Text("_parentcontactid_value"), err)
	}
	_, err = c.ChangeSet(ctx, qualify, nil)
	t.Observed("refusal to qualify a lead twice", wantRefused(t, err, fault.Record).Code)
	_, err = c.Update(ctx, "leads", id, lead.ETag(), map[string]any{"description": "x"}, dataverse.Query{Select: []string{"statecode"}})
	answer := "yes"
	if err != nil {
		answer = "no, " + wantRefused(t, err, fault.Record).Code
	}
	t.Observed("a qualified lead can be changed", answer)
}

func disqualifying(t *contract.T, c *dataverse.Client) {
	id := newLead(t, c)
	q := dataverse.Query{Select: []string{"statecode", "statuscode"}}
	row, err := c.Update(ctx, "leads", id, "*", map[string]any{"statecode": 2, "statuscode": 7}, q)
	if err != nil || row.Text("statecode") != "2" || row.Text("statuscode") != "7" {
		t.Fatalf("state %s, %s, %v", row.Text("statecode"), row.Text("statuscode"), err)
	}
	row, err = c.Update(ctx, "leads", id, "*", map[string]any{"statecode": 0}, q)
	if err != nil || row.Text("statecode") != "0" {
		t.Fatalf("opened again: state %s, %v", row.Text("statecode"), err)
	}
	_, err = c.Update(ctx, "leads", id, "*", map[string]any{"statuscode": 7}, q)
	wantRefused(t, err, fault.Record)
}

func connecting(t *contract.T, c *dataverse.Client) {
	customer, deal, id := account(t, c), uuid.NewString(), uuid.NewString()
	if _, _, err := c.Create(ctx, "opportunities", deal, map[string]any{"name": leadName}, dataverse.Query{Select: []string{"name"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, c, "opportunities", deal) })
	_, _, err := c.Create(ctx, "connections", id, map[string]any{"record1id_opportunity@odata.bind": dataverse.Bind("opportunities", deal),
		"record2id_account@odata.bind": dataverse.Bind("accounts", customer.ID("accountid"))}, dataverse.Query{Select: []string{"name"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []string{deal, customer.ID("accountid")} {
		rows, err := c.List(ctx, "connections", dataverse.Query{Select: []string{"name", "_record2id_value", "ismaster"}, Filter: dataverse.EqID("_record1id_value", side)})
		if err != nil || len(rows) != 1 {
			t.Errorf("%d rows seen from one side, %v", len(rows), err)
		}
	}
	roles, err := c.List(ctx, "connectionroles", dataverse.Query{Select: []string{"name", "category"}, Top: 50})
	if err != nil || len(roles) == 0 {
		t.Errorf("%d roles, %v", len(roles), err)
	}
}

func variables(t *contract.T, c *dataverse.Client) {
	_, err := c.List(ctx, "environmentvariabledefinitions", dataverse.Query{Select: []string{"schemaname", "type", "defaultvalue"}, Filter: dataverse.EqText("schemaname", "cosell_nosuchvariable"),
		Expand: []dataverse.Expand{{Nav: "environmentvariabledefinition_environmentvariablevalue", Query: dataverse.Query{Select: []string{"value"}}}}})
	if err != nil {
		t.Error(err)
	}
}
