package simulate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// judged is an invariant of the programme: what of it runs judge, and which tests hold what they cannot, as folder and name, and why.
type judged struct {
	id, what string
	here     bool
	why      string
	held     []string
}

// invariantList is the programme's list of invariants, I1 to I29.
func invariantList() []judged {
	return []judged{
		{"I1", "no lost change", true, "", nil},
		{"I2", "convergence", true, "", nil},
		{"I3", "silence", true, "", nil},
		{"I4", "bounded echo", true, "the bound of a narrowing needs a record of known width", []string{"shared/flow TestI4_NarrowingStaysWithinItsBound"}},
		{"I5", "one referral", true, "", nil},
		{"I6", "one opportunity", true, "", nil},
		{"I7", "one-way doors", true, "", nil},
		{"I8", "status lattice", true, "", nil},
		{"I9", "no stale overwrite", true, "", nil},
		{"I10", "no resurrection", true, "", nil},
		{"I11", "no cross-link", true, "", nil},
		{"I12", "acknowledged is durable", true, "", nil},
		{"I13", "dead letter only for poison", true, "", nil},
		{"I14", "isolation", true, "", nil},
		{"I15", "quiet throttle", true, "", nil},
		{"I16", "one writer", true, "", nil},
		{"I17", "progress", true, "", nil},
		{"I18", "audit complete", false, "the trail is the product's own record: to count it here would be to believe it; its rows are counted beside each write where each write can be named",
			[]string{"shared/flow TestAWriteIsInTheTrailWhereverTheProcessDies", "shared/flow TestI1_TheTrailTellsACreationOnce"}},
		{"I19", "secrets stay in", true, "", nil},
		{"I20", "state is a cache", true, "", nil},
		{"I21", "closed deal safe", true, "", nil},
		{"I22", "no silent drop", true, "", nil},
		{"I23", "determinism", false, "it is about two runs, not about one", []string{"infra/simulate TestSameSeedSameTrace"}},
		{"I24", "refusal leaves a trace", true, "", []string{"shared/flow TestI24_RandomHistoriesWithSystemsThatSayNo"}},
		{"I25", "no note lost", true, "", nil},
		{"I26", "undo is safe", true, "", nil},
		{"I27", "deleted stays deleted", true, "judged as I10: what we made has the id of what it is made for", []string{"shared/flow TestI27_DeletedBeforeWeRememberedItIsNotMadeAgain"}},
		{"I28", "many processes", true, "judged as I15 over processes; what health shows is asked where health is", []string{"shared/health TestTroubleOfAnyProcessShowsWithin20Seconds"}},
		{"I29", "quiet refusal", true, "", nil},
	}
}

// judges notes that an invariant was looked at where it could have been broken.
func (r *run) judges(id string) { r.reached["invariant "+id]++ }

// elsewhere are invariants that a run names by another one.
func elsewhere() map[string]string { return map[string]string{"I27": "I10", "I28": "I15"} }

// TestEveryInvariantOfTheProgrammeIsJudgedOrHeld: what is said to be judged here is, and the tests that hold the rest are there.
func TestEveryInvariantOfTheProgrammeIsJudgedOrHeld(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, text...)
	}
	for n, i := range invariantList() {
		if i.id != fmt.Sprint("I", n+1) {
			t.Errorf("after I%d comes %s", n, i.id)
		}
		name := i.id
		if as := elsewhere()[name]; as != "" {
			name = as
		}
		if i.here != strings.Contains(string(found), fmt.Sprintf("violates(%q", name)) {
			t.Errorf("%s, %s: judged here is %v", i.id, i.what, i.here)
		}
		if !i.here && (len(i.held) == 0 || i.why == "") {
			t.Errorf("%s, %s, is judged nowhere, or nobody says why", i.id, i.what)
		}
		for _, place := range i.held {
			folder, test, _ := strings.Cut(place, " ")
			if !declares(t, folder, test) {
				t.Errorf("%s, %s: %s declares no %s", i.id, i.what, folder, test)
			}
		}
	}
	if n := len(invariantList()); n != 29 {
		t.Errorf("%d invariants", n)
	}
}
