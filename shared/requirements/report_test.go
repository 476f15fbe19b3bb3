package requirements

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// report is the daily report as cosellctl asks for it, the newest one for "".
func (r *rig) report(day string) doc {
	r.t.Helper()
	query := url.Values{}
	if day != "" {
		query.Set("day", day)
	}
	return doc(r.asked("report", query)["report"].(map[string]any))
}

// listedIn are the rows of one list of a report.
func listedIn(report doc, list string) (rows []doc) {
	all, _ := report[list].([]any) // absent outside shadow mode
	for _, row := range all {
		rows = append(rows, row.(map[string]any))
	}
	return rows
}

// An ignored deal stands in the day's report, with the link that opens it, until its CRM id is cleared; days that are
// over keep theirs.
func TestR134_TheDailyReportListsIgnoredDealsWithTheirLink(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Of another CRM", "externalReferenceId": "SFDC-00417"})
		r.quiet()
		r.advance(24 * time.Hour)
		mark := r.dv.calls()
		day := r.report("")
		if r.dv.wrote(mark, 0); day.text("day") != time.Now().UTC().Format(time.DateOnly) {
			t.Errorf("the newest report is of %s", day.text("day"))
		}
		rows := listedIn(day, "ignored")
		if len(rows) != 1 || rows[0].text("referral") != a.ID || !strings.Contains(rows[0].text("link"), a.ID) || !strings.HasPrefix(rows[0].text("link"), "https://") ||
			!strings.Contains(rows[0].text("text"), "another system") || !strings.Contains(rows[0].text("mend"), "clear the CRM id") {
			t.Errorf("ignored is %v", rows)
		}
		if day.text("counts/ignored") != "1" || day.text("counts/held") != "0" || len(listedIn(day, "held")) != 0 {
			t.Errorf("counted is %v", day["counts"])
		}
		r.advance(24 * time.Hour) // that day is over
		r.portalEdits(a.ID, doc{"/externalReferenceId": ""})
		r.quiet()
		r.advance(time.Hour)
		if rows := listedIn(r.report(""), "ignored"); len(rows) != 0 {
			t.Errorf("cleared, the day's has %v", rows)
		}
		if rows := listedIn(r.report(day.text("day")), "ignored"); len(rows) != 1 {
			t.Errorf("the earlier day has %v", rows)
		}
	})
}

// What is held for more than two weeks is marked in every day's report until it is mended; reports are kept for 30 days.
func TestR103_TheDailyReportMarksWhatIsHeldForTwoWeeks(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Old trouble")
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}, "message": "No such value."})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		began := time.Now().UTC()
		r.advance(24 * time.Hour)
		first := r.report("")
		rows := listedIn(first, "held")
		if len(rows) != 1 || rows[0].text("opportunity") != p.opportunity || rows[0].text("referral") != p.own || rows[0].text("field") != "dealValue" ||
			rows[0].text("text") == "" || rows[0]["old"] != nil || !strings.HasPrefix(rows[0].text("since"), began.Format(time.DateOnly)) {
			t.Errorf("after a day held is %v", rows)
		}
		for range 15 {
			r.advance(24 * time.Hour)
		}
		for range 2 {
			rows := listedIn(r.report(""), "held")
			if len(rows) != 1 || rows[0].text("opportunity") != p.opportunity || rows[0].text("old") != "true" || r.report("").text("counts/old") != "1" {
				t.Errorf("after two weeks held is %v", rows)
			}
			r.advance(24 * time.Hour)
		}
		r.pc.unruled()
		r.advance(2 * 24 * time.Hour)
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(listedIn(r.report(""), "held")) != 0 {
			t.Errorf("mended, Partner Center has %s, held is %v", v, listedIn(r.report(""), "held"))
		}
		r.advance(15 * 24 * time.Hour)
		if status, text := r.operator(http.MethodGet, "operator/report?day="+first.text("day"), nil); status != http.StatusNotFound || !strings.Contains(text, "30 days") {
			t.Errorf("after more than 30 days: %d %s", status, text)
		}
	})
}

