package requirements

import (
	"net/http"
	"strings"
)

// pair is one deal in both systems; microsoft is "" where Microsoft has no referral.
type pair struct{ opportunity, own, microsoft, engagement string }

// acted is the answer of Partner Center's people.
type acted struct {
	ID           string `json:"id"`
	EngagementID string `json:"engagementId"`
	MicrosoftID  string `json:"microsoftId"`
}

// partner does something in the portal as the partner's own person, as POST user of Partner Center describes it.
func (r *rig) partner(act doc) (out acted) {
	r.t.Helper()
	decoded(r.t, r.pc.call(http.MethodPost, "/user", act), &out)
	return out
}

// microsoft does something as Microsoft's seller, as POST seller describes it.
func (r *rig) microsoft(act doc) (out acted) {
	r.t.Helper()
	decoded(r.t, r.pc.call(http.MethodPost, "/seller", act), &out)
	return out
}

// portalEdits changes a referral in the portal: JSON pointers and values.
func (r *rig) portalEdits(id string, changes doc) {
	r.t.Helper()
	r.partner(doc{"do": "update", "id": id, "changes": changes})
}

// referrals are all referrals by id.
func (r *rig) referrals() map[string]doc { r.t.Helper(); return r.pc.table("referrals") }

// referral is a referral as Partner Center holds it.
func (r *rig) referral(id string) doc {
	r.t.Helper()
	d := r.referrals()[id]
	if d == nil {
		r.t.Fatalf("Partner Center has no referral %q", id)
	}
	return d
}

// pairOf finds the referrals of an opportunity by what the two systems hold.
func (r *rig) pairOf(opportunity string) pair {
	r.t.Helper()
	p := pair{opportunity: opportunity, own: r.opportunity(opportunity).text("cosell_referralid")}
	all := r.referrals()
	if p.own == "" || all[p.own] == nil {
		p.own = ""
		return p
	}
	p.engagement = all[p.own].text("engagementId")
	for id, d := range all {
		if id != p.own && d.text("engagementId") == p.engagement {
			p.microsoft = id
		}
	}
	return p
}

// arrived waits for what an engagement of Partner Center becomes in the CRM.
func (r *rig) arrived(a acted) pair {
	r.t.Helper()
	r.quiet()
	id := strings.ToLower(r.referral(a.ID).text("externalReferenceId"))
	if id == "" {
		r.t.Fatalf("referral %s has no CRM id", a.ID)
	}
	return pair{opportunity: id, own: a.ID, microsoft: a.MicrosoftID, engagement: a.EngagementID}
}

// portalDeal is a deal that the partner's person makes in the portal; referral is laid over a complete default.
func (r *rig) portalDeal(referral doc) acted {
	r.t.Helper()
	return r.partner(doc{"do": "create", "referral": referral})
}
