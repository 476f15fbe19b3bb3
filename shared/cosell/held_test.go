package cosell

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// due says whether anything that the pair holds is due.
func due(p Pair, at time.Time) bool {
	return slices.ContainsFunc(p.Held, func(h Held) bool { return h.Due(at) })
}

func TestR126_TheScheduleOfWhatIsHeld(t *testing.T) {
	record := Held{Place: InPartnerCenter, Field: Name, Class: OfRecord, Since: noon}
	var got []time.Duration
	h, at := record, noon
	for range 10 {
		h = h.Again(at)
		got = append(got, h.Next.Sub(at))
		at = h.Next
	}
	m, day := time.Minute, 24*time.Hour
	if d := cmp.Diff([]time.Duration{15 * m, 30 * m, 60 * m, 120 * m, 240 * m, 480 * m, 960 * m, day, day, day}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if h.Attempts != 10 {
		t.Errorf("%d attempts", h.Attempts)
	}
}

func TestR126_ACreationRefusedWholeIsTriedAtEveryLookInItsFirstHour(t *testing.T) {
	h := Held{Place: InCRM, Field: Whole, Class: OfRecord, Value: "print", Since: noon}
	for _, after := range []time.Duration{0, time.Minute, 59 * time.Minute} {
		if h = h.Again(noon.Add(after)); !h.Due(noon.Add(after)) {
			t.Errorf("after %s it is due at %s", after, h.Next)
		}
	}
	h = h.Again(noon.Add(time.Hour))
	if h.Due(noon.Add(time.Hour)) || h.Next.Before(noon.Add(75*time.Minute)) {
		t.Errorf("after an hour it is due at %s", h.Next)
	}
}

func TestR126_WhatWaitsForAPersonIsNeverTimed(t *testing.T) {
	h := Held{Place: InPartnerCenter, Field: Name, Class: OfRule, Since: noon, Next: noon}.Again(noon)
	if !h.Next.IsZero() || h.Due(noon.Add(1000*time.Hour)) {
		t.Errorf("%+v", h)
	}
}

func TestR126_OursIsTimedAsTheRecords(t *testing.T) {
	if h := (Held{Field: Name, Class: OfOurs, Since: noon}).Again(noon); !h.Next.Equal(noon.Add(15 * time.Minute)) {
		t.Errorf("%+v", h)
	}
}

func TestDue(t *testing.T) {
	h := Held{Next: noon}
	for at, want := range map[time.Time]bool{noon.Add(-time.Second): false, noon: true, noon.Add(time.Second): true} {
		if h.Due(at) != want {
			t.Errorf("due at %s: %v", at, !want)
		}
		if due(Pair{Held: []Held{{}, h}}, at) != want {
			t.Errorf("the pair is due at %s: %v", at, !want)
		}
	}
	if (Held{}).Due(noon) || due(Pair{}, noon) {
		t.Error("what has no time is due")
	}
}

func TestRowsKeepTheirAgeAndLoseTheirAttemptsWithTheValue(t *testing.T) {
	problem := func(value string, sent bool) []Problem {
		return []Problem{{Code: "no", Field: Name, Place: InPartnerCenter, Class: OfRecord, Value: value, Sent: sent}}
	}
	version := map[Place]string{InPartnerCenter: "r7"}
	first := heldFrom(nil, problem("a", true), noon, version)
	quiet := heldFrom(first, problem("a", false), noon.Add(time.Minute), version)
	again := heldFrom(quiet, problem("a", true), noon.Add(15*time.Minute), version)
	other := heldFrom(again, problem("b", true), noon.Add(20*time.Minute), version)
	for name, tt := range map[string]struct {
		got      []Held
		since    time.Time
		next     time.Time
		attempts int
	}{
		"First":        {first, noon, noon.Add(15 * time.Minute), 1},
		"NotAskedAnew": {quiet, noon, noon.Add(15 * time.Minute), 1},
		"AskedAnew":    {again, noon, noon.Add(45 * time.Minute), 2},
		"OtherValue":   {other, noon, noon.Add(35 * time.Minute), 1},
	} {
		h := tt.got[0]
		if !h.Since.Equal(tt.since) || !h.Next.Equal(tt.next) || h.Attempts != tt.attempts || h.Version != "r7" {
			t.Errorf("%s: %+v", name, h)
		}
	}
	if got := heldFrom(again, nil, noon, version); got != nil {
		t.Errorf("agreed, and still held: %v", got)
	}
}

func TestNotesAndUnclassedProblemsAreNoRows(t *testing.T) {
	got := heldFrom(nil, []Problem{{Code: "note", Once: true, Class: OfRule}, {Code: "unclassed"}, {Code: "a", Field: Name, Class: OfRecord},
		{Code: "a", Field: Name, Class: OfRecord}, {Code: "b", Field: Name, Class: OfRecord}}, noon, nil)
	if d := cmp.Diff([]string{"a", "b"}, heldCodes(got)); d != "" || len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// refused is a pair after one run in which a side refused some fields of an edit.
func refused(in Pairing, place Place, code string, class Class, fields ...Field) Pairing {
	plan := Merge(in)
	var left []Record
	for _, atom := range Atoms(plan.at(place)) {
		for _, f := range fields {
			if _, ok := atom[f]; ok {
				plan = plan.Without(Problem{Code: code, Field: f, Place: place, Class: class, Text: "no"}, atom)
				left = nil
			}
		}
	}
	_ = left
	after, done := write(in, plan)
	in.Pair = in.Settle(plan, done, "")
	in.Referral, in.Opportunity = after.Referral, after.Opportunity
	return in
}

func TestI29_ARefusedValueIsSentAgainOnlyWhenSomethingChanged(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Pairing)
		sent   bool
	}{
		"Nothing":              {func(*Pairing) {}, false},
		"TimePasses":           {func(in *Pairing) { in.At = noon.Add(14 * time.Minute) }, false},
		"ItsTimeHasCome":       {func(in *Pairing) { in.At = noon.Add(15 * time.Minute) }, true},
		"ItsValueChanged":      {func(in *Pairing) { in.Opportunity.row.Record[Name] = "Better" }, true},
		"AnotherFieldChanged":  {func(in *Pairing) { in.Opportunity.row.Record[Notes] = "note" }, false},
		"TheOtherSideChanged":  {func(in *Pairing) { in.Referral.Version = "r9" }, true},
		"ARelativeOrTheSweep":  {func(in *Pairing) { in.Retry = true }, true},
		"OurOwnAuditOfTheSame": {func(in *Pairing) { in.Opportunity.row.Version = "o9" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := refused(edit(nil, Record{Name: "Bad", ClosingDate: "2026-12-01"}), InPartnerCenter, "no", OfRecord, Name)
			tt.change(&in)
			plan := Merge(in)
			if _, sent := plan.ToReferral[Name]; sent != tt.sent {
				t.Errorf("sent %v: %v", sent, plan.ToReferral)
			}
			if !tt.sent && (len(plan.Problems) != 1 || plan.Problems[0].Sent || plan.Problems[0].Code != "no") {
				t.Errorf("it is not told of any more: %+v", plan.Problems)
			}
			if !tt.sent {
				after := in.Settle(plan, Written{}, "")
				if h, _ := after.HeldAt(InPartnerCenter, Name); h.Attempts != 1 || !h.Next.Equal(noon.Add(15*time.Minute)) {
					t.Errorf("held %+v", h)
				}
			}
		})
	}
}

