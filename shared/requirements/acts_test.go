package requirements

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// acts is a person who chooses an action on an opportunity's form, and waits.
func (r *rig) acts(opportunity, action string) {
	r.t.Helper()
	r.edits("opportunity", opportunity, doc{"cosell_action": r.choice("cosell_action", action)})
	r.quiet()
	if left := r.opportunity(opportunity).text("cosell_action"); left != "" {
		r.t.Errorf("the form still asks for %s", left)
	}
}

// operates is an operator's act at a terminal.
func (r *rig) operates(route string, body doc) (status int, answer string) {
	r.t.Helper()
	status, answer = r.operator(http.MethodPost, "operator/"+route, body)
	r.quiet()
	return status, answer
}

func TestR152_SyncNowIsAnsweredOnTheRecord(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Looked at")
		mark := r.pc.calls()
		r.acts(p.opportunity, "sync")
		r.audited(p.opportunity, "looked at anew, as asked")
		r.pc.wrote(mark, 0)
		r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "status", "status": 422, "times": 1})
		r.edits("opportunity", p.opportunity, doc{"description": "A new text"})
		r.quiet()
		if got := r.referral(p.own).text("details/notes"); got == "A new text" {
			t.Fatal("nothing was refused")
		}
		r.acts(p.opportunity, "retry")
		if got := r.referral(p.own).text("details/notes"); got != "A new text" {
			t.Errorf("the notes are %q", got)
		}
	})
}

func TestR152_UnlinkFromTheFormAndFromATerminal(t *testing.T) {
	for name, unlink := range map[string]func(r *rig, p pair){
		"form": func(r *rig, p pair) { r.acts(p.opportunity, "unlink") },
		"terminal": func(r *rig, p pair) {
			if status, answer := r.operates("unlink", doc{"id": p.opportunity, "reason": "another deal"}); status != http.StatusOK {
				r.t.Errorf("%d %s", status, answer)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Let go")
				unlink(r, p)
				o := r.opportunity(p.opportunity)
				for _, column := range []string{"cosell_referralid", "cosell_referrallink", "cosell_microsoftstatus", "cosell_state"} {
					if o.text(column) != "" {
						t.Errorf("%s is %q", column, o.text(column))
					}
				}
				if o.text("cosell_sync") != "false" || strings.HasPrefix(o.text("name"), tick) {
					t.Errorf("Sync is %s, the name %q", o.text("cosell_sync"), o.text("name"))
				}
				r.audited(p.opportunity, "unlinked", p.own)
				mark, crm := r.pc.calls(), r.dv.calls()
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 12345})
				r.portalEdits(p.own, doc{"/details/dealValue": 54321})
				r.quiet()
				r.pc.wrote(mark, 0)
				r.dv.wrote(crm, 0)
			})
		})
	}
}

func TestR152_WhatMakesNoSenseIsExplained(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Nothing proposed")
		for action, says := range map[string]string{"link": "no referral asks", "notsame": "no referral asks", "ask": "how Microsoft can help"} {
			mark := r.pc.calls()
			r.acts(p.opportunity, action)
			r.audited(p.opportunity, "nothing was done", says)
			r.pc.wrote(mark, 0)
		}
	})
}

func TestR108_AskingAgainOpensANewEngagement(t *testing.T) {
	for name, ask := range map[string]func(r *rig, p pair){
		"form": func(r *rig, p pair) { r.acts(p.opportunity, "ask") },
		"terminal": func(r *rig, p pair) {
			if status, answer := r.operates("ask-again", doc{"id": p.own, "reason": "the seller has changed"}); status != http.StatusOK {
				r.t.Errorf("%d %s", status, answer)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Once more")
				r.microsoft(doc{"do": "decline", "id": p.microsoft, "reason": "No Microsoft seller directly manages this customer"})
				r.quiet()
				before := r.referral(p.own)
				mark := r.pc.calls()
				ask(r, p)
				var posts []string
				for _, w := range r.pc.writes(mark) {
					posts = append(posts, w.Method)
				}
				if !slices.Equal(posts, []string{"POST", "POST"}) {
					t.Errorf("written was %v", posts)
				}
				now := r.pairOf(p.opportunity)
				if now.own == p.own || now.own == "" || now.microsoft == "" || now.engagement == p.engagement || len(r.opportunities()) != 1 {
					t.Fatalf("%+v, before %+v", now, p)
				}
				if r.referral(now.own).text("externalReferenceId") != p.opportunity || len(changed(before, r.referral(p.own))) != 0 {
					t.Errorf("the CRM id is %s, the former referral changed in %v", r.referral(now.own).text("externalReferenceId"), changed(before, r.referral(p.own)))
				}
				r.audited(p.opportunity, now.own, p.own, p.microsoft)
				o := r.opportunity(p.opportunity)
				if o.text("cosell_microsoftstatus") != "Pending" || !strings.HasSuffix(o.text("cosell_referrallink"), now.own) {
					t.Errorf("Microsoft's status is %s, the link %s", o.text("cosell_microsoftstatus"), o.text("cosell_referrallink"))
				}
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
				r.quiet()
				if r.referral(now.own).text("details/dealValue") != "91000" || r.referral(p.own).text("details/dealValue") == "91000" {
					t.Error("the edit went to the former engagement")
				}
			})
		})
	}
}

