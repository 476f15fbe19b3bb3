package cosell

import "testing"

func TestR106_WhatAReferralResembles(t *testing.T) {
	for name, tt := range map[string]struct {
		referral, opportunity Record
		want                  bool
	}{
		"ValueAndDate":      {Record{}, Record{}, true},
		"ATenthMore":        {Record{DealValue: "110000"}, Record{}, true},
		"ATenthLess":        {Record{DealValue: "90000"}, Record{}, true},
		"MoreThanATenth":    {Record{DealValue: "112000"}, Record{}, false},
		"LessThanATenth":    {Record{DealValue: "89000"}, Record{}, false},
		"ThirtyDays":        {Record{ClosingDate: "2026-07-30"}, Record{}, true},
		"ThirtyDaysBefore":  {Record{ClosingDate: "2026-05-31"}, Record{}, true},
		"ThirtyOneDays":     {Record{ClosingDate: "2026-07-31"}, Record{}, false},
		"OtherCurrency":     {Record{Currency: "USD"}, Record{}, false},
		"NoValue":           {Record{DealValue: "0"}, Record{DealValue: "0"}, false},
		"NoDate":            {Record{ClosingDate: ""}, Record{ClosingDate: ""}, false},
		"SameSolutionAlone": {Record{DealValue: "1", ClosingDate: "2027-01-01"}, Record{"solutions/SOL-1": "{}"}, true},
		"OtherSolution":     {Record{DealValue: "1"}, Record{"solutions/SOL-2": "{}"}, false},
		"RemovedSolution":   {Record{DealValue: "1", "solutions/SOL-1": ""}, Record{"solutions/SOL-1": "{}"}, false},
		"Synced":            {Record{}, Record{Sync: True}, false},
		"Linked":            {Record{}, Record{ReferralID: "r"}, false},
		"Won":               {Record{}, Record{Status: Won}, false},
		"Invitation":        {Record{Status: Pending}, Record{"solutions/SOL-1": "{}"}, false},
		"Closed":            {Record{Status: Lost}, Record{}, false},
	} {
		r := Record{DealValue: "100000", Currency: "EUR", ClosingDate: "2026-06-30", Status: Accepted, "solutions/SOL-1": "{}"}
		o := Record{DealValue: "100000", Currency: "EUR", ClosingDate: "2026-06-30", Status: Open, Sync: False, ReferralID: ""}
		for f, v := range tt.referral {
			r[f] = v
		}
		for f, v := range tt.opportunity {
			o[f] = v
		}
		if got := (Referral{Side: Side{Record: r}}).Resembles(o); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (Referral{Lead: true, Side: Side{Record: Record{"solutions/S": "{}"}}}).Resembles(Record{"solutions/S": "{}"}) {
		t.Error("a lead resembles no opportunity")
	}
}
