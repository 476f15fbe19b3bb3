package cosell

import "testing"

func TestARowIsAtHandOrAssumed(t *testing.T) {
	pair := Pair{OpportunityID: "o", OpportunityVersion: "o1", Rows: []string{"s"}, Base: Base{Opportunity: Record{Name: "Deal"}}}
	assumed := Assumed(pair)
	if o, ok := assumed.Row(); ok || !assumed.Assumed() || o.ID != "" {
		t.Errorf("an assumed row was read: %+v", o)
	}
	if s := assumed.Side(); s.ID != "o" || s.Version != "o1" || s.Record[Name] != "Deal" || !s.Modified.IsZero() {
		t.Errorf("assumed: %+v", s)
	}
	read := AtHand(Opportunity{Side: Side{ID: "o", Version: "o2", Record: Record{Name: "Other"}}})
	if o, ok := read.Row(); !ok || read.Assumed() || o.Version != "o2" || read.Side().Record[Name] != "Other" {
		t.Errorf("at hand: %+v", o)
	}
}

// The zero value is no row at all: nothing is read from it, nobody's edit is seen in it, and what would be written to
// it names neither a record nor a version.
func TestTheZeroOfKnownIsNoRow(t *testing.T) {
	theirs, ours := edit(Record{DealValue: "7"}, nil), edit(nil, Record{DealValue: "7"})
	theirs.Opportunity, ours.Opportunity = Known{}, Known{}
	if o, ok := ours.Opportunity.Row(); ok || !ours.Opportunity.Assumed() || o.ID != "" || ours.Opportunity.Side().ID != "" || ours.Opportunity.Side().Record != nil {
		t.Errorf("the zero value is a row: %+v", ours.Opportunity)
	}
	if plan := Merge(ours); !plan.Empty() {
		t.Errorf("an edit was seen in no row: %+v", plan)
	}
	plan := Merge(theirs)
	if s := theirs.NewSending(InCRM, plan, noon); plan.ToOpportunity[DealValue] != "7" || s.New[DealValue] != "7" || s.Version != "" || len(s.Old) != 0 {
		t.Errorf("a write to no row: %+v", s)
	}
}
