package requirements

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// health is what the product tells operators of itself.
func (r *rig) health() string {
	r.t.Helper()
	_, answer := r.operator(http.MethodGet, "health", nil)
	return answer
}

func TestR142_AColumnThatGoesSwitchesItsFieldOffUntilItIsBack(t *testing.T) {
	play(t, func(r *rig) {
		column := doc{"do": "add", "table": "opportunity", "column": "new_campaign", "schemaName": "new_Campaign", "type": "String", "length": 100}
		r.administrator(column)
		p := r.private("Own column", doc{"new_campaign": "SPRING"})
		if c := r.referral(p.own).text("campaignId"); c != "SPRING" {
			t.Fatalf("Partner Center has %q", c)
		}
		r.administrator(doc{"do": "remove", "table": "opportunity", "column": "new_campaign"})
		r.advance(2 * time.Hour)
		if h := r.health(); !strings.Contains(h, "new_campaign") || !strings.Contains(h, "switched off") {
			t.Errorf("health does not name it: %s", h)
		}
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || r.referral(p.own).text("campaignId") != "SPRING" {
			t.Errorf("the others do not go on: %s, %q", v, r.referral(p.own).text("campaignId"))
		}
		r.administrator(column)
		r.edits("opportunity", p.opportunity, doc{"new_campaign": "SUMMER"})
		r.advance(2 * time.Hour)
		if c := r.referral(p.own).text("campaignId"); c != "SUMMER" || strings.Contains(r.health(), "switched off") {
			t.Errorf("after the mend Partner Center has %q, health says %s", c, r.health())
		}
	}, "sheet:- {field: campaign, referral: /campaignId, crm: new_campaign, as: text, wins: newest}\n")
}

// What has become another kind of column, or has lost an option that the sheet uses, switches its row off, and health
// names row, column and mend; at the start as well as by the hour.
func TestR142_WhatIsRetypedOrLostIsNamedWithRowColumnAndMend(t *testing.T) {
	for what, c := range map[string]struct {
		column, sheet string
		breaks        doc
		says          []string
	}{
		"another type": {"new_campaign", fmt.Sprintf(grown, ""), doc{"do": "retype", "table": "opportunity", "column": "new_campaign", "type": "Integer"},
			[]string{"field campaign", "column new_campaign of opportunity", "Integer", `"mend":"`}},
		"an option that is gone": {"new_tier", "sheet:- {field: tier, referral: /campaignId, crm: new_tier, values: {Gold: tier-1, Silver: tier-2}}\n",
			doc{"do": "option", "table": "opportunity", "column": "new_tier", "value": 11, "remove": true},
			[]string{"field tier", "column new_tier of opportunity", "Silver", `"mend":"`}},
	} {
		for when, start := range map[string]bool{"at the start": true, "while it runs": false} {
			t.Run(what+" "+when, func(t *testing.T) {
				play(t, func(r *rig) {
					r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "schemaName": "new_Campaign", "type": "String", "length": 100})
					r.administrator(over(doc{"do": "add", "table": "opportunity", "column": "new_tier", "type": "Picklist"}, []doc{options([2]string{"Gold", "Or"}, [2]string{"Silver", "Argent"})}))
					p := r.private("Watched")
					r.administrator(c.breaks)
					if start {
						r.stop()
						r.start()
					}
					r.reconcile()
					r.advance(65 * time.Minute)
					if h := r.health(); !holdsAll(h, c.says) {
						t.Errorf("health says %s", h)
					}
					r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
					r.quiet()
					if v := r.referral(p.own).text("details/dealValue"); v != "5000" {
						t.Errorf("the others do not go on: %s", v)
					}
				}, c.sheet)
			})
		}
	}
}

