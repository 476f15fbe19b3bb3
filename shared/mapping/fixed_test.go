package mapping_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// newDeal makes an opportunity of a referral, as far as a sheet's constants and formulas are concerned.
func (w *world) newDeal(t *testing.T) (cosell.Opportunity, error) {
	t.Helper()
	_, r, _ := w.shared(t)
	return w.opportunities.Create(context.Background(), w.opportunities.ID("new"), r, cosell.Record{cosell.Name: "D", cosell.Status: cosell.Open, cosell.DealValue: "100"})
}

// A formula without a value leaves its column empty, unless the row says that it is required: then nothing is made
// that somebody would have to complete by hand, and it is ours to mend.
func TestR20_ARequiredFormulaThatGivesNothingHoldsTheDeal(t *testing.T) {
	const row = "- {field: own, crm: new_own, formula: 'referral.not.there'"
	for rest, waits := range map[string]bool{"}\n": false, ", required: true}\n": true} {
		w := newWorld(t, row+rest)
		w.administrator(t, `{"do":"add","table":"opportunity","column":"new_own","type":"String","length":20}`)
		_, err := w.newDeal(t)
		if waits != (fault.ClassOf(err) == fault.Ours) || !waits && err != nil {
			t.Errorf("%s: %v", rest, err)
		}
		if e := fault.Of(err); waits && (!strings.Contains(e.Say, "mapping.yaml:1") || !strings.Contains(e.Say, "new_own") || e.Mend == "") {
			t.Errorf("it says %q, %q", e.Say, e.Mend)
		}
	}
}

// What a constant's column does not take, and what the CRM demands and nothing fills, is named before the first deal
// comes.
func TestR20_ConstantsAndDemandsAreComparedWithTheMetadata(t *testing.T) {
	w := newWorld(t, `
- {field: tier, crm: new_tier, constant: Bronze}
- {field: count, crm: new_count, constant: "many"}
- {field: public, crm: new_public, constant: "yes"}
- {field: code, crm: new_code, constant: 7}
- {field: good, crm: new_good, constant: Or}
`)
	for column, schema := range map[string]string{
		"new_tier": `"type":"Picklist","options":[{"value":1,"label":"Gold","labels":{"1036":"Or"}}]`, "new_good": `"type":"Picklist","options":[{"value":1,"label":"Gold","labels":{"1036":"Or"}}]`,
		"new_count": `"type":"Integer","min":0,"max":9`, "new_public": `"type":"Boolean"`, "new_code": `"type":"String","length":5`,
		"new_must": `"type":"String","length":5,"level":"ApplicationRequired"`,
	} {
		w.administrator(t, `{"do":"add","table":"opportunity","column":"`+column+`",`+schema+`}`)
	}
	w.administrator(t, `{"do":"require","table":"opportunity","column":"new_must","level":"ApplicationRequired"}`)
	*w.now = w.now.Add(2 * time.Hour)
	found := strings.Join(mismatches(t, w), "\n")
	for _, column := range []string{"new_tier", "new_count", "new_public", "new_code", "new_must"} {
		if strings.Count(found, "column "+column+" ") != 1 {
			t.Errorf("%s is not named once in\n%s", column, found)
		}
	}
	if strings.Contains(found, "new_good") {
		t.Errorf("a good constant is named in\n%s", found)
	}
}
