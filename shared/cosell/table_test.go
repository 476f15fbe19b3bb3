package cosell

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// x and xs are a plain field and a list that no rule of the heart knows by name.
const (
	x  Field = "x"
	xs Field = "xs"
)

// three are the texts of one field: what was agreed, and what each side holds now. "-" is absent.
type three struct{ base, pc, crm string }

// outcome is what a plan says about one field; "-" is nothing.
type outcome struct {
	toReferral, toOpportunity string
	code                      string
	place                     Place
}

var nothing = outcome{toReferral: "-", toOpportunity: "-"}

func toPC(v string) outcome  { return outcome{toReferral: v, toOpportunity: "-"} }
func toCRM(v string) outcome { return outcome{toReferral: "-", toOpportunity: v} }

func (o outcome) saying(code string, place Place) outcome {
	o.code, o.place = code, place
	return o
}

// one compares a single field under a single rule.
func one(rule Rule, f Field, v three, at func(*Pairing)) Plan {
	record := func(text string) Record {
		r := Record{}
		if list, _, member := f.List(); member {
			r[list] = "1" // the list was read, whatever is in it
		}
		if text != "-" {
			r[f] = text
		}
		return r
	}
	base := Base{Referral: record(v.base), Opportunity: record(v.base)}
	if v.base == "-" {
		base = Base{Referral: Record{}, Opportunity: Record{}}
	}
	p, d := record(v.pc), record(v.crm)
	p[Status], d[Status], d[Sync] = Accepted, Open, True
	in := pairing(base, p, d)
	in.Rules = []Rule{rule}
	if at != nil {
		at(&in)
	}
	return Merge(in)
}

func about(plan Plan, f Field) outcome {
	out := nothing
	if v, ok := plan.ToReferral[f]; ok {
		out.toReferral = v
	}
	if v, ok := plan.ToOpportunity[f]; ok {
		out.toOpportunity = v
	}
	if len(plan.Problems) > 0 {
		out.code, out.place = plan.Problems[0].Code, plan.Problems[0].Place
	}
	if len(plan.Problems) > 1 {
		out.code = "more than one problem"
	}
	return out
}

