package requirements

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Whatever the answer's status is: each refusal of a write leaves a row that says all of it, until both sides agree.
func TestR126_EachRefusedWriteLeavesARow(t *testing.T) {
	for _, status := range []int{400, 403, 409, 422} {
		for _, side := range []string{"referral", "opportunity"} {
			t.Run(fmt.Sprint(side, " ", status), func(t *testing.T) {
				play(t, func(r *rig) {
					p := r.private("Held")
					if side == "referral" {
						r.pc.rule(doc{"match": doc{"path": "details/notes"}, "status": status, "message": "No such words."})
						r.edits("opportunity", p.opportunity, doc{"description": "Words"})
					} else {
						r.dv.rule(doc{"match": doc{"table": "opportunity", "column": "description"}, "status": status, "message": "No such words."})
						r.portalEdits(p.own, doc{"/details/notes": "Words"})
					}
					r.quiet()
					rows := r.held()
					if len(rows) != 1 {
						t.Fatalf("held is %v", rows)
					}
					row := rows[0]
					for member, want := range map[string]string{"place": side, "field": "notes", "class": "record", "opportunity": p.opportunity, "referral": p.own, "attempts": "1"} {
						if row.text(member) != want {
							t.Errorf("%s is %q in %v", member, row.text(member), row)
						}
					}
					for _, member := range []string{"code", "text", "mend", "since", "next"} {
						if row.text(member) == "" {
							t.Errorf("no %s in %v", member, row)
						}
					}
					r.pc.unruled()
					r.dv.unruled()
					r.advance(time.Hour)
					if r.referral(p.own).text("details/notes") != "Words" || r.opportunity(p.opportunity).text("description") != "Words" || len(r.held()) != 0 {
						t.Errorf("afterwards %q and %q, held is %v", r.referral(p.own).text("details/notes"), r.opportunity(p.opportunity).text("description"), r.held())
					}
				})
			})
		}
	}
}

// A record that may not be read, and one that is not made, is held as a whole.
func TestR126_ARefusedReadAndARefusedCreationLeaveARowToo(t *testing.T) {
	t.Run("read", func(t *testing.T) {
		play(t, func(r *rig) {
			p := r.private("Hidden")
			r.pc.fault(doc{"match": doc{"method": "GET", "url": "/referrals/" + p.own}, "do": "status", "status": 403})
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
			r.quiet()
			if rows := r.held(); len(rows) != 1 || rows[0].text("field") != "*" || rows[0].text("opportunity") != p.opportunity {
				t.Fatalf("held is %v", rows)
			}
			r.pc.healed()
			r.advance(time.Hour)
			if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(r.held()) != 0 {
				t.Errorf("Partner Center has %s, held is %v", v, r.held())
			}
		})
	})
	t.Run("creation", func(t *testing.T) {
		play(t, func(r *rig) {
			r.pc.rule(doc{"match": doc{"method": "POST", "url": "/referrals$"}, "message": "Not today."})
			id := r.deal("Not made")
			r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
			r.edits("opportunity", id, doc{"cosell_sync": true})
			r.quiet()
			if rows := r.held(); len(rows) != 1 || rows[0].text("field") != "*" || rows[0].text("place") != "referral" || rows[0].text("opportunity") != id {
				t.Fatalf("held is %v", rows)
			}
			r.audited(id, "Not today.")
			r.pc.unruled()
			r.advance(2 * timerEvery)
			if p := r.pairOf(id); p.own == "" || len(r.held()) != 0 {
				t.Errorf("%+v, held is %v", p, r.held())
			}
		})
	})
}

// tries are the times of the product's writes to Partner Center whose address holds a text, since a mark.
func (r *rig) tries(mark int, method string) (at []time.Time) {
	r.t.Helper()
	for _, w := range r.pc.writes(mark) {
		if w.Method == method {
			at = append(at, w.At)
		}
	}
	return at
}

func TestR126_WhatIsHeldIsTriedAfterAQuarterAndThenDoublesToADay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Patient")
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		pass := func(after time.Duration) int {
			time.Sleep(after)
			r.reconcile()
			r.quiet()
			return len(r.tries(mark, http.MethodPatch))
		}
		for n, wait := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
			if tries := pass(wait - time.Minute); tries != n+1 {
				t.Fatalf("%d tries a minute before %s have passed", tries, wait)
			}
			if tries := pass(2 * time.Minute); tries != n+2 {
				t.Fatalf("%d tries after %s", tries, wait)
			}
		}
	})
}

