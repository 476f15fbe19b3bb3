package requirements

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestR124_EditsTravelWithTheAcceptanceAndALaterOnHoldSendsNothing(t *testing.T) {
	play(t, func(r *rig) {
		p := r.invited("As Microsoft calls it")
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"name": "As we call it", "estimatedvalue": 7700, "estimatedclosedate": "2026-10-10", "description": "Our words"})
		r.quiet()
		r.portalEdits(p.own, doc{"/campaignId": "SPRING"}) // which has both compared
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.quiet()
		d := r.referral(p.own)
		if d.text("status") != "Active" || d.text("name") != "As we call it" || d.text("details/dealValue") != "7700" || d.text("details/notes") != "Our words" ||
			!strings.HasPrefix(d.text("details/closingDateTime"), "2026-10-10") {
			t.Errorf("the referral is %s: %s, %s, %s, %q", d.text("status"), d.text("name"), d.text("details/dealValue"), d.text("details/closingDateTime"), d.text("details/notes"))
		}
		if w := r.pc.wrote(mark, 1); len(w) == 1 && !strings.Contains(w[0].Body, "/details/dealValue") {
			t.Errorf("written was %s", listed(w))
		}
		mark = r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"statuscode": onHold})
		r.quiet()
		r.pc.wrote(mark, 0)
	})
}

func TestR125_WonAndLostCarryTheirValuesOut(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Won here", doc{"estimatedvalue": 9000})
		r.person(doc{"do": "win", "id": p.opportunity, "actualRevenue": 8800, "actualEnd": "2026-03-01"})
		r.quiet()
		d := r.referral(p.own)
		if d.text("substatus") != "Won" || d.text("details/dealValue") != "8800" || !strings.HasPrefix(d.text("details/closingDateTime"), "2026-03-01") {
			t.Errorf("the referral is %s: %s, %s", d.text("substatus"), d.text("details/dealValue"), d.text("details/closingDateTime"))
		}
	})
}

func TestR125_TheReasonOfALossIsOneOfPartnerCenters(t *testing.T) {
	for _, c := range []struct {
		form, typed, status, want string
	}{
		{"text", "Customer requirement not met", "", "Customer requirement not met"}, {"text", "", canceled, "Others"},
		{"text", "", outSold, "Customer chose another vendor"}, {"code", "", outSold, "3"}, {"text", "A secret of ours", outSold, "Customer chose another vendor"},
	} {
		t.Run(c.form+" "+c.typed+" "+c.status, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"statusReason": c.form})
				p := r.private("Lost here", doc{"estimatedvalue": 9000})
				act := doc{"do": "lose", "id": p.opportunity, "reason": c.typed}
				if c.status != "" {
					act["status"] = map[string]int{canceled: 4, outSold: 5}[c.status]
				}
				r.person(act)
				r.quiet()
				if d := r.referral(p.own); d.text("substatus") != "Lost" || !strings.EqualFold(d.text("statusReason"), c.want) {
					t.Errorf("the referral is %s, reason %q", d.text("substatus"), d.text("statusReason"))
				}
			}, "PARTNER_CENTER_REASONS="+c.form)
		})
	}
}

func TestR125_WonInPartnerCenterCarriesItsDay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Won there", doc{"estimatedvalue": 9000})
		r.portalEdits(p.own, doc{"/details/dealValue": 8800})
		r.quiet()
		r.pc.delivery(doc{"pause": true})
		r.partner(doc{"do": "win", "id": p.own})
		time.Sleep(48 * time.Hour) // nobody hears of it for two days
		r.pc.delivery(doc{})
		r.quiet()
		o := r.opportunity(p.opportunity)
		if o.text("statecode") != "1" || o.text("actualvalue") != "8800" || o.text("actualclosedate") != "2026-03-02" {
			t.Errorf("state %s, revenue %s, on %s", o.text("statecode"), o.text("actualvalue"), o.text("actualclosedate"))
		}
	})
}

// held are the rows that were not taken, as the operator's route lists them.
func (r *rig) held() []doc {
	r.t.Helper()
	_, answer := r.operator(http.MethodGet, "operator/held", nil)
	var out struct {
		Held []doc `json:"held"`
	}
	decoded(r.t, []byte(answer), &out)
	return out.Held
}

