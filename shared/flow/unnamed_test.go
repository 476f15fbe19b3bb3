package flow_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// bulk is a CRM whose feed of contacts gives so many rows in pages of a hundred, once; -1: it does not know which.
type bulk struct {
	flow.Opportunities
	rows *int
}

func (bulk) Kinds() []string { return []string{"contact"} }

func (b bulk) Changed(_ context.Context, kind, _ string, each func([]cosell.Hint, string) error) (string, bool, error) {
	n := *b.rows
	*b.rows = 0
	if n < 0 {
		return "next", true, each([]cosell.Hint{{Kind: kind}}, "")
	}
	for from := 0; from < n; from += 100 {
		var page []cosell.Hint
		for row := range 100 {
			page = append(page, cosell.Hint{Kind: kind, ID: fmt.Sprint("contact ", from+row)})
		}
		if err := each(page, fmt.Sprint("page ", from)); err != nil {
			return "", false, err
		}
	}
	return "next", n > 0, nil
}

// sentIn is a queue that counts what it is given, and keeps the opportunities.
type sentIn struct {
	flow.Hints
	contacts, deals *int
}

func (s sentIn) Changed(ctx context.Context, all []flow.Hint) error {
	for _, h := range all {
		if h.Kind != "contact" {
			*s.deals++
			if err := s.Hints.Changed(ctx, []flow.Hint{h}); err != nil {
				return err
			}
			continue
		}
		*s.contacts++
	}
	return nil
}

// Of a table in which so many rows have changed, or nobody knows which, the rows do not stand in the queue in front of what sellers do:
// the deals that may show them are compared, at most once an hour, and none is lost.
func TestI1_RowsThatNobodyNamesHaveTheDealsCompared(t *testing.T) {
	for what, tt := range map[string]struct{ rows, named int }{"A FewAreNamed": {rows: 1000, named: 1000}, "Many": {rows: 30_000, named: 1000}, "AnExpiredLink": {rows: -1}} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.deaf = true
			w.private(nil)
			w.unconcerned(1)
			own, rows, contacts, deals := w.own()[0].ID, 0, 0, 0
			w.flow.Opportunities, w.flow.Hints = bulk{w.flow.Opportunities, &rows}, sentIn{w.flow.Hints, &contacts, &deals}
			w.later(5 * time.Minute)
			for round := 1; round <= 2; round++ {
				rows, contacts, deals = tt.rows, 0, 0
				phone := fmt.Sprintf(`{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"%d"}`, round+1)
				row := w.opportunities[deal]
				row.Record = after(row.Record, cosell.Record{cosell.Team: "1", "team/kim": phone})
				w.opportunities[deal] = row // which has the version that it had
				w.later(5 * time.Minute)
				w.later(5 * time.Minute)
				said := w.referrals[own].Record["team/kim"] == phone
				if want := tt.rows > 1000 || tt.rows < 0; said != (want && round == 1) {
					t.Errorf("round %d: after two passes the referral says %v", round, w.referrals[own].Record["team/kim"])
				}
				for range 9 { // so that the next ones come within the hour
					w.later(5 * time.Minute)
				}
				want := 1
				if tt.rows == tt.named {
					want = 0
				}
				if contacts != tt.named || deals != want {
					t.Errorf("round %d: %d contacts and %d deals were hinted", round, contacts, deals)
				}
			}
			deals = 0
			for range 14 {
				w.later(5 * time.Minute)
			}
			if deals > 0 {
				t.Errorf("%d deals were hinted once it was done", deals)
			}
		})
	}
}
