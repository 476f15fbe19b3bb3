package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Another environment works with the same Partner Center: nothing of its referrals is touched here, not even where
// this CRM is a copy of that one's, with all ids in it.
func TestR153_OwnScopeTouchesOnlyWhatItHasMade(t *testing.T) {
	play(t, func(r *rig) {
		copied := r.deal("Copied row", doc{"cosell_sync": true})
		theirs := r.portalDeal(doc{"name": "Theirs", "externalReferenceId": copied})
		plain := r.portalDeal(doc{"name": "Without an id"})
		invited := r.microsoft(doc{"do": "invite", "referral": doc{"name": "Invitation"}})
		mirror := r.portalDeal(doc{"name": "Mirrored"})
		r.quiet()
		row := r.deal("Mirrored", doc{"cosell_sync": true, "cosell_referralid": mirror.ID})
		r.edits("opportunity", copied, doc{"cosell_sync": false})
		r.advance(time.Hour)
		for _, a := range []acted{theirs, plain, invited, mirror} {
			for _, w := range r.pc.writes(0) {
				if strings.Contains(w.Path, a.ID) {
					t.Errorf("%s %s was written", w.Method, w.Path)
				}
			}
			if a != mirror && len(r.naming(a.ID)) != 0 {
				t.Errorf("%s has an opportunity", a.ID)
			}
		}
		if r.referral(plain.ID).text("externalReferenceId") != "" || r.referral(mirror.ID).text("externalReferenceId") != "" {
			t.Error("a CRM id was written on another's referral")
		}
		r.portalEdits(mirror.ID, doc{"/details/dealValue": 91000})
		r.quiet()
		if r.opportunity(row).text("estimatedvalue") == "91000" {
			t.Error("a copied row is in step with production's referral")
		}
		r.audited(row, "SYNC_SCOPE=own")

		p := r.private("Ours")
		r.portalEdits(p.own, doc{"/details/dealValue": 92000})
		r.quiet()
		if r.opportunity(p.opportunity).text("estimatedvalue") != "92000" {
			t.Error("what this environment has made is not in step")
		}
		r.done("link", doc{"id": row, "referral": mirror.ID, "reason": "it is ours"})
		r.portalEdits(mirror.ID, doc{"/details/dealValue": 93000})
		r.quiet()
		if r.opportunity(row).text("estimatedvalue") != "93000" {
			t.Error("what a person has linked is not in step")
		}
	}, "SYNC_SCOPE=own")
}

// In shadow mode everything is decided, and nothing is written; once it is live all of it arrives.
func TestR154_ShadowModeWritesNothingAndTheFirstLivePassFindsEverything(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Came in the shadow"})
		share := r.deal("Shared in the shadow", doc{"cosell_sync": true})
		r.solution(share, "SOL-12345-ABC", "Northwind Forecast")
		r.advance(3 * 24 * time.Hour)
		if n := len(r.naming(a.ID)); n != 0 || r.opportunity(share).text("cosell_referralid") != "" || r.opportunity(share).text("cosell_audit") != "" {
			t.Errorf("%d opportunities in shadow mode", n)
		}
		for _, w := range r.pc.writes(0) {
			if strings.Contains(w.Path, "/referrals") {
				t.Errorf("%s %s in shadow mode", w.Method, w.Path)
			}
		}
		log := r.log.String()
		for _, says := range []string{`"msg":"shadow"`, "create opportunity: ", "create referral: "} {
			if !strings.Contains(log, says) {
				t.Errorf("the log lacks %q", says)
			}
		}
		for line := range strings.Lines(log) {
			if strings.Contains(line, "Came in the shadow") || strings.Contains(strings.ToLower(line), "tailspin") {
				t.Errorf("values stand in the log: %s", line)
			}
		}
		for _, deed := range []string{"adopt", "link"} {
			if status, answer := r.operator(http.MethodPost, "operator/"+deed, doc{"id": share, "referral": a.ID, "reason": "x"}); status != http.StatusConflict || !strings.Contains(answer, "shadow") {
				t.Errorf("%s in shadow mode: %d %s", deed, status, answer)
			}
		}
		r.product.end()
		r.product.ended.Wait()
		r.own = nil
		r.start()
		r.advance(time.Hour)
		if len(r.naming(a.ID)) != 1 || r.pairOf(share).own == "" {
			t.Error("what happened in the shadow does not arrive in earnest")
		}
	}, "SYNC_MODE=shadow")
}
