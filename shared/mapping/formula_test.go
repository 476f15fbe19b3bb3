package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

func formula(t *testing.T, crm, expression string) *Formula {
	t.Helper()
	text, err := json.Marshal(expression) // a JSON text is a YAML text
	if err != nil {
		t.Fatal(err)
	}
	s := overlay(t, "- {field: own, crm: "+crm+", formula: "+string(text)+"}\n")
	r, _ := s.Row("own")
	if r.Computed() == nil {
		t.Fatal("the formula was not compiled")
	}
	return r.Computed()
}

func TestR20_AFormulaComputesOverFieldsAndReferral(t *testing.T) {
	fields := cosell.Record{cosell.DealValue: "125000.5", cosell.Name: "Forecast", cosell.Visibility: "true", cosell.ClosingDate: "2026-06-30",
		"solutions": "2", "solutions/SOL-1": `{"name":"One","quantity":"2"}`, "solutions/SOL-2": `{"name":"Two"}`}
	var referral any
	d := json.NewDecoder(strings.NewReader(`{"direction":"Incoming","details":{"dealValue":125000.5},"tags":["a","b"],"campaignId":null}`))
	d.UseNumber()
	if err := d.Decode(&referral); err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]any{
		`dealValue > 100000 ? "Large" : "Small"`: "Large",
		`dealValue / 2.0`:                        json.Number("62500.25"),
		`name + " of " + closingDate`:            "Forecast of 2026-06-30",
		`visibility`:                             true,
		`solutions.size()`:                       json.Number("2"),
		`solutions.exists(s, s.key == "SOL-2") ? solutions[0].name : ""`: "One",
		`referral.direction == "Incoming" ? "Microsoft" : "Partner"`:     "Microsoft",
		`referral.details.dealValue == dealValue ? 1 : 2`:                json.Number("1"),
		`has(referral.nothing) ? "yes" : "no"`:                           "no",
		`referral.campaignId == null ? "none" : "some"`:                  "none",
		`customerCountry == "" ? "unknown" : customerCountry`:            "unknown",
		`referral.tags.join("+")`:                                        "a+b",
		`int(math.round(dealValue))`:                                     json.Number("125001"),
	} {
		got, err := formula(t, "new_own", expression).Eval(fields, referral)
		if err != nil || got != want {
			t.Errorf("%s gives %v, %v instead of %v", expression, got, err, want)
		}
	}
}

// A formula ends: what costs too much, or reads what is not there, has no value and says why.
func TestR20_AFormulaThatCostsTooMuchHasNoValue(t *testing.T) {
	long := map[string]any{}
	var list []any
	for range 400 {
		list = append(list, "x")
	}
	long["l"] = list
	for expression, why := range map[string]string{
		`referral.l.all(a, referral.l.all(b, referral.l.all(c, a == b && b == c))) ? "a" : "b"`: "cost limit",
		`referral.not.there`: "no such key",
		`1 / 0`:              "division by zero",
		`referral.l`:         "no column holds",
	} {
		if v, err := formula(t, "new_own", expression).Eval(nil, any(long)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s gives %v, %v", expression, v, err)
		}
	}
	if v, err := formula(t, "new_own", "null").Eval(nil, nil); v != nil || err != nil {
		t.Errorf("null gives %v, %v", v, err)
	}
}

func BenchmarkFormula(b *testing.B) {
	s, err := Load(Source{Name: "m", Text: []byte("- {field: own, crm: new_own, formula: 'dealValue > 100000 ? \"Large\" : \"Small\"'}\n")})
	if err != nil {
		b.Fatal(err)
	}
	r, _ := s.Row("own")
	for b.Loop() {
		if _, err := r.Computed().Eval(cosell.Record{cosell.DealValue: "5"}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
