package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// variable gives an environment variable of Microsoft's connector its current value, as an administrator does.
func (r *rig) variable(name, value string) {
	r.t.Helper()
	for id, d := range r.dv.table("environmentvariabledefinition") {
		if d.text("schemaname") != name {
			continue
		}
		for had, v := range r.dv.table("environmentvariablevalue") {
			if v.text("environmentvariabledefinitionid")+v.text("_environmentvariabledefinitionid_value") == id {
				r.edits("environmentvariablevalue", had, doc{"value": value})
				return
			}
		}
		r.creates("environmentvariablevalue", doc{"value": value, "EnvironmentVariableDefinitionId@odata.bind": "/environmentvariabledefinitions(" + id + ")"})
		return
	}
	r.t.Fatalf("there is no variable %s", name)
}

func msftOrganisation(r *rig) {
	r.t.Helper()
	r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Msft})
}

func TestR123_ACheckMarkVariableIsObeyedInTheOrganisationsLanguage(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		first := r.private("With a tick")
		if got := r.opportunity(first.opportunity).text("name"); got != tick+"With a tick" {
			t.Errorf("the default counts, and the name is %q", got)
		}
		r.variable("msft_displaycheckmarkinname", "Non")
		time.Sleep(5 * time.Minute)
		second := r.private("Without one")
		if got := r.opportunity(second.opportunity).text("name"); got != "Without one" {
			t.Errorf("five minutes later the name is %q", got)
		}
	})
}

func TestR123_ASettingOfOursBeatsTheVariable(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.variable("msft_displaycheckmarkinname", "no")
		p := r.private("With a tick")
		if got := r.opportunity(p.opportunity).text("name"); got != tick+"With a tick" {
			t.Errorf("the name is %q", got)
		}
	}, "SYNC_CHECK_MARK=true")
}

func TestR101_TheVariablesOfColumnsAreObeyedAndTheSheetBeatsThem(t *testing.T) {
	values := func(r *rig) pair {
		msftOrganisation(r)
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_amount", "type": "Money", "label": "Amount"})
		r.administrator(doc{"do": "add", "table": "account", "column": "new_iso", "type": "String", "length": 10, "label": "ISO"})
		r.variable("msft_dealvaluefield", "new_amount")
		r.variable("msft_customeraccountcountrycode", "new_iso")
		r.edits("account", dataversesim.AccountID, doc{"new_iso": "AT"})
		return r.private("By variable", doc{"new_amount": 1234, "estimatedvalue": 85000})
	}
	play(t, func(r *rig) {
		p := values(r)
		own := r.referral(p.own)
		if own.text("details/dealValue") != "1234" || own.text("customerProfile/address/country") != "AT" {
			t.Errorf("value %s, country %s", own.text("details/dealValue"), own.text("customerProfile/address/country"))
		}
		r.portalEdits(p.own, doc{"/details/dealValue": 4321})
		r.quiet()
		if crm := r.opportunity(p.opportunity); crm.text("new_amount") != "4321" || crm.text("estimatedvalue") != "85000" {
			t.Errorf("the CRM has %s and %s", crm.text("new_amount"), crm.text("estimatedvalue"))
		}
	})
	t.Run("the sheet", func(t *testing.T) {
		play(t, func(r *rig) {
			p := values(r)
			if own := r.referral(p.own); own.text("details/dealValue") != "85000" || own.text("customerProfile/address/country") != "AT" {
				t.Errorf("value %s, country %s", own.text("details/dealValue"), own.text("customerProfile/address/country"))
			}
		}, "sheet:- {field: dealValue, wins: newest}")
	})
}

func TestR84_HealthNamesAVariableThatMeansNothing(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.dv.call(http.MethodPost, "/switches", doc{"variableTypes": "free"})
		r.variable("msft_dealvaluefield", "Est. Revenue")
		r.variable("msft_displaycheckmarkinname", "perhaps")
		p := r.private("As shipped")
		if own := r.referral(p.own); own.text("details/dealValue") != "85000" {
			t.Errorf("value %s", own.text("details/dealValue"))
		}
		_, said := r.operator(http.MethodGet, "health", nil)
		for _, want := range []string{"msft_dealvaluefield", "label of column estimatedvalue", "msft_displaycheckmarkinname", "neither Yes nor No"} {
			if !strings.Contains(said, want) {
				t.Errorf("health does not say %q:\n%s", want, said)
			}
		}
	})
}

