package cosell

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answerable is a pending deal that can be accepted: what an acceptance says is there in CRM.
func answerable(pc, crm Record) Pairing {
	in := from(Record{Status: Pending, Currency: "EUR"}, Record{Status: OnHold, "team/kim": kim, Team: "1"}, pc, crm)
	in.Rules = withCurrency()
	return in
}

// Every cell of the table in status.go: what both sides agreed on, what each says now, what happens.
func TestLifeCycleCellByCell(t *testing.T) {
	for name, tt := range map[string]struct {
		wasPC, wasCRM, pc, crm string
		want                   want
	}{
		"PendingOnHold":              {Pending, OnHold, Pending, OnHold, want{}},
		"PendingOther":               {Pending, OnHold, Pending, Other, want{}},
		"PendingOtherToOpen":         {Pending, Other, Pending, Open, want{codes: []string{"reopen.pending"}}},
		"PendingOpened":              {Pending, OnHold, Pending, Open, want{toReferral: Record{Status: Accepted}}},
		"PendingLost":                {Pending, OnHold, Pending, Lost, want{toReferral: Record{Status: Declined, Reason: "Others"}}},
		"PendingCanceled":            {Pending, OnHold, Pending, Canceled, want{toReferral: Record{Status: Declined, Reason: "Others"}}},
		"PendingWon":                 {Pending, OnHold, Pending, Won, want{codes: []string{"referral.pending"}}},
		"PendingOpenForLong":         {Pending, Open, Pending, Open, want{}},
		"AcceptedThere":              {Pending, OnHold, Accepted, OnHold, want{toOpportunity: Record{Status: Open}}},
		"AcceptedThereAndHere":       {Pending, OnHold, Accepted, Open, want{}},
		"AcceptedThereOtherHere":     {Pending, OnHold, Accepted, Other, want{}},
		"AcceptedThereLostHere":      {Pending, OnHold, Accepted, Lost, want{toReferral: Record{Status: Lost, Reason: "Others"}}},
		"AcceptedThereWonHere":       {Pending, OnHold, Accepted, Won, want{toReferral: Record{Status: Won}}},
		"AcceptedOnHold":             {Accepted, Open, Accepted, OnHold, want{}},
		"AcceptedOnHoldForLong":      {Accepted, OnHold, Accepted, OnHold, want{}},
		"AcceptedOther":              {Accepted, Open, Accepted, Other, want{}},
		"AcceptedOpen":               {Accepted, OnHold, Accepted, Open, want{}},
		"AcceptedLost":               {Accepted, Open, Accepted, Lost, want{toReferral: Record{Status: Lost, Reason: "Others"}}},
		"AcceptedCanceled":           {Accepted, Open, Accepted, Canceled, want{toReferral: Record{Status: Lost, Reason: "Others"}}},
		"AcceptedWon":                {Accepted, Open, Accepted, Won, want{toReferral: Record{Status: Won}}},
		"WonThere":                   {Accepted, Open, Won, Open, want{toOpportunity: Record{Status: Won, Reason: ""}}},
		"WonThereOnHoldHere":         {Accepted, OnHold, Won, OnHold, want{toOpportunity: Record{Status: Won, Reason: ""}}},
		"WonThereOtherHere":          {Accepted, Other, Won, Other, want{toOpportunity: Record{Status: Won, Reason: ""}}},
		"WonOnBothSides":             {Accepted, Open, Won, Won, want{}},
		"WonThereLostHere":           {Accepted, Open, Won, Lost, want{codes: []string{"status.differs"}}},
		"WonThereCanceledHere":       {Accepted, Open, Won, Canceled, want{codes: []string{"status.differs"}}},
		"LostThere":                  {Accepted, Open, Lost, Open, want{toOpportunity: Record{Status: Lost, Reason: ""}}},
		"LostThereWonHere":           {Accepted, Open, Lost, Won, want{codes: []string{"status.differs"}}},
		"LostThereCanceledHere":      {Accepted, Open, Lost, Canceled, want{}},
		"DeclinedThere":              {Pending, OnHold, Declined, OnHold, want{toOpportunity: Record{Status: Canceled, Reason: ""}}},
		"DeclinedThereLostHere":      {Pending, OnHold, Declined, Lost, want{}},
		"DeclinedThereWonHere":       {Pending, OnHold, Declined, Won, want{codes: []string{"status.differs"}}},
		"ExpiredOnHold":              {Pending, OnHold, Expired, OnHold, want{toOpportunity: Record{Status: Canceled, Reason: ""}}},
		"ExpiredMovedOn":             {Pending, OnHold, Expired, Open, want{codes: []string{"referral.expired"}}},
		"ExpiredMovedOnToOther":      {Pending, OnHold, Expired, Other, want{codes: []string{"referral.expired"}}},
		"ExpiredCanceledHere":        {Pending, OnHold, Expired, Canceled, want{}},
		"ExpiredWonHere":             {Pending, OnHold, Expired, Won, want{codes: []string{"status.differs"}}},
		"ErrorThere":                 {Accepted, Open, Errored, Open, want{toOpportunity: Record{Status: Canceled, Reason: ""}}},
		"ErrorThereLostHere":         {Accepted, Open, Errored, Lost, want{}},
		"ReopenedAfterWon":           {Won, Won, Won, Open, want{codes: []string{"referral.closed"}}},
		"ReopenedAfterDeclined":      {Declined, Canceled, Declined, Open, want{codes: []string{"referral.closed"}}},
		"ReopenedToOnHold":           {Lost, Lost, Lost, OnHold, want{codes: []string{"referral.closed"}}},
		"ReopenedAfterExpiry":        {Expired, Canceled, Expired, Open, want{codes: []string{"referral.closed"}}},
		"ClosedOtherwiseAfterwards":  {Won, Won, Won, Lost, want{codes: []string{"status.differs"}}},
		"ClosedAndStillClosed":       {Lost, Lost, Lost, Lost, want{}},
		"PartnerCenterSaysNothing":   {Accepted, Open, "", Won, want{}},
		"CRMSaysNothing":             {Accepted, Open, Won, "", want{}},
		"NothingIsKnownAcceptedOpen": {"", "", Accepted, Open, want{}},
		"NothingIsKnownWonThere":     {"", "", Won, Open, want{toOpportunity: Record{Status: Won, Reason: ""}}},
		"NothingIsKnownWonHere":      {"", "", Accepted, Won, want{toReferral: Record{Status: Won}}},
		"NothingIsKnownPendingOpen":  {"", "", Pending, Open, want{}},
	} {
		t.Run(name, func(t *testing.T) {
			in := from(Record{Status: tt.wasPC, "team/kim": kim}, Record{Status: tt.wasCRM, "team/kim": kim}, Record{Status: tt.pc}, Record{Status: tt.crm})
			if tt.wasPC == "" {
				delete(in.Pair.Base.Referral, Status)
				delete(in.Pair.Base.Opportunity, Status)
			}
			plan := Merge(in)
			tt.want.check(t, plan)
			if plan.Ends != (name == "ExpiredMovedOn" || name == "ExpiredMovedOnToOther") {
				t.Errorf("ends %v", plan.Ends)
			}
		})
	}
}