func TestR126_ARefusedCreationIsTriedAtEachPassOfItsFirstHour(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.rule(doc{"match": doc{"method": "POST", "url": "/referrals$"}, "message": "Not today."})
		id := r.deal("Not made")
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.advance(time.Hour)
		if n := len(r.tries(mark, http.MethodPost)); n < 10 || n > 14 {
			t.Errorf("%d tries in the first hour", n)
		}
		mark = r.pc.calls()
		for range 8 {
			r.advance(time.Hour)
		}
		if n := len(r.tries(mark, http.MethodPost)); n < 3 || n > 8 {
			t.Errorf("%d tries in the next eight", n)
		}
		if lines := r.audit(id); len(lines) != 1 {
			t.Errorf("Audit says %v", lines)
		}
	})
}

// Between two tries it is sent again only when somebody has changed something about it.
func TestR126_WhatIsHeldIsSentAgainOnlyWhenSomethingChanged(t *testing.T) {
	for what, c := range map[string]struct {
		do    func(r *rig, p pair)
		tries int
	}{
		"an event without a change": {func(r *rig, _ pair) { r.dv.call(http.MethodPost, "/redeliver", doc{"all": true}) }, 0},
		"a column of no field":      {func(r *rig, p pair) { r.edits("opportunity", p.opportunity, doc{"stepname": "Closing"}) }, 0},
		"its value": {func(r *rig, p pair) {
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 6000})
		}, 1},
		"the other side": {func(r *rig, p pair) { r.portalEdits(p.own, doc{"/details/notes": "Ask me"}) }, 1},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Waits")
				r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
				r.quiet()
				mark := r.pc.calls()
				c.do(r, p)
				r.quiet()
				r.pc.wrote(mark, c.tries)
			})
		})
	}
}

// What waits for a person is shown and listed, never timed and no alarm.
func TestR126_WhatWaitsForAPersonIsNeverTimed(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Emptied")
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": nil})
		r.advance(30 * time.Hour)
		r.pc.wrote(mark, 0)
		if rows := r.held(); len(rows) != 1 || rows[0].text("class") != "rule" || rows[0].text("next") != "" || rows[0].text("attempts") != "0" {
			t.Errorf("held is %v", rows)
		}
		if h := r.health(); !strings.Contains(h, `"ok":true`) {
			t.Errorf("health says %s", h)
		}
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 7000})
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "7000" || len(r.held()) != 0 {
			t.Errorf("Partner Center has %s, held is %v", v, r.held())
		}
	})
}

// What one record's values are refused for is counted and is no alarm, before it is old or there are many.
func TestR126_RefusedValuesAreAnAlarmOnlyWhenTheyAreManyOrOld(t *testing.T) {
	refused := func(r *rig, deals int) {
		var all []pair
		for n := range deals {
			all = append(all, r.private(fmt.Sprint("Deal ", n)))
		}
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		for _, p := range all {
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		}
		r.quiet()
	}
	says := func(r *rig, deals int, ok bool) {
		r.t.Helper()
		if h := r.health(); !holdsAll(h, []string{fmt.Sprintf(`"ok":%v`, ok), fmt.Sprintf(`"record":%d`, deals)}) || strings.Contains(h, `"held.record"`) == ok {
			r.t.Errorf("with %d refused health says %s", deals, h)
		}
	}
	t.Run("old", func(t *testing.T) {
		play(t, func(r *rig) {
			refused(r, 2)
			says(r, 2, true)
			r.advance(6 * 24 * time.Hour)
			says(r, 2, true)
			r.advance(2 * 24 * time.Hour)
			says(r, 2, false)
		})
	})
	t.Run("many", func(t *testing.T) {
		play(t, func(r *rig) {
			refused(r, 26)
			says(r, 26, false)
		})
	})
}

