package requirements

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// tailspins is the customer of the seed, as a referral names it.
func tailspins(referral doc) doc {
	return over(doc{"customerProfile": doc{"name": "Tailspin Toys GmbH", "address": doc{"addressLine1": "Musterweg 1", "city": "Hamburg", "postalCode": "20095", "country": "DE"}},
		"details": doc{"dealValue": 80000, "currency": "EUR", "closingDateTime": "2026-06-15T00:00:00Z", "notes": "From the portal",
			"requirements": doc{"solutions": []any{doc{"id": "SOL-12345-ABC", "name": "Northwind Forecast", "type": "Name"}}}}}, []doc{referral})
}

func TestR106_AReferralThatResemblesADealIsProposed(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Known to CRM already")
		before, mark, pc := r.opportunity(id), r.dv.calls(), r.pc.calls()
		a := r.portalDeal(tailspins(doc{"name": "The same from the portal"}))
		r.quiet()
		if n := len(r.opportunities()); n != 1 || r.referral(a.ID).text("externalReferenceId") != "" {
			t.Fatalf("%d opportunities, CRM id %q", n, r.referral(a.ID).text("externalReferenceId"))
		}
		o, state := r.opportunity(id), strconv.Itoa(r.choice("cosell_state", "link.unconfirmed"))
		if o.text("cosell_proposed") != a.ID || o.text("cosell_state") != state {
			t.Errorf("proposed %q, state %s", o.text("cosell_proposed"), o.text("cosell_state"))
		}
		for _, column := range r.touched(id, before) {
			t.Errorf("%s was touched", column)
		}
		r.audited(id, "may be this deal", a.ID)
		r.dv.wrote(mark, 1)
		r.pc.wrote(pc, 0)
		if n, m := r.reads(mark, "/accounts?"), r.reads(mark, "/cosell_solutions?"); n != 1 || m != 0 {
			t.Errorf("%d searches for the account, %d for solutions", n, m)
		}
		status, answer := r.operator(http.MethodGet, "operator/held", nil)
		if status != http.StatusOK || !holdsAll(answer, []string{a.ID, `"link.unconfirmed"`, `"class":"rule"`}) {
			t.Errorf("held is %d %s", status, answer)
		}
	})
}

func TestR106_ThePersonDecides(t *testing.T) {
	for name, c := range map[string]struct {
		decide func(r *rig, id, referral string)
		one    bool
	}{
		"link":    {func(r *rig, id, _ string) { r.acts(id, "link") }, true},
		"notsame": {func(r *rig, id, _ string) { r.acts(id, "notsame") }, false},
		"terminal link": {func(r *rig, id, referral string) {
			r.operates("link", doc{"id": id, "referral": referral, "reason": "one deal"})
		}, true},
		"terminal unlink": {func(r *rig, id, _ string) { r.operates("unlink", doc{"id": id, "reason": "two deals"}) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				id := r.deal("Known to CRM already")
				a := r.portalDeal(tailspins(doc{"name": "Perhaps the same"}))
				r.quiet()
				c.decide(r, id, a.ID)
				all := r.opportunities()
				linked := r.referral(a.ID).text("externalReferenceId")
				if (linked == id) != c.one || (len(all) == 1) != c.one || r.opportunity(linked).text("cosell_referralid") != a.ID {
					t.Fatalf("linked with %s of %d, asked was %s", linked, len(all), id)
				}
				if r.opportunity(id).text("cosell_proposed") != "" {
					t.Error("it is still proposed")
				}
				r.audited(id, map[bool]string{true: "linked with referral ", false: "is another deal"}[c.one], a.ID)
				r.portalEdits(a.ID, doc{"/details/dealValue": 81000})
				r.quiet()
				if r.opportunity(linked).text("estimatedvalue") != "81000" {
					t.Error("the two are not in step")
				}
			})
		})
	}
}

func TestR106_WhatResembles(t *testing.T) {
	for name, c := range map[string]struct {
		deal, referral doc
		solution       string
		proposed       bool
	}{
		"value and date":     {nil, nil, "", true},
		"another value":      {doc{"estimatedvalue": 60000}, nil, "", false},
		"another date":       {doc{"estimatedclosedate": "2026-12-31"}, nil, "", false},
		"a tenth away":       {doc{"estimatedvalue": 72000}, nil, "", true},
		"more than a tenth":  {doc{"estimatedvalue": 71900}, nil, "", false},
		"30 days away":       {doc{"estimatedclosedate": "2026-07-15"}, nil, "", true},
		"31 days away":       {doc{"estimatedclosedate": "2026-07-16"}, nil, "", false},
		"same solution":      {doc{"estimatedvalue": 1000, "estimatedclosedate": "2026-12-31"}, nil, "SOL-12345-ABC", true},
		"another solution":   {doc{"estimatedvalue": 1000}, nil, "SOL-99999-ZZZ", false},
		"another currency":   {doc{"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + dataversesim.DollarID + ")"}, nil, "", false},
		"another customer":   {nil, doc{"customerProfile": doc{"name": "Wingtip SA", "address": doc{"addressLine1": "1", "city": "Paris", "postalCode": "75001", "country": "FR"}}}, "", false},
		"customer set alone": {doc{"parentaccountid@odata.bind": nil, "customerid_account@odata.bind": "/accounts(" + dataversesim.AccountID + ")"}, nil, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				deal := c.deal
				if deal == nil {
					deal = doc{}
				}
				id := r.deal("Known to CRM already", deal)
				if c.solution != "" {
					r.solution(id, c.solution, "Northwind")
				}
				a := r.portalDeal(tailspins(over(doc{"name": "Perhaps the same"}, []doc{c.referral})))
				r.quiet()
				if got := r.opportunity(id).text("cosell_proposed") == a.ID; got != c.proposed || (len(r.opportunities()) == 1) != c.proposed {
					t.Errorf("proposed %v, %d opportunities", got, len(r.opportunities()))
				}
			})
		})
	}
}

// A deal that is shared already, or over, or another referral's, is not the one.
func TestR106_OnlyAnOpenUnlinkedDealIsProposed(t *testing.T) {
	for name, was := range map[string]func(r *rig, id string){
		"Sync is on": func(r *rig, id string) { r.edits("opportunity", id, doc{"cosell_sync": true}) },
		"closed":     func(r *rig, id string) { r.person(doc{"do": "lose", "id": id}) },
		"linked":     func(r *rig, id string) { r.synced(id) },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				id := r.deal("Known to CRM already")
				was(r, id)
				r.quiet()
				a := r.portalDeal(tailspins(doc{"name": "Another one"}))
				r.quiet()
				if made := r.naming(a.ID); len(made) != 1 || made[0] == id || r.opportunity(id).text("cosell_proposed") != "" {
					t.Errorf("made are %v, to %s is proposed %q", made, id, r.opportunity(id).text("cosell_proposed"))
				}
			})
		})
	}
}

func TestR106_AnOpenInvitationAlwaysArrives(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Known to CRM already")
		p := r.arrived(r.microsoft(doc{"do": "invite", "referral": tailspins(doc{"name": "From Microsoft"})}))
		if p.opportunity == id || len(r.opportunities()) != 2 || r.opportunity(id).text("cosell_proposed") != "" {
			t.Errorf("%+v", p)
		}
	})
}

// reads counts the reads of a table of the CRM since a mark.
func (r *rig) reads(mark int, table string) (n int) {
	for _, e := range r.dv.since(mark) {
		if e.Method == http.MethodGet && strings.Contains(e.URL, table) {
			n++
		}
	}
	return n
}
