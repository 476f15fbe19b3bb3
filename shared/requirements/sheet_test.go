package requirements

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// listens lets the event step of a table listen to more columns, as setup does for the columns of a sheet.
func (r *rig) listens(table string, columns ...string) {
	r.t.Helper()
	for id, step := range r.dv.table("sdkmessageprocessingstep") {
		if filter := step.text("filteringattributes"); strings.HasSuffix(step.text("name"), ": Update of "+table) {
			r.edits("sdkmessageprocessingstep", id, doc{"filteringattributes": strings.Join(append([]string{filter}, columns...), ",")})
			return
		}
	}
	r.t.Fatalf("no step listens to updates of %s", table)
}

// with starts the product anew with another sheet.
func (r *rig) with(sheet string) {
	r.t.Helper()
	r.stop()
	r.own = append(r.own, sheet)
	r.start()
}

func TestR87_OneLineOfTheSheetCarriesAColumnBothWays(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100})
		r.listens("opportunity", "new_campaign")
		p := r.private("Own column", doc{"new_campaign": "Spring"})
		if got := r.referral(p.own).text("campaignId"); got != "Spring" {
			t.Errorf("at creation the referral says %q", got)
		}
		began := time.Now()
		r.edits("opportunity", p.opportunity, doc{"new_campaign": "Summer"})
		r.quiet()
		if got := r.referral(p.own).text("campaignId"); got != "Summer" || time.Since(began) > horizon {
			t.Errorf("the referral says %q after %s", got, time.Since(began))
		}
		r.portalEdits(p.own, doc{"/campaignId": "Autumn"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("new_campaign"); got != "Autumn" {
			t.Errorf("the CRM says %q", got)
		}
		r.edits("opportunity", p.opportunity, doc{"new_campaign": nil})
		r.quiet()
		if got := r.referral(p.own).text("campaignId"); got != "" {
			t.Errorf("emptied, the referral says %q", got)
		}
		mark := r.pc.calls()
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
	}, "sheet: - {field: campaign, referral: /campaignId, crm: new_campaign}\n")
}

const mandatory = `sheet:
- {field: line, crm: new_line, constant: Cloud}
- {field: size, crm: new_size, formula: 'dealValue > 100000 ? "Large" : "Small"', required: true}
- {field: source, crm: new_source, formula: 'referral.direction == "Incoming" ? "Microsoft" : "Partner"'}
- {field: segment, crm: parentaccountid/new_segmentid, constant: Industry}
- {field: role, crm: parentcontactid/new_role, default: Buyer, referral: /customerProfile/team/0/title, as: text, way: onCreateOpportunity}
`

// mandatoryColumns are columns that the organisation demands of every record.
func (r *rig) mandatoryColumns() {
	r.t.Helper()
	option := func(value int, label, french string) doc {
		return doc{"value": value, "label": label, "labels": doc{"1036": french}}
	}
	r.administrator(doc{"do": "add", "table": "new_segment", "set": "new_segments", "primaryName": "new_name"})
	r.creates("new_segment", doc{"new_name": "Industry"})
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_line", "type": "Picklist", "options": []doc{option(10, "Hardware", "Matériel"), option(20, "Cloud", "Nuage")}})
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_size", "type": "Picklist", "options": []doc{option(1, "Small", "Petit"), option(2, "Large", "Grand")}})
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_source", "type": "String", "length": 20})
	r.administrator(doc{"do": "add", "table": "account", "column": "new_segmentid", "schemaName": "new_SegmentId", "type": "Lookup", "target": "new_segment"})
	r.administrator(doc{"do": "add", "table": "contact", "column": "new_role", "type": "String", "length": 20})
	for _, c := range []doc{{"table": "opportunity", "column": "new_line"}, {"table": "opportunity", "column": "new_size"}, {"table": "opportunity", "column": "new_source"},
		{"table": "account", "column": "new_segmentid"}, {"table": "contact", "column": "new_role"}} {
		c["do"], c["level"] = "require", "SystemRequired"
		r.administrator(c)
	}
}

func TestR20_MandatoryColumnsOfEveryNewRecordAreFilled(t *testing.T) {
	play(t, func(r *rig) {
		r.mandatoryColumns()
		p := r.arrived(r.portalDeal(doc{"name": "Mandatory", "details": doc{"dealValue": 150000}, "customerProfile": doc{"name": "Wingtip Toys"}}))
		o := r.opportunity(p.opportunity)
		account, contact := r.row("account", o.text("_parentaccountid_value")), r.row("contact", o.text("_parentcontactid_value"))
		segment := r.row("new_segment", account.text("_new_segmentid_value"))
		if o.text("new_line") != "20" || o.text("new_size") != "2" || o.text("new_source") != "Partner" || segment.text("new_name") != "Industry" || contact.text("new_role") != "Buyer" {
			t.Errorf("line %q, size %q, source %q, segment %q, role %q", o.text("new_line"), o.text("new_size"), o.text("new_source"), segment.text("new_name"), contact.text("new_role"))
		}
	}, mandatory)
}

