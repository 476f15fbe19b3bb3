package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

func TestWhatIsHeldIsSeenByHealthAndOperators(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := ledger.InMemory(func() time.Time { return noon })
	value := cosell.Held{Place: cosell.InPartnerCenter, Field: cosell.DealValue, Class: cosell.OfRecord, Code: "too.large", Text: "too large", Mend: "make it smaller", Since: noon, Next: noon.Add(time.Hour), Attempts: 2}
	right := cosell.Held{Place: cosell.InCRM, Field: cosell.Notes, Class: cosell.OfOurs, Code: "privilege.missing", Text: "no right", Since: noon}
	whole := cosell.Held{Place: cosell.InCRM, Field: cosell.Whole, Class: cosell.OfRecord, Code: "0x80040265", Text: "a plug-in refuses it", Since: noon}
	for _, p := range []cosell.Pair{
		{OpportunityID: "o-1", ReferralID: "r-1", Phase: cosell.Linked, Held: []cosell.Held{value, right}},
		{OpportunityID: "o-2", ReferralID: "r-2", Phase: cosell.Lacking, Held: []cosell.Held{whole}},
	} {
		if _, err := l.Save(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	var counted []health.Held
	if err := (healthLedger{l}).HeldRows(t.Context(), func(h health.Held) bool { counted = append(counted, h); return true }); err != nil {
		t.Fatal(err)
	}
	want := []health.Held{
		{Class: fault.Ours, Code: "privilege.missing", Record: "opportunity|o-1", Since: noon},
		{Class: fault.Record, Code: "0x80040265", Record: "referral|r-2", Since: noon, Whole: true},
		{Class: fault.Record, Code: "too.large", Record: "opportunity|o-1", Since: noon, Mend: "make it smaller"},
	}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Error(diff)
	}

	book := heldBook{l, nil} // rows are the ledger's
	rows := func() (out []office.Held) {
		if err := book.Rows(t.Context(), func(h office.Held) bool { out = append(out, h); return true }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := rows()
	if len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	next := noon.Add(time.Hour)
	shown := office.Held{ID: "o-1/referral/dealValue/too.large", OpportunityID: "o-1", ReferralID: "r-1", Place: "referral", Field: "dealValue", Class: "record",
		Code: "too.large", Text: "too large", Mend: "make it smaller", Since: noon, Next: &next, Attempts: 2}
	if diff := cmp.Diff(shown, all[2]); diff != "" {
		t.Error(diff)
	}
}
