package requirements

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const dollar = "/transactioncurrencies(" + dataversesim.DollarID + ")"

func TestR48_TheDealValueMayStandInAnotherColumn(t *testing.T) {
	for by, sheet := range map[string]string{"the sheet": "sheet:- {field: dealValue, crm: new_dealvalue}\n", "the variable": ""} {
		t.Run(by, func(t *testing.T) {
			play(t, func(r *rig) {
				if sheet == "" {
					msftOrganisation(r)
				}
				r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_dealvalue", "schemaName": "new_DealValue", "type": "Money"})
				if sheet == "" {
					r.variable("msft_dealvaluefield", "new_dealvalue")
				}
				p := r.private("Other column", doc{"new_dealvalue": 77000})
				if v := r.referral(p.own).text("details/dealValue"); v != "77000" {
					t.Errorf("Partner Center has %s", v)
				}
				before := r.opportunity(p.opportunity)
				r.portalEdits(p.own, doc{"/details/dealValue": 78000})
				r.quiet()
				if got := r.touched(p.opportunity, before); !slices.Equal(got, []string{"new_dealvalue"}) || r.opportunity(p.opportunity).text("new_dealvalue") != "78000" {
					t.Errorf("touched were %v", got)
				}
				made := r.arrived(r.portalDeal(doc{"name": "Written there", "details": doc{"dealValue": 4711}}))
				if o := r.opportunity(made.opportunity); o.text("new_dealvalue") != "4711" || o.text("estimatedvalue") != "" {
					t.Errorf("the new opportunity has %q and %q", o.text("new_dealvalue"), o.text("estimatedvalue"))
				}
			}, sheet)
		})
	}
}

func TestR48_AValueThatIsCalculatedToNothingIsNotSentAsZero(t *testing.T) {
	for what, value := range map[string]any{"0": 0, "empty": nil} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_half", "schemaName": "new_Half", "type": "Money", "formula": "estimatedvalue * 0.5"})
				p := r.private("Half", doc{"estimatedvalue": 80000})
				if v := r.referral(p.own).text("details/dealValue"); v != "40000" {
					t.Fatalf("Partner Center has %s", v)
				}
				mark, had := r.pc.calls(), len(r.audit(p.opportunity))
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": value})
				r.quiet()
				r.reconcile()
				r.quiet()
				r.pc.wrote(mark, 0)
				if v := r.referral(p.own).text("details/dealValue"); v != "40000" {
					t.Errorf("Partner Center has %q", v)
				}
				if told := r.newest(p.opportunity, had); len(told) != 1 || !holdsAll(told[0], []string{"to Partner Center", "value.blank"}) {
					t.Errorf("Audit says %v", told)
				}
			}, "sheet:- {field: dealValue, crm: new_half}\n")
		})
	}
}

// Before there is a referral the same is a fault that is told, and nothing is made.
func TestR48_NoReferralIsMadeWithACalculatedValueOfNothing(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_half", "schemaName": "new_Half", "type": "Money", "formula": "estimatedvalue * 0.5"})
		id := r.deal("Half of nothing", doc{"estimatedvalue": 0})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.refused(id, "value.required")
	}, "sheet:- {field: dealValue, crm: new_half}\n")
}

func TestR51_TheCurrencysCodeIsSent(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("In dollars", doc{"transactioncurrencyid@odata.bind": dollar})
		if c := r.referral(p.own).text("details/currency"); c != "USD" {
			t.Errorf("Partner Center has %q", c)
		}
		r.edits("opportunity", p.opportunity, doc{"transactioncurrencyid@odata.bind": euro})
		r.quiet()
		if c := r.referral(p.own).text("details/currency"); c != "EUR" {
			t.Errorf("Partner Center has %q", c)
		}
	})
}

func TestR52_ADayIsSentAsItsMidnight(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("A day", doc{"estimatedclosedate": "2026-03-31"})
		if d := r.referral(p.own).text("details/closingDateTime"); d != "2026-03-31T00:00:00Z" {
			t.Errorf("Partner Center has %q", d)
		}
	})
}