// A row that is off carries nothing, and nothing is tried; once its column is as it was, what was left out comes by itself.
func TestR142_ARowThatIsOffIsNotTriedUntilItIsBack(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100})
		p := r.private("Off")
		r.administrator(doc{"do": "retype", "table": "opportunity", "column": "new_campaign", "type": "Integer"})
		r.advance(65 * time.Minute)
		mark := r.dv.calls()
		r.portalEdits(p.own, doc{"/campaignId": "7", "/details/dealValue": 5000})
		r.quiet()
		for _, w := range r.dv.writes(mark) {
			if strings.Contains(w.Body, "new_campaign") {
				t.Errorf("it was tried: %s", listed([]written{w}))
			}
		}
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "5000" {
			t.Errorf("the others do not go on: %s", v)
		}
		r.administrator(doc{"do": "retype", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100})
		r.advance(2 * time.Hour)
		if got := r.opportunity(p.opportunity).text("new_campaign"); got != "7" {
			t.Errorf("back again, the CRM has %q", got)
		}
	}, fmt.Sprintf(grown, ""))
}

// An option that is gone is named; the row's others go on.
func TestR142_TheOtherOptionsOfAChoiceGoOn(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("opportunity", "new_tier", "Picklist", options([2]string{"Gold", "Or"}, [2]string{"Silver", "Argent"}))
		p := r.private("Tiers")
		r.administrator(doc{"do": "option", "table": "opportunity", "column": "new_tier", "value": 11, "remove": true})
		r.advance(65 * time.Minute)
		r.edits("opportunity", p.opportunity, doc{"new_tier": 10})
		r.quiet()
		r.campaignOf(p, "tier-1")
		r.portalEdits(p.own, doc{"/campaignId": "tier-2", "/details/dealValue": 5000})
		r.quiet()
		if o := r.opportunity(p.opportunity); o.text("new_tier") != "10" || o.text("estimatedvalue") != "5000" {
			t.Errorf("the CRM has tier %s and %s", o.text("new_tier"), o.text("estimatedvalue"))
		}
		r.audited(p.opportunity, "tier-2")
	}, "sheet:- {field: tier, referral: /campaignId, crm: new_tier, values: {Gold: tier-1, Silver: tier-2}}\n")
}

// Without the column of the switch nothing goes out either: messages wait, and nothing is lost.
func TestR142_WithoutTheSwitchNothingGoesOut(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Vital")
		r.reconcile()
		r.administrator(doc{"do": "remove", "table": "opportunity", "column": "cosell_sync"})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.advance(2 * time.Hour)
		r.pc.wrote(mark, 0)
		if h := r.health(); !holdsAll(h, []string{"cosell_sync", `"ok":false`}) {
			t.Errorf("no alarm: %s", h)
		}
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "cosell_sync", "schemaName": "cosell_Sync", "type": "Boolean"})
		r.edits("opportunity", p.opportunity, doc{"cosell_sync": true})
		r.advance(2 * time.Hour)
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(r.referrals()) != 1 || len(r.parked()) != 0 {
			t.Errorf("after the mend Partner Center has %s, %d referrals, %d are parked", v, len(r.referrals()), len(r.parked()))
		}
	})
}

func TestR142_ARefusalThatNamesAMissingColumnIsToldAtOnce(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "schemaName": "new_Campaign", "type": "String", "length": 100})
		p := r.private("Own column", doc{"new_campaign": "SPRING"})
		time.Sleep(time.Minute)
		r.administrator(doc{"do": "remove", "table": "opportunity", "column": "new_campaign"})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || !strings.Contains(r.health(), "switched off") {
			t.Errorf("Partner Center has %s, health says %s", v, r.health())
		}
	}, fmt.Sprintf(grown, ""))
}

func TestR142_AVitalColumnThatGoesStopsAndLosesNothing(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Vital")
		r.reconcile()
		r.administrator(doc{"do": "remove", "table": "opportunity", "column": "cosell_referralid"})
		r.portalEdits(p.own, doc{"/details/dealValue": 5000})
		r.advance(2 * time.Hour)
		if h := r.health(); !strings.Contains(h, "cosell_referralid") || !strings.Contains(h, `"ok":false`) {
			t.Errorf("no alarm: %s", h)
		}
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "cosell_referralid", "schemaName": "cosell_ReferralId", "type": "String", "length": 100})
		r.advance(2 * time.Hour)
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "5000" {
			t.Errorf("after the mend CRM has %s", v)
		}
		if len(r.opportunities()) != 1 || len(r.parked()) != 0 {
			t.Errorf("%d opportunities, %d are parked", len(r.opportunities()), len(r.parked()))
		}
	})
}

