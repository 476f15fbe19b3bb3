package partnercentersim

import "net/http"

// profilePath is where the partner's profile is read, on the host of the registration.
// https://learn.microsoft.com/partner-center/developer/get-partner-network-profile
const profilePath = "/v1/profiles/mpn"

// serveProfile tells the partner id (mpnId) of the account, to user tokens only.
func (s *Sim) serveProfile(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		writeShapeB(w, http.StatusMethodNotAllowed, "405", "%s is not offered at %s.", r.Method, r.URL.Path)
		return
	}
	g, _ := s.bearer(w, r, WebhooksAudience)
	id := s.opts.Locations[0]
	switch {
	case s.is("partnerProfile", "refused") || !g.user():
		writeShapeB(w, http.StatusForbidden, "403", "Access denied: the profile is not for this user.")
		return
	case s.is("partnerProfile", "other"):
		id = "9999999"
	}
	writeJSON(w, http.StatusOK, map[string]any{"mpnId": id, "partnerName": s.opts.OrganizationName, "profileType": "mpn_profile",
		"attributes": map[string]string{"objectType": "PartnerMpnProfile"}})
}
