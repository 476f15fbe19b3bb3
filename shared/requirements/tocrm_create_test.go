package requirements

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestR12_ADealOfThePartnersBecomesOneOpportunityWhole(t *testing.T) {
	play(t, func(r *rig) {
		a := r.partner(doc{"do": "create", "help": "QuotesOrLicensing", "referral": doc{"name": "Contoso stores",
			"details": doc{"dealValue": 120000.5, "currency": "USD", "closingDateTime": "2026-09-30T00:00:00Z", "notes": "Forty stores.", "requirements": doc{"solutions": []any{
				doc{"id": "SOL-12345-ABC", "name": "Northwind Forecast", "type": "Name", "price": 1200.5, "quantity": 3, "currency": "EUR"}}}},
			"customerProfile": doc{"name": "Contoso Stores AG", "address": doc{"addressLine1": "Musterweg 1", "addressLine2": "Hinterhaus", "city": "Hamburg", "state": "HH", "postalCode": "20095", "country": "DE"}}}})
		p := r.arrived(a)
		o, own := r.opportunity(p.opportunity), r.referral(a.ID)
		if n := len(r.opportunities()); n != 1 {
			t.Errorf("%d opportunities", n)
		}
		for column, want := range map[string]string{
			"name": tick + "Contoso stores", "estimatedvalue": "120000.5", "estimatedclosedate": "2026-09-30", "description": "Forty stores.",
			"cosell_sync": "true", "cosell_referralid": a.ID, "statecode": "0", "statuscode": "1", "cosell_visible": "true", "cosell_help": fmt.Sprint(r.help("QuotesOrLicensing")),
		} {
			if got := o.text(column); got != want {
				t.Errorf("%s is %q instead of %q", column, got, want)
			}
		}
		if !strings.Contains(o.text("cosell_referrallink"), a.ID) {
			t.Errorf("the link is %q", o.text("cosell_referrallink"))
		}
		if c := r.row("transactioncurrency", o.text("_transactioncurrencyid_value")); c.text("isocurrencycode") != "USD" {
			t.Errorf("the currency is %s", c.text("isocurrencycode"))
		}
		account := r.row("account", o.text("_parentaccountid_value"))
		for column, path := range map[string]string{"name": "name", "address1_line1": "address/addressLine1", "address1_line2": "address/addressLine2", "address1_city": "address/city",
			"address1_stateorprovince": "address/state", "address1_postalcode": "address/postalCode", "address1_country": "address/country"} {
			if got, want := account.text(column), own.text("customerProfile/"+path); got != want || want == "" {
				t.Errorf("the account's %s is %q instead of %q", column, got, want)
			}
		}
		contact := r.row("contact", o.text("_parentcontactid_value"))
		for column, member := range map[string]string{"firstname": "firstName", "lastname": "lastName", "emailaddress1": "email", "telephone1": "phoneNumber"} {
			if got, want := contact.text(column), own.text("customerProfile/team/0/"+member); got != want || want == "" {
				t.Errorf("the contact's %s is %q instead of %q", column, got, want)
			}
		}
		rows := r.solutionsOf(p.opportunity)
		if len(rows) != 1 || r.solutionID(rows[0]) != "SOL-12345-ABC" || rows[0].text("cosell_price") != "1200.5" || rows[0].text("cosell_quantity") != "3" || rows[0].text("cosell_currency") != "EUR" {
			t.Errorf("the solution rows are %v", rows)
		}
		r.audited(p.opportunity, "to CRM", "created")
	})
}

func TestR13_TheOpportunitysIDIsWrittenBack(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.pc.calls()
		a := r.portalDeal(doc{"name": "Write-back"})
		p := r.arrived(a)
		if own := r.referral(a.ID).text("externalReferenceId"); own != p.opportunity || r.opportunities()[p.opportunity] == nil {
			t.Errorf("the CRM id is %q", own)
		}
		w := r.pc.wrote(mark, 1)
		if len(w) == 1 && (w[0].Method != http.MethodPatch || !strings.Contains(w[0].Body, "/externalReferenceId") || strings.Count(w[0].Body, `"path"`) != 1) {
			t.Errorf("written was %s", listed(w))
		}
	})
}

func TestR13_AClosedDealGetsNoCRMID(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.delivery(doc{"pause": true})
		a := r.portalDeal(doc{"name": "Closed before it arrived"})
		r.partner(doc{"do": "lose", "id": a.ID, "reason": "Others"})
		mark := r.pc.calls()
		r.pc.delivery(doc{})
		r.quiet()
		r.pc.wrote(mark, 0)
		if id := r.referral(a.ID).text("externalReferenceId"); id != "" {
			t.Errorf("the CRM id is %q", id)
		}
	})
}

