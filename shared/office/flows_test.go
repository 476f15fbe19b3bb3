package office

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

func TestWhatIsHeldIsSeenByOperators(t *testing.T) {
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
	book := Flows{Ledger: l} // rows are the ledger's
	rows := func() (out []Held) {
		if err := book.Rows(t.Context(), func(h Held) bool { out = append(out, h); return true }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := rows()
	if len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	next := noon.Add(time.Hour)
	shown := Held{ID: "o-1/referral/dealValue/too.large", OpportunityID: "o-1", ReferralID: "r-1", Place: "referral", Field: "dealValue", Class: "record",
		Code: "too.large", Text: "too large", Mend: "make it smaller", Since: noon, Next: &next, Attempts: 2}
	if diff := cmp.Diff(shown, all[2]); diff != "" {
		t.Error(diff)
	}
}
