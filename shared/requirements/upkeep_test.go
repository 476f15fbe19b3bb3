package requirements

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/queue"
)

func TestR88_BothDirectionsTakeLessThanAMinute(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Timed")
		var took []time.Duration
		// Every event comes a second late, and every call of either system takes a third of one.
		r.dv.delivery(doc{"delay": "1s"})
		r.pc.delivery(doc{"delay": "1s"})
		for _, s := range []*system{r.dv, r.pc} {
			s.fault(doc{"match": doc{}, "do": "delay", "delay": "300ms"})
		}
		for n := range 20 {
			began := time.Now()
			if n%2 == 0 {
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 1000 + n})
				r.until(func() bool { return r.referral(p.own).text("details/dealValue") == fmt.Sprint(1000+n) })
			} else {
				r.portalEdits(p.own, doc{"/details/dealValue": 2000 + n})
				r.until(func() bool { return r.opportunity(p.opportunity).text("estimatedvalue") == fmt.Sprint(2000+n) })
			}
			took = append(took, time.Since(began))
			r.quiet()
		}
		slices.Sort(took)
		if p95 := took[18]; p95 >= time.Minute || p95 < time.Second {
			t.Errorf("p95 is %s", p95)
		}
	})
}

// until lets the world work until something is so, at most two minutes.
func (r *rig) until(so func() bool) {
	r.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !so(); {
		if r.step() {
			continue
		}
		next, ok := r.nextWork()
		if !ok || next.After(end) {
			r.t.Fatal("it does not come to be so")
		}
		time.Sleep(time.Until(next))
	}
}

func TestR92_TwoAudiencesOneRefreshToken(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"rotateRefreshToken": true})
		p := r.private("Tokens")
		for range 3 {
			r.advance(2 * time.Hour) // tokens live for one
			r.portalEdits(p.own, doc{"/details/dealValue": time.Now().Unix() % 100000})
			r.reconcile() // reads the registration, too
			r.quiet()
		}
		if v, w := r.opportunity(p.opportunity).text("estimatedvalue"), r.referral(p.own).text("details/dealValue"); v != w {
			t.Errorf("CRM has %s, Partner Center %s", v, w)
		}
		for _, host := range []string{"api.partner.microsoft.com", "api.partnercenter.microsoft.com"} {
			if !slices.ContainsFunc(r.pc.since(0), func(e entry) bool { return strings.Contains(e.URL, "//"+host+"/") && e.Status == http.StatusOK }) {
				t.Errorf("%s was not called with a token that it takes", host)
			}
		}
		if stored := len(r.kv.writes(0)); stored < 4 || stored > 3*8 { // each redemption rotates: an hour and audience each
			t.Errorf("a rotated token was stored %d times", stored)
		}
	})
}

func TestR92_ALostRefreshTokenIsAnAlarmAndWorkResumesByItself(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Signed out")
		r.pc.switches(doc{"refreshToken": "revoked"})
		time.Sleep(2 * time.Hour)
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.portalEdits(p.own, doc{"/details/notes": "Waits"})
		r.advance(3 * time.Hour)
		if v := r.referral(p.own).text("details/dealValue"); v == "5000" {
			t.Fatal("it worked without a token")
		}
		if _, health := r.operator(http.MethodGet, "health", nil); !strings.Contains(health, "consent.lost") || !strings.Contains(health, `"ok":false`) {
			t.Errorf("health does not name it: %s", health)
		}
		if strings.HasPrefix(r.opportunity(p.opportunity).text("name"), cross) {
			t.Error("a cross for what is no trouble of the record")
		}
		r.pc.switches(doc{"refreshToken": "valid"})
		r.advance(time.Hour)
		if v, notes := r.referral(p.own).text("details/dealValue"), r.opportunity(p.opportunity).text("description"); v != "5000" || notes != "Waits" {
			t.Errorf("afterwards Partner Center has %s, CRM %q", v, notes)
		}
		if _, health := r.operator(http.MethodGet, "health", nil); strings.Contains(health, "consent.lost") {
			t.Errorf("health still names it: %s", health)
		}
	})
}

// parked are the messages set aside, as the operator's route lists them.
func (r *rig) parked() (rows []doc) {
	r.t.Helper()
	status, answer := r.operator(http.MethodGet, "operator/parked", nil)
	var out struct {
		Parked []doc `json:"parked"`
	}
	decoded(r.t, []byte(answer), &out)
	if status != http.StatusOK {
		r.t.Fatalf("%d %s", status, answer)
	}
	return out.Parked
}