// The id could not be written while the deal was open.
func TestR13_ADealThatWasClosedMeanwhileGetsNoCRMID(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "status", "status": 503})
		a := r.portalDeal(doc{"name": "Closed meanwhile"})
		r.quiet()
		if len(r.naming(a.ID)) != 1 {
			t.Fatalf("%d opportunities name the referral", len(r.naming(a.ID)))
		}
		r.partner(doc{"do": "lose", "id": a.ID, "reason": "Others"})
		mark := r.pc.calls()
		r.pc.healed()
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		if o := r.opportunity(r.only()); o.text("statecode") != "2" {
			t.Errorf("the opportunity is %s", o.text("statecode"))
		}
	})
}

func TestR14_ADealOfAnotherSystemIsIgnored(t *testing.T) {
	for _, id := range []string{"SFDC-0065g00000Xyz", "99999999-aaaa-4bbb-8ccc-dddddddddddd"} {
		t.Run(id, func(t *testing.T) {
			play(t, func(r *rig) {
				mark, crm := r.pc.calls(), r.dv.calls()
				a := r.portalDeal(doc{"name": "Somebody else's", "externalReferenceId": id})
				r.quiet()
				r.portalEdits(a.ID, doc{"/details/dealValue": 5})
				r.quiet()
				r.pc.wrote(mark, 0)
				r.dv.wrote(crm, 0)
				if len(r.opportunities()) != 0 || r.referral(a.ID).text("externalReferenceId") != id {
					t.Errorf("%d opportunities, the CRM id is %q", len(r.opportunities()), r.referral(a.ID).text("externalReferenceId"))
				}
				told := false
				for line := range strings.Lines(r.log.String()) {
					told = told || holdsAll(line, []string{"ignored", a.ID})
				}
				if !told {
					t.Error("the log does not say so of the referral")
				}
			})
		})
	}
}

func TestR15_AnOpportunityWithTheReferralsIDIsUpdatedNotDoubled(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.delivery(doc{"pause": true})
		a := r.portalDeal(doc{"name": "Known already", "details": doc{"dealValue": 70000, "currency": "EUR", "closingDateTime": "2026-09-30T00:00:00Z"}})
		r.dv.delivery(doc{"pause": true})
		id := r.deal("Known already", doc{"cosell_referralid": a.ID, "cosell_sync": true, "estimatedvalue": 70000})
		r.pc.delivery(doc{})
		r.quiet()
		r.dv.delivery(doc{})
		r.quiet()
		if got := r.only(); got != id || r.referral(a.ID).text("externalReferenceId") != id {
			t.Errorf("opportunity %s, the CRM id is %q", got, r.referral(a.ID).text("externalReferenceId"))
		}
		r.portalEdits(a.ID, doc{"/details/dealValue": 71000})
		r.quiet()
		if v := r.opportunity(id).text("estimatedvalue"); v != "71000" {
			t.Errorf("the value is %s", v)
		}
	})
}

func TestR22_APendingInvitationIsOnHoldAndKeepsItsEdits(t *testing.T) {
	play(t, func(r *rig) {
		a := r.microsoft(doc{"do": "invite", "referral": doc{"name": "From Microsoft"}})
		p := r.arrived(a)
		if d := r.referral(a.ID); d.text("type") != "Shared" || d.text("status")+"/"+d.text("substatus") != "New/Pending" {
			t.Fatalf("the invitation is %s, %s/%s", d.text("type"), d.text("status"), d.text("substatus"))
		}
		o := r.opportunity(p.opportunity)
		if o.text("statecode") != "0" || o.text("statuscode") != "2" || o.text("cosell_sync") != "true" {
			t.Errorf("status %s/%s, Sync %s", o.text("statecode"), o.text("statuscode"), o.text("cosell_sync"))
		}
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 1234, "description": "Mine", "name": "My name", "estimatedclosedate": "2026-11-11"})
		r.solution(p.opportunity, "SOL-15974-MQF", "Northwind Insight")
		r.advance(20 * time.Minute)
		r.pc.wrote(mark, 0)
		if o = r.opportunity(p.opportunity); o.text("estimatedvalue") != "1234" || o.text("description") != "Mine" || o.text("estimatedclosedate") != "2026-11-11" || !strings.HasSuffix(o.text("name"), "My name") {
			t.Errorf("the edits are gone: %q, %s, %q, %s", o.text("name"), o.text("estimatedvalue"), o.text("description"), o.text("estimatedclosedate"))
		}
	})
}
