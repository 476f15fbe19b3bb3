package cosell

import (
	"strings"
	"testing"
)

// Before a deal is closed, what the two sides will say of it for ever is told: only where they differ, where
// nothing else was said of it, and only once.
func TestF52_TwoTruthsAreToldBeforeTheClosing(t *testing.T) {
	for name, tt := range map[string]struct {
		pc, crm Record // what was left alone when they met
		edit    Record // the seller's
		portal  Record
		rule    func(*Rule)
		want    []string
	}{
		"WonHere":           {Record{Name: "Theirs"}, nil, Record{Status: Won}, nil, nil, []string{"closed.differs"}},
		"LostHere":          {Record{Name: "Theirs"}, nil, Record{Status: Lost}, nil, nil, []string{"closed.differs"}},
		"WonThere":          {Record{Name: "Theirs"}, nil, nil, Record{Status: Won}, nil, []string{"closed.differs"}},
		"LostThere":         {Record{Name: "Theirs"}, nil, nil, Record{Status: Lost}, nil, []string{"closed.differs"}},
		"TwoFields":         {Record{Name: "Theirs", ClosingDate: "2027-01-01"}, nil, Record{Status: Won}, nil, nil, []string{"closed.differs", "closed.differs"}},
		"NotClosed":         {Record{Name: "Theirs"}, nil, nil, nil, nil, nil},
		"Alike":             {nil, nil, Record{Status: Won}, nil, nil, nil},
		"AlikeThroughACut":  {Record{Notes: "long words"}, Record{Notes: "long"}, Record{Status: Won}, nil, nil, nil},
		"EmptyHere":         {nil, Record{Name: ""}, Record{Status: Won}, nil, nil, nil},
		"EmptyThere":        {Record{Name: ""}, nil, Record{Status: Won}, nil, nil, nil},
		"NotReadHere":       {Record{Name: "Theirs"}, Record{Name: "-"}, Record{Status: Won}, nil, nil, nil},
		"NotReadThere":      {Record{Name: "-"}, nil, Record{Status: Won}, nil, nil, nil},
		"DecidedWithIt":     {Record{Name: "Theirs"}, nil, Record{Status: Won, Name: "Mine"}, nil, nil, nil},
		"ToldOfAlready":     {Record{Name: "Theirs"}, nil, Record{Status: Won, Name: ""}, nil, nil, []string{"value.blank"}},
		"OneWayOnly":        {Record{Name: "Theirs"}, nil, Record{Status: Won}, nil, func(r *Rule) { r.Way = ToReferral }, nil},
		"ADoorHasItsWords":  {Record{Name: "Theirs"}, nil, Record{Status: Won}, nil, func(r *Rule) { r.Door = OnceSet }, nil},
		"ListsAreNoTruths":  {Record{"solutions/SOL-9": "{}"}, nil, Record{Status: Won}, nil, nil, nil},
		"OnlyAHashIsLeft":   {Record{Name: "Theirs"}, Record{Name: hashed + "00"}, Record{Status: Won}, nil, nil, nil},
		"ACancelingIsALoss": {Record{Name: "Theirs"}, nil, Record{Status: Canceled}, nil, nil, []string{"closed.differs"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := from(tt.pc, tt.crm, tt.portal, tt.edit)
			for _, r := range []Record{in.Referral.Record, in.Opportunity.row.Record, in.Pair.Base.Referral, in.Pair.Base.Opportunity} {
				if r[Name] == "-" {
					delete(r, Name)
				}
			}
			in.Rules = append([]Rule{}, rules...)
			if tt.rule != nil {
				tt.rule(&in.Rules[0])
			}
			plan := Merge(in)
			if got := codes(plan.Problems); strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("told %v", got)
			}
			for _, p := range plan.Problems {
				if p.Code == "closed.differs" && p.Field == Name && (!p.Once || !strings.Contains(p.Text, `Partner Center keeps "Theirs", CRM "Deal"`)) {
					t.Errorf("%+v", p)
				}
			}
			after, done := write(in, plan)
			after.Pair = in.Settle(plan, done, "")
			if again := Merge(after); len(again.ToReferral)+len(again.ToOpportunity)+len(again.Problems) != 0 {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// What hangs on a closing is noted with it, whichever side took the closing alone, and is nothing to tell of one that was refused.
func TestI25_ANoteGoesWithTheClosingThatItHangsOn(t *testing.T) {
	apart := Record{Name: "Theirs"}
	for name, tt := range map[string]struct {
		portal, edit Record
		want         []string
		refused      []string
	}{
		"Differs": {nil, Record{Status: Won}, []string{closedDiffers}, nil},
		"There":   {Record{Status: Won}, nil, []string{closedDiffers}, nil},
		"Locked":  {nil, Record{Status: Lost, CustomerCountry: "FR"}, []string{"customer.locked", closedDiffers}, []string{"customer.locked"}},
		"Blank":   {nil, Record{Status: Won, DealValue: ""}, []string{"value.blank", closedDiffers}, []string{"value.blank"}},
	} {
		in := from(apart, nil, tt.portal, tt.edit)
		plan := Merge(in)
		_, done := write(in, plan)
		var pair Pair
		place := InPartnerCenter
		if tt.portal != nil {
			place, pair = InCRM, in.SettleTaken(plan, *done.Opportunity)
		} else {
			pair = in.SettleSent(plan, *done.Referral)
		}
		notes := func(ps []Problem) (out []string) {
			for _, p := range ps {
				if p.Once && p.Code != "" {
					out = append(out, p.Code)
				}
			}
			return out
		}
		if got := notes(pair.Untold); strings.Join(got, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%s: noted %v", name, got)
		}
		refused := plan.Without(Problem{Code: "no", Place: place, Class: OfRecord}, Record{Status: plan.at(place)[Status]})
		if got := notes(refused.Problems); strings.Join(got, " ") != strings.Join(tt.refused, " ") {
			t.Errorf("%s: told of a closing that was refused: %v", name, got)
		}
	}
}

// Of a text of CRM's only a hash is remembered: before the deal is closed with it the row is read.
func TestF52_ALongTextIsReadBeforeTheClosing(t *testing.T) {
	long := strings.Repeat("words ", 300)
	for theirs, want := range map[string]bool{"Theirs": true, long: false} {
		in := from(Record{Name: theirs}, Record{Name: long}, Record{Status: Won}, nil)
		in.Pair.OpportunityVersion = "o1"
		in.Opportunity = Assumed(in.Pair)
		if got := Merge(in).NeedsOpportunity; got != want {
			t.Errorf("Partner Center says %.10q: it is read: %v", theirs, got)
		}
	}
}
