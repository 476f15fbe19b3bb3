package health

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

func TestWhatIsHeldIsCountedByRecord(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := ledger.InMemory(func() time.Time { return noon })
	value := cosell.Held{Place: cosell.InPartnerCenter, Field: cosell.DealValue, Class: cosell.OfRecord, Code: "too.large", Mend: "make it smaller", Since: noon}
	right := cosell.Held{Place: cosell.InCRM, Field: cosell.Notes, Class: cosell.OfOurs, Code: "privilege.missing", Since: noon}
	whole := cosell.Held{Place: cosell.InCRM, Field: cosell.Whole, Class: cosell.OfRecord, Code: "0x80040265", Since: noon}
	for _, p := range []cosell.Pair{
		{OpportunityID: "o-1", ReferralID: "r-1", Phase: cosell.Linked, Held: []cosell.Held{value, right}},
		{OpportunityID: "o-2", ReferralID: "r-2", Phase: cosell.Lacking, Held: []cosell.Held{whole}},
		{OpportunityID: "o-3", Phase: cosell.Lacking, Held: []cosell.Held{whole}},                   // takes no words about what it lacks
		{OpportunityID: "o-4", ReferralID: "r-4", Phase: cosell.Linked, Held: []cosell.Held{whole}}, // takes nothing any more
	} {
		if _, err := l.Save(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	var counted []Held
	if err := (LedgerRows{l}).HeldRows(t.Context(), func(h Held) bool { counted = append(counted, h); return true }); err != nil {
		t.Fatal(err)
	}
	want := []Held{
		{Class: fault.Ours, Code: "privilege.missing", Record: "opportunity|o-1", Since: noon},
		{Class: fault.Record, Code: "0x80040265", Record: "referral|r-2", Since: noon, Whole: true},
		{Class: fault.Record, Code: "0x80040265", Record: "opportunity|o-3", Since: noon},
		{Class: fault.Record, Code: "0x80040265", Record: "opportunity|o-4", Since: noon},
		{Class: fault.Record, Code: "too.large", Record: "opportunity|o-1", Since: noon, Mend: "make it smaller"},
	}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Error(diff)
	}
}
