package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// further are the partners that a story may have beside the first one: SYNC_TENANTS names them, and two gives the rest
// of their settings.
var further = map[string]struct{ tenant, client, secret, refresh, organization string }{
	"fr": {"f0000000-1111-4111-8111-000000000001", "f0000000-2222-4222-8222-000000000001", "secret-of-the-french-app", "refresh-token-of-france", "f0000000-3333-4333-8333-000000000001"},
	"de": {"d0000000-1111-4111-8111-000000000001", "d0000000-2222-4222-8222-000000000001", "secret-of-the-german-app", "refresh-token-of-germany", "d0000000-3333-4333-8333-000000000001"},
}

// tenantSettings are those of further tenants.
func tenantSettings(aliases ...string) []string {
	out := []string{"SYNC_TENANTS=" + strings.Join(aliases, ",")}
	for _, alias := range aliases {
		p, prefix := further[alias], strings.ToUpper(alias)+"_"
		out = append(out, prefix+"PARTNER_CENTER_TENANT="+p.tenant, prefix+"PARTNER_CENTER_CLIENT_ID="+p.client, prefix+"PARTNER_CENTER_CLIENT_SECRET="+p.secret,
			prefix+"PARTNER_CENTER_REFRESH_TOKEN_SECRET=refresh-token-"+alias, prefix+"SYNC_STARTED=2026-01-01")
	}
	return out
}

// furtherPartners makes the Partner Centers of the tenants that the settings name, and what of them is in the vault.
func furtherPartners(t *testing.T, first *partnercentersim.Sim, settings []string) (map[string]*system, map[string]string) {
	t.Helper()
	systems, secrets := map[string]*system{}, map[string]string{}
	for _, one := range settings {
		aliases, named := strings.CutPrefix(one, "SYNC_TENANTS=")
		if !named {
			continue
		}
		for i, alias := range strings.Split(aliases, ",") {
			p := further[alias]
			sim, err := partnercentersim.New(partnercentersim.Options{Now: time.Now, Seed: int64(i) + 2, Sibling: first, Tenant: p.tenant, ClientID: p.client,
				ClientSecret: p.secret, RefreshToken: p.refresh, OrganizationID: p.organization, OrganizationName: "Northwind " + alias, UserEmail: "integration@" + alias + ".example", SigningHost: certificateHost})
			must(t, err)
			systems[alias], secrets["refresh-token-"+alias] = behindWire(t, sim), p.refresh
		}
	}
	return systems, secrets
}

// partnerCenterOf knows whose Partner Center a call is for.
func (r *rig) partnerCenterOf(req *http.Request) *system {
	found := r.pc
	var others []partnercentersim.Tenant
	for _, s := range r.more {
		others = append(others, partnercentersim.Tenant{Sim: s.sim.(*partnercentersim.Sim), Serve: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { found = s })})
	}
	asked := req.Clone(req.Context())
	asked.Host = req.URL.Host
	partnercentersim.ByTenant(partnercentersim.Tenant{Serve: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}, others...).ServeHTTP(nil, asked)
	return found
}

// tablesOf are a tenant's tables.
func (r *rig) tablesOf(tenant string, _ ledger.Sealer) *ledger.Ledger {
	if r.more[tenant] == nil {
		return r.tables
	}
	if r.others[tenant] == nil {
		r.others[tenant] = ledger.InMemory(time.Now)
	}
	return r.others[tenant]
}

// in tells what happens in the Partner Center of a further tenant.
func (r *rig) in(alias string, what func()) {
	r.t.Helper()
	first := r.pc
	r.pc, r.more[alias] = r.more[alias], first
	defer func() { r.pc, r.more[alias] = first, r.pc }()
	what()
}
