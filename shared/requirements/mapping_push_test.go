package requirements

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

// push hands a field sheet to the product as cosellctl does.
func (r *rig) sheetAct(act, text string, yes bool) office.Mapping {
	r.t.Helper()
	status, said := r.operator(http.MethodPost, "operator/mapping/"+act, doc{"file": "mapping.yaml", "text": text, "yes": yes})
	var a office.Answer
	if err := json.Unmarshal([]byte(said), &a); err != nil || status != http.StatusOK || a.Mapping == nil {
		r.t.Fatalf("mapping %s: %d %s", act, status, said)
	}
	return *a.Mapping
}

// aWhile is when a push is in force everywhere.
const aWhile = time.Minute

func TestR155_APushCountsWhatWouldChangeAndAsksForAYes(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Counted", doc{"customerneed": "what the customer needs"})
		other := r.private("Unaffected", doc{"customerneed": "The customer wants to forecast stock."})
		mark, wrote := r.dv.calls(), r.pc.calls()
		const sheet = "- {field: notes, crm: customerneed, firstSight: crm}"
		m := r.sheetAct("push", sheet, false)
		if m.Pushed || m.Counts == nil || m.Counts.Pairs != 2 || m.Counts.Looked != 2 || m.Counts.Change != 1 || m.Counts.Unread != 0 {
			t.Fatalf("%+v, counts %+v", m, m.Counts)
		}
		r.dv.wrote(mark, 0)
		r.pc.wrote(wrote, 0)
		r.quiet()
		if r.referral(p.own).text("details/notes") != "The customer wants to forecast stock." {
			t.Error("the sheet counts although nobody said yes")
		}
		if m = r.sheetAct("push", sheet, true); !m.Pushed || m.Version.Number != 1 || m.Version.By != "operator" {
			t.Fatalf("%+v", m)
		}
		r.advance(timerEvery + aWhile)
		if got := r.referral(p.own).text("details/notes"); got != "what the customer needs" {
			t.Errorf("the notes are %q", got)
		}
		if got := r.opportunity(other.opportunity).text("customerneed"); got != "The customer wants to forecast stock." {
			t.Errorf("of the other deal %q", got)
		}
		if m = r.sheetAct("push", sheet, false); m.Pushed || m.Counts != nil || m.Why == "" {
			t.Errorf("the same again: %+v", m)
		}
	})
}

func TestR87_APushedColumnSyncsBothWaysWithoutARestart(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaigncode", "type": "String", "length": 100, "label": "Campaign code"})
		p := r.private("Campaign")
		first := r.product
		m := r.sheetAct("push", "- {field: campaignCode, referral: /campaignId, crm: new_campaigncode, as: text}", false)
		if !m.Pushed || m.Counts.Change != 0 {
			t.Fatalf("%+v, counts %+v", m, m.Counts)
		}
		time.Sleep(aWhile)
		r.edits("opportunity", p.opportunity, doc{"new_campaigncode": "SPRING", "description": "and the notes"})
		r.quiet()
		if got := r.referral(p.own).text("campaignId"); got != "SPRING" {
			t.Errorf("Partner Center has %q; Audit says\n%s", got, strings.Join(r.audit(p.opportunity), "\n"))
		}
		r.portalEdits(p.own, doc{"/campaignId": "AUTUMN"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("new_campaigncode"); got != "AUTUMN" {
			t.Errorf("the CRM has %q", got)
		}
		if r.product != first {
			t.Error("the product was started anew")
		}
		r.stop() // an upgrade: another program over the same tables
		r.start()
		r.edits("opportunity", p.opportunity, doc{"new_campaigncode": "WINTER"})
		r.quiet()
		r.portalEdits(p.own, doc{"/details/notes": "after the upgrade"})
		r.quiet()
		if c, o := r.referral(p.own).text("campaignId"), r.opportunity(p.opportunity).text("description"); c != "WINTER" || o != "after the upgrade" {
			t.Errorf("after an upgrade Partner Center has %q, the CRM %q", c, o)
		}
	})
}

func TestR145_AFieldThatMovesToAnotherColumnClearsNothing(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Moved")
		notes := r.referral(p.own).text("details/notes")
		m := r.sheetAct("push", "- {field: notes, crm: customerneed}", false)
		if !m.Pushed || m.Counts.Change != 0 || m.Counts.Fill != 1 {
			t.Fatalf("%+v, counts %+v", m, m.Counts)
		}
		r.advance(timerEvery + aWhile)
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		if got := r.referral(p.own).text("details/notes"); got != notes || notes == "" {
			t.Errorf("Partner Center has %q, had %q", got, notes)
		}
		if got := r.opportunity(p.opportunity).text("customerneed"); got != notes {
			t.Errorf("the new column has %q", got)
		}
		r.edits("opportunity", p.opportunity, doc{"customerneed": "typed anew"})
		r.edits("opportunity", p.opportunity, doc{"description": "nobody reads this any more"})
		r.quiet()
		r.advance(timerEvery + aWhile)
		if got := r.referral(p.own).text("details/notes"); got != "typed anew" {
			t.Errorf("after an edit Partner Center has %q", got)
		}
	})
}

