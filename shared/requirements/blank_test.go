package requirements

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestR129_AmountAndCurrencyCrossTogetherOrNotAtAll(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Money")
		r.pc.rule(doc{"match": doc{"path": "details/currency"}, "message": "Not this currency.", "field": true})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000, "transactioncurrencyid@odata.bind": dollar, "description": "Goes"})
		r.quiet()
		d := r.referral(p.own)
		if d.text("details/dealValue") != "85000" || d.text("details/currency") != "EUR" || d.text("details/notes") != "Goes" {
			t.Errorf("Partner Center has %s %s, %q", d.text("details/dealValue"), d.text("details/currency"), d.text("details/notes"))
		}
		r.pc.unruled()
		r.advance(time.Hour)
		if d = r.referral(p.own); d.text("details/dealValue") != "5000" || d.text("details/currency") != "USD" {
			t.Errorf("afterwards Partner Center has %s %s", d.text("details/dealValue"), d.text("details/currency"))
		}
		r.dv.rule(doc{"match": doc{"table": "opportunity", "column": "transactioncurrencyid"}, "message": "Not this currency."})
		r.portalEdits(p.own, doc{"/details/dealValue": 6000, "/details/currency": "EUR", "/details/notes": "Comes"})
		r.quiet()
		o := r.opportunity(p.opportunity)
		if o.text("estimatedvalue") != "5000" || o.text("_transactioncurrencyid_value") != dataversesim.DollarID || o.text("description") != "Comes" {
			t.Errorf("CRM has %s in %s, %q", o.text("estimatedvalue"), o.text("_transactioncurrencyid_value"), o.text("description"))
		}
	})
}

func TestR129_AnAmountHereAndACurrencyThereAreOneConflict(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Half and half")
		r.pc.delivery(doc{"pause": true})
		r.dv.delivery(doc{"pause": true})
		r.portalEdits(p.own, doc{"/details/currency": "USD"})
		time.Sleep(time.Minute)
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.pc.delivery(doc{})
		r.dv.delivery(doc{})
		r.quiet()
		d, o := r.referral(p.own), r.opportunity(p.opportunity)
		there := d.text("details/dealValue") + " " + d.text("details/currency")
		here := o.text("estimatedvalue") + " " + r.row("transactioncurrency", o.text("_transactioncurrencyid_value")).text("isocurrencycode")
		if there != here || there != "5000 EUR" && there != "85000 USD" {
			t.Errorf("Partner Center has %s, CRM %s", there, here)
		}
	})
}

