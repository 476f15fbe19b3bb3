package requirements

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// leads are the leads of the CRM that Partner Center's became, by id.
func (r *rig) leads() map[string]doc {
	r.t.Helper()
	out := map[string]doc{}
	for id, row := range r.dv.table("lead") {
		if row.text("cosell_referralid") != "" {
			out[id] = row
		}
	}
	return out
}

// lead waits for what a lead of Partner Center becomes in the CRM: one lead.
func (r *rig) lead(a acted) (id string) {
	r.t.Helper()
	r.quiet()
	for one, row := range r.leads() {
		if row.text("cosell_referralid") == a.ID {
			if id != "" {
				r.t.Fatalf("referral %s is two leads", a.ID)
			}
			id = one
		}
	}
	if id == "" {
		r.t.Fatalf("referral %s is no lead in the CRM", a.ID)
	}
	return id
}

// inquiry is a lead of the marketplace, in the CRM.
func (r *rig) inquiry() (a acted, id string) {
	r.t.Helper()
	a = r.microsoft(doc{"do": "lead", "kind": "marketplace"})
	return a, r.lead(a)
}

// acceptsLead is a person who accepts a lead in the portal, with what an acceptance needs.
func (r *rig) acceptsLead(a acted) {
	r.t.Helper()
	r.portalEdits(a.ID, doc{"/name": "A lead worth it", "/status": "Active", "/substatus": "Accepted", "/details/dealValue": 5000, "/details/currency": "EUR", "/details/closingDateTime": "2026-12-01T00:00:00Z",
		"/team": []doc{{"firstName": "Sam", "lastName": "Example", "email": "sam@northwind.example", "phoneNumber": "+49405550199"}}})
}

// oneDeal checks that the pair is one opportunity, and its lead qualified.
func (r *rig) oneDeal(a acted, lead string) (opportunity string) {
	r.t.Helper()
	deals := r.naming(a.ID)
	if len(deals) != 1 || len(r.opportunities()) != 1 {
		r.t.Fatalf("%d of %d opportunities name the referral; the lead says\n%s", len(deals), len(r.opportunities()), r.row("lead", lead).text("cosell_audit"))
	}
	if row := r.row("lead", lead); row.text("statecode") != "1" {
		r.t.Errorf("the lead is in state %s", row.text("statecode"))
	}
	if o := r.opportunity(deals[0]); o.text("_originatingleadid_value") != lead || o.text("cosell_sync") != "true" {
		r.t.Errorf("of lead %q instead of %q, sync %s", o.text("_originatingleadid_value"), lead, o.text("cosell_sync"))
	}
	if own := r.referral(a.ID); own.text("status") != "Active" || own.text("substatus") != "Accepted" || !strings.EqualFold(own.text("externalReferenceId"), deals[0]) {
		r.t.Errorf("the referral is %s %s of %q", own.text("status"), own.text("substatus"), own.text("externalReferenceId"))
	}
	if n := len(r.referrals()); n != 1 {
		r.t.Errorf("%d referrals", n)
	}
	return deals[0]
}

func TestR23_ALeadOfPartnerCenterIsOneLeadWhole(t *testing.T) {
	for what, c := range map[string]struct {
		kind, inviter, qualification string
	}{"of the marketplace": {"marketplace", "msft", "Direct"}, "whom nobody invited": {"marketplace", "none", "Direct"},
		"qualified by sales": {"qualified", "msft", "SalesQualified"}, "qualified by marketing": {"qualified", "msft", "MarketingQualified"}} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"leadInviter": c.inviter})
				a := r.microsoft(doc{"do": "lead", "kind": c.kind, "referral": doc{"qualification": c.qualification}})
				lead, own := r.row("lead", r.lead(a)), r.referral(a.ID)
				if q, t := own.text("qualification"), own.text("type"); q != c.qualification || t != "Independent" {
					r.t.Fatalf("the referral is %s, %s", t, q)
				}
				for column, path := range map[string]string{"firstname": "customerProfile/team/0/firstName", "lastname": "customerProfile/team/0/lastName", "emailaddress1": "customerProfile/team/0/email",
					"telephone1": "customerProfile/team/0/phoneNumber", "companyname": "customerProfile/name", "address1_line1": "customerProfile/address/addressLine1",
					"address1_city": "customerProfile/address/city", "address1_postalcode": "customerProfile/address/postalCode", "address1_country": "customerProfile/address/country",
					"cosell_campaign": "campaignId", "description": "details/notes"} {
					if got, want := lead.text(column), own.text(path); got != want || want == "" {
						t.Errorf("%s is %q instead of %q", column, got, want)
					}
				}
				if lead.text("statecode") != "0" || lead.text("cosell_sync") != "true" || lead.text("ownerid") == "" && lead.text("_ownerid_value") == "" || len(r.opportunities()) != 0 {
					t.Errorf("state %s, sync %s, %d opportunities", lead.text("statecode"), lead.text("cosell_sync"), len(r.opportunities()))
				}
				mark := r.dv.calls()
				r.advance(time.Hour)
				r.dv.wrote(mark, 0)
				if n := len(r.leads()); n != 1 {
					t.Errorf("%d leads", n)
				}
			})
		})
	}
}

