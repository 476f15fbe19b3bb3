package mapping

import (
	"slices"
	"strings"
	"testing"
)

func TestDifferencesOfTwoSheetsAreToldKeyByKey(t *testing.T) {
	now, err := Load(Source{Name: "a", Text: []byte("- {field: notes, crm: customerneed}\n- {field: ours, crm: new_ours, referral: /campaignId}")})
	if err != nil {
		t.Fatal(err)
	}
	then, err := Load(Source{Name: "b", Text: []byte("- {field: notes, wins: crm}\n- {field: stage, crm: new_stage, referral: /salesStage, as: choice, values: {Develop: \"40\"}}")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range now.Differences(then) {
		got = append(got, d.Field+" "+d.Key+" "+d.Now+" > "+d.Then)
	}
	for _, want := range []string{"notes crm customerneed > description", "notes wins newest > crm", "stage crm  > new_stage", "stage values  > Develop: 40", "ours off  > true"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not told:\n%s", want, strings.Join(got, "\n"))
		}
	}
	if same := now.Differences(now); len(same) != 0 {
		t.Errorf("of the same sheet: %+v", same)
	}
}

// A key that comes later must not be passed over when two sheets are held beside each other.
func TestDifferencesKnowEveryKeyOfARow(t *testing.T) {
	full := Row{Referral: "x", Microsoft: true, CRM: "x", CRMWrite: "x", CRMWhenWon: "x", Watch: []string{"x"}, As: "x", Way: "x", Wins: "x", Door: "x", label: "x", FirstSight: "x",
		Required: true, AllowZero: true, FreeText: true, Constant: 1, WithHelp: 1, Default: "x", Formula: "x", Match: []string{"x"},
		Values: []Value{{"x", "x"}}, Reasons: map[string][]string{"x": {"x"}}, Rows: map[string]string{"x": "x"}, Catalogue: map[string]string{"x": "x"},
		Lead: "x", LeadDefault: "x", LeadReasons: map[string][]string{"x": {"x"}}}
	for _, key := range strings.Split(rowKeys, ", ") {
		if _, ok := full.said()[key]; !ok && !slices.Contains([]string{"field", "remark", "off"}, key) {
			t.Errorf("the key %s is not compared", key)
		}
	}
}
