package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// leadActs is a person who chooses an action on a lead's form, and waits.
func (r *rig) leadActs(lead, action string) {
	r.t.Helper()
	r.edits("lead", lead, doc{"cosell_action": r.choice("cosell_action", action)})
	r.quiet()
	if left := r.row("lead", lead).text("cosell_action"); left != "" {
		r.t.Errorf("the form still asks for %s", left)
	}
}

// leadSays checks that one line of a lead's Audit has all the parts.
func (r *rig) leadSays(lead string, parts ...string) {
	r.t.Helper()
	audit := r.row("lead", lead).text("cosell_audit")
	for line := range strings.SplitSeq(audit, "\n") {
		if holdsAll(line, parts) {
			return
		}
	}
	r.t.Errorf("no line says %q:\n%s", parts, audit)
}

func TestR152_RetryOnALeadTriesWhatWasRefused(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"pendingEdits": "accept"})
		a, lead := r.inquiry()
		r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "status", "status": 422, "times": 1})
		r.edits("lead", lead, doc{"description": "Called on Monday."})
		r.quiet()
		if got := r.referral(a.ID).text("details/notes"); got == "Called on Monday." {
			t.Fatal("nothing was refused")
		}
		r.leadActs(lead, "retry")
		r.leadSays(lead, "looked at anew, as asked")
		if got := r.referral(a.ID).text("details/notes"); got != "Called on Monday." {
			t.Errorf("the notes are %q", got)
		}
	})
}

func TestR152_WhatMakesNoSenseOnALeadIsExplained(t *testing.T) {
	play(t, func(r *rig) {
		_, lead := r.inquiry()
		for action, says := range map[string]string{"ask": "qualify the lead, and ask on its opportunity", "link": "no referral asks", "notsame": "no referral asks"} {
			mark := r.pc.calls()
			r.leadActs(lead, action)
			r.leadSays(lead, "nothing was done", says)
			r.pc.wrote(mark, 0)
		}
		own := r.creates("lead", doc{"subject": "Of the partner's own", "lastname": "Own", "cosell_sync": true})
		for action, says := range map[string]string{"sync": "no referral is made of a lead", "unlink": "the lead is not linked", "ask": "Microsoft is not asked"} {
			mark := r.pc.calls()
			r.leadActs(own, action)
			r.leadSays(own, "nothing was done", says)
			r.pc.wrote(mark, 0)
		}
	})
}

func TestR152_AnUnlinkedLeadKeepsWhatItHasOfTheCustomerAndIsLeftAlone(t *testing.T) {
	for name, unlink := range map[string]func(r *rig, lead string){
		"form": func(r *rig, lead string) { r.leadActs(lead, "unlink") },
		"terminal": func(r *rig, lead string) {
			if status, answer := r.operates("unlink", doc{"id": lead, "reason": "another lead"}); status != http.StatusOK {
				r.t.Errorf("%d %s", status, answer)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.inquiry()
				before := r.row("lead", lead)
				unlink(r, lead)
				row := r.row("lead", lead)
				for _, column := range []string{"cosell_referralid", "cosell_referrallink", "cosell_state", "cosell_expires"} {
					if row.text(column) != "" {
						t.Errorf("%s is %q", column, row.text(column))
					}
				}
				for _, column := range []string{"cosell_campaign", "emailaddress1", "telephone1", "companyname", "description"} {
					if row.text(column) != before.text(column) || row.text(column) == "" {
						t.Errorf("%s is %q instead of %q", column, row.text(column), before.text(column))
					}
				}
				if row.text("cosell_sync") != "false" {
					t.Errorf("Sync is %s", row.text("cosell_sync"))
				}
				r.leadSays(lead, "unlinked from referral "+a.ID)
				marks := []int{r.dv.calls(), r.pc.calls()}
				r.edits("lead", lead, doc{"description": "Ours alone."})
				r.person(doc{"do": "disqualify", "table": "lead", "id": lead, "status": 5})
				r.acceptsLead(a)
				r.advance(time.Hour)
				r.dv.wrote(marks[0], 0)
				r.pc.wrote(marks[1], 0)
			})
		})
	}
}

