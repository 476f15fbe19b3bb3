package cosell

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Two values that nobody could choose between stay; who edits one of them takes the other away, and Audit has it.
func TestWhatWasLeftAloneIsToldWhenItGivesWay(t *testing.T) {
	long := strings.Repeat("all that they want ", 80)
	met := func(p, d string, linking bool) Pairing {
		in := pairing(Base{Referral: Record{}, Opportunity: Record{}}, Record{x: p, Status: Accepted}, Record{x: d, Status: Open, Sync: True})
		in.Rules, in.Linking = []Rule{{Field: x, Way: Both}}, linking
		in.Pair = in.Settle(Merge(in), Written{}, "")
		in.Linking = false
		return in
	}
	goesOn := func(in Pairing, p, d string) (Pairing, Plan) {
		in.Referral.Record = Record{x: p, Status: Accepted}
		in.Opportunity.row.Record = Record{x: d, Status: Open, Sync: True}
		plan := Merge(in)
		written := Written{Referral: in.Referral, Opportunity: &in.Opportunity.row}
		maps.Copy(written.Referral.Record, plan.ToReferral)
		maps.Copy(written.Opportunity.Record, plan.ToOpportunity)
		in.Pair = in.Settle(plan, written, "")
		return in, plan
	}
	for name, c := range map[string]struct {
		in     Pairing
		p, d   string
		place  Place
		gone   string // "": nothing gives way
		stands bool   // still left alone
	}{
		"edited in Partner Center":     {met("theirs", "mine", true), "new", "mine", InCRM, "mine", false},
		"edited in CRM":                {met("theirs", "mine", true), "theirs", "new", InPartnerCenter, "theirs", false},
		"after a new row of the sheet": {met("theirs", "mine", false), "theirs", "new", InPartnerCenter, "theirs", false},
		"a long text":                  {met(long, "mine", true), long, "new", InPartnerCenter, strings.TrimSpace(long), false},
		"edited to the same":           {met("theirs", "mine", true), "mine", "mine", "", "", false},
		"nobody edits":                 {met("theirs", "mine", true), "theirs", "mine", "", "", true},
		"they were equal":              {met("same", "same", true), "new", "same", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			in, plan := goesOn(c.in, c.p, c.d)
			i := slices.IndexFunc(plan.Problems, func(p Problem) bool { return p.Code == conflictResolved })
			switch {
			case c.gone == "" && i >= 0, c.gone != "" && i < 0:
				t.Fatalf("told: %v", plan.Problems)
			case i >= 0 && (plan.Problems[i].Place != c.place || !strings.Contains(plan.Problems[i].Text, c.gone)):
				t.Errorf("told: %+v", plan.Problems[i])
			}
			if stands := slices.Contains(in.Pair.LeftAlone, x); stands != c.stands {
				t.Errorf("left alone are %v", in.Pair.LeftAlone)
			}
		})
	}
	in, _ := goesOn(met("theirs", "mine", true), "theirs", "mine") // looked at in between
	in, _ = goesOn(in, "new", "mine")
	if _, plan := goesOn(in, "newer", in.Opportunity.row.Record[x]); slices.ContainsFunc(plan.Problems, func(p Problem) bool { return p.Code == conflictResolved }) {
		t.Errorf("a value that had crossed is told: %v", plan.Problems)
	}
}

// What an opportunity held that was not read is known by its hash alone: then it is read before its value gives way.
func TestALongTextThatGivesWayIsReadFirst(t *testing.T) {
	long := strings.Repeat("all that I want ", 80)
	in := pairing(Base{Referral: Record{x: "theirs"}, Opportunity: Record{x: Digested(long)}}, Record{x: "new", Status: Accepted}, Record{})
	in.Rules, in.Pair.LeftAlone = []Rule{{Field: x, Way: Both}}, []Field{x}
	in.Opportunity = Assumed(in.Pair)
	if plan := Merge(in); !plan.NeedsOpportunity {
		t.Errorf("it is not asked for: %+v", plan)
	}
}

func TestWhatAPersonLetsBeIsLeftAlone(t *testing.T) {
	in := pairing(Base{Referral: Record{x: "old"}, Opportunity: Record{x: "old"}}, Record{x: "theirs", Status: Accepted}, Record{x: "mine", Status: Open, Sync: True})
	in.Rules = []Rule{{Field: x, Way: Both, Wins: ManualDecision}}
	in.Pair = in.Settle(Merge(in), Written{}, "")
	in.Pair = in.Pair.Forgets(InPartnerCenter, x, in.Referral, &in.Opportunity.row, in.Rules)
	in.Referral.Record = Record{x: "new", Status: Accepted}
	plan := Merge(in)
	if got := codes(plan.Problems); !slices.Equal(got, []string{conflictResolved}) || !strings.Contains(plan.Problems[0].Text, "mine") {
		t.Errorf("told: %v", plan.Problems)
	}
}

// A look at a record that does not say the field, such as Microsoft's referral, is no agreement.
func TestWhatIsNotReadStaysLeftAlone(t *testing.T) {
	list := Field("solutions")
	member := list.Of("a")
	for name, c := range map[string]struct {
		referral Record
		stands   bool
	}{
		"Microsoft's referral":     {Record{MicrosoftStatus: "Accepted"}, true},
		"the own one":              {Record{list: "1", member: "{}", Status: Accepted}, true},
		"the own one, without it":  {Record{list: "0", Status: Accepted}, false},
		"Microsoft's and the help": {Record{MicrosoftStatus: "Accepted", Help: "GeneralOrOther"}, true},
	} {
		base := Base{Referral: Record{list: "1", member: "{}"}, Opportunity: Record{list: "1", list.Of("b"): "{}"}}
		in := pairing(base, c.referral, Record{list: "1", list.Of("b"): "{}", Status: Open, Sync: True})
		in.Rules, in.Pair.LeftAlone = []Rule{{Field: list, Way: Both, List: true}}, []Field{member}
		if got := in.Settle(Merge(in), Written{}, ""); slices.Contains(got.LeftAlone, member) != c.stands {
			t.Errorf("%s: left alone are %v", name, got.LeftAlone)
		}
	}
}

// A process that has an older sheet keeps the pair: what the newer one has left alone stays so.
func TestWhatAnotherSheetLeftAloneStaysSo(t *testing.T) {
	list := Field("solutions")
	own := Rule{Field: x, Way: Both}
	in := pairing(Base{Referral: Record{x: "theirs", list: "0"}, Opportunity: Record{x: "ours", list: "0"}}, Record{x: "theirs", list: "0", Status: Accepted}, Record{x: "ours", list: "0", Status: Open, Sync: True})
	in.Rules, in.Pair.LeftAlone = []Rule{{Field: Name, Way: Both}}, []Field{x, list.Of("a")}
	if got := in.Settle(Merge(in), Written{}, "older").LeftAlone; len(got) != 2 {
		t.Errorf("of two fields that the sheet does not name %v are left alone", got)
	}
	in.Rules = append(in.Rules, own, Rule{Field: list, Way: Both, List: true})
	if got := in.Settle(Merge(in), Written{}, "newer").LeftAlone; !slices.Equal(got, []Field{x}) {
		t.Errorf("left alone are %v: of the list nothing differs any more", got)
	}
}
