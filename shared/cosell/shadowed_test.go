package cosell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What would have been written stays as it was before, whole lists too, so that it differs until somebody writes it; all
// else is known by what both sides hold.
func TestAPairThatIsWatchedRemembersNothingThatWasNotWritten(t *testing.T) {
	before := Base{Referral: Record{DealValue: "1", Notes: "old", Solutions: "1", Solutions.Of("a"): "{}", Team: "1", Team.First(): "kim"},
		Opportunity: Record{DealValue: "1", Notes: "old", Solutions: "1", Solutions.Of("a"): "{}", Team: "1", Team.First(): "kim", Audit: "line"}}
	now := Base{Referral: Record{DealValue: "2", Notes: "new", Solutions: "2", Solutions.Of("a"): "{}", Solutions.Of("b"): "{}", Team: "2", Team.First(): "sam", Name: "Deal"},
		Opportunity: Record{DealValue: "2", Notes: "new", Solutions: "2", Solutions.Of("a"): "{}", Solutions.Of("b"): "{}", Team: "2", Team.First(): "sam", Name: "Deal", Audit: "line and more", Mark: MarkOK}}
	p := Pair{OpportunityID: "o", ReferralID: "r", MicrosoftID: "staged", Phase: Linked, Base: now, OpportunityVersion: "v", Seen: map[string]Sight{"o": {}},
		Held: []Held{{Code: "x"}}, Told: []string{"x"}, Untold: []Problem{{Code: "x"}}, Posted: []string{"x"}, HeldUntil: time.Unix(9, 0), Rows: []string{"row"}}
	want := Pair{OpportunityID: "o", ReferralID: "r", Phase: Linked, HeldUntil: time.Unix(9, 0), Rows: []string{"row"},
		Base: Base{Referral: Record{DealValue: "1", Notes: "new", Solutions: "1", Solutions.Of("a"): "{}", Team: "1", Team.First(): "kim", Name: "Deal"},
			Opportunity: Record{DealValue: "1", Notes: "new", Solutions: "1", Solutions.Of("a"): "{}", Team: "1", Team.First(): "kim", Name: "Deal"}}}
	if diff := cmp.Diff(want, p.Watched(before, []Field{DealValue, Solutions.Of("b"), Team.First(), Audit, Mark}, "")); diff != "" {
		t.Error(diff)
	}
	first := p.Watched(Base{}, []Field{DealValue}, "m")
	if _, known := first.Base.Referral[DealValue]; known || first.MicrosoftID != "m" || first.Base.Referral[Notes] != "new" {
		t.Errorf("at first sight: %+v", first)
	}
}
