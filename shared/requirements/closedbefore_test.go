package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// closedBefore is what years of another connector have left half closed.
type closedBefore struct {
	there, wonHere, lostHere pair // the referral is won; the opportunity is won, or lost
	unknown, bad             string
}

func (r *rig) halfClosed(o connected) (c closedBefore) {
	r.t.Helper()
	deal := func(name string, named acted) pair {
		id := r.deal(name, doc{msftColumn + "sync": true, msftColumn + "identifier": named.ID})
		o.row(r, id, dataversesim.ForecastID)
		r.portalEdits(named.ID, doc{"/externalReferenceId": id})
		return pair{opportunity: id, own: named.ID}
	}
	here := func(do, name string, named acted) pair {
		p := deal(name, named)
		r.dv.call(http.MethodPost, "/user", doc{"do": do, "table": "opportunity", "id": p.opportunity})
		return p
	}
	c.there = deal("Won there", r.portalDeal(doc{"name": "Won there"}))
	r.portalEdits(c.there.own, doc{"/status": "Closed", "/substatus": "Won"})
	c.wonHere = here("win", "Won here", r.portalDeal(doc{"name": "Won here"}))
	c.lostHere = here("lose", "Lost here", r.portalDeal(doc{"name": "Lost here"}))
	c.unknown = deal("Names no referral", acted{ID: r.portalDeal(doc{"name": "Other"}).ID}).opportunity
	r.edits("opportunity", c.unknown, doc{msftColumn + "identifier": "11111111-2222-4333-8444-555555555555"})
	c.bad = r.deal("Names no id", doc{msftColumn + "sync": true, msftColumn + "identifier": "see my mail"})
	return c
}

// A deal of which one record is closed and the other open is named by the plan before the work begins, as is an identifier
// that names no referral; the work closes neither record, tells it, and goes on once a person has decided.
func TestTheFirstDayClosesNothing(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		r.flowsOff()
		r.pc.delivery(doc{"pause": true}) // it was before us
		r.dv.delivery(doc{"pause": true})
		c := r.halfClosed(o)
		r.over(o, "Won long ago")
		want := map[string]string{c.there.opportunity: "closed", c.wonHere.own: "closedhere", c.lostHere.own: "closedhere", c.unknown: "unknown", c.bad: "unknown"}
		mark := r.pc.calls()
		got := fates(r.asked("adopt", nil))
		for id, fate := range want {
			if got[id] != fate {
				t.Errorf("%s is %q, want %q", id, got[id], fate)
			}
		}
		r.pc.wrote(mark, 0)
		r.adopted(26 * time.Hour)
		state := func(p pair, crm, pc string) {
			t.Helper()
			d := r.referral(p.own)
			if o, s := r.opportunity(p.opportunity), d.text("status")+"/"+d.text("substatus"); o.text("statecode") != crm || s != pc {
				t.Errorf("%s: the opportunity's state is %s, want %s; the referral is %s, want %s", o.text("name"), o.text("statecode"), crm, s, pc)
			}
		}
		state(c.there, "0", "Closed/Won")
		state(c.wonHere, "1", "Active/Accepted")
		state(c.lostHere, "2", "Active/Accepted")
		for _, p := range []pair{c.there, c.wonHere, c.lostHere} {
			if audit := r.opportunity(p.opportunity).text(msftColumn + "syncaudit"); strings.Count(audit, "status.apart") != 1 {
				t.Errorf("told is %q", audit)
			}
		}
		for _, id := range []string{c.unknown, c.bad} {
			if audit := r.opportunity(id).text(msftColumn + "syncaudit"); !strings.Contains(audit, "referral.unknown") {
				t.Errorf("told is %q", audit)
			}
		}
		user := func(do string, p pair) {
			r.dv.call(http.MethodPost, "/user", doc{"do": do, "table": "opportunity", "id": p.opportunity})
			r.advance(time.Hour)
		}
		user("win", c.there)
		state(c.there, "1", "Closed/Won")
		user("reopen", c.lostHere)
		state(c.lostHere, "0", "Active/Accepted")
		user("lose", c.lostHere)
		state(c.lostHere, "2", "Closed/Lost")
		r.portalEdits(c.wonHere.own, doc{"/status": "Closed", "/substatus": "Won"})
		r.advance(time.Hour)
		state(c.wonHere, "1", "Closed/Won")
		if h := r.held(); len(h) > 0 && strings.Contains(string(encoded(t, h)), "status.apart") {
			t.Errorf("still held: %s", encoded(t, h))
		}
	}, "SYNC_STARTED=")
}