func TestR23_ALeadThatLacksWhatCRMDemandsIsMadeAllTheSame(t *testing.T) {
	for what, changes := range map[string]doc{
		"no company": {"customerProfile": doc{"name": nil, "team": []doc{{"firstName": "Robin", "lastName": "Example", "email": "robin@adventureworks.example", "phoneNumber": "+441135550100"}}}},
		"nobody":     {"customerProfile": doc{"name": "Adventure Works Ltd", "team": nil}},
		"no name":    {"customerProfile": doc{"name": "Adventure Works Ltd", "team": []doc{{"firstName": nil, "lastName": nil, "email": "info@adventureworks.example"}}}},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				a := r.microsoft(doc{"do": "lead", "kind": "marketplace", "referral": changes})
				if lead := r.row("lead", r.lead(a)); lead.text("lastname") == "" || lead.text("subject") == "" {
					t.Errorf("last name %q, subject %q", lead.text("lastname"), lead.text("subject"))
				}
			})
		})
	}
}

// Columns that the organisation demands of a lead are filled as the sheet says: by a constant, a formula, a default.
func TestR20_MandatoryColumnsOfALeadAreFilled(t *testing.T) {
	play(t, func(r *rig) {
		for _, column := range []string{"new_segment", "new_region", "jobtitle"} {
			if column != "jobtitle" {
				r.adds("lead", column, "String")
			}
			r.administrator(doc{"do": "require", "table": "lead", "column": column, "level": "SystemRequired"})
		}
		id := r.lead(r.microsoft(doc{"do": "lead", "kind": "marketplace", "referral": doc{"customerProfile": doc{
			"team": []doc{{"firstName": "Robin", "lastName": "Example", "email": "robin@adventureworks.example", "phoneNumber": "+441135550100"}}}}}))
		if lead := r.row("lead", id); lead.text("new_segment") != "Microsoft" || lead.text("new_region") != "Abroad" || lead.text("jobtitle") != "not told" {
			t.Errorf("segment %q, region %q, title %q", lead.text("new_segment"), lead.text("new_region"), lead.text("jobtitle"))
		}
	}, `sheet:
- {field: leadSegment, lead: new_segment, constant: Microsoft}
- {field: leadRegion, lead: new_region, formula: 'customerCountry == "DE" ? "Home" : "Abroad"'}
- {field: leadTitle, referral: /customerProfile/team/title, lead: jobtitle, as: contact, leadDefault: not told}
`)
}

func TestR23_AKilledProcessMakesOneLead(t *testing.T) {
	for _, point := range []string{before, committed} {
		t.Run(point, func(t *testing.T) {
			play(t, func(r *rig) {
				r.kill(http.MethodPost, `/\$batch`, point, 1)
				a := r.microsoft(doc{"do": "lead", "kind": "marketplace"})
				r.advance(15 * time.Minute)
				r.lead(a)
			})
		})
	}
}

func TestR24_AcceptedInThePortalALeadBecomesTheOpportunityOfItsPair(t *testing.T) {
	for _, kind := range []string{"marketplace", "qualified"} {
		t.Run(kind, func(t *testing.T) {
			play(t, func(r *rig) {
				a := r.microsoft(doc{"do": "lead", "kind": kind})
				lead := r.lead(a)
				r.acceptsLead(a)
				r.quiet()
				deal := r.oneDeal(a, lead)
				if o := r.opportunity(deal); o.text("estimatedvalue") != "5000" || o.text("estimatedclosedate") != "2026-12-01" {
					t.Errorf("value %s, closing %s", o.text("estimatedvalue"), o.text("estimatedclosedate"))
				}
				r.edits("opportunity", deal, doc{"description": "We are on it."})
				r.quiet()
				if got := r.referral(a.ID).text("details/notes"); got != "We are on it." {
					t.Errorf("the notes are %q", got)
				}
				r.rests()
			})
		})
	}
}