func TestR126_WhateverIsRefusedIsHeldAndTheRowGoesWhenBothAgree(t *testing.T) {
	for side, c := range map[string]struct {
		refuse, mend func(r *rig)
		edit         func(r *rig, p pair)
		agree        func(r *rig, p pair) bool
	}{
		"Partner Center": {
			func(r *rig) { r.pc.rule(doc{"match": doc{"path": "details/notes"}, "message": "No such words."}) }, func(r *rig) { r.pc.unruled() },
			func(r *rig, p pair) { r.edits("opportunity", p.opportunity, doc{"description": "Words"}) },
			func(r *rig, p pair) bool { return r.referral(p.own).text("details/notes") == "Words" },
		},
		"CRM": {
			func(r *rig) {
				r.dv.rule(doc{"match": doc{"table": "opportunity", "column": "description"}, "message": "No such words."})
			}, func(r *rig) { r.dv.unruled() },
			func(r *rig, p pair) { r.portalEdits(p.own, doc{"/details/notes": "Words"}) },
			func(r *rig, p pair) bool { return r.opportunity(p.opportunity).text("description") == "Words" },
		},
	} {
		t.Run(side, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Held")
				c.refuse(r)
				c.edit(r, p)
				r.quiet()
				rows := r.held()
				if len(rows) != 1 || rows[0].text("class") != "record" || rows[0].text("opportunity") != p.opportunity || rows[0].text("field") != "notes" {
					t.Fatalf("held is %v", rows)
				}
				r.named(p.opportunity, cross+"Held")
				c.mend(r)
				r.advance(time.Hour)
				if !c.agree(r, p) || len(r.held()) != 0 {
					t.Errorf("in step: %v, held %v", c.agree(r, p), r.held())
				}
				r.named(p.opportunity, tick+"Held")
			})
		})
	}
}

func TestR127_AValueThatCRMRefusesDoesNotKeepTheDealOut(t *testing.T) {
	refused := map[string]string{"estimatedvalue": "4321", "estimatedclosedate": "2026-10-10", "description": "Words", "transactioncurrencyid": dataversesim.DollarID, "name": "Arrives"}
	for _, which := range slices.Sorted(maps.Keys(refused)) {
		for _, named := range []bool{true, false} {
			column, value := which, refused[which]
			t.Run(fmt.Sprintf("%s named=%v", column, named), func(t *testing.T) {
				play(t, func(r *rig) {
					r.dv.rule(doc{"match": doc{"table": "opportunity", "column": column, "value": value}, "message": "Not like this.", "field": named})
					a := r.portalDeal(doc{"name": "Arrives", "details": doc{"dealValue": 4321, "currency": "USD", "closingDateTime": "2026-10-10T00:00:00Z", "notes": "Words"}})
					r.quiet()
					ids := r.naming(a.ID)
					if len(ids) != 1 {
						t.Fatalf("%d opportunities", len(ids))
					}
					label := map[string]string{"estimatedvalue": "Est. Revenue", "estimatedclosedate": "Est. Close Date", "description": "Description",
						"transactioncurrencyid": "Est. Revenue", "name": "Topic"}[column] // amount and currency are one
					if column == "transactioncurrencyid" && named {
						label = "Currency"
					}
					r.audited(ids[0], "to CRM: ", label, "a rule of the CRM's own refused it", "correct what the rule asks for", "Not like this.")
					r.dv.unruled()
					r.advance(2 * time.Hour)
					o, want := r.opportunity(ids[0]), map[string]string{"estimatedvalue": "4321", "estimatedclosedate": "2026-10-10", "description": "Words"}
					for c, v := range want {
						if o.text(c) != v {
							t.Errorf("%s is %q after the mend", c, o.text(c))
						}
					}
					if c := r.row("transactioncurrency", o.text("_transactioncurrencyid_value")); c.text("isocurrencycode") != "USD" {
						t.Errorf("the currency is %s after the mend", c.text("isocurrencycode"))
					}
					r.named(ids[0], tick+"Arrives")
				})
			})
		}
	}
}

