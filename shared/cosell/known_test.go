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

func TestOfARowThatNobodyKnowsNothingIsWritten(t *testing.T) {
	in := edit(nil, Record{DealValue: "7"})
	in.Opportunity = Known{}
	if s := in.NewSending(InCRM, Merge(in), noon); s.Version != "" {
		t.Errorf("a write under version %q", s.Version)
	}
	if !in.Opportunity.Assumed() || in.Opportunity.Side().ID != "" {
		t.Error("the zero value is a row at hand")
	}
}
