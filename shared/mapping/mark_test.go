package mapping

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// An automation that puts a text before every name puts it before our mark, too. Taken for a part of the name, the mark
// would be put before that, and so on without end.
func TestAMarkIsKnownBehindWhatAnAutomationPutsBefore(t *testing.T) {
	for name, want := range map[string][2]string{
		"✓ Deal":             {cosell.MarkOK, "Deal"},
		"NW ✓ NW Deal":       {cosell.MarkOK, "NW Deal"},
		"NW: ✗  NW: Deal":    {cosell.MarkFailed, "NW: Deal"},
		"NW ✓ NW ✓ Deal":     {cosell.MarkOK, "NW ✓ Deal"},
		"Deal ✓ signed":      {"", "Deal ✓ signed"}, // somebody's own
		" ✗ cancelled ✓":     {cosell.MarkFailed, "cancelled ✓"},
		"Deal":               {"", "Deal"},
		"Deal ✓":             {"", "Deal ✓"},
		"":                   {"", ""},
		"\uFEFF✔\uFE0F Deal": {cosell.MarkOK, "Deal"},
	} {
		if mark, bare := SplitMark(name); [2]string{mark, bare} != want {
			t.Errorf("%q: %q %q, want %q", name, mark, bare, want)
		}
	}
}

// However often the mark is put before such a name, it comes to rest.
func TestTheMarkOfANameWithAPrefixComesToRest(t *testing.T) {
	automated := func(text string) string {
		if len(text) >= 3 && text[:3] == "NW " {
			return text
		}
		return "NW " + text
	}
	name, writes := automated("Deal"), 0
	for range 10 {
		mark, bare := SplitMark(name)
		if mark == cosell.MarkOK {
			break
		}
		name = automated(WithMark(cosell.MarkOK, bare))
		writes++
	}
	if writes != 1 || name != "NW ✓ NW Deal" {
		t.Errorf("%d writes: %q", writes, name)
	}
}
