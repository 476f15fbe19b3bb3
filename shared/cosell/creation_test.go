package cosell

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// creating are the rules of a creation, with a customer, a constant direction and a lossy text.
var creating = []Rule{
	{Field: Name, Way: Both},
	{Field: DealValue, Way: Both},
	{Field: Currency, Way: Both},
	{Field: Notes, Way: Both, ToOpportunity: cut, ToReferral: func(s string) string { return s + "!" }},
	{Field: Status, Way: Both, Door: Lifecycle},
	{Field: Help, Way: Both, Door: OnceSet},
	{Field: Visibility, Way: Both, Door: OneWay},
	{Field: CustomerName, Way: ToReferral, Related: true},
	{Field: CustomerCountry, Way: ToReferral, Related: true},
	{Field: Team, Way: ToReferral, List: true, Related: true},
	{Field: "segment", Way: ToReferral},
	{Field: MicrosoftStatus, Way: ToOpportunity},
	{Field: Reason, Way: Read},
	{Field: ReferralLink, Way: Inside},
	{Field: Solutions, Way: Both, List: true},
}

func TestPrepareTakesWhatTravelsToPartnerCenter(t *testing.T) {
	o := complete()
	o[Notes], o["segment"], o[MicrosoftStatus], o[Status], o[ReferralLink], o[Reason] = "n", "s", "m", Open, "l", "r"
	values, problems := Prepare(Opportunity{Side: Side{Record: o}}, creating)
	if len(problems) != 0 {
		t.Fatalf("%v", problems)
	}
	if d := cmp.Diff(Record{Name: "Deal", DealValue: "100", Currency: "EUR", Notes: "n!", CustomerName: "Tailspin", CustomerCountry: "DE",
		"segment": "s", "team/kim": o["team/kim"], "solutions/SOL-1": "{}"}, values); d != "" {
		t.Error(d)
	}
	o[Help], o["contacts/ada"] = "A", ada
	if values, _ = Prepare(Opportunity{Side: Side{Record: o}}, creating); values[Visibility] != True || values[Help] != "A" {
		t.Errorf("help makes a deal visible: %v", values)
	}
}

func TestPreflightNamesEveryEmptyField(t *testing.T) {
	for f, code := range map[Field]string{Name: "name.required", DealValue: "value.required", Currency: "currency.required", ClosingDate: "date.required",
		CustomerName: "customer.required", "customerAddress1": "address.required", "customerCity": "city.required", CustomerCountry: "country.required",
		"team/kim": "team.required", "solutions/SOL-1": "solution.required"} {
		r := complete()
		delete(r, f)
		got := Preflight(Opportunity{Side: Side{Record: r}})
		if len(got) != 1 || got[0].Code != code || got[0].Class != OfRecord || got[0].Place != InPartnerCenter || got[0].Mend == "" {
			t.Errorf("%s: %+v", f, got)
		}
	}
}

func TestR139_OnlyTwoLettersAreACountry(t *testing.T) {
	for v, code := range map[string]string{"DE": "", "de": "", "D": "country.invalid", "DEU": "country.invalid", "D1": "country.invalid", "": "country.required", "Ä": "country.invalid"} {
		var want []string
		if code != "" {
			want = []string{code}
		}
		if d := cmp.Diff(want, codes(country(Record{CustomerCountry: v}))); d != "" {
			t.Errorf("%q: %s", v, d)
		}
	}
}

func TestF126_MoreThanFiftySolutions(t *testing.T) {
	for n, want := range map[int][]string{50: nil, 51: {"solution.toomany"}} {
		r := complete()
		delete(r, "solutions/SOL-1")
		for i := range n {
			r[Solutions.Of("SOL-"+strconv.Itoa(i))] = "{}"
		}
		got := Preflight(Opportunity{Side: Side{Record: r}})
		if d := cmp.Diff(want, codes(got)); d != "" {
			t.Errorf("%d: %s", n, d)
		}
	}
}

