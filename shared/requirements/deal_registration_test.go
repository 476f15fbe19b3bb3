package requirements

import (
	"strings"
	"testing"
	"time"
)

// contractSheet names columns of the organisation's own for the deal registration.
const contractSheet = `sheet:
- {field: contractSigned, crm: new_signed}
- {field: contractStart, crm: new_start}
- {field: contractEnd, crm: new_end}
- {field: contractTerm, crm: new_term, values: {Unlimited: Perpetual, Limited: Finite}}
- {field: contractValue, crm: new_contractvalue}
- {field: deployedOnAzure, crm: new_onazure}
- {field: deployedBy, crm: new_by, values: {At the customer: Customer, With us: Partner}}
- {field: pricingModel, crm: new_pricing}
- {field: registrationStatus, referral: /registrationStatus, crm: new_registration, way: toOpportunity}
`

func (r *rig) contractColumns() {
	r.t.Helper()
	choice := func(column string, labels ...string) {
		var options []doc
		for i, l := range labels {
			options = append(options, doc{"value": i + 1, "label": l})
		}
		r.adds("opportunity", column, "Picklist", doc{"options": options})
	}
	for _, column := range []string{"new_signed", "new_start", "new_end"} {
		r.adds("opportunity", column, "DateTime", doc{"behavior": "DateOnly", "format": "DateOnly"})
	}
	choice("new_term", "Unlimited", "Limited")
	r.adds("opportunity", "new_contractvalue", "Money")
	r.adds("opportunity", "new_onazure", "Boolean")
	choice("new_by", "At the customer", "With us")
	r.adds("opportunity", "new_pricing", "String", doc{"length": 50})
	r.adds("opportunity", "new_registration", "String", doc{"length": 50})
	r.listens("opportunity", "new_signed", "new_start", "new_end", "new_term", "new_contractvalue", "new_onazure", "new_by", "new_pricing")
}

// wonDeal is a co-sell deal that Microsoft accepted, which was won when it was time; more are its columns.
func (r *rig) wonDeal(more doc) pair {
	r.t.Helper()
	p := r.coSell("To be registered", more)
	r.microsoft(doc{"do": "accept", "id": p.microsoft})
	r.advance(80 * time.Hour)
	r.person(doc{"do": "win", "table": "opportunity", "id": p.opportunity})
	r.quiet()
	if r.referral(p.own).text("substatus") != "Won" {
		r.t.Fatalf("it is not won: %v", r.audit(p.opportunity))
	}
	return p
}

func signedContract() doc {
	return doc{"new_signed": "2026-03-04", "new_start": "2026-04-01", "new_end": "2027-03-31", "new_term": 2, "new_contractvalue": 60000, "new_onazure": true, "new_by": 1, "new_pricing": "PayAsYouGo"}
}

func (r *rig) registrations(p pair) []any {
	list, _ := r.referral(p.own).at("registrations").([]any)
	return list
}

// A won deal is registered by the columns of the contract, once; what changes in them afterwards follows, and how it is
// judged comes back.
func TestR98_AWonDealIsRegisteredByItsColumns(t *testing.T) {
	play(t, func(r *rig) {
		r.contractColumns()
		p := r.wonDeal(signedContract())
		list := r.registrations(p)
		if len(list) != 1 {
			t.Fatalf("%d registrations; Audit says\n%s", len(list), strings.Join(r.audit(p.opportunity), "\n"))
		}
		one := doc(list[0].(map[string]any))
		for path, want := range map[string]string{"type": "AzureIPCoSell", "contract/value": "60000", "contract/currency": "EUR", "contract/term": "Finite", "contract/signDateTime": "2026-03-04T00:00:00",
			"contract/startDateTime": "2026-04-01T00:00:00", "contract/endDateTime": "2027-03-31T00:00:00", "solutionDetails/0/id": "SOL-12345-ABC", "solutionDetails/0/value": "60000",
			"solutionDetails/0/isDeployedOnAzure": "true", "solutionDetails/0/primaryDeploymentOn": "Customer", "solutionDetails/0/pricingModel": "PayAsYouGo"} {
			if got := one.text(path); !strings.HasPrefix(got, want) {
				t.Errorf("%s is %q, not %q", path, got, want)
			}
		}
		r.audited(p.opportunity, "to Partner Center", "deal registration: ReviewPending")
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"new_registration": "x"})
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		r.edits("opportunity", p.opportunity, doc{"new_contractvalue": 70000, "new_by": 2})
		r.quiet()
		one = doc(r.registrations(p)[0].(map[string]any))
		if one.text("contract/value") != "70000" || one.text("solutionDetails/0/primaryDeploymentOn") != "Partner" || len(r.registrations(p)) != 1 {
			t.Errorf("after a change it is %v; Audit says\n%s", one, strings.Join(r.audit(p.opportunity), "\n"))
		}
		r.microsoft(doc{"do": "registration", "id": p.own, "status": "Approved"})
		r.quiet()
		mark = r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"new_contractvalue": 80000})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(p.opportunity, "Approved already")
	}, contractSheet, "SYNC_DEAL_REGISTRATION=send")
}

