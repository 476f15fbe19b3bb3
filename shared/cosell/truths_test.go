package cosell

import (
	"strings"
	"testing"
	"time"
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
		"Blank":   {nil, Record{Status: Won, DealValue: ""}, []string{"value.blank", closedDiffers}, nil},
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

// A plan that loses its closing says nothing of what only the closing makes true, whatever takes it away: the value is undecided
// again, and what is to be mended is told.
func TestAClosingThatDoesNotComeIsNotSpokenOf(t *testing.T) {
	blank := Record{Status: Won, DealValue: "0"}
	registrable := Record{Visibility: True, DealValue: "25000"}
	refusedWon := func(in Pairing) Plan {
		return Merge(in).Without(Problem{Code: "no", Place: InPartnerCenter, Class: OfRecord}, Record{Status: Won})
	}
	for name, tt := range map[string]struct {
		in   func() Pairing
		plan func(Pairing) Plan
		want []string
	}{
		"TheGuardDelaysIt":       {func() Pairing { return from(registrable, registrable, nil, blank) }, Merge, []string{"value.blank", "won.early"}},
		"PartnerCenterRefusesIt": {func() Pairing { return edit(nil, blank) }, refusedWon, []string{"value.blank", "no"}},
		"ItWasRefusedBefore": {func() Pairing {
			in := edit(nil, blank)
			in.Pair = in.Settle(refusedWon(in), Written{}, "")
			return in
		}, Merge, []string{"value.blank", "no"}},
		"ItWaitsForAnotherValue": {func() Pairing {
			in := refused(edit(nil, Record{ClosingDate: "2026-12-01"}), InPartnerCenter, "no", OfRecord, ClosingDate)
			apply(in.Opportunity.row.Record, blank)
			return in
		}, Merge, []string{"no", "value.blank", "won.waiting"}},
		"AValueIsRefusedWithIt": {func() Pairing { return edit(nil, Record{Status: Won, DealValue: "0", ClosingDate: "2026-12-01"}) }, func(in Pairing) Plan {
			return Merge(in).Without(Problem{Code: "no", Place: InPartnerCenter, Class: OfRecord}, Record{ClosingDate: "2026-12-01"}).
				WithWonWaiting(in.Rules, ClosingDate, noon)
		}, []string{"no", "value.blank", "won.waiting"}},
		"CRMRefusesIt": {func() Pairing { return edit(blank, nil) }, func(in Pairing) Plan {
			return Merge(in).Without(Problem{Code: "no", Place: InCRM, Class: OfRecord}, Record{Status: Won})
		}, []string{"value.blank", "no"}},
	} {
		in := tt.in()
		plan := tt.plan(in)
		if got := codes(plan.Problems); strings.Join(got, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%s: told %v", name, got)
		}
		for _, p := range plan.Problems {
			if p.Once || strings.Contains(p.Text, "final") {
				t.Errorf("%s: told %+v", name, p)
			}
		}
		pair := in.Settle(plan, Written{}, "")
		if base := pair.Base; base.Opportunity[DealValue] == "0" || base.Referral[DealValue] == "0" {
			t.Errorf("%s: the value counts as agreed: %v", name, base)
		}
	}
}

// Won went through with the last agreed value, so it was said, and was refused itself: the value is held as before, and goes with
// won when Partner Center takes them.
func TestAFinalValueIsHeldOnWhereWonIsRefused(t *testing.T) {
	in := refused(edit(nil, Record{DealValue: "7"}), InPartnerCenter, "no", OfRecord, DealValue)
	held := in.Pair.Held[0]
	in.Opportunity.row.Record[Status], in.Opportunity.row.Version, in.Pair.OpportunityVersion = Won, "o9", ""
	in.At = noon.Add(25 * time.Hour)
	in.Pair.Held = []Held{held}
	in.Pair.Held[0].Next = noon.Add(1000 * time.Hour)
	plan := Merge(in)
	want{toReferral: Record{Status: Won}, codes: []string{"won.final"}}.check(t, plan)
	plan = plan.Without(Problem{Code: "no", Place: InPartnerCenter, Class: OfRecord}, Record{Status: Won})
	want{codes: []string{"no", "no"}}.check(t, plan)
	in.Pair = in.Settle(plan, Written{}, "")
	if h, ok := in.Pair.HeldAt(InPartnerCenter, DealValue); !ok || !h.Since.Equal(held.Since) || h.Value != "7" {
		t.Errorf("held %+v", in.Pair.Held)
	}
	in.Retry = true
	want{toReferral: Record{Status: Won, DealValue: "7"}}.check(t, Merge(in))
}

// Help for which it is too late only if the deal is closed, and two values that differ for ever only then, are no matter of a deal
// whose won waits; what is locked is locked either way.
func TestAWonThatWaitsMakesNothingLate(t *testing.T) {
	in := from(Record{Name: "Theirs", "contacts/ada": ada}, Record{"contacts/ada": ada}, nil,
		Record{Status: Won, DealValue: "7", Help: "A", CustomerCountry: "FR"})
	plan := Merge(in)
	if got := strings.Join(codes(plan.Problems), " "); got != "customer.locked help.late closed.differs" {
		t.Fatalf("told %s", got)
	}
	plan = plan.Without(Problem{Code: "no", Place: InPartnerCenter, Class: OfRecord}, Record{DealValue: "7"}).WithWonWaiting(in.Rules, DealValue, noon)
	want{codes: []string{"customer.locked", "no", "won.waiting"}}.check(t, plan)
	in.Pair = in.Settle(plan, Written{}, "")
	if again := Merge(in); again.Invite != "A" {
		t.Errorf("the deal is open, and Microsoft is not asked: %+v", again)
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
