package mapping

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

func TestR100_SalesStagesAreReadInEveryForm(t *testing.T) {
	for in, want := range map[any]string{"100": "100", "Close": "80", "40": "40", "40%": "40", "develop": "40", "Negotiated": "80", "Won": "100", "Qualify": "20", "Created": "10", nil: "", "": "", "Discovery": "Discovery"} {
		if got, err := stageFromReferral(nil, in); err != nil || got != want {
			t.Errorf("%v is %q, %v", in, got, err)
		}
	}
	if _, err := stageFromReferral(nil, []any{"x"}); err == nil {
		t.Error("a list is a stage")
	}
	own := Row{Field: "salesStage", CRM: "new_stage", As: AsStageName, Values: []Value{{"Discovery", 20}, {"Closing", 80}}}
	g := &Glossary{Choices: map[string]Choices{own.OptionsKey(): ResolveValues(own.Values, []Label{{Value: 7, Labels: map[int]string{1033: "Discovery"}}, {Value: 9, Labels: map[int]string{1033: "Closing"}}})}}
	text, err := own.FromReferral(g, "Close")
	v, wrong := own.ToCRM(g, "new_stage", text)
	back, odd := own.ToReferral(g, text)
	if err != nil || wrong != nil || odd != nil || text != "80" || v != 9 || back != "Close" {
		t.Errorf("stages of their own: %q %v %v, %v %v %v", text, v, back, err, wrong, odd)
	}
}

func TestSizesAreBuckets(t *testing.T) {
	for in, want := range map[string]string{"": "", "0": "", "1": "1to9employees", "9": "1to9employees", "10": "10to50employees", "50.0": "10to50employees", "1000": "251to1000employees", "999999": "Morethan20000employees"} {
		if got, err := sizeFromCRM(nil, "", in); err != nil || got != want {
			t.Errorf("%s employees are %q, %v", in, got, err)
		}
	}
	for _, s := range sizes() {
		n, err := sizeToCRM(nil, "", s.code)
		if back, wrong := sizeFromCRM(nil, "", TextOf(n)); err != nil || wrong != nil || back != s.code {
			t.Errorf("%s is %v and comes back as %q", s.code, n, back)
		}
	}
	if got, err := sizeFromReferral(nil, "Morethan500employees"); err != nil || got != "251to1000employees" {
		t.Errorf("an older bucket is %q, %v", got, err)
	}
	if _, err := sizeFromReferral(nil, "huge"); err == nil {
		t.Error("huge is a size")
	}
}

// Rows that are ready and off are switched on by a row that names them, and only by that.
func TestAReadyRowIsSwitchedOnByItsName(t *testing.T) {
	if _, on := defaultSheet(t).Row("salesStage"); on {
		t.Error("it is on as shipped")
	}
	if r, on := overlay(t, "- {field: salesStage, crm: new_stage}\n").Row("salesStage"); !on || r.CRM != "new_stage" || r.As != AsStage || r.Way != cosell.Both {
		t.Errorf("%v %+v", on, r)
	}
	if _, on := overlay(t, "- {field: salesStage, off: true}\n").Row("salesStage"); on {
		t.Error("it is on although the sheet says off")
	}
}