func TestR53_MoreThanFiftySolutionsAreRefusedBeforeTheCall(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Too much")
		for n := range 51 {
			r.solution(id, fmt.Sprintf("SOL-%05d-ABC", n), fmt.Sprint("Solution ", n))
		}
		r.refused(id, "solution.toomany", "51", "50")
	})
}

func TestR55_EachShippedFieldReachesPartnerCenterAlone(t *testing.T) {
	for field, c := range map[string]struct {
		columns doc
		changes map[string]string
	}{
		"value":        {doc{"estimatedvalue": 91000.5}, map[string]string{"details/dealValue": "91000.5"}},
		"currency":     {doc{"transactioncurrencyid@odata.bind": dollar}, map[string]string{"details/currency": "USD"}},
		"closing date": {doc{"estimatedclosedate": "2026-12-24"}, map[string]string{"details/closingDateTime": "2026-12-24T00:00:00Z"}},
		"description":  {doc{"description": "Other words"}, map[string]string{"details/notes": "Other words"}},
		"name":         {doc{"name": "Other name"}, map[string]string{"name": "Other name"}},
		"visibility": {doc{"cosell_visible": true}, map[string]string{"consent/consentToShareReferralWithMicrosoftSellers": "true",
			"type": "Shared", "customerProfile/team/0/email": "ada@tailspin.example"}}, // a private deal names no contact (R112)
		"owner": {doc{"ownerid@odata.bind": "/systemusers(" + dataversesim.CloserID + ")"}, map[string]string{"team/0/email": "sam@northwind.example"}},
	} {
		t.Run(field, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("One field")
				was, mark := r.referral(p.own), r.pc.calls()
				r.edits("opportunity", p.opportunity, c.columns)
				r.quiet()
				for path, want := range c.changes {
					if got := r.referral(p.own).text(path); got != want {
						t.Errorf("%s is %q", path, got)
					}
				}
				r.pc.wrote(mark, 1)
				if other := r.otherPaths(was, r.referral(p.own), c.changes); len(other) > 0 {
					t.Errorf("these changed as well: %v", other)
				}
			})
		})
	}
}

// otherPaths lists what differs between two states of a referral beside the paths that were meant.
func (r *rig) otherPaths(a, b doc, meant map[string]string) (out []string) {
	for path := range leaves("", map[string]any(a), map[string]any(b)) {
		if !same(a.at(path), b.at(path)) && !slices.Contains(bookkeeping, path) && !within(path, meant) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// within says whether one of the paths is this one, or a member of it.
func within(path string, meant map[string]string) bool {
	for m := range meant {
		if m == path || strings.HasPrefix(m, path+"/") {
			return true
		}
	}
	return false
}

// leaves are the paths of all values in some documents; lists count as one.
func leaves(path string, docs ...any) map[string]bool {
	out := map[string]bool{}
	for _, d := range docs {
		m, ok := d.(map[string]any)
		if !ok {
			out[path] = true
			continue
		}
		for name, v := range m {
			for leaf := range leaves(strings.TrimPrefix(path+"/"+name, "/"), v) {
				out[leaf] = true
			}
		}
	}
	return out
}

func TestR55_TheStatusReachesPartnerCenterAlone(t *testing.T) {
	for do, substatus := range map[string]string{"win": "Won", "lose": "Lost"} {
		t.Run(do, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("The end", doc{"estimatedvalue": 9000}) // too small for R75
				was, mark := r.referral(p.own), r.pc.calls()
				r.person(doc{"do": do, "id": p.opportunity})
				r.quiet()
				d := r.referral(p.own)
				if d.text("status") != "Closed" || d.text("substatus") != substatus {
					t.Errorf("the referral is %s/%s", d.text("status"), d.text("substatus"))
				}
				meant := map[string]string{"status": "", "substatus": "", "statusReason": "", "closedDateTime": ""}
				if do == "win" {
					meant["details/closingDateTime"] = "" // the day on which it was won (R125)
				}
				r.pc.wrote(mark, 1)
				if other := r.otherPaths(was, d, meant); len(other) > 0 {
					t.Errorf("these changed as well: %v", other)
				}
			})
		})
	}
}

