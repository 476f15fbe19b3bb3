package cosell

import (
	"slices"
	"testing"
	"time"
)

func TestR142_AColumnThatWasMadeAnewClearsNothing(t *testing.T) {
	made := noon.Add(-24 * time.Hour)
	for name, tt := range map[string]struct {
		typed   string
		columns time.Time
		seen    time.Time
		born    time.Time
		toCRM   string
		toPC    string
		nothing bool
		absent  bool
		assumed bool
	}{
		"EmptyIsFilled":              {columns: made, born: noon, toCRM: "kept"},
		"TypedIsAnEdit":              {columns: made, born: noon, typed: "typed", toPC: "typed"},
		"AnOldColumnIsCleared":       {columns: made, born: made, toPC: ""},
		"ABaseOfBefore":              {seen: made, born: noon, toCRM: "kept"},
		"ABaseOfBeforeAndOldColumns": {seen: noon, born: made, toPC: ""},
		"NothingIsKnown":             {born: noon, toPC: ""},
		"SwitchedOff":                {columns: made, born: noon, absent: true, nothing: true},
		"Assumed":                    {columns: made, born: noon, assumed: true, nothing: true},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(nil, nil)
			in.Pair.Base.Referral[Notes], in.Pair.Base.Opportunity[Notes] = "kept", "kept"
			in.Referral.Record[Notes] = "kept"
			row, _ := in.Opportunity.Row()
			row.Record[Notes] = tt.typed
			if tt.absent {
				delete(row.Record, Notes)
			}
			row.Born = map[Field]time.Time{Notes: tt.born}
			in.Pair.Columns = tt.columns
			in.Pair.Seen = map[string]Sight{row.ID: {Modified: tt.seen}}
			in.Opportunity = AtHand(row)
			if tt.assumed {
				in.Opportunity = Assumed(in.Pair)
			}
			before := in.Pair.Base.Clone()
			in = in.Renewed()
			plan := Merge(in)
			p, toPC := plan.ToReferral[Notes]
			d, toCRM := plan.ToOpportunity[Notes]
			switch {
			case tt.nothing && (toPC || toCRM):
				t.Errorf("to Partner Center %q, to CRM %q", p, d)
			case !tt.nothing && tt.toCRM != "" && (toPC || d != tt.toCRM):
				t.Errorf("to Partner Center %v %q, to CRM %q, want %q", toPC, p, d, tt.toCRM)
			case !tt.nothing && tt.toCRM == "" && (toCRM || !toPC || p != tt.toPC):
				t.Errorf("to Partner Center %v %q, want %q", toPC, p, tt.toPC)
			}
			if tt.nothing && in.Pair.Base.Opportunity[Notes] != before.Opportunity[Notes] {
				t.Errorf("the base is %q", in.Pair.Base.Opportunity[Notes])
			}
			if tt.nothing {
				return
			}
			// Once settled, the column is an old one.
			settled := in.Settle(plan, Written{}, "sheet")
			if want := (Opportunity{Born: row.Born}).youngest(tt.columns); !settled.Columns.Equal(want) {
				t.Errorf("the youngest column is of %s, want %s", settled.Columns, want)
			}
		})
	}
}

func TestR117_AnAuditOfWhichOnlyTheHashIsLeft(t *testing.T) {
	const left = "2026-03-02 09:14 - to CRM: created (a)"
	const grown = "2026-03-02 09:16 - to CRM: updated Topic (c)\n2026-03-02 09:15 - to Partner Center: updated Topic (b)\n" + left
	for name, tt := range map[string]struct {
		now  string
		told bool
	}{
		"IsAsItWas":           {left, false},
		"HasLinesOfOurs":      {grown, false},
		"WasWiped":            {"", true},
		"HasAnothersLine":     {"typed\n" + left, true},
		"HasLostALine":        {"2026-03-02 09:16 - to CRM: updated Topic (c)", true},
		"WasTypedBelowALine":  {"2026-03-02 09:16 - to CRM: updated Topic (c)\ntyped\n" + left, true},
		"HasAnotherLineOfOld": {grown + "x", true},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(nil, nil)
			in.Pair.Base.Opportunity[Audit] = Digested(left)
			in.Rules = append(slices.Clone(in.Rules), Rule{Field: Audit, Way: Inside})
			row, _ := in.Opportunity.Row()
			row.Record[Audit] = tt.now
			in.Opportunity = AtHand(row)
			plan := Merge(in)
			if told := len(plan.Problems) > 0; told != tt.told || plan.ToOpportunity[Audit] != "" {
				t.Errorf("told %v: %v, to CRM %v", told, plan.Problems, plan.ToOpportunity)
			}
		})
	}
}
