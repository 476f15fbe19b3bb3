package requirements

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// newest are the lines that Audit has gained since it had so many.
func (r *rig) newest(id string, had int) []string {
	r.t.Helper()
	lines := r.audit(id)
	if len(lines) < had {
		r.t.Fatalf("Audit has %d lines, and had %d", len(lines), had)
	}
	return lines[:len(lines)-had]
}

func TestR131_AuditTellsWhatHappenedAndNotWhatWasPlanned(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Truth")
		had := len(r.audit(p.opportunity))
		// Partner Center takes the change and keeps the old value.
		r.pc.switches(doc{"cutText": 5})
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}, "message": strings.Repeat("Too much said. ", 60)})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		lines := r.newest(p.opportunity, had)
		if len(lines) != 1 {
			t.Fatalf("%v", lines)
		}
		line := lines[0]
		label, theirs := strings.Index(line, "Est. revenue"), strings.Index(line, "Too much said.")
		if label < 0 {
			label = strings.Index(line, "evenue")
		}
		if !strings.Contains(line, " - to Partner Center: ") || label < 0 || theirs < label || strings.Contains(line, "success") || len(line)-theirs > 200+30 {
			t.Errorf("%q", line)
		}
	})
}

func TestR131_CreatedIsSaidOfWhatWasCreatedOnly(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Not yet")
		r.refused(id, "solution.required")
		if all := strings.Join(r.audit(id), "\n"); strings.Contains(all, "created") || strings.Contains(all, "success") {
			t.Errorf("Audit says %s", all)
		}
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.quiet()
		r.audited(id, "to Partner Center", "created", r.pairOf(id).own)
	})
}

func TestR132_TheStepsAreToldAndPlainEditsAsTheSettingSays(t *testing.T) {
	for setting, want := range map[string]struct{ steps, edits bool }{"": {true, false}, "steps": {true, false}, "all": {true, true}, "none": {false, false}} {
		t.Run("set to "+setting, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Told")
				had := len(r.audit(p.opportunity))
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 9000})
				r.quiet()
				if got := len(r.newest(p.opportunity, had)) > 0; got != want.edits {
					t.Errorf("of a plain edit it says %v", r.newest(p.opportunity, had))
				}
				for _, step := range []doc{{"cosell_visible": true}, {"cosell_help": r.help("ProofOfConceptOrDemo")}} {
					had = len(r.audit(p.opportunity))
					r.edits("opportunity", p.opportunity, step)
					r.quiet()
					told := slices.DeleteFunc(r.newest(p.opportunity, had), func(line string) bool { return !strings.Contains(line, "to Partner Center: ") })
					if (len(told) > 0) != want.steps || len(told) > 1 && !want.edits {
						t.Errorf("of %v it says %v", step, told)
					}
				}
				had = len(r.audit(p.opportunity))
				r.person(doc{"do": "lose", "id": p.opportunity})
				r.quiet()
				if got := len(r.newest(p.opportunity, had)); (got == 1) != want.steps {
					t.Errorf("of the loss it says %v", r.newest(p.opportunity, had))
				}
			}, "SYNC_AUDIT_SUCCESS="+setting)
		})
	}
}

func TestR132_EachStepOfMicrosoftsAndOfTheEndIsOneLine(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Steps", doc{"estimatedvalue": 9000})
		for step, act := range map[string]func(){
			"accepted": func() { r.microsoft(doc{"do": "accept", "id": p.microsoft}) },
		} {
			had := len(r.audit(p.opportunity))
			act()
			r.quiet()
			if lines := r.newest(p.opportunity, had); len(lines) != 1 || !strings.Contains(strings.ToLower(lines[0]), step) {
				t.Errorf("of %s it says %v", step, lines)
			}
		}
		invited := r.invited("Declined")
		had := len(r.audit(invited.opportunity))
		r.partner(doc{"do": "decline", "id": invited.own, "reason": "Others"})
		r.quiet()
		if lines := r.newest(invited.opportunity, had); len(lines) != 1 || !strings.Contains(lines[0], "eclined") {
			t.Errorf("of the decline it says %v", lines)
		}
	})
}