// A contact is written as long as Microsoft's sellers see none (R61, R112).
func TestR55_AnotherContactReachesPartnerCenter(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Another contact", doc{"cosell_visible": false})
		other := r.contactOf(dataversesim.AccountID, "Bo", "Tailspin")
		r.edits("opportunity", p.opportunity, doc{"parentcontactid@odata.bind": "/contacts(" + other + ")"})
		r.quiet()
		was := r.referral(p.own)
		r.edits("opportunity", p.opportunity, doc{"cosell_visible": true})
		r.quiet()
		d := r.referral(p.own)
		for member, want := range map[string]string{"firstName": "Bo", "lastName": "Tailspin", "email": "bo@tailspin.example", "phoneNumber": "+49 40 5550100"} {
			if got := d.text("customerProfile/team/0/" + member); got != want {
				t.Errorf("the contact's %s is %q", member, got)
			}
		}
		if other := r.otherPaths(was, d, map[string]string{"customerProfile/team": "", "consent/consentToShareReferralWithMicrosoftSellers": "", "type": ""}); d.at("customerProfile/team/1") != nil || len(other) > 0 {
			t.Errorf("the contacts are %s, these changed as well: %v", d.text("customerProfile/team"), other)
		}
	})
}

func TestR56_ASaveWithoutAChangeWritesNothing(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Saved again")
		o, mark, crm := r.opportunity(p.opportunity), r.pc.calls(), r.dv.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": o.at("estimatedvalue"), "name": o.at("name"), "description": o.at("description"), "stepname": "Closing"})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.dv.wrote(crm, 0)
	})
}

func TestR57_OneMemberForAnotherIsSentAndTheOthersStay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Members")
		second := r.solution(p.opportunity, "SOL-15974-MQF", "Northwind Insight")
		r.quiet()
		first := r.referral(p.own).text("details/requirements/solutions/0")
		mark := r.pc.calls()
		r.edits("cosell_solution", second, doc{"cosell_identifier": "SOL-22222-DEF", "cosell_name": "Northwind Returns"})
		r.quiet()
		w := r.pc.wrote(mark, 1)
		d := r.referral(p.own)
		if d.text("details/requirements/solutions/0") != first || d.text("details/requirements/solutions/1/id") != "SOL-22222-DEF" || d.at("details/requirements/solutions/2") != nil {
			t.Errorf("the list is %s after %s", d.text("details/requirements/solutions"), listed(w))
		}
	})
}

func TestR57_AnotherContactOfTheSameCountGoesAlong(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Another contact")
		r.edits("opportunity", p.opportunity, doc{"parentcontactid@odata.bind": "/contacts(" + r.contactOf(dataversesim.AccountID, "Bo", "Tailspin") + ")"})
		r.quiet()
		r.edits("opportunity", p.opportunity, doc{"cosell_visible": true}) // a private deal names nobody (R112)
		r.quiet()
		if d := r.referral(p.own); d.text("customerProfile/team/0/email") != "bo@tailspin.example" || d.at("customerProfile/team/1") != nil {
			t.Errorf("the contacts are %s", d.text("customerProfile/team"))
		}
	})
}

func TestR57_TheOwnersSuccessorTakesTheirPlaceInTheTeam(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Handed over")
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"ownerid@odata.bind": "/systemusers(" + dataversesim.CloserID + ")"})
		r.quiet()
		r.pc.wrote(mark, 1)
		if d := r.referral(p.own); d.text("team/0/email") != "sam@northwind.example" {
			t.Errorf("the team is %s", d.text("team"))
		}
	})
}

func TestR58_MarksNeverReachPartnerCenter(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Marked")
		if name := r.opportunity(p.opportunity).text("name"); name != tick+"Marked" {
			t.Fatalf("the name is %q", name)
		}
		for _, typed := range []string{tick + "Deal", cross + "Other deal", tick + cross + "Third deal"} {
			r.edits("opportunity", p.opportunity, doc{"name": typed})
			r.quiet()
			want := strings.TrimSpace(strings.NewReplacer(tick, "", cross, "").Replace(typed))
			if got := r.referral(p.own).text("name"); got != want {
				t.Errorf("%q became %q", typed, got)
			}
		}
	})
}
