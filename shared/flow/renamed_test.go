package flow_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// renamed is a CRM whose solution rows are in a table that the sheet names otherwise later. Its cursors count the rows that were made.
type renamed struct {
	flow.Opportunities
	table *string
	rows  map[string]int
}

func (renamed) Kinds() []string { return []string{"solution"} }

func (r renamed) Follows(_, cursor string) bool { return strings.HasPrefix(cursor, *r.table+" ") }

func (r renamed) Changed(_ context.Context, kind, cursor string, each func([]cosell.Hint, string) error) (string, bool, error) {
	n := r.rows[*r.table]
	next := fmt.Sprint(*r.table, " ", n)
	if !r.Follows(kind, cursor) {
		return next, false, nil // from now on
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(cursor, *r.table+" "))
	var page []cosell.Hint
	for row := from; row < n; row++ {
		page = append(page, cosell.Hint{Kind: kind, ID: fmt.Sprint(*r.table, " row ", row+1)})
	}
	return next, n > from, each(page, "")
}

// rowsIn is a queue that keeps the solution rows that are named.
type rowsIn struct {
	flow.Hints
	named *[]string
}

func (r rowsIn) Changed(_ context.Context, all []flow.Hint) error {
	for _, h := range all {
		if h.Kind == "solution" {
			*r.named = append(*r.named, h.ID)
		}
	}
	return nil
}

// The sheet names another table for the solution rows, in which there is nothing yet: its feed begins at the next pass, once, and neither that
// pass nor the looks at the last day begin it again behind a row whose event was lost.
func TestI1_ATableThatTheSheetNamesAnewIsReadFromTheNextPassOn(t *testing.T) {
	const pass, look = 5 * time.Minute, 13 * time.Hour
	for what, after := range map[string][]time.Duration{"APassLater": {pass, pass}, "ALookLater": {pass, look}, "TwoLooksLater": {pass, look, look}, "ThreeLooksLater": {pass, look, look, look},
		"NamedBeforeALook": {look, look}, "NamedBeforeALookAndTwoLater": {look, look, look}} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			table, named := "first", []string(nil)
			crm := renamed{w.flow.Opportunities, &table, map[string]int{"first": 1}}
			w.flow.Opportunities, w.flow.Hints = crm, rowsIn{w.flow.Hints, &named}
			passAfter := func(d time.Duration) {
				w.now = w.now.Add(d)
				w.pass()
			}
			for range 3 {
				passAfter(look)
			}
			table = "second"
			for i, d := range after {
				if i == len(after)-1 {
					crm.rows[table]++
				}
				passAfter(d)
			}
			if !slices.Contains(named, "second row 1") {
				t.Errorf("its event was lost, and the passes name %q", named)
			}
		})
	}
}