func TestMicrosoftsReferralDecidesNothingOfTheLifeCycle(t *testing.T) {
	in := edit(Record{Status: Won}, nil)
	in.Referral.Microsoft = true
	want{}.check(t, Merge(in))
}

func TestI21_AClosingOfBothSidesIsNeverUndone(t *testing.T) {
	closedPC := []string{Won, Lost, Declined, Expired, Errored}
	closedCRM := []string{Won, Lost, Canceled}
	for _, p := range closedPC {
		for _, d := range closedCRM {
			plan := Merge(from(nil, nil, Record{Status: p}, Record{Status: d}))
			if plan.ToReferral[Status] != "" || plan.ToOpportunity[Status] != "" {
				t.Errorf("%s and %s: %v %v", p, d, plan.ToReferral, plan.ToOpportunity)
			}
		}
	}
}

func TestI8_TheStatusNeverGoesBack(t *testing.T) {
	rank := map[string]int{Pending: 0, Accepted: 1, Won: 2, Lost: 2, Declined: 2, Expired: 2, Errored: 2}
	for was := range rank {
		for now := range rank {
			for _, wasCRM := range []string{OnHold, Open, Other, Won, Lost, Canceled} {
				for _, crm := range []string{OnHold, Open, Other, Won, Lost, Canceled} {
					to := Merge(from(Record{Status: was, "team/kim": kim}, Record{Status: wasCRM}, Record{Status: now}, Record{Status: crm})).ToReferral[Status]
					if to != "" && (rank[to] <= rank[now] || now == Pending && (to == Won || to == Lost)) {
						t.Errorf("from %s to %s (CRM %s, then %s)", now, to, wasCRM, crm)
					}
				}
			}
		}
	}
}

