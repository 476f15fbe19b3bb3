package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// opinionatedLeads is what the sheet of an organisation says that demands columns of a lead, and has status reasons of
// its own.
const opinionatedLeads = `sheet:
- {field: leadInterest, lead: new_interest, constant: Cloud}
- {field: leadOrigin, lead: new_origin, formula: 'referral.qualification == "Direct" ? "Marketplace" : "Microsoft"'}
- {field: businessLine, crm: new_businessline, constant: Cloud}
- {field: territory, crm: new_territory, constant: North}
- {field: segment, crm: parentaccountid/new_segment, constant: Enterprise}
- field: status
  reasons: {open: [In Progress, Negotiating], onhold: [On Hold], won: [Won, Framework order], lost: [Price], canceled: [No decision, Canceled]}
  leadReasons: {open: [Qualified], onhold: [New, Contacted, Nurturing], lost: [Lost, No budget], canceled: [Cannot Contact, No Longer Interested, Canceled]}
- {field: reason, leadReasons: {5: [No budget], 8: [Canceled]}}
`

// opinionated is the organisation, and the product that found it so at its start.
func opinionated(t *testing.T, story func(r *rig), settings ...string) {
	t.Helper()
	play(t, func(r *rig) {
		r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Opinionated})
		r.with("SYNC_DEFAULT_MEMBER=")
		story(r)
	}, settings...)
}

func TestR20_AnOpinionatedOrganisationGetsItsColumnsOfALead(t *testing.T) {
	for kind, origin := range map[string]string{"marketplace": "Marketplace", "qualified": "Microsoft"} {
		t.Run(kind, func(t *testing.T) {
			opinionated(t, func(r *rig) {
				a := r.microsoft(doc{"do": "lead", "kind": kind})
				lead := r.lead(a)
				if row := r.row("lead", lead); row.text("new_interest") != "100000000" || row.text("new_origin") != origin {
					t.Errorf("interest %s, origin %q", row.text("new_interest"), row.text("new_origin"))
				}
				r.edits("lead", lead, doc{"statuscode": 100000001})
				r.rests()
				if own := r.referral(a.ID); own.text("status") != "New" {
					t.Errorf("nurtured, the referral is %s", own.text("substatus"))
				}
				r.acceptsLead(a)
				r.quiet()
				r.oneDeal(a, lead)
			}, opinionatedLeads)
		})
	}
}

func TestR20_ALeadWaitsForTheRowsOfTheSheet(t *testing.T) {
	opinionated(t, func(r *rig) {
		a := r.microsoft(doc{"do": "lead", "kind": "qualified"})
		r.quiet()
		if n := len(r.leads()); n != 0 {
			t.Fatalf("%d leads without what the CRM demands", n)
		}
		_, health := r.operator(http.MethodGet, "health", nil)
		if !strings.Contains(health, a.ID) && !strings.Contains(health, "new_interest") {
			t.Errorf("health names neither the lead nor the column: %s", health)
		}
		r.with(opinionatedLeads)
		r.advance(time.Hour)
		r.lead(a)
	})
}

func TestR73_AStatusReasonOfTheOrganisationIsADeclinesReason(t *testing.T) {
	opinionated(t, func(r *rig) {
		a, lead := r.inquiry()
		r.person(doc{"do": "disqualify", "table": "lead", "id": lead, "status": 100000002})
		r.advance(20 * time.Minute)
		b, other := r.inquiry()
		r.person(doc{"do": "disqualify", "table": "lead", "id": other, "status": 7})
		r.advance(20 * time.Minute)
		own, second := r.referral(a.ID), r.referral(b.ID)
		if own.text("substatus") != "Declined" || second.text("substatus") != "Declined" || own.text("statusReason") == second.text("statusReason") || second.text("statusReason") != "Others" {
			t.Errorf("%s for %q, %s for %q", own.text("substatus"), own.text("statusReason"), second.text("substatus"), second.text("statusReason"))
		}
		r.rests()
	}, opinionatedLeads)
}

// Over the columns of Microsoft's connector a lead goes the whole way: edited, qualified, accepted.
func TestR86_ALeadOverMicrosoftsColumnsGoesOnAsAnOpportunity(t *testing.T) {
	changeOver(t, func(r *rig, _ connected) {
		r.pc.switches(doc{"pendingEdits": "accept"})
		a := r.microsoft(doc{"do": "lead", "kind": "qualified"})
		r.quiet()
		for lead := range r.dv.table("lead") {
			r.edits("lead", lead, doc{"description": "Called on Monday."})
			r.quiet()
			if got := r.referral(a.ID).text("details/notes"); got != "Called on Monday." {
				t.Errorf("the notes are %q", got)
			}
			r.qualifies(lead)()
		}
		r.advance(10 * time.Minute)
		if own := r.referral(a.ID); own.text("substatus") != "Accepted" || len(r.opportunities()) != 1 {
			t.Fatalf("the referral is %s, %d opportunities", own.text("substatus"), len(r.opportunities()))
		}
		if o := r.opportunity(r.only()); o.text(msftColumn+"identifier") != a.ID || o.text(msftColumn+"sync") != "true" {
			t.Errorf("the opportunity has %q, Sync %s", o.text(msftColumn+"identifier"), o.text(msftColumn+"sync"))
		}
		r.rests()
	})
}