// Without those rows the deal is not lost either: it waits, the columns are named, and it comes once the sheet fills them.
func TestR20_WithoutTheRowsTheMissingColumnsAreNamed(t *testing.T) {
	play(t, func(r *rig) {
		r.mandatoryColumns()
		r.portalDeal(doc{"name": "Mandatory", "customerProfile": doc{"name": "Wingtip Toys"}})
		r.quiet()
		if n := len(r.opportunities()); n != 0 {
			t.Fatalf("%d opportunities", n)
		}
		_, health := r.operator("GET", "health", nil)
		for _, column := range []string{"new_line", "new_size", "new_source", "new_segmentid", "new_role"} {
			if !strings.Contains(health, column) {
				t.Errorf("health does not name %s", column)
			}
		}
		r.with(mandatory)
		r.advance(time.Hour)
		if n := len(r.opportunities()); n != 1 {
			t.Errorf("%d opportunities after the sheet was mended", n)
		}
	})
}

func TestR85_OptionsCrossByLabelWhateverTheirIntegers(t *testing.T) {
	for name, values := range map[string][2]int{"as one organisation has them": {100, 200}, "as another has them": {299600001, 299600000}} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_tier", "type": "Picklist", "options": []doc{
					{"value": values[0], "label": "Gold", "labels": doc{"1036": "Or"}}, {"value": values[1], "label": "Silver", "labels": doc{"1036": "Argent"}}}})
				r.listens("opportunity", "new_tier")
				gold := strconv.Itoa(values[0])
				p := r.private("Tiers", doc{"new_tier": values[1]})
				if got := r.referral(p.own).text("campaignId"); got != "tier-2" {
					t.Errorf("the referral says %q", got)
				}
				r.portalEdits(p.own, doc{"/campaignId": "tier-1"})
				r.quiet()
				if got := r.opportunity(p.opportunity).text("new_tier"); got != gold {
					t.Errorf("the CRM says %q", got)
				}
				r.portalEdits(p.own, doc{"/campaignId": "tier-7", "/details/dealValue": 4711})
				r.quiet()
				if got := r.opportunity(p.opportunity); got.text("new_tier") != gold || got.text("estimatedvalue") != "4711" {
					t.Errorf("an unlisted value: the CRM says %s and %s", got.text("new_tier"), got.text("estimatedvalue"))
				}
				r.audited(p.opportunity, "tier-7", "tier-1, tier-2")
			}, "sheet: - {field: tier, referral: /campaignId, crm: new_tier, label: Tier, values: {or: tier-1, Silver: tier-2}}\n")
		})
	}
}

// An option is named in whatever language of the organisation the administrator reads it, or by its integer.
func TestR120_AnOptionIsKnownByALabelInAnyLanguageOrByInteger(t *testing.T) {
	for name, values := range map[string]string{"English": "Gold: tier-1, Silver: tier-2", "French": "Or: tier-1, Argent: tier-2", "integers": "10: tier-1, 11: tier-2", "each its own": "OR: tier-1, 11: tier-2"} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.adds("opportunity", "new_tier", "Picklist", options([2]string{"Gold", "Or"}, [2]string{"Silver", "Argent"}))
				p := r.private("Tiers", doc{"new_tier": 11})
				r.campaignOf(p, "tier-2")
				r.portalEdits(p.own, doc{"/campaignId": "tier-1"})
				r.quiet()
				if got := r.opportunity(p.opportunity).text("new_tier"); got != "10" {
					t.Errorf("the CRM says %q", got)
				}
			}, "sheet: - {field: tier, referral: /campaignId, crm: new_tier, values: {"+values+"}}\n")
		})
	}
}

const ownColumns = "sheet:\n- {field: campaign, referral: /campaignId, crm: new_campaign}\n- {field: customerDuns, referral: /customerProfile/ids/profileType=Duns/id, crm: parentaccountid/new_duns, way: toReferral}\n"

