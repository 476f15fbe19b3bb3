package mapping

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"pgregory.net/rapid"
)

func TestR146_AnEditOfCutTextKeepsWhatItDidNotShow(t *testing.T) {
	sheet := defaultSheet(t)
	row, _ := sheet.Row(cosell.Notes)
	whole, fit := sheet.Whole(row), sheet.Fit(row)
	long := strings.Repeat("long notes ", 500)
	shown := fit(long)
	if shown == long || !strings.HasSuffix(shown, "\u2026") {
		t.Fatal("the notes are not cut")
	}
	if got, ok := whole("X"+shown[1:], long); got != "X"+long[1:] || !ok {
		t.Errorf("the edit of the first letter gives %d letters of %d, %v", len(got), len(long), ok)
	}
	if got, ok := whole("short\u2026", long); !ok || !strings.HasPrefix(got, "short") || !strings.HasSuffix(long, got[len("short"):]) {
		t.Errorf("a rewritten beginning loses the rest: %q", got)
	}
	for _, gone := range []string{"", "short", strings.TrimSuffix(shown, "\u2026")} {
		if got, ok := whole(gone, long); ok {
			t.Errorf("without the mark %q would be sent", got)
		}
	}
	for _, c := range [][2]string{{"new", "old"}, {"new\u2026", "old"}, {"new", "old\u2026"}, {"", "old"}} {
		if got, ok := whole(c[0], c[1]); got != c[0] || !ok {
			t.Errorf("where nothing is hidden %q becomes %q, %v", c[0], got, ok)
		}
	}
}

func TestR146_NamesOfSolutionsKeepTheirRestToo(t *testing.T) {
	sheet := defaultSheet(t)
	row, _ := sheet.Row(cosell.Solutions)
	long := Solution{Name: strings.Repeat("n", 300), Price: "1"}
	edit := ParseSolution(sheet.Fit(row)(long.Text()))
	edit.Price = "2"
	got, ok := sheet.Whole(row)(edit.Text(), long.Text())
	if s := ParseSolution(got); !ok || s.Name != long.Name || s.Price != "2" {
		t.Errorf("%v %q", ok, got)
	}
}

// Whatever was cut: an unchanged text stays what it is, and what fits is simply taken.
func TestR146_NothingChangesByLooking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		had := rapid.String().Draw(t, "had") + strings.Repeat("\U0001f600x", rapid.IntRange(0, 20).Draw(t, "more"))
		length := rapid.IntRange(2, 30).Draw(t, "length")
		if got, ok := whole(Cut(had, length), Cut(had, length), had); got != had || !ok {
			t.Fatalf("%q of %q becomes %q, %v", Cut(had, length), had, got, ok)
		}
	})
}

// CRM counts solutions in whole numbers: a fraction is not shown there, and not lost by an edit of the rest.
func TestR128_AFractionalQuantityKeepsNothingBack(t *testing.T) {
	sheet := defaultSheet(t)
	row, _ := sheet.Row(cosell.Solutions)
	had := Solution{Name: "N", Price: "10", Quantity: "2.5"}
	shown := ParseSolution(sheet.Fit(row)(had.Text()))
	if shown.Quantity != "" || shown.Price != "10" {
		t.Errorf("CRM gets %+v", shown)
	}
	shown.Price = "11"
	got, ok := sheet.Whole(row)(shown.Text(), had.Text())
	if s := ParseSolution(got); !ok || s.Quantity != "2.5" || s.Price != "11" {
		t.Errorf("%q", got)
	}
	shown.Quantity = "3"
	if got, _ = sheet.Whole(row)(shown.Text(), had.Text()); ParseSolution(got).Quantity != "3" {
		t.Errorf("a quantity that a person fills in becomes %q", got)
	}
}
