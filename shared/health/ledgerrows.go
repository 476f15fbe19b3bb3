package health

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// LedgerRows is the ledger as health reads it.
type LedgerRows struct{ *ledger.Ledger }

// Brakes implements Ledger.
func (t LedgerRows) Brakes(ctx context.Context) ([]cosell.Brake, error) {
	b, err := t.Brake(ctx)
	return []cosell.Brake{b}, err
}

// HeldRows implements Ledger.
func (t LedgerRows) HeldRows(ctx context.Context, each func(Held) bool) error {
	return t.Ledger.HeldRows(ctx, func(h ledger.HeldRow) bool {
		out := Held{Class: fault.Class(h.Class), Code: h.Code, Record: "opportunity|" + h.OpportunityID, Since: h.Since, Mend: h.Mend}
		if h.Field == cosell.Whole && h.Place == cosell.InCRM && h.Phase == cosell.Lacking && h.ReferralID != "" { // else a row that is there and takes no words
			out.Record, out.Whole = "referral|"+h.ReferralID, h.Class == cosell.OfRecord
		}
		if h.Code == "referral.twice" {
			out.Mend = h.Text + ": " + h.Mend // both ids stand there
		}
		return each(out)
	})
}