// A variable of the wrong type is refused with what it is and what it should be, and the default stays.
func TestR84_AVariableOfTheWrongTypeIsNamedWithBothTypes(t *testing.T) {
	for name, types := range map[string][2]string{"msft_dealvaluefield": {"Number", "Text"}, "msft_displaycheckmarkinname": {"Text", "Yes/No"}} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				msftOrganisation(r)
				r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_amount", "type": "Money", "label": "Amount"})
				for id, d := range r.dv.table("environmentvariabledefinition") {
					if d.text("schemaname") == name {
						r.edits("environmentvariabledefinition", id, doc{"type": map[string]int{"Text": 100000000, "Number": 100000001}[types[0]]})
					}
				}
				r.variable(name, map[string]string{"msft_dealvaluefield": "new_amount", "msft_displaycheckmarkinname": "no"}[name])
				p := r.private("As shipped", doc{"new_amount": 1})
				if v := r.referral(p.own).text("details/dealValue"); v != "85000" || r.opportunity(p.opportunity).text("name") != tick+"As shipped" {
					t.Errorf("value %s, name %q", v, r.opportunity(p.opportunity).text("name"))
				}
				if h := r.health(); !holdsAll(h, []string{name, "is of type " + types[0], "must be of type " + types[1]}) {
					t.Errorf("health says %s", h)
				}
			})
		})
	}
}

// A current value that is taken away leaves the default.
func TestR123_WithoutACurrentValueTheDefaultCounts(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_amount", "type": "Money", "label": "Amount"})
		for id, d := range r.dv.table("environmentvariabledefinition") {
			if d.text("schemaname") == "msft_dealvaluefield" {
				r.edits("environmentvariabledefinition", id, doc{"defaultvalue": "new_amount"})
			}
		}
		p := r.private("By default", doc{"new_amount": 1234})
		if v := r.referral(p.own).text("details/dealValue"); v != "1234" {
			t.Errorf("the default does not count: %s", v)
		}
		r.variable("msft_dealvaluefield", "estimatedvalue")
		time.Sleep(5 * time.Minute)
		p = r.private("By the current value", doc{"new_amount": 4321})
		if v := r.referral(p.own).text("details/dealValue"); v != "85000" {
			t.Errorf("the current value does not count: %s", v)
		}
	})
}

func TestR101_ACurrencysCodeMayStandInTheColumnOfTheVariable(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_code", "type": "String", "length": 3, "label": "Code"})
		r.variable("msft_dealcurrencycodefield", "new_code")
		p := r.private("In francs", doc{"new_code": "CHF"})
		if c := r.referral(p.own).text("details/currency"); c != "CHF" {
			t.Errorf("Partner Center has %q", c)
		}
	})
}

// The two of the Salesforce edition are named as what they are, and change nothing.
func TestR101_TheVariablesOfSalesforceMeanNothingHere(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		for _, name := range []string{"msft_activestagename", "msft_onholdstagename"} {
			r.creates("environmentvariabledefinition", doc{"schemaname": name, "displayname": name, "type": 100000000, "defaultvalue": "Prospecting"})
		}
		if p := r.private("As ever"); r.referral(p.own).text("status") != "Active" {
			t.Errorf("the referral is %s", r.referral(p.own).text("status"))
		}
		r.flowsOff()
		r.reconcile()
		if h := r.health(); !holdsAll(h, []string{"msft_activestagename", "msft_onholdstagename", "Salesforce", `"ok":true`}) {
			t.Errorf("health says %s", h)
		}
	})
}

// The schedule of Microsoft's variable is that of what is held: what no event told of is found by the timer all the same.
func TestR101_TheAutoHealVariableLeavesTheTimerAlone(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.variable("msft_autohealrunscheduler", "180")
		p := r.private("Unheard")
		r.advance(10 * time.Minute)
		r.dv.delivery(doc{"lose": true})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 4242})
		r.advance(20 * time.Minute)
		if v := r.referral(p.own).text("details/dealValue"); v != "4242" {
			t.Errorf("Partner Center has %s", v)
		}
	})
}

func TestR103_TheAutoHealVariableGovernsWhenHeldWorkIsTried(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.variable("msft_autohealrunscheduler", "180")
		p := r.private("Held")
		r.pc.call(http.MethodPost, "/rules", doc{"match": doc{"method": "PATCH", "path": "/details/dealValue"}, "status": 400, "code": "invalid", "message": "not this value", "field": true})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 4242})
		r.quiet()
		r.advance(10 * time.Minute) // the first pass begins the schedule
		mark := r.pc.calls()
		r.advance(2 * time.Hour)
		if n := len(r.pc.writes(mark)); n != 0 {
			t.Errorf("%d tries in two hours", n)
		}
		r.advance(80 * time.Minute)
		if n := len(r.pc.writes(mark)); n == 0 {
			t.Error("nothing is tried after three hours")
		}
	})
}
