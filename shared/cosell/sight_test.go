package cosell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func version(v string, at time.Time) Side { return Side{ID: "o", Version: v, Modified: at} }

func TestStaleIsJudgedByVersionsBeforeClocks(t *testing.T) {
	p := Pair{}.Saw(version("1", noon), version("2", noon), version("3", noon))
	for name, tt := range map[string]struct {
		side Side
		want Age
	}{
		"TheNewest":                  {version("3", noon), Current},
		"SupersededInTheSameSecond":  {version("2", noon), Older},
		"SupersededWithALaterClock":  {version("1", noon.Add(time.Hour)), Older},
		"UnknownAndLater":            {version("0", noon.Add(time.Second)), Current},
		"UnknownAndRising":           {version("4", noon), Current},
		"UnknownAndFalling":          {version("0", noon), Uncertain},
		"UnknownAndNoNumber":         {version("x", noon), Current},
		"UnknownAndOlder":            {version("4", noon.Add(-time.Second)), Older},
		"TheNewestWithAnEarlierTime": {version("3", noon.Add(-time.Hour)), Current},
		"AnotherRecord":              {Side{ID: "r", Version: "1", Modified: noon.Add(-time.Hour)}, Current},
	} {
		if got := p.AgeOf(tt.side); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	if (Pair{}).AgeOf(version("1", noon)) != Current {
		t.Error("nothing is known, and it is stale")
	}
}

// Numbers are a hint only as long as they have risen: an organisation may give them in any order.
func TestNumbersOfVersionsPromiseNothing(t *testing.T) {
	p := Pair{}.Saw(version(`W/"70"`, noon.Add(-time.Second)), version(`W/"20"`, noon))
	if got := p.AgeOf(version(`W/"90"`, noon)); got != Uncertain {
		t.Errorf("numbers that fell are believed when they rise: %v", got)
	}
}

// An old version that nobody knows is no newest one: else the newest would count as old from then on.
func TestAnUnknownOlderVersionIsNotTheNewest(t *testing.T) {
	p := Pair{}.Saw(version("5", noon)).Saw(version("4", noon.Add(-time.Second)))
	if d := cmp.Diff([]string{"4", "5"}, p.Seen["o"].Versions); d != "" || p.AgeOf(version("5", noon)) != Current {
		t.Error(d)
	}
	// Of two versions of one second neither is known to be older, whichever was read last.
	p = Pair{}.Saw(version("5", noon), version("4", noon))
	if got := p.AgeOf(version("5", noon)); got == Older {
		t.Error("the other version of the same second counts as old")
	}
	p = Pair{}.Saw(version("a", noon), version("b", noon))
	if got := p.AgeOf(version("a", noon)); got != Current {
		t.Errorf("versions that say nothing of their order: %v", got)
	}
}

func TestAWriteSaysWhichVersionIsTheNewest(t *testing.T) {
	p := Pair{}.Saw(version("7", noon)).Wrote("9", version("3", noon.Add(-time.Hour)))
	for v, want := range map[string]Age{"3": Current, "9": Older, "7": Older} {
		if got := p.AgeOf(version(v, noon)); got != want {
			t.Errorf("version %s is %v, want %v", v, got, want)
		}
	}
}

// A refused condition proves that there is a newer version, though nobody has read it.
func TestARefusedConditionProvesANewerVersion(t *testing.T) {
	p := Pair{}.Saw(version("1", noon)).Overtaken("o", "1")
	for v, want := range map[string]Age{"1": Overtaken, "2": Current} {
		if got := p.AgeOf(version(v, noon)); got != want {
			t.Errorf("version %s is %v, want %v", v, got, want)
		}
	}
	if got := p.Overtaken("o", "1").Saw(version("1", noon)); got.AgeOf(version("1", noon)) != Overtaken {
		t.Errorf("said twice, and read again: %v", got.Seen["o"])
	}
	p = p.Saw(version("2", noon))
	if got := p.Overtaken("o", "1"); got.AgeOf(version("2", noon)) != Current || got.AgeOf(version("1", noon)) != Older {
		t.Errorf("the newest was read since: %v", got.Seen["o"])
	}
	if got := (Pair{}).Overtaken("o", Unread); len(got.Seen) != 0 {
		t.Errorf("nothing is known, and %v", got.Seen)
	}
}

func TestARestoredSystemIsBelieved(t *testing.T) {
	p := Pair{}.Saw(version("1", noon), version("2", noon.Add(time.Hour))).Doubts("o", noon).Believes(version("1", noon))
	if p.AgeOf(version("1", noon)) != Current || !p.Seen["o"].Stale.IsZero() {
		t.Errorf("%+v", p.Seen["o"])
	}
	if got := p.AgeOf(version("3", noon.Add(time.Minute))); got != Current {
		t.Errorf("an edit after that is %v", got)
	}
}

func TestOnlyTheLastVersionsAreRemembered(t *testing.T) {
	p := Pair{}
	for _, v := range []string{"1", "2", "3", "3", "4", "5", "6", "7"} {
		p = p.Saw(version(v, noon))
	}
	if d := cmp.Diff([]string{"2", "3", "4", "5", "6", "7"}, p.Seen["o"].Versions); d != "" {
		t.Error(d)
	}
	before := p.Seen["o"]
	p.Saw(version("8", noon), Side{Version: "of nothing"})
	if len(p.Seen) != 1 || len(p.Seen["o"].Versions) != len(before.Versions) {
		t.Error("Saw changed the pair that it was called on")
	}
	if got := p.Saw(Side{ID: "o", Modified: noon.Add(-time.Hour)}).Seen["o"].Modified; !got.Equal(noon) {
		t.Errorf("the newest moment went back to %s", got)
	}
}

// CRM said that a write is taken, and did not show it: no line in Audit is needed to know that it was made.
func TestAWriteThatWasTakenIsKnownWithoutItsLine(t *testing.T) {
	for taken, want := range map[bool]Base{
		true:  {Referral: Record{Notes: "theirs"}, Opportunity: Record{Notes: "ours"}},
		false: {Referral: Record{Notes: "before"}, Opportunity: Record{Notes: "before"}},
	} {
		p := Pair{Base: Base{Referral: Record{Notes: "before"}, Opportunity: Record{Notes: "before"}},
			Sending: &Sending{Place: InCRM, Version: "1", New: Record{Notes: "ours"}, Source: Record{Notes: "theirs"}, Wordless: true, Taken: taken}}
		got := p.Resolve(Side{ID: "o", Version: "3", Record: Record{Notes: "a person's"}})
		if d := cmp.Diff(want, got.Base); d != "" {
			t.Errorf("taken %v: %s", taken, d)
		}
	}
}
