package requirements

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// connects ties somebody to an opportunity in a role, as people do on the form.
func (r *rig) connects(opportunity, set, id, role string) string {
	r.t.Helper()
	table := map[string]string{"contacts": "contact", "systemusers": "systemuser"}[set]
	return r.creates("connection", doc{"record1id_opportunity@odata.bind": "/opportunities(" + opportunity + ")",
		"record2id_" + table + "@odata.bind": "/" + set + "(" + id + ")", "record2roleid@odata.bind": "/connectionroles(" + role + ")"})
}

// colleague makes a user whom Partner Center takes.
func (r *rig) colleague(first, last string, more ...doc) string {
	r.t.Helper()
	mail := strings.ToLower(first + "." + last + "@northwind.example")
	return r.creates("systemuser", over(doc{"firstname": first, "lastname": last, "internalemailaddress": mail, "domainname": mail, "address1_telephone1": "+49 40 5550777",
		"businessunitid@odata.bind": "/businessunits(" + dataversesim.BusinessUnitID + ")"}, more))
}

// names are the first names of a list of a referral, in its order.
func (r *rig) names(referral, list string) string {
	r.t.Helper()
	var out []string
	people, _ := r.referral(referral).at(list).([]any)
	for _, p := range people {
		if m, ok := p.(map[string]any); ok {
			out = append(out, doc(m).text("firstName"))
		}
	}
	return strings.Join(out, " ")
}

func TestR50_OwnerFirstThenTheSalesTeam(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Sold by three")
		for _, first := range []string{"Abel", "Zora"} {
			r.connects(id, "systemusers", r.colleague(first, "Seller"), dataversesim.SalesProfessionalRoleID)
		}
		p := r.synced(id)
		owner := r.row("systemuser", r.opportunity(id).text("_ownerid_value")).text("firstname")
		if got := r.names(p.own, "team"); got != owner+" Abel Zora" {
			t.Errorf("the team is %s, the owner %s", got, owner)
		}
		r.edits("opportunity", id, doc{"ownerid@odata.bind": "/systemusers(" + dataversesim.CloserID + ")"})
		r.quiet()
		closer := r.row("systemuser", dataversesim.CloserID).text("firstname")
		if got := r.names(p.own, "team"); got != closer+" Abel Zora" {
			t.Errorf("the new owner is %s, the team %s", closer, got)
		}
	})
}

func TestR122_TheSalesTeamIsFollowed(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Followed")
		before := r.names(p.own, "team")
		mark := r.dv.calls()
		tie := r.connects(p.opportunity, "systemusers", r.colleague("Nora", "Newcomer"), dataversesim.AccountManagerRoleID)
		r.quiet()
		if got := r.names(p.own, "team"); got != before+" Nora" {
			t.Errorf("somebody joined: %s", got)
		}
		r.person(doc{"do": "delete", "table": "connection", "id": tie})
		r.quiet()
		if got := r.names(p.own, "team"); got != before {
			t.Errorf("somebody left: %s", got)
		}
		r.dv.wrote(mark, 0)
		other := r.connects(p.opportunity, "contacts", dataversesim.ContactID, dataversesim.FormerEmployerRoleID)
		pc := r.pc.calls()
		r.person(doc{"do": "delete", "table": "connection", "id": other})
		r.quiet()
		r.pc.wrote(pc, 0)
	})
}

func TestR122_AUsersPhoneAndMailAreFollowed(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Owned")
		owner := r.opportunity(p.opportunity).text("_ownerid_value")
		nora := r.colleague("Nora", "Newcomer")
		r.connects(p.opportunity, "systemusers", nora, dataversesim.SalesProfessionalRoleID)
		r.quiet()
		r.edits("systemuser", nora, doc{"internalemailaddress": "nora.married@northwind.example"})
		r.quiet()
		if got := r.referral(p.own).text("team/1/email"); got != "nora.married@northwind.example" {
			t.Errorf("her address is %s", got)
		}
		r.edits("systemuser", owner, doc{"address1_telephone1": "+49 40 1111"})
		r.quiet()
		d := r.referral(p.own)
		if d.text("team/0/phoneNumber") != "+49 40 1111" || d.text("team/1/email") != "nora.married@northwind.example" || d.text("team/2") != "" {
			t.Errorf("the team is %s", d.text("team"))
		}
	})
}

