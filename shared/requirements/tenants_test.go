package requirements

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// frenchDeal is a deal that the French partner's person makes in the French portal.
func (r *rig) frenchDeal(name string) (a acted) {
	r.t.Helper()
	r.in("fr", func() { a = r.portalDeal(doc{"name": name}) })
	return a
}

// french is what Partner Center has of the French partner's referral.
func (r *rig) french(id string) (d doc) {
	r.t.Helper()
	r.in("fr", func() { d = r.referral(id) })
	return d
}

func pairsIn(t *testing.T, l *ledger.Ledger) (ids []string) {
	t.Helper()
	must(t, l.Pairs(context.Background(), func(p cosell.Pair) bool {
		ids = append(ids, p.ReferralID)
		return true
	}))
	return ids
}

func TestR95_EachTenantsDealsStayInStepWithItsOwnPartnerCenter(t *testing.T) {
	play(t, func(r *rig) {
		mine := r.arrived(r.portalDeal(doc{"name": "Of the first"}))
		a := r.frenchDeal("De la France")
		r.quiet()
		id := strings.ToLower(r.french(a.ID).text("externalReferenceId"))
		if id == "" || len(r.naming(a.ID)) != 1 || len(r.opportunities()) != 2 {
			t.Fatalf("the French deal has no opportunity; there are %d", len(r.opportunities()))
		}
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{"estimatedvalue": 91000})
		r.quiet()
		if got := r.french(a.ID).text("details/dealValue"); got != "91000" {
			t.Errorf("the French referral says %s", got)
		}
		r.in("fr", func() { r.portalEdits(a.ID, doc{"/details/notes": "Plus vite."}) })
		r.quiet()
		if got := r.opportunity(id).text("description"); got != "Plus vite." {
			t.Errorf("the CRM says %q", got)
		}
		r.pc.wrote(mark, 0)
		r.in("fr", func() { mark = r.pc.calls() })
		r.edits("opportunity", mine.opportunity, doc{"estimatedvalue": 92000})
		r.solution(mine.opportunity, "SOL-12345-ABC", "Northwind Forecast")
		r.quiet()
		if r.referral(mine.own).text("details/dealValue") != "92000" {
			t.Error("the first tenant's deal is not in step")
		}
		r.in("fr", func() { r.pc.wrote(mark, 0) })
		share := r.private("Whose nobody says")
		if r.referrals()[share.own] == nil {
			t.Error("a deal of which nothing is said is not the first tenant's")
		}
		apart(r, mine.own, a.ID)
	}, tenantSettings("fr")...)
}

// apart checks that no row and no line of one tenant is found at the other.
func apart(r *rig, mine, theirs string) {
	r.t.Helper()
	for name, c := range map[string]struct {
		tables  *ledger.Ledger
		foreign string
	}{"the first's": {r.tables, theirs}, "the French": {r.others["fr"], mine}} {
		for _, id := range pairsIn(r.t, c.tables) {
			if id == c.foreign {
				r.t.Errorf("%s tables have a pair of the other tenant", name)
			}
		}
	}
	for line := range strings.Lines(r.log.String()) {
		french := strings.Contains(line, `"tenant":"fr"`)
		if strings.Contains(line, theirs) && !french || strings.Contains(line, mine) && french {
			r.t.Errorf("a line of the other tenant: %s", line)
		}
	}
}