// An invitation stands in the report when the end comes near, and no longer once it was answered.
func TestR77_TheDailyReportListsInvitationsThatExpire(t *testing.T) {
	play(t, func(r *rig) {
		p := r.invited("Nobody answers")
		r.advance(2 * 24 * time.Hour)
		if rows := listedIn(r.report(""), "expiring"); len(rows) != 0 {
			t.Errorf("two days old, expiring is %v", rows)
		}
		r.advance(10 * 24 * time.Hour)
		end := strings.Split(r.referral(p.own).text("expirationDateTime"), "T")[0]
		rows := listedIn(r.report(""), "expiring")
		if len(rows) != 1 || rows[0].text("referral") != p.own || !strings.Contains(rows[0].text("link"), p.own) || end == "" || !strings.Contains(rows[0].text("text"), end) {
			t.Errorf("it ends on %s, expiring is %v", end, rows)
		}
		r.advance(3 * 24 * time.Hour)
		if rows := listedIn(r.report(""), "expiring"); len(rows) != 0 {
			t.Errorf("it is over, expiring is %v", rows)
		}
	})
}

// Each tenant has a report of its own, as it has tables of its own.
func TestR95_EachTenantHasAReportOfItsOwn(t *testing.T) {
	play(t, func(r *rig) {
		var a acted
		r.in("fr", func() { a = r.portalDeal(doc{"name": "D'un autre", "externalReferenceId": "SFDC-1"}) })
		r.quiet()
		r.advance(24 * time.Hour)
		if n := r.report("").text("counts/ignored"); n != "0" {
			t.Errorf("the first tenant's counts %s", n)
		}
		theirs := doc(r.asked("report", url.Values{"tenant": {"fr"}})["report"].(map[string]any))
		if rows := listedIn(theirs, "ignored"); len(rows) != 1 || rows[0].text("referral") != a.ID {
			t.Errorf("the French one has %v", rows)
		}
	}, tenantSettings("fr")...)
}

// In shadow mode the report counts on how many records both systems agree, and lists the others by their fields; in
// earnest there is nothing of it any more.
func TestR154_TheDailyReportOfTheShadowSaysWhatWouldBeOtherwise(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Kept in step by another")
		again := func(own ...string) {
			r.product.end()
			r.product.ended.Wait()
			r.own = own
			r.start()
		}
		again("SYNC_MODE=shadow")
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		a := r.portalDeal(doc{"name": "In no pair"})
		r.advance(24 * time.Hour)
		day := r.report("")
		would := map[string]string{}
		for _, row := range listedIn(day, "shadow") {
			would[row.text("referral")] = row.text("would")
		}
		if len(would) != 2 || would[p.own] != `["change opportunity: dealValue"]` || !strings.Contains(would[a.ID], "create opportunity: ") || day.text("counts/different") != "2" {
			t.Errorf("otherwise is %v, counted %v", would, day["counts"])
		}
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000}) // the other system
		r.advance(24 * time.Hour)
		day = r.report("")
		if rows := listedIn(day, "shadow"); len(rows) != 1 || rows[0].text("referral") != a.ID || day.text("counts/same") != "1" || day.text("counts/different") != "1" {
			t.Errorf("once it is the same, otherwise is %v, counted %v", rows, day["counts"])
		}
		again()
		r.advance(timerEvery + aWhile) // of the same day
		if day = r.report(""); day["shadow"] != nil || day.text("counts/same") != "" {
			t.Errorf("in earnest the report has %v", day)
		}
	})
}

// Events come of the partner's referral and of Microsoft's, in any order: a deal is one row, counted once.
func TestADealWithMicrosoftsReferralIsOneRowOfTheShadow(t *testing.T) {
	play(t, func(r *rig) {
		a := r.microsoft(doc{"do": "invite", "referral": doc{"name": "Both sides told"}})
		for _, value := range []int{1000, 2000} {
			r.quiet()
			r.microsoft(doc{"do": "edit", "id": a.MicrosoftID, "changes": doc{"/details/dealValue": value}})
			r.advance(24 * time.Hour)
			day := r.report("")
			rows := listedIn(day, "shadow")
			if len(rows) != 1 || rows[0].text("referral") != a.ID || day.text("counts/different") != "1" {
				t.Errorf("otherwise is %v, counted %v", rows, day["counts"])
			}
		}
	}, "SYNC_MODE=shadow")
}
