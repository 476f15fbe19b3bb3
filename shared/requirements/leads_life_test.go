package requirements

import (
	"testing"
	"time"
)

// rests checks that nothing more happens: an hour brings no write to either side, and nothing is parked.
func (r *rig) rests() {
	r.t.Helper()
	r.quiet()
	marks := []int{r.dv.calls(), r.pc.calls()}
	r.advance(time.Hour)
	r.dv.wrote(marks[0], 0)
	r.pc.wrote(marks[1], 0)
	if n := len(r.parked()); n != 0 {
		r.t.Errorf("%d messages are parked", n)
	}
}

// unheard does several things before anybody hears of them.
func (r *rig) unheard(what ...func()) {
	r.t.Helper()
	for _, s := range r.systems() {
		if s != r.kv {
			s.delivery(doc{"pause": true})
		}
	}
	for _, do := range what {
		do()
	}
	for _, s := range r.systems() {
		if s != r.kv {
			s.delivery(doc{})
		}
	}
	r.advance(15 * time.Minute)
}

func (r *rig) qualifies(lead string) func() {
	return func() { r.person(doc{"do": "qualify", "table": "lead", "id": lead}) }
}

func (r *rig) disqualifies(lead string) func() {
	return func() { r.person(doc{"do": "disqualify", "table": "lead", "id": lead, "status": 5}) }
}

// decided checks how a lead and its referral ended.
func (r *rig) decided(a acted, lead, state, substatus string, opportunities int) {
	r.t.Helper()
	if got := r.row("lead", lead).text("statecode"); got != state {
		r.t.Errorf("the lead is in state %s instead of %s", got, state)
	}
	if got := r.referral(a.ID).text("substatus"); got != substatus {
		r.t.Errorf("the referral is %s instead of %s", got, substatus)
	}
	if n := len(r.opportunities()); n != opportunities {
		r.t.Errorf("%d opportunities instead of %d", n, opportunities)
	}
	r.rests()
}

// Both systems decide before either hears of the other.
func TestR24_BothSidesDecideAtOnce(t *testing.T) {
	for name, story := range map[string]func(r *rig, a acted, lead string){
		"accepted, qualified": func(r *rig, a acted, lead string) {
			r.unheard(func() { r.acceptsLead(a) }, r.qualifies(lead))
			r.oneDeal(a, lead)
			r.decided(a, lead, "1", "Accepted", 1)
		},
		"accepted, disqualified": func(r *rig, a acted, lead string) {
			r.unheard(func() { r.acceptsLead(a) }, r.disqualifies(lead))
			r.oneDeal(a, lead)
			r.decided(a, lead, "1", "Accepted", 1)
		},
		"declined, disqualified": func(r *rig, a acted, lead string) {
			r.unheard(func() { r.partner(doc{"do": "decline", "id": a.ID, "reason": "Others"}) }, r.disqualifies(lead))
			r.decided(a, lead, "2", "Declined", 0)
		},
		"declined, qualified": func(r *rig, a acted, lead string) {
			r.unheard(func() { r.partner(doc{"do": "decline", "id": a.ID, "reason": "Others"}) }, r.qualifies(lead))
			r.decided(a, lead, "1", "Declined", 1)
			if got := r.opportunity(r.only()).text("statecode"); got != "2" {
				r.t.Errorf("its opportunity is in state %s", got)
			}
		},
		"accepted and won": func(r *rig, a acted, lead string) {
			r.unheard(func() { r.acceptsLead(a) }, func() { r.partner(doc{"do": "win", "id": a.ID}) })
			r.decided(a, lead, "1", "Won", 1)
			if o := r.opportunity(r.only()); o.text("statecode") != "1" || o.text("actualvalue") != "5000" || o.text("actualclosedate") != "2026-03-02" {
				r.t.Errorf("its opportunity is %s, %s on %s", o.text("statecode"), o.text("actualvalue"), o.text("actualclosedate"))
			}
		},
		"accepted and lost": func(r *rig, a acted, lead string) {
			r.unheard(func() { r.acceptsLead(a) }, func() { r.partner(doc{"do": "lose", "id": a.ID, "reason": "Others"}) })
			r.decided(a, lead, "2", "Lost", 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.inquiry()
				story(r, a, lead)
			})
		})
	}
}

