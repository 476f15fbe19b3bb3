package simulate

import (
	"encoding/json"
	"net/http"
	"time"
)

// drifted is I24 by what the drift report says: whatever differs at rest, it explains. It asks what `cosellctl drift` asks.
// What an organisation forbids or has altered is not explained by a look at the records.
func (r *run) drifted(when string) {
	if mix(r.seed, 81)%16 != 0 || r.shadow() || r.lockedOut || len(r.denied) > 0 || r.altered() || len(r.broken) > 0 {
		return
	}
	p := r.processFor("operator", 0)
	r.begin(p, looking+"preview", func(l *lane) int {
		status, answer := p.askOperator(l, http.MethodGet, "operator/preview", nil)
		r.unexplained(when, answer)
		return status
	}, func(int) {})
	r.quiet(20 * time.Minute)
}

// unexplained judges an answer to operator/preview.
func (r *run) unexplained(when string, answer []byte) {
	var report struct {
		Previews []struct {
			Opportunity string
			Differences []struct {
				Field, CRM, Goes, Why string
				Unexplained           bool
			}
			Problems []any
		}
	}
	if err := json.Unmarshal(answer, &report); err != nil {
		r.violates("I24", "drift %s cannot be read: %v: %.300s", when, err, answer)
	}
	for _, deal := range report.Previews {
		for _, d := range deal.Differences {
			r.judges("I24")
			r.reached["difference explained"]++
			if d.Unexplained || d.Why == "" {
				r.violates("I24", "drift %s: of opportunity %s nothing says why it differs: %+v, problems %v", when, deal.Opportunity, d, deal.Problems)
			}
		}
	}
}
