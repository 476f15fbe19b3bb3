package requirements

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestR68_HelpOnAPrivateDealMakesItACoSellDeal(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Converted")
		r.edits("opportunity", p.opportunity, doc{"cosell_help": r.help("ProofOfConceptOrDemo")})
		r.quiet()
		q := r.pairOf(p.opportunity)
		d := r.referral(q.own)
		if q.own != p.own || q.microsoft == "" || d.at("consent/consentToShareReferralWithMicrosoftSellers") != true || r.opportunity(p.opportunity).text("cosell_visible") != "true" {
			t.Errorf("%+v after %+v, shared %v", q, p, d.at("consent/consentToShareReferralWithMicrosoftSellers"))
		}
		if help := r.referral(q.microsoft).text("inviteContext/assistanceRequestCode"); help != "ProofOfConceptOrDemo" {
			t.Errorf("asked was %q", help)
		}
	})
}

func TestR69_VisibilityNeverGoesBack(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("One way", doc{"cosell_visible": true})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"cosell_visible": false})
		r.quiet()
		r.pc.wrote(mark, 0)
		if r.opportunity(p.opportunity).text("cosell_visible") != "true" {
			t.Error("it was not restored")
		}
		if lines := r.audit(p.opportunity); len(lines) < 2 || !strings.Contains(strings.ToLower(lines[0]), "visible") {
			t.Errorf("Audit does not explain it: %v", lines)
		}
	})
}

func TestR70_VisibilityAloneAsksNobody(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Visible later")
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"cosell_visible": true})
		r.quiet()
		if d := r.referral(p.own); d.at("consent/consentToShareReferralWithMicrosoftSellers") != true || len(r.referrals()) != 1 || len(r.posts(mark)) != 0 {
			t.Errorf("shared %v, %d referrals", d.at("consent/consentToShareReferralWithMicrosoftSellers"), len(r.referrals()))
		}
	})
}

func TestR71_HelpIsAskedOnce(t *testing.T) {
	for what, value := range map[string]any{"changed": 700010003, "cleared": nil} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Asked")
				mark := r.pc.calls()
				r.edits("opportunity", p.opportunity, doc{"cosell_help": value})
				r.quiet()
				r.pc.wrote(mark, 0)
				if lines := r.audit(p.opportunity); len(lines) < 2 || !strings.Contains(lines[0], "elp") {
					t.Errorf("Audit does not tell it: %v", lines)
				}
				if d := r.referral(p.microsoft).text("inviteContext/assistanceRequestCode"); d != "WorkloadSpecificValueProposition" {
					t.Errorf("asked is now %q", d)
				}
			})
		})
	}
}

// complete is an invitation in the CRM that lacks nothing for its acceptance.
func (r *rig) complete(name string) pair {
	r.t.Helper()
	p := r.invited(name)
	r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 9000, "estimatedclosedate": "2026-06-30", "description": "Ours", "name": name})
	if len(r.solutionsOf(p.opportunity)) == 0 {
		r.solution(p.opportunity, "SOL-12345-ABC", "Northwind Forecast")
	}
	r.quiet()
	return p
}

func TestR72_OnHoldToInProgressAccepts(t *testing.T) {
	play(t, func(r *rig) {
		p := r.complete("Accepted here")
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.quiet()
		d := r.referral(p.own)
		if d.text("status") != "Active" || d.text("substatus") != "Accepted" {
			t.Errorf("the referral is %s/%s; Audit says %v", d.text("status"), d.text("substatus"), r.audit(p.opportunity))
		}
		if len(r.pc.writes(mark)) == 0 {
			t.Error("nothing was sent")
		}
	})
}

func TestR73_ALostInvitationIsDeclinedWithItsReason(t *testing.T) {
	for _, c := range []struct{ form, typed, want string }{
		{"text", "Customer didn't respond", "Customer didn't respond"}, {"text", "We have no time", "Others"},
		{"code", "Customer didn't respond", "2"}, {"code", "We have no time", "8"},
	} {
		t.Run(c.form+" "+c.typed, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"statusReason": c.form}) // Partner Center takes no other
				p := r.invited("Declined here")
				r.person(doc{"do": "lose", "id": p.opportunity, "reason": c.typed})
				r.quiet()
				if s := r.referral(p.own).text("status"); s != "New" {
					t.Errorf("declined without grace: %s", s)
				}
				r.advance(15 * time.Minute)
				d := r.referral(p.own)
				if d.text("status") != "Closed" || d.text("substatus") != "Declined" || !strings.EqualFold(d.text("statusReason"), c.want) {
					t.Errorf("the referral is %s/%s, reason %q", d.text("status"), d.text("substatus"), d.text("statusReason"))
				}
			}, "PARTNER_CENTER_REASONS="+c.form)
		})
	}
}

