package cosell

import (
	"strings"
	"testing"
)

// deal starts from an agreed 100 EUR and edits both sides.
func deal(set func([]Rule), pc, crm Record) Pairing {
	p, d := agreed()
	p[Currency] = "EUR"
	base := baseOf(p, d)
	apply(p, pc)
	apply(d, crm)
	in := pairing(base, p, d)
	in.Rules = withCurrency()
	if set != nil {
		set(in.Rules)
	}
	return in
}

func wins(f Field, w Wins) func([]Rule) {
	return func(rules []Rule) {
		for i := range rules {
			if rules[i].Field == f {
				rules[i].Wins = w
			}
		}
	}
}

func TestR129_AmountAndCurrencyCrossTogether(t *testing.T) {
	for name, tt := range map[string]struct {
		set     func([]Rule)
		pc, crm Record
		want    want
	}{
		"AmountAloneOfOneCurrency":      {nil, Record{DealValue: "7"}, nil, want{toOpportunity: Record{DealValue: "7"}}},
		"AmountAloneTheOtherWay":        {nil, nil, Record{DealValue: "7"}, want{toReferral: Record{DealValue: "7"}}},
		"CurrencyAlone":                 {nil, Record{Currency: "USD"}, nil, want{toOpportunity: Record{Currency: "USD"}}},
		"BothFromPartnerCenter":         {nil, Record{DealValue: "7", Currency: "USD"}, nil, want{toOpportunity: Record{DealValue: "7", Currency: "USD"}}},
		"BothFromCRM":                   {nil, nil, Record{DealValue: "7", Currency: "USD"}, want{toReferral: Record{DealValue: "7", Currency: "USD"}}},
		"BothChangedToTheSameCurrency":  {nil, Record{Currency: "USD", DealValue: "7"}, Record{Currency: "USD"}, want{toOpportunity: Record{DealValue: "7"}}},
		"AmountHereCurrencyThere":       {nil, Record{Currency: "USD"}, Record{DealValue: "7"}, want{toReferral: Record{DealValue: "7", Currency: "EUR"}, codes: []string{conflictResolved}}},
		"CurrencyHereAmountThere":       {nil, Record{DealValue: "7"}, Record{Currency: "USD"}, want{toOpportunity: Record{DealValue: "7", Currency: "EUR"}, codes: []string{conflictResolved}}},
		"ConflictOfBothToTheNewerSide":  {nil, Record{DealValue: "7", Currency: "USD"}, Record{DealValue: "8", Currency: "CHF"}, want{toReferral: Record{DealValue: "8", Currency: "CHF"}, codes: []string{conflictResolved, conflictResolved}}},
		"ConflictDecidedForTwoSides":    {wins(Currency, PartnerCenter), Record{DealValue: "7", Currency: "USD"}, Record{DealValue: "8", Currency: "CHF"}, want{toReferral: Record{DealValue: "8", Currency: "CHF"}, codes: []string{conflictResolved, conflictResolved}}},
		"ConflictDecidedTheOtherWay":    {wins(DealValue, PartnerCenter), Record{DealValue: "7", Currency: "USD"}, Record{DealValue: "8", Currency: "CHF"}, want{toOpportunity: Record{DealValue: "7", Currency: "USD"}, codes: []string{conflictResolved, conflictResolved}}},
		"CurrencyWaitsForAPerson":       {wins(Currency, ManualDecision), Record{DealValue: "7", Currency: "USD"}, Record{Currency: "CHF"}, want{codes: []string{"conflict.manual", "currency.differs"}}},
		"ClearedCurrencyDoesNotReplace": {nil, Record{Currency: ""}, nil, want{codes: []string{"value.blank"}}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.want.check(t, Merge(deal(tt.set, tt.pc, tt.crm)))
		})
	}
}

