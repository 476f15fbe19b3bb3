package cosell

import "testing"

// A refused condition of a version that nobody remembers says nothing of those that are: the newest stays the newest, and is not
// waited for, time and again, until an older one is believed. Nor is that version assumed once more.
func TestI17_ARefutedVersionThatIsNotRememberedMakesNoOtherOlder(t *testing.T) {
	row := Side{ID: "o", Version: "r7", Modified: noon}
	p := Pair{OpportunityVersion: "r1"}.Believes(row).Overtaken("o", "r1")
	if age := p.AgeOf(row); age != Current || p.OpportunityVersion != "" {
		t.Errorf("the newest counts as %d, assumed is %q", age, p.OpportunityVersion)
	}
	if age := p.Overtaken("o", "r7").AgeOf(row); age != Overtaken {
		t.Errorf("one that was refuted itself counts as %d", age)
	}
	if age := (Pair{}).Overtaken("o", "r7").AgeOf(row); age != Overtaken {
		t.Errorf("one that was refuted before any was seen counts as %d", age)
	}
}
