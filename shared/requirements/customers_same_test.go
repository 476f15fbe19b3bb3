package requirements

import "testing"

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
