package requirements

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestR32_MicrosoftsReferralIsFoundByItsEngagement(t *testing.T) {
	for _, names := range []string{"related", "own"} {
		t.Run(names, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"relatedEventId": names})
				p := r.coSell("Related")
				before, pc := r.opportunity(p.opportunity), r.pc.calls()
				r.microsoft(doc{"do": "edit", "id": p.microsoft, "changes": doc{"/details/dealValue": 1, "/details/closingDateTime": "2027-01-01T00:00:00Z", "/details/notes": "Microsoft's own"}})
				r.quiet()
				r.microsoft(doc{"do": "accept", "id": p.microsoft, "msxId": "7-RELATED"})
				r.quiet()
				r.pc.wrote(pc, 0)
				got := slices.DeleteFunc(r.touched(p.opportunity, before), func(column string) bool { return strings.HasPrefix(column, "cosell_microsoft") })
				if len(got) != 0 || r.opportunity(p.opportunity).text("cosell_microsoftcrmid") != "7-RELATED" {
					t.Errorf("touched were %v too, Microsoft's id is %q", got, r.opportunity(p.opportunity).text("cosell_microsoftcrmid"))
				}
			})
		})
	}
}

// tasks are the tasks of an opportunity.
func (r *rig) tasks(opportunity string) (out []doc) {
	r.t.Helper()
	for _, row := range r.dv.table("task") {
		if row.text("_regardingobjectid_value") == opportunity {
			out = append(out, row)
		}
	}
	return out
}

func open(tasks []doc) int {
	n := 0
	for _, task := range tasks {
		if task.text("statecode") == "0" {
			n++
		}
	}
	return n
}

func TestR77_AnInvitationIsATaskAndAReminderUntilItIsAnswered(t *testing.T) {
	play(t, func(r *rig) {
		p := r.complete("Answer me")
		if tasks := r.tasks(p.opportunity); len(tasks) != 1 || open(tasks) != 1 || tasks[0].text("_ownerid_value") != r.opportunity(p.opportunity).text("_ownerid_value") {
			t.Fatalf("at arrival there are %v", tasks)
		}
		r.advance(12 * 24 * time.Hour)
		if tasks := r.tasks(p.opportunity); len(tasks) != 2 {
			t.Errorf("before the end there are %d tasks", len(tasks))
		}
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.quiet()
		if n := open(r.tasks(p.opportunity)); n != 0 || r.referral(p.own).text("status") != "Active" {
			t.Errorf("%d tasks are open, the referral is %s", n, r.referral(p.own).text("status"))
		}
	})
}

func TestR77_TheReminderComesWhateverTheAcceptanceWaitsFor(t *testing.T) {
	play(t, func(r *rig) {
		p := r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": "Half a deal", "details": doc{"dealValue": 0}}}))
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.advance(11*24*time.Hour + time.Hour)
		r.audited(p.opportunity, "2026-03-16", "3 days left")
	})
}

func TestR77_AnExpiredInvitationIsCancelled(t *testing.T) {
	play(t, func(r *rig) {
		p := r.invited("Too late")
		r.advance(15 * 24 * time.Hour)
		o := r.opportunity(p.opportunity)
		if o.text("statecode") != "2" || o.text("statuscode") != canceled || open(r.tasks(p.opportunity)) != 0 {
			t.Errorf("the opportunity is %s/%s, %d tasks are open", o.text("statecode"), o.text("statuscode"), open(r.tasks(p.opportunity)))
		}
		r.audited(p.opportunity, "xpired")
	})
}

// An opportunity that a person moved on stays as it is (R138).
func TestR77_ExpiryNeverCancelsWhatAPersonMovedOn(t *testing.T) {
	play(t, func(r *rig) {
		p := r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": "Moved on", "details": doc{"dealValue": 0}}}))
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress}) // accepted, but without a value
		r.advance(15 * 24 * time.Hour)
		if s := r.referral(p.own).text("substatus"); s != "Expired" {
			t.Fatalf("the referral is %s", s)
		}
		if o := r.opportunity(p.opportunity); o.text("statecode") != "0" {
			t.Errorf("the opportunity is %s/%s", o.text("statecode"), o.text("statuscode"))
		}
		r.audited(p.opportunity, "xpired")
	})
}

func TestR103_WhatFailedIsTriedAgainByItself(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Heals")
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		r.named(p.opportunity, cross+"Heals")
		r.advance(6 * time.Hour)
		if n := len(r.pc.writes(mark)); n < 3 || n > 12 {
			t.Errorf("%d tries in six hours", n)
		}
		r.pc.unruled()
		r.advance(25 * time.Hour)
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" {
			t.Errorf("Partner Center has %s", v)
		}
		r.named(p.opportunity, tick+"Heals")
	})
}

func TestR103_AfterTwoWeeksItIsTriedDaily(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Old trouble")
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.advance(15 * 24 * time.Hour)
		mark := r.pc.calls()
		for range 4 {
			r.advance(24 * time.Hour)
		}
		if n := len(r.pc.writes(mark)); n < 3 || n > 5 {
			t.Errorf("%d tries in four days", n)
		}
		if rows := r.held(); len(rows) != 1 {
			t.Errorf("held is %v", rows)
		}
		if h := r.health(); !strings.Contains(h, `"record":1`) {
			t.Errorf("health does not count it: %s", h)
		}
	})
}

func TestR121_ADayOfParisStaysADay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Paris", doc{"estimatedclosedate": "2026-06-30"})
		if d := r.referral(p.own).text("details/closingDateTime"); d != "2026-06-29T22:00:00Z" {
			t.Errorf("Partner Center has %s", d)
		}
		r.portalEdits(p.own, doc{"/details/closingDateTime": "2026-12-23T23:00:00Z"})
		r.quiet()
		if d := r.opportunity(p.opportunity).text("estimatedclosedate"); d != "2026-12-24" {
			t.Errorf("CRM has %s", d)
		}
		mark := r.pc.calls()
		r.pc.call(http.MethodPost, "/redeliver", doc{"all": true})
		r.quiet()
		r.pc.wrote(mark, 0)
	}, "PARTNER_CENTER_TIME_ZONE=Europe/Paris")
}
