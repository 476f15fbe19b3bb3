package cosell

import (
	"slices"
	"testing"
)

// A closed referral takes nothing, so nothing of it gives way.
func TestR131_NothingGivesWayOnAClosedReferral(t *testing.T) {
	base := Base{Referral: Record{Name: "A", Status: Accepted}, Opportunity: Record{Name: "A", Status: Open, Sync: True}}
	in := pairing(base, Record{Name: "portal's", Status: Declined}, Record{Name: "seller's", Status: Open, Sync: True})
	plan := Merge(in)
	if len(plan.ToReferral) > 0 {
		t.Fatalf("%v is written to a closed referral", plan.ToReferral)
	}
	for _, p := range plan.Problems {
		if p.Code == conflictResolved {
			t.Errorf("told: %s", p.Text)
		}
	}
	if !slices.Contains(codes(plan.Problems), "referral.closed") {
		t.Errorf("not told: %v", plan.Problems)
	}
}
