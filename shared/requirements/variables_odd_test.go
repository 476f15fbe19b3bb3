package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// definition is the id of an environment variable.
func (r *rig) definition(name string) string {
	r.t.Helper()
	for id, d := range r.dv.table("environmentvariabledefinition") {
		if d.text("schemaname") == name {
			return id
		}
	}
	r.t.Fatalf("there is no variable %s", name)
	return ""
}

// ownAmount adds a column for the deal value and has the variable name it.
func (r *rig) ownAmount() {
	r.t.Helper()
	msftOrganisation(r)
	r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_amount", "type": "Money", "label": "Amount"})
	r.variable("msft_dealvaluefield", "new_amount")
}

// valued is a private deal with 1,234 in the column of the variable and 85,000 in the shipped one, and what was sent.
func (r *rig) valued(name string) string {
	r.t.Helper()
	p := r.private(name, doc{"new_amount": 1234, "estimatedvalue": 85000})
	return r.referral(p.own).text("details/dealValue")
}

// Who may not read the variables goes on with what was read last, and health says so: a right that is taken away must
// not move a field into another column.
func TestR123_VariablesThatMayNotBeReadAreToldAndStayAsTheyWere(t *testing.T) {
	for _, table := range []string{"environmentvariabledefinition", "environmentvariablevalue"} {
		t.Run(table, func(t *testing.T) {
			play(t, func(r *rig) {
				r.ownAmount()
				if got := r.valued("Before"); got != "1234" {
					t.Fatalf("the variable is not obeyed: %s", got)
				}
				r.dv.call(http.MethodPost, "/privileges", doc{"table": table, "operation": "read", "allowed": false})
				for range 3 {
					r.advance(10 * time.Minute)
				}
				if got := r.valued("Meanwhile"); got != "1234" {
					t.Errorf("without the right to read it the value is %s", got)
				}
				said := r.health()
				if n := strings.Count(said, `"variables.unreadable"`); n != 1 || !strings.Contains(said, "Environment Variable Definition") || strings.Contains(said, `"status":"ok"`) {
					t.Errorf("health tells it %d times: %s", n, said)
				}
				r.dv.call(http.MethodPost, "/privileges", doc{"table": table, "operation": "read", "allowed": true})
				r.advance(10 * time.Minute)
				if said := r.health(); strings.Contains(said, "variables.unreadable") {
					t.Errorf("it is told for ever: %s", said)
				}
			})
		})
	}
}

// startsBlind has the product start where the deal value stands in a column of a variable that may not be read.
func (r *rig) startsBlind() {
	r.t.Helper()
	r.ownAmount()
	r.dv.call(http.MethodPost, "/privileges", doc{"table": "environmentvariabledefinition", "operation": "read", "allowed": false})
	r.product.end()
	r.start()
}

// A process that never could read them works as shipped, and says so.
func TestR123_VariablesThatNeverCouldBeReadAreTold(t *testing.T) {
	play(t, func(r *rig) {
		r.startsBlind()
		if got := r.valued("As shipped"); got != "85000" {
			t.Errorf("the value is %s", got)
		}
		if said := r.health(); !strings.Contains(said, "variables.unreadable") {
			t.Errorf("health says %s", said)
		}
	})
}

// A setting counts without the right to read anything.
func TestR123_ASettingCountsWhereVariablesMayNotBeRead(t *testing.T) {
	play(t, func(r *rig) {
		r.startsBlind()
		if got := r.valued("By setting"); got != "1234" {
			t.Errorf("the value is %s", got)
		}
	}, "msft_dealvaluefield=new_amount")
}

// A variable that is deleted, with its value or alone, means nothing any more within five minutes.
func TestR123_ADeletedVariableMeansNothing(t *testing.T) {
	for _, table := range []string{"environmentvariablevalue", "environmentvariabledefinition"} {
		t.Run(table, func(t *testing.T) {
			play(t, func(r *rig) {
				r.ownAmount()
				if got := r.valued("Before"); got != "1234" {
					t.Fatalf("the variable is not obeyed: %s", got)
				}
				for id := range r.dv.table("environmentvariablevalue") {
					r.person(doc{"do": "delete", "table": "environmentvariablevalue", "id": id})
				}
				if table == "environmentvariabledefinition" {
					r.person(doc{"do": "delete", "table": table, "id": r.definition("msft_dealvaluefield")})
				}
				time.Sleep(5 * time.Minute)
				if got := r.valued("After"); got != "85000" { // by the default value, or as shipped
					t.Errorf("the value is %s", got)
				}
			})
		})
	}
}

