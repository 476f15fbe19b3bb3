package requirements

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// customerOf is a customer as a referral names it.
func customerOf(name, postalCode string, more ...doc) doc {
	return over(doc{"name": name, "address": doc{"addressLine1": "Musterweg 1", "city": "Hamburg", "postalCode": postalCode, "country": "DE"}}, more)
}

// accountsNamed are the accounts with a name.
func (r *rig) accountsNamed(name string) (ids []string) {
	r.t.Helper()
	for id, row := range r.dv.table("account") {
		if row.text("name") == name {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestR16_AKnownAccountIsTakenAndANewOneMadeOnce(t *testing.T) {
	play(t, func(r *rig) {
		known := r.arrived(r.portalDeal(doc{"name": "Known", "customerProfile": customerOf("Tailspin Toys GmbH", "20095")}))
		if got := r.opportunity(known.opportunity).text("_parentaccountid_value"); got != dataversesim.AccountID {
			t.Errorf("the account is %s", got)
		}
		var made []string
		for _, name := range []string{"First", "Second"} {
			p := r.arrived(r.portalDeal(doc{"name": name, "customerProfile": customerOf("Nobody's & Sons Ltd.", "22767")}))
			made = append(made, r.opportunity(p.opportunity).text("_parentaccountid_value"))
		}
		if got := r.accountsNamed("Nobody's & Sons Ltd."); len(got) != 1 || !slices.Equal(made, []string{got[0], got[0]}) {
			t.Errorf("the accounts are %v, the deals hang on %v", got, made)
		}
	})
}

// The same name in another place is another customer.
func TestR16_TheSameNameWithAnotherPostalCodeIsAnotherAccount(t *testing.T) {
	play(t, func(r *rig) {
		p := r.arrived(r.portalDeal(doc{"name": "Elsewhere", "customerProfile": customerOf("Tailspin Toys GmbH", "80331")}))
		if got := r.opportunity(p.opportunity).text("_parentaccountid_value"); got == dataversesim.AccountID || len(r.accountsNamed("Tailspin Toys GmbH")) != 2 {
			t.Errorf("the account is %s, of %v", got, r.accountsNamed("Tailspin Toys GmbH"))
		}
	})
}

func TestR17_TheSpellingOfACustomerMakesNoSecondAccount(t *testing.T) {
	for what, c := range map[string][2]string{"case": {"tailspin toys gmbh", "20095"}, "blanks": {" Tailspin  Toys  GmbH ", "20 095"}, "punctuation": {"Tailspin-Toys, G.m.b.H.", "20095"},
		"no legal form": {"Tailspin Toys", "20095"}} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				accounts := len(r.dv.table("account"))
				p := r.arrived(r.portalDeal(doc{"name": "Spelt", "customerProfile": customerOf(c[0], c[1])}))
				if got := r.opportunity(p.opportunity).text("_parentaccountid_value"); got != dataversesim.AccountID || len(r.dv.table("account")) != accounts {
					t.Errorf("the account is %s", got)
				}
			})
		})
	}
}

func TestR17_TheDUNSNumberFindsTheAccountWhateverItsName(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "account", "column": "new_duns", "schemaName": "new_Duns", "type": "String", "length": 20})
		account := r.customer("Fabrikam Holding AG", doc{"new_duns": "123456789"})
		p := r.arrived(r.portalDeal(doc{"name": "By number", "customerProfile": customerOf("Fabrikam Deutschland GmbH", "80331", doc{"ids": []any{doc{"profileType": "Duns", "id": "123456789"}}})}))
		if got := r.opportunity(p.opportunity).text("_parentaccountid_value"); got != account {
			t.Errorf("the account is %q", r.row("account", got).text("name"))
		}
	}, byDUNS)
}

