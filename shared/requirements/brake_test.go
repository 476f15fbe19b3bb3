package requirements

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// The whole product, of whose many pairs the tables were lost: it links them again, fills in nothing that nobody has asked for,
// says so in health, and goes on with it by an operator's word.
func TestLostTablesOfManyPairsAreRebuiltUnderTheBrake(t *testing.T) {
	play(t, func(r *rig) {
		const many = 55
		var ids []string
		for i := range many {
			id := r.deal("Pair " + strconv.Itoa(i))
			r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
			r.edits("opportunity", id, doc{"cosell_sync": true})
			ids = append(ids, id)
		}
		r.quiet()
		r.advance(24 * time.Hour)
		r.dv.call(http.MethodPost, "/delivery", doc{"lose": true})
		for _, id := range ids { // and nobody is told
			r.edits("opportunity", id, doc{"description": ""})
		}
		r.quiet()
		r.dv.call(http.MethodPost, "/delivery", doc{"lose": false})
		r.product.end()
		r.product.ended.Wait()
		r.tables = ledger.InMemory(time.Now)
		made, were := r.counted()
		crm, pc := r.dv.calls(), r.pc.calls()
		r.start()
		r.reconcile()
		r.advance(time.Hour)
		r.dv.wrote(crm, 0)
		r.pc.wrote(pc, 0)
		if h := r.health(); !strings.Contains(h, `"brake.on"`) || !strings.Contains(h, "55 of 5") {
			t.Errorf("health says %s", h)
		}
		brake := doc(r.asked("brake", nil)["brake"].(map[string]any))
		if brake.text("on") != "true" || brake.text("aside") != "55" || brake.text("limit") != "50" {
			t.Errorf("the brake is %v", brake)
		}
		if does := one(r.asked("preview", map[string][]string{"id": {ids[3]}})); does.text("does") != "update" || does.text("aside") != "true" {
			t.Errorf("the preview of one says %v", does)
		}
		r.edits("opportunity", ids[0], doc{"estimatedvalue": 91000})
		r.quiet()
		if v := r.referral(r.pairOf(ids[0]).own).text("details/dealValue"); v != "91000" {
			t.Errorf("an edit under the brake: %s", v)
		}
		r.done("brake/release", doc{"reason": "the notes belong there"})
		r.advance(10 * time.Minute)
		filled := 0
		for _, id := range ids {
			if r.opportunity(id).text("description") == "The customer wants to forecast stock." {
				filled++
			}
		}
		if nowMade, nowWere := r.counted(); filled != many || nowMade != made || nowWere != were || strings.Contains(r.health(), "brake.on") {
			t.Errorf("%d filled in; %d opportunities and %d referrals were made; health %s", filled, nowMade-made, nowWere-were, r.health())
		}
	})
}
