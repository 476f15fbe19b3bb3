package requirements

import (
	"strings"
	"testing"
	"time"
)

// T33 of the spec: sellers paste the block of a deal out of Partner Center into the description.
func TestR136_APastedBlockIsRecognisedAndNoSecondReferralIsMade(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Made before the start"})
		r.advance(time.Hour)
		r.with("SYNC_STARTED=" + time.Now().UTC().Format(time.RFC3339))
		r.advance(10 * time.Minute)
		if n := len(r.opportunities()); n != 0 {
			t.Fatalf("%d opportunities", n)
		}
		before := len(r.referrals())
		id := r.deal("Known already", doc{"description": "Copied from Partner Center\nReferral ID: " + strings.ToUpper(a.ID) + "\nStatus: Active"})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		if own := r.pairOf(id).own; own != a.ID || len(r.referrals()) != before || !strings.EqualFold(r.referral(a.ID).text("externalReferenceId"), id) {
			t.Errorf("linked with %q, %d referrals instead of %d; Audit says\n%s", own, len(r.referrals()), before, strings.Join(r.audit(id), "\n"))
		}
		copied := r.deal("A copy of the text", doc{"description": "Referral ID: " + a.ID})
		r.solution(copied, "SOL-12345-ABC", "Northwind Forecast")
		r.edits("opportunity", copied, doc{"cosell_sync": true})
		r.quiet()
		if own := r.pairOf(copied).own; own == "" || own == a.ID {
			t.Errorf("the second has %q; Audit says\n%s", own, strings.Join(r.audit(copied), "\n"))
		}
	}, "SYNC_STARTED=")
}