// Two accounts fit: the deal is made without one, both are named to the seller, and who chooses is a person.
func TestR17_TwoCandidatesAreFlaggedAndNotGuessed(t *testing.T) {
	for by, c := range map[string]struct{ sheet, duns string }{"name": {"", ""}, "DUNS": {byDUNS, "123456789"}} {
		t.Run(by, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(doc{"do": "add", "table": "account", "column": "new_duns", "schemaName": "new_Duns", "type": "String", "length": 20})
				chosen := r.customer("Contoso Twins GmbH", doc{"new_duns": "123456789"})
				r.customer("Contoso Twins GmbH", doc{"new_duns": "123456789"})
				accounts := len(r.dv.table("account"))
				a := r.portalDeal(doc{"name": "Whose?", "customerProfile": customerOf("Contoso Twins GmbH", "20095", doc{"ids": []any{doc{"profileType": "Duns", "id": c.duns}}})})
				r.quiet()
				ids := r.naming(a.ID)
				if len(ids) != 1 || len(r.dv.table("account")) != accounts {
					t.Fatalf("%d opportunities, %d accounts instead of %d", len(ids), len(r.dv.table("account")), accounts)
				}
				o := r.opportunity(ids[0])
				if o.text("_parentaccountid_value") != "" || o.text("cosell_state") != fmt.Sprint(r.choice("cosell_state", "account.unclear")) {
					t.Errorf("account %q, state %s", o.text("_parentaccountid_value"), o.text("cosell_state"))
				}
				r.audited(ids[0], "account.unclear", "Contoso Twins GmbH", chosen)
				r.edits("opportunity", ids[0], doc{"parentaccountid@odata.bind": "/accounts(" + chosen + ")"})
				r.quiet()
				if o = r.opportunity(ids[0]); o.text("cosell_state") != fmt.Sprint(r.choice("cosell_state", "insync")) || o.text("_parentaccountid_value") != chosen {
					t.Errorf("chosen: account %q, state %s", o.text("_parentaccountid_value"), o.text("cosell_state"))
				}
			}, c.sheet)
		})
	}
}

const byDUNS = "sheet:- {field: customerName, match: [ids, name, domain]}\n- {field: customerDuns, referral: /customerProfile/ids/profileType=Duns/id, crm: parentaccountid/new_duns, way: onCreate}\n"