func TestR74_WonAndLostReachPartnerCenter(t *testing.T) {
	for do, substatus := range map[string]string{"win": "Won", "lose": "Lost"} {
		t.Run(do, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Closed here", doc{"estimatedvalue": 9000})
				r.person(doc{"do": do, "id": p.opportunity, "reason": "Customer chose another vendor"})
				r.quiet()
				d := r.referral(p.own)
				if d.text("status") != "Closed" || d.text("substatus") != substatus {
					t.Errorf("the referral is %s/%s", d.text("status"), d.text("substatus"))
				}
				if do == "lose" && d.text("statusReason") == "" {
					t.Error("no reason")
				}
			})
		})
	}
}

func TestR75_AnEligibleDealIsWonWhenItIsTime(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Registrable")
		r.microsoft(doc{"do": "accept", "id": p.microsoft})
		r.quiet()
		mark := r.pc.calls()
		r.person(doc{"do": "win", "id": p.opportunity})
		r.quiet()
		r.pc.wrote(mark, 0)
		if got := r.opportunity(p.opportunity).text("cosell_state"); got != fmt.Sprint(r.choice("cosell_state", "won.waiting")) {
			t.Errorf("the state is %s", got)
		}
		r.audited(p.opportunity, "2026-03-05 09:")
		if h := r.health(); !strings.Contains(h, `"ok":true`) {
			t.Errorf("what a rule wants is an alarm: %s", h)
		}
		r.advance(71 * time.Hour)
		r.pc.wrote(mark, 0)
		r.advance(2 * time.Hour)
		if d := r.referral(p.own); d.text("substatus") != "Won" {
			t.Errorf("after 73 h the referral is %s/%s", d.text("status"), d.text("substatus"))
		}
	})
}

func TestR75_ByTheSettingItIsWonAtOnce(t *testing.T) {
	for _, guard := range []string{"warn", "off"} {
		t.Run(guard, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Registrable")
				r.microsoft(doc{"do": "accept", "id": p.microsoft})
				r.quiet()
				r.person(doc{"do": "win", "id": p.opportunity})
				r.quiet()
				warned := slices.ContainsFunc(r.audit(p.opportunity), func(line string) bool { return strings.Contains(line, "regist") })
				if d := r.referral(p.own); d.text("substatus") != "Won" || warned != (guard == "warn") {
					t.Errorf("the referral is %s, Audit says %v", d.text("substatus"), r.audit(p.opportunity))
				}
			}, "SYNC_WON_GUARD="+guard)
		})
	}
}

func TestR76_AClosedDealCannotBeOpenedAgain(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Reopened", doc{"estimatedvalue": 9000})
		r.person(doc{"do": "lose", "id": p.opportunity})
		r.quiet()
		mark := r.pc.calls()
		r.person(doc{"do": "reopen", "id": p.opportunity})
		r.quiet()
		r.pc.wrote(mark, 0)
		if s := r.referral(p.own).text("status"); s != "Closed" {
			t.Errorf("the referral is %s", s)
		}
		if lines := r.audit(p.opportunity); len(lines) == 0 || !strings.Contains(strings.ToLower(lines[0]), "open") {
			t.Errorf("Audit does not explain it: %v", lines)
		}
	})
}

func TestR78_ErrorIsTheEndAndItsReasonIsShown(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("In error", doc{"estimatedvalue": 9000})
		r.partner(doc{"do": "error", "id": p.own, "reason": "Duplicate, created in Partner Center"})
		r.quiet()
		if o := r.opportunity(p.opportunity); o.text("statecode") != "2" || o.text("statuscode") != canceled {
			t.Errorf("the opportunity is %s/%s", o.text("statecode"), o.text("statuscode"))
		}
		r.audited(p.opportunity, "Duplicate, created in Partner Center")
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"description": "Too late"})
		r.pc.call(http.MethodPost, "/redeliver", doc{"all": true})
		r.quiet()
		r.pc.wrote(mark, 0)
	})
}
