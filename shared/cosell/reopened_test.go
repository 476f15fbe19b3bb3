package cosell

import "testing"

// reopening is a won deal on its way: the pair, and what the two records show.
type reopening struct {
	t  *testing.T
	in Pairing
}

// aWonDeal is a pair that agreed on 100 while it was open, and whose opportunity a person has won since: the referral is
// still open, because the deal may not be closed as won yet.
func aWonDeal(t *testing.T) *reopening {
	in := edit(Record{Visibility: True}, Record{Visibility: True, Status: Won})
	in.Rules = append([]Rule(nil), rules...)
	for i, rule := range in.Rules {
		in.Rules[i].WhenWon = rule.Field == DealValue
	}
	in.Options.RegistrableValue = "50"
	return &reopening{t, in}
}

// anEditedDeal is a won deal whose value somebody has changed to 170 in Partner Center since.
func anEditedDeal(t *testing.T) *reopening {
	w := aWonDeal(t)
	w.run()
	w.portal(Record{DealValue: "170"})
	w.run()
	return w
}

// run is one run of the product.
func (w *reopening) run() Plan {
	row, _ := w.in.Opportunity.Row()
	w.in.Pair = w.in.Pair.Won(row, w.in.Rules)
	plan := Merge(w.in)
	after, done := write(w.in, plan)
	after.Pair = w.in.Settle(plan, done, "")
	w.in = after
	return plan
}

func (w *reopening) crm(changes Record) {
	row, _ := w.in.Opportunity.Row()
	row.Record = row.Record.Clone()
	apply(row.Record, changes)
	w.in.Opportunity = AtHand(row)
}

func (w *reopening) portal(changes Record) {
	r := *w.in.Referral
	r.Record = r.Record.Clone()
	apply(r.Record, changes)
	w.in.Referral = &r
}

func (w *reopening) shows(referral, opportunity string) {
	w.t.Helper()
	if p, d := w.in.Referral.Record[DealValue], w.in.Opportunity.Side().Record[DealValue]; p != referral || d != opportunity {
		w.t.Errorf("the referral says %q, the opportunity %q; want %q and %q", p, d, referral, opportunity)
	}
}

func TestI1_AnEditThatCameWhileTheDealWasWonOutlivesItsReopening(t *testing.T) {
	w := anEditedDeal(t)
	w.shows("170", "170")
	w.crm(Record{Status: Open, DealValue: "100"}) // the estimate is in view again
	w.run()
	w.shows("170", "170")
	if plan := w.run(); !plan.Empty() {
		t.Errorf("again: %v %v %v", plan.ToReferral, plan.ToOpportunity, plan.Problems)
	}
	w.crm(Record{DealValue: "100"}) // which a person types now
	w.run()
	w.shows("100", "100")
}

func TestI1_AnEditThatCameWhileTheDealWasReopenedCrosses(t *testing.T) {
	w := anEditedDeal(t)
	w.crm(Record{Status: Open, DealValue: "100"})
	w.portal(Record{DealValue: "180"})
	w.run()
	w.shows("180", "180")
}

func TestI1_TheEstimateThatAPersonChangedWithTheReopeningIsAnEdit(t *testing.T) {
	w := anEditedDeal(t)
	w.crm(Record{Status: Open, DealValue: "120"})
	w.run()
	w.shows("120", "120")
}

func TestAReopenedDealWhoseReferralIsClosedKeepsItsEstimate(t *testing.T) {
	w := aWonDeal(t)
	w.in.Options.WonGuard = ""
	w.crm(Record{DealValue: "170"})
	w.run()
	w.shows("170", "170")
	w.crm(Record{Status: Open, DealValue: "100"})
	w.run()
	w.shows("170", "100")
}

// What CRM does not take of it is not taken for an edit of the next run.
func TestI1_AnEstimateThatCRMRefusesAtTheReopeningIsTriedAgain(t *testing.T) {
	w := anEditedDeal(t)
	w.crm(Record{Status: Open, DealValue: "100"})
	plan := Merge(w.in).Without(Problem{Code: "rule", Field: DealValue, Place: InCRM, Class: OfRecord}, Record{DealValue: "170"})
	w.in.Pair = w.in.Settle(plan, Written{}, "")
	w.in.Retry = true
	w.run()
	w.shows("170", "170")
}