// The status is never left out: an invitation that CRM cannot put On Hold becomes what CRM allows, and nothing of that
// is an answer.
func TestR127_APendingDealThatCannotBeOnHoldIsMadeAndAcceptsNothing(t *testing.T) {
	for what, forbid := range map[string]func(r *rig){
		"there is no such status reason": func(r *rig) {
			r.administrator(doc{"do": "option", "table": "opportunity", "column": "statuscode", "value": onHold, "remove": true})
		},
		"a rule refuses it": func(r *rig) {
			r.dv.rule(doc{"match": doc{"table": "opportunity", "column": "statuscode", "value": "^2$"}, "message": "No new deal is On Hold."})
		},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				forbid(r)
				a := r.microsoft(doc{"do": "invite", "referral": doc{"name": "Not on hold"}})
				r.quiet()
				ids := r.naming(a.ID)
				if len(ids) != 1 {
					t.Fatalf("%d opportunities, health says %s", len(ids), r.health())
				}
				o := r.opportunity(ids[0])
				if o.text("statecode") != "0" || o.text("cosell_state") != fmt.Sprint(r.choice("cosell_state", "pending")) || o.text("cosell_sync") != "true" {
					t.Errorf("state %s/%s, co-sell state %s", o.text("statecode"), o.text("statuscode"), o.text("cosell_state"))
				}
				r.audited(ids[0], "On Hold", "waits for an answer")
				r.edits("opportunity", ids[0], doc{"estimatedvalue": 9000, "estimatedclosedate": "2026-06-30", "description": "Ours"})
				r.advance(time.Hour)
				if s := r.referral(a.ID).text("status"); s != "New" {
					t.Errorf("nobody accepted it, and it is %s", s)
				}
				r.person(doc{"do": "lose", "id": ids[0], "reason": "Not a customer"})
				r.advance(15 * time.Minute)
				if d := r.referral(a.ID); d.text("substatus") != "Declined" || d.text("statusReason") != "Not a customer" {
					t.Errorf("a person declined it, and it is %s/%s, %q", d.text("status"), d.text("substatus"), d.text("statusReason"))
				}
			})
		})
	}
}

// Whoever dies once such a row was made, and before that was remembered, takes what a person types into it for no
// answer either.
func TestR127_ADeathBesideARowThatCouldNotBeOnHoldAcceptsNothing(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "option", "table": "opportunity", "column": "statuscode", "value": onHold, "remove": true})
		r.kill(http.MethodPost, "/\\$batch$", committed, 2) // the first is refused
		a := r.microsoft(doc{"do": "invite", "referral": doc{"name": "Not on hold"}})
		for range 20 {
			if r.step(); r.died() {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		ids := r.naming(a.ID)
		if !r.died() || len(ids) != 1 {
			t.Fatalf("died: %v, %d opportunities", r.died(), len(ids))
		}
		r.edits("opportunity", ids[0], doc{"estimatedvalue": 9000, "estimatedclosedate": "2026-06-30", "description": "Ours", "name": "As we call it"})
		r.advance(time.Hour)
		if s := r.referral(a.ID).text("status"); s != "New" || len(r.opportunities()) != 1 {
			t.Errorf("the referral is %s, %d opportunities", s, len(r.opportunities()))
		}
	})
}

// A referral that CRM takes no row of is listed with its id and its link.
func TestR127_WhatHasNoRowIsListedWithItsLink(t *testing.T) {
	play(t, func(r *rig) {
		r.dv.rule(doc{"match": doc{"method": "PATCH", "table": "opportunity"}, "message": "Nothing today."})
		a := r.portalDeal(doc{"name": "Kept out"})
		r.quiet()
		rows := r.held()
		if len(rows) != 1 || rows[0].text("referral") != a.ID || !strings.Contains(rows[0].text("text"), "https://partner.microsoft.com/referrals/v2/inbox?id="+a.ID) {
			t.Errorf("held is %v", rows)
		}
		if h := r.health(); !strings.Contains(h, a.ID) || !strings.Contains(h, `"ok":false`) {
			t.Errorf("health says %s", h)
		}
	})
}

// A second referral that names an opportunity which has one already is told there, and nothing is written to it.
func TestR127_ASecondReferralOfALinkedDealIsToldAndNotWritten(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Has one already")
		before := r.opportunity(p.opportunity)
		a := r.portalDeal(doc{"name": "The second", "externalReferenceId": p.opportunity})
		mark := r.pc.calls()
		r.quiet()
		r.advance(time.Hour)
		for _, w := range r.pc.writes(mark) {
			if strings.Contains(w.Path, a.ID) {
				t.Errorf("written was %s", listed([]written{w}))
			}
		}
		if len(r.opportunities()) != 1 || len(r.touched(p.opportunity, before)) != 0 {
			t.Errorf("%d opportunities, touched were %v", len(r.opportunities()), r.touched(p.opportunity, before))
		}
		r.audited(p.opportunity, a.ID)
	})
}
