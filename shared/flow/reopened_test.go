package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// While a deal is won CRM shows its value in a column of the closing; a reopening shows the estimate again. What was edited in
// Partner Center meanwhile stands on both sides afterwards, wherever the process died on the way.
func TestI1_AnEditOfAWonDealOutlivesItsReopeningWhereverAProcessDies(t *testing.T) {
	for died := 0; ; died++ {
		w := newWorld(t)
		w.rules = rules()
		for i, rule := range w.rules {
			w.rules[i].WhenWon = rule.Field == cosell.DealValue
		}
		w.restart()
		r := w.sold(cosell.Record{cosell.DealValue: "30000", cosell.Visibility: cosell.True})
		w.user(cosell.Record{cosell.Status: cosell.Won})
		_ = w.run(func() error { return w.flow.FromOpportunity(t.Context(), toldOf("opportunity", deal, "Update")) }) // which waits for its 72 hours
		w.portal(r, cosell.Record{cosell.DealValue: "35000"})
		w.died, w.dieAt = false, w.calls+died
		_ = w.run(func() error { return w.flow.FromReferral(t.Context(), told(r, "referral-updated")) })
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Status: cosell.Open, cosell.DealValue: "30000"})
		w.events()
		w.later(2 * time.Hour)
		if p, d := w.referrals[r].Record[cosell.DealValue], w.opportunities[deal].Record[cosell.DealValue]; p != "35000" || d != "35000" {
			t.Errorf("died at %d: %s in Partner Center, %s in CRM: %s", died, p, d, w.opportunities[deal].Record[cosell.Audit])
		}
		if died > 0 && !w.died {
			return
		}
	}
}
