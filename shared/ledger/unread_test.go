package ledger

import (
	"testing"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A row that cannot be read ends no list of pairs: it comes with the ids that are known of it, and the others as they are.
func TestARowThatCannotBeReadEndsNoList(t *testing.T) {
	for name, c := range map[string]struct {
		props    map[string]string
		says     fault.Kind
		referral bool // is known
	}{
		"Damaged":       {map[string]string{"Base": "{", "BaseN": "1"}, fault.Invalid, true},
		"OfALaterShape": {map[string]string{"V": "3"}, fault.Refused, false},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, l *Ledger) {
				ctx, pairs := t.Context(), map[string]cosell.Pair{}
				bad := samplePair()
				bad.OpportunityID = "00000000" + uuid.NewString()[8:] // the first of the list
				for _, p := range []cosell.Pair{bad, samplePair(), samplePair()} {
					pairs[p.OpportunityID] = saved(t)(l.Save(ctx, p))
				}
				if _, err := l.rows.write(ctx, stateTable, op{kind: put, key: key("o", bad.OpportunityID), props: c.props}); err != nil {
					t.Fatal(err)
				}
				read, unread := 0, 0
				err := l.Pairs(ctx, func(p cosell.Pair) bool {
					of, ours := pairs[p.OpportunityID]
					switch {
					case !ours:
						return true // of another test on the same tables
					case !p.Unread:
						read++
						return true
					}
					unread++
					if p.OpportunityID != bad.OpportunityID || p.Phase != "" || (p.ReferralID == of.ReferralID) != c.referral {
						t.Errorf("%+v", p)
					}
					return true
				})
				if err != nil || read != 2 || unread != 1 {
					t.Errorf("%v: %d pairs were read and %d not", err, read, unread)
				}
				if _, _, err := l.Find(ctx, bad.OpportunityID); !fault.Is(err, c.says) {
					t.Errorf("found: %v", err)
				}
			})
		})
	}
}