func TestPeopleNeedFourValues(t *testing.T) {
	for name, tt := range map[string]struct{ person, want string }{
		"Whole":        {ada, ""},
		"NoPhone":      {`{"email":"a@x","firstName":"A","lastName":"B"}`, "the customer contact has no phone"},
		"OnlyAnEmail":  {`{"email":"a@x"}`, "the customer contact has no first name, no last name, no phone"},
		"Nothing":      {`{}`, "the customer contact has no first name, no last name, no e-mail, no phone"},
		"NotAnObject":  {`"?"`, ""},
		"EmptyIsEmpty": {`{"email":"","firstName":"A","lastName":"B","phone":"1"}`, "the customer contact has no e-mail"},
	} {
		got := NeedsContact(Opportunity{Side: Side{Record: Record{"contacts/a": tt.person}}})
		if tt.want == "" && len(got) != 0 || tt.want != "" && (len(got) != 1 || got[0].Text != tt.want || got[0].Code != "contact.incomplete") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestR127_ForOpportunityObeysTheDirection(t *testing.T) {
	r := Referral{Side: Side{Record: Record{Name: "N", Notes: "long text", Status: Accepted, CustomerName: "C", "team/kim": kim, "segment": "s",
		MicrosoftStatus: "m", Reason: "r", ReferralLink: "l", "solutions/SOL-1": "{}", Solutions: "1", DealValue: ""}}}
	if d := cmp.Diff(Record{Name: "N", Notes: "long", CustomerName: "C", "team/kim": kim, MicrosoftStatus: "m", "solutions/SOL-1": "{}"},
		ForOpportunity(r, creating)); d != "" {
		t.Error(d)
	}
}

func TestR127_LeftDropsWhatHangsTogether(t *testing.T) {
	all := Record{Name: "N", DealValue: "1", Currency: "EUR", Notes: "n", CustomerName: "C", CustomerCountry: "DE", Team: "1", "team/kim": "k",
		Solutions: "2", "solutions/a": "A", "solutions/b": "B"}
	without := func(fields ...Field) Record {
		out := all.Clone()
		for _, f := range fields {
			delete(out, f)
		}
		return out
	}
	for f, want := range map[Field]Record{
		Notes:           without(Notes),
		DealValue:       without(DealValue, Currency),
		Currency:        without(DealValue, Currency),
		Solutions:       without(Solutions, "solutions/a", "solutions/b"),
		"solutions/a":   without("solutions/a"),
		CustomerName:    without(CustomerName, CustomerCountry, Team, "team/kim"),
		CustomerCountry: without(CustomerName, CustomerCountry, Team, "team/kim"),
		"team/kim":      without(CustomerName, CustomerCountry, Team, "team/kim"),
		"unknown":       all,
	} {
		if d := cmp.Diff(want, Left(all, f, creating)); d != "" {
			t.Errorf("%s (-want +got):\n%s", f, d)
		}
	}
	last := Record{Solutions: "1", "solutions/a": "A"}
	if d := cmp.Diff(Record{}, Left(last, "solutions/a", creating)); d != "" {
		t.Errorf("the last member takes the list with it: %s", d)
	}
}

func TestR127_HalvesNeverLeaveOutWhatARowNeeds(t *testing.T) {
	values := Record{Name: "N", Status: Open, Sync: True, ReferralID: "r", ReferralLink: "l", Audit: "a", Mark: MarkOK, State: "s",
		DealValue: "1", Currency: "EUR", Notes: "n", ClosingDate: "d", "solutions/a": "A", "solutions/b": "B"}
	halves := Halves(values)
	if len(halves) != 4 {
		t.Fatalf("%d tries", len(halves))
	}
	if last := halves[3]; last[Name] != "" || len(last) != len(values)-1 {
		t.Errorf("the last try is not without the name alone: %v", last)
	}
	optional := []Field{DealValue, Currency, Notes, ClosingDate, "solutions/a", "solutions/b"}
	for i, h := range halves[:3] {
		for f := range values {
			if _, there := h[f]; !there && !slices.Contains(optional, f) {
				t.Errorf("try %d is without %s", i, f)
			}
		}
		if _, v := h[DealValue]; v != (h[Currency] != "") {
			t.Errorf("try %d tears amount and currency apart", i)
		}
	}
	for _, f := range optional {
		_, first := halves[0][f]
		_, second := halves[1][f]
		_, none := halves[2][f]
		if first == second || none {
			t.Errorf("%s: first %v, second %v, last %v", f, first, second, none)
		}
	}
	if one := Halves(Record{Name: "N", Notes: "n"}); len(one) != 2 || one[0][Notes] != "" || one[1][Name] != "" {
		t.Errorf("of one: %v", one)
	}
	if Halves(Record{Status: Open}) != nil {
		t.Error("of nothing there are halves")
	}
}

func TestR127_TheBaseOfANewRowForgetsWhatWasLeftOut(t *testing.T) {
	r := Referral{Side: Side{Record: Record{Name: "N", Currency: "CHF", DealValue: "5", Visibility: True, Solutions: "1", "solutions/a": "A"}}}
	o := Opportunity{Side: Side{Record: Record{Name: "N", Currency: "", DealValue: "", Visibility: False, Solutions: "0"}}} // No by default
	base := Made(r, o, []Field{Currency, DealValue, Visibility, Solutions})
	for _, f := range []Field{Currency, DealValue, Visibility, Solutions, "solutions/a"} {
		if base.Referral[f] != "" {
			t.Errorf("%s counts as agreed", f)
		}
	}
	in := pairing(base, r.Record.Clone(), o.Record.Clone())
	in.Referral.Record[Status], in.Opportunity.row.Record[Status], in.Opportunity.row.Record[Sync] = Accepted, Open, True
	in.Rules = creating
	want{toOpportunity: Record{Currency: "CHF", DealValue: "5", Visibility: True, "solutions/a": "A"}}.check(t, Merge(in))
}

// Who types something else meanwhile is no silent difference: both count as having changed it.
func TestR127_WhatWasLeftOutMeetsAnEditAsAnyOtherChange(t *testing.T) {
	r := Record{Name: "N", Notes: "text", Solutions: "1", "solutions/a": "A", Status: Accepted}
	o := Record{Name: "N", Notes: "", Solutions: "0", Status: Open, Sync: True}
	in := pairing(Made(Referral{Side: Side{Record: r}}, Opportunity{Side: Side{Record: o}}, []Field{Notes, Solutions}), r, o.Clone())
	in.Rules = creating
	apply(in.Opportunity.row.Record, Record{Notes: "mine", "solutions/b": "B"})
	want{toReferral: Record{Notes: "mine!", "solutions/b": "B"}, toOpportunity: Record{"solutions/a": "A"}, codes: []string{conflictResolved}}.check(t, Merge(in))
	members := Made(Referral{Side: Side{Record: Record{Solutions: "2", "solutions/a": "A", "solutions/b": "B"}}}, Opportunity{}, []Field{"solutions/a"})
	if d := cmp.Diff(Record{Solutions: "1", "solutions/b": "B"}, members.Referral); d != "" {
		t.Error(d)
	}
}

func TestF44_TheBaseOfACreationIsWhatWasSent(t *testing.T) {
	o := Opportunity{Side: Side{Record: complete()}}
	values, _ := Prepare(o, creating)
	posted := Posted(o, values, creating)
	if posted.Referral[Solutions] != "1" || posted.Referral[Name] != "Deal" || posted.Opportunity[Name] != "Deal" {
		t.Fatalf("%+v", posted)
	}
	made := values.Clone()
	made[Status], made[CRMID], made[Solutions], made[Help] = Accepted, "o", "1", "A"
	made[Name] = "edited in the portal before we knew"
	made["solutions/SOL-9"] = "{}"
	for answered, want := range map[bool]Record{
		true:  {Name: made[Name], Status: Accepted, CRMID: "o", "solutions/SOL-9": "{}"},
		false: {Name: "Deal", Status: Accepted, CRMID: "o"},
	} {
		base := Created(posted, Referral{Side: Side{Record: made}}, answered)
		if d := cmp.Diff(want, base.Referral.Only(Name, Status, CRMID, Help, "solutions/SOL-9")); d != "" {
			t.Errorf("answered %v (-want +got):\n%s", answered, d)
		}
		own := made.Clone()
		delete(own, Help) // Microsoft's referral says it
		if edited := Edited(base, Referral{Side: Side{Record: own}}, creating); edited == answered {
			t.Errorf("answered %v, edited %v", answered, edited)
		}
	}
}

func TestF45_EditsOnBothSidesOfAnInterruptedCreationAreBothSeen(t *testing.T) {
	o := Opportunity{Side: Side{Record: complete()}}
	values, _ := Prepare(o, creating)
	r := values.Clone()
	r[Status], r[Name], r[Solutions] = Accepted, "portal's", "1"
	base := Created(Posted(o, values, creating), Referral{Side: Side{Record: r}}, false)
	d := o.Record.Clone()
	d[Status], d[Sync], d[DealValue] = Open, True, "222"
	base.Opportunity[Status], base.Opportunity[Sync] = Open, True
	in := pairing(base, r, d)
	in.Rules = creating
	want{toReferral: Record{DealValue: "222"}, toOpportunity: Record{Name: "portal's"}}.check(t, Merge(in))
}

func TestF45_WhatWasNotSentAndIsThereNowWasTypedByAPerson(t *testing.T) {
	o := Opportunity{Side: Side{Record: complete()}} // without notes
	values, _ := Prepare(o, creating)
	r := values.Clone()
	r[Status], r[Notes], r[Solutions] = Accepted, "portal's", "1"
	base := Created(Posted(o, values, creating), Referral{Side: Side{Record: r}}, false)
	d := o.Record.Clone()
	d[Status], d[Sync], d[Notes] = Open, True, ""
	base.Opportunity[Status], base.Opportunity[Sync], base.Opportunity[Notes] = Open, True, ""
	in := pairing(base, r, d)
	in.Rules = creating
	want{toOpportunity: Record{Notes: "port"}}.check(t, Merge(in))
}

func TestEditedSeesOnlyWhatTravelsToCRM(t *testing.T) {
	base := Base{Referral: Record{Name: "N", "segment": "s", "solutions/a": "A", Solutions: "1"}}
	for name, tt := range map[string]struct {
		change Record
		want   bool
	}{
		"Nothing":            {nil, false},
		"AField":             {Record{Name: "M"}, true},
		"ACleared":           {Record{Name: ""}, true},
		"OneThatStaysThere":  {Record{"segment": "t"}, false},
		"AMember":            {Record{"solutions/a": "B"}, true},
		"ARemovedMember":     {Record{"solutions/a": ""}, true},
		"ANewMember":         {Record{"solutions/b": "B"}, true},
		"MicrosoftHasSpoken": {Record{MicrosoftStatus: "Accepted"}, true},
	} {
		r := base.Referral.Clone()
		apply(r, tt.change)
		if got := Edited(base, Referral{Side: Side{Record: r}}, creating); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFingerprintTellsOurPOSTsFromOthers(t *testing.T) {
	r := Record{Name: "N", DealValue: "1", Currency: "EUR", ClosingDate: "d", CustomerName: "C", CustomerCountry: "DE", Notes: "n"}
	same := r.Clone()
	same[Notes], same[Status], same[Name] = "other", Accepted, " N "
	if Fingerprint(r) != Fingerprint(same) {
		t.Error("what a POST does not say counts")
	}
	for _, f := range []Field{Name, DealValue, Currency, ClosingDate, CustomerName, CustomerCountry} {
		other := r.Clone()
		other[f] += "x"
		if Fingerprint(r) == Fingerprint(other) {
			t.Errorf("%s does not count", f)
		}
	}
}

// Partner Center may store a value otherwise than it was sent. While nobody has touched the referral since it was
// made, that is no edit of a person, also when the answer to the POST was lost.
func TestUntouchedReferralIsItsOwnAnswer(t *testing.T) {
	made := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	posted := Base{Referral: Record{Name: "Deal"}, Opportunity: Record{Name: "Deal"}}
	for _, c := range []struct {
		modified time.Time
		want     string
	}{{made, "DEAL"}, {made.Add(time.Millisecond), "Deal"}, {time.Time{}, "Deal"}} {
		own := Referral{Side: Side{Record: Record{Name: "DEAL"}, Modified: c.modified}, CreatedAt: made}
		if got := Created(posted, own, false).Referral[Name]; got != c.want {
			t.Errorf("modified %s: the base says %q instead of %q", c.modified, got, c.want)
		}
	}
}
