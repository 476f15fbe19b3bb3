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

// A day without Partner Center, in which sixty deals are edited and twelve are new: while it is away it is asked little, no message
// dies or is parked, and afterwards everything crosses without anybody's word.
func TestADayWithoutPartnerCenterIsCaughtUpByItself(t *testing.T) {
	play(t, func(r *rig) {
		const many, young = 60, 12
		var deals []pair
		for i := range many {
			id := r.deal("Deal " + strconv.Itoa(i))
			r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
			r.edits("opportunity", id, doc{"cosell_sync": true})
			deals = append(deals, pair{opportunity: id})
		}
		r.quiet()
		r.advance(10 * time.Minute)
		r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": 503})
		asked := r.pc.calls()
		var fresh []string
		for i := range many {
			r.edits("opportunity", deals[i].opportunity, doc{"estimatedvalue": 91000 + i})
			if i%(many/young) == 0 {
				id := r.deal("New "+strconv.Itoa(i), doc{"cosell_sync": true})
				r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				fresh = append(fresh, id)
			}
			r.advance(24 * time.Hour / many)
		}
		calls := r.pc.calls() - asked
		if len(r.bus.dead) != 0 || strings.Contains(r.health(), `"parked":1`) {
			t.Errorf("%d dead letters; health %s", len(r.bus.dead), r.health())
		}
		r.pc.healed()
		r.advance(time.Hour)
		for i, p := range deals {
			if v := r.referral(r.pairOf(p.opportunity).own).text("details/dealValue"); v != strconv.Itoa(91000+i) {
				t.Errorf("deal %d has %s in Partner Center", i, v)
			}
		}
		for _, id := range fresh {
			if r.pairOf(id).own == "" {
				t.Errorf("the new deal %s has no referral", id)
			}
		}
		if _, were := r.counted(); len(r.bus.dead) != 0 || were != many+young || strings.Contains(r.health(), "brake.on") {
			t.Errorf("%d dead letters, %d referrals, health %s", len(r.bus.dead), were, r.health())
		}
		if most := 24 * 60 * 5; calls > most { // one call a minute tries, three times, and what the passes ask of the other host
			t.Errorf("%d calls while it was away", calls)
		}
	})
}
