package cosell

import (
	"strings"
	"testing"
)

// The notes of agreed are longer than CRM holds: it shows their beginning and a mark.
func TestR146_ClearingTheShownPartDoesNotDeleteTheHiddenOne(t *testing.T) {
	in := edit(nil, Record{Notes: ""})
	for i := range in.Rules {
		if in.Rules[i].Field == Notes {
			in.Rules[i].Whole = func(d, _ string) (string, bool) { return d, strings.HasSuffix(d, "\u2026") }
		}
	}
	plan := Merge(in)
	if _, sent := plan.ToReferral[Notes]; sent || len(plan.Problems) != 1 || plan.Problems[0].Code != "text.cut" {
		t.Errorf("sent %v, told %v", plan.ToReferral, codes(plan.Problems))
	}
}