func TestR133_AnOutageIsOneBannerAndNoRecordWrites(t *testing.T) {
	play(t, func(r *rig) {
		var deals []pair
		for n := range 3 {
			deals = append(deals, r.private(fmt.Sprint("Deal ", n)))
		}
		r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": 503})
		crm := r.dv.calls()
		for _, p := range deals {
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		}
		r.advance(20 * time.Minute)
		r.dv.wrote(crm, 0)
		var h struct {
			OK       bool  `json:"ok"`
			Problems []doc `json:"problems"`
		}
		_, answer := r.operator(http.MethodGet, "health", nil)
		decoded(t, []byte(answer), &h)
		if h.OK || len(h.Problems) == 0 || len(h.Problems) > 2 {
			t.Errorf("health says %s", answer)
		}
		r.pc.healed()
		r.advance(30 * time.Minute)
		for _, p := range deals {
			if v := r.referral(p.own).text("details/dealValue"); v != "5000" {
				t.Errorf("Partner Center has %s", v)
			}
		}
	})
}

func TestR133_ARecordsOwnWaitShowsOnceAndClears(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Waits")
		r.pc.fault(doc{"match": doc{"method": "PATCH", "url": p.own}, "do": "status", "status": 503})
		crm := r.dv.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.advance(30 * time.Minute)
		if s := r.opportunity(p.opportunity).text("cosell_state"); s != fmt.Sprint(r.choice("cosell_state", "waiting")) {
			t.Errorf("the state is %s", s)
		}
		r.dv.wrote(crm, 1)
		r.pc.healed()
		r.advance(30 * time.Minute)
		if s := r.opportunity(p.opportunity).text("cosell_state"); s != fmt.Sprint(r.choice("cosell_state", "insync")) || r.referral(p.own).text("details/dealValue") != "5000" {
			t.Errorf("the state is %s, Partner Center has %s", s, r.referral(p.own).text("details/dealValue"))
		}
	})
}

func TestR134_AnOpenInvitationKeepsItsForeignIDAndArrives(t *testing.T) {
	play(t, func(r *rig) {
		a := r.microsoft(doc{"do": "invite", "referral": doc{"name": "Of another CRM", "externalReferenceId": "SFDC-1"}})
		r.quiet()
		if n := len(r.naming(a.ID)); n != 1 || r.referral(a.ID).text("externalReferenceId") != "SFDC-1" {
			t.Errorf("%d opportunities, the id is %q", n, r.referral(a.ID).text("externalReferenceId"))
		}
	})
}

func TestR134_ByTheSettingAnOpportunityIsMadeAndTheIDKept(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Kept", "externalReferenceId": "SFDC-1"})
		r.quiet()
		ids := r.naming(a.ID)
		if len(ids) != 1 || r.referral(a.ID).text("externalReferenceId") != "SFDC-1" {
			t.Fatalf("%d opportunities, the id is %q", len(ids), r.referral(a.ID).text("externalReferenceId"))
		}
		r.portalEdits(a.ID, doc{"/details/dealValue": 4444})
		r.quiet()
		r.reconcile()
		r.quiet()
		if v := r.opportunity(ids[0]).text("estimatedvalue"); v != "4444" || len(r.opportunities()) != 1 {
			t.Errorf("CRM has %s, %d opportunities", v, len(r.opportunities()))
		}
	}, "SYNC_FOREIGN_CRM_ID=keep")
}

func TestR134_BracesBlanksAndCaseAroundOurIDAreUnderstood(t *testing.T) {
	for _, form := range []string{"{%s}", "  %s ", "%S"} {
		t.Run(form, func(t *testing.T) {
			play(t, func(r *rig) {
				r.dv.delivery(doc{"pause": true})
				id := r.deal("Typed by a person", doc{"cosell_sync": true})
				typed := strings.ReplaceAll(form, "%s", id)
				typed = strings.ReplaceAll(typed, "%S", strings.ToUpper(id))
				r.portalDeal(doc{"name": "Typed by a person", "externalReferenceId": typed})
				r.quiet()
				r.dv.delivery(doc{})
				r.quiet()
				if n := len(r.opportunities()); n != 1 || r.pairOf(id).own == "" {
					t.Errorf("%d opportunities, %+v", n, r.pairOf(id))
				}
			})
		})
	}
}

