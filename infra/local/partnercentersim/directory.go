package partnercentersim

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Person is somebody who can try to sign in. The first one is the integration user, whose role is the switch of that
// name.
type Person struct {
	UPN     string `json:"upn"`
	Name    string `json:"name"`
	MFA     bool   `json:"mfa"`     // signs in with a second factor
	Role    string `json:"role"`    // in Partner Center: admin, user, reader or none
	Admin   bool   `json:"admin"`   // may consent for the organisation
	Foreign bool   `json:"foreign"` // of another tenant, and no guest of this one
}

// staff is who else there is, in the integration user's domain: everybody lacks something else.
func staff(user string) []Person {
	_, domain, _ := strings.Cut(user, "@")
	return []Person{
		{UPN: "admin@" + domain, Name: "Global Admin", MFA: true, Role: "admin", Admin: true},
		{UPN: "nomfa@" + domain, Name: "Without Second Factor", Role: "admin"},
		{UPN: "norole@" + domain, Name: "Without Role", MFA: true, Role: "none"},
		{UPN: "stranger@elsewhere.example", Name: "Of Another Tenant", MFA: true, Role: "none", Foreign: true},
	}
}

// People are all who can try to sign in, the integration user first.
func (s *Sim) People() []Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.opts.People)
	out[0].Role = s.switches["role"]
	return out
}

func (s *Sim) person(upn string) *Person {
	for i := range s.opts.People {
		if strings.EqualFold(s.opts.People[i].UPN, strings.TrimSpace(upn)) {
			return &s.opts.People[i]
		}
	}
	return nil
}

// role is the caller's in Partner Center.
func (s *Sim) role() string { return s.roleOf(s.caller.person) }

func (s *Sim) roleOf(p *Person) string {
	if p == &s.opts.People[0] {
		return s.switches["role"]
	}
	return p.Role
}

// objectID is the id of somebody in the directory: the same in every world.
func objectID(name string) string {
	sum := sha256.Sum256([]byte("directory/" + strings.ToLower(name)))
	x := hex.EncodeToString(sum[:16])
	return x[:8] + "-" + x[8:12] + "-4" + x[13:16] + "-8" + x[17:20] + "-" + x[20:]
}

// The APIs for which delegated permissions of an app are registered and consented to, by audience.
func apis() map[string]string {
	return map[string]string{ReferralsAudience: "referrals", WebhooksAudience: "webhooks"}
}

// permitted says whether a switch of permissions names the API of an audience. Other audiences are not looked at.
func (s *Sim) permitted(name, audience string) bool {
	api, ours := apis()[strings.TrimRight(strings.ToLower(audience), "/")]
	return !ours || s.is(name, "both") || s.is(name, api)
}

// refusesUser says why a token of App+User for an audience is not given; 0: it is.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func (s *Sim) refusesUser(app App, audience string, mfa bool) (number int, word, suberror, text string) {
	switch {
	case !s.permitted("permissions", audience):
		return 650057, "invalid_resource", "", "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration. Client app ID: " + app.ClientID + ". Resource value from request: " + audience + "."
	case !s.permitted("consent", audience):
		return 65001, "invalid_grant", "consent_required", "The user or administrator has not consented to use the application with ID '" + app.ClientID + "'. Send an interactive authorization request for this user and resource."
	case !mfa && s.is("mfaPolicy", "enforced"):
		return 50076, "invalid_grant", "basic_action", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '" + audience + "'."
	}
	return 0, "", "", ""
}