func TestI29_TheSameTowardsCRM(t *testing.T) {
	in := refused(edit(Record{Name: "Bad"}, nil), InCRM, "no", OfRecord, Name)
	want{codes: []string{"no"}}.check(t, Merge(in))
	in.Opportunity.row.Version = "o9"
	want{toOpportunity: Record{Name: "Bad"}}.check(t, Merge(in))
}

// Also nothing, an empty text or a member that is taken away, is something that can be refused.
func TestI29_ARefusedRemovalIsNotSentAgain(t *testing.T) {
	two := Record{"solutions/SOL-2": "{}", Solutions: "2"}
	for name, in := range map[string]Pairing{
		"ClearedText":   edit(nil, Record{Notes: ""}),
		"RemovedMember": from(two, two, nil, Record{"solutions/SOL-2": ""}),
	} {
		t.Run(name, func(t *testing.T) {
			in = refused(in, InPartnerCenter, "no", OfRecord, Notes, "solutions/SOL-2")
			want{codes: []string{"no"}}.check(t, Merge(in))
			in.Retry = true
			if plan := Merge(in); len(plan.ToReferral) != 1 {
				t.Errorf("due, and not sent: %+v", plan)
			}
		})
	}
}

// What means something only together was refused together: a change of any part is a new question.
func TestI29_AnyPartOfWhatWasRefusedTogetherCounts(t *testing.T) {
	for name, tt := range map[string]struct {
		edit, mend Record
	}{
		"TheCurrencyWasWrong": {Record{DealValue: "500", Currency: "XTS"}, Record{Currency: "USD"}},
		"TheAmountWasWrong":   {Record{DealValue: "500", Currency: "XTS"}, Record{DealValue: "600"}},
		"TheReasonWasWrong":   {Record{Status: Lost, Reason: "no such"}, Record{Reason: "price"}},
		"AMemberWasWrong":     {Record{"solutions/SOL-2": "{}", "solutions/SOL-3": "{}"}, Record{"solutions/SOL-3": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			in := refused(deal(nil, nil, tt.edit), InPartnerCenter, "no", OfRecord, DealValue, Status, "solutions/SOL-2")
			want{codes: []string{"no"}}.check(t, Merge(in))
			o := in.Opportunity.row
			o.Record = o.Record.Clone()
			apply(o.Record, tt.mend)
			in.Opportunity = AtHand(o)
			if plan := Merge(in); len(plan.ToReferral) == 0 {
				t.Errorf("mended, and not sent: %+v", plan)
			}
		})
	}
}