func TestR127_AValueThatCRMCannotHoldDoesNotKeepTheDealOut(t *testing.T) {
	for what, c := range map[string]struct {
		details doc
		word    string
	}{
		"a currency it does not have": {doc{"currency": "CHF"}, "CHF"},
		"an amount beyond its column": {doc{"dealValue": 999999999999999}, "evenue"},
		"a day before its calendar":   {doc{"closingDateTime": "1600-01-01T00:00:00Z"}, "lose"},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				a := r.portalDeal(doc{"name": "Arrives", "details": over(doc{"dealValue": 4321, "currency": "EUR", "closingDateTime": "2026-10-10T00:00:00Z", "notes": "Words"}, []doc{c.details})})
				r.quiet()
				ids := r.naming(a.ID)
				if len(ids) != 1 {
					t.Fatalf("%d opportunities, held %v", len(ids), r.held())
				}
				if o := r.opportunity(ids[0]); o.text("description") != "Words" {
					t.Errorf("the notes are %q", o.text("description"))
				}
				r.audited(ids[0], c.word)
			})
		})
	}
}

func TestR127_NoRowAtAllIsHeldAndAnAlarmWithTheReferral(t *testing.T) {
	play(t, func(r *rig) {
		r.dv.rule(doc{"match": doc{"method": "PATCH", "table": "opportunity"}, "message": "Nothing today."})
		a := r.portalDeal(doc{"name": "Kept out"})
		r.quiet()
		if n := len(r.opportunities()); n != 0 {
			t.Fatalf("%d opportunities", n)
		}
		if _, health := r.operator(http.MethodGet, "health", nil); !strings.Contains(health, a.ID) {
			t.Errorf("health does not name the referral: %s", health)
		}
		r.dv.unruled()
		r.advance(time.Hour)
		if len(r.naming(a.ID)) != 1 {
			t.Error("it has not arrived after the mend")
		}
	})
}

func TestR128_OneRefusedValueHoldsNothingElseBack(t *testing.T) {
	for _, named := range []bool{true, false} {
		t.Run(fmt.Sprintf("named=%v", named), func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"errorTarget": map[bool]string{true: "path", false: "none"}[named]})
				p := r.private("Four of five")
				r.pc.rule(doc{"match": doc{"path": "details/notes"}, "message": "No such words.", "field": named})
				mark := r.pc.calls()
				r.edits("opportunity", p.opportunity, doc{"description": "Words", "estimatedvalue": 5000, "estimatedclosedate": "2026-10-10", "name": "Other name",
					"ownerid@odata.bind": "/systemusers(" + dataversesim.CloserID + ")"})
				r.quiet()
				d := r.referral(p.own)
				if d.text("details/dealValue") != "5000" || d.text("details/closingDateTime") != "2026-10-10T00:00:00Z" || d.text("name") != "Other name" || d.text("team/0/email") != "sam@northwind.example" {
					t.Errorf("Partner Center has %s, %s, %s, %s", d.text("details/dealValue"), d.text("details/closingDateTime"), d.text("name"), d.text("team/0/email"))
				}
				if n := len(r.pc.writes(mark)); n > 2*3+1+2 {
					t.Errorf("%d writes: %s", n, listed(r.pc.writes(mark)))
				}
				told := slices.DeleteFunc(r.audit(p.opportunity), func(line string) bool { return !strings.Contains(line, "No such words.") })
				if len(told) != 1 || !strings.Contains(strings.ToLower(told[0]), "description") && !strings.Contains(strings.ToLower(told[0]), "notes") {
					t.Errorf("Audit says %v", told)
				}
			})
		})
	}
}

func TestR128_LostGoesWithoutTheRefusedValue(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Lost all the same", doc{"estimatedvalue": 9000})
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.person(doc{"do": "lose", "id": p.opportunity})
		r.quiet()
		if s := r.referral(p.own).text("substatus"); s != "Lost" {
			t.Errorf("the referral is %s", s)
		}
	})
}

func TestR128_WonWaitsADayForTheRefusedValue(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Won later", doc{"estimatedvalue": 9000})
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		r.person(doc{"do": "win", "id": p.opportunity, "actualRevenue": 8000})
		r.advance(22 * time.Hour)
		if d := r.referral(p.own); d.text("status") != "Active" || r.opportunity(p.opportunity).text("cosell_state") != fmt.Sprint(r.choice("cosell_state", "won.waiting")) {
			t.Errorf("the referral is %s/%s, the state %s", d.text("status"), d.text("substatus"), r.opportunity(p.opportunity).text("cosell_state"))
		}
		r.advance(4 * time.Hour)
		if d := r.referral(p.own); d.text("substatus") != "Won" || d.text("details/dealValue") != "9000" {
			t.Errorf("the referral is %s with %s", d.text("substatus"), d.text("details/dealValue"))
		}
		r.audited(p.opportunity, "final")
	})
}
