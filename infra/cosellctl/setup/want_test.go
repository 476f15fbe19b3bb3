package setup_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

func stepOf(t *testing.T, d dataverse.Definition, message, table string) dataverse.Step {
	t.Helper()
	i := slices.IndexFunc(d.Steps, func(s dataverse.Step) bool { return s.Message == message && s.Table == table })
	if i < 0 {
		t.Fatalf("no step %s of %s", message, table)
	}
	return d.Steps[i]
}

func TestTheShippedSheetWantsEverything(t *testing.T) {
	whole, want := definition(t), wanted(t)
	for _, table := range whole.Tables {
		own, ok := want.Table(table.LogicalName)
		if !ok || len(own.Columns) != len(table.Columns) {
			t.Errorf("%s has %d columns of %d", table.LogicalName, len(own.Columns), len(table.Columns))
		}
	}
	if len(want.Views) != len(whole.Views) || len(want.Keys) != len(whole.Keys) || len(want.Choices) != len(whole.Choices) || len(want.Forms[0].Fields) != len(whole.Forms[0].Fields) {
		t.Errorf("%d views, %d keys, %d choices", len(want.Views), len(want.Keys), len(want.Choices))
	}
}

// R144: the steps listen to what the sheet reads.
func TestR144_SetupWritesTheColumnsOfTheSheetIntoTheStep(t *testing.T) {
	own := mapping.Source{Name: "mapping.yaml", Text: []byte("- {field: campaign, referral: /campaignId, crm: new_campaign}\n- {field: segment, referral: /referralProgram, crm: parentaccountid/new_segment}\n")}
	want := wanted(t, own)
	if !slices.Contains(stepOf(t, want, "Update", "opportunity").Filter, "new_campaign") || !slices.Contains(stepOf(t, want, "Update", "account").Filter, "new_segment") {
		t.Errorf("%v", stepOf(t, want, "Update", "account").Filter)
	}
	c := newCRM(t)
	o := options(t, c)
	applied(t, planned(t, o))
	o.Want = want
	complete(t, applied(t, planned(t, o)))
	if filter := c.step("Update", "opportunity")["filteringattributes"].(string); !strings.HasSuffix(filter, ",new_campaign") || !strings.Contains(filter, "cosell_sync,") {
		t.Errorf("it listens to %s", filter)
	}
}

// Who keeps the columns of Microsoft's connector gets none of ours beside them.
func TestTheColumnsOfMicrosoftsConnectorTakeThePlaceOfOurs(t *testing.T) {
	sheet := mapping.Source{Name: "msft.yaml", Text: []byte(`
- {field: sync, crm: msft_sync, lead: msft_leadsync}
- {field: referralId, crm: msft_referralid, lead: msft_leadreferralid}
- {field: visibility, crm: msft_visible}
- {field: help, crm: msft_help}
- {field: microsoftStatus, off: true}
- {field: state, off: true}
- field: solutions
  rows: {table: msft_row, opportunity: msft_opportunity, solution: msft_solution, price: msft_price}
  catalogue: {table: msft_catalogue, identifier: msft_identifier, name: msft_name}
`)}
	want := wanted(t, sheet)
	table, _ := want.Table("opportunity")
	for _, gone := range []string{"cosell_sync", "cosell_referralid", "cosell_visible", "cosell_help", "cosell_microsoftstatus", "cosell_state"} {
		if _, made := table.Column(gone); made {
			t.Errorf("%s is made", gone)
		}
		if slices.Contains(stepOf(t, want, "Update", "opportunity").Filter, gone) || slices.Contains(want.Forms[0].Fields, gone) {
			t.Errorf("%s is listened to, or on the form", gone)
		}
	}
	if _, made := want.Table("cosell_solution"); made || want.Forms[0].Grid != nil || want.Script.Name != "" || len(want.Views) != 0 {
		t.Errorf("our own table of rows, its sub-grid, the rule or views of columns that are not there: %v", want.Views)
	}
	rows := stepOf(t, want, "Update", "msft_row")
	if !slices.Equal(rows.Filter, []string{"msft_solution", "msft_price", "msft_opportunity"}) || !slices.Equal(rows.PreImage, []string{"msft_opportunity"}) {
		t.Errorf("%+v", rows)
	}
	if !slices.Contains(stepOf(t, want, "Update", "opportunity").Filter, "msft_sync") {
		t.Error("msft_sync raises no event")
	}
	if i := slices.IndexFunc(want.Keys, func(k dataverse.Key) bool { return k.Table == "opportunity" }); want.Keys[i].Columns[0] != "msft_referralid" || len(want.Keys) != 2 {
		t.Errorf("%+v", want.Keys)
	}
	if slices.ContainsFunc(want.Choices, func(c dataverse.Choice) bool {
		return c.Name == "cosell_help" || c.Name == "cosell_state" && len(table.Columns) == 0
	}) {
		t.Errorf("%+v", want.Choices)
	}
	role := want.Role(dataverse.ForApplication)
	if !slices.ContainsFunc(role.Privileges, func(p dataverse.Privilege) bool { return p.Table == "msft_row" && slices.Contains(p.May, "Write") }) {
		t.Error("the role gives no right to the rows")
	}
}
