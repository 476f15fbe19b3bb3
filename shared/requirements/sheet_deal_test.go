package requirements

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestR113_NotesToMicrosoftHaveAColumnOfTheirOwn(t *testing.T) {
	for name, c := range map[string]struct{ sheet, told, notes string }{
		"as shipped":               {"sheet: []\n", "The customer wants to forecast stock.", "The customer wants to forecast stock."},
		"a column of its own":      {"sheet:\n- {field: toMicrosoft, referral: /inviteContext/notes, crm: new_tomicrosoft}\n", "Please call Ada first.", "The customer wants to forecast stock."},
		"and no description":       {"sheet:\n- {field: toMicrosoft, referral: /inviteContext/notes, crm: new_tomicrosoft}\n- {field: notes, off: true}\n", "Please call Ada first.", ""},
		"no description, no notes": {"sheet:\n- {field: notes, off: true}\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_tomicrosoft", "type": "Memo", "length": 500})
				p := r.coSell("Notes", doc{"new_tomicrosoft": "Please call Ada first."})
				own, microsofts := r.referral(p.own), r.referral(p.microsoft)
				if got := microsofts.text("inviteContext/notes"); got != c.told {
					t.Errorf("Microsoft is told %q", got)
				}
				if got := own.text("details/notes"); got != c.notes {
					t.Errorf("the partner's own referral says %q", got)
				}
				if strings.Contains(own.text("inviteContext"), "Ada") {
					t.Errorf("the partner's own referral has the notes to Microsoft: %s", own.text("inviteContext"))
				}
			}, c.sheet)
		})
	}
}

// The partner's location comes from the business unit of the owner, when the referral is made, and never again.
func TestR111_TheLocationIsThatOfTheBusinessUnitAtTheCreation(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "businessunit", "column": "new_mpnid", "type": "String", "length": 20})
		id := r.deal("Located")
		unit := r.opportunity(id).text("_owningbusinessunit_value")
		r.edits("businessunit", unit, doc{"new_mpnid": "7654321"})
		p := r.synced(id)
		if got := r.referral(p.own).text("mpnId"); got != "7654321" {
			t.Fatalf("the location is %q", got)
		}
		r.edits("businessunit", unit, doc{"new_mpnid": "1111111"})
		r.advance(2 * time.Hour) // what a row says is believed for an hour
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{"estimatedvalue": 1234})
		r.quiet()
		if got := r.referral(p.own); got.text("mpnId") != "7654321" || got.text("details/dealValue") != "1234" {
			t.Errorf("the location is %q, the value %s", got.text("mpnId"), got.text("details/dealValue"))
		}
		for _, w := range r.pc.writes(mark) {
			if strings.Contains(w.Body, "mpnId") {
				t.Errorf("it was sent again: %s", w.Body)
			}
		}
	}, "sheet: - {field: location, referral: /mpnId, crm: owningbusinessunit/new_mpnid}\n")
}

func TestR111_TheLocationMayBeThatOfTheCustomersTerritory(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "territory", "column": "new_mpnid", "type": "String", "length": 20})
		north := r.creates("territory", doc{"name": "North", "new_mpnid": "3333333"})
		r.edits("account", dataversesim.AccountID, doc{"territoryid@odata.bind": "/territories(" + north + ")"})
		p := r.private("Located")
		if got := r.referral(p.own).text("mpnId"); got != "3333333" {
			t.Errorf("the location is %q", got)
		}
	}, "sheet: - {field: location, referral: /mpnId, crm: parentaccountid/territoryid/new_mpnid}\n")
}

// Sales stages cross in percent or by name, whichever form Partner Center shows; its ends have no option in CRM.
func TestR28_TheSalesStageCrossesInEveryForm(t *testing.T) {
	for _, form := range []string{"stored", "percent", "name"} {
		t.Run(form, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.call("POST", "/switches", doc{"salesStageForm": form})
				r.listens("opportunity", "salesstage")
				p := r.private("Stages", doc{"salesstage": 1})
				if got := r.referral(p.own).text("salesStage"); got != "40" {
					t.Errorf("Develop is %q", got)
				}
				for _, c := range [][2]string{{"60", "2"}, {"Close", "3"}, {"10", "0"}, {"100", "3"}, {"Propose", "2"}, {"", ""}} {
					r.portalEdits(p.own, doc{"/salesStage": c[0]})
					r.quiet()
					if got := r.opportunity(p.opportunity).text("salesstage"); got != c[1] {
						t.Errorf("%q of a referral is %q", c[0], got)
					}
				}
				r.edits("opportunity", p.opportunity, doc{"salesstage": 3})
				r.quiet()
				if got := r.referral(p.own).text("salesStage"); got != "80" {
					t.Errorf("Close is %q", got)
				}
			}, "sheet: - {field: salesStage}\n")
		})
	}
}

// Size and industry of the customer fill a new account, and travel with a new referral.
func TestR12_SizeAndIndustryOfTheCustomer(t *testing.T) {
	const sheet = `sheet:
- {field: customerSize}
- {field: customerIndustry, referral: /details/requirements/industries/0/id, crm: parentaccountid/industrycode, way: onCreate, values: {Agriculture: "Agriculture, Forestry, & Fishing", Education: Education}}
`
	play(t, func(r *rig) {
		r.administrator(doc{"do": "option", "table": "account", "column": "industrycode", "value": 77, "label": "Education"})
		p := r.arrived(r.portalDeal(doc{"name": "Sized", "customerProfile": doc{"name": "Wingtip Toys", "size": "251to1000employees"}, "details": doc{"requirements": doc{"industries": []doc{{"id": "Education"}}}}}))
		account := r.row("account", r.opportunity(p.opportunity).text("_parentaccountid_value"))
		if account.text("numberofemployees") != "251" || account.text("industrycode") != "77" {
			t.Errorf("%s employees, industry %s", account.text("numberofemployees"), account.text("industrycode"))
		}
		r.edits("account", dataversesim.AccountID, doc{"numberofemployees": 12000, "industrycode": 77})
		q := r.private("Sized too")
		if own := r.referral(q.own); own.text("customerProfile/size") != "10001to20000employees" || own.text("details/requirements/industries/0/id") != "Education" {
			t.Errorf("%s, %s", own.text("customerProfile/size"), own.text("details/requirements/industries"))
		}
	}, sheet)
}