// A lead that ends in Partner Center is disqualified: nobody has lost it, so it is canceled.
func TestR29_EachEndOfALeadIsTheStateItStandsFor(t *testing.T) {
	for end, do := range map[string]func(r *rig, a acted){
		"Declined": func(r *rig, a acted) { r.partner(doc{"do": "decline", "id": a.ID, "reason": "Others"}) },
		"Expired":  func(r *rig, _ acted) { r.advance(15 * 24 * time.Hour) },
	} {
		t.Run(end, func(t *testing.T) {
			play(t, func(r *rig) {
				a, id := r.inquiry()
				if lead := r.row("lead", id); lead.text("statecode") != "0" || lead.text("statuscode") != "1" {
					t.Errorf("pending the lead is %s/%s", lead.text("statecode"), lead.text("statuscode"))
				}
				do(r, a)
				r.quiet()
				if got := r.referral(a.ID).text("status") + "/" + r.referral(a.ID).text("substatus"); got != "Closed/"+end {
					t.Fatalf("the referral is %s", got)
				}
				if lead := r.row("lead", id); lead.text("statecode") != "2" || lead.text("statuscode") != "7" || len(r.opportunities()) != 0 {
					t.Errorf("the lead is %s/%s, %d opportunities", lead.text("statecode"), lead.text("statuscode"), len(r.opportunities()))
				}
			})
		})
	}
}

// What was decided on the lead before does not keep an accepted one from becoming the opportunity.
func TestR24_AnAcceptedLeadThatIsClosedAlreadyBecomesTheOpportunity(t *testing.T) {
	for name, decided := range map[string]doc{"disqualified": {"do": "disqualify", "status": 5}, "qualified without an opportunity": {"do": "qualify", "make": []string{"account", "contact"}}} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.inquiry()
				r.person(over(decided, []doc{{"table": "lead", "id": lead}}))
				r.quiet()
				r.acceptsLead(a)
				r.quiet()
				r.advance(time.Hour)
				r.oneDeal(a, lead)
			})
		})
	}
}

func TestR24_AcceptedBeforeItArrivesItIsOneOpportunity(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.delivery(doc{"pause": true})
		a := r.microsoft(doc{"do": "lead", "kind": "qualified"})
		r.acceptsLead(a)
		r.pc.delivery(doc{})
		r.quiet()
		if deals := r.naming(a.ID); len(deals) != 1 || len(r.leads()) != 0 {
			t.Errorf("%d opportunities, %d leads", len(deals), len(r.leads()))
		}
	})
}

func TestR24_AKilledProcessQualifiesOnce(t *testing.T) {
	for _, point := range []string{before, committed} {
		for n := 1; n <= 2; n++ {
			t.Run(point+" "+strconv.Itoa(n), func(t *testing.T) {
				play(t, func(r *rig) {
					a, lead := r.inquiry()
					r.kill(http.MethodPost, `/\$batch`, point, n)
					r.acceptsLead(a)
					r.advance(15 * time.Minute)
					r.oneDeal(a, lead)
				})
			})
		}
	}
}

func TestR24_QualifiedInTheCRMItIsAcceptedInPartnerCenter(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.inquiry()
		r.edits("lead", lead, doc{"estimatedamount": 5000, "estimatedclosedate": "2026-12-01"})
		r.quiet()
		r.person(doc{"do": "qualify", "table": "lead", "id": lead})
		r.quiet()
		deal := r.oneDeal(a, lead)
		if own := r.referral(a.ID); own.text("details/dealValue") != "5000" || !strings.HasPrefix(own.text("details/closingDateTime"), "2026-12-01") {
			t.Errorf("value %q, closing %q", own.text("details/dealValue"), own.text("details/closingDateTime"))
		}
		r.audited(deal, "to Partner Center", "accepted")
	})
}

func TestR24_AKilledProcessAcceptsAQualifiedLeadOnce(t *testing.T) {
	for _, point := range []string{before, committed} {
		t.Run(point, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.inquiry()
				r.edits("lead", lead, doc{"estimatedamount": 5000, "estimatedclosedate": "2026-12-01"})
				r.quiet()
				r.kill(http.MethodPatch, "/referrals/", point, 1)
				r.person(doc{"do": "qualify", "table": "lead", "id": lead})
				r.advance(15 * time.Minute)
				r.oneDeal(a, lead)
			})
		})
	}
}