func TestR128_ARefusedValueHoldsNothingElseBack(t *testing.T) {
	in := refused(edit(nil, Record{Name: "Bad", DealValue: "7", ClosingDate: "2026-12-01", Notes: "n", Visibility: True}), InPartnerCenter, "no", OfRecord, ClosingDate)
	if d := cmp.Diff(Record{Name: "Bad", DealValue: "7", Notes: "n", Visibility: True, ClosingDate: "2026-09-30"},
		in.Referral.Record.Only(Name, DealValue, Notes, Visibility, ClosingDate)); d != "" {
		t.Error(d)
	}
	if len(in.Pair.Held) != 1 || in.Pair.Held[0].Field != ClosingDate {
		t.Errorf("held %+v", in.Pair.Held)
	}
}

func TestR128_WonWaitsADayForARefusedValue(t *testing.T) {
	start := edit(nil, Record{DealValue: "7"})
	start = refused(start, InPartnerCenter, "no", OfRecord, DealValue)
	start.Opportunity.row.Record[Status] = Won
	for name, tt := range map[string]struct {
		at    time.Duration
		want  want
		waits bool
	}{
		"AtOnce":       {time.Minute, want{codes: []string{"no", "won.waiting"}}, true},
		"AlmostADay":   {24*time.Hour - time.Second, want{codes: []string{"no", "won.waiting"}}, true},
		"ADayLater":    {24 * time.Hour, want{toReferral: Record{Status: Won}, codes: []string{"won.final"}}, false},
		"TheLastValue": {48 * time.Hour, want{toReferral: Record{Status: Won}, codes: []string{"won.final"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := start
			in.At = noon.Add(tt.at)
			in.Pair.Held = append([]Held{}, in.Pair.Held...)
			in.Pair.Held[0].Next = noon.Add(1000 * time.Hour) // its own time has not come
			plan := Merge(in)
			tt.want.check(t, plan)
			if tt.waits != plan.HeldUntil.Equal(noon.Add(24*time.Hour)) {
				t.Errorf("held until %s", plan.HeldUntil)
			}
			if tt.waits && Standing(Accepted, plan.Problems)[State] != StateFailed && Standing(Accepted, plan.Problems)[State] != StateWonWaiting {
				t.Errorf("state %v", Standing(Accepted, plan.Problems))
			}
		})
	}
}

func TestR128_LostGoesAtOnce(t *testing.T) {
	in := refused(edit(nil, Record{DealValue: "7"}), InPartnerCenter, "no", OfRecord, DealValue)
	in.Opportunity.row.Record[Status] = Lost
	want{toReferral: Record{Status: Lost, Reason: "Others"}, codes: []string{"no"}}.check(t, Merge(in))
}

func TestR128_AValueRefusedInTheVeryRunLetsWonWait(t *testing.T) {
	in := edit(nil, Record{DealValue: "7", Status: Won})
	plan := Merge(in)
	plan = plan.Without(Problem{Code: "no", Field: DealValue, Place: InPartnerCenter, Class: OfRecord}, Record{DealValue: "7"}).
		WithWonWaiting(in.Rules, DealValue, noon)
	want{codes: []string{"no", "won.waiting"}}.check(t, plan)
	pair := in.Settle(plan, Written{}, "")
	if !pair.HeldUntil.Equal(noon.Add(wonWaits)) || pair.Base.Opportunity[Status] == Won || pair.Base.Opportunity[DealValue] == "7" {
		t.Errorf("%+v", pair)
	}
}

func TestI29_ARefusedInvitationIsNotSentAgain(t *testing.T) {
	in := edit(nil, Record{Help: "A", "contacts/ada": ada})
	plan := Merge(in).WithoutInvite(Problem{Code: "invite.refused", Class: OfRecord, Text: "no"})
	if plan.Invite != "" || plan.ToReferral[Visibility] != "" || plan.ToOpportunity[Visibility] != "" {
		t.Errorf("the deal becomes visible for nothing: %+v", plan)
	}
	after, done := write(in, plan)
	in.Pair = in.Settle(plan, done, "")
	in.Referral, in.Opportunity = after.Referral, after.Opportunity
	want{codes: []string{"invite.refused"}}.check(t, Merge(in))
	in.At = noon.Add(15 * time.Minute)
	if Merge(in).Invite != "A" {
		t.Error("due, and not asked")
	}
}

func TestASharedDealStaysSharedThoughTheInvitationIsRefused(t *testing.T) {
	in := edit(nil, Record{Help: "A", "contacts/ada": ada, Visibility: True})
	plan := Merge(in).WithoutInvite(Problem{Code: "invite.refused", Class: OfRecord})
	if plan.ToReferral[Visibility] != True {
		t.Errorf("the seller switched it on: %+v", plan)
	}
}

func TestStandingProblemsAreToldUntilTheyAreOver(t *testing.T) {
	for code, over := range map[string]func(*Pairing){
		"account.unclear": func(in *Pairing) { in.Opportunity.row.Record[CustomerName] = "Chosen" },
	} {
		in := edit(nil, Record{CustomerName: ""})
		in.Pair = in.Pair.Standing(Problem{Code: code, Field: CustomerName, Place: InCRM, Class: OfRule, Text: "two fit"}, noon)
		want{codes: []string{code}}.check(t, Merge(in))
		over(&in)
		in.Pair.Base.Opportunity[CustomerName] = in.Opportunity.row.Record[CustomerName]
		want{}.check(t, Merge(in))
	}
	for _, code := range []string{"link.taken", "referral.twice"} {
		in := edit(nil, nil)
		in.Pair = in.Pair.Standing(Problem{Code: code, Field: Whole, Place: InPartnerCenter, Class: OfRule}, noon)
		want{codes: []string{code}}.check(t, Merge(in))
	}
}

func TestStandingAddsTheProblemOnce(t *testing.T) {
	p := Problem{Code: "link.taken", Field: Whole, Place: InPartnerCenter, Class: OfRule, Text: "taken"}
	pair := Pair{Told: []string{"other"}}.Standing(p, noon)
	if len(pair.Told) != 2 || len(pair.Held) != 1 || !pair.Explains(p) {
		t.Errorf("%+v", pair)
	}
	p.Text = "taken by another"
	if pair.Explains(p) {
		t.Error("the same code with another text is news")
	}
}

func TestLacksHoldsARecordThatCannotBeMade(t *testing.T) {
	problems := []Problem{{Code: "country.invalid", Field: CustomerCountry, Place: InPartnerCenter, Class: OfRecord, Text: "a"}}
	for name, tt := range map[string]struct {
		pair Pair
		want Phase
	}{
		"NoReferralYet":     {Pair{Phase: Creating}, Lacking},
		"NoOpportunityYet":  {Pair{Phase: Making, ReferralID: "r"}, Lacking},
		"LinkedStaysLinked": {Pair{Phase: Linked, ReferralID: "r"}, Linked},
	} {
		got := tt.pair.Lacks(problems, noon, Side{Version: "o3"})
		if got.Phase != tt.want || len(got.Held) != 1 || !got.Explains(problems[0]) {
			t.Errorf("%s: %+v", name, got)
		}
		if again := got.Lacks(nil, noon, Side{}); len(again.Held) != 0 || len(again.Told) != 0 {
			t.Errorf("%s: mended, and still held: %+v", name, again)
		}
	}
}

// What a write would have told did not happen when the write was refused, in this run or in an earlier one.
func TestR131_WhatWasRefusedIsNotToldAsDone(t *testing.T) {
	for name, tt := range map[string]struct {
		in    Pairing
		place Place
		f     Field
	}{
		"TheSwitchThatIsSetBack":  {from(shared, shared, nil, Record{Visibility: False}), InCRM, Visibility},
		"AColumnThatIsPutBack":    {from(Record{MicrosoftStatus: "A"}, Record{MicrosoftStatus: "A"}, nil, Record{MicrosoftStatus: "mine"}), InCRM, MicrosoftStatus},
		"AConflictCRMHasWon":      {edit(Record{Name: "theirs"}, Record{Name: "mine"}), InPartnerCenter, Name},
		"AMemberOfAListInTrouble": {edit(Record{"solutions/SOL-1": "theirs"}, Record{"solutions/SOL-1": "mine"}), InPartnerCenter, "solutions/SOL-1"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := Merge(tt.in)
			if len(plan.Problems) != 1 || !plan.Problems[0].Once {
				t.Fatalf("%+v", plan.Problems)
			}
			in := refused(tt.in, tt.place, "no", OfRecord, tt.f)
			if len(in.Pair.Held) != 1 || in.Pair.Held[0].Field != tt.f {
				t.Fatalf("%+v", in.Pair.Held)
			}
			for range 2 {
				plan = Merge(in)
				if d := cmp.Diff([]string{"no"}, codes(plan.Problems)); d != "" {
					t.Error(d)
				}
				if lines := in.Lines(plan, Written{}, words); len(lines) != 0 {
					t.Errorf("told at every event: %q", lines)
				}
				in.Pair = in.Settle(plan, Written{}, "")
			}
		})
	}
}

