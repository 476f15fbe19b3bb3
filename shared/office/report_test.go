package office

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func (r *room) holds(t *testing.T, id string, held ...cosell.Held) {
	t.Helper()
	if _, err := r.ledger.Save(t.Context(), cosell.Pair{OpportunityID: id, ReferralID: "r-of-" + id, Phase: cosell.Linked, Held: held}); err != nil {
		t.Fatal(err)
	}
}

func TestADaysReportIsHowItEnded(t *testing.T) {
	r := newRoom(t)
	r.ReferralLink = "https://p.example/{id}"
	if _, err := r.Report(t.Context(), ""); !fault.Is(err, fault.Gone) {
		t.Errorf("before the first one: %v", err)
	}
	day := 24 * time.Hour
	r.holds(t, "o-2", cosell.Held{Code: "too.large", Field: cosell.DealValue, Place: cosell.InPartnerCenter, Class: cosell.OfRecord, Since: noon.Add(-14 * day)})
	r.holds(t, "o-3", cosell.Held{Code: "too.large", Field: cosell.DealValue, Place: cosell.InPartnerCenter, Class: cosell.OfRecord, Since: noon.Add(-14*day - time.Second)})
	r.holds(t, "o-4", cosell.Held{Code: cosell.CodeForeign, Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Since: noon.Add(-99 * day)})
	r.holds(t, "o-5", cosell.Held{Code: "answer.due", Field: cosell.Status, Quiet: true, Text: "until", Next: noon.Add(day)})
	r.holds(t, "o-6", cosell.Held{Code: "answer.due", Field: cosell.Status, Quiet: true, Text: "until", Next: noon.Add(day + time.Second)})
	now := noon
	r.Now = func() time.Time { return now }
	daily := func() {
		t.Helper()
		if err := r.Daily(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	daily()
	r.holds(t, "o-7", cosell.Held{Code: "x", Field: cosell.Notes, Place: cosell.InCRM, Class: cosell.OfRecord, Since: noon})
	daily()
	now = noon.Add(day)
	r.holds(t, "o-8", cosell.Held{Code: "x", Field: cosell.Notes, Place: cosell.InCRM, Class: cosell.OfRecord, Since: now})
	daily()
	if next, err := r.Report(t.Context(), ""); err != nil || next.Day != "2026-11-23" || next.Counts != (ReportCounts{Held: 4, Old: 2, Ignored: 1, Expiring: 2}) {
		t.Errorf("the next day: %v %+v", err, next)
	}
	got, err := r.Report(t.Context(), "2026-11-22")
	if err != nil || got.Day != "2026-11-22" || got.Counts != (ReportCounts{Held: 3, Old: 1, Ignored: 1, Expiring: 1}) {
		t.Fatalf("%v %+v", err, got)
	}
	if got.Held[0].OpportunityID != "o-3" || !got.Held[0].Old || got.Held[1].Old || got.Ignored[0].Link != "https://p.example/r-of-o-4" || got.Expiring[0].OpportunityID != "o-5" {
		t.Errorf("%+v", got)
	}
	for asked, want := range map[string]fault.Kind{"yesterday": fault.Invalid, "2026-11-32": fault.Invalid, "2026-11-21": fault.Gone} {
		if _, err := r.Report(t.Context(), asked); !fault.Is(err, want) {
			t.Errorf("%s: %v", asked, err)
		}
	}
}

func TestAReportThatIsTooLongForARowIsCutAndCountsAll(t *testing.T) {
	r := newRoom(t)
	for i := range 900 {
		r.holds(t, fmt.Sprintf("o-%03d", i), cosell.Held{Code: "x", Field: cosell.Notes, Place: cosell.InCRM, Class: cosell.OfRecord, Text: strings.Repeat("é", 900), Since: noon.Add(-time.Duration(i) * time.Minute)})
	}
	if err := r.Daily(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := r.Report(t.Context(), "")
	if err != nil || got.Counts.Held != 900 || len(got.Held) < 50 || len(got.Held) > 150 || got.Held[0].OpportunityID != "o-899" {
		t.Errorf("%v, %d of %d listed", err, len(got.Held), got.Counts.Held)
	}
}
