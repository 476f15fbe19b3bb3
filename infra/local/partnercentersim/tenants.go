package partnercentersim

import (
	"net"
	"net/http"
	"strings"
)

// Tenant is one partner's Partner Center, and what serves it: the simulator itself, or something around it.
type Tenant struct {
	Sim   *Sim
	Serve http.Handler
}

// ByTenant serves several tenants under the same real names, as Microsoft does: sign-in calls go by the tenant in
// their path, calls of the two APIs by who issued their token. What belongs to nobody goes to the first.
func ByTenant(first Tenant, others ...Tenant) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, t := range others {
			if t.Sim.serves(r) {
				t.Serve.ServeHTTP(w, r)
				return
			}
		}
		first.Serve.ServeHTTP(w, r)
	})
}

// serves says whether a call is for this tenant.
func (s *Sim) serves(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	switch strings.ToLower(host) {
	case LoginHost:
		tenant, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		return strings.EqualFold(tenant, s.opts.Tenant)
	case ReferralsHost, WebhooksHost:
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return s.issued(token)
	}
	return false
}

// issued says whether a token is, or was, one of this tenant's.
func (s *Sim) issued(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.tokens[token]
	return ok
}
