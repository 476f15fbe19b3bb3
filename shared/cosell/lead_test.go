package cosell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ofLead makes a lead of the pair's record.
func ofLead(in Pairing) Pairing {
	in.Pair.Table = LeadTable
	return in
}

// Every cell of the table in lead.go.
func TestR24_TheStatusOfALeadCellByCell(t *testing.T) {
	for name, tt := range map[string]struct {
		wasPC, wasCRM, pc, crm string
		want                   want
	}{
		"PendingNotDecided":      {Pending, OnHold, Pending, OnHold, want{}},
		"PendingDisqualified":    {Pending, OnHold, Pending, Lost, want{toReferral: Record{Status: Declined, Reason: "Others"}}},
		"PendingCanceled":        {Pending, OnHold, Pending, Canceled, want{toReferral: Record{Status: Declined, Reason: "Others"}}},
		"PendingQualified":       {Pending, OnHold, Pending, Open, want{codes: []string{"lead.unconverted"}}},
		"AcceptedNotDecided":     {Pending, OnHold, Accepted, OnHold, want{}},
		"AcceptedDisqualified":   {Pending, OnHold, Accepted, Lost, want{}},
		"AcceptedQualified":      {Pending, OnHold, Accepted, Open, want{}},
		"WonNotDecided":          {Pending, OnHold, Won, OnHold, want{}},
		"DeclinedNotDecided":     {Pending, OnHold, Declined, OnHold, want{toOpportunity: Record{Status: Canceled, Reason: ""}}},
		"DeclinedDisqualified":   {Pending, OnHold, Declined, Lost, want{}},
		"ExpiredNotDecided":      {Pending, OnHold, Expired, OnHold, want{toOpportunity: Record{Status: Canceled, Reason: ""}}},
		"ExpiredDisqualified":    {Pending, OnHold, Expired, Canceled, want{}},
		"ExpiredQualified":       {Pending, OnHold, Expired, Open, want{codes: []string{"referral.expired"}}},
		"LostNotDecided":         {Pending, OnHold, Lost, OnHold, want{toOpportunity: Record{Status: Lost, Reason: ""}}},
		"OpenedAgainAfterTheEnd": {Declined, Canceled, Declined, OnHold, want{codes: []string{"referral.closed"}}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := Merge(ofLead(from(Record{Status: tt.wasPC}, Record{Status: tt.wasCRM}, Record{Status: tt.pc}, Record{Status: tt.crm})))
			tt.want.check(t, plan)
			if plan.Ends != (name == "ExpiredQualified") {
				t.Errorf("ends %v", plan.Ends)
			}
		})
	}
}

func TestI10_AMergedLeadIsNotDeclined(t *testing.T) {
	in := ofLead(from(Record{Status: Pending}, Record{Status: OnHold}, Record{Status: Pending}, Record{Status: Lost}))
	in.Opportunity.row.MergedInto = "another"
	want{}.check(t, Merge(in))
}

