package decisions

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// fewest is how many decisions are kept at least.
const fewest = 500

func kept(t *testing.T) ([]Case, Shipped) {
	t.Helper()
	cases, err := Read(File)
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := ShippedNow()
	if err != nil {
		t.Fatal(err)
	}
	return cases, shipped
}

// told is a case's differences as people read them.
func told(n int, c Case, all []Difference) string {
	var out strings.Builder
	fmt.Fprintf(&out, "decision %d (%s, of %s)%s\n", n+1, c.Kind, c.From, about(c))
	for _, d := range all {
		fmt.Fprintf(&out, "    %s\n", d)
	}
	return out.String()
}

// about names the records of a decision.
func about(c Case) (out string) {
	var in struct {
		Pair        struct{ OpportunityID string }
		Referral    struct{ ID string }
		Opportunity struct{ ID string }
	}
	_ = json.Unmarshal(c.In, &in) // what there is of it
	opportunity := in.Pair.OpportunityID
	if opportunity == "" {
		opportunity = in.Opportunity.ID
	}
	for _, id := range [][2]string{{"opportunity", opportunity}, {"referral", in.Referral.ID}} {
		if id[1] != "" {
			out += " " + id[0] + " " + id[1]
		}
	}
	return out
}

// Every decision that was ever made here is made again in the same way, or the difference is one that was accepted.
func TestWhatWasDecidedIsDecidedAgain(t *testing.T) {
	cases, shipped := kept(t)
	accepted, err := ReadAccepted(AcceptedFile)
	if err != nil {
		t.Fatal(err)
	}
	for n, c := range cases {
		now, err := shipped.Decide(c.Kind, c.In)
		if err != nil {
			t.Fatalf("decision %d cannot be made anew: %v", n+1, err)
		}
		if left := accepted.Leave(n+1, Differences(c.Out, now)); len(left) > 0 {
			t.Errorf("%sis this wanted? docs/upgrade.md#what-was-decided says what to do", told(n, c, left))
		}
	}
	for _, a := range accepted.Unused() {
		t.Errorf("%s: %s is accepted, and there is no such difference: take the line away", AcceptedFile, a)
	}
}

func TestEnoughIsKept(t *testing.T) {
	cases, _ := kept(t)
	kinds, month := map[string]int{}, 0
	for _, c := range cases {
		kinds[c.Kind]++
		if c.From == Month {
			month++
		}
	}
	if made := len(cases) - kinds[Verdict]; made < fewest || month < fewest {
		t.Errorf("%d decisions, %d of the month, %d at least of either: %v", made, month, fewest, kinds)
	}
	for _, kind := range []string{Compare, Wanted, Arrives, Asked, Brake, Verdict} {
		if kinds[kind] == 0 {
			t.Errorf("no decision of the kind %s is kept", kind)
		}
	}
	file, err := os.Stat(File)
	if err != nil || file.Size() > 512<<10 {
		t.Errorf("%d bytes %v", file.Size(), err)
	}
}

// A change of policy, made on purpose: where both sides changed a field, Partner Center's value wins, and where two values
// meet for the first time, CRM's. It shows, field by
// field, with what was and what is.
func TestAChangedPolicyShowsAsADifference(t *testing.T) {
	cases, shipped := kept(t)
	for of := range shipped {
		shipped[of] = slices.Clone(shipped[of])
		for i := range shipped[of] {
			shipped[of][i].Wins, shipped[of][i].FirstSight = cosell.PartnerCenter, cosell.CRM
		}
	}
	var said []string
	for n, c := range cases {
		now, err := shipped.Decide(c.Kind, c.In)
		if err != nil {
			t.Fatal(err)
		}
		if all := Differences(c.Out, now); len(all) > 0 {
			said = append(said, told(n, c, all))
		}
	}
	if len(said) == 0 || len(said) > len(cases)/4 {
		t.Fatalf("%d of %d decisions show it", len(said), len(cases))
	}
	first := said[0]
	if !strings.Contains(first, "decision ") || !strings.Contains(first, ": was ") || !strings.Contains(first, ", is ") {
		t.Error(first)
	}
	t.Logf("%d decisions show it, the first:\n%s", len(said), first)
}

func TestADifferenceNamesLineBeforeAndAfter(t *testing.T) {
	got := Differences(map[string]string{"CRM gets name": "A", "same": "x", "gone": "y"}, map[string]string{"CRM gets name": "B", "same": "x", "new": "z"})
	want := []string{`CRM gets name: was "A", is "B"`, `gone: was "y", is nothing`, `new: was nothing, is "z"`}
	var said []string
	for _, d := range got {
		said = append(said, d.String())
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}
