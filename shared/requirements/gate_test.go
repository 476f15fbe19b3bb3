package requirements

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

func TestR32_MicrosoftsReferralIsFoundByItsEngagement(t *testing.T) {
	for _, names := range []string{"related", "own"} {
		t.Run(names, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"relatedEventId": names})
				p := r.coSell("Related")
				before := r.opportunity(p.opportunity)
				r.microsoft(doc{"do": "accept", "id": p.microsoft, "msxId": "7-RELATED"})
				r.quiet()
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
	for _, row := range r.dv.records()["task"] {
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

// The views of infra/dataverse/schema.json find the deals by the states that were written above.
func TestR107_TheViewsFindTheStates(t *testing.T) {
	play(t, func(r *rig) {
		var schema struct {
			Views []struct{ Table, Name, Filter string }
		}
		must(t, json.Unmarshal(dataverse.Schema, &schema))
		filters := map[string]string{}
		for _, v := range schema.Views {
			filters[strings.TrimPrefix(v.Name, "Co-sell: ")] = v.Filter
		}
		for view, states := range map[string][]string{"Failed": {"failed"}, "Held": {"held"},
			"Awaiting us": {"pending", "acceptance.incomplete", "link.unconfirmed", "account.unclear"}} {
			for _, state := range states {
				if want := fmt.Sprint("cosell_state eq ", r.choice("cosell_state", state)); !strings.Contains(filters[view], want) {
					t.Errorf("view %s does not hold %s: %s", view, state, filters[view])
				}
			}
		}
		if filters["Awaiting Microsoft"] != "cosell_microsoftstatus eq 'Pending'" {
			t.Errorf("Awaiting Microsoft holds %s", filters["Awaiting Microsoft"])
		}
	})
}

func TestR107_TheStatusColumnsTellHowThingsStand(t *testing.T) {
	play(t, func(r *rig) {
		state := func(id, want string) {
			t.Helper()
			if got := r.opportunity(id).text("cosell_state"); got != fmt.Sprint(r.choice("cosell_state", want)) {
				t.Errorf("the state is %s instead of %s", got, want)
			}
		}
		p := r.coSell("States")
		state(p.opportunity, "insync")
		if got := r.opportunity(p.opportunity).text("cosell_microsoftstatus"); got != "Pending" {
			t.Errorf("Microsoft's status is %q", got)
		}
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}, "code": "plausibility"})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		state(p.opportunity, "failed")
		if code := r.opportunity(p.opportunity).text("cosell_errorcode"); code == "" {
			t.Error("no error code")
		}
		r.pc.unruled()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 6000})
		r.quiet()
		state(p.opportunity, "insync")
		if code := r.opportunity(p.opportunity).text("cosell_errorcode"); code != "" {
			t.Errorf("the error code stays: %s", code)
		}
		invited := r.invited("Answer me")
		state(invited.opportunity, "pending")
		if o := r.opportunity(invited.opportunity); !strings.HasPrefix(o.text("cosell_expires"), "2026-03-16") {
			t.Errorf("it expires %q", o.text("cosell_expires"))
		}
		time.Sleep(time.Hour)
		r.portalEdits(p.own, doc{"/details/notes": "Comes an hour later"})
		r.quiet()
		if got, now := r.opportunity(p.opportunity).text("cosell_lastsync"), time.Now().UTC().Format("2006-01-02T15"); !strings.HasPrefix(got, now) {
			t.Errorf("the last sync is %q at %s", got, now)
		}
		r.partner(doc{"do": "decline", "id": invited.own, "reason": "Others"})
		r.quiet()
		state(invited.opportunity, "closed")
	})
}

// What the sellers' page says of a tick without a new line, and that it is so.
func TestR107_ATickWithoutANewLineMeansSent(t *testing.T) {
	page, err := os.ReadFile("../../docs/on-the-form.md")
	must(t, err)
	if !strings.Contains(string(page), "A tick without a new line means sent.") {
		t.Error("the sellers' page does not say it")
	}
	play(t, func(r *rig) {
		p := r.private("Sent")
		mark, had := r.dv.calls(), len(r.audit(p.opportunity))
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		r.dv.wrote(mark, 0)
		r.named(p.opportunity, tick+"Sent")
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(r.audit(p.opportunity)) != had {
			t.Errorf("Partner Center has %s; Audit says %q", v, r.audit(p.opportunity))
		}
	})
}

func TestR107_ByTheSettingTheLastSyncFollowsPlainEdits(t *testing.T) {
	for setting, follows := range map[string]bool{"never": false, "quiet": true} {
		t.Run(setting, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Last sync")
				first := r.opportunity(p.opportunity).text("cosell_lastsync")
				time.Sleep(time.Hour)
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
				r.quiet()
				r.reconcile()
				r.quiet()
				if now := r.opportunity(p.opportunity).text("cosell_lastsync"); now != first {
					t.Errorf("it is written before five quiet minutes: %s", now)
				}
				r.advance(20 * time.Minute)
				if now := r.opportunity(p.opportunity).text("cosell_lastsync"); (now != first) != follows {
					t.Errorf("it was %s and is %s", first, now)
				}
			}, "SYNC_LAST_SYNC="+setting)
		})
	}
}

func TestR116_AConversionElsewhereIsTakenOver(t *testing.T) {
	for who, convert := range map[string]func(r *rig, p pair){
		"partner":   func(r *rig, p pair) { r.partner(doc{"do": "update", "id": p.own, "help": "ProofOfConceptOrDemo"}) },
		"Microsoft": func(r *rig, p pair) { r.microsoft(doc{"do": "upgrade", "id": p.own, "help": "ProofOfConceptOrDemo"}) },
	} {
		t.Run(who, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Converted elsewhere")
				if who == "partner" {
					r.portalEdits(p.own, doc{"/customerProfile/team/-": doc{"firstName": "Ada", "lastName": "Example", "email": "ada@tailspin.example", "phoneNumber": "+49405550100"}})
				}
				mark := r.pc.calls()
				convert(r, p)
				r.quiet()
				o := r.opportunity(p.opportunity)
				if o.text("cosell_visible") != "true" || o.text("cosell_help") != fmt.Sprint(r.help("ProofOfConceptOrDemo")) || o.text("cosell_referralid") != p.own {
					t.Errorf("visible %s, help %s, identifier %s", o.text("cosell_visible"), o.text("cosell_help"), o.text("cosell_referralid"))
				}
				for _, w := range r.pc.writes(mark) { // the contact may be named now, which nobody could be before
					if w.Method != http.MethodPatch || !strings.Contains(w.Body, "/customerProfile/team") || strings.Count(w.Body, `"op"`) != 1 {
						t.Errorf("written was %s", listed([]written{w}))
					}
				}
			})
		})
	}
}

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
		for _, row := range r.dv.records()["opportunityclose"] {
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
