package ledger

import (
	"context"
	"encoding/json"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// brakeKey is the row of the brake: one of a tenant, for all its processes.
func brakeKey() string { return key("b", "brake") }

// Brake says how the brake stands: one call. Without Version there is no row yet.
func (l *Ledger) Brake(ctx context.Context) (cosell.Brake, error) {
	r, ok, err := l.get(ctx, stateTable, brakeKey())
	if err != nil || !ok {
		return cosell.Brake{}, err
	}
	var b cosell.Brake
	if err := json.Unmarshal([]byte(r.long("Value")), &b); err != nil {
		b = cosell.Brake{} // damaged: as if nothing had ever been let go, and written anew by the next pass
	}
	b.Version = r.version
	return b, nil
}

// SaveBrake keeps how the brake stands, unless another process has changed it since it was read: Conflict.
func (l *Ledger) SaveBrake(ctx context.Context, b cosell.Brake) error {
	text, err := json.Marshal(b)
	if err != nil {
		return fault.New(fault.Invalid, "the brake cannot be kept: %w", err)
	}
	o := op{kind: put, key: brakeKey(), version: b.Version, props: map[string]string{"V": schema}}
	if b.Version == "" {
		o.kind = insert
	}
	setLong(o.props, "Value", string(text))
	_, err = l.rows.write(ctx, stateTable, o)
	return outside(err)
}

// Aside lists the pairs of which something is put aside by the brake: one call for each thousand rows of what is held.
func (l *Ledger) Aside(ctx context.Context) (out []cosell.Aside, err error) {
	err = l.HeldAndTimes(ctx, func(h HeldRow) bool {
		if h.Code == cosell.CodeBrake {
			out = append(out, cosell.Aside{OpportunityID: h.OpportunityID, Cause: h.Value, Since: h.Since})
		}
		return true
	})
	return out, err
}

// CountPairs counts the pairs that have an engagement, up to most; 0: all of them, without those of which one record was not
// made, as a referral that is left alone. Their own rows are long, so the short ones are counted that find them, and what
// is held says which of them lack a record: one call for each thousand.
func (l *Ledger) CountPairs(ctx context.Context, most int) (n int, err error) {
	lacking := map[string]bool{}
	if most == 0 {
		err = l.HeldAndTimes(ctx, func(h HeldRow) bool {
			if h.Phase == cosell.Lacking {
				lacking[h.OpportunityID] = true
			}
			return true
		})
		if err != nil {
			return 0, err
		}
	}
	err = l.rows.list(ctx, stateTable, "e|", after("e"), func(r row) bool {
		if !lacking[r.props["Opportunity"]] {
			n++
		}
		return n != most || most == 0
	})
	return n, err
}