func TestR108_AfterMicrosoftsSilenceItIsAskedAgainToo(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("No answer")
		r.advance(15 * 24 * time.Hour)
		if got := r.referral(p.microsoft).text("substatus"); got != "Expired" {
			t.Fatalf("Microsoft's referral is %s", got)
		}
		r.acts(p.opportunity, "ask")
		now := r.pairOf(p.opportunity)
		if now.own == p.own || now.microsoft == "" || r.referral(now.microsoft).text("status") != "New" || len(r.opportunities()) != 1 {
			t.Fatalf("%+v, before %+v", now, p)
		}
		r.audited(p.opportunity, now.own, p.own, p.microsoft)
	})
}

func TestR108_AKilledProcessAsksOnce(t *testing.T) {
	for _, point := range []string{before, committed} {
		for n := 1; n <= 2; n++ {
			t.Run(point, func(t *testing.T) {
				play(t, func(r *rig) {
					p := r.coSell("Killed while asking")
					r.microsoft(doc{"do": "decline", "id": p.microsoft})
					r.quiet()
					r.kill(http.MethodPost, "/referrals", point, n)
					r.edits("opportunity", p.opportunity, doc{"cosell_action": r.choice("cosell_action", "ask")})
					r.advance(10 * time.Minute)
					if now := r.pairOf(p.opportunity); len(r.referrals()) != 4 || now.own == p.own || now.microsoft == "" || r.opportunity(p.opportunity).text("cosell_action") != "" {
						t.Errorf("%d referrals, %+v", len(r.referrals()), now)
					}
				})
			})
		}
	}
}

func TestR108_BeforeMicrosoftHasAnsweredNobodyAsksAgain(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Impatient")
		mark := r.pc.calls()
		r.acts(p.opportunity, "ask")
		r.audited(p.opportunity, "neither declined nor let it expire", "Pending")
		if status, _ := r.operates("ask-again", doc{"id": p.opportunity, "reason": "impatience"}); status != http.StatusConflict {
			t.Errorf("the terminal says %d", status)
		}
		r.pc.wrote(mark, 0)
	})
}

func TestR110_ATrialIsNeverShownToMicrosoft(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("A trial", doc{"cosell_help": r.help("GeneralOrOther"), "cosell_visible": true})
		p := r.synced(id)
		own := r.referral(p.own)
		if own.text("consent/consentToShareReferralWithMicrosoftSellers") != "false" || own.text("type") != "Independent" || len(r.referrals()) != 1 {
			t.Errorf("shared %s, type %s, %d referrals", own.text("consent/consentToShareReferralWithMicrosoftSellers"), own.text("type"), len(r.referrals()))
		}
		r.audited(id, "share.never", "SYNC_SHARE")
		if r.opportunity(id).text("name") != tick+"A trial" {
			t.Errorf("the name is %q", r.opportunity(id).text("name"))
		}
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{"cosell_help": r.help("QuotesOrLicensing"), "description": "Tried"})
		r.quiet()
		r.pc.wrote(mark, 1)
		if r.referral(p.own).text("details/notes") != "Tried" {
			t.Error("the description did not cross")
		}
		later := r.private("Shown later")
		mark = r.pc.calls()
		r.edits("opportunity", later.opportunity, doc{"cosell_visible": true})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(later.opportunity, "share.never")
	}, "SYNC_SHARE=never")
}

func TestR110_CloseTestClosesATrialAsAnError(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("A trial that is over")
		if status, answer := r.operates("close-test", doc{"id": p.opportunity}); status != http.StatusBadRequest {
			t.Errorf("without a reason: %d %s", status, answer)
		}
		if status, answer := r.operates("close-test", doc{"id": p.opportunity, "reason": "the trial is over"}); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		d := r.referral(p.own)
		if d.text("status") != "Closed" || d.text("substatus") != "Error" || d.text("statusReason") != "Test referral" {
			t.Errorf("%s/%s, %s", d.text("status"), d.text("substatus"), d.text("statusReason"))
		}
		if o := r.opportunity(p.opportunity); o.text("statecode") != "2" || o.text("statuscode") != canceled {
			t.Errorf("the opportunity is %s/%s", o.text("statecode"), o.text("statuscode"))
		}
		if status, _ := r.operates("close-test", doc{"id": p.opportunity, "reason": "once more"}); status != http.StatusConflict {
			t.Errorf("closed twice: %d", status)
		}
	})
}

// Where Partner Center does not know Closed/Error for its API, the trial stays as it is and the operator hears why.
func TestR110_ATrialThatCannotBeClosedAsAnErrorStays(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"errorSubstatus": "refuse"})
		p := r.private("A trial that stays")
		status, answer := r.operates("close-test", doc{"id": p.opportunity, "reason": "the trial is over"})
		if status < http.StatusBadRequest || status >= http.StatusInternalServerError || r.referral(p.own).text("status") != "Active" || r.opportunity(p.opportunity).text("statecode") != "0" {
			t.Errorf("%d %s; %s, %s", status, answer, r.referral(p.own).text("status"), r.opportunity(p.opportunity).text("statecode"))
		}
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		if got := r.referral(p.own).text("details/dealValue"); got != "91000" {
			t.Errorf("afterwards the value is %s", got)
		}
	})
}
