package cosell

import (
	"slices"
	"strings"
	"testing"
	"time"
)

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

// aTypedDeal is one whose value was typed into its own column when it was closed as won, and has not crossed since.
func aTypedDeal(t *testing.T) *reopening {
	w := aWonDeal(t)
	w.crm(Record{DealValue: "120"})
	w.own("120")
	w.portal(Record{DealValue: "170"})
	w.in.Referral.Modified = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	return w
}

// own is what the own column of the value holds beside what is shown.
func (w *reopening) own(value string) {
	row, _ := w.in.Opportunity.Row()
	if row.Own = nil; value != "" {
		row.Own = Record{DealValue: value}
	}
	w.in.Opportunity = AtHand(row)
}

// reopens lets a person reopen the deal, whose own column shows again, and is looked at.
func (w *reopening) reopens(value string) {
	w.crm(Record{Status: Open, DealValue: value})
	w.own("")
	w.run()
}

func TestI1_WhatGaveWayBeforeAReopeningComesBackAsNoEdit(t *testing.T) {
	w := aTypedDeal(t)
	w.run()
	w.shows("170", "170")
	w.reopens("120") // the estimate is in view again, before anybody has looked at the row
	w.shows("170", "170")
}

func TestI1_AValueTypedBeforeTheClosingIsAnEditAfterTheReopening(t *testing.T) {
	w := aTypedDeal(t)
	w.portal(Record{DealValue: "100"})
	row, _ := w.in.Opportunity.Row()
	w.in.Pair = w.in.Pair.Won(row, w.in.Rules) // seen, and nothing could be written
	w.reopens("120")
	w.shows("120", "120")
}

func TestI1_WhatIsTypedBesideTheClosingIsAnEditAfterTheReopening(t *testing.T) {
	w := aTypedDeal(t)
	w.run()
	w.own("130")
	w.run()
	w.reopens("130")
	w.shows("130", "130")
}

// Which value a person closed the deal with is newer than the estimate that they had typed before.
func TestI1_TheEstimateOfADealThatWasClosedWithAnotherValueIsNoEdit(t *testing.T) {
	w := aWonDeal(t)
	w.crm(Record{DealValue: "500"})
	w.own("120")
	w.portal(Record{DealValue: "500"})
	w.run()
	w.shows("500", "500")
	w.reopens("120")
	w.shows("500", "500")
}

// Into the closed row somebody types an estimate, beside a closing that says what was agreed.
func TestI1_AnEstimateTypedIntoAWonDealIsAnEdit(t *testing.T) {
	for name, portal := range map[string]string{"nothing else happens": "100", "an edit in Partner Center": "170"} {
		w := aTypedDeal(t)
		w.portal(Record{DealValue: "100"})
		w.crm(Record{DealValue: "100"})
		w.run()
		w.portal(Record{DealValue: portal})
		w.run()
		w.reopens("120")
		if p, d := w.in.Referral.Record[DealValue], w.in.Opportunity.Side().Record[DealValue]; p != "120" || d != "120" {
			t.Errorf("%s: the referral says %q, the opportunity %q", name, p, d)
		}
	}
}

func TestWhatWasTypedBeforeAClosingIsForgottenAfterTheReopening(t *testing.T) {
	w := aTypedDeal(t)
	w.run()
	w.reopens("120")
	w.run()
	w.crm(Record{DealValue: "120"}) // which a person types now
	w.run()
	w.shows("120", "120")
}

// Of two values that a person typed before and with the closing one gave way there; the other one does when it is in view again.
func TestI25_AnEstimateThatGivesWayAtTheReopeningIsTold(t *testing.T) {
	w := aTypedDeal(t)
	w.crm(Record{DealValue: "500"})
	if told := w.run().Problems; len(told) == 0 || !strings.Contains(told[0].Text, "500") {
		t.Errorf("at the closing: %+v", told)
	}
	w.shows("170", "170")
	w.crm(Record{Status: Open, DealValue: "120"})
	w.own("")
	plan := w.run()
	w.shows("170", "170")
	if i := slices.IndexFunc(plan.Problems, func(p Problem) bool { return p.Code == conflictResolved }); i < 0 || !strings.Contains(plan.Problems[i].Text, "120") {
		t.Errorf("at the reopening: %+v", plan.Problems)
	}
}
