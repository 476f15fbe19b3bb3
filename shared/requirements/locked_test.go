package requirements

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestR117_OurColumnsAreRestored(t *testing.T) {
	const other = "99999999-aaaa-4bbb-8ccc-dddddddddddd"
	for column, value := range map[string]string{"cosell_referralid": other, "cosell_referrallink": "https://elsewhere.example", "cosell_microsoftcrmid": "7-OTHER", "cosell_audit": "wiped"} {
		t.Run(column, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Locked")
				before, mark := r.opportunity(p.opportunity), r.pc.calls()
				r.edits("opportunity", p.opportunity, doc{column: value})
				r.quiet()
				r.pc.wrote(mark, 0)
				now := r.opportunity(p.opportunity)
				if column == "cosell_audit" {
					if !strings.Contains(now.text(column), before.text(column)) {
						t.Errorf("Audit is %q", now.text(column))
					}
				} else if now.text(column) != before.text(column) {
					t.Errorf("%s is %q", column, now.text(column))
				}
				if len(r.audit(p.opportunity)) <= len(strings.Split(before.text("cosell_audit"), "\n")) {
					t.Errorf("Audit does not tell it: %v", r.audit(p.opportunity))
				}
				r.portalEdits(p.own, doc{"/details/dealValue": 5000})
				r.quiet()
				if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "5000" {
					t.Errorf("the link is broken: %s", v)
				}
			})
		})
	}
}

// Who wipes Audit gets it back while its copy lives; later only the fact is told, and the lines go on from there.
func TestR117_AfterThirtyDaysAWipedAuditIsToldOnly(t *testing.T) {
	for days, restored := range map[int]bool{29: true, 31: false} {
		t.Run(fmt.Sprint(days), func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Wiped late")
				had := r.opportunity(p.opportunity).text("cosell_audit")
				r.advance(time.Duration(days) * 24 * time.Hour)
				r.edits("opportunity", p.opportunity, doc{"cosell_audit": "wiped"})
				r.quiet()
				if got := r.opportunity(p.opportunity).text("cosell_audit"); strings.Contains(got, had) != restored {
					t.Errorf("Audit is %q", got)
				}
				r.audited(p.opportunity, map[bool]string{true: "restored", false: "not kept any more"}[restored])
			})
		})
	}
}

func TestR118_AnOpenQuoteHoldsTheClosingUp(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Quoted", doc{"estimatedvalue": 9000, "transactioncurrencyid@odata.bind": dollar})
		quote := r.creates("quote", doc{"name": "Q", "opportunityid@odata.bind": "/opportunities(" + p.opportunity + ")"})
		mark := r.dv.calls()
		r.partner(doc{"do": "win", "id": p.own})
		r.quiet()
		if s := r.opportunity(p.opportunity).text("statecode"); s != "0" {
			t.Fatalf("the opportunity is %s", s)
		}
		r.audited(p.opportunity, "quote.open")
		r.person(doc{"do": "delete", "table": "quote", "id": quote})
		r.advance(2 * time.Hour)
		if s := r.opportunity(p.opportunity).text("statecode"); s != "1" {
			t.Errorf("the opportunity is %s", s)
		}
		for _, row := range r.dv.table("opportunityclose") {
			if row.text("_opportunityid_value") == p.opportunity && row.text("_transactioncurrencyid_value") != r.opportunity(p.opportunity).text("_transactioncurrencyid_value") {
				t.Errorf("the close activity is in another currency: %s", listed(r.dv.writes(mark)))
			}
		}
	})
}

func TestR119_CalculatedRevenueGoesOutOnly(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Calculated")
		product := r.creates("opportunityproduct", doc{"productdescription": "Days", "quantity": 2, "priceperunit": 2500, "isproductoverridden": true,
			"opportunityid@odata.bind": "/opportunities(" + p.opportunity + ")"})
		r.edits("opportunity", p.opportunity, doc{"isrevenuesystemcalculated": true})
		r.quiet()
		if v, w := r.opportunity(p.opportunity).text("estimatedvalue"), r.referral(p.own).text("details/dealValue"); v != "5000" || w != "5000" {
			t.Fatalf("CRM has %s, Partner Center %s, product %s", v, w, product)
		}
		mark := r.dv.calls()
		r.portalEdits(p.own, doc{"/details/dealValue": 7000})
		r.quiet()
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "5000" {
			t.Errorf("CRM has %s", v)
		}
		for _, w := range r.dv.writes(mark) {
			if strings.Contains(w.Body, `"estimatedvalue"`) {
				t.Errorf("written was %s", listed([]written{w}))
			}
		}
		r.audited(p.opportunity, "alculated")
	})
}

func TestR118_ADraftAndAnActiveQuoteHoldUpWhatIsWonOnly(t *testing.T) {
	for name, c := range map[string]struct {
		quote doc
		do    string
		state string
	}{
		"draft, won":   {doc{}, "win", "0"},
		"active, won":  {doc{"statecode": 1}, "win", "0"},
		"draft, lost":  {doc{}, "lose", "2"},
		"closed, won":  {doc{"statecode": 3}, "win", "1"},
		"active, lost": {doc{"statecode": 1}, "lose", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Quoted", doc{"estimatedvalue": 9000})
				quote := r.creates("quote", doc{"name": "Q", "opportunityid@odata.bind": "/opportunities(" + p.opportunity + ")"})
				if len(c.quote) > 0 {
					r.edits("quote", quote, c.quote)
				}
				r.partner(doc{"do": c.do, "id": p.own, "reason": "Others"})
				r.quiet()
				if s := r.opportunity(p.opportunity).text("statecode"); s != c.state {
					t.Fatalf("the opportunity is %s", s)
				}
				if c.state != "0" {
					return
				}
				r.audited(p.opportunity, "quote.open")
				r.person(doc{"do": "delete", "table": "quote", "id": quote})
				r.advance(2 * time.Hour)
				if s := r.opportunity(p.opportunity).text("statecode"); s != "1" {
					t.Errorf("without the quote the opportunity is %s", s)
				}
			})
		})
	}
}