func TestR122_WhatEventsMissedReconcileFinds(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Missed")
		r.advance(timerEvery)
		before := r.names(p.own, "team")
		r.dv.delivery(doc{"lose": 1})
		tie := r.connects(p.opportunity, "systemusers", r.colleague("Nora", "Newcomer"), dataversesim.SalesProfessionalRoleID)
		r.edits("systemuser", r.opportunity(p.opportunity).text("_ownerid_value"), doc{"mobilephone": nil, "address1_telephone1": "+49 40 2222"})
		r.advance(2 * timerEvery)
		if got := r.names(p.own, "team"); got != before+" Nora" || r.referral(p.own).text("team/0/phoneNumber") != "+49 40 2222" {
			t.Errorf("the team is %s", r.referral(p.own).text("team"))
		}
		r.person(doc{"do": "delete", "table": "connection", "id": tie})
		r.advance(2 * timerEvery)
		if got := r.names(p.own, "team"); got != before {
			t.Errorf("somebody left unheard: %s", got)
		}
	})
}

func TestR122_StakeholdersAreContactsUntilShared(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("With stakeholders", doc{"cosell_help": r.help("GeneralOrOther")})
		cleo := r.contactOf(dataversesim.AccountID, "Cleo", "Decides")
		r.connects(id, "contacts", cleo, dataversesim.DecisionMakerRoleID)
		r.connects(id, "contacts", r.contactOf(dataversesim.AccountID, "Silent", "Friend", doc{"telephone1": nil}), dataversesim.StakeholderRoleID)
		p := r.synced(id)
		if got := r.names(p.own, "customerProfile/team"); got != "Ada Cleo" {
			t.Errorf("the contacts are %s", got)
		}
		mark := r.pc.calls()
		r.edits("contact", cleo, doc{"telephone1": "+49 40 3333"})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(id, "contact.locked")
	})
}

// What Partner Center takes of a customer at the creation alone is told on the open deals, once each.
func TestR122_TheCustomersNameAndAddressStayInTheCRM(t *testing.T) {
	for what, columns := range map[string]doc{"name": {"name": "Tailspin Toys Holding GmbH"}, "address": {"address1_city": "Bremen", "address1_line1": "Musterweg 2"}} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				open := []pair{r.private("One"), r.coSell("Two")}
				closed := r.private("Closed", doc{"estimatedvalue": 9000})
				r.person(doc{"do": "lose", "id": closed.opportunity})
				r.quiet()
				mark, had := r.pc.calls(), map[string]int{}
				for _, p := range append(open, closed) {
					had[p.opportunity] = len(r.audit(p.opportunity))
				}
				r.edits("account", dataversesim.AccountID, columns)
				r.quiet()
				told := func() {
					for _, p := range open {
						if lines := r.newest(p.opportunity, had[p.opportunity]); len(lines) != 1 || !strings.Contains(lines[0], "customer.locked") {
							t.Errorf("Audit says %v", lines)
						}
					}
				}
				told()
				r.advance(2 * timerEvery)
				told() // once
				r.pc.wrote(mark, 0)
				if lines := r.newest(closed.opportunity, had[closed.opportunity]); len(lines) != 0 {
					t.Errorf("of the closed deal it says %v", lines)
				}
			})
		})
	}
}

func TestR19_EveryMemberIsKeptAndTheFirstIsPrimary(t *testing.T) {
	play(t, func(r *rig) {
		people := []any{}
		for _, first := range []string{"Zoe", "Ada", "Max"} {
			people = append(people, doc{"firstName": first, "lastName": "Wingtip", "email": strings.ToLower(first) + "@wingtip.example", "phoneNumber": "+33 1 5550100"})
		}
		a := r.portalDeal(doc{"name": "Three people", "consent": doc{"consentToShareReferralWithMicrosoftSellers": true, "consentToContact": true, "consentToToShareInfoWithOthers": true},
			"customerProfile": doc{"name": "Wingtip SA", "address": doc{"addressLine1": "1 rue A", "city": "Paris", "postalCode": "75001", "country": "FR"}, "team": people}})
		p := r.arrived(a)
		o := r.opportunity(p.opportunity)
		var kept []string
		for _, c := range r.dv.table("contact") {
			if c.text("_parentcustomerid_value") == o.text("_parentaccountid_value") {
				kept = append(kept, c.text("firstname"))
			}
		}
		if first := r.row("contact", o.text("_parentcontactid_value")).text("firstname"); first != "Zoe" {
			t.Errorf("primary is %q", first)
		}
		slices.Sort(kept)
		if strings.Join(kept, " ") != "Ada Max Zoe" {
			t.Errorf("kept are %v", kept)
		}
		tied := 0
		for _, c := range r.dv.table("connection") {
			if c.text("_record1id_value") == p.opportunity && c.text("_record2roleid_value") == dataversesim.StakeholderRoleID {
				tied++
			}
		}
		if tied != 3 {
			t.Errorf("%d stakeholders", tied)
		}
		mark := r.pc.calls()
		r.advance(timerEvery)
		r.pc.call(http.MethodPost, "/redeliver", doc{"all": true})
		r.quiet()
		r.pc.wrote(mark, 0)
	})
}

