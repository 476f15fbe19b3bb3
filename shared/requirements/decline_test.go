package requirements

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The reason of a decline is the closer's words if they are one of Partner Center's, else what the status reason
// stands for by the sheet, else the one for all others.
func TestR137_TheReasonOfADecline(t *testing.T) {
	for name, c := range map[string]struct {
		typed  string
		status int
		sheet  string
		want   string
	}{
		"one of Partner Center's words": {"Not a customer", 4, "", "Not a customer"},
		"its number":                    {"5", 4, "", "Not a customer"},
		"by the status reason":          {"We have no time", 5, "", "Customer chose another vendor"},
		"by the sheet":                  {"", 4, "sheet:- {field: reason, reasons: {6: [Canceled]}}\n", "Proposed timeline too short"},
		"none":                          {"", 4, "", "Others"},
	} {
		t.Run(name, func(t *testing.T) {
			var settings []string
			if c.sheet != "" {
				settings = append(settings, c.sheet)
			}
			play(t, func(r *rig) {
				p := r.invited("Declined here")
				r.person(doc{"do": "lose", "id": p.opportunity, "reason": c.typed, "status": c.status})
				r.advance(15 * time.Minute)
				if d := r.referral(p.own); d.text("substatus") != "Declined" || d.text("statusReason") != c.want {
					t.Errorf("the referral is %s/%s, reason %q", d.text("status"), d.text("substatus"), d.text("statusReason"))
				}
			}, settings...)
		})
	}
}

func TestR137_TheGraceIsASetting(t *testing.T) {
	play(t, func(r *rig) {
		p := r.invited("Declined later")
		mark := r.pc.calls()
		r.person(doc{"do": "lose", "id": p.opportunity})
		r.quiet()
		r.audited(p.opportunity, "will be declined at 2026-03-02 10:00 UTC", "reopen")
		r.advance(55 * time.Minute)
		r.pc.wrote(mark, 0)
		r.advance(10 * time.Minute)
		if s := r.referral(p.own).text("substatus"); s != "Declined" {
			t.Errorf("after an hour the referral is %s", s)
		}
	}, "SYNC_DECLINE_GRACE=1h")
}

// The CRM's Reopen is no answer, whether we heard of the closing before or of both at once: Audit says so, and how to
// give one.
func TestR137_AfterAReopenAuditSaysHowToAccept(t *testing.T) {
	for _, heard := range []bool{true, false} {
		t.Run(fmt.Sprintf("heard=%v", heard), func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.complete("Second thoughts")
				mark := r.pc.calls()
				r.dv.delivery(doc{"pause": !heard})
				r.person(doc{"do": "lose", "id": p.opportunity})
				r.quiet()
				r.person(doc{"do": "reopen", "id": p.opportunity})
				r.dv.delivery(doc{})
				r.advance(time.Hour)
				r.pc.wrote(mark, 0)
				r.audited(p.opportunity, "still waits for an answer", "On Hold", "In Progress")
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 9900})
				r.quiet()
				r.pc.wrote(mark, 0)
				if s := r.referral(p.own).text("status"); s != "New" {
					t.Errorf("it was accepted: %s", s)
				}
			})
		})
	}
}

func TestR138_AnAcceptanceNamesTheOwnerFirst(t *testing.T) {
	play(t, func(r *rig) {
		p := r.complete("As Microsoft calls it")
		r.edits("opportunity", p.opportunity, doc{"name": "Accepted"})
		r.quiet()
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.quiet()
		owner := r.row("systemuser", r.opportunity(p.opportunity).text("_ownerid_value"))
		d := r.referral(p.own)
		if d.text("team/0/email") != owner.text("internalemailaddress") || d.text("name") != "Accepted" || d.text("details/dealValue") != "9000" || !strings.HasPrefix(d.text("details/closingDateTime"), "2026-06-30") {
			t.Errorf("the referral has %s, %q, %s, %s", d.text("team"), d.text("name"), d.text("details/dealValue"), d.text("details/closingDateTime"))
		}
		if w := r.pc.wrote(mark, 1); len(w) == 1 && !holdsAll(w[0].Body, []string{"/status", "/name", "/details/dealValue", "/details/closingDateTime", "/team"}) {
			t.Errorf("written was %s", listed(w))
		}
	})
}

// What only the portal's form demands is not demanded where the setting says so; the owner always is.
func TestR138_TheFormsDemandsAreASetting(t *testing.T) {
	for setting, status := range map[string]string{"true": "New", "false": "Active"} {
		t.Run(setting, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"acceptance": "touched"})
				p := r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": "Without a value", "details": doc{"dealValue": 0}}}))
				r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
				r.quiet()
				if got := r.referral(p.own).text("status"); got != status {
					t.Errorf("the referral is %s; Audit says %q", got, r.audit(p.opportunity))
				}
			}, "SYNC_ACCEPT_STRICT="+setting)
		})
	}
}

// An opportunity that a person moved on outlives its invitation: open, told, and not linked any more.
func TestR138_AnExpiredInvitationLeavesAnOpportunityThatWasMovedOn(t *testing.T) {
	play(t, func(r *rig) {
		p := r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": "Moved on", "details": doc{"dealValue": 0}}}))
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress}) // accepted, but without a value
		r.advance(15 * 24 * time.Hour)
		o := r.opportunity(p.opportunity)
		if r.referral(p.own).text("substatus") != "Expired" || o.text("statecode") != "0" {
			t.Fatalf("the referral is %s, the opportunity %s", r.referral(p.own).text("substatus"), o.text("statecode"))
		}
		r.audited(p.opportunity, "expired without an answer", "no longer linked")
		if newest := r.audit(p.opportunity)[0]; !strings.Contains(newest, "no longer linked") || o.text("cosell_state") != fmt.Sprint(r.choice("cosell_state", "closed")) {
			t.Errorf("Audit ends with %q, the state is %s", newest, o.text("cosell_state"))
		}
		mark, crm := r.pc.calls(), r.dv.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 9000, "description": "Ours alone"})
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		r.dv.wrote(crm, 0)
	})
}