// A column of the organisation's own crosses as fast as a shipped one: the event step listens to it as soon as the
// sheet has been compared with the CRM.
func TestR144_TheStepsListenToTheColumnsOfTheSheet(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100})
		r.administrator(doc{"do": "add", "table": "account", "column": "new_duns", "type": "String", "length": 20})
		p := r.private("Fast")
		began := time.Now()
		r.edits("opportunity", p.opportunity, doc{"new_campaign": "Summer"})
		r.quiet()
		if got := r.referral(p.own).text("campaignId"); got != "Summer" || time.Since(began) >= time.Second {
			t.Errorf("the referral says %q after %s", got, time.Since(began))
		}
		for _, step := range r.dv.table("sdkmessageprocessingstep") {
			for table, columns := range map[string][]string{"opportunity": {"new_campaign", "estimatedvalue"}, "account": {"new_duns", "address1_city"}} {
				for _, column := range columns {
					if strings.HasSuffix(step.text("name"), ": Update of "+table) && strings.Count(","+step.text("filteringattributes")+",", ","+column+",") != 1 {
						t.Errorf("the step of %s listens to %s", table, step.text("filteringattributes"))
					}
				}
			}
		}
		if h := r.health(); strings.Contains(h, "column.unwatched") {
			t.Errorf("health says that nobody listens: %s", h)
		}
		mark := r.dv.calls()
		r.advance(3 * time.Hour)
		for _, w := range r.dv.writes(mark) {
			if strings.Contains(w.Path, "sdkmessageprocessingstep") {
				t.Errorf("the step is written again: %s", w.Body)
			}
		}
	}, ownColumns)
}

// Where our role may not change steps the column is named, and carried by reconcile.
func TestR144_AColumnThatNoStepListensToIsCarriedByReconcile(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100})
		r.administrator(doc{"do": "add", "table": "account", "column": "new_duns", "type": "String", "length": 20})
		r.dv.call("POST", "/privileges", doc{"table": "sdkmessageprocessingstep", "operation": "write", "allowed": false})
		p := r.private("Slow")
		r.edits("opportunity", p.opportunity, doc{"new_campaign": "Summer"})
		r.quiet()
		if got := r.referral(p.own).text("campaignId"); got != "" {
			t.Fatalf("it crossed by an event: %q", got)
		}
		if _, health := r.operator("GET", "health", nil); !strings.Contains(health, "column.unwatched opportunity/new_campaign") {
			t.Errorf("health does not name it: %s", health)
		}
		r.advance(10 * time.Minute)
		if got := r.referral(p.own).text("campaignId"); got != "Summer" {
			t.Errorf("the referral says %q", got)
		}
	}, ownColumns)
}

func TestR114_TheInputsOfAComputedColumnRaiseItsEvent(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_price", "type": "Money"})
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_total", "type": "Money", "formula": "new_price * 2"})
		p := r.private("Computed", doc{"new_price": 100})
		if got := r.referral(p.own).text("details/dealValue"); got != "200" {
			t.Fatalf("the referral says %q", got)
		}
		began := time.Now()
		r.edits("opportunity", p.opportunity, doc{"new_price": 150})
		r.quiet()
		if got := r.referral(p.own).text("details/dealValue"); got != "300" || time.Since(began) > 5*time.Second {
			t.Errorf("the referral says %q after %s", got, time.Since(began))
		}
	}, "sheet: - {field: dealValue, crm: new_total, way: toReferral, watch: [new_price]}\n")
}

func TestR114_ARowMayReadOneColumnAndWriteAnother(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_entered", "type": "Money"})
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_total", "type": "Money", "formula": "new_entered * 1"})
		p := r.private("Two columns", doc{"new_entered": 100})
		if got := r.referral(p.own).text("details/dealValue"); got != "100" {
			t.Fatalf("the referral says %q", got)
		}
		mark := r.pc.calls()
		r.portalEdits(p.own, doc{"/details/dealValue": 900})
		r.quiet()
		if o := r.opportunity(p.opportunity); o.text("new_entered") != "900" || o.text("estimatedvalue") != "85000" {
			t.Errorf("entered is %s, the estimated value %s", o.text("new_entered"), o.text("estimatedvalue"))
		}
		for _, w := range r.dv.writes(0) {
			if strings.Contains(w.Body, `"new_total"`) {
				t.Errorf("the computed column was written: %s", w.Body)
			}
		}
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		r.edits("opportunity", p.opportunity, doc{"new_entered": 700})
		r.advance(2 * timerEvery)
		if got := r.referral(p.own).text("details/dealValue"); got != "700" {
			t.Errorf("the referral says %q", got)
		}
	}, "sheet: - {field: dealValue, crm: new_total, crmWrite: new_entered}\n")
}

// A column of the owner's own is heard of as one of the opportunity is.
func TestR144_AColumnOfTheOwnerRaisesItsEvent(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "systemuser", "column": "new_team", "type": "String", "length": 100})
		p := r.private("Team")
		r.edits("systemuser", dataversesim.SellerID, doc{"new_team": "North"})
		r.quiet()
		if got := r.referral(p.own).text("campaignId"); got != "North" {
			t.Errorf("the referral says %q", got)
		}
		if _, health := r.operator("GET", "health", nil); strings.Contains(health, "column.unwatched") {
			t.Errorf("health names a column: %s", health)
		}
	}, "sheet: - {field: team2, referral: /campaignId, crm: owninguser/new_team, way: toReferral}\n")
}