// F23: another primary contact takes nobody out of the referral.
func TestR57_AnotherPrimaryContactTakesNobodyOut(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Two contacts")
		cleo := r.contactOf(dataversesim.AccountID, "Cleo", "Decides")
		r.connects(id, "contacts", cleo, dataversesim.StakeholderRoleID)
		r.connects(id, "contacts", dataversesim.ContactID, dataversesim.StakeholderRoleID)
		r.edits("opportunity", id, doc{"parentcontactid@odata.bind": "/contacts(" + cleo + ")", "cosell_help": r.help("GeneralOrOther")})
		p := r.synced(id)
		if got := r.names(p.own, "customerProfile/team"); got != "Cleo Ada" {
			t.Errorf("the contacts are %s", got)
		}
	})
}

// The person is known by e-mail and name together, in the account of the deal; anybody else is new there.
func TestR18_AContactIsTheSamePersonInsideTheAccount(t *testing.T) {
	for what, c := range map[string]struct {
		first, last, email string
		known              bool
	}{
		"the same":             {"paula", "PRESS", "Office@Lucerne.example", true},
		"another's mailbox":    {"Peter", "Print", "office@lucerne.example", false},
		"of the name alone":    {"Paula", "Press", "paula@lucerne.example", false},
		"of the other account": {"Otto", "Other", "otto@lucerne.example", false},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				account, other := r.customer("Lucerne Publishing"), r.customer("Another House", doc{"address1_postalcode": "10115"})
				known := r.contactOf(account, "Paula", "Press", doc{"emailaddress1": "office@lucerne.example"})
				r.contactOf(other, "Paula", "Press", doc{"emailaddress1": "office@lucerne.example"})
				r.contactOf(other, "Otto", "Other", doc{"emailaddress1": "otto@lucerne.example"})
				contacts := len(r.dv.table("contact"))
				p := r.arrived(r.portalDeal(doc{"name": "Known people", "customerProfile": customerOf("Lucerne Publishing", "20095", doc{
					"team": []any{doc{"firstName": c.first, "lastName": c.last, "email": c.email, "phoneNumber": "+49 1"}}})}))
				id := r.opportunity(p.opportunity).text("_parentcontactid_value")
				contact, made := r.row("contact", id), len(r.dv.table("contact"))-contacts
				if c.known && (id != known || made != 0) {
					t.Errorf("the contact is %q, known was %s, %d were made", id, known, made)
				}
				if !c.known && (made != 1 || contact.text("firstname") != c.first || contact.text("emailaddress1") != c.email || contact.text("_parentcustomerid_value") != account) {
					t.Errorf("%d were made, the deal's is %v", made, contact)
				}
			})
		})
	}
}

func TestR105_WhoOwnsWhatComesFromPartnerCenter(t *testing.T) {
	for name, c := range map[string]struct {
		team []any
		want func(r *rig, nora string) string
	}{
		"by e-mail of the team": {[]any{doc{"firstName": "X", "lastName": "Y", "email": "nobody@here.example", "phoneNumber": "1"},
			doc{"firstName": "Nora", "lastName": "Owner", "email": "Nora.Owner@northwind.example", "phoneNumber": "1"}}, func(_ *rig, nora string) string { return nora }},
		"the account's owner": {[]any{doc{"firstName": "X", "lastName": "Y", "email": "nobody@here.example", "phoneNumber": "1"}},
			func(r *rig, _ string) string {
				return r.row("account", dataversesim.AccountID).text("_ownerid_value")
			}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				nora := r.colleague("Nora", "Owner")
				p := r.arrived(r.portalDeal(tailspins(doc{"name": "Whose", "team": c.team})))
				if got := r.opportunity(p.opportunity).text("_ownerid_value"); got != c.want(r, nora) {
					t.Errorf("it belongs to %s", got)
				}
			})
		})
	}
}

func TestR105_WithoutAnyoneTheConfiguredUserOwns(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Nobody's", "team": []any{doc{"firstName": "X", "lastName": "Y", "email": "nobody@here.example", "phoneNumber": "1"}}, "customerProfile": doc{"name": "Brand New SA", "address": doc{"addressLine1": "1", "city": "Paris", "postalCode": "75001", "country": "FR"}}})
		p := r.arrived(a)
		owner := r.row("systemuser", r.opportunity(p.opportunity).text("_ownerid_value"))
		if owner.text("internalemailaddress") != "sam@northwind.example" || owner.text("applicationid") != "" {
			t.Errorf("it belongs to %s", owner.text("internalemailaddress"))
		}
	})
}

