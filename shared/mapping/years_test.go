package mapping

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

func TestR54_ARetiredValueIsNamedWithItsYear(t *testing.T) {
	years, err := Years()
	if err != nil || len(years) < 2 {
		t.Fatalf("%v, %d years", err, len(years))
	}
	for i, y := range years {
		if y.Year == "" || y.From.IsZero() || len(y.Roles) == 0 || len(y.Areas) == 0 || i > 0 && !years[i-1].From.After(y.From) {
			t.Errorf("%s is incomplete, or out of order: %+v", y.file, y)
		}
		if !strings.Contains(y.file, strings.ToLower(y.Year)) {
			t.Errorf("%s has the values of %s", y.file, y.Year)
		}
	}
	at := func(day string) time.Time { now, _ := time.Parse(time.DateOnly, day); return now }
	for _, c := range []struct {
		field         cosell.Field
		text, day     string
		want, retired string
	}{
		{cosell.SolutionPlay, "copilot and agents at work", "2026-03-02", "Copilot and Agents at Work", ""},
		{cosell.SolutionArea, "Security", "2026-03-02", "Security", ""},
		{cosell.SolutionPlay, "Low Code", "2026-03-02", "", "FY25"},
		{cosell.SolutionArea, "Modern work", "2026-03-02", "", "FY25"},
		{cosell.SolutionPlay, "low code", "2025-09-30", "Low Code", ""},
		{cosell.SolutionPlay, "Low Code", "2025-10-01", "", "FY25"},
		{cosell.SolutionPlay, "Low Code", "2025-06-30", "Low Code", ""},
		{cosell.PartnerRole, "Transaction", "2026-03-02", "Transaction", ""},
		{cosell.SolutionPlay, "Quantum at Home", "2026-03-02", "Quantum at Home", ""},
		{cosell.Notes, "Low Code", "2026-03-02", "Low Code", ""},
		{cosell.SolutionPlay, "Low Code", "2001-01-01", "Low Code", ""},
	} {
		got, err := OfYear(years, c.field, c.text, at(c.day))
		if got != c.want || (err != nil) != (c.retired != "") {
			t.Errorf("%s %q on %s is %q, %v", c.field, c.text, c.day, got, err)
		}
		if err != nil {
			for _, part := range append([]string{c.retired, "years/fy25.yaml", "years/fy26.yaml", "FY26"}, years[slices.IndexFunc(years, func(y Year) bool { return y.Year == "FY26" })].values(c.field)[0]) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %q", err, part)
				}
			}
		}
	}
}
