package mapping

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// largeSheet has so many rows, and both sides changed every own field.
func largeSheet(tb testing.TB, rows int) cosell.Pairing {
	tb.Helper()
	var text strings.Builder
	shipped := len(defaultSheet(tb).Rows())
	for i := range rows - shipped {
		fmt.Fprintf(&text, "- {field: own%d, referral: /details/requirements/additionalRequirements/attributes/type=own%d/id, crm: new_own%d, as: text}\n", i, i, i)
	}
	s, err := Load(Source{Name: "m", Text: []byte(text.String())})
	if err != nil {
		tb.Fatal(err)
	}
	if n := len(s.Rows()); n != rows {
		tb.Fatalf("the sheet has %d rows", n)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	base := cosell.Base{Referral: cosell.Record{}, Opportunity: cosell.Record{}}
	p, d := cosell.Record{cosell.Status: cosell.Accepted}, cosell.Record{cosell.Status: cosell.Open, cosell.Sync: cosell.True}
	for i := range rows - shipped {
		f := cosell.Field(fmt.Sprintf("own%d", i))
		base.Referral[f], base.Opportunity[f], p[f], d[f] = "before", "before", "there", "here"
	}
	return cosell.Pairing{Rules: s.Rules(), Pair: cosell.Pair{Base: base},
		Referral:    &cosell.Referral{Side: cosell.Side{ID: "r", Version: "1", Modified: at, Read: at, Record: p}},
		Opportunity: cosell.AtHand(cosell.Opportunity{Side: cosell.Side{ID: "o", Version: "1", Modified: at.Add(time.Minute), Read: at, Record: d}})}
}

// cpu-ms/op is the time of processors alone, which a busy machine does not change.
func BenchmarkMergeOf200Rows(b *testing.B) {
	in := largeSheet(b, 200)
	began := worked(b)
	for b.Loop() {
		if plan := cosell.Merge(in); len(plan.ToReferral) == 0 {
			b.Fatal("nothing is planned")
		}
	}
	b.ReportMetric((worked(b)-began).Seconds()*1000/float64(b.N), "cpu-ms/op")
}

// worked is how long processors have worked for this process.
func worked(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Ten times as many rows of an organisation's own cost about ten times as much work to merge: what a row costs does not grow with the sheet.
// How long 200 rows take is measured by BenchmarkMergeOf200Rows.
func TestARowOfALargeSheetCostsWhatOneOfASmallOneDoes(t *testing.T) {
	shipped := len(defaultSheet(t).Rows())
	small, large := largeSheet(t, shipped+100), largeSheet(t, shipped+1000)
	best := func(in cosell.Pairing, before time.Duration) time.Duration {
		began := worked(t)
		if plan := cosell.Merge(in); len(plan.ToReferral) < 100 {
			t.Fatalf("%d changes are planned", len(plan.ToReferral))
		}
		return min(before, worked(t)-began)
	}
	few, many := time.Hour, time.Hour
	for range 30 { // the best of them, in turn: garbage is collected now and then
		few, many = best(small, few), best(large, many)
	}
	if ratio := many.Seconds() / few.Seconds(); ratio > 25 {
		t.Errorf("ten times as many rows cost %.0f times as much work: %s and %s", ratio, few, many)
	}
}
