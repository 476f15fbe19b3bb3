package cosell

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var words = Words{Rules: []Rule{{Field: Name, Label: "Topic"}, {Field: DealValue, Label: "Est. Revenue"}, {Field: Solutions, Label: "Solutions", List: true},
	{Field: Status}, {Field: Reason}, {Field: MicrosoftStatus, Label: "Microsoft status"}, {Field: MicrosoftSeller}, {Field: Visibility, Label: "Visible"}}, At: noon, Trace: "abc"}

const stampOf = "2026-03-02 12:00 - "

// told gives the lines of a plan without stamp and trace.
func told(in Pairing, plan Plan, w Written) []string {
	out := []string{}
	for _, l := range in.Lines(plan, w, words) {
		l = strings.TrimPrefix(l, stampOf)
		out = append(out, strings.TrimSuffix(l, " (abc)"))
	}
	return out
}

// linked is a pairing without anything to say, for lines.
func linked(set func(*Pairing)) Pairing {
	in := edit(nil, nil)
	in.Rules = words.Rules
	if set != nil {
		set(&in)
	}
	return in
}

func answeredReferral(r Record) Written { return Written{Referral: &Referral{Side: Side{Record: r}}} }

func TestR131_EachLineSaysWhatHappenedAndWhere(t *testing.T) {
	for name, tt := range map[string]struct {
		set  func(*Pairing)
		plan Plan
		w    Written
		want []string
	}{
		"Nothing": {nil, Plan{}, Written{}, []string{}},
		"ValuesComeIntoCRM": {nil, Plan{ToOpportunity: Record{Name: "N", DealValue: "1"}}, Written{},
			[]string{"to CRM: updated Topic, Est. Revenue"}},
		"MembersComeUnderTheListsName": {nil, Plan{ToOpportunity: Record{"solutions/a": "A", "solutions/b": ""}}, Written{},
			[]string{"to CRM: updated Solutions"}},
		"WonThere": {func(in *Pairing) { in.Referral.Record[Status] = Won }, Plan{ToOpportunity: Record{Status: Won, Reason: ""}}, Written{},
			[]string{"to CRM: won in Partner Center"}},
		"LostThereWithAReason": {func(in *Pairing) { in.Referral.Record[Status] = Lost }, Plan{ToOpportunity: Record{Status: Lost, Reason: "price"}}, Written{},
			[]string{"to CRM: lost in Partner Center, reason: price"}},
		"DeclinedThere": {func(in *Pairing) { in.Referral.Record[Status] = Declined }, Plan{ToOpportunity: Record{Status: Canceled, Reason: ""}}, Written{},
			[]string{"to CRM: declined in Partner Center"}},
		"ExpiredThere": {func(in *Pairing) { in.Referral.Record[Status] = Expired }, Plan{ToOpportunity: Record{Status: Canceled, Reason: ""}}, Written{},
			[]string{"to CRM: expired: nobody answered the referral in time"}},
		"ErrorThere": {func(in *Pairing) { in.Referral.Record[Status] = Errored }, Plan{ToOpportunity: Record{Status: Canceled, Reason: "Duplicate"}}, Written{},
			[]string{"to CRM: closed as an error in Partner Center, reason: Duplicate"}},
		"AcceptedThere": {func(in *Pairing) { in.Referral.Record[Status] = Accepted }, Plan{ToOpportunity: Record{Status: Open}}, Written{},
			[]string{"to CRM: accepted in Partner Center"}},
		"ValuesWithAClosing": {func(in *Pairing) { in.Referral.Record[Status] = Won }, Plan{ToOpportunity: Record{Status: Won, DealValue: "9"}}, Written{},
			[]string{"to CRM: updated Est. Revenue; won in Partner Center"}},
		"MicrosoftHasTheRequest": {nil, Plan{ToOpportunity: Record{MicrosoftStatus: "Pending"}}, Written{},
			[]string{"to CRM: Microsoft has the request"}},
		"MicrosoftAccepts": {nil, Plan{ToOpportunity: Record{MicrosoftStatus: "Accepted", MicrosoftSeller: "Sam"}}, Written{},
			[]string{"to CRM: Microsoft's answer: Accepted, seller Sam"}},
		"MicrosoftAcceptsOnADay": {func(in *Pairing) { in.Referral.Record[MicrosoftAccepted] = "2026-03-03" }, Plan{ToOpportunity: Record{MicrosoftStatus: "Accepted", MicrosoftSeller: "Sam"}}, Written{},
			[]string{"to CRM: Microsoft's answer: Accepted on 2026-03-03, seller Sam"}},
		"MicrosoftLetsItExpire": {nil, Plan{ToOpportunity: Record{MicrosoftStatus: "Expired"}}, Written{},
			[]string{"to CRM: Microsoft did not answer in time: its referral expired, reason: not provided. The deal goes on without Microsoft's help"}},
		"MicrosoftDeclinesWithoutAWord": {nil, Plan{ToOpportunity: Record{MicrosoftStatus: "Declined"}}, Written{},
			[]string{"to CRM: Microsoft's answer: Declined, reason: not provided"}},
		"MicrosoftDeclinesWithOne": {func(in *Pairing) { in.Referral.Record[MicrosoftReason] = "no budget" }, Plan{ToOpportunity: Record{MicrosoftStatus: "Declined"}}, Written{},
			[]string{"to CRM: Microsoft's answer: Declined, reason: no budget"}},
		"MicrosoftWins": {nil, Plan{ToOpportunity: Record{MicrosoftStatus: "Won"}}, Written{},
			[]string{"to CRM: Microsoft's answer: Won"}},
		"MicrosoftsSellerChanges": {nil, Plan{ToOpportunity: Record{MicrosoftSeller: "Pat"}}, Written{},
			[]string{"to CRM: Microsoft's seller is Pat"}},
		"AcceptedHere": {nil, Plan{ToReferral: Record{Status: Accepted}}, answeredReferral(Record{Status: Accepted}),
			[]string{"to Partner Center: accepted the referral"}},
		"DeclinedHere": {nil, Plan{ToReferral: Record{Status: Declined, Reason: "4"}}, answeredReferral(Record{Status: Declined, Reason: "4"}),
			[]string{"to Partner Center: declined the referral, reason: 4"}},
		"WonHere": {nil, Plan{ToReferral: Record{Status: Won}}, answeredReferral(Record{Status: Won, Reason: "x"}),
			[]string{"to Partner Center: closed as won"}},
		"LostHere": {nil, Plan{ToReferral: Record{Status: Lost, Reason: "price"}}, answeredReferral(Record{Status: Lost, Reason: "price"}),
			[]string{"to Partner Center: closed as lost, reason: price"}},
		"AcceptedHereButNotThere": {nil, Plan{ToReferral: Record{Status: Accepted}}, answeredReferral(Record{Status: Pending}), []string{}},
		"NotAsked":                {nil, Plan{ToReferral: Record{Status: Accepted}}, Written{}, []string{}},
		"SharedHere": {nil, Plan{ToReferral: Record{Visibility: True}}, answeredReferral(Record{Visibility: True}),
			[]string{"to Partner Center: shared: Microsoft's sellers can see the deal"}},
		"SharedHereButNotThere": {nil, Plan{ToReferral: Record{Visibility: True}}, answeredReferral(Record{Visibility: False}), []string{}},
		"Asked": {nil, Plan{Invite: "GeneralOrOther"}, Written{Invited: true},
			[]string{"to Partner Center: Microsoft was asked for help: GeneralOrOther"}},
		"PlainEditsTowardsPartnerCenterAreQuiet": {nil, Plan{ToReferral: Record{Name: "N"}}, answeredReferral(Record{Name: "N"}), []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, told(linked(tt.set), tt.plan, tt.w)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestR132_SuccessesAreToldBySetting(t *testing.T) {
	plan := Plan{ToReferral: Record{Name: "N", Status: Accepted}}
	done := answeredReferral(Record{Name: "N", Status: Accepted})
	for setting, want := range map[string][]string{
		"steps": {"to Partner Center: accepted the referral"},
		"":      {"to Partner Center: accepted the referral"},
		"all":   {"to Partner Center: accepted the referral", "to Partner Center: updated Topic"},
		"none":  {},
	} {
		in := linked(func(in *Pairing) { in.Options.AuditSuccess = setting })
		if d := cmp.Diff(want, told(in, plan, done)); d != "" {
			t.Errorf("%q (-want +got):\n%s", setting, d)
		}
	}
}

func TestR131_AProblemIsToldInItsDirectionOnceAndOursNever(t *testing.T) {
	problem := Problem{Code: "no", Field: Name, Text: "the topic was not taken", Mend: "shorten it", Class: OfRecord, Place: InPartnerCenter}
	want := "to Partner Center: no: the topic was not taken; shorten it"
	in := linked(nil)
	if d := cmp.Diff([]string{want}, told(in, Plan{Problems: []Problem{problem}}, Written{})); d != "" {
		t.Error(d)
	}
	in.Pair.Told = Prints([]Problem{problem})
	if got := told(in, Plan{Problems: []Problem{problem}}, Written{}); len(got) != 0 {
		t.Errorf("told again: %q", got)
	}
	changed := problem
	changed.Text = "the topic is too long"
	if got := told(in, Plan{Problems: []Problem{changed}}, Written{}); len(got) != 1 {
		t.Errorf("another text is news: %q", got)
	}
	other := problem
	other.Field = DealValue
	if got := told(in, Plan{Problems: []Problem{problem, other}}, Written{}); len(got) != 1 {
		t.Errorf("another field is news: %q", got)
	}
	crm := problem
	crm.Place = InCRM
	if got := told(linked(nil), Plan{Problems: []Problem{crm}}, Written{}); len(got) != 1 || !strings.HasPrefix(got[0], "to CRM: no:") {
		t.Errorf("%q", got)
	}
	ours := problem
	ours.Class = OfOurs
	if got := told(linked(nil), Plan{Problems: []Problem{ours}}, Written{}); len(got) != 0 {
		t.Errorf("what is ours is on the record: %q", got)
	}
	if Crossed([]Problem{ours}) || !Crossed([]Problem{problem}) {
		t.Error("what is ours is no cross, what is the record's is one")
	}
}

func TestANoteIsToldEachTimeItHappens(t *testing.T) {
	note := Problem{Code: "conflict.resolved", Field: Name, Text: "gave way", Mend: "nothing to do", Once: true, Place: InCRM}
	in := linked(nil)
	if d := cmp.Diff([]string{"to CRM: conflict.resolved: gave way"}, told(in, Plan{Problems: []Problem{note}}, Written{})); d != "" {
		t.Error(d)
	}
	in.Pair.Untold = []Problem{note}
	if got := told(in, Plan{Problems: []Problem{note}}, Written{}); len(got) != 1 {
		t.Errorf("noted before and planned now, told %d times", len(got))
	}
	if got := told(in, Plan{}, Written{}); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

func TestR131_TheirWordsStandAtTheEndAlone(t *testing.T) {
	for place, want := range map[Place]string{
		InPartnerCenter: `no: not taken; ask. Partner Center says: "their words"`,
		InCRM:           `no: not taken; ask. CRM says: "their words"`,
	} {
		p := Problem{Code: "no", Text: "not taken", Mend: "ask", Theirs: "their words", Place: place}
		if got := p.Explain(); got != want {
			t.Error(got)
		}
		if h := heldFrom(nil, []Problem{{Code: "no", Class: OfRecord, Place: place, Theirs: "their words", Text: "t"}}, noon, nil)[0]; strings.Contains(h.Text+h.Mend+h.Code, "their") {
			t.Errorf("their words are in the ledger: %+v", h)
		}
		p.Mend = "nothing to do"
		if got := p.Explain(); strings.Contains(got, "nothing to do") {
			t.Error(got)
		}
	}
}

func TestR131_TheEndOfATroubleIsToldInItsDirection(t *testing.T) {
	pcHeld := Held{Place: InPartnerCenter, Field: Name, Code: "no", Class: OfRecord}
	crmHeld := Held{Place: InCRM, Field: Name, Code: "no", Class: OfRecord}
	for name, tt := range map[string]struct {
		held []Held
		want string
	}{
		"OfPartnerCenter": {[]Held{pcHeld}, "to Partner Center: in step again"},
		"OfCRM":           {[]Held{crmHeld}, "to CRM: in step again"},
		"OfBoth":          {[]Held{pcHeld, crmHeld}, "to Partner Center: in step again"},
		"OfNothingHeld":   {nil, "to Partner Center: in step again"},
	} {
		in := linked(func(in *Pairing) { in.Pair.Told, in.Pair.Held = []string{"no|x"}, tt.held })
		if d := cmp.Diff([]string{tt.want}, told(in, Plan{}, Written{})); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if got := told(in, Plan{Problems: []Problem{{Code: "still", Class: OfRecord, Place: InCRM}}}, Written{}); strings.Contains(strings.Join(got, ""), "in step") {
			t.Errorf("%s: something is left: %q", name, got)
		}
		if got := told(in, Plan{Ends: true}, Written{}); len(got) != 0 {
			t.Errorf("%s: a pair that ends: %q", name, got)
		}
		in.Opportunity = Assumed(in.Pair)
		if got := told(in, Plan{}, Written{}); len(got) != 0 {
			t.Errorf("%s: judged without the opportunity at hand: %q", name, got)
		}
	}
}

// A trouble that ends because the referral takes nothing any more is over, and yet not in step.
func TestR131_WhatAClosedReferralEndsIsNotInStep(t *testing.T) {
	in := refused(edit(nil, Record{Name: "Bad"}), InPartnerCenter, "no", OfRecord, Name)
	in.Referral.Record, in.Opportunity.row.Record[Status] = in.Referral.Record.Clone(), Won
	in.Referral.Record[Status] = Won
	in.Rules = append([]Rule{}, rules...)
	plan := Merge(in)
	if d := cmp.Diff([]string{"to Partner Center: referral.closed: the referral is closed; changes stay in CRM"}, told(in, plan, Written{})); d != "" {
		t.Error(d)
	}
	if in.Pair = in.Settle(plan, Written{}, ""); len(in.Pair.Held) > 0 || len(in.Pair.Told) > 0 {
		t.Errorf("held %+v", in.Pair.Held)
	}
}

func TestR107_HowThingsStand(t *testing.T) {
	record := func(code string) Problem { return Problem{Code: code, Class: OfRecord} }
	rule := func(code string) Problem { return Problem{Code: code, Class: OfRule} }
	for name, tt := range map[string]struct {
		referral string
		problems []Problem
		state    string
		code     string
	}{
		"InStep":                {Accepted, nil, StateInSync, ""},
		"NoneYet":               {"", nil, StateInSync, ""},
		"Pending":               {Pending, nil, StatePending, ""},
		"Closed":                {Lost, nil, StateClosed, ""},
		"Refused":               {Accepted, []Problem{record("no")}, StateFailed, "no"},
		"WaitsForAPerson":       {Accepted, []Problem{rule("value.blank")}, StateHeld, "value.blank"},
		"TheWorseCounts":        {Accepted, []Problem{rule("value.blank"), record("no")}, StateFailed, "value.blank"},
		"WonWaits":              {Accepted, []Problem{rule("won.early")}, StateWonWaiting, "won.early"},
		"WonWaitsForAValue":     {Accepted, []Problem{record("no"), rule("won.waiting")}, StateWonWaiting, "no"},
		"AcceptanceIsMissing":   {Pending, []Problem{record("acceptance.incomplete")}, StateIncomplete, "acceptance.incomplete"},
		"DeclineWaits":          {Pending, []Problem{rule("decline.waiting")}, StatePending, "decline.waiting"},
		"ReopenedWhilePending":  {Pending, []Problem{rule("reopen.pending")}, StatePending, "reopen.pending"},
		"AccountUnclear":        {Accepted, []Problem{rule("account.unclear")}, StateUnclear, "account.unclear"},
		"LinkUnconfirmed":       {"", []Problem{rule("link.unconfirmed")}, StateUnconfirmed, "link.unconfirmed"},
		"OursShowsNothing":      {Accepted, []Problem{{Code: "privilege", Class: OfOurs}}, StateInSync, ""},
		"ANoteShowsNothing":     {Accepted, []Problem{{Code: "conflict.resolved", Once: true}}, StateInSync, ""},
		"TheFirstCodeIsShown":   {Accepted, []Problem{record("first"), record("second")}, StateFailed, "first"},
		"OfOursTheNextIsShown":  {Accepted, []Problem{{Code: "privilege", Class: OfOurs}, record("no")}, StateFailed, "no"},
		"ClosedAndStillRefused": {Won, []Problem{record("no")}, StateFailed, "no"},
	} {
		if d := cmp.Diff(Record{State: tt.state, ErrorCode: tt.code}, Standing(tt.referral, tt.problems)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestR107_TheColumnsOfAnOpportunity(t *testing.T) {
	expires := noon.Add(14 * 24 * time.Hour)
	for name, tt := range map[string]struct {
		set  func(*Pairing)
		plan Plan
		w    Written
		want Record
	}{
		"Quiet":         {nil, Plan{}, Written{}, Record{State: StateInSync, ErrorCode: "", Expires: ""}},
		"SomethingCame": {nil, Plan{ToOpportunity: Record{Name: "N"}}, Written{}, Record{State: StateInSync, ErrorCode: "", Expires: "", LastSync: "2026-03-02T12:00:00Z"}},
		"SomethingWent": {nil, Plan{ToReferral: Record{Name: "N"}}, answeredReferral(Record{}), Record{State: StateInSync, ErrorCode: "", Expires: "", LastSync: "2026-03-02T12:00:00Z"}},
		"MicrosoftWasAsked": {nil, Plan{}, Written{Invited: true},
			Record{State: StateInSync, ErrorCode: "", Expires: "", LastSync: "2026-03-02T12:00:00Z"}},
		"Pending": {func(in *Pairing) { in.Referral.Record[Status], in.Referral.ExpiresAt = Pending, expires }, Plan{}, Written{},
			Record{State: StatePending, ErrorCode: "", Expires: "2026-03-16T12:00:00Z"}},
		"AcceptedByThisRun": {func(in *Pairing) { in.Referral.Record[Status], in.Referral.ExpiresAt = Pending, expires },
			Plan{ToReferral: Record{Status: Accepted}}, answeredReferral(Record{Status: Accepted}),
			Record{State: StateInSync, ErrorCode: "", Expires: "", LastSync: "2026-03-02T12:00:00Z"}},
		"MicrosoftsReferralSaysNothingOfOurs": {func(in *Pairing) { in.Referral.Microsoft = true; in.Referral.Record = Record{Status: "x"} }, Plan{}, Written{},
			Record{State: StateInSync, ErrorCode: "", Expires: ""}},
	} {
		if d := cmp.Diff(tt.want.with(Proposed, ""), linked(tt.set).Columns(tt.plan, tt.w)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestTheTickSaysWhetherSomethingIsRefused(t *testing.T) {
	in := linked(nil)
	for name, tt := range map[string]struct {
		problems []Problem
		want     string
	}{
		"Nothing": {nil, MarkOK},
		"Warned":  {[]Problem{{Class: OfRule, Warn: true}}, MarkOK},
		"Ours":    {[]Problem{{Class: OfOurs}}, MarkOK},
		"Refused": {[]Problem{{Class: OfRecord}}, MarkFailed},
		"ByRule":  {[]Problem{{Class: OfRule}}, MarkOK},
	} {
		if got := in.Tick(Plan{Problems: tt.problems}); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestF35_WhatCRMDidNotTakeThoughItSaidYes(t *testing.T) {
	for name, tt := range map[string]struct {
		answered Record
		found    bool
	}{
		"Taken":             {Record{DealValue: "7"}, false},
		"TakenAnotherWay":   {Record{DealValue: "7.00"}, false},
		"Ignored":           {Record{DealValue: "100"}, true},
		"NotInTheAnswer":    {Record{}, false},
		"SomebodyElseWrote": {Record{DealValue: "8"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(Record{DealValue: "7"}, nil)
			plan, found := in.NotTaken(Merge(in), tt.answered)
			if found != tt.found {
				t.Fatalf("found %v", found)
			}
			if !found {
				return
			}
			want{codes: []string{"value.ignored"}}.check(t, plan)
			if pair := in.Settle(plan, Written{}, ""); pair.Base.Referral[DealValue] == "7" || len(pair.Held) != 1 {
				t.Errorf("it counts as agreed: %+v", pair)
			}
		})
	}
}

func TestF35_AnIgnoredHalfOfTheMoneyIsBothHalves(t *testing.T) {
	in := deal(nil, Record{DealValue: "7", Currency: "USD"}, nil)
	plan, found := in.NotTaken(Merge(in), Record{DealValue: "7", Currency: "EUR"})
	if !found || len(plan.ToOpportunity) != 0 {
		t.Errorf("%+v", plan)
	}
}

func TestLabelsAreTheReadersWords(t *testing.T) {
	for f, want := range map[Field]string{Name: "Topic", "solutions/a": "Solutions", Solutions: "Solutions", "strange": "strange", MicrosoftSeller: "microsoftSeller"} {
		if got := Label(words.Rules, f); got != want {
			t.Errorf("%s: %s", f, got)
		}
	}
}

func TestAnAuditLineIsOneLine(t *testing.T) {
	if got := AuditLine(noon, ToCRM, "a\n b\t c", ""); got != stampOf+"to CRM: a b c" {
		t.Error(got)
	}
	if got := AuditLine(noon, Nowhere, "a", "xyz"); got != stampOf+"none: a (xyz)" {
		t.Error(got)
	}
}

func TestPrependCutsWholeLines(t *testing.T) {
	if got := Prepend("old", "newest", "newer"); got != "newest\nnewer\nold" {
		t.Errorf("%q", got)
	}
	if got := Prepend("", "only"); got != "only" {
		t.Errorf("%q", got)
	}
	long := strings.Repeat("ä", longestAudit)
	if got := Prepend("", long); len(got) > longestAudit || !strings.HasSuffix(got, "ä") {
		t.Errorf("%d bytes", len(got))
	}
	if got := Prepend(strings.Repeat("x", longestAudit-3)+"\nlast", "new"); strings.Contains(got, "last") || len(got) > longestAudit {
		t.Errorf("%d bytes", len(got))
	}
}

func (r Record) with(f Field, v string) Record {
	r = r.Clone()
	r[f] = v
	return r
}

// When something last crossed: now, or when it did where the column is only brought up to date.
func TestR107_TheColumnOfTheLastSync(t *testing.T) {
	before := noon.Add(-time.Hour)
	for name, tt := range map[string]struct {
		plan Plan
		w    Written
		base string
		want string
	}{
		"SomethingCame":   {Plan{ToOpportunity: Record{Name: "N"}}, Written{}, "old", "2026-03-02T12:00:00Z"},
		"SomethingWent":   {Plan{ToReferral: Record{Name: "N"}}, answeredReferral(Record{}), "old", "2026-03-02T12:00:00Z"},
		"PassedOver":      {Plan{}, answeredReferral(Record{}), "old", "old"},
		"BroughtUpToDate": {Plan{Stamp: true}, Written{}, "old", "2026-03-02T11:00:00Z"},
		"Nothing":         {Plan{}, Written{}, "old", "old"},
		"NeverKnown":      {Plan{}, Written{}, "-", "-"},
	} {
		in := linked(func(in *Pairing) { in.Pair.LastSuccess = before })
		if tt.base != "-" {
			in.Pair.Base.Opportunity[LastSync] = tt.base
		}
		got, there := in.Columns(tt.plan, tt.w)[LastSync]
		if there != (tt.want != "-") || there && got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAStatusWithoutWordsIsNamed(t *testing.T) {
	in := linked(func(in *Pairing) { in.Referral.Record[Status] = "odd" })
	if d := cmp.Diff([]string{"to CRM: status canceled, reason: why"}, told(in, Plan{ToOpportunity: Record{Status: Canceled, Reason: "why"}}, Written{})); d != "" {
		t.Error(d)
	}
}