// What a person does to a lead or to its opportunity after the step was taken is his.
func TestI10_ALeadThatWentOnIsLeftAlone(t *testing.T) {
	for what, do := range map[string]func(r *rig, lead string){
		"it is deleted": func(r *rig, lead string) { r.person(doc{"do": "delete", "table": "lead", "id": lead}) },
		"it is reopened and disqualified": func(r *rig, lead string) {
			r.person(doc{"do": "reopen", "table": "lead", "id": lead})
			r.quiet()
			r.disqualifies(lead)()
		},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.inquiry()
				r.acceptsLead(a)
				r.quiet()
				deal := r.oneDeal(a, lead)
				do(r, lead)
				r.rests()
				r.edits("opportunity", deal, doc{"description": "It goes on."})
				r.quiet()
				if own := r.referral(a.ID); own.text("details/notes") != "It goes on." || own.text("substatus") != "Accepted" {
					t.Errorf("the referral is %s, its notes %q", own.text("substatus"), own.text("details/notes"))
				}
			})
		})
	}
}

func TestR138_ALeadQualifiedAfterItsReferralExpiredIsADealOfItsOwn(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.delegates("qualified")
		r.advance(15 * 24 * time.Hour)
		r.decided(a, lead, "2", "Expired", 0)
		r.person(doc{"do": "reopen", "table": "lead", "id": lead})
		r.quiet()
		r.qualifies(lead)()
		r.quiet()
		r.leadSays(lead, "ended as expired", "a deal of its own")
		deal := r.only()
		if o := r.opportunity(deal); o.text("statecode") != "0" || o.text("cosell_referralid") != "" || o.text("cosell_state") != "" {
			t.Errorf("its opportunity is in state %s, with referral %q", o.text("statecode"), o.text("cosell_referralid"))
		}
		r.rests()
		r.solution(deal, "SOL-12345-ABC", "Northwind Forecast")
		r.edits("opportunity", deal, doc{"cosell_sync": true})
		r.quiet()
		if named := r.opportunity(deal).text("cosell_referralid"); named == "" || named == a.ID {
			t.Errorf("switched on it has %q; Audit says\n%s", named, r.opportunity(deal).text("cosell_audit"))
		}
	})
}

// A lead that was switched off stays behind, until somebody wants it, or what came of it.
func TestS22_ASwitchedOffLeadGoesOnWithWhatIsSwitchedOn(t *testing.T) {
	for what, on := range map[string]func(r *rig, lead, deal string){
		"the lead":        func(r *rig, lead, _ string) { r.edits("lead", lead, doc{"cosell_sync": true}) },
		"the opportunity": func(r *rig, _, deal string) { r.edits("opportunity", deal, doc{"cosell_sync": true}) },
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.delegates("qualified")
				r.edits("lead", lead, doc{"cosell_sync": false})
				r.quiet()
				r.qualifies(lead)()
				r.quiet()
				if own := r.referral(a.ID); own.text("status") != "New" {
					t.Errorf("switched off, the referral is %s", own.text("substatus"))
				}
				r.rests()
				on(r, lead, r.only())
				r.quiet()
				r.oneDeal(a, lead)
				r.rests()
			})
		})
	}
}

// Microsoft makes a co-sell deal of a lead that waits for its answer: what its seller said shows once there is an
// opportunity to show it on.
func TestR150_WhatMicrosoftSaidOfALeadShowsOnItsOpportunity(t *testing.T) {
	for name, accept := range map[string]func(r *rig, a acted, lead string){
		"accepted in the portal": func(r *rig, a acted, _ string) { r.acceptsLead(a) },
		"qualified in CRM":       func(r *rig, _ acted, lead string) { r.qualifies(lead)() },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.delegates("qualified")
				r.microsoft(doc{"do": "upgrade", "id": a.ID})
				r.rests()
				accept(r, a, lead)
				r.advance(10 * time.Minute)
				o := r.opportunity(r.only())
				if o.text("cosell_microsoftstatus") != "Accepted" || o.text("cosell_microsoftcrmid") == "" || o.text("cosell_microsoftseller") == "" || o.text("cosell_visible") != "true" {
					t.Errorf("the opportunity says %q, %q, %q, visible %s", o.text("cosell_microsoftstatus"), o.text("cosell_microsoftcrmid"), o.text("cosell_microsoftseller"), o.text("cosell_visible"))
				}
				if own := r.referral(a.ID); own.text("substatus") != "Accepted" {
					t.Errorf("the referral is %s; Audit says\n%s", own.text("substatus"), o.text("cosell_audit"))
				}
				r.rests()
			})
		})
	}
}