func TestR152_OnALeadThatWentOnAPersonIsSentToItsOpportunity(t *testing.T) {
	for what, writable := range map[string]bool{"closed leads take values": true, "closed leads take nothing": false} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				a, lead := r.inquiry()
				r.acceptsLead(a)
				r.quiet()
				deal := r.oneDeal(a, lead)
				mark := r.pc.calls()
				r.edits("lead", lead, doc{"cosell_action": r.choice("cosell_action", "unlink")})
				r.dv.switches(doc{"closedWritable": writable})
				r.advance(10 * time.Minute)
				r.pc.wrote(mark, 0)
				r.oneDeal(a, lead)
				if n := len(r.parked()); n != 0 {
					t.Errorf("%d messages are parked", n)
				}
				if writable {
					r.leadSays(lead, "nothing was done", deal, "choose it there")
				}
			})
		})
	}
}

// A lead of the partner's own, and an inquiry that waits for the start: an operator or the lead's notes say that they
// are one.
func TestR136_ALeadIsLinkedByAnOperatorOrByItsNotes(t *testing.T) {
	for name, link := range map[string]func(r *rig, lead string, a acted){
		"operator": func(r *rig, lead string, a acted) {
			if status, answer := r.operates("link", doc{"id": lead, "referral": a.ID, "reason": "the same customer"}); status != http.StatusOK {
				r.t.Errorf("%d %s", status, answer)
			}
		},
		"pasted block": func(r *rig, lead string, a acted) {
			r.with("SYNC_STARTED=" + time.Now().UTC().Format(time.RFC3339))
			r.advance(10 * time.Minute)
			r.edits("lead", lead, doc{"description": "Copied from Partner Center\nReferral ID: " + strings.ToUpper(a.ID), "cosell_sync": true})
			r.quiet()
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				a := r.microsoft(doc{"do": "lead", "kind": "qualified"})
				r.advance(time.Hour)
				lead := r.creates("lead", doc{"subject": "Known already", "lastname": "Adventure", "companyname": "Adventure Works"})
				r.quiet()
				link(r, lead, a)
				r.advance(time.Hour)
				row := r.row("lead", lead)
				if row.text("cosell_referralid") != a.ID || row.text("cosell_sync") != "true" || row.text("companyname") != "Adventure Works" || row.text("emailaddress1") == "" {
					t.Errorf("the lead has %q, Sync %s, company %q, e-mail %q; Audit says\n%s", row.text("cosell_referralid"), row.text("cosell_sync"), row.text("companyname"), row.text("emailaddress1"), row.text("cosell_audit"))
				}
				if own := r.referral(a.ID); !strings.EqualFold(own.text("externalReferenceId"), lead) || len(r.leads()) != 1 || len(r.opportunities()) != 0 {
					t.Errorf("the referral names %q; %d leads, %d opportunities", own.text("externalReferenceId"), len(r.leads()), len(r.opportunities()))
				}
				r.with("SYNC_STARTED=2026-01-01")
				r.acceptsLead(a)
				r.advance(10 * time.Minute)
				r.oneDeal(a, lead)
			}, "SYNC_STARTED=")
		})
	}
}

func TestR136_WhatCannotBeLinkedWithALeadIsRefused(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.inquiry()
		p := r.private("A deal")
		other := r.creates("lead", doc{"subject": "Another", "lastname": "Other"})
		r.quiet()
		b, gone := r.inquiry()
		r.acceptsLead(b)
		r.quiet()
		for what, one := range map[string]struct{ id, referral, says string }{
			"a deal":                       {other, p.own, "is a deal and no lead"},
			"a lead that is another's":     {other, a.ID, "linked with lead " + lead},
			"a lead that has one":          {lead, b.ID, "lead " + lead + " is linked with"},
			"a lead that went on":          {gone, a.ID, "went on as"},
			"a record that is not there":   {"00000000-1111-4222-8333-444455556666", a.ID, "no opportunity or lead"},
			"a referral that is not there": {other, "00000000-1111-4222-8333-444455556666", "no referral"},
		} {
			marks := []int{r.dv.calls(), r.pc.calls()}
			if status, answer := r.operates("link", doc{"id": one.id, "referral": one.referral, "reason": "a try"}); status < 400 || !strings.Contains(answer, one.says) {
				t.Errorf("%s: %d %s", what, status, answer)
			}
			r.dv.wrote(marks[0], 0)
			r.pc.wrote(marks[1], 0)
		}
	})
}