// Imports have left two values of one variable: none is guessed, both are named; where they say the same, it counts.
func TestR123_TwoValuesOfOneVariableAreNoGuess(t *testing.T) {
	play(t, func(r *rig) {
		r.ownAmount()
		r.dv.call(http.MethodPost, "/switches", doc{"variableValues": "several"})
		second := doc{"value": "new_amount", "EnvironmentVariableDefinitionId@odata.bind": "/environmentvariabledefinitions(" + r.definition("msft_dealvaluefield") + ")"}
		id := r.creates("environmentvariablevalue", second)
		time.Sleep(5 * time.Minute)
		if got := r.valued("The same twice"); got != "1234" {
			t.Errorf("two equal values mean %s", got)
		}
		r.edits("environmentvariablevalue", id, doc{"value": "budgetamount"})
		time.Sleep(5 * time.Minute)
		if got := r.valued("Contradicting"); got != "85000" {
			t.Errorf("two values mean %s", got)
		}
		if said := r.health(); !holdsAll(said, []string{"msft_dealvaluefield has several current values", "new_amount", "budgetamount"}) {
			t.Errorf("health says %s", said)
		}
	})
}

// An emptied current value is none: the default counts.
func TestR123_AnEmptyCurrentValueIsNone(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.variable("msft_displaycheckmarkinname", "No")
		r.variable("msft_displaycheckmarkinname", " ")
		if p := r.private("With a tick"); r.opportunity(p.opportunity).text("name") != tick+"With a tick" {
			t.Errorf("the name is %q", r.opportunity(p.opportunity).text("name"))
		}
	})
}

// The currency's code stands in a text column: it is read there, and what comes from Partner Center is written there
// and into the CRM's own currency, in which the amounts of the row are.
func TestR101_ACurrencyInATextColumnMovesTheAmountsToo(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_code", "type": "String", "length": 10, "label": "Code"})
		r.variable("msft_dealcurrencycodefield", "new_code")
		p := r.private("In dollars", doc{"new_code": "usd", "estimatedvalue": 85000})
		if got := r.referral(p.own).text("details/currency"); got != "USD" {
			t.Fatalf("the referral is in %q; Audit says %v", got, r.audit(p.opportunity))
		}
		r.portalEdits(p.own, doc{"/details/currency": "EUR", "/details/dealValue": 90000})
		r.quiet()
		r.portalEdits(p.own, doc{"/details/currency": "USD"})
		r.quiet()
		crm := r.opportunity(p.opportunity)
		if crm.text("new_code") != "USD" || crm.text("_transactioncurrencyid_value") != dataversesim.DollarID || crm.text("estimatedvalue") != "90000" {
			t.Errorf("the CRM has %q, %s, %s", crm.text("new_code"), crm.text("_transactioncurrencyid_value"), crm.text("estimatedvalue"))
		}
		a := r.portalDeal(doc{"name": "From the portal", "details": doc{"dealValue": 5000, "currency": "USD", "closingDateTime": "2026-09-30T00:00:00Z", "notes": "n"}})
		made := r.opportunity(r.arrived(a).opportunity)
		if made.text("new_code") != "USD" || made.text("_transactioncurrencyid_value") != dataversesim.DollarID {
			t.Errorf("a new one has %q, %s", made.text("new_code"), made.text("_transactioncurrencyid_value"))
		}
		r.portalEdits(p.own, doc{"/details/currency": "CHF"})
		r.portalEdits(p.own, doc{"/details/notes": "goes on"})
		r.quiet()
		if crm = r.opportunity(p.opportunity); crm.text("new_code") != "USD" || crm.text("description") != "goes on" {
			t.Errorf("the CRM has %q, %q", crm.text("new_code"), crm.text("description"))
		}
		r.audited(p.opportunity, "CHF")
		r.partner(doc{"do": "win", "id": p.own})
		r.quiet()
		if r.opportunity(p.opportunity).text("statecode") != "1" {
			t.Errorf("it is not won in CRM: %v", r.audit(p.opportunity))
		}
	})
}

// A lookup of the organisation's own to the currencies will do as well.
func TestR101_ACurrencyBehindALookupOfOnesOwn(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_moneyid", "schemaName": "new_MoneyId", "type": "Lookup", "target": "transactioncurrency", "label": "Money"})
		r.variable("msft_dealcurrencycodefield", "new_moneyid/isocurrencycode")
		p := r.private("In dollars", doc{"new_MoneyId@odata.bind": "/transactioncurrencies(" + dataversesim.DollarID + ")"})
		if got := r.referral(p.own).text("details/currency"); got != "USD" {
			t.Fatalf("the referral is in %q; Audit says %v", got, r.audit(p.opportunity))
		}
		r.portalEdits(p.own, doc{"/details/currency": "EUR"})
		r.quiet()
		if crm := r.opportunity(p.opportunity); crm.text("_new_moneyid_value") != dataversesim.EuroID || crm.text("_transactioncurrencyid_value") != dataversesim.EuroID {
			t.Errorf("the CRM has %s, %s", crm.text("_new_moneyid_value"), crm.text("_transactioncurrencyid_value"))
		}
	})
}
