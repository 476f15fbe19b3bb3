package requirements

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
)

// odd is a column of the organisation's own, and what somebody may put into the referral that it cannot hold.
type odd struct {
	kind  doc
	good  any
	shown string
	bad   []any
}

func oddities() map[string]odd {
	raw := func(number string) json.Number { return json.Number(number) }
	return map[string]odd{
		"whole":  {doc{"type": "Integer", "min": -100, "max": 100}, 42, "42", []any{raw("4.5"), "NaN", raw("1e400"), []any{1}, doc{"a": 1}, true}},
		"money":  {doc{"type": "Money"}, raw("12.5"), "12.5", []any{"12,5", raw("1e400"), raw("123456789012345678901234567890")}},
		"day":    {doc{"type": "DateTime", "behavior": "DateOnly"}, "2026-03-31T00:00:00Z", "2026-03-31", []any{"0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "31.3.2026", 5}},
		"choice": {doc{"type": "Picklist", "options": []doc{{"value": 7, "label": "Seven"}}}, "Seven", "7", []any{"Eight", 7.5, ""}},
		"flag":   {doc{"type": "Boolean"}, true, "true", []any{"perhaps", 2}},
		"text":   {doc{"type": "String", "length": 20}, "short", "short", []any{[]any{"x"}, doc{"x": 1}}},
	}
}

func TestR100_OddValuesOfOwnFieldsHoldNothingElseBack(t *testing.T) {
	for name, o := range oddities() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(over(doc{"do": "add", "table": "opportunity", "column": "new_own"}, []doc{o.kind}))
				p := r.private("Odd")
				says := func(value any, amount int) {
					r.portalEdits(p.own, doc{"/details/requirements/offers": []any{doc{"type": "own", "value": value}}, "/details/dealValue": amount})
					r.quiet()
				}
				says(o.good, 1000)
				if got := r.opportunity(p.opportunity).text("new_own"); got != o.shown {
					t.Fatalf("%v is %q in the CRM", o.good, got)
				}
				for i, bad := range o.bad {
					says(bad, 2000+i)
					row := r.opportunity(p.opportunity)
					emptied := bad == "" && row.text("new_own") == ""
					if row.text("new_own") != o.shown && !emptied || row.text("estimatedvalue") != strconv.Itoa(2000+i) {
						t.Errorf("after %v the CRM says %q and %s", bad, row.text("new_own"), row.text("estimatedvalue"))
					}
					if !emptied {
						r.audited(p.opportunity, "value.", "Odd thing")
					}
				}
				pc, dv := r.pc.calls(), r.dv.calls()
				r.pc.call("POST", "/redeliver", doc{"all": true})
				r.quiet()
				r.advance(30 * time.Minute)
				if w := r.pc.writes(pc); len(w) > 0 {
					t.Errorf("written again: %s", listed(w))
				}
				for _, w := range r.dv.writes(dv) {
					if strings.Contains(w.Body, "new_own") && w.Status < 300 {
						t.Errorf("written again: %s", w.Body)
					}
				}
			}, "sheet: - {field: own, referral: /details/requirements/offers/type=own/value, crm: new_own, label: Odd thing}\n")
		})
	}
}