// A rule against duplicates finds the first lead of the customer: the second arrives without what the rule looks at.
func TestR127_ALeadThatLooksLikeAnotherArrivesAllTheSame(t *testing.T) {
	for _, status := range []string{"412", "500"} {
		t.Run(status, func(t *testing.T) {
			play(t, func(r *rig) {
				r.dv.switches(doc{"duplicateDetection": "always", "duplicateStatus": status})
				r.delegates("qualified")
				b, lead := r.delegates("qualified")
				row := r.row("lead", lead)
				if row.text("lastname") != "Example" || row.text("companyname") != "Adventure Works Ltd" || row.text("emailaddress1") != "" {
					t.Errorf("the lead has %q, %q, %q", row.text("lastname"), row.text("companyname"), row.text("emailaddress1"))
				}
				r.leadSays(lead, "duplicate.found", "Contact email", "merge the two")
				mark := r.dv.calls()
				r.advance(6 * time.Hour)
				if n := len(r.dv.writes(mark)); n > 5 { // tries 15 minutes to 4 hours apart
					t.Errorf("%d writes", n)
				}
				r.acceptsLead(b)
				r.quiet()
				if deals := r.naming(b.ID); len(deals) != 1 {
					t.Errorf("%d opportunities", len(deals))
				}
			})
		})
	}
}

// Whatever the two systems do by themselves while a lead goes on, it is one opportunity.
func TestR24_OneOpportunityInWhateverOrganisation(t *testing.T) {
	for name, switches := range map[string]doc{
		"own columns are mapped":      {"leadMapsOwnColumns": true},
		"lists are behind":            {"listLagSeconds": 20},
		"reads are behind":            {"readLagSeconds": 20},
		"qualifying raises one event": {"qualifyRaisesUpdate": false},
		"closed rows take nothing":    {"closedWritable": false},
		"versions do not rise":        {"versionOrder": "scattered"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.dv.switches(switches)
				a := r.microsoft(doc{"do": "lead", "kind": "qualified"})
				r.advance(2 * time.Minute)
				lead := r.lead(a)
				r.qualifies(lead)()
				r.advance(10 * time.Minute)
				r.oneDeal(a, lead)
				r.rests()
			})
		})
	}
}

func TestR134_ALeadKeepsAForeignID(t *testing.T) {
	play(t, func(r *rig) {
		a := r.microsoft(doc{"do": "lead", "kind": "qualified", "referral": doc{"externalReferenceId": "SF-00012"}})
		r.lead(a)
		r.acceptsLead(a)
		r.quiet()
		if deals := r.naming(a.ID); len(deals) != 1 || r.referral(a.ID).text("externalReferenceId") != "SF-00012" {
			t.Errorf("%d opportunities, the id is %q", len(deals), r.referral(a.ID).text("externalReferenceId"))
		}
		r.rests()
	})
}

// A lead without anything, with nothing that fits.
func TestR100_ALeadOfAnyShapeArrives(t *testing.T) {
	long := longText(600)
	for name, referral := range map[string]doc{
		"nothing": {"team": nil, "customerProfile": nil, "details": nil, "consent": nil, "inviteContext": nil},
		"nothing fits": {"name": long, "campaignId": long, "details": doc{"notes": longText(4000), "dealValue": -5, "currency": "JPY"},
			"customerProfile": doc{"name": long, "address": doc{"addressLine1": long, "city": long, "country": "Atlantis", "postalCode": long},
				"team": []doc{{"firstName": long, "lastName": long, "email": "not an address", "phoneNumber": long}}}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				a := r.microsoft(doc{"do": "lead", "kind": "marketplace", "referral": referral})
				lead := r.lead(a)
				if row := r.row("lead", lead); row.text("lastname") == "" || row.text("subject") == "" {
					t.Errorf("the lead is %v", row)
				}
				r.rests()
			})
		})
	}
}

func longText(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = "Long text "[i%10]
	}
	return string(text)
}
