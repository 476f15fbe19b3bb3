package cosell

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// want is what a plan must be, whole.
type want struct {
	toReferral, toOpportunity Record
	codes                     []string
	invite                    string
}

func (w want) check(t *testing.T, plan Plan) {
	t.Helper()
	if maps.Equal(w.toReferral, plan.ToReferral) && maps.Equal(w.toOpportunity, plan.ToOpportunity) && slices.Equal(w.codes, codes(plan.Problems)) && plan.Invite == w.invite {
		return
	}
	if d := cmp.Diff(or(w.toReferral), plan.ToReferral); d != "" {
		t.Errorf("to Partner Center (-want +got):\n%s", d)
	}
	if d := cmp.Diff(or(w.toOpportunity), plan.ToOpportunity); d != "" {
		t.Errorf("to CRM (-want +got):\n%s", d)
	}
	if d := cmp.Diff(w.codes, codes(plan.Problems)); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	if plan.Invite != w.invite {
		t.Errorf("invite %q, want %q", plan.Invite, w.invite)
	}
}

// early is a deal that could be registered and is closed as won an hour after its acceptance.
func early(set func(*Options)) Pairing {
	in := from(Record{Visibility: True, DealValue: "25000", Currency: "EUR"}, Record{Visibility: True, DealValue: "25000"}, nil, Record{Status: Won, DealValue: "30000", ClosingDate: "2026-03-01"})
	set(&in.Options)
	return in
}

func TestR75_EveryWonGuard(t *testing.T) {
	closing := Record{Status: Won, DealValue: "30000", ClosingDate: "2026-03-01"}
	ripe := noon.Add(-time.Hour).Add(72 * time.Hour)
	for name, tt := range map[string]struct {
		set   func(*Options)
		in    func(*Pairing)
		want  want
		until time.Time
	}{
		"Delay": {func(o *Options) { o.WonGuard = "delay" }, nil, want{codes: []string{"won.early"}}, ripe},
		"Warn":  {func(o *Options) { o.WonGuard = "warn" }, nil, want{toReferral: closing, codes: []string{"won.early"}}, time.Time{}},
		"Off":   {func(o *Options) { o.WonGuard = "off" }, nil, want{toReferral: closing}, time.Time{}},
		"WarnNotRegistrable": {func(o *Options) { o.WonGuard, o.RegistrableValue = "warn", "30000.01" }, nil,
			want{toReferral: closing}, time.Time{}},
		"DelayJustRegistrable": {func(o *Options) { o.RegistrableValue = "30000.00" }, nil, want{codes: []string{"won.early"}}, ripe},
		"DelayPrivate": {func(*Options) {}, func(in *Pairing) {
			in.Referral.Record[Visibility] = False
			in.Opportunity.row.Record[Visibility] = False
		},
			want{toReferral: closing}, time.Time{}},
		"DelayRipe": {func(*Options) {}, func(in *Pairing) { in.Referral.Read = ripe }, want{toReferral: closing}, time.Time{}},
		"DelayOneSecondBefore": {func(*Options) {}, func(in *Pairing) { in.Referral.Read = ripe.Add(-time.Second) },
			want{codes: []string{"won.early"}}, ripe},
		"DelayNobodyKnowsWhenItWasAccepted": {func(*Options) {}, func(in *Pairing) { in.Referral.AcceptedAt = time.Time{} },
			want{toReferral: closing}, time.Time{}},
		"DelayLost": {func(*Options) {}, func(in *Pairing) { in.Opportunity.row.Record[Status] = Lost },
			want{toReferral: Record{Status: Lost, Reason: "Others", DealValue: "30000", ClosingDate: "2026-03-01"}}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			in := early(tt.set)
			if tt.in != nil {
				tt.in(&in)
			}
			plan := Merge(in)
			tt.want.check(t, plan)
			if !plan.HeldUntil.Equal(tt.until) {
				t.Errorf("held until %v, want %v", plan.HeldUntil, tt.until)
			}
			if Crossed(plan.Problems) {
				t.Error("a wait that a rule wants turns the tick into a cross")
			}
		})
	}
}

