package cosell

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSettleRenewsWhatWasReadAndWhatWasWritten(t *testing.T) {
	in := edit(Record{DealValue: "7", "solutions/SOL-1": "", "solutions/SOL-2": "{}"}, Record{Name: "New"})
	plan := Merge(in)
	after, done := write(in, plan)
	pair := in.Settle(plan, done, "sheet")
	if d := cmp.Diff(Remember(after.Referral.Record).Only(Name, DealValue, "solutions/SOL-1", "solutions/SOL-2"),
		pair.Base.Referral.Only(Name, DealValue, "solutions/SOL-1", "solutions/SOL-2")); d != "" {
		t.Error(d)
	}
	if pair.Base.Opportunity[DealValue] != "7" || pair.Base.Opportunity["solutions/SOL-2"] != "{}" {
		t.Errorf("%v", pair.Base.Opportunity)
	}
	if _, there := pair.Base.Opportunity["solutions/SOL-1"]; there {
		t.Error("the removed member is still in the base")
	}
	if pair.Sheet != "sheet" || !pair.LastSuccess.Equal(noon) || pair.Sending != nil || pair.Untold != nil {
		t.Errorf("%+v", pair)
	}
}

func TestSettleKeepsWhatTheSystemMadeOfAValue(t *testing.T) {
	in := edit(Record{DealValue: "7.239"}, nil)
	plan := Merge(in)
	_, done := write(in, plan)
	done.Opportunity.Record[DealValue] = "7.24" // CRM rounds
	pair := in.Settle(plan, done, "")
	if pair.Base.Opportunity[DealValue] != "7.24" || pair.Base.Referral[DealValue] != "7.239" {
		t.Errorf("%v", pair.Base)
	}
	in.Pair, in.Opportunity = pair, AtHand(*done.Opportunity)
	want{}.check(t, Merge(in))
}

func TestF118_AnEditThatCameWithTheAnswerOfOurWriteIsStillAnEdit(t *testing.T) {
	for name, place := range map[string]Place{"InCRM": InCRM, "InPartnerCenter": InPartnerCenter} {
		t.Run(name, func(t *testing.T) {
			in := edit(Record{DealValue: "7"}, nil)
			if place == InPartnerCenter {
				in = edit(nil, Record{DealValue: "7"})
			}
			plan := Merge(in)
			after, done := write(in, plan)
			if place == InCRM {
				done.Opportunity.Record[Name] = "the seller's" // somebody saved in between, the answer shows it
			} else {
				done.Referral.Record[Name] = "the portal's"
			}
			pair := in.Settle(plan, done, "")
			if pair.OpportunityVersion != "" && place == InCRM {
				t.Error("the version would let the next write assume the base")
			}
			after.Pair = pair
			if place == InCRM {
				after.Opportunity = AtHand(*done.Opportunity)
				want{toReferral: Record{Name: "the seller's"}}.check(t, Merge(after))
			} else {
				after.Referral = done.Referral
				want{toOpportunity: Record{Name: "the portal's"}}.check(t, Merge(after))
			}
		})
	}
}

func TestF119_TheVersionGoesWithABaseThatSaysEverything(t *testing.T) {
	quiet := edit(Record{DealValue: "7"}, nil)
	plan := Merge(quiet)
	_, done := write(quiet, plan)
	done.Opportunity.Version = "o2"
	if v := quiet.Settle(plan, done, "").OpportunityVersion; v != "o2" {
		t.Errorf("after a plain write the version is %q", v)
	}
	kept := edit(nil, Record{DealValue: "0"}) // a change that waits
	if v := kept.Settle(Merge(kept), Written{}, "").OpportunityVersion; v != "" {
		t.Errorf("with a change that waits the version is %q", v)
	}
	assumed := edit(Record{DealValue: "7"}, nil)
	assumed.Opportunity = Assumed(assumed.Pair)
	plan = Merge(assumed)
	if v := assumed.Settle(plan, done, "").OpportunityVersion; v != "o2" {
		t.Errorf("after a write to an assumed row the version is %q", v)
	}
	done.Opportunity.Record[Name] = "somebody's"
	if v := assumed.Settle(plan, done, "").OpportunityVersion; v != "" {
		t.Errorf("somebody was there, and the version is %q", v)
	}
}

