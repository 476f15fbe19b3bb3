package requirements

import "testing"

// The sheet of an organisation in German and English, as its administrator writes it from docs/customise.md.
const nordwind = `
- {field: campaign, referral: /campaignId, crm: nw_kampagne, label: Kampagne}
- field: tier
  referral: /details/requirements/additionalRequirements/attributes/type=Stufe/id
  crm: nw_stufe
  values: {Gold: tier-1, Silber: tier-2}
- {field: seats, referral: /details/requirements/additionalRequirements/attributes/type=Plaetze/id, crm: nw_plaetze}
- {field: goLive, referral: /details/requirements/additionalRequirements/attributes/type=Start/id, crm: nw_golive}
- {field: strategic, referral: /details/requirements/additionalRequirements/attributes/type=Strategisch/id, crm: nw_ja}
- {field: plant, crm: nw_werkid, constant: Werk Nord, required: true}
- {field: source, crm: nw_quelle, formula: 'dealValue > 100000 ? "Groß" : "Klein"'}
- {field: leadSource, lead: nw_herkunft, constant: Microsoft}
- field: status
  reasons:
    open: [In Bearbeitung]
    onhold: [On Hold]
    won: [Won]
    lost: [Kein Budget, Out-Sold]
    canceled: [Canceled]
- {field: reason, reasons: {1: [Kein Budget], 8: [Canceled]}}
`

func TestR87_AnOrganisationsWholeSheetCarriesItsDealsBothWays(t *testing.T) {
	play(t, func(r *rig) {
		r.german()
		for _, column := range []string{"nw_werkid", "nw_quelle"} {
			r.administrator(doc{"do": "require", "table": "opportunity", "column": column, "level": "SystemRequired"})
		}
		if m := r.sheetAct("push", nordwind, false); !m.Pushed || len(m.Notes) > 0 {
			t.Fatalf("%+v", m)
		}
		r.advance(aWhile)
		attributes := func(pairs ...string) []any {
			list := []any{doc{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}}
			for i := 0; i < len(pairs); i += 2 {
				list = append(list, doc{"type": pairs[i], "id": pairs[i+1]})
			}
			return list
		}
		p := r.arrived(r.partner(doc{"do": "create", "referral": doc{"name": "Portal", "campaignId": "Messe", "details": doc{"dealValue": 250000,
			"requirements": doc{"additionalRequirements": doc{"attributes": attributes("Stufe", "tier-2", "Plaetze", "25", "Start", "2027-03-01", "Strategisch", "true")}}}}}))
		row := r.opportunity(p.opportunity)
		for column, want := range map[string]string{"nw_kampagne": "Messe", "nw_stufe": "2", "nw_plaetze": "25", "nw_golive": "2027-03-01", "nw_ja": "true", "nw_quelle": "Groß"} {
			if got := row.text(column); got != want {
				t.Errorf("%s is %q, not %q", column, got, want)
			}
		}
		if row.text("_nw_werkid_value") == "" {
			t.Error("the plant that the CRM demands is empty")
		}
		r.edits("opportunity", p.opportunity, doc{"nw_stufe": 1, "nw_plaetze": 30, "nw_golive": "2027-04-01", "nw_ja": false, "nw_kampagne": "Brief"})
		r.quiet()
		said := map[string]string{"campaignId": r.referral(p.own).text("campaignId")}
		for _, e := range r.referral(p.own).at("details/requirements/additionalRequirements/attributes").([]any) {
			said[doc(e.(map[string]any)).text("type")] = doc(e.(map[string]any)).text("id")
		}
		for name, want := range map[string]string{"campaignId": "Brief", "Stufe": "tier-1", "Plaetze": "30", "Start": "2027-04-01T00:00:00Z", "Strategisch": "false"} {
			if said[name] != want {
				t.Errorf("the referral says %s is %q, not %q", name, said[name], want)
			}
		}
		r.person(doc{"do": "lose", "id": p.opportunity, "status": 100000003, "reason": "zu teuer"})
		r.quiet()
		if d := r.referral(p.own); d.text("substatus") != "Lost" || d.text("statusReason") != "Project budget not adequate" {
			t.Errorf("the referral is %s for %q", d.text("substatus"), d.text("statusReason"))
		}
		other := r.arrived(r.partner(doc{"do": "create", "referral": doc{"name": "Lost there"}}))
		r.partner(doc{"do": "lose", "id": other.own, "reason": "Project budget not adequate"})
		r.quiet()
		if got := r.opportunity(other.opportunity).text("statuscode"); got != "100000003" {
			t.Errorf("lost in Partner Center for its budget, it has the status reason %s", got)
		}
		r.microsoft(doc{"do": "lead", "referral": doc{"name": "A lead"}})
		r.quiet()
		for _, lead := range r.dv.table("lead") {
			if got := lead.text("nw_herkunft"); got != "Microsoft" {
				t.Errorf("the lead comes from %q", got)
			}
		}
	})
}
