package requirements

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// A connection that was there before anybody read the feed, and of which no event came, is taken away, and the event of that is lost too: the feed
// has its id alone, and it is known whose it was because its deal was looked at.
func TestR122_WhoWasThereBeforeTheFeedWasReadAndLeftUnheardIsFound(t *testing.T) {
	for name, linked := range map[string]bool{"BeforeTheDealIsLinked": false, "A LinkedBefore": true} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				deal := r.deal("Left unheard")
				nora := r.colleague("Nora", "Newcomer")
				var p pair
				if linked {
					p = r.synced(deal)
				}
				r.quiet()
				r.dv.delivery(doc{"lose": 1})
				tie := r.connects(deal, "systemusers", nora, dataversesim.SalesProfessionalRoleID)
				r.quiet()
				r.dv.delivery(doc{"lose": 0})
				if linked {
					r.edits("opportunity", deal, doc{"name": "Left unheard, again"})
					r.quiet()
				} else {
					p = r.synced(deal)
				}
				if got := r.names(p.own, "team"); got != "Kim Nora" {
					t.Fatalf("the team is %s", got)
				}
				r.advance(2 * timerEvery)
				r.dv.delivery(doc{"lose": 1})
				r.person(doc{"do": "delete", "table": "connection", "id": tie})
				r.advance(2 * timerEvery)
				if got := r.names(p.own, "team"); got != "Kim" {
					t.Errorf("she left and stays: %s", got)
				}
			})
		})
	}
}
