package cosell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLoosenDividesARefusedAcceptanceOnly(t *testing.T) {
	accept := Record{Status: Accepted, Name: "n", ClosingDate: "d", "team/k": "K", "team/l": "L"}
	for name, tt := range map[string]struct {
		atom        Record
		named       Field
		core, extra Record
	}{
		"TheNamedFieldFollows": {accept, ClosingDate, Record{Status: Accepted, Name: "n", "team/k": "K", "team/l": "L"}, Record{ClosingDate: "d"}},
		"TheNameFirst":         {accept, "", Record{Status: Accepted, ClosingDate: "d", "team/k": "K", "team/l": "L"}, Record{Name: "n"}},
		"ThenTheTeam": {Record{Status: Accepted, "team/k": "K", "team/l": "L"}, "", Record{Status: Accepted},
			Record{"team/k": "K", "team/l": "L"}},
		"TheStatusItself":   {Record{Status: Accepted, ClosingDate: "d"}, Status, nil, nil},
		"NothingMayFollow":  {Record{Status: Accepted, ClosingDate: "d"}, "", nil, nil},
		"AClosingGoesWhole": {Record{Status: Lost, Reason: "r"}, Reason, nil, nil},
		"MoneyGoesWhole":    {Record{DealValue: "1", Currency: "E"}, Currency, nil, nil},
	} {
		core, extra := Loosen(tt.atom, tt.named)
		if d := cmp.Diff(tt.core, core); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(tt.extra, extra); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// interrupted is a creation that was noted, made, and never remembered; people have been on both sides since.
func interrupted(pc, crm Record) Pairing {
	r := Record{Name: "N", DealValue: "5", Notes: "long text", Solutions: "1", "solutions/a": "A", Status: Accepted, CustomerName: "C"}
	s := Creation(Referral{Side: Side{Record: r}}, creating, noon)
	o := Record{Name: "N", DealValue: "5", Notes: "long", Solutions: "1", "solutions/a": "A", Status: Open, Sync: True, CustomerName: "C"}
	p := r.Clone()
	apply(p, pc)
	apply(o, crm)
	in := pairing(s.Made(Opportunity{Side: Side{Record: o}}), p, o)
	in.Rules = creating
	return in
}

func TestI1_EditsAroundAnInterruptedMaking(t *testing.T) {
	for name, tt := range map[string]struct {
		pc, crm Record
		want    want
	}{
		"NobodyWasThere":        {nil, nil, want{}},
		"ThePortalEdited":       {Record{DealValue: "7"}, nil, want{toOpportunity: Record{DealValue: "7"}}},
		"TheSellerEdited":       {nil, Record{DealValue: "8"}, want{toReferral: Record{DealValue: "8"}}},
		"BothEdited":            {Record{DealValue: "7"}, Record{DealValue: "8"}, want{toReferral: Record{DealValue: "8"}, codes: []string{conflictResolved}}},
		"ThePortalAddedAMember": {Record{"solutions/b": "B"}, nil, want{toOpportunity: Record{"solutions/b": "B"}}},
		"TheSellerAddedAMember": {nil, Record{"solutions/b": "B"}, want{toReferral: Record{"solutions/b": "B"}}},
		"CRMDidNotTakeAValue":   {nil, Record{Notes: ""}, want{toOpportunity: Record{Notes: "long"}}},
		"TheSellerCutAText":     {nil, Record{Notes: "new"}, want{toReferral: Record{Notes: "new!"}}},
	} {
		t.Run(name, func(t *testing.T) { tt.want.check(t, Merge(interrupted(tt.pc, tt.crm))) })
	}
}

func TestI1_WhatCRMMadeOfAValueIsNobodysEditWhereNobodyWas(t *testing.T) {
	r := Record{Name: "N", DealValue: "5", Notes: "long text", Status: Accepted}
	s := Creation(Referral{Side: Side{Record: r}}, creating, noon)
	o := Opportunity{Side: Side{Record: Record{Name: "N INC", DealValue: "10", Notes: "", Status: Open, Sync: True}}, Untouched: true}
	plan := Merge(func() Pairing { in := pairing(s.Made(o), r, o.Record); in.Rules = creating; return in }())
	if d := cmp.Diff(Record{Notes: "long"}, plan.ToOpportunity); d != "" || len(plan.ToReferral) > 0 {
		t.Errorf("%s, to the referral %v", d, plan.ToReferral)
	}
	o.Untouched = false // a person was there, so all of it may be his
	if base := s.Made(o).Opportunity; base[Name] != "N" || base[DealValue] != "5" || base[Status] != Open {
		t.Errorf("%v", base)
	}
}

func TestWhatCRMTookAloneIsAgreedAndItsNotesWait(t *testing.T) {
	in := edit(Record{Name: "theirs", DealValue: "7"}, Record{Name: "mine"})
	in.Rules = append([]Rule{}, in.Rules...)
	for i := range in.Rules {
		if in.Rules[i].Field == Name {
			in.Rules[i].Wins = PartnerCenter
		}
	}
	plan := Merge(in)
	piece := plan
	piece.ToOpportunity = Record{Name: "theirs"}
	after, _ := write(in, piece)
	pair := in.SettleTaken(piece, after.Opportunity.row)
	if pair.Base.Opportunity[Name] != "theirs" || pair.Base.Referral[Name] != "theirs" || pair.Base.Opportunity[DealValue] == "7" {
		t.Errorf("%v", pair.Base)
	}
	if len(pair.Untold) != 1 || pair.Untold[0].Field != Name || pair.OpportunityVersion != "" || pair.Sending != nil {
		t.Errorf("%+v", pair)
	}
	if again := in.SettleTaken(piece, after.Opportunity.row); len(again.Untold) != 1 {
		t.Errorf("noted twice: %+v", again.Untold)
	}
}

func TestI25_WhatCRMWouldNotHearWaits(t *testing.T) {
	in := edit(Record{Name: "theirs"}, Record{Name: "mine", DealValue: "0"})
	plan := Merge(in) // a conflict, and a blank value
	after, done := write(in, plan)
	done.Silent = true
	before := []string{"told before"}
	in.Pair.Told = before
	pair := in.Settle(plan, done, "")
	if len(pair.Untold) != 1 || pair.Untold[0].Code != conflictResolved {
		t.Errorf("untold %+v", pair.Untold)
	}
	if d := cmp.Diff(before, pair.Told); d != "" {
		t.Errorf("what nobody heard counts as told: %s", d)
	}
	after.Pair = pair
	after.Pair.Told = nil
	found := 0
	for _, l := range after.Lines(Merge(after), Written{}, words) {
		if l == stampOf+`to Partner Center: conflict.resolved: name was changed on both sides; the value of Partner Center gave way: "theirs" (abc)` {
			found++
		}
	}
	if found != 1 {
		t.Errorf("told %d times once CRM listens", found)
	}
}

func TestAPersonsWordAgreesOnAField(t *testing.T) {
	in := edit(Record{Name: "theirs", "solutions/SOL-2": "B"}, Record{Name: "mine", DealValue: "8"})
	for f, want := range map[Field]want{
		Name:      {toReferral: Record{DealValue: "8"}, toOpportunity: Record{"solutions/SOL-2": "B"}},
		Solutions: {toReferral: Record{Name: "mine", DealValue: "8"}, codes: []string{conflictResolved}},
	} {
		one := in
		one.Pair = in.Pair.Forgets(InCRM, f, in.Referral, &in.Opportunity.row, in.Rules)
		want.check(t, Merge(one))
	}
	if b := in.Pair.Forgets(InCRM, Name, nil, nil, in.Rules).Base; b.Referral[Name] != "Deal" || b.Opportunity[Name] != "Deal" {
		t.Errorf("of sides that nobody read: %v", b)
	}
	in.Pair.Held = []Held{{Place: InCRM, Field: Name}, {Place: InPartnerCenter, Field: Name}}
	if after := in.Pair.Forgets(InCRM, Name, nil, nil, in.Rules); len(after.Held) != 1 || after.Held[0].Place != InPartnerCenter || after.OpportunityVersion != "" || len(in.Pair.Held) != 2 {
		t.Errorf("held %+v, version %q", after.Held, after.OpportunityVersion)
	}
}

func TestMicrosoftIsNotAskedTheSameAgainAtOnce(t *testing.T) {
	own := Side{ID: "r", Version: "r1", Read: noon}
	in := edit(nil, Record{Help: "A", "contacts/ada": ada})
	in.Pair = in.Pair.Unasked(Problem{Code: "invite.refused", Class: OfRecord, Text: "no"}, "A", own)
	plan := Merge(in)
	if plan.Invite != "" || len(plan.Problems) != 1 || plan.Problems[0].Code != "invite.refused" {
		t.Errorf("%+v", plan)
	}
	if lines := in.Lines(plan, Written{}, words); len(lines) != 1 {
		t.Errorf("told %d times", len(lines))
	}
	for name, change := range map[string]func(*Pairing){
		"ItsTime":     func(in *Pairing) { in.At = noon.Add(15 * time.Minute) },
		"AnotherHelp": func(in *Pairing) { in.Opportunity.row.Record[Help] = "B" },
		"APerson":     func(in *Pairing) { in.Retry = true },
		"ThatSide":    func(in *Pairing) { in.Referral.Version = "r2" },
	} {
		again := in
		r, o := *in.Referral, in.Opportunity.row
		o.Record = o.Record.Clone()
		again.Referral, again.Opportunity = &r, AtHand(o)
		change(&again)
		if Merge(again).Invite == "" {
			t.Errorf("%s: not asked", name)
		}
	}
}

func TestWhatWasDecidedAndRefusedStaysDecided(t *testing.T) {
	for name, tt := range map[string]struct {
		place Place
		pcAt  time.Time
		want  want
	}{
		"CRMRefusedPartnerCentersValue": {InCRM, noon.Add(-time.Hour), want{toOpportunity: Record{Name: "theirs"}, codes: []string{conflictResolved}}},
		"PartnerCenterRefusedCRMs":      {InPartnerCenter, noon.Add(time.Hour), want{toReferral: Record{Name: "mine"}, codes: []string{conflictResolved}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(Record{Name: "theirs"}, Record{Name: "mine"})
			in.Referral.Modified = tt.pcAt
			v := "theirs"
			if tt.place == InPartnerCenter {
				v = "mine"
			}
			in.Pair.Held = []Held{{Place: tt.place, Field: Name, Class: OfRecord, Code: "no", Value: v, Version: "older"}}
			tt.want.check(t, Merge(in))
		})
	}
}

func TestHelpThatWasAskedIsAgreedAndTold(t *testing.T) {
	before := Pair{ReferralID: "r", Base: Base{Referral: Record{Name: "Deal"}}}
	m := Referral{Side: Side{ID: "m", Version: "m1"}}
	after := Pairing{Pair: before}.AskedMicrosoft(m, "GeneralOrOther", "steps")
	if after.MicrosoftID != "m" || after.Base.Referral[Help] != "GeneralOrOther" || len(after.Untold) != 1 || !after.Knows(m.Side) || before.Base.Referral[Help] != "" {
		t.Errorf("%+v", after)
	}
	if quiet := (Pairing{Pair: before}).AskedMicrosoft(m, "GeneralOrOther", "none"); len(quiet.Untold) != 0 {
		t.Errorf("told: %+v", quiet.Untold)
	}
}

// The members of a list were refused together, under the name of one of them.
func TestWhatWasDecidedOfAListAndRefusedStaysDecided(t *testing.T) {
	theirs, mine := Record{"solutions/SOL-1": "theirs", "solutions/SOL-3": "{}"}, Record{"solutions/SOL-1": "mine"}
	for name, tt := range map[string]struct {
		place   Place
		pcNewer bool
		asked   Record
		want    want
	}{
		"CRMRefusedBoth":            {InCRM, false, theirs, want{toOpportunity: theirs, codes: []string{conflictResolved}}},
		"CRMRefusedAnother":         {InCRM, false, Record{"solutions/SOL-1": "older"}, want{toReferral: mine, toOpportunity: Record{"solutions/SOL-3": "{}"}, codes: []string{conflictResolved}}},
		"PartnerCenterRefusedCRMs":  {InPartnerCenter, true, mine, want{toReferral: mine, toOpportunity: Record{"solutions/SOL-3": "{}"}, codes: []string{conflictResolved}}},
		"PartnerCenterRefusedOther": {InPartnerCenter, true, Record{"solutions/SOL-1": ""}, want{toOpportunity: theirs, codes: []string{conflictResolved}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(theirs, mine)
			if tt.pcNewer {
				in.Referral.Modified = noon.Add(time.Hour)
			}
			in.Pair.Held = []Held{{Place: tt.place, Field: "solutions/SOL-1", Class: OfRecord, Code: "no", Value: Asked(tt.asked), Version: "older"}}
			tt.want.check(t, Merge(in))
		})
	}
}
