package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// Whatever years of another connector have left behind, the plan tells it apart before the work begins: what names the same
// record twice, what names one that is another's; and what is over on both sides is left as it is.
func TestTheFirstDayTellsApartWhatSeveralRecordsClaim(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		r.flowsOff()
		r.pc.delivery(doc{"pause": true}) // it was before us
		r.dv.delivery(doc{"pause": true})
		deal := func(name, identifier string) string {
			more := doc{msftColumn + "sync": true}
			if identifier != "" {
				more[msftColumn+"identifier"] = identifier
			}
			id := r.deal(name, more)
			o.row(r, id, dataversesim.ForecastID)
			return id
		}
		two := r.portalDeal(doc{"name": "Two opportunities name it"})
		one, other := deal("One", two.ID), deal("Other", two.ID)
		claimed := deal("Two referrals name it", "")
		first, second := r.portalDeal(doc{"name": "First", "externalReferenceId": claimed}), r.portalDeal(doc{"name": "Second", "externalReferenceId": claimed})
		crossed := r.portalDeal(doc{"name": "Names another than names it"})
		names, named := deal("Names it", crossed.ID), deal("Is named by it", "")
		r.portalEdits(crossed.ID, doc{"/externalReferenceId": named})
		done, doneDeal := r.over(o, "Won long ago")
		plain := r.portalDeal(doc{"name": "Plain"})
		linked := deal("Plain", plain.ID)
		r.portalEdits(plain.ID, doc{"/externalReferenceId": linked})

		want := map[string]string{two.ID: "several", one: "several", other: "several", first.ID: "several", second.ID: "several",
			crossed.ID: "links", names: "taken", plain.ID: "links"}
		for range 3 { // the same each time
			got := fates(r.asked("adopt", nil))
			for id, fate := range want {
				if got[id] != fate {
					t.Errorf("%s is %q, want %q", id, got[id], fate)
				}
			}
			if len(got) != len(want) {
				t.Errorf("listed are %v", got)
			}
		}
		opportunities, referrals := r.counted()
		crm, pc := encoded(t, r.opportunity(doneDeal)), encoded(t, r.referral(done.ID))
		r.adopted(time.Hour)
		if now, then := r.counted(); now != opportunities || then != referrals {
			t.Errorf("made were %d opportunities and %d referrals", now-opportunities, then-referrals)
		}
		if now := encoded(t, r.opportunity(doneDeal)); string(now) != string(crm) {
			t.Errorf("the deal that was over was %s and is %s", crm, now)
		}
		if now := encoded(t, r.referral(done.ID)); string(now) != string(pc) {
			t.Errorf("the referral that was over was %s and is %s", pc, now)
		}
		if r.referral(crossed.ID).text("externalReferenceId") != named || r.opportunity(names).text(msftColumn+"identifier") != crossed.ID {
			t.Error("an identifier was overwritten")
		}
		if audit := r.opportunity(names).text(msftColumn + "syncaudit"); !strings.Contains(audit, "link.taken") {
			t.Errorf("whoever names another's referral is told %q", audit)
		}
		r.dv.call(http.MethodPost, "/user", doc{"do": "update", "table": "opportunity", "id": linked, "columns": doc{"estimatedvalue": 61000}})
		r.quiet()
		if v := r.referral(plain.ID).text("details/dealValue"); v != "61000" {
			t.Errorf("once linked, an edit does not cross: %s", v)
		}
	}, "SYNC_STARTED=")
}

// over is a deal that another connector has linked, and that was won on both sides.
func (r *rig) over(o connected, name string) (acted, string) {
	r.t.Helper()
	a := r.portalDeal(doc{"name": name})
	id := r.deal(name, doc{msftColumn + "sync": true, msftColumn + "identifier": a.ID})
	o.row(r, id, dataversesim.ForecastID)
	r.portalEdits(a.ID, doc{"/externalReferenceId": id})
	r.portalEdits(a.ID, doc{"/status": "Closed", "/substatus": "Won"})
	r.dv.call(http.MethodPost, "/user", doc{"do": "win", "table": "opportunity", "id": id})
	return a, id
}

// Before a person lets the work begin nothing at all is written to either system, whatever happens there: another connector
// may still be at work.
func TestNothingIsWrittenBeforeTheStart(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		_, linked := o.linkedBefore(r, "Linked by the old connector")
		r.over(o, "Won long ago")
		r.deal("Lacks a solution", doc{msftColumn + "sync": true, "parentcontactid@odata.bind": nil})
		r.deal("Names no referral", doc{msftColumn + "sync": true, msftColumn + "identifier": "11111111-2222-4333-8444-555555555555"})
		quiet := r.deal("Switched off", nil)
		r.portalDeal(doc{"name": "Names one that is off", "externalReferenceId": quiet})
		r.portalDeal(doc{"name": "Of another CRM", "externalReferenceId": "SF-0001"})
		two := r.deal("Two referrals name it", doc{msftColumn + "sync": true})
		for range 2 {
			r.portalDeal(doc{"name": "One of two", "externalReferenceId": two})
		}
		invited := r.microsoft(doc{"do": "invite", "referral": doc{"name": "An invitation"}})
		half := r.portalDeal(doc{"name": "Named, and names nobody"})
		r.deal("Named, and names nobody", doc{msftColumn + "sync": true, msftColumn + "identifier": half.ID})
		r.quiet()
		r.portalEdits(half.ID, doc{"/details/dealValue": 91000})
		r.portalEdits(linked.ID, doc{"/details/dealValue": 91000})
		r.microsoft(doc{"do": "edit", "id": invited.MicrosoftID, "changes": doc{"/details/dealValue": 5000}})
		r.advance(2 * time.Hour)
		for name, wrote := range map[string][]written{"Partner Center": r.pc.writes(0), "the CRM": r.dv.writes(0)} {
			for _, w := range wrote {
				if !strings.Contains(w.Path, "webhooks/") && !strings.Contains(w.Path, "sdkmessageprocessingstep") { // those of operator and administrator
					t.Errorf("to %s was written before the start: %s %s %s", name, w.Method, w.Path, w.Body)
				}
			}
		}
	}, "SYNC_STARTED=")
}