func TestR75_WhatWaitsWithTheWinIsNotForgotten(t *testing.T) {
	in := early(func(*Options) {})
	plan := Merge(in)
	pair := in.Settle(plan, Written{}, "")
	for _, f := range []Field{Status, DealValue, ClosingDate} {
		if pair.Base.Opportunity[f] == in.Opportunity.row.Record[f] {
			t.Errorf("%s counts as agreed while it waits", f)
		}
	}
	if !pair.HeldUntil.Equal(plan.HeldUntil) || pair.HeldUntil.IsZero() {
		t.Errorf("held until %v", pair.HeldUntil)
	}
}

func TestOneWayDoor(t *testing.T) {
	for name, tt := range map[string]struct {
		in   Pairing
		want want
	}{
		"Shared":             {edit(nil, Record{Visibility: True}), want{toReferral: Record{Visibility: True}}},
		"SharedElsewhere":    {edit(Record{Visibility: True}, nil), want{toOpportunity: Record{Visibility: True}}},
		"NeverHidden":        {from(shared, shared, nil, Record{Visibility: False}), want{toOpportunity: Record{Visibility: True}, codes: []string{"visibility.final"}}},
		"PrivateStaysQuiet":  {edit(nil, nil), want{}},
		"BothShared":         {edit(Record{Visibility: True}, Record{Visibility: True}), want{}},
		"FirstSightIsNoWish": {pairing(Base{}, Record{Visibility: True, Status: Accepted}, Record{Visibility: False, Status: Open, Sync: True}), want{codes: []string{"values.differ"}}},
	} {
		t.Run(name, func(t *testing.T) { tt.want.check(t, Merge(tt.in)) })
	}
}

func TestOnceSetDoor(t *testing.T) {
	asked := Record{Visibility: True, Help: "A"}
	for name, tt := range map[string]struct {
		in   func() Pairing
		want want
	}{
		"ChangedAfterItWasAsked": {func() Pairing { return from(asked, asked, nil, Record{Help: "B"}) }, want{codes: []string{"help.submitted"}}},
		"ClearedAfterItWasAsked": {func() Pairing { return from(asked, asked, nil, Record{Help: ""}) }, want{codes: []string{"help.submitted"}}},
		"Untouched":              {func() Pairing { return from(asked, asked, nil, nil) }, want{}},
		"SetBackToWhatWasAsked": {func() Pairing {
			in := from(asked, Record{Visibility: True, Help: "B"}, nil, Record{Help: "A"})
			return in
		}, want{}},
		"WhilePending": {func() Pairing {
			return from(Record{Status: Pending}, Record{Status: OnHold}, nil, Record{Help: "A", "contacts/ada": ada})
		}, want{}},
		"WithoutAContact": {func() Pairing { return edit(nil, Record{Help: "A"}) }, want{codes: []string{"contact.required"}}},
		"WithMicrosoftThere": {func() Pairing {
			in := edit(nil, Record{Help: "A", "contacts/ada": ada})
			in.Pair.MicrosoftID = "m"
			return in
		}, want{toReferral: Record{"contacts/ada": ada}}},
		"AlreadyVisible": {func() Pairing {
			return from(Record{Visibility: True}, Record{Visibility: True}, nil, Record{Help: "A", "contacts/ada": ada})
		}, want{invite: "A", toReferral: Record{"contacts/ada": ada}}},
		"WithTheClosing": {func() Pairing { return edit(nil, Record{Help: "A", "contacts/ada": ada, Status: Lost}) },
			want{toReferral: Record{"contacts/ada": ada, Status: Lost, Reason: "Others"}, codes: []string{"help.late"}}},
	} {
		t.Run(name, func(t *testing.T) { tt.want.check(t, Merge(tt.in())) })
	}
}

func TestHelpThatWaitsIsNotForgotten(t *testing.T) {
	in := edit(nil, Record{Help: "A"}) // without a contact
	pair := in.Settle(Merge(in), Written{}, "")
	if pair.Base.Opportunity[Help] != "" || !Changed(pair.Base, in.Opportunity.row, rules) {
		t.Errorf("help counts as asked: %v", pair.Base.Opportunity)
	}
}