func TestR135_AReferralThatNamesADealWithoutSyncIsNotLinked(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Not asked")
		before := r.opportunity(id)
		a := r.portalDeal(doc{"name": "Wants that one", "externalReferenceId": id, "details": doc{"dealValue": 1, "currency": "EUR", "closingDateTime": "2026-11-11T00:00:00Z"}})
		pc := r.pc.calls()
		r.quiet()
		r.pc.wrote(pc, 0)
		o := r.opportunity(id)
		if got := r.touched(id, before); len(got) != 0 || len(r.opportunities()) != 1 || o.text("cosell_state") != fmt.Sprint(r.choice("cosell_state", "link.unconfirmed")) {
			t.Errorf("touched were %v, %d opportunities, state %s", got, len(r.opportunities()), o.text("cosell_state"))
		}
		if lines := r.audit(id); len(lines) != 1 || !strings.Contains(lines[0], a.ID) {
			t.Errorf("Audit says %v", lines)
		}
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		if o = r.opportunity(id); o.text("cosell_referralid") != a.ID {
			t.Errorf("confirmed, the identifier is %q", o.text("cosell_referralid"))
		}
	})
}

func TestR135_ByTheSettingThePartnersOwnLinksAtOnce(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Ours")
		a := r.portalDeal(doc{"name": "Ours", "externalReferenceId": id, "details": doc{"dealValue": 4321, "currency": "EUR"}})
		r.quiet()
		if o := r.opportunity(id); o.text("cosell_referralid") != a.ID || o.text("cosell_sync") != "true" || len(r.opportunities()) != 1 {
			t.Errorf("the identifier is %q, %d opportunities", o.text("cosell_referralid"), len(r.opportunities()))
		}
		if v, w := r.opportunity(id).text("estimatedvalue"), r.referral(a.ID).text("details/dealValue"); v != "85000" || w != "4321" {
			t.Errorf("what differs is left (R145): the CRM has %s, Partner Center %s", v, w)
		}
	}, "SYNC_TAKEOVER=own")
}

func TestR135_AnOpenInvitationGetsAnOpportunityOfItsOwn(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Named by Microsoft")
		a := r.microsoft(doc{"do": "invite", "referral": doc{"name": "Named by Microsoft", "externalReferenceId": id}})
		r.quiet()
		if got := r.naming(a.ID); len(got) != 1 || got[0] == id {
			t.Errorf("it is %v", got)
		}
	})
}

func TestR136_ATypedIdentifierLinksWhatIsKnown(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.delivery(doc{"pause": true})
		a := r.portalDeal(doc{"name": "Typed"})
		r.quiet()
		id := r.deal("Typed")
		r.edits("opportunity", id, doc{"cosell_sync": true, "cosell_referralid": a.ID})
		r.quiet()
		r.pc.delivery(doc{})
		r.quiet()
		if len(r.opportunities()) != 1 || len(r.referrals()) != 1 || r.referral(a.ID).text("externalReferenceId") != id {
			t.Errorf("%d opportunities, %d referrals, the CRM id is %q", len(r.opportunities()), len(r.referrals()), r.referral(a.ID).text("externalReferenceId"))
		}
	})
}

func TestR136_AnUnknownTypedIdentifierIsTold(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Typo")
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{"cosell_sync": true, "cosell_referralid": someReferral})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(id, "referral.unknown")
		r.named(id, cross+"Typo")
	})
}

