package flow

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// An edit that goes nowhere is explained by what stops the deal, and by nothing else that is said of it.
func TestOnlyWhatStopsADealExplainsAnEdit(t *testing.T) {
	for name, c := range map[string]struct {
		p     cosell.Problem
		stops bool
	}{
		"switched off":            {cosell.Problem{Code: "sync.off", Field: cosell.Sync, Place: cosell.InPartnerCenter, Class: cosell.OfRule}, true},
		"the row takes nothing":   {cosell.Problem{Code: "refused", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRecord}, true},
		"a right of ours":         {cosell.Problem{Code: "refused", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfOurs}, true},
		"the lead's deal":         {takenDeal("x"), true},
		"made twice":              {cosell.Problem{Code: "referral.twice", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfOurs}, false},
		"named by another one":    {cosell.Problem{Code: "link.taken", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRule}, false},
		"long waited":             {cosell.Problem{Code: "waiting", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRecord}, false},
		"Microsoft's is not read": {cosell.Problem{Code: "microsoft.unreadable", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule}, false},
		"closed apart":            {cosell.Problem{Code: "status.apart", Field: cosell.Status, Place: cosell.InCRM, Class: cosell.OfRule}, false},
	} {
		agreed := cosell.Record{cosell.Notes: "a"}
		r := Rehearsal{Problems: []cosell.Problem{c.p}, Opportunity: &cosell.Opportunity{Side: cosell.Side{Record: cosell.Record{cosell.Notes: "b"}}},
			Referral: &cosell.Referral{Side: cosell.Side{Record: agreed}}}
		if _, unexplained := r.left(cosell.Notes, nil, cosell.Base{Referral: agreed, Opportunity: agreed}); unexplained == c.stops {
			t.Errorf("%s: unexplained is %v", name, unexplained)
		}
	}
}
