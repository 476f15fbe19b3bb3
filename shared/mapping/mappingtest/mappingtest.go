// Package mappingtest has what tests of the two repositories want of the field sheet.
package mappingtest

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Sheet is the sheet as shipped.
func Sheet(t testing.TB) *mapping.Sheet {
	t.Helper()
	s, err := mapping.Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Fill completes what a test wants of a whole record by the sheet, so that a new row needs no edit there: of
// the rows that the test does not name, those that this side has must be there, and say what they say.
func Fill(t testing.TB, want, got cosell.Record, has func(mapping.Row) bool) {
	t.Helper()
	for _, row := range Sheet(t).Rows() {
		if _, named := want[row.Field]; named || !row.Scalar() {
			continue
		}
		if v, read := got[row.Field]; read {
			want[row.Field] = v
		} else if has(row) {
			want[row.Field] = "whatever it says: the row of the sheet was not read"
		}
	}
}