// Without the day of the signature nothing is sent; a refused registration is told once with what is wrong, and tried
// again when it was mended.
func TestR98_ARefusedRegistrationIsToldOnceAndMended(t *testing.T) {
	play(t, func(r *rig) {
		r.contractColumns()
		early := signedContract()
		delete(early, "new_signed")
		p := r.wonDeal(early)
		if text := strings.Join(r.audit(p.opportunity), "\n"); len(r.registrations(p)) != 0 || strings.Contains(text, "deal registration is refused") {
			t.Fatalf("%d registrations of a contract that nobody has signed; Audit says\n%s", len(r.registrations(p)), text)
		}
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"new_signed": "2025-01-04"})
		r.quiet()
		r.advance(2 * time.Hour)
		r.pc.wrote(mark, 1)
		told := 0
		for _, line := range r.audit(p.opportunity) {
			if strings.Contains(line, "older than 60 days") {
				told++
			}
		}
		if told != 1 || len(r.registrations(p)) != 0 {
			t.Errorf("told %d times, %d registrations; Audit says\n%s", told, len(r.registrations(p)), strings.Join(r.audit(p.opportunity), "\n"))
		}
		r.edits("opportunity", p.opportunity, doc{"new_signed": "2026-03-04"})
		r.quiet()
		if n := len(r.registrations(p)); n != 1 {
			t.Errorf("%d registrations after it was mended: %v", n, r.audit(p.opportunity))
		}
	}, contractSheet, "SYNC_DEAL_REGISTRATION=send")
}

// A lost answer, a conflict and an outage leave one registration; by the default of the setting there is none.
func TestR98_OneRegistrationWhateverHappens(t *testing.T) {
	for name, fault := range map[string]doc{
		"the answer is lost":  {"match": doc{"method": "PATCH", "body": "AzureIPCoSell"}, "do": "loseAnswer", "times": 1},
		"somebody writes":     {"match": doc{"method": "PATCH", "body": "AzureIPCoSell"}, "do": "conflict", "times": 1},
		"the service is away": {"match": doc{"method": "PATCH", "body": "AzureIPCoSell"}, "do": "status", "status": 503, "times": 20},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.contractColumns()
				r.pc.fault(fault)
				p := r.wonDeal(signedContract())
				r.advance(time.Hour)
				if n := len(r.registrations(p)); n != 1 {
					t.Errorf("%d registrations: %v", n, r.audit(p.opportunity))
				}
			}, contractSheet, "SYNC_DEAL_REGISTRATION=send")
		})
	}
	t.Run("by default", func(t *testing.T) {
		play(t, func(r *rig) {
			r.contractColumns()
			p := r.wonDeal(signedContract())
			if n := len(r.registrations(p)); n != 0 {
				t.Errorf("%d registrations", n)
			}
			r.audited(p.opportunity, "can be registered with Microsoft")
			if m := r.sheetAct("check", "- {field: x, referral: /registrations/0/contract/signed, crm: new_signed}\n- {field: y, referral: /registrations/0/contract/currency, crm: new_pricing2, way: both}\n", false); len(m.Mistakes) != 2 {
				t.Errorf("%v", m.Mistakes)
			}
		}, contractSheet)
	})
}
