package requirements

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// delegation are the three people of a customer who ask together.
func delegation() doc {
	return doc{"customerProfile": doc{"name": "Adventure Works Ltd", "address": doc{"addressLine1": "1 High Street", "city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"},
		"team": []doc{{"firstName": "Robin", "lastName": "Example", "email": "robin@adventureworks.example", "phoneNumber": "+441135550100"},
			{"firstName": "Kim", "lastName": "Second", "title": "Buyer", "email": "kim@adventureworks.example", "phoneNumber": "+441135550101"},
			{"firstName": "Lou", "lastName": "Third", "email": "lou@adventureworks.example", "phoneNumber": "+441135550102"}}}}
}

const kimAndLou = "Kim Second, Buyer (kim@adventureworks.example, +441135550101)\nLou Third (lou@adventureworks.example, +441135550102)"

// stakeholders are the e-mails of the contacts that are connected with an opportunity, each of which stands in its account.
func (r *rig) stakeholders(opportunity string) (mails []string) {
	r.t.Helper()
	account, contacts := r.row("opportunity", opportunity).text("_parentaccountid_value"), r.dv.table("contact")
	for _, c := range r.dv.table("connection") {
		if c.text("_record1id_value") != opportunity {
			continue
		}
		contact := contacts[c.text("_record2id_value")]
		if contact.text("_parentcustomerid_value") != account || account == "" {
			r.t.Errorf("contact %s is of account %q", contact.text("emailaddress1"), contact.text("_parentcustomerid_value"))
		}
		mails = append(mails, contact.text("emailaddress1"))
	}
	slices.Sort(mails)
	return mails
}

func (r *rig) delegates(kind string) (a acted, lead string) {
	r.t.Helper()
	a = r.microsoft(doc{"do": "lead", "kind": kind, "referral": delegation()})
	return a, r.lead(a)
}

func TestR23_ALeadShowsTheFurtherContactsAndFollowsThem(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"expiredContacts": "removed"})
		a, lead := r.delegates("marketplace")
		if got := r.row("lead", lead).text("cosell_contacts"); got != kimAndLou {
			t.Errorf("the lead shows %q", got)
		}
		team := delegation()["customerProfile"].(doc)["team"].([]doc)
		r.portalEdits(a.ID, doc{"/customerProfile/team": []doc{team[0], team[2]}})
		r.quiet()
		if got, want := r.row("lead", lead).text("cosell_contacts"), "Lou Third (lou@adventureworks.example, +441135550102)"; got != want {
			t.Errorf("one left, and the lead shows %q", got)
		}
		r.edits("lead", lead, doc{"cosell_contacts": "typed over"})
		r.quiet()
		r.advance(15 * 24 * time.Hour)
		row := r.row("lead", lead)
		if own := r.referral(a.ID); own.text("substatus") != "Expired" || own.text("customerProfile/team/0/email") != "" {
			t.Fatalf("the referral is %s, with %s", own.text("substatus"), own.text("customerProfile/team/0/email"))
		}
		if row.text("cosell_contacts") != "Lou Third (lou@adventureworks.example, +441135550102)" || row.text("emailaddress1") != "robin@adventureworks.example" || row.text("statecode") != "2" {
			t.Errorf("after the end the lead is %s, and shows %q and %q", row.text("statecode"), row.text("cosell_contacts"), row.text("emailaddress1"))
		}
	})
}

func TestR24_TheFurtherContactsComeWithTheOpportunity(t *testing.T) {
	want := []string{"kim@adventureworks.example", "lou@adventureworks.example", "robin@adventureworks.example"}
	for name, accept := range map[string]func(r *rig, a acted, lead string){
		"accepted in the portal": func(r *rig, a acted, _ string) { r.acceptsLead(a) },
		"qualified in CRM":       func(r *rig, _ acted, lead string) { r.person(doc{"do": "qualify", "table": "lead", "id": lead}) },
		"qualified without a contact": func(r *rig, _ acted, lead string) {
			r.person(doc{"do": "qualify", "table": "lead", "id": lead, "make": []string{"account", "opportunity"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.delegates("qualified")
				accept(r, a, lead)
				r.quiet()
				deal := r.oneDeal(a, lead)
				if got := r.stakeholders(deal); !slices.Equal(got, want) {
					t.Errorf("with the opportunity are %v", got)
				}
				r.rests()
				if got := r.names(a.ID, "customerProfile/team"); got != "Robin Kim Lou" {
					t.Errorf("Partner Center has %s", got)
				}
			})
		})
	}
}

func TestR24_WithoutAnAccountTheFurtherContactsAreToldOnTheOpportunity(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.delegates("qualified")
		r.person(doc{"do": "qualify", "table": "lead", "id": lead, "make": []string{"opportunity"}})
		r.quiet()
		deal := r.oneDeal(a, lead)
		r.audited(deal, "further contacts could not be kept", "Kim Second, Buyer (kim@adventureworks.example, +441135550101)", "Lou Third")
		if got := r.stakeholders(deal); len(got) != 0 {
			t.Errorf("with the opportunity are %v", got)
		}
	})
}

func TestR24_AKilledProcessKeepsTheFurtherContactsOnce(t *testing.T) {
	for _, point := range []string{before, committed} {
		t.Run(point, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.delegates("qualified")
				r.person(doc{"do": "qualify", "table": "lead", "id": lead})
				r.kill("POST", `/\$batch`, point, 1)
				r.advance(15 * time.Minute)
				deal := r.oneDeal(a, lead)
				if got := r.stakeholders(deal); len(got) != 3 {
					t.Errorf("with the opportunity are %v", got)
				}
				if n := len(r.accountsNamed("Adventure Works Ltd")); n != 1 {
					t.Errorf("%d accounts", n)
				}
			})
		})
	}
}

func TestR86_WithoutAColumnOfTheirOwnTheFurtherContactsStandInAudit(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		r.microsoft(doc{"do": "lead", "kind": "marketplace", "referral": delegation()})
		r.quiet()
		for _, lead := range r.dv.table("lead") {
			if !slices.ContainsFunc(columnsOf(lead), func(text string) bool {
				return strings.Contains(text, "further contacts: "+strings.ReplaceAll(kimAndLou, "\n", "; "))
			}) {
				t.Errorf("no column tells of them: %v", lead)
			}
		}
	})
}

func columnsOf(row doc) (texts []string) {
	for column := range row {
		texts = append(texts, row.text(column))
	}
	return texts
}
