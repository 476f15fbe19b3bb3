package cosell

import (
	"strings"
	"testing"
)

// What Microsoft changes on its own referral is told in Audit and crosses nowhere.
func TestR150_MicrosoftsEditsAreToldAndNothingElse(t *testing.T) {
	base := Record{MicrosoftValue: "100", MicrosoftCurrency: "EUR", MicrosoftClosingDate: "2026-09-30", MicrosoftNotes: "n",
		DealValue: "100", Currency: "EUR", ClosingDate: "2026-09-30", Notes: "n"}
	long := strings.Repeat("long ", 300)
	for name, tt := range map[string]struct {
		base, now Record
		told      []string
	}{
		"Nothing":           {nil, nil, nil},
		"TheValue":          {nil, Record{MicrosoftValue: "200"}, []string{`the deal value on its own referral to "200", from "100"; your deal stays as it is`}},
		"TheCurrency":       {nil, Record{MicrosoftCurrency: "USD"}, []string{`the currency on its own referral to "USD", from "EUR"`}},
		"TheDate":           {nil, Record{MicrosoftClosingDate: "2027-01-01"}, []string{`the closing date on its own referral to "2027-01-01"`}},
		"TheNotes":          {nil, Record{MicrosoftNotes: "m"}, []string{`the notes on its own referral to "m", from "n"`}},
		"SeveralAtOnce":     {nil, Record{MicrosoftValue: "2", MicrosoftNotes: "m"}, []string{`deal value`, `notes`}},
		"FollowsOurs":       {Record{DealValue: "200"}, Record{MicrosoftValue: "200"}, nil},
		"FromAHiddenText":   {Record{MicrosoftNotes: remember(MicrosoftNotes, long)}, Record{MicrosoftNotes: "m"}, []string{`the notes on its own referral to "m"; your deal`}},
		"TheSameHiddenText": {Record{MicrosoftNotes: remember(MicrosoftNotes, long)}, Record{MicrosoftNotes: long}, nil},
		"NeverSeenBefore":   {Record{MicrosoftValue: "-"}, Record{MicrosoftValue: "7"}, nil},
		"NotRead":           {nil, Record{MicrosoftValue: "-"}, nil},
		"NeitherIsKnown":    {Record{MicrosoftValue: "-"}, Record{MicrosoftValue: "-"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			was, now := base.Clone(), base.Clone()
			apply(was, tt.base)
			apply(now, tt.now)
			for _, r := range []Record{was, now} {
				if r[MicrosoftValue] == "-" {
					delete(r, MicrosoftValue)
				}
			}
			in := edit(nil, nil)
			for f, v := range was {
				in.Pair.Base.Referral[f], in.Referral.Record[f] = v, v
			}
			for _, own := range microsoftsOwn {
				delete(in.Referral.Record, own.field)
				if v, read := now[own.field]; read {
					in.Referral.Record[own.field] = v
				}
			}
			plan := Merge(in)
			if len(plan.ToReferral)+len(plan.ToOpportunity) > 0 || plan.Invite != "" {
				t.Errorf("crossed: %+v", plan)
			}
			if len(plan.Problems) != len(tt.told) {
				t.Fatalf("told %+v", plan.Problems)
			}
			for i, p := range plan.Problems {
				if !strings.Contains(p.Text, tt.told[i]) || !p.Once || p.Place != InCRM || Crossed(plan.Problems) {
					t.Errorf("%+v", p)
				}
			}
			in.Pair = in.Settle(plan, Written{}, "")
			if again := Merge(in); len(again.Problems) != 0 {
				t.Errorf("told again: %+v", again.Problems)
			}
		})
	}
}
