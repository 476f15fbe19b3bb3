package cosell

import (
	"slices"
	"testing"
)

// A field is at its first sight until both sides could be read: what the readable one says meanwhile is no agreement, whether the records
// meet by a new sheet, by linking, or were made of each other.
func TestR145_WhatOneSideCouldNotShowIsAtItsFirstSightUntilItDoes(t *testing.T) {
	const region Field = "region"
	unread := Unreadable.Of(string(region))
	for name, tt := range map[string]struct {
		rule        Rule
		p, d        string // what the two say once both can be read
		edited      bool   // the readable side has changed meanwhile
		toPC, toCRM string
		told, alone bool
	}{
		"TheyDiffer":          {rule: Rule{Way: Both}, p: "North", d: "South", told: true, alone: true},
		"TheyDifferAndWasSet": {rule: Rule{Way: Both}, p: "North", d: "South", edited: true, told: true, alone: true},
		"Alike":               {rule: Rule{Way: Both}, p: "North", d: "North"},
		"EmptyThere":          {rule: Rule{Way: Both}, p: "", d: "South", toPC: "South"},
		"EmptyHere":           {rule: Rule{Way: Both}, p: "North", d: "", toCRM: "North"},
		"CRMCounts":           {rule: Rule{Way: Both, FirstSight: CRM}, p: "North", d: "South", toPC: "South"},
		"PartnerCenterCounts": {rule: Rule{Way: Both, FirstSight: PartnerCenter}, p: "North", d: "South", toCRM: "North"},
	} {
		for _, place := range []Place{InCRM, InPartnerCenter} { // that cannot be read
			in := edit(nil, nil)
			tt.rule.Field = region
			in.Rules = append(slices.Clone(rules), tt.rule)
			in.NewSheet, in.Linking = true, false
			p, d := in.Referral.Record, in.Opportunity.row.Record
			shown, hidden, value := p, d, tt.p
			if place == InPartnerCenter {
				shown, hidden, value = d, p, tt.d
			}
			hidden[unread] = "a row that may not be read"
			look := func() (plan Plan) {
				plan = Merge(in)
				var done Written
				in, done = write(in, plan)
				in.Pair, in.NewSheet = in.Settle(plan, done, "new"), false
				return plan
			}
			if shown[region] = value; tt.edited {
				shown[region] = "before"
				look()
				if shown = in.Referral.Record; place == InPartnerCenter {
					shown = in.Opportunity.row.Record
				}
				shown[region] = value
			}
			for range 2 {
				if plan := look(); len(plan.ToReferral)+len(plan.ToOpportunity) > 0 {
					t.Fatalf("%s, unread %s: %v and %v are written meanwhile", name, place, plan.ToReferral, plan.ToOpportunity)
				}
			}
			p, d = in.Referral.Record, in.Opportunity.row.Record
			delete(p, unread)
			delete(d, unread)
			p[region], d[region] = tt.p, tt.d
			plan := look()
			if plan.ToReferral[region] != tt.toPC || plan.ToOpportunity[region] != tt.toCRM || len(plan.ToReferral)+len(plan.ToOpportunity) > 1 {
				t.Errorf("%s, unread %s: written %v and %v", name, place, plan.ToReferral, plan.ToOpportunity)
			}
			if told := slices.Contains(codes(plan.Problems), CodeDiffer); told != tt.told || slices.Contains(in.Pair.LeftAlone, region) != tt.alone {
				t.Errorf("%s, unread %s: told %v, left alone %v", name, place, codes(plan.Problems), in.Pair.LeftAlone)
			}
			if in.Opportunity.row.Record[region] = "an edit"; look().ToReferral[region] != "an edit" {
				t.Errorf("%s, unread %s: nobody sees an edit after that", name, place)
			}
		}
	}
}
