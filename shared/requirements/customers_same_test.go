package requirements

import (
	"fmt"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// Of two spellings of one customer the one that is written the same is taken.
func TestR140_TheExactNameWins(t *testing.T) {
	for _, theirs := range []string{"Contoso Twins GmbH", "CONTOSO TWINS GMBH"} {
		t.Run(theirs, func(t *testing.T) {
			play(t, func(r *rig) {
				accounts := map[string]string{}
				for _, name := range []string{"Contoso Twins GmbH", "CONTOSO TWINS GMBH"} {
					accounts[name] = r.customer(name)
				}
				p := r.arrived(r.portalDeal(doc{"name": "Exact", "customerProfile": customerOf(theirs, "20095")}))
				if got := r.opportunity(p.opportunity).text("_parentaccountid_value"); got != accounts[theirs] {
					t.Errorf("the account is %q", r.row("account", got).text("name"))
				}
			})
		})
	}
}

// One name in two Unicode forms is one customer, and so is a postal code in full width; letters that are others in
// their script make another one.
func TestR140_FormsOfUnicodeAreOneAndLettersAreTwo(t *testing.T) {
	for name, c := range map[string]struct {
		theirs, postal string
		same           bool
	}{
		"composed":            {"Zürcher Äpfel AG", "20095", true},
		"decomposed":          {"Zu\u0308rcher A\u0308pfel AG", "20095", true},
		"full width":          {"Ｚürcher Äpfel ＡＧ", "２００９５", true},
		"without its marks":   {"Zurcher Apfel AG", "20095", false},
		"all at once":         {"ZU\u0308RCHER-ÄPFEL,  A.G.", "20 095", true},
		"another postal code": {"Zürcher Äpfel AG", "20096", false},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				account := r.customer("Zürcher Äpfel AG")
				p := r.arrived(r.portalDeal(doc{"name": "Spelt", "customerProfile": customerOf(c.theirs, c.postal)}))
				if got := r.opportunity(p.opportunity).text("_parentaccountid_value"); (got == account) != c.same {
					t.Errorf("the account is %q", r.row("account", got).text("name"))
				}
			})
		})
	}
}

// An account that was made for a customer, and became another one since, is not taken for the next deal of that
// customer.
func TestR140_AnAccountThatChangedSinceIsNotTakenByItsID(t *testing.T) {
	for what, change := range map[string]func(r *rig, account string){
		"renamed":     func(r *rig, account string) { r.edits("account", account, doc{"name": "Quite Another Ltd."}) },
		"deactivated": func(r *rig, account string) { r.edits("account", account, doc{"statecode": 1, "statuscode": 2}) },
		"merged": func(r *rig, account string) {
			r.person(doc{"do": "merge", "table": "account", "id": r.customer("The Winner AG"), "loser": account})
		},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				customer := customerOf("Nobody's & Sons Ltd.", "22767")
				first := r.arrived(r.portalDeal(doc{"name": "First", "customerProfile": customer}))
				account := r.opportunity(first.opportunity).text("_parentaccountid_value")
				change(r, account)
				r.quiet()
				a := r.portalDeal(doc{"name": "Second", "customerProfile": customer, "details": doc{"dealValue": 1, "currency": "USD", "closingDateTime": "2027-10-10T00:00:00Z"}})
				r.quiet()
				ids := r.naming(a.ID)
				if len(ids) != 1 {
					t.Fatalf("%d opportunities, held is %v", len(ids), r.held())
				}
				if got := r.opportunity(ids[0]).text("_parentaccountid_value"); got == account {
					t.Errorf("the account is %s", r.row("account", got).text("name"))
				}
			})
		})
	}
}

func TestR139_OnlyAssignedCountriesAreSent(t *testing.T) {
	for typed, want := range map[string]string{"DE": "DE", "de": "DE", "DEU": "DE", "Germany": "DE", "Deutschland": "DE", "United States": "US", "UK": "GB", "EL": "GR", "Atlantis": "", "XX": ""} {
		t.Run(typed, func(t *testing.T) {
			play(t, func(r *rig) {
				account := r.customer("Country Works", doc{"address1_country": typed})
				id := r.deal("Country", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": "/contacts(" + r.contactOf(account, "Bo", "Works") + ")"})
				r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				if want == "" {
					r.refused(id, "country.invalid")
					return
				}
				r.edits("opportunity", id, doc{"cosell_sync": true})
				r.quiet()
				if c := r.referral(r.pairOf(id).own).text("customerProfile/address/country"); c != want {
					t.Errorf("Partner Center has %q", c)
				}
			})
		})
	}
}

func TestR139_SwitchedOffANameIsRefusedWithTheHint(t *testing.T) {
	play(t, func(r *rig) {
		account := r.customer("Country Works", doc{"address1_country": "Germany"})
		id := r.deal("Country", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": nil})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.refused(id, "country.invalid", "two letters")
	}, "SYNC_CONVERT_COUNTRY=false")
}

func TestR140_TwoCandidatesAreNoGuess(t *testing.T) {
	play(t, func(r *rig) {
		for range 2 {
			r.customer("Contoso Twins GmbH")
		}
		a := r.portalDeal(doc{"name": "Whose?", "customerProfile": doc{"name": "CONTOSO twins, GmbH", "address": doc{"addressLine1": "Musterweg 1", "city": "Hamburg", "postalCode": "20 095", "country": "DE"}}})
		r.quiet()
		ids := r.naming(a.ID)
		if len(ids) != 1 {
			t.Fatalf("%d opportunities", len(ids))
		}
		o := r.opportunity(ids[0])
		if o.text("_parentaccountid_value") != "" || o.text("cosell_state") != fmt.Sprint(r.choice("cosell_state", "account.unclear")) {
			t.Errorf("account %s, state %s", o.text("_parentaccountid_value"), o.text("cosell_state"))
		}
		r.audited(ids[0], "Contoso Twins GmbH")
		if rows := r.held(); len(rows) != 1 || rows[0].text("class") != "rule" {
			t.Errorf("held is %v", rows)
		}
	})
}

func TestR140_SpellingsAreOneCustomerAndLegalFormsAreTwo(t *testing.T) {
	for theirs, same := range map[string]bool{"TAILSPIN TOYS GMBH": true, "Tailspin-Toys GmbH": true, "Tailspin Toys": true, "Tailspin Toys G.m.b.H.": true, "Tailspin Toys AG": false, "Tailspin Toy GmbH": false} {
		t.Run(theirs, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.arrived(r.portalDeal(doc{"name": "Customer", "customerProfile": doc{"name": theirs, "address": doc{"addressLine1": "Musterweg 1", "city": "Hamburg", "postalCode": "20095", "country": "DE"}}}))
				if got := r.opportunity(p.opportunity).text("_parentaccountid_value"); (got == dataversesim.AccountID) != same {
					t.Errorf("the account is %q", r.row("account", got).text("name"))
				}
			})
		})
	}
}
