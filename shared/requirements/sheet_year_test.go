package requirements

import (
	"strings"
	"testing"
)

const taxonomy = `sheet:
- {field: purchaseIntent, crm: new_intent, values: {"Yes": "Yes", "No": "No"}}
- {field: solutionArea, crm: new_area}
- {field: solutionPlay, crm: new_playid}
- {field: partnerRole, crm: new_role}
`

// taxonomyColumns are a text, a lookup and a choice for what Microsoft asks of a services deal.
func (r *rig) taxonomyColumns() (plays map[string]string) {
	r.t.Helper()
	r.pc.call("POST", "/switches", doc{"taxonomy": "services"})
	r.administrator(doc{"do": "add", "table": "new_play", "set": "new_plays", "primaryName": "new_name"})
	plays = map[string]string{}
	for _, name := range []string{"Copilot and Agents at Work", "Low Code"} {
		plays[name] = "/new_plays(" + r.creates("new_play", doc{"new_name": name}) + ")"
	}
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_area", "type": "String", "length": 100})
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_intent", "type": "Boolean"})
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_playid", "schemaName": "new_PlayId", "type": "Lookup", "target": "new_play"})
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_role", "type": "Picklist", "options": []doc{{"value": 1, "label": "Deployment services"}, {"value": 2, "label": "Transaction"}}})
	r.listens("opportunity", "new_area", "new_playid", "new_role")
	return plays
}

// service is a deal whose solution is a service of the catalogue, which asks for Microsoft's help.
func (r *rig) service(name string, columns doc) string {
	r.t.Helper()
	detail := r.creates("cosell_solutiondetail", doc{"cosell_name": "Northwind Migration Workshop", "cosell_identifier": "SOL-30003-SVC", "cosell_type": "Service"})
	id := r.deal(name, doc{"cosell_help": r.help("WorkloadSpecificValueProposition")}, columns)
	r.creates("cosell_solution", doc{"cosell_OpportunityId@odata.bind": "/opportunities(" + id + ")", "cosell_SolutionDetailId@odata.bind": "/cosell_solutiondetails(" + detail + ")"})
	r.edits("opportunity", id, doc{"cosell_sync": true})
	r.quiet()
	return id
}

func TestR54_AServicesDealSendsWhatMicrosoftAsksOfIt(t *testing.T) {
	play(t, func(r *rig) {
		plays := r.taxonomyColumns()
		id := r.service("Services", doc{"new_intent": true, "new_area": "ai business solutions", "new_PlayId@odata.bind": plays["Copilot and Agents at Work"], "new_role": 1})
		p := r.pairOf(id)
		if p.own == "" || p.microsoft == "" {
			t.Fatalf("%+v, Audit says %v", p, r.audit(id))
		}
		sent := map[string]string{}
		for _, e := range r.referral(p.own).at("details/requirements/additionalRequirements/attributes").([]any) {
			one := doc(e.(map[string]any))
			sent[one.text("type")] += one.text("id")
		}
		for kind, want := range map[string]string{"CustomerMarketplaceIntent": "Yes", "SolutionArea": "AI Business Solutions", "SolutionPlay": "Copilot and Agents at Work", "PartnerRole": "Deployment services"} {
			if sent[kind] != want {
				t.Errorf("%s is %q", kind, sent[kind])
			}
		}
	}, taxonomy)
}

func TestR54_WhatAServicesDealLacksIsNamedBeforeItIsSent(t *testing.T) {
	play(t, func(r *rig) {
		plays := r.taxonomyColumns()
		mark := r.pc.calls()
		id := r.service("Services", doc{"new_PlayId@odata.bind": plays["Low Code"]})
		r.pc.wrote(mark, 0)
		r.audited(id, "services.area.required", "solution area")
		r.audited(id, "services.play.required", "Low Code", "FY25", "FY26")
		r.audited(id, "services.role.required", "partner's role")
		r.edits("opportunity", id, doc{"new_area": "Security", "new_role": 2, "new_PlayId@odata.bind": "/new_plays(" + r.creates("new_play", doc{"new_name": "Data Security"}) + ")"})
		r.quiet()
		if p := r.pairOf(id); p.own == "" || p.microsoft == "" {
			t.Errorf("%+v, Audit says %v", p, r.audit(id))
		}
	}, taxonomy)
}

// Neither a private deal with a service nor a shared one without a service needs any of it.
func TestR54_OtherDealsNeedNoneOfIt(t *testing.T) {
	play(t, func(r *rig) {
		r.taxonomyColumns()
		if p := r.coSell("No service"); p.microsoft == "" {
			t.Error("a deal without a service is not shared")
		}
		id := r.deal("Private")
		r.solution(id, "SOL-30003-SVC", "Northwind Migration Workshop")
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		if p := r.pairOf(id); p.own == "" {
			t.Errorf("a private deal is not made: %v", r.audit(id))
		}
	}, taxonomy)
}

// Not all values of a year are published, so one that nobody has listed is sent; who checks the sheet is told of it,
// and of a retired one.
func TestR54_ACheckNotesValuesThatTheYearDoesNotList(t *testing.T) {
	play(t, func(r *rig) {
		r.taxonomyColumns()
		r.administrator(doc{"do": "option", "table": "opportunity", "column": "new_role", "value": 3, "label": "Deploiment services"})
		m := r.sheetAct("check", "- {field: partnerRole, crm: new_role}\n- {field: solutionArea, crm: new_area, values: {Alt: Modern Work, Neu: Security, Eigen: Quantum}}\n", false)
		notes := strings.Join(m.Notes, "\n")
		for _, want := range []string{`mapping.yaml:1: field partnerRole: "Deploiment services" is none of the values of FY26`, `the nearest is "Deployment services"`,
			`mapping.yaml:2: field solutionArea: "Modern Work" was a value of FY25`, `"Quantum" is none of the values of FY26`} {
			if !strings.Contains(notes, want) {
				t.Errorf("%q is not in:\n%s", want, notes)
			}
		}
		if len(m.Mistakes) > 0 || strings.Contains(notes, "Transaction") || strings.Contains(notes, `"Security"`) {
			t.Errorf("%v\n%s", m.Mistakes, notes)
		}
	})
}