func TestSettleTakesInWhatAClosingBringsIntoView(t *testing.T) {
	in := edit(Record{Status: Won}, nil)
	plan := Merge(in)
	_, done := write(in, plan)
	done.Opportunity.Record[DealValue], done.Opportunity.Record[ClosingDate] = "99", "2026-03-02" // the actual ones
	pair := in.Settle(plan, done, "")
	if pair.Base.Opportunity[DealValue] != "99" || pair.Base.Opportunity[ClosingDate] != "2026-03-02" {
		t.Errorf("%v", pair.Base.Opportunity)
	}
	in.Pair, in.Opportunity = pair, AtHand(*done.Opportunity)
	want{}.check(t, Merge(in))
}

func TestSettleTakesOverANameThatMadeRoomForTheMark(t *testing.T) {
	in := edit(Record{DealValue: "7"}, nil)
	in.Pair.Base.Opportunity[Mark], in.Opportunity.row.Record[Mark] = MarkFailed, MarkFailed
	plan := Merge(in)
	_, done := write(in, plan)
	done.Opportunity.Record[Mark], done.Opportunity.Record[Name] = MarkOK, "Dea…"
	pair := in.Settle(plan, done, "")
	if pair.Base.Opportunity[Name] != "Dea…" || pair.Base.Opportunity[Mark] != MarkOK {
		t.Errorf("%v", pair.Base.Opportunity)
	}
}

func TestSettleOfAnAssumedOpportunityLeavesHeldAndTold(t *testing.T) {
	in := edit(Record{DealValue: "7"}, nil)
	in.Pair.Held, in.Pair.Told, in.Pair.Sheet = []Held{{Code: "a"}}, []string{"a"}, "old"
	in.Opportunity = Assumed(in.Pair)
	pair := in.Settle(Merge(in), Written{}, "new")
	if len(pair.Held) != 1 || len(pair.Told) != 1 || pair.Sheet != "old" {
		t.Errorf("judged without the opportunity at hand: %+v", pair)
	}
}

func TestSettleNeedsASuccessForLastSuccess(t *testing.T) {
	nothingDone := edit(nil, nil)
	if got := nothingDone.Settle(Merge(nothingDone), Written{}, "").LastSuccess; !got.IsZero() {
		t.Errorf("nothing was done, last success %s", got)
	}
	failed := edit(nil, Record{"solutions/SOL-1": ""})
	if got := failed.Settle(Merge(failed), Written{}, "").LastSuccess; !got.IsZero() {
		t.Errorf("refused, last success %s", got)
	}
}

func TestSettleSentRenewsBothSidesOfWhatWasSentAlone(t *testing.T) {
	in := edit(Record{ClosingDate: "2026-11-11"}, Record{Name: "New", DealValue: "8"})
	plan := Merge(in)
	piece := plan
	piece.ToReferral = Record{Name: "New"}
	after, _ := write(in, piece)
	pair := in.SettleSent(piece, *after.Referral)
	if pair.Base.Referral[Name] != "New" || pair.Base.Opportunity[Name] != "New" {
		t.Errorf("what was sent is not agreed: %v", pair.Base)
	}
	if pair.Base.Opportunity[DealValue] == "8" || pair.Base.Opportunity[ClosingDate] == "2026-11-11" {
		t.Errorf("what was not sent counts as agreed: %v", pair.Base)
	}
	if pair.OpportunityVersion != "" || pair.Sending != nil {
		t.Errorf("%+v", pair)
	}
}

func TestSettleSentLeavesWhatGoesBothWays(t *testing.T) {
	in := edit(nil, Record{Help: "A", "contacts/ada": ada})
	plan := Merge(in) // visibility to both
	after, _ := write(in, plan)
	pair := in.SettleSent(plan, *after.Referral)
	if pair.Base.Referral[Visibility] == True {
		t.Error("half of it is still to come")
	}
	if pair.Base.Referral["contacts/ada"] != ada {
		t.Error("the contact was sent")
	}
}

