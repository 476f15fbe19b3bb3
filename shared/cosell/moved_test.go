package cosell

import "testing"

func TestR145_AFieldThatStandsElsewhereIsMetAnew(t *testing.T) {
	const before, after = "name:n1:both notes:a1:both solutions:s1:both", "name:n1:both notes:a2:both solutions:s1:both"
	for name, tt := range map[string]struct {
		was, is     string
		typed       string
		first       Wins
		toCRM, toPC string
		quiet       bool
	}{
		"TheNewColumnIsEmpty":         {was: before, is: after, toCRM: "kept"},
		"TheNewColumnSaysOther":       {was: before, is: after, typed: "other", quiet: true},
		"TheSheetSaysWhoseCounts":     {was: before, is: after, typed: "other", first: CRM, toPC: "other"},
		"TheSheetSaysPartnerCenters":  {was: before, is: after, typed: "other", first: PartnerCenter, toCRM: "kept"},
		"NothingHasMoved":             {was: before, is: before, typed: "other", toPC: "other"},
		"OnlyItsWayIsAnother":         {was: before, is: "name:n1:both notes:a1:toReferral solutions:s1:both", typed: "other", toPC: "other"},
		"AProgramThatKnewNoPlaces":    {was: "9f86d081884c7d65", is: after, typed: "other", toPC: "other"},
		"ARowThatTheOldSheetHadNotAt": {was: "name:n1:both", is: after, typed: "other", toPC: "other"},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(nil, nil)
			in.Pair.Sheet = tt.was
			in.Pair.Base.Referral[Notes], in.Pair.Base.Opportunity[Notes] = "kept", "kept"
			in.Referral.Record[Notes] = "kept"
			row, _ := in.Opportunity.Row()
			row.Record[Notes] = tt.typed
			in.Opportunity = AtHand(row)
			for i := range in.Rules {
				if in.Rules[i].Field == Notes {
					in.Rules[i].FirstSight = tt.first
				}
			}
			in = in.Moved(tt.is)
			plan := Merge(in)
			p, toPC := plan.ToReferral[Notes]
			d, toCRM := plan.ToOpportunity[Notes]
			if tt.quiet && (toPC || toCRM) || !tt.quiet && (p != tt.toPC || d != tt.toCRM || toPC == toCRM) {
				t.Errorf("to Partner Center %v %q, to CRM %v %q", toPC, p, toCRM, d)
			}
			if name := in.Pair.Base.Opportunity[Name]; name == "" {
				t.Error("a field that stayed where it was is forgotten, too")
			}
			settled := in.Settle(plan, Written{}, tt.is)
			if settled.Sheet != tt.is {
				t.Errorf("the pair remembers %q", settled.Sheet)
			}
		})
	}
}

func TestR145_MembersOfAListThatMovedAreForgottenWithIt(t *testing.T) {
	in := edit(nil, nil)
	in.Pair.Sheet = "name:n1:both solutions:s1:both"
	member := Solutions.Of("SOL-1")
	in.Pair.Base.Referral[member], in.Pair.Base.Opportunity[member] = "x", "x"
	in = in.Moved("name:n1:both solutions:s2:both")
	if _, had := in.Pair.Base.Opportunity[member]; had {
		t.Error("the member is remembered")
	}
}
