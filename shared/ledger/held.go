package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// HeldRow is one thing that is held, with the pair that it belongs to.
type HeldRow struct {
	cosell.Held
	OpportunityID string       `json:"opportunity"`
	ReferralID    string       `json:"referral,omitempty"`
	Phase         cosell.Phase `json:"phase"`
}

func heldKey(p cosell.Pair, h cosell.Held) string {
	return key("h", string(h.Place), p.OpportunityID, string(h.Field), h.Code)
}

func heldProps(p cosell.Pair, h cosell.Held) map[string]string {
	text, _ := json.Marshal(HeldRow{Held: h, OpportunityID: p.OpportunityID, ReferralID: p.ReferralID, Phase: p.Phase})
	props := map[string]string{"V": schema, "Opportunity": p.OpportunityID, "Class": string(h.Class), "Code": h.Code}
	setLong(props, "Held", string(text))
	return props
}

// HeldRows hands over everything that is held until each says false; one call for each thousand rows. Rows
// that only keep a time hold nothing and are left out.
func (l *Ledger) HeldRows(ctx context.Context, each func(HeldRow) bool) error {
	return l.HeldAndTimes(ctx, func(h HeldRow) bool { return h.Quiet || each(h) })
}

// HeldAndTimes is HeldRows with the rows that only keep a time.
func (l *Ledger) HeldAndTimes(ctx context.Context, each func(HeldRow) bool) error {
	return l.rows.list(ctx, stateTable, "h|", after("h"), func(r row) bool {
		var h HeldRow
		if r.readable() != nil {
			return true // its pair says so to whoever looks at it
		}
		if json.Unmarshal([]byte(r.long("Held")), &h) != nil {
			return true // damaged: the pair's next save writes it anew
		}
		return each(h)
	})
}

// Due lists the opportunities of which something held is due at the time, each once.
func (l *Ledger) Due(ctx context.Context, at time.Time) ([]string, error) {
	var out []string
	err := l.HeldAndTimes(ctx, func(h HeldRow) bool {
		if h.Due(at) && !slices.Contains(out, h.OpportunityID) {
			out = append(out, h.OpportunityID)
		}
		return true
	})
	return out, err
}

// HeldNaming lists the opportunities of which something is held under the code, in words that name the text.
func (l *Ledger) HeldNaming(ctx context.Context, code, text string) ([]string, error) {
	var out []string
	err := l.HeldAndTimes(ctx, func(h HeldRow) bool {
		if h.Code == code && strings.Contains(h.Text, text) && !slices.Contains(out, h.OpportunityID) {
			out = append(out, h.OpportunityID)
		}
		return true
	})
	return out, err
}