func TestR83_MistakesOfAPushedSheetAreNamedBesideTheCRMsOwnWords(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_region", "type": "String", "length": 50, "label": "Sales region"})
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_count", "type": "Integer", "label": "Seats"})
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_half", "type": "Money", "label": "Half", "formula": "estimatedvalue * 0.5"})
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_short", "type": "String", "length": 20, "label": "Short"})
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_must", "type": "String", "length": 20, "label": "Must", "level": "SystemRequired"})
		m := r.sheetAct("push", strings.Join([]string{
			"- {field: region, referral: /campaignId, crm: Sales region, as: text}", // a label
			"- {field: notes, crm: new_regoin}",                                     // misspelt
			"- {field: seats, referral: /salesStage, crm: new_count, as: text}",     // another type
			"- {field: dealValue, crm: new_half}",                                   // computed
			"- {field: referralId, crm: new_short}",                                 // too short for an id
			"- {field: name, off: true}",                                            // vital
			"- {field: customerCity, referral: /customerProfile/address/citty}",     // no such path
			"- {field: customerState, crm: parentaccountid/address1_city}",          // one column for two
		}, "\n"), true)
		if m.Pushed || m.Version != nil {
			t.Fatalf("%+v", m)
		}
		all := strings.Join(m.Mistakes, "\n")
		for _, want := range [][]string{
			{"mapping.yaml:1:", "label of column new_region"},
			{"mapping.yaml:2:", "new_regoin", "is not there", "new_region"},
			{"mapping.yaml:3:", "new_count", "Integer"},
			{"mapping.yaml:4:", "new_half", "computed"},
			{"mapping.yaml:5:", "new_short", "36"},
			{"mapping.yaml:6:", "name", "cannot be off"},
			{"mapping.yaml:7:", "/customerProfile/address/city"},
			{"new_must", "required"},
		} {
			found := false
			for _, line := range m.Mistakes {
				found = found || holdsAll(line, want)
			}
			if !found {
				t.Errorf("no mistake says %q:\n%s", want, all)
			}
		}
		p := r.private("Old sheet stays", doc{"new_must": "x"})
		if r.referral(p.own).text("details/notes") == "" {
			t.Error("the sheet that was in force is not any more")
		}
	})
}

func TestR142_AVersionThatTurnsBadLaterSwitchesTheRowOff(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaigncode", "type": "String", "length": 100, "label": "Campaign code"})
		p := r.private("Turns bad")
		if m := r.sheetAct("push", "- {field: campaignCode, referral: /campaignId, crm: new_campaigncode, as: text}", false); !m.Pushed {
			t.Fatalf("%+v", m)
		}
		time.Sleep(aWhile)
		r.administrator(doc{"do": "remove", "table": "opportunity", "column": "new_campaigncode"})
		r.portalEdits(p.own, doc{"/campaignId": "LOST", "/details/dealValue": 95000})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("estimatedvalue"); got != "95000" {
			t.Errorf("the other fields do not go on: %s", got)
		}
		if m := r.sheetAct("check", "- {field: campaignCode, referral: /campaignId, crm: new_campaigncode, as: text}", false); len(m.Mistakes) != 1 || !strings.Contains(m.Mistakes[0], "mapping.yaml:1:") {
			t.Errorf("%+v", m.Mistakes)
		}
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaigncode", "type": "String", "length": 100, "label": "Campaign code"})
		r.advance(2 * time.Hour)
		r.portalEdits(p.own, doc{"/campaignId": "FOUND"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("new_campaigncode"); got != "FOUND" {
			t.Errorf("the column came back and has %q", got)
		}
	})
}

func TestR87_EveryProcessTakesUpAPushWithinAMinute(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaigncode", "type": "String", "length": 100, "label": "Campaign code"})
		r.twin = r.life()
		var deals []pair
		for _, name := range []string{"One", "Two", "Three", "Four"} { // so that both have worked with the sheet as it was
			deals = append(deals, r.private(name))
			r.product, r.twin = r.twin, r.product
		}
		if m := r.sheetAct("push", "- {field: campaignCode, referral: /campaignId, crm: new_campaigncode, as: text}", false); !m.Pushed {
			t.Fatalf("%+v", m)
		}
		time.Sleep(aWhile)
		pushed := r.product
		r.product, r.twin = r.twin, nil // the one that only heard of it works alone
		defer func() { r.twin = pushed }()
		for i, p := range deals {
			r.edits("opportunity", p.opportunity, doc{"new_campaigncode": string(rune('A' + i)), "description": "edited"})
			r.quiet()
			if got := r.referral(p.own).text("campaignId"); got != string(rune('A'+i)) {
				t.Errorf("deal %d has %q", i, got)
			}
		}
	})
}
