package requirements

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping/mappingtest"
	"github.com/cosell-sync/cosell-sync/shared/referrals"
)

// A page of a list is so many items behind so many others, by the order of the moment, and what is handed out is worked on, and
// written, before the next page is asked for. After an outage that must not push others past the page that is read.
func TestWhatIsWrittenDuringACatchUpPushesNothingPastThePage(t *testing.T) {
	play(t, func(r *rig) {
		feed := referrals.New(r.product.app.PartnerCenter, mappingtest.Sheet(t), referrals.Options{})
		var all []string
		for i := range 250 {
			all = append(all, r.portalDeal(doc{"name": fmt.Sprint("Deal ", i)}).ID)
		}
		cursor, err := feed.Changed(context.Background(), "", func(cosell.Hint) error { return nil })
		must(t, err)
		time.Sleep(time.Hour)
		for _, id := range all { // nobody hears of it
			r.portalEdits(id, doc{"/details/dealValue": 5000})
			time.Sleep(time.Second)
		}
		time.Sleep(time.Hour)
		named := map[string]bool{}
		for pass := range 2 {
			given := 0
			cursor, err = feed.Changed(context.Background(), cursor, func(h cosell.Hint) error {
				named[h.ID] = true
				if given++; pass == 0 && given%30 == 0 { // three of each page
					r.portalEdits(h.ID, doc{"/details/notes": "Written meanwhile"})
				}
				return nil
			})
			must(t, err)
			time.Sleep(5 * time.Minute)
		}
		missed := 0
		for _, id := range all {
			if !named[id] {
				missed++
			}
		}
		if missed > 0 {
			t.Errorf("%d of %d changed referrals were never named", missed, len(all))
		}
	}, unregistered)
}
