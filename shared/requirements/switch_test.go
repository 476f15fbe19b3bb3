package requirements

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestR36_WithoutSyncNothingGoesOut(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.pc.calls()
		id := r.deal("Never synced", doc{"cosell_help": r.help("WorkloadSpecificValueProposition"), "cosell_visible": true})
		row := r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.edits("opportunity", id, doc{"estimatedvalue": 5000, "name": "Other name", "description": "Other words", "estimatedclosedate": "2026-11-11",
			"transactioncurrencyid@odata.bind": dollar, "ownerid@odata.bind": "/systemusers(" + dataversesim.CloserID + ")"})
		r.edits("cosell_solution", row, doc{"cosell_quantity": 3})
		r.edits("account", dataversesim.AccountID, doc{"address1_city": "Lübeck"})
		r.edits("contact", dataversesim.ContactID, doc{"telephone1": "+49 40 999"})
		r.quiet()
		r.reconcile()
		r.person(doc{"do": "win", "id": id})
		r.quiet()
		r.pc.wrote(mark, 0)
	})
}

func TestR36_SwitchedOffBothSidesRestAndOnAgainBothCatchUp(t *testing.T) {
	// The row that was switched on last is the newest of the two.
	for wins, value := range map[string]string{"newest": "9100", "crm": "9100", "pc": "9200"} {
		t.Run(wins, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Paused", doc{"estimatedvalue": 9000})
				pc, crm, before := r.pc.calls(), r.dv.calls(), r.opportunity(p.opportunity)
				r.edits("opportunity", p.opportunity, doc{"cosell_sync": false, "description": "Ours alone"})
				r.quiet()
				if got := r.newest(p.opportunity, len(strings.Split(before.text("cosell_audit"), "\n"))); len(got) != 1 {
					t.Errorf("Audit says %v", got)
				}
				r.dv.wrote(crm, 1)
				if got := r.touched(p.opportunity, before); !slices.Equal(got, []string{"cosell_sync", "description"}) {
					t.Errorf("touched were %v", got)
				}
				crm = r.dv.calls()
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 9100})
				time.Sleep(time.Minute)
				r.portalEdits(p.own, doc{"/details/closingDateTime": "2026-11-11T00:00:00Z", "/details/dealValue": 9200})
				r.quiet()
				r.reconcile()
				r.quiet()
				r.pc.wrote(pc, 0)
				r.dv.wrote(crm, 0)
				time.Sleep(time.Minute)
				r.edits("opportunity", p.opportunity, doc{"cosell_sync": true})
				r.quiet()
				d, o := r.referral(p.own), r.opportunity(p.opportunity)
				if d.text("details/notes") != "Ours alone" || o.text("description") != "Ours alone" || o.text("estimatedclosedate") != "2026-11-11" || !strings.HasPrefix(d.text("details/closingDateTime"), "2026-11-11") {
					t.Errorf("Partner Center has %q, %s, CRM %q, %s", d.text("details/notes"), d.text("details/closingDateTime"), o.text("description"), o.text("estimatedclosedate"))
				}
				if d.text("details/dealValue") != value || o.text("estimatedvalue") != value {
					t.Errorf("Partner Center has %s, CRM %s instead of %s", d.text("details/dealValue"), o.text("estimatedvalue"), value)
				}
				r.audited(p.opportunity, map[string]string{"9200": "9100", "9100": "9200"}[value]) // whose value has lost
			}, "sheet:- {field: dealValue, wins: "+wins+"}\n")
		})
	}
}
