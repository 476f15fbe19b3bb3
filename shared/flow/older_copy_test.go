package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// A copy of the tables that was made in the middle of a creation, or after it, and is put back after a person has unlinked what came of
// it, links nothing again, whoever reports first: Audit tells of the end.
func TestI20_ATableCopyDoesNotUndoAnEnd(t *testing.T) {
	for n := range 8 {
		c := struct{ switchedOn, fromThePortal, noticed bool }{n&1 != 0, n&2 != 0, n&4 != 0}
		for at := 1; ; at++ {
			w := newWorld(t)
			w.pass()
			died := w.createsUntil(at)
			restore := w.backup()
			w.comesAgain()
			w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
			w.opportunityChanged()
			if c.switchedOn {
				w.user(cosell.Record{cosell.Sync: cosell.True})
				w.opportunityChanged()
			}
			w.events()
			before := w.made()
			w.now = w.now.Add(time.Hour)
			restore()
			if c.noticed {
				w.restored = w.now
			}
			if c.fromThePortal {
				w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "500"})
				w.referralChanged(w.own()[0].ID)
			}
			for range 3 {
				w.pass()
			}
			w.events()
			if o := w.opportunities[deal].Record; w.made() != before || o[cosell.ReferralID] != "" || o[cosell.DealValue] == "500" {
				t.Errorf("%+v, death at %d: there were %v records, there are %v; linked with %q", c, at, before, w.made(), o[cosell.ReferralID])
			}
			if !died {
				break
			}
		}
	}
}
