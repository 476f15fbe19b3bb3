package requirements

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// step is one thing that happens to a deal, and what the one line about it says.
type step struct {
	deal func(r *rig) pair
	do   func(r *rig, p pair)
	says []string
}

func lifeCycle() map[string]step {
	private := func(r *rig) pair { return r.private("Steps", doc{"estimatedvalue": 9000}) }
	shared := func(r *rig) pair { return r.coSell("Steps", doc{"estimatedvalue": 9000}) }
	invited := func(r *rig) pair { return r.complete("Steps") }
	return map[string]step{
		"shared":                 {private, func(r *rig, p pair) { r.edits("opportunity", p.opportunity, doc{"cosell_visible": true}) }, []string{"to Partner Center: shared"}},
		"accepted here":          {invited, func(r *rig, p pair) { r.edits("opportunity", p.opportunity, doc{"statuscode": inProgress}) }, []string{"to Partner Center: accepted"}},
		"accepted in the portal": {invited, func(r *rig, p pair) { r.partner(doc{"do": "accept", "id": p.own}) }, []string{"to CRM: ", "accepted in Partner Center"}},
		"accepted by Microsoft":  {shared, func(r *rig, p pair) { r.microsoft(doc{"do": "accept", "id": p.microsoft}) }, []string{"to CRM: ", "Microsoft", "Accepted"}},
		"declined by Microsoft":  {shared, func(r *rig, p pair) { r.microsoft(doc{"do": "decline", "id": p.microsoft}) }, []string{"to CRM: ", "Microsoft", "Declined"}},
		"declined in the portal": {func(r *rig) pair { return r.invited("Steps") }, func(r *rig, p pair) { r.partner(doc{"do": "decline", "id": p.own, "reason": "Others"}) }, []string{"to CRM: ", "declined in Partner Center, reason: Others"}},
		"won here":               {private, func(r *rig, p pair) { r.person(doc{"do": "win", "id": p.opportunity}) }, []string{"to Partner Center: closed as won"}},
		"lost here":              {private, func(r *rig, p pair) { r.person(doc{"do": "lose", "id": p.opportunity}) }, []string{"to Partner Center: closed as lost, reason: "}},
		"won in the portal":      {private, func(r *rig, p pair) { r.partner(doc{"do": "win", "id": p.own}) }, []string{"to CRM: ", "won in Partner Center"}},
		"lost in the portal":     {private, func(r *rig, p pair) { r.partner(doc{"do": "lose", "id": p.own, "reason": "Others"}) }, []string{"to CRM: ", "lost in Partner Center, reason: Others"}},
	}
}

func TestR132_EachStepOfTheLifeCycleIsOneLine(t *testing.T) {
	for name, s := range lifeCycle() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := s.deal(r)
				had := len(r.audit(p.opportunity))
				s.do(r, p)
				r.quiet()
				if lines := r.newest(p.opportunity, had); len(lines) != 1 || !holdsAll(lines[0], s.says) {
					t.Errorf("Audit says %q", lines)
				}
			})
		})
	}
}

func TestR132_BeginningsAreOneLine(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Made here")
		if lines := r.audit(p.opportunity); len(lines) != 1 || !holdsAll(lines[0], []string{"to Partner Center: ", p.own, "created"}) {
			t.Errorf("of a referral that was made it says %q", lines)
		}
		q := r.arrived(r.portalDeal(doc{"name": "Made there"}))
		if lines := r.audit(q.opportunity); len(lines) != 1 || !holdsAll(lines[0], []string{"to CRM: ", "created", q.own}) {
			t.Errorf("of an opportunity that was made it says %q", lines)
		}
		id := r.deal("Linked")
		a := r.portalDeal(doc{"name": "Linked", "externalReferenceId": id, "details": doc{"dealValue": 85000, "currency": "EUR", "closingDateTime": "2026-06-30T00:00:00Z", "notes": "The customer wants to forecast stock."}})
		r.quiet()
		had := len(r.audit(id))
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		linked := 0
		for _, line := range r.newest(id, had) {
			if holdsAll(line, []string{"linked with referral " + a.ID}) {
				linked++
			}
		}
		if linked != 1 {
			t.Errorf("of a link it says %q", r.audit(id))
		}
	})
}

// Asking for help shows the deal as well: of the two steps each is one line.
func TestR132_HelpIsOneLine(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Help")
		r.edits("opportunity", p.opportunity, doc{"cosell_help": r.help("GeneralOrOther")})
		r.quiet()
		asked, shown := 0, 0
		for _, line := range r.audit(p.opportunity) {
			if strings.Contains(line, "Microsoft was asked for help") {
				asked++
			}
			if strings.Contains(line, "shared: Microsoft's sellers can see the deal") {
				shown++
			}
		}
		if asked != 1 || shown != 1 {
			t.Errorf("Audit says %q", r.audit(p.opportunity))
		}
	})
}