// A person's row for another trouble is left alone, and rows of one place are no rows of the other.
func TestRowsAreFoundByPlaceAndField(t *testing.T) {
	p := Pair{Held: []Held{{Place: InCRM, Field: Name, Code: "a"}, {Place: InPartnerCenter, Field: Name, Code: "b"}, {Place: InPartnerCenter, Field: Notes, Code: "c"}}}
	for _, tt := range []struct {
		place Place
		field Field
		want  string
	}{{InCRM, Name, "a"}, {InPartnerCenter, Name, "b"}, {InPartnerCenter, Notes, "c"}, {InCRM, Notes, ""}, {InCRM, Whole, ""}} {
		if h, ok := p.HeldAt(tt.place, tt.field); h.Code != tt.want || ok != (tt.want != "") {
			t.Errorf("%s of %s: %+v", tt.field, tt.place, h)
		}
	}
	before := heldFrom(nil, []Problem{{Code: "no", Field: Name, Place: InCRM, Class: OfRecord, Value: "v", Sent: true}}, noon, nil)
	later := heldFrom(before, []Problem{{Code: "no", Field: Name, Place: InPartnerCenter, Class: OfRecord, Value: "v"}, {Code: "other", Field: Name, Place: InCRM, Class: OfRecord, Value: "v"}}, noon.Add(time.Hour), nil)
	for _, h := range later {
		if !h.Since.Equal(noon.Add(time.Hour)) || h.Attempts != 0 {
			t.Errorf("another row's age: %+v", h)
		}
	}
	told := Pair{Told: []string{"z", "b"}}.Standing(Problem{Code: "a", Class: OfRule}, noon).Standing(Problem{Code: "a", Class: OfRule}, noon).Told
	if len(told) != 3 || !slices.IsSorted(told) {
		t.Errorf("told %q", told)
	}
}

// heldCodes lists the codes of what is held, sorted.
func heldCodes(held []Held) []string {
	var out []string
	for _, h := range held {
		if !slices.Contains(out, h.Code) {
			out = append(out, h.Code)
		}
	}
	slices.Sort(out)
	return out
}

// Of the processes that share the tables one knows already that a column of CRM is short, and another does not yet: what CRM
// refused is the same question to both.
func TestI29_ATextThatWasRefusedCutOrWholeIsNotAskedAgain(t *testing.T) {
	whole, short := "the notes of the deal", "the notes…"
	for name, tt := range map[string]struct {
		held, now string
		again     bool
	}{"HeldCut": {short, whole, false}, "HeldWhole": {whole, short, false}, "Another": {short, "other notes of the deal", true}, "AnotherWhole": {"other notes", whole, true}} {
		h := Held{Place: InCRM, Field: Notes, Class: OfRecord, Code: "0x1", Value: Asked(Record{Notes: tt.held})}
		if h.asks(Record{Notes: tt.now}) == tt.again {
			t.Errorf("%s: asked again %v", name, tt.again)
		}
	}
}