func (o outcome) check(t *testing.T, plan Plan, f Field) {
	t.Helper()
	if d := cmp.Diff(o, about(plan, f), cmp.AllowUnexported(outcome{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// The rows are those of Merge's comment; the columns are the ways of a field. A member of a list that was
// removed is empty.
func TestTruthTableOfAFieldWithABase(t *testing.T) {
	restored := toCRM("old").saying("column.readonly", InCRM)
	for _, row := range []struct {
		name                                  string
		plain                                 three
		both, toReferral, toOpportunity, read outcome
	}{
		{"NothingChanged", three{"old", "old", "old"},
			nothing, nothing, nothing, nothing},
		{"PartnerCenterChanged", three{"old", "new", "old"},
			toCRM("new"), nothing, toCRM("new"), nothing},
		{"CRMChanged", three{"old", "old", "new"},
			toPC("new"), toPC("new"), restored, nothing},
		{"BothChangedToTheSame", three{"old", "new", "new"},
			nothing, nothing, nothing, nothing},
		{"BothChangedToOthers", three{"old", "theirs", "mine"},
			toPC("mine").saying(conflictResolved, InPartnerCenter), toPC("mine"), toCRM("theirs"), nothing},
		{"PartnerCenterCleared", three{"old", "", "old"},
			toCRM(""), nothing, toCRM(""), nothing},
		{"CRMCleared", three{"old", "old", ""},
			toPC(""), toPC(""), restored, nothing},
		{"ClearedHereChangedThere", three{"old", "theirs", ""},
			toCRM("theirs"), toPC(""), toCRM("theirs"), nothing},
		{"ChangedHereClearedThere", three{"old", "", "mine"},
			toPC("mine"), toPC("mine"), toCRM(""), nothing},
		{"BothCleared", three{"old", "", ""},
			nothing, nothing, nothing, nothing},
	} {
		for way, want := range map[Way]outcome{Both: row.both, ToReferral: row.toReferral, ToOpportunity: row.toOpportunity, Read: row.read} {
			t.Run(row.name+"/"+string(way), func(t *testing.T) {
				want.check(t, one(Rule{Field: x, Way: way}, x, row.plain, nil), x)
			})
		}
	}
}

func TestTruthTableOfAMemberOfAListWithABase(t *testing.T) {
	f := xs.Of("a")
	for _, row := range []struct {
		name             string
		member           three
		both, toReferral outcome
	}{
		{"NothingChanged", three{"old", "old", "old"}, nothing, nothing},
		{"PartnerCenterChanged", three{"old", "new", "old"}, toCRM("new"), nothing},
		{"CRMChanged", three{"old", "old", "new"}, toPC("new"), toPC("new")},
		{"BothChangedToTheSame", three{"old", "new", "new"}, nothing, nothing},
		{"BothChangedToOthers", three{"old", "theirs", "mine"}, toPC("mine").saying(conflictResolved, InPartnerCenter), toPC("mine")},
		{"RemovedInPartnerCenter", three{"old", "-", "old"}, toCRM(""), nothing},
		{"RemovedInCRM", three{"old", "old", "-"}, toPC(""), toPC("")},
		{"RemovedOnBothSides", three{"old", "-", "-"}, nothing, nothing},
		{"RemovedInCRMChangedThere", three{"old", "theirs", "-"}, toCRM("theirs"), toPC("")},
		{"RemovedInPartnerCenterChangedHere", three{"old", "-", "mine"}, toPC("mine"), toPC("mine")},
	} {
		for way, want := range map[Way]outcome{Both: row.both, ToReferral: row.toReferral} {
			t.Run(row.name+"/"+string(way), func(t *testing.T) {
				want.check(t, one(Rule{Field: xs, Way: way, List: true}, f, row.member, nil), f)
			})
		}
	}
}

func TestTheConflictPolicyDecidesWhoGivesWay(t *testing.T) {
	crm := toPC("mine").saying(conflictResolved, InPartnerCenter)
	pc := toCRM("theirs").saying(conflictResolved, InCRM)
	for _, tt := range []struct {
		wins Wins
		pcAt time.Time
		want outcome
	}{
		{Newest, noon, crm},
		{Newest, noon.Add(time.Minute), crm}, // in the same second nobody is newer: CRM's
		{Newest, noon.Add(2 * time.Minute), pc},
		{"", noon, crm},
		{"", noon.Add(2 * time.Minute), pc},
		{CRM, noon.Add(time.Hour), crm},
		{PartnerCenter, noon.Add(-time.Hour), pc},
		{ManualDecision, noon, nothing.saying("conflict.manual", InPartnerCenter)},
	} {
		t.Run(string(tt.wins)+tt.pcAt.Format("15:04"), func(t *testing.T) {
			at := func(in *Pairing) { in.Referral.Modified = tt.pcAt }
			tt.want.check(t, one(Rule{Field: x, Way: Both, Wins: tt.wins}, x, three{"old", "theirs", "mine"}, at), x)
			tt.want.check(t, one(Rule{Field: xs, Way: Both, Wins: tt.wins, List: true}, xs.Of("a"), three{"old", "theirs", "mine"}, at), xs.Of("a"))
		})
	}
}

func TestTheNoteOfAConflictSaysWhoseValueIsLost(t *testing.T) {
	for wins, lost := range map[Wins]string{CRM: `the value of Partner Center gave way: "theirs"`, PartnerCenter: `the value of CRM gave way: "mine"`} {
		plan := one(Rule{Field: x, Label: "X", Way: Both, Wins: wins}, x, three{"old", "theirs", "mine"}, nil)
		p := plan.Problems[0]
		if want := "X was changed on both sides; " + lost; p.Text != want || !p.Once || !p.Warn {
			t.Errorf("%s: %+v", wins, p)
		}
	}
}

func TestManualDecisionWaitsAndIsRemembered(t *testing.T) {
	rule := Rule{Field: x, Way: Both, Wins: ManualDecision}
	base := Base{Referral: Record{x: "old"}, Opportunity: Record{x: "old"}}
	in := pairing(base, Record{x: "theirs", Status: Accepted}, Record{x: "mine", Status: Open, Sync: True})
	in.Rules = []Rule{rule}
	plan := Merge(in)
	pair := in.Settle(plan, Written{}, "")
	if pair.Base.Referral[x] != "old" || pair.Base.Opportunity[x] != "old" {
		t.Errorf("the base was renewed: %v", pair.Base)
	}
	if h, ok := pair.HeldAt(InPartnerCenter, x); !ok || h.Class != OfRule || !h.Next.IsZero() {
		t.Errorf("held %v", pair.Held)
	}
	in.Pair = pair
	in.Opportunity.row.Record = Record{x: "theirs", Status: Open, Sync: True} // a person decides
	in.Pair = in.Settle(Merge(in), Written{}, "")
	if len(in.Pair.Held) != 0 || len(in.Pair.Told) != 0 {
		t.Errorf("after the decision %v", in.Pair.Held)
	}
}

// Without a base: what is equal is agreed, what is empty is filled, what differs is left alone.
func TestTruthTableOfFirstSight(t *testing.T) {
	told := nothing.saying("values.differ", InPartnerCenter)
	for _, row := range []struct {
		name                            string
		v                               three
		both, toReferral, toOpportunity outcome
	}{
		{"Equal", three{"-", "same", "same"}, nothing, nothing, nothing},
		{"CRMIsEmpty", three{"-", "theirs", ""}, toCRM("theirs"), nothing, toCRM("theirs")},
		{"PartnerCenterIsEmpty", three{"-", "", "mine"}, toPC("mine"), toPC("mine"), nothing},
		{"BothEmpty", three{"-", "", ""}, nothing, nothing, nothing},
		{"CRMDoesNotHaveIt", three{"-", "theirs", "-"}, nothing, nothing, nothing},
		{"PartnerCenterDoesNotHaveIt", three{"-", "-", "mine"}, nothing, nothing, nothing},
		{"TheyDiffer", three{"-", "theirs", "mine"}, told, nothing, nothing},
	} {
		for way, want := range map[Way]outcome{Both: row.both, ToReferral: row.toReferral, ToOpportunity: row.toOpportunity, Read: nothing} {
			t.Run(row.name+"/"+string(way), func(t *testing.T) {
				want.check(t, one(Rule{Field: x, Way: way}, x, row.v, nil), x)
			})
		}
	}
}

func TestR145_FirstSightOfTheSheetSaysWhoseCounts(t *testing.T) {
	differ := three{"-", "theirs", "mine"}
	for _, tt := range []struct {
		sight   Wins
		way     Way
		linking bool
		want    outcome
	}{
		{"", Both, false, nothing}, // a row that is new in the sheet: in drift only
		{Leave, Both, false, nothing},
		{Leave, Both, true, nothing.saying("values.differ", InPartnerCenter)},
		{CRM, Both, false, toPC("mine")},
		{CRM, Both, true, toPC("mine")},
		{PartnerCenter, Both, false, toCRM("theirs")},
		{CRM, ToOpportunity, false, nothing},
		{PartnerCenter, ToReferral, false, nothing},
	} {
		t.Run(string(tt.sight)+"/"+string(tt.way), func(t *testing.T) {
			plan := one(Rule{Field: x, Way: tt.way, FirstSight: tt.sight}, x, differ, func(in *Pairing) { in.Linking, in.NewSheet = tt.linking, !tt.linking })
			tt.want.check(t, plan, x)
		})
	}
}

// A value that a side shows late, as an assessment does once it is accepted, is told as one that differed when the two met.
func TestAValueThatShowsLateIsToldToDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		linking, newSheet bool
		want              []string
	}{"they meet": {true, false, []string{CodeDiffer}}, "it shows late": {false, false, []string{CodeDiffer}}, "a new sheet sees it": {false, true, nil}} {
		in := pairing(Base{}, Record{x: "theirs", xs: "1", "xs/a": "A"}, Record{x: "mine", xs: "1", "xs/c": "C"})
		in.Linking, in.NewSheet = c.linking, c.newSheet
		for _, rule := range []Rule{{Field: x, Way: Both}, {Field: xs, Way: Both, List: true}} {
			in.Rules = []Rule{rule}
			plan := Merge(in)
			if d := cmp.Diff(c.want, codes(plan.Problems)); d != "" || len(plan.ToReferral)+len(plan.ToOpportunity) > 0 || len(plan.leftAlone) == 0 {
				t.Errorf("%s, %s: %s %+v", name, rule.Field, d, plan)
			}
		}
	}
}

func TestFirstSightOfLists(t *testing.T) {
	for _, tt := range []struct {
		name    string
		way     Way
		linking bool
		pc, crm Record
		want    Plan
		code    string
	}{
		{"CRMHasNone", Both, true, Record{xs: "1", "xs/a": "A"}, Record{xs: "0"}, Plan{ToOpportunity: Record{"xs/a": "A"}}, ""},
		{"PartnerCenterHasNone", Both, true, Record{xs: "0"}, Record{xs: "1", "xs/a": "A"}, Plan{ToReferral: Record{"xs/a": "A"}}, ""},
		{"OneWayFillsPartnerCenter", ToReferral, true, Record{xs: "0"}, Record{xs: "1", "xs/a": "A"}, Plan{ToReferral: Record{"xs/a": "A"}}, ""},
		{"OneWayNeverFillsCRM", ToReferral, true, Record{xs: "1", "xs/a": "A"}, Record{xs: "0"}, Plan{}, ""},
		{"NotReadIsNotEmpty", Both, true, Record{xs: "1", "xs/a": "A"}, Record{}, Plan{}, ""},
		{"TwoListsThatDifferAreLeftAloneAndToldOnce", Both, true, Record{xs: "2", "xs/a": "A", "xs/b": "B"}, Record{xs: "1", "xs/c": "C"}, Plan{}, "values.differ"},
		{"ByANewSheetItIsNotTold", Both, false, Record{xs: "1", "xs/a": "A"}, Record{xs: "1", "xs/c": "C"}, Plan{}, ""},
		{"EqualListsAreAgreed", Both, true, Record{xs: "1", "xs/a": "A"}, Record{xs: "1", "xs/a": "A"}, Plan{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := pairing(Base{}, tt.pc, tt.crm)
			in.Rules, in.Linking, in.NewSheet = []Rule{{Field: xs, Way: tt.way, List: true}}, tt.linking, !tt.linking
			plan := Merge(in)
			if d := cmp.Diff(or(tt.want.ToReferral), plan.ToReferral); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(or(tt.want.ToOpportunity), plan.ToOpportunity); d != "" {
				t.Error(d)
			}
			var want []string
			if tt.code != "" {
				want = []string{tt.code}
			}
			if d := cmp.Diff(want, codes(plan.Problems)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestR145_TheFirstEditOfANewRowCrosses(t *testing.T) {
	rule := Rule{Field: x, Way: Both}
	in := pairing(Base{Referral: Record{}, Opportunity: Record{}}, Record{x: "same", Status: Accepted}, Record{x: "same", Status: Open, Sync: True})
	in.Rules, in.Linking = []Rule{rule}, false
	in.Pair = in.Settle(Merge(in), Written{}, "grown")
	if in.Pair.Sheet != "grown" {
		t.Errorf("made by sheet %q", in.Pair.Sheet)
	}
	for name, edit := range map[string]func(*Pairing){
		"PartnerCenter": func(in *Pairing) { in.Referral.Record = Record{x: "new", Status: Accepted} },
		"CRM":           func(in *Pairing) { in.Opportunity.row.Record = Record{x: "new", Status: Open, Sync: True} },
	} {
		later := in
		r, o := *in.Referral, in.Opportunity.row
		later.Referral, later.Opportunity = &r, AtHand(o)
		edit(&later)
		plan := Merge(later)
		if got := plan.ToReferral[x] + plan.ToOpportunity[x]; got != "new" {
			t.Errorf("%s: the first edit did not cross: %+v", name, plan)
		}
	}
}

func TestR117_ColumnsOfOursArePutBack(t *testing.T) {
	inside := Rule{Field: ReferralLink, Way: Inside}
	const oldLine, newLine = "2026-03-02 09:00 - to CRM: updated Topic (t1)", "2026-03-02 09:05 - to Partner Center: waiting (t2)"
	for _, tt := range []struct {
		name string
		v    three
		f    Field
		want outcome
	}{
		{"Changed", three{"link", "-", "other"}, ReferralLink, toCRM("link").saying("column.locked", InCRM)},
		{"Cleared", three{"link", "-", ""}, ReferralLink, toCRM("link").saying("column.locked", InCRM)},
		{"Untouched", three{"link", "-", "link"}, ReferralLink, nothing},
		{"NotRead", three{"link", "-", "-"}, ReferralLink, nothing},
		{"NeverKnown", three{"-", "-", "typed"}, ReferralLink, nothing},
		{"ItWasEmpty", three{"", "-", "typed"}, ReferralLink, nothing},
		{"AuditWithALineOfOursNotRemembered", three{oldLine, "-", newLine + "\n" + oldLine}, Audit, nothing},
		{"AuditWithALineOfOursAndWordsOfSomebody", three{oldLine, "-", "typed\n" + newLine + "\n" + oldLine}, Audit, toCRM(newLine+"\n"+oldLine).saying("column.locked", InCRM)},
		{"AuditWhoseLineWasTakenAway", three{oldLine, "-", newLine}, Audit, toCRM(newLine+"\n"+oldLine).saying("column.locked", InCRM)},
		{"AuditThatWasEmptyIsEmptiedAgain", three{"", "-", "typed"}, Audit, toCRM("").saying("column.locked", InCRM)},
		{"OnlyAHashIsLeft", three{hashed + "00", "-", "other"}, ReferralLink, nothing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inside.Field = tt.f
			tt.want.check(t, one(inside, tt.f, tt.v, nil), tt.f)
			base := Base{Opportunity: Record{tt.f: tt.v.base}}
			if tt.v.base == "-" || tt.v.crm == "-" {
				return
			}
			want := tt.v.base != tt.v.crm
			if got := Restorable(base, Opportunity{Side: Side{Record: Record{tt.f: tt.v.crm}}}, []Rule{inside}); got != want {
				t.Errorf("restorable %v", got)
			}
		})
	}
}

func TestR117_AnAssumedOpportunityIsNeverRestored(t *testing.T) {
	plan := one(Rule{Field: ReferralLink, Way: Inside}, ReferralLink, three{"link", "-", "other"}, func(in *Pairing) { in.Opportunity = Assumed(in.Pair) })
	nothing.check(t, plan, ReferralLink)
}

func TestALossyWayIsComparedWithItsOwnSide(t *testing.T) {
	rule := Rule{Field: x, Way: Both, ToOpportunity: cut, ToReferral: func(s string) string { return s + "!" }}
	base := Base{Referral: Record{x: "long text"}, Opportunity: Record{x: "long"}}
	for _, tt := range []struct {
		name    string
		pc, crm string
		want    outcome
	}{
		{"NothingChanged", "long text", "long", nothing},
		{"BeyondTheCut", "long textual", "long", nothing},
		{"WithinTheCut", "best text", "long", toCRM("best")},
		{"TheOtherWay", "long text", "new", toPC("new!")},
		{"BothAgreeThroughTheCut", "best text", "best", nothing},
		{"BothAgreeThroughTheOtherWay", "new!", "new", nothing},
		{"AnEmptyTextIsNotTurned", "long text", "", toPC("")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := pairing(base, Record{x: tt.pc, Status: Accepted}, Record{x: tt.crm, Status: Open, Sync: True})
			in.Rules = []Rule{rule}
			tt.want.check(t, Merge(in), x)
		})
	}
}

func TestR146_AnEditOfCutTextKeepsTheHiddenTail(t *testing.T) {
	whole := func(o, r string) (string, bool) {
		if n := len(o); n > 0 && o[n-1] == '>' {
			return o[:n-1] + r[3:], true
		}
		return "", false
	}
	rule := Rule{Field: x, Label: "Notes", Way: Both, Whole: whole}
	base := Base{Referral: Record{x: "abcdef"}, Opportunity: Record{x: "abc>"}}
	for _, tt := range []struct {
		name, crm string
		want      outcome
	}{
		{"TheMarkStands", "xyz>", toPC("xyzdef")},
		{"TheMarkIsGone", "xyz", nothing.saying("text.cut", InPartnerCenter)},
		{"Cleared", "", toPC("")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := pairing(base, Record{x: "abcdef", Status: Accepted}, Record{x: tt.crm, Status: Open, Sync: True})
			in.Rules = []Rule{rule}
			plan := Merge(in)
			tt.want.check(t, plan, x)
			pair := in.Settle(plan, Written{}, "")
			if h, held := pair.HeldAt(InPartnerCenter, x); tt.name == "TheMarkIsGone" && (pair.Base.Opportunity[x] != "abc>" || !held || h.Next.IsZero()) {
				t.Errorf("the change was forgotten, or nobody looks whether the column is longer by now: %v, %+v", pair.Base.Opportunity, h)
			}
		})
	}
}

func TestR36_SwitchedOffNothingCrossesAndNothingIsForgotten(t *testing.T) {
	in := edit(Record{DealValue: "7", "solutions/SOL-9": "{}"}, Record{Name: "New", Sync: False})
	plan := Merge(in)
	if len(plan.ToReferral)+len(plan.ToOpportunity) != 0 || plan.Invite != "" {
		t.Errorf("crossed: %+v", plan)
	}
	if d := cmp.Diff([]string{"sync.off"}, codes(plan.Problems)); d != "" {
		t.Error(d)
	}
	in.Pair = in.Settle(plan, Written{}, "")
	if in.Pair.Base.Opportunity[Sync] != False || in.Pair.OpportunityVersion != "" {
		t.Errorf("that it is off is not known, or the version was kept: %v", in.Pair)
	}
	if h, ok := in.Pair.HeldAt(InPartnerCenter, Sync); !ok || h.Class != OfRule {
		t.Errorf("held %v", in.Pair.Held)
	}
	on := in.Opportunity.row
	on.Record = on.Record.Clone()
	on.Record[Sync] = True
	in.Opportunity = AtHand(on)
	plan = Merge(in)
	if plan.ToReferral[Name] != "New" || plan.ToOpportunity[DealValue] != "7" || plan.ToOpportunity["solutions/SOL-9"] != "{}" {
		t.Errorf("switched on again: %+v", plan)
	}
}

func TestUnreadableValuesAreToldOnTheirSide(t *testing.T) {
	in := edit(Record{Unreadable.Of("dealValue"): "not an amount"}, Record{Unreadable.Of("closingDate"): "year 0001"})
	plan := Merge(in)
	if len(plan.Problems) != 2 || plan.Problems[0].Place != InCRM || plan.Problems[1].Place != InPartnerCenter {
		t.Fatalf("%+v", plan.Problems)
	}
	if plan.Problems[0].Field != DealValue || plan.Problems[0].Text != "dealValue: not an amount" {
		t.Errorf("%+v", plan.Problems[0])
	}
	in.Opportunity = Assumed(in.Pair)
	if got := codes(Merge(in).Problems); len(got) != 1 {
		t.Errorf("of an assumed opportunity nothing is known to be unreadable: %v", got)
	}
}

func TestOvertakenIsToldOnlyWhereCRMWasSavedLater(t *testing.T) {
	for _, tt := range []struct {
		name    string
		touched time.Time
		crm     Record
		version string
		told    bool
	}{
		{"NeverTouched", time.Time{}, nil, "", false},
		{"TouchedBefore", noon.Add(-time.Minute), nil, "", false},
		{"TouchedAfter", noon.Add(time.Minute), nil, "", true},
		{"TouchedAfterAndEmpty", noon.Add(time.Minute), Record{DealValue: ""}, "", false},
		{"SavedWithoutAChange", time.Time{}, nil, "older", true},
		{"SavedWithAnotherChange", time.Time{}, Record{Name: "New"}, "older", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := edit(Record{DealValue: "7"}, tt.crm)
			if v, ok := tt.crm[DealValue]; ok {
				in.Pair.Base.Opportunity[DealValue] = v
			}
			in.Pair.Touched, in.Pair.OpportunityVersion = tt.touched, tt.version
			plan := Merge(in)
			if got := len(plan.Problems) == 1 && plan.Problems[0].Code == "conflict.possible"; got != tt.told || plan.ToOpportunity[DealValue] != "7" {
				t.Errorf("%+v", plan)
			}
		})
	}
}

func TestLongLosersAreQuotedWholeAsFarAsAuditHolds(t *testing.T) {
	if got := quote("short"); got != `"short"` {
		t.Error(got)
	}
	if got := quote("two\nlines"); got != `"two ↵ lines"` {
		t.Error(got)
	}
	whole := strings.Repeat("ä", 5000)
	if got := quote(whole); got != `"`+whole+`"` {
		t.Errorf("%d bytes of %d", len(got), len(whole))
	}
	if got := quote(strings.Repeat("ä", 9000)); len(got) > longestAudit-490 || !strings.HasSuffix(got, `ä…"`) {
		t.Errorf("%d bytes", len(got))
	}
}