func TestI25_NotesOfWhatWasSentWaitUntilAuditHasThem(t *testing.T) {
	in := edit(Record{Name: "theirs", ClosingDate: "2026-11-11"}, Record{Name: "mine", ClosingDate: "2026-12-12"})
	plan := Merge(in)
	piece := plan
	piece.ToReferral = Record{Name: "mine"}
	after, _ := write(in, piece)
	in.Pair = in.SettleSent(piece, *after.Referral)
	if len(in.Pair.Untold) != 1 || in.Pair.Untold[0].Field != Name {
		t.Fatalf("%+v", in.Pair.Untold)
	}
	again := in.SettleSent(piece, *after.Referral)
	if len(again.Untold) != 1 {
		t.Errorf("noted twice: %+v", again.Untold)
	}
	after.Pair = in.Pair
	lines := after.Lines(Merge(after), Written{}, Words{Rules: rules, At: noon})
	found := 0
	for _, l := range lines {
		if strings.Contains(l, `name was changed on both sides; the value of Partner Center gave way: "theirs"`) {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the note is told %d times: %q", found, lines)
	}
	if left := after.Settle(Merge(after), Written{}, "").Untold; left != nil {
		t.Errorf("told, and still noted: %+v", left)
	}
}

const sentLine = "2026-03-02 12:00 - to CRM: updated name (trace)"

// sent is what was noted before a write to a side, and the side as it was then.
func sent(in Pairing, place Place) (Pair, Plan) {
	plan := Merge(in)
	pair := in.Pair
	if place == InCRM { // each write to CRM brings its line
		plan.ToOpportunity[Audit] = sentLine
	}
	pair.Sending = in.NewSending(place, plan, noon)
	return pair, plan
}

func TestResolveOfAWriteToPartnerCenter(t *testing.T) {
	for name, tt := range map[string]struct {
		version string
		now     string // the name in Partner Center now
		want    want   // the next plan
		notes   int
	}{
		"NotMade":                {"r1", "Deal", want{toReferral: Record{Name: "mine"}}, 0},
		"Made":                   {"r2", "mine", want{}, 0},
		"MadeAndTakenBack":       {"r2", "Deal", want{toReferral: Record{Name: "mine"}, codes: []string{conflictResolved}}, 0},
		"SomebodyWasThereSince":  {"r2", "other", want{toReferral: Record{Name: "mine"}, codes: []string{conflictResolved}}, 0},
		"NotMadeButOtherVersion": {"r2", "Deal", want{toReferral: Record{Name: "mine"}, codes: []string{conflictResolved}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(nil, Record{Name: "mine"})
			pair, _ := sent(in, InPartnerCenter)
			side := in.Referral.Side
			side.Version, side.Record = tt.version, side.Record.Clone()
			side.Record[Name] = tt.now
			got := pair.Resolve(side)
			if got.Sending != nil || len(got.Untold) != tt.notes {
				t.Errorf("%+v", got)
			}
			in.Pair = got
			in.Referral = &Referral{Side: side}
			tt.want.check(t, Merge(in))
		})
	}
}

func TestI26_AnUndoInTheSaveWindowWinsOrTheLoserIsTold(t *testing.T) {
	// The portal's person takes back, on the newer side, what the seller's write had brought.
	in := edit(nil, Record{DealValue: "20000"})
	pair, _ := sent(in, InPartnerCenter)
	side := in.Referral.Side
	side.Version, side.Modified = "r3", noon.Add(time.Hour)
	in.Pair, in.Referral = pair.Resolve(side), &Referral{Side: side}
	want{toOpportunity: Record{DealValue: "100"}, codes: []string{conflictResolved}}.check(t, Merge(in))

	// The seller takes back in CRM: the referral holds what was written, which is agreed by now.
	in = edit(nil, Record{DealValue: "20000"})
	pair, _ = sent(in, InPartnerCenter)
	side = in.Referral.Side
	side.Version, side.Record = "r2", side.Record.Clone()
	side.Record[DealValue] = "20000"
	in.Pair, in.Referral = pair.Resolve(side), &Referral{Side: side}
	in.Opportunity.row.Record[DealValue] = "100"
	want{toReferral: Record{DealValue: "100"}}.check(t, Merge(in))
}

// A write to CRM was made, and nobody noted it; what another process has left to be told since was not among its lines (I25).
func TestI25_WhatIsUntoldSinceAWriteIsStillToldAfterIt(t *testing.T) {
	early := Problem{Code: conflictResolved, Field: Name, Place: InCRM, Text: "Topic was changed on both sides;  the value of CRM gave way", Warn: true, Once: true}
	late := Problem{Code: conflictResolved, Field: DealValue, Place: InPartnerCenter, Text: "the value of Partner Center gave way", Warn: true, Once: true}
	step := Problem{Place: InPartnerCenter, Text: "shared", Warn: true, Once: true}
	in := edit(nil, nil)
	words := Words{At: noon}
	audit := Prepend("", words.Say(early), words.Done(ToPartnerCenter, step.Text))
	pair := in.Pair
	pair.Untold = []Problem{early, step, late}
	pair.Sending = &Sending{Place: InCRM, Version: "o1", Old: Record{Audit: ""}, New: Record{Audit: audit}}
	side := in.Opportunity.Side()
	side.Version, side.Record = "o2", side.Record.Clone()
	side.Record[Audit] = audit
	if got := pair.Resolve(side).Untold; len(got) != 1 || got[0] != late {
		t.Errorf("still to be told: %+v", got)
	}
}

func TestResolveOfAWriteToCRM(t *testing.T) {
	line := sentLine
	waits := "2026-03-02 12:00 - to Partner Center: waiting: a change has been waiting since 11:58 UTC (trace)"
	for name, tt := range map[string]struct {
		version, now, audit string
		want                want
	}{
		"NotMade":                      {"o1", "Deal", "", want{toOpportunity: Record{Name: "theirs"}}},
		"Made":                         {"o2", "theirs", line, want{}},
		"MadeWithoutALine":             {"o2", "theirs", "", want{}},
		"NotMadeAndSavedElsewhere":     {"o2", "Deal", "", want{toOpportunity: Record{Name: "theirs"}}},
		"NotMadeAndToldToWait":         {"o2", "Deal", waits, want{toOpportunity: Record{Name: "theirs"}}},
		"MadeAndToldToWait":            {"o3", "Deal", waits + "\n" + line, want{toReferral: Record{Name: "Deal"}}},
		"MadeAndTakenBack":             {"o3", "Deal", line, want{toReferral: Record{Name: "Deal"}}},
		"MadeAndChangedToSomethingNew": {"o3", "newest", line, want{toReferral: Record{Name: "newest"}}},
		"NotMadeAndChangedMeanwhile":   {"o2", "newest", "", want{toReferral: Record{Name: "newest"}, codes: []string{conflictResolved}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := edit(Record{Name: "theirs"}, nil)
			pair, _ := sent(in, InCRM)
			side := in.Opportunity.row.Side
			side.Version, side.Record = tt.version, side.Record.Clone()
			side.Record[Name], side.Record[Audit] = tt.now, tt.audit
			in.Pair, in.Opportunity = pair.Resolve(side), AtHand(Opportunity{Side: side})
			tt.want.check(t, Merge(in))
			if in.Pair.Untold != nil {
				t.Errorf("a write to CRM brings its own line: %+v", in.Pair.Untold)
			}
		})
	}
}

// The portal's newer value was about to be written over the seller's, who meanwhile typed what both sides once
// said: an edit all the same, though it looks like none.
func TestI26_AnEditBackToTheBaseIsSeenThoughTheWriteWasNotMade(t *testing.T) {
	in := edit(Record{Name: "theirs"}, Record{Name: "mine"})
	in.Referral.Modified = noon.Add(time.Hour)
	pair, _ := sent(in, InCRM)
	in.Pair = pair.Resolve(with(in.Opportunity, func(o *Opportunity) { o.Version, o.Record[Name] = "o2", "Deal" }).Side())
	in.Opportunity = with(in.Opportunity, func(o *Opportunity) { o.Version, o.Modified, o.Record[Name] = "o2", noon.Add(2*time.Hour), "Deal" })
	want{toReferral: Record{Name: "Deal"}, codes: []string{conflictResolved}}.check(t, Merge(in))
}

func TestI25_ResolveBringsTheNotesOfAWriteThatWasMade(t *testing.T) {
	in := edit(Record{Name: "theirs"}, Record{Name: "mine"})
	pair, plan := sent(in, InPartnerCenter)
	side := in.Referral.Side
	side.Version, side.Record = "r2", side.Record.Clone()
	side.Record[Name] = "mine"
	got := pair.Resolve(side)
	if len(got.Untold) != 1 || got.Untold[0] != plan.Problems[0] {
		t.Errorf("%+v", got.Untold)
	}
	if again := got.Resolve(side); len(again.Untold) != 1 {
		t.Errorf("noted twice: %+v", again.Untold)
	}
}

func TestResolveOfADoorThatNobodyOpensAgain(t *testing.T) {
	in := edit(nil, Record{Visibility: True, Status: Won})
	pair, _ := sent(in, InPartnerCenter)
	side := in.Referral.Side
	side.Version = "r2" // somebody changed something else; nothing of ours is there
	got := pair.Resolve(side)
	if got.Base.Referral[Visibility] == True || got.Base.Referral[Status] == Won {
		t.Errorf("taken for made: %v", got.Base.Referral)
	}
	in.Pair, in.Referral = got, &Referral{Side: side}
	if plan := Merge(in); plan.ToReferral[Status] != Won || plan.ToReferral[Visibility] != True {
		t.Errorf("%+v", plan)
	}
}

func TestResolveOfMembers(t *testing.T) {
	in := from(Record{"solutions/SOL-2": "{}"}, Record{"solutions/SOL-2": "{}"}, nil, Record{"solutions/SOL-2": "", "solutions/SOL-3": "{}"})
	pair, _ := sent(in, InPartnerCenter)
	side := in.Referral.Side
	side.Version, side.Record = "r2", side.Record.Clone()
	apply(side.Record, Record{"solutions/SOL-2": "", "solutions/SOL-3": "{}"})
	got := pair.Resolve(side)
	if _, there := got.Base.Referral["solutions/SOL-2"]; there || got.Base.Referral["solutions/SOL-3"] != "{}" {
		t.Errorf("%v", got.Base.Referral)
	}
	in.Pair, in.Referral = got, &Referral{Side: side}
	want{}.check(t, Merge(in))
}

func TestResolveWithoutANoteChangesNothing(t *testing.T) {
	pair := Pair{OpportunityVersion: "o1", Base: Base{Referral: Record{Name: "a"}}}
	if got := pair.Resolve(Side{Version: "r9"}); got.OpportunityVersion != "o1" {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNotedBeforeAWrite(t *testing.T) {
	in := edit(Record{Name: "theirs", DealValue: "7"}, Record{Name: "mine"})
	plan := Merge(in)
	s := in.NewSending(InPartnerCenter, plan, noon)
	if d := cmp.Diff(&Sending{Place: InPartnerCenter, Version: "r1", Old: Record{Name: "theirs"}, New: Record{Name: "mine"},
		Source: Record{Name: "mine"}, Notes: plan.Problems, At: noon}, s); d != "" {
		t.Error(d)
	}
	s = in.NewSending(InCRM, plan, noon)
	if d := cmp.Diff(Record{DealValue: "7"}, s.New); d != "" || s.Version != "o1" || s.Old[DealValue] != "100" {
		t.Errorf("%+v", s)
	}
	in.Pair.OpportunityVersion = "o7"
	in.Opportunity = Assumed(in.Pair)
	if s = in.NewSending(InCRM, plan, noon); s.Version != "o7" || s.Old[DealValue] != "100" {
		t.Errorf("of an assumed row: %+v", s)
	}
}

func TestSettleEndsAPair(t *testing.T) {
	in := edit(nil, nil)
	plan := Merge(in)
	plan.Ends = true
	if in.Settle(plan, Written{}, "").Phase != Ended {
		t.Error("the pair goes on")
	}
}

func TestI24_WhatGoesBothWaysIsAgreedOnlyWhenBothTookIt(t *testing.T) {
	in := edit(nil, Record{Help: "A", "contacts/ada": ada})
	plan := Merge(in).Invited() // visibility to both sides
	_, done := write(in, plan)
	plan = plan.Without(Problem{Code: "no", Field: Visibility, Place: InCRM, Class: OfRecord}, Record{Visibility: True})
	done.Opportunity = nil
	in.Pair = in.Settle(plan, done, "")
	in.Pair.MicrosoftID = "m"
	in.Referral = done.Referral
	next := Merge(in)
	if len(next.Problems) != 1 || next.Problems[0].Field != Visibility {
		t.Errorf("a silent difference: base %v, plan %+v", in.Pair.Base.Referral[Visibility], next)
	}
}

func TestF44_LinkingBackAgreesOnlyOnWhatItWrote(t *testing.T) {
	before := Opportunity{Side: Side{ID: "o", Version: "o1", Record: Record{Help: "", Visibility: False, Sync: True, Name: "N"}}}
	written := Opportunity{Side: Side{ID: "o", Version: "o2", Record: Record{Help: "", Visibility: True, Sync: False, Name: "N", ReferralID: "r"}}}
	own := Referral{Side: Side{ID: "r", Version: "r1", Record: Record{Visibility: False, Status: Accepted}}}
	base := Base{Referral: Record{Visibility: False}, Opportunity: Record{Visibility: False, Sync: True, Name: "N", Help: ""}}
	got := Pair{ReferralID: "r", Base: base}.LinkedBack(before, written, own, Referral{}, nil)
	if got.Base.Opportunity[Visibility] != False || got.Base.Opportunity[Sync] != True || got.Base.Opportunity[ReferralID] != "r" {
		t.Errorf("what the seller switched meanwhile counts as agreed: %v", got.Base.Opportunity)
	}
	before.Record[Help], written.Record[Help] = "A", "A"
	if got = (Pair{ReferralID: "r", Base: base}).LinkedBack(before, written, own, Referral{}, nil); got.Base.Opportunity[Visibility] != False {
		t.Error("the own referral is not visible, and yet it is agreed that it is")
	}
	own.Record[Visibility] = True
	if got = (Pair{ReferralID: "r", Base: base}).LinkedBack(before, written, own, Referral{}, nil); got.Base.Opportunity[Visibility] != True {
		t.Error("asking for help made it visible")
	}
}

func TestI24_WhatOnlyMicrosoftsReferralSaysStaysHeld(t *testing.T) {
	in := edit(nil, nil)
	in.Pair.Held = []Held{{Place: InCRM, Field: MicrosoftStatus, Class: OfRecord, Code: "no", Value: "Accepted", Version: "o1"}}
	want{codes: []string{"no"}}.check(t, Merge(in)) // the own referral says nothing of it
	in.Referral.Record[MicrosoftStatus] = ""
	want{}.check(t, Merge(in))
}

// Of two values one gave way, and then a person changed the winner before we knew that it was written: the note
// is not lost.
func TestI25_ANoteSurvivesAnEditOfTheValueThatWon(t *testing.T) {
	in := edit(Record{Name: "theirs"}, Record{Name: "mine", DealValue: "7"})
	pair, plan := sent(in, InPartnerCenter)
	side := in.Referral.Side
	side.Version, side.Record = "r3", side.Record.Clone()
	side.Record[Name], side.Record[DealValue] = "third", "7"
	got := pair.Resolve(side)
	if len(got.Untold) != 1 || got.Untold[0].Code != conflictResolved || got.Untold[0] != plan.Problems[0] {
		t.Errorf("%+v", got.Untold)
	}
	side.Record[DealValue] = in.Referral.Record[DealValue] // nothing else of it is there: it may have been made all the same
	if got := pair.Resolve(side); len(got.Untold) != 1 || got.Untold[0].Code != conflictPossible || !strings.Contains(got.Untold[0].Text, `gave way: "theirs" (perhaps: `) {
		t.Errorf("what may have given way is not told as that: %+v", got.Untold)
	}
	side.Record[Name] = in.Referral.Record[Name] // taken back, or never made: a conflict, which is decided anew
	if got := pair.Resolve(side); got.Untold != nil {
		t.Errorf("told before it is decided: %+v", got.Untold)
	}
}

// What was read and what was written is seen: an older version of either is known as such afterwards.
func TestSettleSeesWhatWasReadAndWritten(t *testing.T) {
	in := edit(Record{ClosingDate: "2027-01-01"}, Record{Name: "New"})
	plan := Merge(in)
	_, done := write(in, plan)
	done.Referral.Version, done.Opportunity.Version = "r2", "o2"
	pair := in.Settle(plan, done, "")
	for _, side := range []Side{done.Referral.Side, done.Opportunity.Side} {
		if !pair.Knows(side) {
			t.Errorf("%s was written and is not the newest: %+v", side.Version, pair.Seen[side.ID])
		}
	}
	for _, side := range []Side{in.Referral.Side, in.Opportunity.Side()} {
		if pair.Knows(side) || !slices.Contains(pair.Seen[side.ID].Versions, side.Version) {
			t.Errorf("%s was read before, and is not known as older: %+v", side.Version, pair.Seen[side.ID])
		}
	}
	quiet := edit(nil, nil)
	pair = quiet.Settle(Merge(quiet), Written{}, "")
	if !pair.Knows(quiet.Referral.Side) || !pair.Knows(quiet.Opportunity.Side()) {
		t.Errorf("read and not seen: %+v", pair.Seen)
	}
	assumed := edit(nil, nil)
	assumed.Opportunity = Assumed(assumed.Pair)
	if pair = assumed.Settle(Merge(assumed), Written{}, ""); len(pair.Seen["o"].Versions) != 0 {
		t.Errorf("an assumed row counts as seen: %+v", pair.Seen)
	}
	if got := in.SettleSent(plan, *done.Referral); !got.Knows(done.Referral.Side) || in.Pair.Seen != nil {
		t.Errorf("sent and not seen: %+v", got.Seen)
	}
}

func TestRestorableColumnsAreOursAndPartnerCenters(t *testing.T) {
	base := Base{Opportunity: Record{ReferralLink: "l", MicrosoftStatus: "Pending", Name: "N", CustomerCountry: "DE"}}
	sheet := []Rule{{Field: ReferralLink, Way: Inside}, {Field: MicrosoftStatus, Way: ToOpportunity}, {Field: Name, Way: Both}, {Field: CustomerCountry, Way: ToReferral}}
	for name, tt := range map[string]struct {
		now  Record
		want bool
	}{
		"Nothing":      {Record{}, false},
		"Alike":        {base.Opportunity, false},
		"Ours":         {Record{ReferralLink: "x"}, true},
		"Microsofts":   {Record{MicrosoftStatus: "mine"}, true},
		"TheSellers":   {Record{Name: "M"}, false},
		"TheCustomers": {Record{CustomerCountry: "FR"}, false},
	} {
		if got := Restorable(base, Opportunity{Side: Side{Record: tt.now}}, sheet); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Rows of their own are no part of the opportunity's version: what somebody adds while an answer crosses is still to cross.
func TestWhatIsAddedWhileAnAnswerCrossesIsAChange(t *testing.T) {
	in := edit(nil, nil)
	row := in.Opportunity.row
	plan := Plan{ToOpportunity: Record{Status: Open}, keep: map[Field]bool{}}
	for name, added := range map[string]Record{
		"solution": {"solutions/SOL-2": `{"quantity":"1"}`, Solutions: "2"},
		"customer": {"customerCity": "Bremen"},
		"both":     {"solutions/SOL-2": `{"quantity":"1"}`, Solutions: "2", "customerCity": "Bremen"},
	} {
		written := row
		written.Record = row.Record.Clone()
		written.Record[Status], written.Record["actualValue"] = Open, "9"
		apply(written.Record, added)
		pair := in.Settle(plan, Written{Opportunity: &written}, "")
		if base := pair.Base.Opportunity; base["actualValue"] == "" || !same(base[Status], Open) {
			t.Errorf("%s: what the answer brought is not in the base: %v", name, base)
		}
		for f := range added {
			if was := in.Pair.Base.Opportunity[f]; pair.Base.Opportunity[f] != was {
				t.Errorf("%s: the base of %s was %q and is %q", name, f, was, pair.Base.Opportunity[f])
			}
		}
		after := in
		after.Pair, after.Opportunity, after.Linking = pair, AtHand(written), false
		if id := Field("solutions/SOL-2"); Merge(after).ToReferral[id] != added[id] {
			t.Errorf("%s: what was added does not cross: %+v", name, Merge(after))
		}
	}
}

// Who has another field sheet cannot tell whether a field that it does not name was written.
func TestAnotherSheetsWriteIsBeyondThisOne(t *testing.T) {
	rules := []Rule{{Field: Name}, {Field: Solutions, List: true}}
	for name, c := range map[string]struct {
		s      Sending
		record Record
		want   bool
	}{
		"Another sheet's field":     {Sending{Entry: "line", Fields: []Field{"campaign"}}, Record{Name: "x"}, true},
		"It is shown":               {Sending{Entry: "line", Fields: []Field{"campaign"}}, Record{"campaign": "x"}, false},
		"One of ours with it":       {Sending{Entry: "line", Fields: []Field{"campaign", Name}}, Record{}, false},
		"A row of a list":           {Sending{Entry: "line", Fields: []Field{Solutions.Of("x")}}, Record{}, false},
		"It has no line":            {Sending{Fields: []Field{"campaign"}}, Record{}, false},
		"It has no fields":          {Sending{Entry: "line"}, Record{}, false},
		"It was said to be written": {Sending{Entry: "line", Taken: true, Fields: []Field{"campaign"}}, Record{}, false},
		"It was not made":           {Sending{Entry: "line", Version: "2", Fields: []Field{"campaign"}}, Record{}, false},
	} {
		if got := c.s.Beyond(rules, Side{Version: "2", Record: c.record}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