// While nobody can tell who works on a deal Microsoft is not asked; nothing on the record would mend that, and so it comes again by itself.
func TestHelpWaitsUntilItIsKnownWhoWorksOnTheDeal(t *testing.T) {
	in := edit(nil, Record{Help: "A"})
	row := in.Opportunity.row.Record
	for f := range row {
		if list, _, member := f.List(); f == Team || f == Contacts || member && (list == Team || list == Contacts) {
			delete(row, f)
		}
	}
	plan := Merge(in)
	want{codes: []string{CodePeopleUnread}}.check(t, plan)
	pair := in.Settle(plan, Written{}, "")
	if h, ok := pair.HeldAt(InPartnerCenter, Help); !ok || h.Next.IsZero() || h.Class != OfOurs || pair.Base.Opportunity[Help] != "" {
		t.Errorf("held: %+v", pair.Held)
	}
}

func TestOnceCreatedAndOnceSharedDoors(t *testing.T) {
	for name, tt := range map[string]struct {
		in   Pairing
		want want
	}{
		"CustomerChanged":          {edit(nil, Record{CustomerCountry: "FR"}), want{codes: []string{"customer.locked"}}},
		"CustomerAndNameChanged":   {edit(nil, Record{CustomerCountry: "FR", Name: "N"}), want{toReferral: Record{Name: "N"}, codes: []string{"customer.locked"}}},
		"ContactBeforeSharing":     {edit(nil, Record{"contacts/bob": `{}`}), want{toReferral: Record{"contacts/bob": `{}`}}},
		"ContactAfterSharing":      {from(shared, shared, nil, Record{"contacts/bob": `{}`}), want{codes: []string{"contact.locked"}}},
		"TwoContactsAreToldOnce":   {from(shared, shared, nil, Record{"contacts/bob": `{}`, "contacts/eve": `{}`}), want{codes: []string{"contact.locked"}}},
		"SharedWithoutAnyContact":  {from(Record{Visibility: True}, Record{Visibility: True}, nil, Record{"contacts/bob": `{}`}), want{toReferral: Record{"contacts/bob": `{}`}}},
		"TeamIsNoDoor":             {from(shared, shared, nil, Record{"team/sam": kim}), want{toReferral: Record{"team/sam": kim}}},
		"CustomerSetBackIsNoEvent": {edit(nil, Record{CustomerCountry: "DE"}), want{}},
	} {
		t.Run(name, func(t *testing.T) { tt.want.check(t, Merge(tt.in)) })
	}
}

func TestALockedCustomerIsToldOnceNotAtEveryEvent(t *testing.T) {
	in := edit(nil, Record{CustomerCountry: "FR"})
	in.Pair = in.Settle(Merge(in), Written{}, "")
	want{}.check(t, Merge(in))
}

func TestNeverEmptyDoor(t *testing.T) {
	two := Record{"solutions/SOL-2": "{}", Solutions: "2"}
	for name, tt := range map[string]struct {
		in   Pairing
		want want
	}{
		"OneOfTwoGoes":     {from(two, two, nil, Record{"solutions/SOL-1": ""}), want{toReferral: Record{"solutions/SOL-1": ""}}},
		"TheLastStays":     {edit(nil, Record{"solutions/SOL-1": ""}), want{codes: []string{"solution.required"}}},
		"BothOfTwoStay":    {from(two, two, nil, Record{"solutions/SOL-1": "", "solutions/SOL-2": ""}), want{codes: []string{"solution.required"}}},
		"ReplacedAtOnce":   {edit(nil, Record{"solutions/SOL-1": "", "solutions/SOL-2": "{}"}), want{toReferral: Record{"solutions/SOL-1": "", "solutions/SOL-2": "{}"}}},
		"OthersGoOn":       {edit(nil, Record{"solutions/SOL-1": "", Name: "N"}), want{toReferral: Record{Name: "N"}, codes: []string{"solution.required"}}},
		"PartnerCenterMay": {edit(Record{"solutions/SOL-1": ""}, nil), want{toOpportunity: Record{"solutions/SOL-1": ""}}},
	} {
		t.Run(name, func(t *testing.T) { tt.want.check(t, Merge(tt.in)) })
	}
}