// What is over is said once: an expiry is not called a decline, and trouble that ended is in step again.
func TestR132_AnExpiryAndARecoveryAreOneLine(t *testing.T) {
	play(t, func(r *rig) {
		p := r.invited("Too late")
		r.advance(12 * 24 * time.Hour) // past the reminder
		had := len(r.audit(p.opportunity))
		r.advance(3 * 24 * time.Hour)
		if lines := r.newest(p.opportunity, had); len(lines) != 1 || !holdsAll(lines[0], []string{"to CRM: ", "expired"}) || strings.Contains(lines[0], "eclined") {
			t.Errorf("of the expiry it says %q", lines)
		}
		q := r.private("Recovers")
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		r.edits("opportunity", q.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		had = len(r.audit(q.opportunity))
		r.pc.unruled()
		r.edits("opportunity", q.opportunity, doc{"estimatedvalue": 6000})
		r.quiet()
		if lines := r.newest(q.opportunity, had); len(lines) != 1 || !holdsAll(lines[0], []string{"to Partner Center: ", "in step again"}) {
			t.Errorf("of the recovery it says %q", lines)
		}
	})
}

// Lines are made of what was answered: what Partner Center leaves out without a word is not said to be done.
func TestR131_WhatPartnerCenterPassedOverIsNotSaidToBeDone(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"consentPatch": "ignore"})
		p := r.private("Not shown")
		r.edits("opportunity", p.opportunity, doc{"cosell_visible": true})
		r.quiet()
		if r.referral(p.own).at("consent/consentToShareReferralWithMicrosoftSellers") != false {
			t.Fatal("it was taken")
		}
		for _, line := range r.audit(p.opportunity) {
			if strings.Contains(line, "shared:") {
				t.Errorf("Audit says %q", line)
			}
		}
	})
}

// The same of the CRM: a line about a value that came tells which, by the column's label, and only if it came.
func TestR131_WhatCameIsCalledByTheLabelOfItsColumn(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100})
		p := r.private("Labels")
		had := len(r.audit(p.opportunity))
		r.portalEdits(p.own, doc{"/campaignId": "SPRING"})
		r.quiet()
		lines := r.newest(p.opportunity, had)
		if len(lines) != 1 || !holdsAll(lines[0], []string{"to CRM: ", "Spring campaign"}) || strings.Contains(lines[0], "new_campaign") {
			t.Errorf("Audit says %q", lines)
		}
		r.dv.rule(doc{"match": doc{"table": "opportunity", "column": "description"}, "message": "Not these words."})
		had = len(r.audit(p.opportunity))
		r.portalEdits(p.own, doc{"/details/notes": "Words"})
		r.quiet()
		for _, line := range r.newest(p.opportunity, had) {
			if strings.Contains(line, "updated") {
				t.Errorf("of what was refused it says %q", line)
			}
		}
	}, "sheet:- {field: campaign, referral: /campaignId, crm: new_campaign, label: Spring campaign}\n")
}

// A wait shows after two minutes and no earlier, with a line of Audit and the mark as it was.
func TestR133_AWaitShowsAfterTwoMinutes(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Waits")
		r.pc.fault(doc{"match": doc{"method": "PATCH", "url": p.own}, "do": "status", "status": 503})
		waiting, had := fmt.Sprint(r.choice("cosell_state", "waiting")), len(r.audit(p.opportunity))
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		for began := time.Now(); time.Since(began) < 2*time.Minute-time.Second; time.Sleep(time.Second) {
			r.step()
		}
		if s := r.opportunity(p.opportunity).text("cosell_state"); s == waiting {
			t.Error("it shows before two minutes")
		}
		r.advance(15 * time.Minute)
		if s := r.opportunity(p.opportunity).text("cosell_state"); s != waiting {
			t.Errorf("the state is %s", s)
		}
		if lines := r.newest(p.opportunity, had); len(lines) != 1 || !strings.Contains(lines[0], "waiting since 09:00 UTC") {
			t.Errorf("Audit says %q", lines)
		}
		r.pc.healed()
		r.advance(30 * time.Minute)
		r.named(p.opportunity, tick+"Waits")
		if s := r.opportunity(p.opportunity).text("cosell_state"); s == waiting {
			t.Error("it shows for ever")
		}
	})
}

// The CRM's own words stand at the end, and are cut as well.
func TestR131_TheWordsOfTheCRMComeLastAndAreCut(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Talkative")
		r.dv.rule(doc{"match": doc{"table": "opportunity", "column": "description"}, "message": strings.Repeat("Too much said. ", 60)})
		had := len(r.audit(p.opportunity))
		r.portalEdits(p.own, doc{"/details/notes": "Words"})
		r.quiet()
		lines := r.newest(p.opportunity, had)
		if len(lines) != 1 {
			t.Fatalf("%q", lines)
		}
		label, theirs := strings.Index(lines[0], "Description"), strings.Index(lines[0], "Too much said.")
		if !strings.Contains(lines[0], " - to CRM: ") || label < 0 || theirs < label || len(lines[0])-theirs > 200+30 {
			t.Errorf("%q", lines[0])
		}
	})
}
