package requirements

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

func TestR87_APushedSheetSurvivesARowThatALaterVersionShips(t *testing.T) {
	column := doc{"do": "add", "table": "opportunity", "column": "new_campaigncode", "type": "String", "length": 100, "label": "Campaign code"}
	t.Run("in the sheet of its package", func(t *testing.T) {
		play(t, func(r *rig) {
			r.administrator(column)
			p := r.private("Campaign")
			if m := r.sheetAct("push", "- {field: campaignCode, referral: /campaignId, crm: new_campaigncode, as: text}", false); !m.Pushed {
				t.Fatalf("%+v", m)
			}
			r.stop()
			r.own = append(r.own, "sheet:- {field: campaign, referral: /campaignId, crm: new_campaigncode, as: text, way: toOpportunity}")
			r.start()
			r.crossesBy(p, "new_campaigncode", "campaignId", "campaign")
			if m := r.sheetAct("push", "- {field: campaignCode, referral: /campaignId, crm: new_campaigncode, as: text}\n", true); m.Pushed || len(m.Mistakes) == 0 || !strings.Contains(m.Mistakes[0], "mapping.yaml:1:") {
				t.Errorf("a push of today is not held against the row of today: %+v", m)
			}
		})
	})
	t.Run("as shipped", func(t *testing.T) {
		play(t, func(r *rig) {
			r.administrator(column)
			p := r.private("Notes")
			under := slices.DeleteFunc(mapping.Fields(), func(f string) bool { return f == "notes" }) // as a version kept it that had no notes
			_, err := r.tables.PushSheet(t.Context(), ledger.SheetVersion{File: "mapping.yaml", At: time.Now(), Under: under,
				Text: "- {field: remarks, referral: /details/notes, crm: new_campaigncode, as: text}"}, 0)
			must(t, err)
			r.stop()
			r.start()
			r.crossesBy(p, "new_campaigncode", "details/notes", "notes")
		})
	})
}

// crossesBy says that a deal crosses both ways by the customer's column, and that health names the field that gave way.
func (r *rig) crossesBy(p pair, column, member, gave string) {
	r.t.Helper()
	r.portalEdits(p.own, doc{"/details/dealValue": 91000}) // the pair is met anew, and the event step gets the column
	r.quiet()
	r.advance(timerEvery + aWhile)
	r.edits("opportunity", p.opportunity, doc{column: "typed in CRM"})
	r.quiet()
	if got := r.referral(p.own).text(member); got != "typed in CRM" {
		r.t.Errorf("Partner Center has %q", got)
	}
	r.portalEdits(p.own, doc{"/" + member: "typed in the portal"})
	r.quiet()
	if got := r.opportunity(p.opportunity).text(column); got != "typed in the portal" {
		r.t.Errorf("the CRM has %q", got)
	}
	if h := r.health(); !strings.Contains(h, `"notes":[`) || !strings.Contains(h, "sheet.aside "+gave) || !strings.Contains(h, "mapping.yaml:1") || strings.Contains(h, "sheet.unusable") {
		r.t.Errorf("health says %s", h)
	}
}