// What is too long is not sent; what makes it shorter is.
func TestR53_AListThatIsTooLongIsNotSent(t *testing.T) {
	crowd := func(n int) Record {
		r := Record{}
		for i := range n {
			r[Solutions.Of(strconv.Itoa(i))] = "{}"
		}
		return r
	}
	in := from(crowd(49), crowd(49), nil, nil) // and the one of every pair
	apply(in.Opportunity.row.Record, Record{"solutions/SOL-2": "{}", Name: "N"})
	want{toReferral: Record{Name: "N"}, codes: []string{"solution.toomany"}}.check(t, Merge(in))
	apply(in.Opportunity.row.Record, Record{"solutions/SOL-1": ""})
	want{toReferral: Record{Name: "N", "solutions/SOL-1": "", "solutions/SOL-2": "{}"}}.check(t, Merge(in))
}

func TestAClosedReferralTakesNothing(t *testing.T) {
	for _, closed := range []string{Won, Lost, Declined, Expired, Errored} {
		t.Run(closed, func(t *testing.T) {
			crm := StatusFor(closed)
			in := from(Record{Status: closed}, Record{Status: crm}, nil, Record{Name: "x", DealValue: "8"})
			want{codes: []string{"referral.closed"}}.check(t, Merge(in))
			in.Pair = in.Settle(Merge(in), Written{}, "")
			want{}.check(t, Merge(in))
		})
	}
}

func TestR124_WhilePendingNothingIsSentAndNothingForgotten(t *testing.T) {
	in := from(Record{Status: Pending}, Record{Status: OnHold}, Record{ClosingDate: "2026-10-10"}, Record{DealValue: "5", "solutions/SOL-2": "{}"})
	plan := Merge(in)
	want{toOpportunity: Record{ClosingDate: "2026-10-10"}}.check(t, plan)
	pair := in.Settle(plan, Written{}, "")
	if pair.Base.Opportunity[DealValue] == "5" || pair.Base.Opportunity["solutions/SOL-2"] != "" {
		t.Errorf("edits made while pending count as agreed: %v", pair.Base.Opportunity)
	}
}

func TestR119_WhatCRMComputesGoesToPartnerCenterOnly(t *testing.T) {
	locked := Record{Locked.Of("dealValue"): "calculated", Locked: "1"}
	for name, tt := range map[string]struct {
		pc, crm Record
		want    want
	}{
		"PartnerCenterChangesIt":    {Record{DealValue: "7"}, nil, want{codes: []string{"column.calculated"}}},
		"WithItsCurrency":           {Record{DealValue: "7", Currency: "USD"}, nil, want{codes: []string{"column.calculated"}}},
		"CRMComputesAnew":           {nil, Record{DealValue: "8"}, want{toReferral: Record{DealValue: "8"}}},
		"OtherFieldsOfTheSameEvent": {Record{DealValue: "7", Name: "N"}, nil, want{toOpportunity: Record{Name: "N"}, codes: []string{"column.calculated"}}},
	} {
		t.Run(name, func(t *testing.T) {
			p, d := agreed()
			p[Currency] = "EUR"
			maps.Copy(d, locked)
			in := pairing(baseOf(p, d), p.Clone(), d.Clone())
			in.Rules = withCurrency()
			apply(in.Referral.Record, tt.pc)
			apply(in.Opportunity.row.Record, tt.crm)
			plan := Merge(in)
			tt.want.check(t, plan)
			if len(plan.Problems) > 0 && (!plan.Problems[0].Warn || plan.Problems[0].Class != OfRule) {
				t.Errorf("%+v", plan.Problems[0])
			}
		})
	}
}

// withCurrency are the rules with the currency, which travels beside the amount.
func withCurrency() []Rule {
	return append([]Rule{{Field: Currency, Way: Both, Wins: Newest}}, rules...)
}

func TestLessComparesEveryFormOfANumber(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"0", "25000", true}, {"024999", "25000", true}, {"025000", "25000", false}, {"+25000", "25000", false}, {"2.5e4", "25000", false},
		{"2.4e4", "25000", true}, {"1e3", "25000", true}, {"-30000", "25000", true}, {"25000", "-1", false}, {"-2", "-1", true}, {"-1", "-2", false},
		{"25000.00", "25000", false}, {"25,000", "25000", true}, {"no number", "25000", true}, {"5", "no limit", false}, {"5", "", false},
	} {
		if got := less(tt.a, tt.b); got != tt.want {
			t.Errorf("less(%s, %s) = %v", tt.a, tt.b, got)
		}
	}
}