func TestR137_ALeadIsDeclinedAfterTheGrace(t *testing.T) {
	for name, tt := range map[string]struct {
		told time.Time
		want want
	}{
		"AtOnce":     {time.Time{}, want{codes: []string{"decline.waiting"}}},
		"Meanwhile":  {noon.Add(-7 * time.Minute), want{codes: []string{"decline.waiting"}}},
		"Afterwards": {noon.Add(-8 * time.Minute), want{toReferral: Record{Status: Declined, Reason: "Others"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := ofLead(from(Record{Status: Pending}, Record{Status: OnHold}, Record{Status: Pending}, Record{Status: Lost}))
			in.Options.DeclineGrace = 10 * time.Minute
			if !tt.told.IsZero() {
				in.Pair.Held = []Held{{Code: "decline.waiting", Since: tt.told}}
			}
			tt.want.check(t, Merge(in))
		})
	}
}

// A decline that was refused waits for what its refusal waits for, and not for another hour of its own.
func TestI17_ARefusedDeclineOfALeadWaitsForNoOtherHour(t *testing.T) {
	for name, tt := range map[string]struct {
		field Field
		retry bool
		want  want
	}{
		"Held":          {Status, false, want{codes: []string{"invalidRequest"}}},
		"ItsReasonHeld": {Reason, false, want{codes: []string{"invalidRequest"}}},
		"AskedAgain":    {Status, true, want{toReferral: Record{Status: Declined, Reason: "Others"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := ofLead(from(Record{Status: Pending}, Record{Status: OnHold}, Record{Status: Pending}, Record{Status: Lost}))
			in.Options.DeclineGrace, in.Retry = 10*time.Minute, tt.retry
			in.Pair.Held = []Held{{Place: InPartnerCenter, Field: tt.field, Class: OfRecord, Code: "invalidRequest", Since: noon, Version: in.Referral.Version, Value: Asked(Record{Status: Declined, Reason: "Others"})}}
			plan := Merge(in)
			tt.want.check(t, plan)
			if !plan.HeldUntil.IsZero() {
				t.Errorf("waits until %s", plan.HeldUntil)
			}
		})
	}
}

// What the end of a referral takes away stays on its lead.
func TestT41_WhatTheEndTakesAwayStaysOnTheLead(t *testing.T) {
	for status, told := range map[string]bool{Pending: true, Expired: false, Declined: false} {
		in := ofLead(from(Record{Status: Pending}, Record{Status: OnHold}, Record{Status: status, Notes: ""}, nil))
		in.Rules = []Rule{{Field: Status, Way: Both, Door: Lifecycle}, {Field: Notes, Way: Both, Wins: Newest, Required: true}}
		plan := Merge(in)
		if _, cleared := plan.ToOpportunity[Notes]; cleared || (len(plan.Problems) > 0) != told {
			t.Errorf("%s: cleared %v, %v", status, cleared, codes(plan.Problems))
		}
	}
}

func TestR25_CosellOnlyLetsNothingOfALeadIn(t *testing.T) {
	for name, tt := range map[string]struct {
		only bool
		in   func(Pairing) Pairing
		want want
	}{
		"OfALead":         {true, ofLead, want{}},
		"Off":             {false, ofLead, want{toOpportunity: Record{DealValue: "150"}}},
		"OfAnOpportunity": {true, func(in Pairing) Pairing { return in }, want{toOpportunity: Record{DealValue: "150"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := tt.in(from(Record{Status: Pending}, Record{Status: OnHold}, Record{DealValue: "150"}, nil))
			in.Options.CosellOnly = tt.only
			tt.want.check(t, Merge(in))
		})
	}
	in := ofLead(from(Record{Status: Pending}, Record{Status: OnHold}, nil, Record{DealValue: "170"}))
	in.Options.CosellOnly = true
	if got := Merge(in).ToReferral[DealValue]; got != "170" {
		t.Errorf("an edit in CRM: %q", got)
	}
}

// What an opportunity that a lead became was last agreed on.
func TestR24_WhatALeadsOpportunityWasAgreedOn(t *testing.T) {
	both := func(f Field) Rule { return Rule{Field: f, Way: Both} }
	for name, tt := range map[string]struct {
		rule Rule
		lead string // the lead's base; "-" is none
		deal string
		want string // the base; "-" is none
	}{
		"AsItWas":          {both(Notes), "a", "a", "a"},
		"TypedMeanwhile":   {both(Notes), "a", "b", "a"},
		"NotHeld":          {both(Notes), "a", "", "-"},
		"NotOfTheLead":     {both(Notes), "-", "b", "-"},
		"EmptyOnTheLead":   {both(Notes), "", "b", ""},
		"Ours":             {Rule{Field: Audit, Way: Inside}, "a", "b", "b"},
		"QualifiedAccepts": {Rule{Field: Status, Way: Both, Door: Lifecycle}, OnHold, Open, OnHold},
		"WithoutItsStatus": {Rule{Field: Status, Way: Both, Door: Lifecycle}, "-", Open, OnHold},
	} {
		t.Run(name, func(t *testing.T) {
			base := Base{Referral: Record{}, Opportunity: Record{}}
			if tt.lead != "-" {
				base.Referral[tt.rule.Field], base.Opportunity[tt.rule.Field] = tt.lead, tt.lead
			}
			got, ok := Grown(base, Opportunity{Side: Side{Record: Record{tt.rule.Field: tt.deal}}}, []Rule{tt.rule}).Opportunity[tt.rule.Field]
			if !ok {
				got = "-"
			}
			if got != tt.want {
				t.Errorf("%q instead of %q", got, tt.want)
			}
		})
	}
}

func TestR24_WhatALeadCarriesIntoItsOpportunity(t *testing.T) {
	rules := []Rule{{Field: Notes, Way: Both}, {Field: DealValue, Way: Both}, {Field: Visibility, Way: Both, Door: OneWay}, {Field: Audit, Way: Inside}}
	in := Pairing{Opportunity: AtHand(Opportunity{Side: Side{Record: Record{Notes: "lead", DealValue: "1", Visibility: False, Audit: "lead"}}})}
	got := in.Carried(Plan{ToOpportunity: Record{DealValue: "2"}}, Record{Notes: "referral", DealValue: "3", Visibility: True, Name: "n"}, rules)
	if d := cmp.Diff(Record{Notes: "lead", DealValue: "2", Visibility: True, Name: "n"}, got); d != "" {
		t.Error(d)
	}
}

func TestAPairThatGoesOnHoldsNothingOfItsLead(t *testing.T) {
	p := Pair{OpportunityID: "lead", Table: LeadTable, ReferralID: "r", EngagementID: "e", Phase: Linked, Held: []Held{{Code: "x"}}, Version: "7"}
	next := p.GoesOn(Opportunity{Side: Side{ID: "deal"}}, OpportunityTable, Base{})
	if next.OpportunityID != "deal" || next.ReferralID != "r" || next.EngagementID != "e" || next.Phase != Linked || len(next.Held) != 0 || next.Table != OpportunityTable {
		t.Errorf("%+v", next)
	}
	if left := p.Left("deal"); left.OpportunityID != "lead" || left.ReferralID != "" || left.Phase != Ended || left.Became != "deal" || left.Table != LeadTable || left.Version != "7" {
		t.Errorf("%+v", left)
	}
}