// Each line says the truth: with a conflict of both that the policies decide for different sides, the
// currency goes the amount's way, and the one line about it names that loser.
func TestR129_TheCurrencysLineNamesItsRealLoser(t *testing.T) {
	for name, tt := range map[string]struct {
		set   func([]Rule)
		loser string
		place Place
	}{
		"AmountToPartnerCenter": {wins(Currency, PartnerCenter), `currency was changed on both sides; the value of Partner Center gave way: "USD"`, InPartnerCenter},
		"AmountToCRM":           {wins(DealValue, PartnerCenter), `currency was changed on both sides; the value of CRM gave way: "CHF"`, InCRM},
	} {
		t.Run(name, func(t *testing.T) {
			plan := Merge(deal(tt.set, Record{DealValue: "7", Currency: "USD"}, Record{DealValue: "8", Currency: "CHF"}))
			var found []Problem
			for _, p := range plan.Problems {
				if p.Field == Currency {
					found = append(found, p)
				}
			}
			if len(found) != 1 || found[0].Text != tt.loser || found[0].Place != tt.place {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestR129_AnAmountNeverMeetsAnotherCurrency(t *testing.T) {
	// Partner Center holds CHF, which CRM refused; the base still says EUR on both sides.
	held := Held{Place: InCRM, Field: Currency, Class: OfRecord, Code: "currency.unknown", Value: "CHF", Version: "o1"}
	for name, tt := range map[string]struct {
		pc, crm Record
	}{
		"FromPartnerCenter": {Record{Currency: "CHF", DealValue: "500"}, nil},
		"NothingElse":       {Record{Currency: "CHF"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := deal(nil, tt.pc, tt.crm)
			held.Version = in.Opportunity.row.Version
			first := Merge(in).Without(Problem{Code: "currency.unknown", Field: Currency, Place: InCRM, Class: OfRecord}, Record(Merge(in).ToOpportunity))
			in.Pair = in.Settle(first, Written{}, "")
			plan := Merge(in)
			if len(plan.ToOpportunity) != 0 || len(plan.ToReferral) != 0 {
				t.Errorf("%v %v", plan.ToReferral, plan.ToOpportunity)
			}
		})
	}
}

func TestR129_WithoutACurrencyOnOneSideTheAmountTravels(t *testing.T) {
	for name, in := range map[string]Pairing{
		"CRMHasNone":           deal(nil, Record{DealValue: "7"}, nil),
		"PartnerCenterHasNone": deal(nil, nil, Record{DealValue: "7"}),
	} {
		if name == "CRMHasNone" {
			delete(in.Opportunity.row.Record, Currency)
		} else {
			delete(in.Referral.Record, Currency)
		}
		if plan := Merge(in); plan.ToReferral[DealValue]+plan.ToOpportunity[DealValue] != "7" {
			t.Errorf("%s: %+v", name, plan)
		}
	}
}

func TestR130_EmptyAndZeroNeverReplaceAValue(t *testing.T) {
	for _, f := range []Field{Name, DealValue, ClosingDate, Currency} {
		for _, v := range []string{"", "0", "0.00", "-5"} {
			if v != "" && f != DealValue {
				continue
			}
			t.Run(string(f)+"="+v, func(t *testing.T) {
				crm := Merge(deal(nil, nil, Record{f: v}))
				want{codes: []string{"value.blank"}}.check(t, crm)
				pc := Merge(deal(nil, Record{f: v}, nil))
				want{codes: []string{"value.blank"}}.check(t, pc)
				if crm.Problems[0].Place != InPartnerCenter || pc.Problems[0].Place != InCRM {
					t.Errorf("places %s and %s", crm.Problems[0].Place, pc.Problems[0].Place)
				}
				if Crossed(crm.Problems) || Crossed(pc.Problems) || crm.Problems[0].Class != OfRule {
					t.Error("the tick must stay")
				}
			})
		}
	}
}

func TestR130_ItIsWarnedOnceAndStaysAChange(t *testing.T) {
	in := deal(nil, nil, Record{DealValue: "0"})
	first := Merge(in)
	lines := in.Lines(first, Written{}, Words{Rules: in.Rules, At: noon})
	in.Pair = in.Settle(first, Written{}, "")
	again := in.Lines(Merge(in), Written{}, Words{Rules: in.Rules, At: noon})
	if len(lines) != 1 || len(again) != 0 {
		t.Errorf("first %q, then %q", lines, again)
	}
	if in.Pair.Base.Opportunity[DealValue] != "100" {
		t.Errorf("0 counts as agreed: %v", in.Pair.Base.Opportunity[DealValue])
	}
	filled := *in.Referral
	filled.Record = filled.Record.Clone()
	filled.Record[DealValue] = "120"
	in.Referral = &filled
	want{toOpportunity: Record{DealValue: "120"}}.check(t, Merge(in)) // an empty value never fights for itself
}

func TestR130_ByRow(t *testing.T) {
	zero := func(rules []Rule) {
		for i := range rules {
			rules[i].AllowZero = rules[i].Field == DealValue
		}
	}
	required := func(rules []Rule) {
		for i := range rules {
			rules[i].Required = rules[i].Field == Notes
		}
	}
	for name, tt := range map[string]struct {
		set     func([]Rule)
		pc, crm Record
		want    want
	}{
		"AllowZeroLetsZeroCross":     {zero, nil, Record{DealValue: "0"}, want{toReferral: Record{DealValue: "0"}}},
		"AllowZeroStillKeepsEmpty":   {zero, nil, Record{DealValue: ""}, want{codes: []string{"value.blank"}}},
		"RequiredKeepsEmpty":         {required, nil, Record{Notes: ""}, want{codes: []string{"value.blank"}}},
		"RequiredKeepsEmptyToCRM":    {required, Record{Notes: ""}, nil, want{codes: []string{"value.blank"}}},
		"ClearingAnyOtherIsAnEdit":   {nil, nil, Record{Notes: ""}, want{toReferral: Record{Notes: ""}}},
		"ClearingAnyOtherToCRM":      {nil, Record{Notes: ""}, nil, want{toOpportunity: Record{Notes: ""}}},
		"ZeroAgainstAValueLoses":     {nil, Record{DealValue: "0"}, Record{DealValue: "8"}, want{toReferral: Record{DealValue: "8"}}},
		"AValueAgainstZeroWins":      {nil, Record{DealValue: "8"}, Record{DealValue: "0"}, want{toOpportunity: Record{DealValue: "8"}}},
		"BothEmptiedIsAgreement":     {nil, Record{DealValue: ""}, Record{DealValue: ""}, want{}},
		"ZeroHereEmptyThereIsNoPlan": {nil, Record{DealValue: "0"}, Record{DealValue: ""}, want{codes: []string{"value.blank", conflictResolved}}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := Merge(deal(tt.set, tt.pc, tt.crm))
			if name == "ZeroHereEmptyThereIsNoPlan" {
				if len(plan.ToReferral)+len(plan.ToOpportunity) != 0 {
					t.Errorf("%+v", plan)
				}
				return
			}
			tt.want.check(t, plan)
		})
	}
}

func TestR128_ADealWonWithZeroGoesAtOnceWithTheLastAgreedValue(t *testing.T) {
	for _, v := range []string{"", "0", "-1"} {
		in := deal(nil, nil, Record{Status: Won, DealValue: v})
		plan := Merge(in)
		want{toReferral: Record{Status: Won}, codes: []string{"value.blank"}}.check(t, plan)
		if p := plan.Problems[0]; !p.Once || p.Mend != "nothing to do" || !strings.Contains(p.Text, "now final") {
			t.Errorf("%q: %+v", v, p)
		}
		after, done := write(in, plan)
		after.Pair = in.Settle(plan, done, "")
		if again := Merge(after); len(again.ToReferral)+len(again.ToOpportunity) != 0 {
			t.Errorf("%q: not final: %+v", v, again)
		}
	}
}

// Whatever closes the deal, and whichever value is empty: it is told as final, and nothing is held afterwards.
func TestR130_AnEmptyValueAtTheClosingIsFinal(t *testing.T) {
	for _, closing := range []string{Won, Lost, Canceled} {
		for _, f := range []Field{Name, DealValue, Currency, ClosingDate} {
			in := deal(nil, nil, Record{Status: closing, f: ""})
			plan := Merge(in)
			if p := plan.Problems[0]; len(plan.Problems) != 1 || p.Code != "value.blank" || !p.Once || !strings.Contains(p.Text, "the deal is "+plan.ToReferral[Status]+" with the last agreed value, which is now final") {
				t.Errorf("%s, %s: %+v", closing, f, plan.Problems)
			}
			after, done := write(in, plan)
			after.Pair = in.Settle(plan, done, "")
			if again := Merge(after); len(after.Pair.Held) > 0 || len(again.ToReferral)+len(again.ToOpportunity)+len(again.Problems) > 0 {
				t.Errorf("%s, %s: held %+v, and then %+v", closing, f, after.Pair.Held, again)
			}
		}
	}
	for _, closed := range []string{Won, Lost} { // and the same towards CRM
		in := deal(nil, Record{Status: closed, DealValue: "0"}, nil)
		if p := Merge(in).Problems[0]; p.Place != InCRM || !p.Once || !strings.Contains(p.Text, "the deal is "+closed) {
			t.Errorf("%s: %+v", closed, p)
		}
	}
	open := deal(nil, Record{Status: Accepted, DealValue: "0"}, nil)
	open.Pair.Base.Referral[Status], open.Pair.Base.Opportunity[Status], open.Opportunity.row.Record[Status] = Pending, OnHold, OnHold
	if p := Merge(open).Problems[0]; p.Once {
		t.Errorf("an acceptance is no closing: %+v", p)
	}
}

// A column that CRM computes takes nothing; its amount keeps its currency with it.
func TestR119_WhatCRMComputesIsNotWritten(t *testing.T) {
	for name, tt := range map[string]struct {
		locked  Record
		pc, crm Record
		want    want
	}{
		"NothingIsLocked":        {nil, Record{DealValue: "7"}, nil, want{toOpportunity: Record{DealValue: "7"}}},
		"TheAmount":              {Record{Locked.Of("dealValue"): "calculated"}, Record{DealValue: "7"}, nil, want{codes: []string{"column.calculated"}}},
		"TheAmountWithItsMoney":  {Record{Locked.Of("dealValue"): "calculated"}, Record{DealValue: "7", Currency: "USD"}, nil, want{codes: []string{"column.calculated"}}},
		"TheCurrencyAlone":       {Record{Locked.Of("dealValue"): "calculated"}, Record{Currency: "USD"}, nil, want{toOpportunity: Record{Currency: "USD"}}},
		"LockedForAnotherReason": {Record{Locked.Of("dealValue"): "readonly"}, Record{DealValue: "7", Currency: "USD"}, nil, want{toOpportunity: Record{Currency: "USD"}, codes: []string{"column.readonly"}}},
		"AnotherField":           {Record{Locked.Of("name"): "calculated"}, Record{DealValue: "7"}, nil, want{toOpportunity: Record{DealValue: "7"}}},
		"TowardsPartnerCenter":   {Record{Locked.Of("dealValue"): "calculated"}, nil, Record{DealValue: "7"}, want{toReferral: Record{DealValue: "7"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := deal(nil, tt.pc, tt.crm)
			for f, v := range tt.locked {
				in.Opportunity.row.Record[f] = v
			}
			plan := Merge(in)
			tt.want.check(t, plan)
			pair := in.Settle(plan, Written{}, "")
			for _, p := range plan.Problems {
				if p.Class != OfRule || !p.Warn || Crossed(plan.Problems) || pair.Base.Referral[p.Field] == in.Referral.Record[p.Field] {
					t.Errorf("%+v, remembered %q", p, pair.Base.Referral[p.Field])
				}
			}
			if _, both := tt.pc[Currency]; both && name == "TheAmountWithItsMoney" && pair.Base.Referral[Currency] == "USD" {
				t.Error("the currency counts as agreed, and did not cross")
			}
		})
	}
}

// Two currencies that nobody decided yet: no amount crosses, either way, until they are the same.
func TestR129_NoAmountCrossesBetweenTwoCurrencies(t *testing.T) {
	for name, tt := range map[string]struct {
		pc, crm Record
		place   Place
	}{
		"ToPartnerCenter": {nil, Record{DealValue: "7"}, InPartnerCenter},
		"ToCRM":           {Record{DealValue: "7"}, nil, InCRM},
	} {
		in := deal(nil, tt.pc, tt.crm)
		in.Opportunity.row.Record[Currency], in.Pair.Base.Opportunity[Currency] = "CHF", "CHF" // left alone when they met
		plan := Merge(in)
		want{codes: []string{"currency.differs"}}.check(t, plan)
		if p := plan.Problems[0]; p.Place != tt.place || p.Value != "7" || p.Class != OfRule {
			t.Errorf("%s: %+v", name, p)
		}
		in.Pair = in.Settle(plan, Written{}, "")
		want{codes: []string{"currency.differs"}}.check(t, Merge(in)) // it stays a change
		in.Opportunity.row.Record[Currency] = "EUR"
		after := Merge(in)
		if after.ToReferral[DealValue]+after.ToOpportunity[DealValue] != "7" {
			t.Errorf("%s: one currency, and the amount stays: %+v", name, after)
		}
	}
}

// What was decided of amount and currency together, and refused, stays decided though CRM's row is newer.
func TestMoneyThatWasDecidedAndRefusedStaysDecided(t *testing.T) {
	theirs, mine := Record{DealValue: "7", Currency: "USD"}, Record{DealValue: "8", Currency: "CHF"}
	for name, tt := range map[string]struct {
		place   Place
		pcNewer bool
		held    Record
		toCRM   bool
	}{
		"CRMRefusedBoth":            {InCRM, false, theirs, true},
		"CRMRefusedTheCurrency":     {InCRM, false, Record{Currency: "USD"}, true},
		"CRMRefusedSomethingElse":   {InCRM, false, Record{DealValue: "6", Currency: "USD"}, false},
		"PartnerCenterRefusedBoth":  {InPartnerCenter, true, mine, false},
		"PartnerCenterRefusedOther": {InPartnerCenter, true, Record{DealValue: "6"}, true},
	} {
		in := deal(nil, theirs, mine)
		if tt.pcNewer {
			in.Referral.Modified = noon.Add(day)
		}
		in.Pair.Held = []Held{{Place: tt.place, Field: DealValue, Class: OfRecord, Code: "no", Value: Asked(tt.held), Version: "older"}}
		w := want{toReferral: mine, codes: []string{conflictResolved, conflictResolved}}
		if tt.toCRM {
			w = want{toOpportunity: theirs, codes: w.codes}
		}
		t.Run(name, func(t *testing.T) { w.check(t, Merge(in)) })
	}
}

func TestR130_TheLineOfAnEmptyValueSaysWhereAndWhat(t *testing.T) {
	for name, tt := range map[string]struct {
		pc, crm Record
		want    string
	}{
		"EmptyInCRM":           {nil, Record{DealValue: ""}, "dealValue is empty in CRM and did not replace the value on the other side"},
		"ZeroInCRM":            {nil, Record{DealValue: "0"}, "dealValue is 0 in CRM and did not replace the value on the other side"},
		"EmptyInPartnerCenter": {Record{Name: ""}, nil, "name is empty in Partner Center and did not replace the value on the other side"},
		"ZeroInPartnerCenter":  {Record{DealValue: "0.0"}, nil, "dealValue is 0.0 in Partner Center and did not replace the value on the other side"},
	} {
		if p := Merge(deal(nil, tt.pc, tt.crm)).Problems[0]; p.Text != tt.want {
			t.Errorf("%s: %q", name, p.Text)
		}
	}
}