func TestR143_AMissingPrivilegeIsOursAndTheMessageWaits(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("No right")
		right := doc{"table": "opportunity", "operation": "write", "allowed": false}
		r.dv.call(http.MethodPost, "/privileges", right)
		r.portalEdits(p.own, doc{"/details/dealValue": 5000})
		r.advance(30 * time.Minute)
		if h := r.health(); !holdsAll(h, []string{"prvWriteOpportunity", "security role of the application user", `"ok":false`}) {
			t.Errorf("health does not name the privilege and the role: %s", h)
		}
		r.named(p.opportunity, tick+"No right")
		right["allowed"] = true
		r.dv.call(http.MethodPost, "/privileges", right)
		r.advance(time.Hour)
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "5000" {
			t.Errorf("after the mend CRM has %s", v)
		}
	})
}

func TestR143_OneRowThatMayNotBeWrittenIsTheRecords(t *testing.T) {
	play(t, func(r *rig) {
		p, other := r.private("Not this one"), r.private("But this one")
		r.dv.call(http.MethodPost, "/privileges", doc{"table": "opportunity", "operation": "write", "id": p.opportunity, "allowed": false})
		for _, q := range []pair{p, other} {
			r.portalEdits(q.own, doc{"/details/dealValue": 5000})
		}
		r.quiet()
		if v := r.opportunity(other.opportunity).text("estimatedvalue"); v != "5000" {
			t.Errorf("the other one has %s", v)
		}
		rows := r.held()
		if len(rows) == 0 || rows[0].text("class") != "record" || rows[0].text("opportunity") != p.opportunity {
			t.Errorf("held is %v", rows)
		}
		if h := r.health(); strings.Contains(h, "prvWriteOpportunity") {
			t.Errorf("it counts as a missing privilege: %s", h)
		}
	})
}

func TestR144_EveryColumnOfTheSheetRaisesItsEvent(t *testing.T) {
	columns := doc{"estimatedvalue": 5000, "estimatedclosedate": "2026-10-10", "description": "Words", "name": "Other name", "cosell_visible": true,
		"ownerid@odata.bind": "/systemusers(" + dataversesim.CloserID + ")", "transactioncurrencyid@odata.bind": dollar}
	for column, value := range columns {
		t.Run(strings.TrimSuffix(column, "@odata.bind"), func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Watched")
				mark, began := r.pc.calls(), time.Now()
				r.edits("opportunity", p.opportunity, doc{column: value})
				r.quiet()
				if len(r.pc.writes(mark)) == 0 || time.Since(began) > time.Second {
					t.Errorf("%d writes after %s", len(r.pc.writes(mark)), time.Since(began))
				}
			})
		})
	}
}

const grown = "sheet:- {field: campaign, referral: /campaignId, crm: new_campaign, as: text, wins: newest%s}\n"

