package world

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// aliasForm is what the alias of a further tenant looks like: it is the last part of the path of its webhook.
var aliasForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)

// tenant is a further partner with a Partner Center of its own, beside the first one.
type tenant struct {
	alias                                                                  string
	id, clientID, clientSecret, refreshToken, organizationID, organization string
	system                                                                 *system
	sim                                                                    *partnercentersim.Sim
}

// checkTenants says what is wrong with the aliases of further tenants.
func checkTenants(aliases []string) error {
	for i, alias := range aliases {
		if !aliasForm.MatchString(alias) {
			return fmt.Errorf("tenants: %q: use lower-case letters, digits and -, as in acme", alias)
		}
		if slices.Contains(aliases[:i], alias) {
			return fmt.Errorf("tenants: %s stands there twice", alias)
		}
	}
	return nil
}

// fixedID is the same id for the same name in every world.
func fixedID(name string) string {
	sum := sha256.Sum256([]byte("world/" + name))
	x := hex.EncodeToString(sum[:16])
	return x[:8] + "-" + x[8:12] + "-4" + x[13:16] + "-8" + x[17:20] + "-" + x[20:]
}

func newTenant(alias string) *tenant {
	return &tenant{alias: alias, id: fixedID(alias + "/tenant"), clientID: fixedID(alias + "/client"), organizationID: fixedID(alias + "/organization"),
		organization: "Partner " + alias, clientSecret: key(), refreshToken: key()}
}

// refreshSecret is the name of its refresh token in the vault.
func (t *tenant) refreshSecret() string { return refreshTokenSecret + "-" + t.alias }

// startTenants makes the Partner Centers of the further tenants: each has its own referrals, registration, switches
// and history; hosts and signing certificate are Microsoft's, and the same for all.
func (w *World) startTenants(first *partnercentersim.Sim) error {
	for i, alias := range w.opt.Positions.Tenants {
		t := newTenant(alias)
		var err error
		t.sim, err = partnercentersim.New(partnercentersim.Options{
			Now: w.clock.now, TokenNow: time.Now, Seed: seed + int64(i) + 1, Notify: w.kickAll, Sibling: first,
			Tenant: t.id, ClientID: t.clientID, ClientSecret: t.clientSecret, RefreshToken: t.refreshToken,
			OrganizationID: t.organizationID, OrganizationName: t.organization, UserEmail: "integration@" + alias + ".example",
			Switches: w.opt.Positions.PartnerCenter,
		})
		if err != nil {
			return fmt.Errorf("starting Partner Center of %s: %w", alias, err)
		}
		t.system = newSystem("partnercenter-"+alias, surfacesOf(t.sim), &w.clock, w.client)
		w.tenants = append(w.tenants, t)
	}
	return nil
}

// surfacesOf are the hosts of a Partner Center.
func surfacesOf(sim *partnercentersim.Sim) surfaced {
	return surfaced{sim, map[string]http.Handler{
		partnercentersim.ReferralsHost: sim.Handler(partnercentersim.SurfaceReferrals),
		partnercentersim.WebhooksHost:  sim.Handler(partnercentersim.SurfaceWebhooks),
		partnercentersim.LoginHost:     sim.Handler(partnercentersim.SurfaceLogin),
		certificateHost:                sim.Handler(partnercentersim.SurfaceCertificate),
	}}
}

// allTenants serves the first Partner Center and those of the further tenants.
func (w *World) allTenants() http.Handler {
	var others []partnercentersim.Tenant
	for _, t := range w.tenants {
		others = append(others, partnercentersim.Tenant{Sim: t.sim, Serve: t.system.wire})
	}
	return partnercentersim.ByTenant(partnercentersim.Tenant{Serve: w.systems[0].wire}, others...)
}

// describeTenants is what local.json says of the further tenants.
func (w *World) describeTenants(at func(port) string, controlOf func(string) string) map[string]control.Tenant {
	var out map[string]control.Tenant
	for _, t := range w.tenants {
		if out == nil {
			out = map[string]control.Tenant{}
		}
		out[t.alias] = control.Tenant{
			PartnerCenter: control.PartnerCenter{URL: at(portReferrals), WebhooksURL: at(portWebhooks), TokenURL: at(portLogin) + "/" + t.id + "/oauth2/v2.0/token",
				Tenant: t.id, ClientID: t.clientID, ClientSecret: t.clientSecret, RefreshToken: t.refreshToken, Users: usersOf(t.sim), Control: controlOf(t.system.name)},
			Webhook: w.productURL() + partnerCenterRoute + "/" + t.alias, OrganizationID: t.organizationID, RefreshTokenSecret: t.refreshSecret(),
		}
	}
	return out
}

// tenantSettings are those of the further tenants, as a real deployment has them.
func (w *World) tenantSettings() map[string]string {
	out := map[string]string{}
	var aliases []string
	for _, t := range w.tenants {
		prefix := strings.ToUpper(strings.ReplaceAll(t.alias, "-", "_")) + "_"
		aliases = append(aliases, t.alias)
		out[prefix+"PARTNER_CENTER_TENANT"], out[prefix+"PARTNER_CENTER_CLIENT_ID"], out[prefix+"PARTNER_CENTER_CLIENT_SECRET"] = t.id, t.clientID, t.clientSecret
		out[prefix+"PARTNER_CENTER_REFRESH_TOKEN_SECRET"], out[prefix+"SYNC_STARTED"] = t.refreshSecret(), firstDay
	}
	if len(aliases) > 0 {
		out["SYNC_TENANTS"] = strings.Join(aliases, ",")
	}
	return out
}