func TestR46_ACountrysNameIsSentAsItsCode(t *testing.T) {
	play(t, func(r *rig) {
		account := r.customer("Litware Inc.", doc{"address1_country": "United States"})
		p := r.private("Converted", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": nil})
		if c := r.referral(p.own).text("customerProfile/address/country"); c != "US" {
			t.Errorf("Partner Center has %q", c)
		}
		if c := r.row("account", account).text("address1_country"); c != "United States" {
			t.Errorf("the account was changed: %q", c)
		}
	})
}

func TestR46_WithoutConversionOrCountryNothingIsSent(t *testing.T) {
	for typed, convert := range map[string]string{"United States": "false", "Nowhere": "true"} {
		t.Run(typed, func(t *testing.T) {
			play(t, func(r *rig) {
				account := r.customer("Litware Inc.", doc{"address1_country": typed})
				id := r.deal("Not converted", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": nil})
				r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				r.refused(id, "country.invalid")
			}, "SYNC_CONVERT_COUNTRY="+convert)
		})
	}
}

func TestR47_TheCountryMayStandInAnotherColumn(t *testing.T) {
	for by, sheet := range map[string]string{"the sheet": "sheet:- {field: customerCountry, crm: parentaccountid/new_iso}\n", "the variable": ""} {
		t.Run(by, func(t *testing.T) { play(t, theCountryInAnotherColumn(sheet == ""), sheet) })
	}
}

func theCountryInAnotherColumn(byVariable bool) func(r *rig) {
	return func(r *rig) {
		t := r.t
		if byVariable {
			msftOrganisation(r)
		}
		r.administrator(doc{"do": "add", "table": "account", "column": "new_iso", "schemaName": "new_Iso", "type": "String", "length": 10})
		if byVariable {
			r.variable("msft_customeraccountcountrycode", "new_iso")
		}
		account := r.customer("Litware SA", doc{"new_iso": "FR", "address1_country": "left alone"})
		p := r.private("Read there", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": nil})
		if c := r.referral(p.own).text("customerProfile/address/country"); c != "FR" {
			t.Errorf("Partner Center has %q", c)
		}
		made := r.arrived(r.portalDeal(doc{"name": "Written there", "customerProfile": customerOf("Nobody's & Sons Ltd.", "22767")}))
		row := r.row("account", r.opportunity(made.opportunity).text("_parentaccountid_value"))
		if row.text("new_iso") != "DE" || row.text("address1_country") != "" || r.row("account", account).text("address1_country") != "left alone" {
			t.Errorf("the new account has %q and %q", row.text("new_iso"), row.text("address1_country"))
		}
	}
}

// countries makes a table of countries with their codes, and a lookup to it on the account.
func (r *rig) countries(codes ...string) (ids []string) {
	r.t.Helper()
	r.administrator(doc{"do": "add", "table": "new_country", "set": "new_countries", "primaryName": "new_name", "label": "Country"})
	r.administrator(doc{"do": "add", "table": "new_country", "column": "new_iso", "schemaName": "new_Iso", "type": "String", "length": 2})
	r.administrator(doc{"do": "add", "table": "account", "column": "new_countryid", "schemaName": "new_CountryId", "type": "Lookup", "target": "new_country"})
	for _, code := range codes {
		ids = append(ids, r.creates("new_country", doc{"new_name": "Country " + code, "new_iso": code}))
	}
	return ids
}

const countryByLookup = "sheet:- {field: customerCountry, crm: parentaccountid/new_countryid/new_iso}\n"

func TestR115_TheCountryMayBeALookup(t *testing.T) {
	play(t, func(r *rig) {
		ids := r.countries("DE", "FR")
		account := r.customer("Litware SA", doc{"new_CountryId@odata.bind": "/new_countries(" + ids[1] + ")", "address1_country": nil})
		p := r.private("Read by lookup", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": nil})
		if c := r.referral(p.own).text("customerProfile/address/country"); c != "FR" {
			t.Errorf("Partner Center has %q", c)
		}
		made := r.arrived(r.portalDeal(doc{"name": "Written by lookup", "customerProfile": customerOf("Nobody's & Sons Ltd.", "22767")}))
		if row := r.row("account", r.opportunity(made.opportunity).text("_parentaccountid_value")); row.text("_new_countryid_value") != ids[0] {
			t.Errorf("the new account's country is %q", row.text("_new_countryid_value"))
		}
	}, countryByLookup)
}

func TestR115_ACodeThatNoRowOrTwoRowsHaveIsToldAndNotWritten(t *testing.T) {
	for what, codes := range map[string][]string{"none": {"FR"}, "two": {"DE", "DE"}} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				r.countries(codes...)
				a := r.portalDeal(doc{"name": "Unclear", "customerProfile": customerOf("Nobody's & Sons Ltd.", "22767")})
				r.quiet()
				ids := r.naming(a.ID)
				if len(ids) != 1 {
					t.Fatalf("%d opportunities", len(ids))
				}
				row := r.row("account", r.opportunity(ids[0]).text("_parentaccountid_value"))
				if row != nil && row.text("_new_countryid_value") != "" {
					t.Errorf("the country is %s", row.text("_new_countryid_value"))
				}
				if lines := strings.Join(r.audit(ids[0]), "\n"); !strings.Contains(lines, "ountry") {
					t.Errorf("Audit says %s", lines)
				}
			}, countryByLookup)
		})
	}
}

func TestR120_AChoiceIsKnownByItsLabelInAnyLanguageOrByInteger(t *testing.T) {
	for written, value := range map[string]int{"Price": 100000003, "Prix": 100000003, "100000003": 100000003} {
		t.Run(written, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(doc{"do": "option", "table": "opportunity", "column": "statuscode", "value": value, "label": "Price", "labels": doc{"1036": "Prix"}, "state": 2})
				p := r.private("Labels", doc{"estimatedvalue": 9000})
				r.partner(doc{"do": "lose", "id": p.own, "reason": "Others"})
				r.quiet()
				if got := r.opportunity(p.opportunity).text("statuscode"); got != "100000003" {
					t.Errorf("the status reason is %s", got)
				}
			}, "sheet:- {field: status, reasons: {lost: ["+written+"]}}\n- {field: reason, reasons: {8: ["+written+"]}}\n")
		})
	}
}