func TestR130_ZeroAndEmptyReplaceNothing(t *testing.T) {
	for column, empty := range map[string]any{"estimatedvalue": 0, "estimatedclosedate": nil} {
		t.Run("from CRM "+column, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Emptied")
				was, mark := r.referral(p.own), r.pc.calls()
				r.edits("opportunity", p.opportunity, doc{column: empty})
				r.quiet()
				r.pc.wrote(mark, 0)
				if other := r.otherPaths(was, r.referral(p.own), nil); len(other) != 0 {
					t.Errorf("changed were %v", other)
				}
				r.named(p.opportunity, tick+"Emptied")
				if n := len(r.audit(p.opportunity)); n != 2 {
					t.Errorf("%d lines: %v", n, r.audit(p.opportunity))
				}
				if rows := r.held(); len(rows) != 1 || rows[0].text("class") != "rule" {
					t.Errorf("held is %v", rows)
				}
				r.reconcile()
				r.quiet()
				if n := len(r.audit(p.opportunity)); n != 2 {
					t.Errorf("it is told again: %v", r.audit(p.opportunity))
				}
			})
		})
	}
	t.Run("from Partner Center", func(t *testing.T) {
		play(t, func(r *rig) {
			p := r.private("Emptied")
			r.partner(doc{"do": "update", "id": p.own, "raw": doc{"/details/dealValue": 0, "/details/closingDateTime": nil, "/name": ""}})
			r.quiet()
			o := r.opportunity(p.opportunity)
			if o.text("estimatedvalue") != "85000" || o.text("estimatedclosedate") != "2026-06-30" {
				t.Errorf("CRM has %s, %s", o.text("estimatedvalue"), o.text("estimatedclosedate"))
			}
			r.named(p.opportunity, tick+"Emptied")
			lines := len(r.audit(p.opportunity))
			for _, label := range []string{"Est. Revenue", "Est. Close Date", "Topic"} {
				r.audited(p.opportunity, "to CRM: ", "value.blank", label)
			}
			r.portalEdits(p.own, doc{"/details/notes": "Something else"})
			r.quiet()
			for _, line := range r.newest(p.opportunity, lines) {
				if strings.Contains(line, "value.blank") {
					t.Errorf("it is told again: %q", line)
				}
			}
			for _, row := range r.held() {
				if row.text("class") != "rule" {
					t.Errorf("held is %v", row)
				}
			}
		})
	})
	t.Run("a row that is required, from either side", func(t *testing.T) {
		play(t, func(r *rig) {
			r.adds("opportunity", "new_campaign", "String")
			p := r.private("Required", doc{"new_campaign": "SPRING"})
			r.edits("opportunity", p.opportunity, doc{"new_campaign": nil})
			r.quiet()
			r.campaignOf(p, "SPRING")
			r.edits("opportunity", p.opportunity, doc{"new_campaign": "SUMMER"})
			r.quiet()
			r.campaignOf(p, "SUMMER")
			r.portalEdits(p.own, doc{"/campaignId": ""})
			r.quiet()
			if got := r.opportunity(p.opportunity).text("new_campaign"); got != "SUMMER" {
				t.Errorf("CRM has %q", got)
			}
			r.named(p.opportunity, tick+"Required")
		}, "sheet:- {field: campaign, referral: /campaignId, crm: new_campaign, required: true}\n")
	})
	t.Run("a negative value from CRM, which Partner Center would take", func(t *testing.T) {
		play(t, func(r *rig) {
			r.pc.switches(doc{"strict": false})
			p := r.private("Negative")
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": -1})
			r.quiet()
			if v := r.referral(p.own).text("details/dealValue"); v != "85000" {
				t.Errorf("Partner Center has %s", v)
			}
		})
	})
	t.Run("clearing another field is an edit", func(t *testing.T) {
		play(t, func(r *rig) {
			p := r.private("Cleared")
			r.edits("opportunity", p.opportunity, doc{"description": nil})
			r.quiet()
			if notes := r.referral(p.own).text("details/notes"); notes != "" {
				t.Errorf("Partner Center has %q", notes)
			}
		})
	})
	t.Run("a lost deal does not wait for a value", func(t *testing.T) {
		play(t, func(r *rig) {
			p := r.private("Lost and emptied")
			r.dv.delivery(doc{"pause": true})
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": nil, "estimatedclosedate": nil})
			r.person(doc{"do": "lose", "id": p.opportunity})
			r.dv.delivery(doc{})
			r.quiet()
			if d := r.referral(p.own); d.text("substatus") != "Lost" || d.text("details/dealValue") != "85000" {
				t.Errorf("the referral is %s with %s", d.text("substatus"), d.text("details/dealValue"))
			}
			if len(r.held()) != 0 {
				t.Errorf("held is %v", r.held())
			}
		})
	})
	t.Run("where the sheet allows it", func(t *testing.T) {
		play(t, func(r *rig) {
			p := r.private("Worth nothing")
			r.pc.switches(doc{"strict": false})
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 0})
			r.quiet()
			if v := r.referral(p.own).text("details/dealValue"); v != "0" {
				t.Errorf("Partner Center has %s", v)
			}
		}, "sheet:- {field: dealValue, allowZero: true}\n")
	})
}