func TestR138_AnAcceptanceIsWhole(t *testing.T) {
	in := answerable(Record{Name: "", DealValue: "", ClosingDate: "", Currency: "", "team/kim": ""}, nil)
	in.Pair.Base.Referral = Remember(in.Referral.Record)
	in.Opportunity.row.Record[Status] = Open
	want{toReferral: Record{Status: Accepted, Name: "Deal", DealValue: "100", Currency: "EUR", ClosingDate: "2026-09-30", "team/kim": kim}}.check(t, Merge(in))
}

func TestR124_EditsTravelWithTheAcceptanceAndTheRestIsCompleted(t *testing.T) {
	in := answerable(Record{Name: ""}, Record{Status: Open, DealValue: "150"})
	in.Pair.Base.Referral[Name] = ""
	want{toReferral: Record{Status: Accepted, Name: "Deal", DealValue: "150"}}.check(t, Merge(in))
}

func TestR138_WhatPartnerCenterChangedMeanwhileIsNotCompletedOver(t *testing.T) {
	in := answerable(Record{ClosingDate: "2027-01-01"}, Record{Status: Open})
	want{toReferral: Record{Status: Accepted}, toOpportunity: Record{ClosingDate: "2027-01-01"}}.check(t, Merge(in))
}

func TestR138_WhatAnAcceptanceLacksIsToldBeforeAnythingIsSent(t *testing.T) {
	incomplete := func(n int) []string {
		var out []string
		for range n {
			out = append(out, "acceptance.incomplete")
		}
		return out
	}
	bare := func(in *Pairing) {
		for _, f := range []Field{Name, DealValue, Currency, ClosingDate} {
			in.Referral.Record[f], in.Pair.Base.Referral[f] = "", ""
			in.Opportunity.row.Record[f], in.Pair.Base.Opportunity[f] = "", ""
		}
	}
	for name, tt := range map[string]struct {
		set  func(*Pairing)
		want want
	}{
		"Complete":  {func(*Pairing) {}, want{toReferral: Record{Status: Accepted}}},
		"Strict":    {bare, want{codes: incomplete(4)}},
		"NotStrict": {func(in *Pairing) { bare(in); in.Options.AcceptStrict = false }, want{toReferral: Record{Status: Accepted}}},
		"StrictThreeDaysBefore": {func(in *Pairing) { bare(in); in.Referral.ExpiresAt = in.Referral.Read.Add(72 * time.Hour) },
			want{codes: incomplete(4)}},
		"StrictOnTheLastTwoDays": {func(in *Pairing) { bare(in); in.Referral.ExpiresAt = in.Referral.Read.Add(47 * time.Hour) },
			want{toReferral: Record{Status: Accepted}}},
		"OwnerWithoutPhone": {func(in *Pairing) {
			in.Opportunity.row.Record["team/kim"] = `{"email":"kim@x","firstName":"Kim","lastName":"S"}`
		},
			want{codes: incomplete(1)}},
		"OwnerWithoutPhoneOnTheLastDay": {func(in *Pairing) {
			in.Opportunity.row.Record["team/kim"] = `{"email":"kim@x","firstName":"Kim","lastName":"S"}`
			in.Referral.ExpiresAt = in.Referral.Read.Add(time.Hour)
		}, want{codes: incomplete(1)}},
		"NobodyOwnsIt": {func(in *Pairing) {
			in.Opportunity.row.Record[Team] = "0"
			delete(in.Opportunity.row.Record, "team/kim")
		}, want{codes: incomplete(1)}},
		"ZeroIsNoValue": {func(in *Pairing) {
			in.Referral.Record[DealValue], in.Pair.Base.Referral[DealValue] = "0", "0"
			in.Opportunity.row.Record[DealValue], in.Pair.Base.Opportunity[DealValue] = "0", "0"
		}, want{codes: incomplete(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			in := answerable(nil, Record{Status: Open})
			tt.set(&in)
			in.Pair.Held = append(in.Pair.Held, Held{Place: InPartnerCenter, Field: Status, Class: OfRule, Code: answerDue, Value: reminded, Quiet: true})
			plan := Merge(in).Told()
			tt.want.check(t, plan)
			if len(tt.want.codes) == 0 {
				return
			}
			pair := in.Settle(plan, Written{}, "")
			if pair.Base.Opportunity[Status] != OnHold {
				t.Error("the answer counts as given")
			}
			if s := Standing(Pending, plan.Problems)[State]; s != StateIncomplete {
				t.Errorf("state %s", s)
			}
		})
	}
}

func TestR138_TheDayOfExpiryIsTold(t *testing.T) {
	in := answerable(nil, Record{Status: Open, "team/kim": "", Team: "0"})
	in.Referral.ExpiresAt = noon.Add(10 * 24 * time.Hour)
	p := Merge(in).Problems[0]
	if p.Text != "the referral is not accepted yet: the opportunity is not owned by a person (it expires on 2026-03-12)" {
		t.Error(p.Text)
	}
}

func TestR138_OnceCompleteTheAcceptanceIsSent(t *testing.T) {
	in := answerable(nil, Record{Status: Open, "team/kim": "", Team: "0"})
	in.Pair = in.Settle(Merge(in), Written{}, "")
	o := in.Opportunity.row
	o.Record = o.Record.Clone()
	o.Record["team/kim"], o.Record[Team], o.Version = kim, "1", "o2"
	in.Opportunity = AtHand(o)
	plan := Merge(in)
	if plan.ToReferral[Status] != Accepted || len(plan.Problems) != 0 {
		t.Errorf("%+v", plan)
	}
}

func TestR137_ADeclineWaitsForItsGrace(t *testing.T) {
	closed := noon.Add(time.Hour)
	for name, tt := range map[string]struct {
		read     time.Time
		modified time.Time
		last     string
		want     want
	}{
		"AtOnce":           {closed, closed, closed.Format(time.RFC3339), want{codes: []string{"decline.waiting"}}},
		"OneSecondBefore":  {closed.Add(10*time.Minute - time.Second), closed, closed.Format(time.RFC3339), want{codes: []string{"decline.waiting"}}},
		"Afterwards":       {closed.Add(10 * time.Minute), closed, closed.Format(time.RFC3339), want{toReferral: Record{Status: Declined, Reason: "Others"}}},
		"ALaterEdit":       {closed.Add(10 * time.Minute), closed.Add(9 * time.Minute), closed.Format(time.RFC3339), want{toReferral: Record{Status: Declined, Reason: "Others"}}},
		"NoCloseActivity":  {closed.Add(9 * time.Minute), closed, "", want{codes: []string{"decline.waiting"}}},
		"NoActivityLater":  {closed.Add(11 * time.Minute), closed, "", want{toReferral: Record{Status: Declined, Reason: "Others"}}},
		"ActivityNotADate": {closed.Add(11 * time.Minute), closed, "soon", want{toReferral: Record{Status: Declined, Reason: "Others"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := answerable(nil, Record{Status: Lost})
			in.Options.DeclineGrace = 10 * time.Minute
			in.Opportunity.row.Read, in.Opportunity.row.Modified = tt.read, tt.modified
			in.Opportunity.row.Record[LastClosed] = tt.last
			plan := Merge(in)
			tt.want.check(t, plan)
			if waits := len(tt.want.codes) > 0; waits != !plan.HeldUntil.IsZero() {
				t.Errorf("held until %v", plan.HeldUntil)
			}
			if len(plan.Problems) > 0 && (Crossed(plan.Problems) || !strings.Contains(plan.Problems[0].Text, plan.HeldUntil.UTC().Format("15:04"))) {
				t.Errorf("%+v", plan.Problems[0])
			}
		})
	}
}

func TestR137_ReopenIsNoAcceptance(t *testing.T) {
	for name, tt := range map[string]struct {
		base, crm string // of the newest close activity
		was       string
		held      []Held
		want      want
	}{
		"FromOnHold":                   {"", "", OnHold, nil, want{toReferral: Record{Status: Accepted}}},
		"FromOnHoldClosedLongAgo":      {"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", OnHold, nil, want{toReferral: Record{Status: Accepted}}},
		"ClosedAndReopenedUnseen":      {"", "2026-03-02T11:00:00Z", OnHold, nil, want{codes: []string{"reopen.pending"}}},
		"ReopenedAfterItWasSeenClosed": {"2026-03-02T11:00:00Z", "2026-03-02T11:00:00Z", Lost, nil, want{codes: []string{"reopen.pending"}}},
		"StillOpenAndHeld":             {"2026-03-02T11:00:00Z", "2026-03-02T11:00:00Z", Open, []Held{{Code: "reopen.pending", Field: Status, Place: InPartnerCenter, Class: OfRule}}, want{codes: []string{"reopen.pending"}}},
		"OpenFromTheBeginning":         {"", "", Open, nil, want{}},
	} {
		t.Run(name, func(t *testing.T) {
			in := answerable(nil, nil)
			in.Pair.Base.Opportunity[Status], in.Pair.Held = tt.was, tt.held
			in.Pair.Base.Opportunity[LastClosed] = tt.base
			in.Opportunity.row.Record[Status], in.Opportunity.row.Record[LastClosed] = Open, tt.crm
			tt.want.check(t, Merge(in))
		})
	}
}

func TestAnAssumedOpportunityNeverAnswers(t *testing.T) {
	in := answerable(nil, nil)
	in.Pair.Base.Opportunity[Status] = Lost
	in.Opportunity = Assumed(in.Pair)
	plan := Merge(in)
	if len(plan.ToReferral) != 0 || !plan.NeedsOpportunity {
		t.Errorf("%+v", plan)
	}
}

func TestR125_ReasonsTravelWithTheClosing(t *testing.T) {
	for name, tt := range map[string]struct {
		status, reason, want string
	}{"Lost": {Lost, "price", "price"}, "WithoutAWord": {Lost, "", noReason}, "Canceled": {Canceled, "", noReason}} {
		plan := Merge(edit(nil, Record{Status: tt.status, Reason: tt.reason}))
		if d := cmp.Diff(Record{Status: Lost, Reason: tt.want}, plan.ToReferral); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	plan := Merge(edit(Record{Status: Declined, Reason: "4"}, nil))
	if plan.ToOpportunity[Reason] != "4" {
		t.Errorf("%+v", plan)
	}
}

func TestR138_ExpiryEndsThePairThatAPersonMovedOn(t *testing.T) {
	in := answerable(Record{Status: Expired}, Record{Status: Open})
	in.Pair.Held = []Held{{Place: InPartnerCenter, Field: Whole, Class: OfRule, Code: "link.taken", Warn: true}}
	plan := Merge(in)
	if got := in.Settle(plan, Written{}, ""); got.Phase != Ended || len(got.Held) != 0 {
		t.Errorf("phase %s, held %v", got.Phase, got.Held)
	}
	if in.recovered(plan) || Crossed(plan.Problems) {
		t.Errorf("%+v", plan)
	}
}

// An opportunity that takes no words now is told later; only then does its pair end.
func TestR138_APairEndsOnceItsEndIsTold(t *testing.T) {
	in := answerable(Record{Status: Expired}, Record{Status: Open})
	no := Problem{Code: "no", Field: Whole, Place: InCRM, Class: OfRecord, Text: "no", Sent: true}
	plan := Merge(in)
	in.Pair = in.Settle(plan.With(no), Written{Silent: true}, "")
	if in.Pair.Phase != Linked || !in.Pair.Holds("no") || len(in.Pair.Untold) != 1 || in.Pair.OpportunityVersion != "" {
		t.Fatalf("%s, held %v, untold %v", in.Pair.Phase, in.Pair.Held, in.Pair.Untold)
	}
	again := Merge(in)
	if !again.Ends || len(told(in, again, Written{})) != 1 {
		t.Errorf("ends %v, told %q", again.Ends, told(in, again, Written{}))
	}
	if got := in.Settle(again, Written{}, ""); got.Phase != Ended || len(got.Held) != 0 || len(got.Untold) != 0 {
		t.Errorf("%s, held %v, untold %v", got.Phase, got.Held, got.Untold)
	}
}

func TestStatusForEveryStatus(t *testing.T) {
	want := map[string]string{Pending: OnHold, Accepted: Open, Won: Won, Lost: Lost, Declined: Canceled, Expired: Canceled, Errored: Canceled}
	for referral, opportunity := range want {
		if got := StatusFor(referral); got != opportunity {
			t.Errorf("%s: %s", referral, got)
		}
		if !agreeing(referral, opportunity) {
			t.Errorf("%s and %s do not agree", referral, opportunity)
		}
		closed := referral != Pending && referral != Accepted
		if ReferralClosed(referral) != closed || OpportunityClosed(opportunity) != closed {
			t.Errorf("%s, %s: closed?", referral, opportunity)
		}
	}
	if ReferralClosed("") || OpportunityClosed("") || OpportunityClosed(OnHold) || OpportunityClosed(Other) {
		t.Error("what is open counts as closed")
	}
}

// Two records that are linked by their identifiers alone, and of which one is closed already, are both left; what somebody
// does to the status afterwards counts, and so does the word of a person who links them.
func TestLinkingByIdentifiersClosesNeither(t *testing.T) {
	for name, tt := range map[string]struct {
		pc, crm string
		then    [2]string
		want    want
	}{
		"WonThere":      {Won, Open, [2]string{Won, Won}, want{}},
		"ErrorThere":    {Errored, OnHold, [2]string{Errored, Lost}, want{}},
		"ExpiredThere":  {Expired, Open, [2]string{Expired, Canceled}, want{}},
		"WonHere":       {Accepted, Won, [2]string{Accepted, Lost}, want{toReferral: Record{Status: Lost, Reason: "Others"}}},
		"LostHere":      {Accepted, Lost, [2]string{Accepted, Open}, want{}},
		"PendingThere":  {Pending, Lost, [2]string{Won, Lost}, want{codes: []string{"status.differs"}}},
		"WonThereAfter": {Accepted, Lost, [2]string{Won, Lost}, want{codes: []string{"status.differs"}}},
	} {
		t.Run(name, func(t *testing.T) {
			kept := func(pc, crm string) Pairing {
				return from(Record{"team/kim": kim}, Record{"team/kim": kim}, Record{Status: pc}, Record{Status: crm})
			}
			in := kept(tt.pc, tt.crm)
			delete(in.Pair.Base.Referral, Status)
			delete(in.Pair.Base.Opportunity, Status)
			if asked := Merge(in); len(asked.ToReferral)+len(asked.ToOpportunity)+len(asked.Problems) == 0 {
				t.Error("by the word of a person nothing happens either")
			}
			in.Met = true
			left := want{codes: []string{statusApart}}
			left.check(t, Merge(in))
			for range 2 {
				pair := in.Settle(Merge(in), Written{}, "")
				in = kept(tt.pc, tt.crm)
				in.Pair, in.Linking, in.Retry = pair, false, true
				left.check(t, Merge(in))
				row, _ := in.Opportunity.Row()
				in.Pair = in.Pair.Forgets(InCRM, Status, in.Referral, &row, in.Rules).Forgets(InPartnerCenter, Status, in.Referral, &row, in.Rules)
				left.check(t, Merge(in))
			}
			pair := in.Pair
			in = kept(tt.then[0], tt.then[1])
			in.Pair, in.Linking = pair, false
			tt.want.check(t, Merge(in))
		})
	}
}
