package requirements

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Only what Microsoft's sellers see, and is worth enough to be registered, keeps the 72 hours.
func TestR75_OnlyWhatCanBeRegisteredWaits(t *testing.T) {
	for name, c := range map[string]struct {
		value  int
		shared bool
		limit  string
		waits  bool
	}{
		"at the limit":         {25000, true, "", true},
		"below it":             {24999, true, "", false},
		"not shared":           {85000, false, "", false},
		"another limit, below": {85000, true, "100000", false},
		"another limit, at it": {24999, true, "24999", true},
	} {
		t.Run(name, func(t *testing.T) {
			var settings []string
			if c.limit != "" {
				settings = append(settings, "SYNC_REGISTRABLE_VALUE="+c.limit)
			}
			play(t, func(r *rig) {
				p := r.private("Won early", doc{"estimatedvalue": c.value, "cosell_visible": c.shared})
				r.person(doc{"do": "win", "id": p.opportunity})
				r.quiet()
				if d := r.referral(p.own); (d.text("substatus") != "Won") != c.waits {
					t.Errorf("the referral is %s/%s; Audit says\n%s", d.text("status"), d.text("substatus"), strings.Join(r.audit(p.opportunity), "\n"))
				}
			}, settings...)
		})
	}
}

// Unless somebody sets it, the reason is sent as its text.
func TestR125_ByDefaultTheReasonIsText(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Lost here", doc{"estimatedvalue": 9000})
		r.person(doc{"do": "lose", "id": p.opportunity, "status": 5})
		r.quiet()
		if got := r.referral(p.own).text("statusReason"); got != "Customer chose another vendor" {
			t.Errorf("the reason is %q", got)
		}
	})
}

// What the closer wrote beside the reason leaves the CRM only where the sheet says so.
func TestR125_FreeWordsStayUnlessTheSheetMapsThem(t *testing.T) {
	for sheet, leaves := range map[string]bool{"": false, "sheet:- {field: reason, freeText: true}\n": true} {
		t.Run(fmt.Sprintf("mapped=%v", leaves), func(t *testing.T) {
			var settings []string
			if sheet != "" {
				settings = append(settings, sheet)
			}
			play(t, func(r *rig) {
				p := r.private("Lost here", doc{"estimatedvalue": 9000})
				r.person(doc{"do": "lose", "id": p.opportunity, "reason": "Their cousin sells it", "status": 5})
				r.quiet()
				if got := r.referral(p.own).text("statusReason"); (got == "Their cousin sells it") != leaves {
					t.Errorf("the reason is %q", got)
				}
				for _, w := range r.pc.writes(0) {
					if !leaves && strings.Contains(w.Body, "cousin") {
						t.Errorf("sent was %s", listed([]written{w}))
					}
				}
			}, settings...)
		})
	}
}

func TestR125_TheSheetSaysWhatAStatusReasonMeans(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Lost here", doc{"estimatedvalue": 9000})
		r.person(doc{"do": "lose", "id": p.opportunity, "status": 4})
		r.quiet()
		if got := r.referral(p.own).text("statusReason"); got != "Project budget not adequate" {
			t.Errorf("the reason is %q", got)
		}
	}, "sheet:- {field: reason, reasons: {1: [Canceled]}}\n")
}

// A loss in Partner Center brings its reason and its day, a win its value and its day.
func TestR125_LostInPartnerCenterCarriesItsReasonAndItsDay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Lost there", doc{"estimatedvalue": 9000})
		r.pc.delivery(doc{"pause": true})
		r.partner(doc{"do": "lose", "id": p.own, "reason": "Customer chose another vendor"})
		time.Sleep(48 * time.Hour) // nobody hears of it for two days
		r.pc.delivery(doc{})
		r.quiet()
		o := r.opportunity(p.opportunity)
		if o.text("statuscode") != outSold || o.text("actualclosedate") != "2026-03-02" {
			t.Errorf("status reason %s, on %s", o.text("statuscode"), o.text("actualclosedate"))
		}
		said := ""
		for _, row := range r.dv.table("opportunityclose") {
			if row.text("_opportunityid_value") == p.opportunity {
				said += row.text("description")
			}
		}
		if said != "Customer chose another vendor" {
			t.Errorf("the closing says %q", said)
		}
	})
}

// A value that Partner Center could never take does not keep a deal from being won.
func TestR128_WonWithNothingGoesAtOnceWithTheLastAgreedValue(t *testing.T) {
	for _, revenue := range []int{0, -5} {
		t.Run(fmt.Sprint(revenue), func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Won for nothing", doc{"estimatedvalue": 9000})
				r.person(doc{"do": "win", "id": p.opportunity, "actualRevenue": revenue})
				r.quiet()
				if d := r.referral(p.own); d.text("substatus") != "Won" || d.text("details/dealValue") != "9000" {
					t.Errorf("the referral is %s with %s", d.text("substatus"), d.text("details/dealValue"))
				}
				r.audited(p.opportunity, "final")
			})
		})
	}
}

func TestR148_TheDayOfALossOrAWinIsThatOfPartnerCenter(t *testing.T) {
	for do, state := range map[string]string{"win": "1", "lose": "2"} {
		t.Run(do, func(t *testing.T) {
			play(t, func(r *rig) {
				time.Sleep(14 * time.Hour) // 23:00 in London is the next day in Paris
				p := r.private("Closed late", doc{"estimatedvalue": 9000})
				r.partner(doc{"do": do, "id": p.own, "reason": "Others"})
				r.advance(48 * time.Hour)
				if o := r.opportunity(p.opportunity); o.text("statecode") != state || o.text("actualclosedate") != "2026-03-03" {
					t.Errorf("state %s, on %s", o.text("statecode"), o.text("actualclosedate"))
				}
			}, "PARTNER_CENTER_TIME_ZONE=Europe/Paris")
		})
	}
}