// A deal of the CRM goes to the tenant that its column names.
func TestR95_AColumnSaysWhoseADealOfTheCRMIs(t *testing.T) {
	play(t, func(r *rig) {
		account := r.customer("Boulangerie Martin", doc{"address1_country": "FR"})
		contact := r.contactOf(account, "Marie", "Martin")
		id := r.deal("Vendue en France", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": "/contacts(" + contact + ")"})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		named := r.opportunity(id).text("cosell_referralid")
		if named == "" || r.french(named).text("externalReferenceId") != id {
			t.Fatalf("the deal has the referral %q; its Audit says\n%s", named, strings.Join(r.audit(id), "\n"))
		}
		r.pc.wrote(mark, 0)
		if p := r.private("Sold in Germany"); r.referrals()[p.own] == nil {
			t.Error("a deal of another country is not the first tenant's")
		}
		r.solution(id, "SOL-54321-XYZ", "A second one")
		r.edits("account", account, doc{"name": "Boulangerie Martin et Fils"})
		r.quiet()
		if list := string(encoded(t, r.french(named)["details"])); !strings.Contains(list, "SOL-54321-XYZ") {
			t.Errorf("a solution row did not reach it: %s", list)
		}
	}, append(tenantSettings("fr"), "SYNC_TENANT_BY=parentaccountid/address1_country", "FR_SYNC_TENANT_ROWS=FR,France")...)
}

// After all tables were lost each tenant finds its own deals again, by the ids on both records.
func TestR95_LostTablesLeaveEachDealWithItsTenant(t *testing.T) {
	play(t, func(r *rig) {
		mine, a := r.private("Of the first"), r.frenchDeal("De la France")
		r.quiet()
		id := strings.ToLower(r.french(a.ID).text("externalReferenceId"))
		r.advance(40 * 24 * time.Hour)
		made := len(r.opportunities())
		r.product.end()
		r.product.ended.Wait()
		r.tables, r.others["fr"] = ledger.InMemory(time.Now), nil
		r.start()
		r.edits("opportunity", id, doc{"estimatedvalue": 90500}) // the CRM speaks first
		r.quiet()
		if ids := pairsIn(t, r.others["fr"]); len(ids) != 1 || ids[0] != a.ID {
			t.Errorf("the French tables have %v", ids)
		}
		r.advance(time.Hour)
		if len(r.opportunities()) != made {
			t.Errorf("%d opportunities were made", len(r.opportunities())-made)
		}
		r.edits("opportunity", id, doc{"estimatedvalue": 91000})
		r.edits("opportunity", mine.opportunity, doc{"estimatedvalue": 92000})
		r.quiet()
		if r.french(a.ID).text("details/dealValue") != "91000" || r.referral(mine.own).text("details/dealValue") != "92000" {
			t.Errorf("%s and %s", r.french(a.ID).text("details/dealValue"), r.referral(mine.own).text("details/dealValue"))
		}
		for _, each := range []string{id, mine.opportunity} {
			if text := r.opportunity(each).text("cosell_audit"); strings.Contains(text, "names no referral") {
				t.Errorf("a seller was told of a referral that another tenant has:\n%s", text)
			}
		}
		apart(r, mine.own, a.ID)
	}, tenantSettings("fr")...)
}

// An operator says of which tenant he speaks; what cannot be worked on is parked with its tenant's rows, and a path
// of nobody is served by nobody.
func TestR95_OperatorsAndParkedMessagesAreOfOneTenant(t *testing.T) {
	play(t, func(r *rig) {
		a := r.frenchDeal("De la France")
		r.quiet()
		if status, answer := r.operator(http.MethodGet, "operator/status?id="+a.ID, nil); status != http.StatusNotFound {
			t.Errorf("the first tenant's status of a French deal: %d %s", status, answer)
		}
		if status, answer := r.operator(http.MethodGet, "operator/status?tenant=fr&id="+a.ID, nil); status != http.StatusOK || !strings.Contains(answer, `"inStep":true`) {
			t.Errorf("the French status: %d %s", status, answer)
		}
		if status, _ := r.operator(http.MethodGet, "operator/held?tenant=es", nil); status != http.StatusNotFound {
			t.Errorf("a tenant that is none: %d", status)
		}
		if status, answer := r.operator(http.MethodGet, "webhookregistration?tenant=fr", nil); status != http.StatusOK || !strings.Contains(answer, "/partnercenterwebhook/fr") {
			t.Errorf("the French registration: %d %s", status, answer)
		}
		if status := r.event(productURL+"/api/partnercenterwebhook/es", http.Header{"Content-Type": {"application/json"}}, []byte("{}")); status != http.StatusNotFound {
			t.Errorf("a webhook of nobody: %d", status)
		}
		body := `{"v":2,"tenant":"fr","kind":"solution","id":"x","seen":"2026-03-02T09:00:00Z"}`
		status, _ := r.ask(http.MethodPost, "/partnercentertocrm", jsonHeader(), []byte(`{"Data":{"message":`+body+`},"Metadata":{"MessageId":"m-1","DeliveryCount":1}}`))
		first, _ := r.tables.Parked(context.Background(), 10)
		its, _ := r.others["fr"].Parked(context.Background(), 10)
		if status != http.StatusOK || len(first) != 0 || len(its) != 1 {
			t.Errorf("%d: %d parked at the first, %d at the French", status, len(first), len(its))
		}
	}, tenantSettings("fr")...)
}

// A tenant whose consent is lost waits alone.
func TestR95_TheTroubleOfOneTenantIsNotTheOthers(t *testing.T) {
	play(t, func(r *rig) {
		a := r.frenchDeal("De la France")
		r.quiet()
		id := strings.ToLower(r.french(a.ID).text("externalReferenceId"))
		mine := r.private("Of the first")
		r.in("fr", func() {
			r.pc.call(http.MethodPost, "/faults", doc{"match": doc{"method": "PATCH"}, "do": "status", "status": 429, "headers": doc{"Retry-After": "600"}, "times": 1})
		})
		r.edits("opportunity", id, doc{"estimatedvalue": 91000})
		r.quiet()
		r.advance(time.Minute) // until every process has heard of the limit
		r.edits("opportunity", mine.opportunity, doc{"estimatedvalue": 92000})
		r.quiet()
		if r.referral(mine.own).text("details/dealValue") != "92000" {
			t.Error("the first tenant waits for the French limit")
		}
		if r.french(a.ID).text("details/dealValue") == "91000" {
			t.Error("the French limit was passed over")
		}
		r.advance(15 * time.Minute)
		if r.french(a.ID).text("details/dealValue") != "91000" {
			t.Error("the French change was lost")
		}
	}, tenantSettings("fr")...)
}

// A lead goes to the tenant that has it, of whose partner's referral it is, that its column names, and its opportunity
// with it.
func TestR95_ALeadIsItsTenants(t *testing.T) {
	play(t, func(r *rig) {
		var a acted
		r.in("fr", func() { a = r.microsoft(doc{"do": "lead", "kind": "qualified"}) })
		lead := r.lead(a)
		mark := r.pc.calls()
		r.dv.delivery(doc{"lose": 1})
		r.person(doc{"do": "qualify", "table": "lead", "id": lead})
		r.quiet()
		r.dv.delivery(doc{})
		deal := r.only()
		r.edits("opportunity", deal, doc{"cosell_sync": true})
		r.quiet()
		if own := r.french(a.ID); own.text("substatus") != "Accepted" || own.text("externalReferenceId") != deal || r.opportunity(deal).text("cosell_referralid") != a.ID {
			t.Errorf("the French lead is %s of %q; its opportunity has %q", own.text("substatus"), own.text("externalReferenceId"), r.opportunity(deal).text("cosell_referralid"))
		}
		r.pc.wrote(mark, 0)
		r.in("fr", func() {
			if n := len(r.referrals()); n != 1 {
				t.Errorf("%d French referrals", n)
			}
		})
	}, tenantSettings("fr")...)
}

func TestR95_ALeadOfLostTablesIsThatOfItsReferral(t *testing.T) {
	play(t, func(r *rig) {
		var a acted
		r.in("fr", func() {
			r.pc.switches(doc{"pendingEdits": "accept"})
			a = r.microsoft(doc{"do": "lead", "kind": "qualified"})
		})
		lead := r.lead(a)
		r.stop()
		r.tables, r.others["fr"] = ledger.InMemory(time.Now), nil
		r.start()
		mark := r.pc.calls()
		r.edits("lead", lead, doc{"description": "Appelé lundi."})
		r.quiet()
		r.edits("lead", lead, doc{"description": "Appelé mardi."})
		r.quiet()
		if got := r.french(a.ID).text("details/notes"); got != "Appelé mardi." {
			t.Errorf("the notes are %q", got)
		}
		r.pc.wrote(mark, 0)
		apart(r, "none", a.ID)
	}, tenantSettings("fr")...)
}

func TestR95_AColumnSaysWhoseALeadIs(t *testing.T) {
	for by, columns := range map[string]doc{"parentaccountid/address1_country": {}, "new_onlyofdeals": {}} {
		t.Run(by, func(t *testing.T) {
			play(t, func(r *rig) {
				var a acted
				r.in("fr", func() { a = r.microsoft(doc{"do": "lead", "kind": "qualified"}) })
				r.advance(time.Hour)
				account := r.customer("Boulangerie Martin", doc{"address1_country": "FR"})
				lead := r.creates("lead", over(doc{"subject": "Connue", "lastname": "Martin", "parentaccountid@odata.bind": "/accounts(" + account + ")"}, []doc{columns}))
				now := time.Now().UTC().Format(time.RFC3339)
				r.with("SYNC_STARTED=" + now)
				r.with("FR_SYNC_STARTED=" + now)
				r.advance(10 * time.Minute)
				mark := r.pc.calls()
				r.edits("lead", lead, doc{"description": "Referral ID: " + a.ID, "cosell_sync": true})
				r.advance(time.Hour)
				linked := strings.EqualFold(r.french(a.ID).text("externalReferenceId"), lead)
				if want := by != "new_onlyofdeals"; linked != want {
					t.Errorf("linked: %v", linked)
				}
				r.pc.wrote(mark, 0)
				if n := len(r.parked()); n != 0 {
					t.Errorf("%d messages are parked", n)
				}
			}, append(tenantSettings("fr"), "SYNC_TENANT_BY="+by, "FR_SYNC_TENANT_ROWS=FR,France", "SYNC_STARTED=", "FR_SYNC_STARTED=")...)
		})
	}
}

// Of a connection that is deleted the feed, which the first tenant reads for all, gives the id alone.
func TestR95_WhoLeavesAnotherTenantsDealUnheardIsFound(t *testing.T) {
	play(t, func(r *rig) {
		a := r.frenchDeal("De la France")
		r.quiet()
		id := strings.ToLower(r.french(a.ID).text("externalReferenceId"))
		team := func() (names string) {
			r.in("fr", func() { names = r.names(a.ID, "team") })
			return names
		}
		r.advance(timerEvery)
		before := team()
		r.dv.delivery(doc{"lose": true})
		tie := r.connects(id, "systemusers", r.colleague("Nora", "Newcomer"), dataversesim.SalesProfessionalRoleID)
		r.dv.delivery(doc{"lose": false})
		r.edits("opportunity", id, doc{"estimatedvalue": 91000})
		r.quiet()
		if got := team(); got != before+" Nora" {
			t.Fatalf("somebody joined unheard: %s, before %s", got, before)
		}
		r.dv.delivery(doc{"lose": true})
		r.person(doc{"do": "delete", "table": "connection", "id": tie})
		r.advance(2 * timerEvery)
		if got := team(); got != before {
			t.Errorf("somebody left unheard: %s, before %s", got, before)
		}
	}, tenantSettings("fr")...)
}