func TestR23_ALeadThatIsMergedIntoAnotherGoesOnAsThatOne(t *testing.T) {
	for _, point := range []string{"", before, committed} {
		t.Run("killed "+point, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.inquiry()
				winner := r.creates("lead", doc{"subject": "The same inquiry", "lastname": "Known", "companyname": "Adventure Works Ltd"})
				if point != "" {
					r.kill(http.MethodPatch, "/leads", point, 1)
				}
				r.person(doc{"do": "merge", "table": "lead", "id": winner, "loser": lead})
				r.advance(15 * time.Minute)
				if now := r.lead(a); now != winner {
					t.Fatalf("the referral goes on with %s", now)
				}
				if own := r.referral(a.ID); own.text("status") != "New" || own.text("externalReferenceId") != winner {
					t.Errorf("the referral is %s of %s", own.text("status"), own.text("externalReferenceId"))
				}
				r.acceptsLead(a)
				r.quiet()
				r.oneDeal(a, winner)
				r.rests()
			})
		})
	}
}

func TestR73_ADisqualifiedLeadIsDeclinedWithItsReasonAfterTheGrace(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.inquiry()
		mark := r.pc.calls()
		r.person(doc{"do": "disqualify", "table": "lead", "id": lead, "status": 5})
		r.advance(5 * time.Minute)
		r.pc.wrote(mark, 0)
		r.advance(20 * time.Minute)
		if own := r.referral(a.ID); own.text("status") != "Closed" || own.text("substatus") != "Declined" || own.text("statusReason") == "" {
			t.Errorf("the referral is %s %s for %q", own.text("status"), own.text("substatus"), own.text("statusReason"))
		}
		if row := r.row("lead", lead); row.text("statecode") != "2" || row.text("statuscode") != "5" || len(r.opportunities()) != 0 {
			t.Errorf("the lead is %s %s", row.text("statecode"), row.text("statuscode"))
		}
	})
}

func TestR137_ALeadReopenedWithinTheGraceIsNotDeclined(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.inquiry()
		mark := r.pc.calls()
		r.person(doc{"do": "disqualify", "table": "lead", "id": lead, "status": 5})
		r.advance(5 * time.Minute)
		r.person(doc{"do": "reopen", "table": "lead", "id": lead})
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		if s := r.referral(a.ID).text("status"); s != "New" {
			t.Errorf("the referral is %s", s)
		}
	})
}

func TestR25_CosellOnlyKeepsLeadsOut(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.dv.calls()
		a := r.microsoft(doc{"do": "lead", "kind": "qualified"})
		r.advance(time.Hour)
		r.dv.wrote(mark, 0)
		if n := len(r.leads()); n != 0 {
			t.Errorf("%d leads", n)
		}
		if n := len(r.naming(a.ID)); n != 0 {
			t.Errorf("%d opportunities", n)
		}
		if p := r.coSell("The other way works"); p.microsoft == "" {
			t.Errorf("%+v", p)
		}
	}, "SYNC_COSELL_ONLY=true")
}

func TestR102_EditsOfALeadInTheCRMReachItsReferralAndBack(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"pendingEdits": "accept"})
		a, lead := r.inquiry()
		r.edits("lead", lead, doc{"description": "Called on Monday."})
		r.quiet()
		if got := r.referral(a.ID).text("details/notes"); got != "Called on Monday." {
			t.Errorf("the notes are %q; Audit says\n%s", got, r.row("lead", lead).text("cosell_audit"))
		}
		r.portalEdits(a.ID, doc{"/details/notes": "Calls back."})
		r.quiet()
		if got := r.row("lead", lead).text("description"); got != "Calls back." {
			t.Errorf("the description is %q", got)
		}
		r.rests()
	})
}

func TestR102_WhatAPendingReferralRefusesGoesWithTheAcceptance(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.inquiry()
		r.edits("lead", lead, doc{"description": "Called on Monday.", "estimatedamount": 5000, "estimatedclosedate": "2026-12-01"})
		r.quiet()
		if got := r.row("lead", lead).text("description"); got != "Called on Monday." {
			t.Errorf("the description is %q", got)
		}
		r.person(doc{"do": "qualify", "table": "lead", "id": lead})
		r.quiet()
		r.oneDeal(a, lead)
		if got := r.referral(a.ID).text("details/notes"); got != "Called on Monday." {
			t.Errorf("the notes are %q", got)
		}
	})
}

func TestR151_ALeadFromBeforeTheStartStaysWhereItIs(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.dv.calls()
		r.microsoft(doc{"do": "lead", "kind": "qualified"})
		r.advance(time.Hour)
		r.dv.wrote(mark, 0)
		if n := len(r.leads()); n != 0 {
			t.Errorf("%d leads", n)
		}
	}, "SYNC_STARTED=2026-03-05")
}