// inQueue puts a message into a queue as it is.
func (r *rig) inQueue(name queue.Name, body string) {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	r.bus.put(&message{id: fmt.Sprint("m-", len(body)), queue: name, session: "s", body: []byte(body)})
}

func pointerTo(tenant, opportunity string, seen time.Time) string {
	return fmt.Sprintf(`{"v":1,"tenant":%q,"kind":"opportunity","id":%q,"reason":"Update","seen":%q,"attempt":0,"trace":"t"}`, tenant, opportunity, seen.Format(time.RFC3339))
}

func TestR94_APoisonMessageIsParkedWithReasonAndOriginal(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Poison")
		r.inQueue(queue.OpportunityChanged, "no pointer at all")
		r.inQueue(queue.OpportunityChanged, pointerTo("other", p.opportunity, time.Now()))
		r.quiet()
		rows := r.parked()
		if len(rows) != 2 || r.queued() != 0 {
			t.Fatalf("%d are parked, %d wait: %v", len(rows), r.queued(), rows)
		}
		for _, row := range rows {
			if row.text("reason") == "" || row.text("function") != "crmtopartnercenter" {
				t.Errorf("%v", row)
			}
			_, answer := r.operator(http.MethodGet, "operator/parked?id="+row.text("id"), nil)
			if !strings.Contains(answer, "no pointer at all") && !strings.Contains(answer, p.opportunity) {
				t.Errorf("the original is lost: %s", answer)
			}
		}
	})
}

func TestR94_WhatCouldNotWorkWorksAfterItsReplay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Replayed")
		r.dv.delivery(doc{"lose": true}) // the event below is the only one
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 7000})
		r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": 503})
		r.inQueue(queue.OpportunityChanged, pointerTo("default", p.opportunity, time.Now().Add(-14*24*time.Hour)))
		r.quiet()
		r.pc.healed()
		time.Sleep(time.Hour)
		r.quiet()
		rows := r.parked()
		if len(rows) != 1 || r.referral(p.own).text("details/dealValue") != "85000" {
			t.Fatalf("%d are parked, Partner Center has %s", len(rows), r.referral(p.own).text("details/dealValue"))
		}
		if status, answer := r.operator(http.MethodPost, "operator/parked/replay", doc{"id": rows[0].text("id")}); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "7000" || len(r.parked()) != 0 {
			t.Errorf("Partner Center has %s, %d are parked", v, len(r.parked()))
		}
	})
}

func TestR96_HealthTellsWhatAnOperatorNeeds(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Healthy")
		r.reconcile()
		var h doc
		_, answer := r.operator(http.MethodGet, "health", nil)
		decoded(t, []byte(answer), &h)
		if h.text("version") == "" || h.text("registrationUrl") != ourURL || h.text("tokenAge") == "" || h.text("parked") != "0" || h.text("lastSuccess") == "" || h.at("oldestUnfinished") != nil || h.at("ok") != true {
			t.Errorf("%s", answer)
		}
		r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": 503})
		began := time.Now()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.inQueue(queue.OpportunityChanged, "no pointer at all")
		r.quiet()
		r.advance(10 * time.Minute)
		_, answer = r.operator(http.MethodGet, "health", nil)
		decoded(t, []byte(answer), &h)
		if h.text("parked") != "1" {
			t.Errorf("parked are %s", h.text("parked"))
		}
		oldest, err := time.Parse(time.RFC3339, h.text("oldestUnfinished"))
		if err != nil || oldest.Before(began.Add(-time.Second)) || oldest.After(began.Add(time.Minute)) {
			t.Errorf("the oldest unfinished is of %v: %s", oldest, answer)
		}
	})
}

func TestR99_ListsAreReadToTheirLastPage(t *testing.T) {
	play(t, func(r *rig) {
		r.reconcile()
		r.pc.delivery(doc{"lose": true})
		r.dv.switches(doc{"pageSize": 2})
		const many = 120 // a page has 100
		for n := range many {
			r.portalDeal(doc{"name": fmt.Sprint("Deal ", n)})
		}
		time.Sleep(time.Minute)
		mark := r.pc.calls()
		r.reconcile()
		r.quiet()
		if n := len(r.opportunities()); n != many {
			t.Errorf("%d of %d deals arrived", n, many)
		}
		next := 0
		for _, e := range r.pc.since(mark) {
			if strings.Contains(e.ResponseBody, "@odata.nextLink") {
				next++
			}
		}
		if next == 0 {
			t.Error("there was one page only")
		}
	})
}