func TestR109_MendingAnythingMakesAFailedDealAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(r *rig, deal doc) (mend func(opportunity string))
	}{
		"account": {func(r *rig, deal doc) func(string) {
			account := r.customer("Spoilt Ltd", doc{"address1_country": nil})
			deal["parentaccountid@odata.bind"] = "/accounts(" + account + ")"
			return func(string) { r.edits("account", account, doc{"address1_country": "DE"}) }
		}},
		"contact": {func(r *rig, deal doc) func(string) {
			contact := r.contactOf(dataversesim.AccountID, "No", "Phone", doc{"telephone1": nil})
			deal["parentcontactid@odata.bind"], deal["cosell_help"] = "/contacts("+contact+")", r.help("GeneralOrOther")
			return func(string) { r.edits("contact", contact, doc{"telephone1": "+49 40 9"}) }
		}},
		"owner": {func(r *rig, deal doc) func(string) {
			owner := r.colleague("No", "Number", doc{"address1_telephone1": nil, "mobilephone": nil})
			deal["ownerid@odata.bind"], deal["by"] = "/systemusers("+owner+")", owner
			return func(string) { r.edits("systemuser", owner, doc{"mobilephone": "+49 170 1"}) }
		}},
		"solution": {func(r *rig, _ doc) func(string) {
			return func(id string) { r.solution(id, "SOL-12345-ABC", "Northwind Forecast") }
		}},
		"Sync now": {func(r *rig, _ doc) func(string) {
			r.pc.fault(doc{"match": doc{"method": "POST", "url": "referrals$"}, "do": "status", "status": 422, "times": 1})
			return func(id string) {
				if len(r.audit(id)) == 0 {
					r.t.Error("nothing had failed")
				}
				r.acts(id, "sync")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				deal := doc{}
				mend := c.spoil(r, deal)
				by, _ := deal["by"].(string) // who switches it on stands in for an owner
				delete(deal, "by")
				id := r.deal("Failed first", deal)
				if name != "solution" {
					r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				}
				r.person(doc{"do": "update", "as": by, "table": "opportunity", "id": id, "columns": doc{"cosell_sync": true}})
				r.quiet()
				if got := r.opportunity(id).text("cosell_referralid"); got != "" {
					t.Fatalf("it did not fail: %s", got)
				}
				mend(id)
				r.quiet()
				if r.opportunity(id).text("cosell_referralid") == "" {
					t.Errorf("it is not made; Audit says\n%s", strings.Join(r.audit(id), "\n"))
				}
			})
		})
	}
}

// A role that may not read connections costs the people beside owner and contact, and nothing else.
func TestR143_WithoutConnectionsDealsGoOn(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Seen whole")
		r.connects(p.opportunity, "systemusers", r.colleague("Nora", "Newcomer"), dataversesim.SalesProfessionalRoleID)
		r.quiet()
		before := r.names(p.own, "team")
		r.dv.call(http.MethodPost, "/privileges", doc{"table": "connection", "operation": "read", "allowed": false})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.quiet()
		if got := r.names(p.own, "team"); got != before || r.referral(p.own).text("details/dealValue") != "90000" {
			t.Errorf("the team is %s, the value %s", got, r.referral(p.own).text("details/dealValue"))
		}
		if next := r.private("Made without"); r.names(next.own, "team") == "" {
			t.Error("nobody is in the team")
		}
	})
}

func TestR141_AUsersChangeReachesOpenDealsOnly(t *testing.T) {
	play(t, func(r *rig) {
		var closed []pair
		for _, name := range []string{"One", "Two", "Three"} {
			p := r.private(name)
			r.partner(doc{"do": "lose", "id": p.own, "reason": "Others"})
			r.quiet()
			closed = append(closed, p)
		}
		open := r.private("Still open")
		mark, crm := r.pc.calls(), r.dv.calls()
		r.edits("systemuser", r.opportunity(open.opportunity).text("_ownerid_value"), doc{"address1_telephone1": "+49 40 4444"})
		r.quiet()
		r.pc.wrote(mark, 1)
		r.dv.wrote(crm, 0)
		if got := r.referral(open.own).text("team/0/phoneNumber"); got != "+49 40 4444" {
			t.Errorf("the phone is %s", got)
		}
		for _, p := range closed {
			if r.referral(p.own).text("team/0/phoneNumber") == "+49 40 4444" {
				t.Error("a closed deal was written")
			}
		}
	})
}
