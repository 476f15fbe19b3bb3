package ledger

import (
	"context"
	"encoding/json"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// SaveShadowed keeps what the last look at a record would have done, in place of what the one before it would have:
// two calls where it has a referral, as it may have been known without one before.
func (l *Ledger) SaveShadowed(ctx context.Context, s cosell.Shadowed) error {
	id := s.OpportunityID
	if s.ReferralID != "" {
		id = s.ReferralID
		if _, err := l.rows.write(ctx, stateTable, op{kind: remove, key: key("x", s.OpportunityID)}); err != nil {
			return outside(err)
		}
	}
	text, _ := json.Marshal(s)
	return l.saveValue(ctx, key("x", id), string(text))
}

// ShadowRows hands over what the last look at each record would have done, until each says false.
func (l *Ledger) ShadowRows(ctx context.Context, each func(cosell.Shadowed) bool) error {
	return l.rows.list(ctx, stateTable, "x|", after("x"), func(r row) bool {
		var s cosell.Shadowed
		if r.readable() != nil || json.Unmarshal([]byte(r.long("Value")), &s) != nil {
			return true // a later version's, or damaged: the next look at the record writes it anew
		}
		return each(s)
	})
}

// DropShadowed removes the rows of looks before the time given.
func (l *Ledger) DropShadowed(ctx context.Context, before time.Time) error {
	return l.drop(ctx, "x|", after("x"), func(r row) bool {
		var s cosell.Shadowed
		_ = json.Unmarshal([]byte(r.long("Value")), &s) // damaged: of no time, so it goes
		return s.At.Before(before)
	})
}

// SaveWatched keeps what shadow mode knows of a pair that another system keeps in step. It is no row of the pair: in
// earnest nobody reads it.
func (l *Ledger) SaveWatched(ctx context.Context, p cosell.Pair) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fault.New(fault.Invalid, "writing down what shadow mode knows of %s: %w", p.OpportunityID, err)
	}
	return l.saveValue(ctx, key("y", p.OpportunityID), string(text))
}

// Watched gives what shadow mode knows of a pair.
func (l *Ledger) Watched(ctx context.Context, opportunityID string) (p cosell.Pair, ok bool, err error) {
	text, ok, err := l.value(ctx, key("y", opportunityID))
	if err != nil || !ok || json.Unmarshal([]byte(text), &p) != nil { // damaged: as if it were seen for the first time
		return cosell.Pair{}, false, outside(err)
	}
	return p, true, nil
}

// DropWatched removes all that shadow mode knows of pairs.
func (l *Ledger) DropWatched(ctx context.Context) error {
	return l.drop(ctx, "y|", after("y"), func(row) bool { return true })
}