func TestR137_ReopenWithinTheGraceTakesTheDeclineBack(t *testing.T) {
	play(t, func(r *rig) {
		p := r.invited("Second thoughts")
		mark := r.pc.calls()
		r.person(doc{"do": "lose", "id": p.opportunity})
		r.quiet()
		if lines := r.audit(p.opportunity); !strings.Contains(lines[0], "2026-03-02 09:10") || !strings.Contains(strings.ToLower(lines[0]), "reopen") {
			t.Errorf("Audit says %q", lines[0])
		}
		r.advance(5 * time.Minute)
		r.person(doc{"do": "reopen", "id": p.opportunity})
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		if s := r.referral(p.own).text("status"); s != "New" {
			t.Errorf("the referral is %s", s)
		}
		if slices.ContainsFunc(r.audit(p.opportunity), func(line string) bool { return strings.Contains(line, "accepted") }) {
			t.Errorf("the reopening accepted it: %v", r.audit(p.opportunity))
		}
		r.edits("opportunity", p.opportunity, doc{"statuscode": onHold})
		r.quiet()
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.quiet()
		if s := r.referral(p.own).text("status"); s != "Active" {
			t.Errorf("a person's acceptance: the referral is %s; %v", s, r.audit(p.opportunity))
		}
	})
}

func TestR138_AcceptanceSaysWhatIsMissingAndGoesOnceItIsThere(t *testing.T) {
	play(t, func(r *rig) {
		p := r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": "Half a deal", "details": doc{"dealValue": 0}}}))
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(p.opportunity, "2026-03-16", "missing")
		if s := r.opportunity(p.opportunity).text("cosell_state"); s != fmt.Sprint(r.choice("cosell_state", "acceptance.incomplete")) {
			t.Errorf("the state is %s", s)
		}
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 9000})
		r.quiet()
		d := r.referral(p.own)
		if d.text("status") != "Active" || d.text("details/dealValue") != "9000" || d.text("name") != "Half a deal" || d.text("team/0/email") == "" {
			t.Errorf("the referral is %s: %s, %s, %s", d.text("status"), d.text("name"), d.text("details/dealValue"), d.text("team/0/email"))
		}
	})
}

func TestR138_TheFormsDemandsEndTwoDaysBeforeTheEnd(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"acceptance": "touched"})
		p := r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": "In the last hours", "details": doc{"dealValue": 0}}}))
		r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress})
		r.advance(11 * 24 * time.Hour)
		if s := r.referral(p.own).text("status"); s != "New" {
			t.Errorf("three days before the end it is %s", s)
		}
		r.advance(36 * time.Hour)
		if s := r.referral(p.own).text("status"); s != "Active" {
			t.Errorf("36 hours before the end it is %s; %v", s, r.audit(p.opportunity))
		}
	})
}

func TestR141_AnAccountsChangeWritesIntoOpenDealsOnly(t *testing.T) {
	play(t, func(r *rig) {
		account := r.customer("Many Deals AG")
		contact := r.contactOf(account, "Bo", "Deals")
		of := doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": "/contacts(" + contact + ")", "estimatedvalue": 9000}
		var closed []pair
		for n := range 12 {
			p := r.private(fmt.Sprint("Closed ", n), of)
			r.person(doc{"do": "lose", "id": p.opportunity})
			r.quiet()
			closed = append(closed, p)
		}
		first, second := r.private("Open", of), r.private("Open, too", of)
		r.deal("Never synced", of)
		mark, pc, had := r.dv.calls(), r.pc.calls(), len(r.audit(first.opportunity))
		r.edits("account", account, doc{"address1_city": "Bremen"})
		r.quiet()
		r.pc.wrote(pc, 0)
		for _, w := range r.dv.wrote(mark, 2) {
			if !strings.Contains(w.Path, first.opportunity) && !strings.Contains(w.Path, second.opportunity) {
				t.Errorf("written was %s", listed([]written{w}))
			}
		}
		for _, p := range []pair{first, second} {
			if lines := r.newest(p.opportunity, had); len(lines) != 1 || len(closed) != 12 {
				t.Errorf("Audit of an open one says %v", lines)
			}
		}
	})
}