func TestR145_AfterARowWasAddedTheFirstEditCrosses(t *testing.T) {
	for name, c := range map[string]struct {
		first, crm, pc, wantCRM, wantPC string
	}{
		"fill":        {"", "", "SPRING", "SPRING", "SPRING"},
		"leave":       {"", "OURS", "THEIRS", "OURS", "THEIRS"},
		"crm decides": {", firstSight: crm", "OURS", "THEIRS", "OURS", "OURS"},
		"pc decides":  {", firstSight: pc", "OURS", "THEIRS", "THEIRS", "THEIRS"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "schemaName": "new_Campaign", "type": "String", "length": 100})
				p := r.private("Grows", doc{"new_campaign": c.crm})
				r.partner(doc{"do": "update", "id": p.own, "raw": doc{"/campaignId": c.pc}})
				r.advance(time.Hour) // so that no feed finds them again
				r.stop()
				r.own = append(r.own, fmt.Sprintf(grown, c.first))
				r.start()
				had := len(r.audit(p.opportunity))
				r.reconcile()
				r.quiet()
				if name == "leave" {
					told := string(encoded(t, r.asked("status", url.Values{"id": {p.opportunity}})))
					if lines := r.newest(p.opportunity, had); len(lines) != 0 || !holdsAll(told, []string{"OURS", "THEIRS"}) {
						t.Errorf("Audit says %q, the status %s", lines, told)
					}
				}
				if o, d := r.opportunity(p.opportunity).text("new_campaign"), r.referral(p.own).text("campaignId"); o != c.wantCRM || d != c.wantPC {
					t.Errorf("CRM has %q, Partner Center %q", o, d)
				}
				r.edits("opportunity", p.opportunity, doc{"new_campaign": "EDITED"})
				r.reconcile() // nobody's step watches this column
				r.quiet()
				if d := r.referral(p.own).text("campaignId"); d != "EDITED" {
					t.Errorf("after an edit in CRM Partner Center has %q", d)
				}
				r.portalEdits(p.own, doc{"/campaignId": "BACK"})
				r.quiet()
				if o := r.opportunity(p.opportunity).text("new_campaign"); o != "BACK" {
					t.Errorf("after an edit in Partner Center CRM has %q", o)
				}
			})
		})
	}
}

func TestR150_WhatMicrosoftEditsOnItsOwnReferralIsAuditOnly(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Microsoft edits")
		r.microsoft(doc{"do": "accept", "id": p.microsoft})
		r.quiet()
		before, pc, had := r.opportunity(p.opportunity), r.pc.calls(), len(r.audit(p.opportunity))
		r.microsoft(doc{"do": "edit", "id": p.microsoft, "changes": doc{"/details/dealValue": 123456, "/details/notes": "Theirs"}})
		r.quiet()
		if got := r.touched(p.opportunity, before); len(got) != 0 {
			t.Errorf("touched were %v", got)
		}
		r.pc.wrote(pc, 0)
		if lines := r.newest(p.opportunity, had); len(lines) != 2 || !strings.Contains(strings.Join(lines, "\n"), "123456") {
			t.Errorf("Audit says %v", lines)
		}
	})
}

func TestR150_AnIncentiveClaimIsTakenOverAndNeverWrittenBack(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Claimed")
		mark, had := r.pc.calls(), len(r.audit(p.opportunity))
		up := r.microsoft(doc{"do": "upgrade", "id": p.own, "source": "MCI"})
		r.quiet()
		o := r.opportunity(p.opportunity)
		if o.text("cosell_visible") != "true" || o.text("cosell_referralid") != p.own || up.MicrosoftID == "" {
			t.Errorf("visible %s, identifier %s", o.text("cosell_visible"), o.text("cosell_referralid"))
		}
		for _, w := range r.pc.writes(mark) {
			if strings.Contains(w.Body, "/type") || strings.Contains(w.Body, "/consent") || strings.Contains(w.Body, "/inviteContext") || w.Method == http.MethodPost {
				t.Errorf("written back was %s", listed([]written{w}))
			}
		}
		if len(r.newest(p.opportunity, had)) == 0 || strings.Contains(strings.Join(r.audit(p.opportunity), "\n"), "conflict") {
			t.Errorf("Audit says %v", r.audit(p.opportunity))
		}
		r.named(p.opportunity, tick+"Claimed")
	})
}

func TestR151_BeforeTheStartNothingIsCreatedOnEitherSide(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Old in the portal"})
		id := r.deal("Old in CRM")
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		mark, crm := r.pc.calls(), r.dv.calls()
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		r.dv.wrote(crm, 0)
		if !strings.Contains(r.health(), "start.pending") {
			t.Errorf("health does not say so: %s", r.health())
		}
		r.stop()
		r.own = append(r.own, "SYNC_STARTED=2026-01-01")
		r.start()
		r.advance(time.Hour)
		if len(r.naming(a.ID)) != 1 || r.pairOf(id).own == "" {
			t.Errorf("after the start %d opportunities name the referral, the deal is %+v", len(r.naming(a.ID)), r.pairOf(id))
		}
	}, "SYNC_STARTED=")
}
