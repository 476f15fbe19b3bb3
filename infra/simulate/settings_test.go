package simulate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/app"
)

// The names by which product and systems know each other.
const (
	crmHost       = "cosell.crm4.dynamics.com"
	vaultHost     = "cosell-vault.vault.azure.net"
	partnerTenant = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	partnerClient = "c0a1b2c3-1111-4222-8333-944455556666"
	crmTenant     = "8b2d7f60-3c15-4e9a-b7d4-60a1e5c9f213"
	crmClient     = "d0c9b8a7-2222-4333-8444-a55566667777"
	vaultClient   = "e1f2a3b4-3333-4444-8555-b66677778888"
	organization  = "6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718"
	productURL    = "https://cosell-sync.example"
	crmHeader     = "x-cosell-crm-key"
	crmSecret     = "the-secret-of-the-event-steps"
	operatorKey   = "the-key-of-the-operator"
	refreshToken  = "refresh-token-of-the-referrals-admin"
	partnerSecret = "secret-of-the-partner-app"
	vaultSecret   = "secret-of-the-vault-app"
	crmAppSecret  = "secret-of-the-crm-app"
)

// settingsOf are the settings of a place of the layout. Most processes of most runs have the same, which are read once.
func (r *run) settingsOf(s slot) *app.Settings {
	environ := r.environ(s.role)
	key := strings.Join(environ, "\n")
	read := originalsOf().settings[key]
	if read != nil {
		return read
	}
	read, err := app.Read(environ)
	if err != nil {
		panic(fmt.Sprintf("the product does not start: %v", err))
	}
	originalsOf().settings[key] = read
	return read
}

// environ are the settings of a process of a role: those of the laptop world, with those of the run laid over.
func (r *run) environ(role string) []string {
	var simulated []string
	for _, host := range []string{partnercentersim.ReferralsHost, partnercentersim.WebhooksHost, partnercentersim.LoginHost, "3psostorageacct.blob.core.windows.net", crmHost, vaultHost} {
		simulated = append(simulated, host+"=127.0.0.1:1") // never dialled: the run is the transport
	}
	all := []string{
		"SYNC_ROLE=" + role, "SYNC_SIMULATED=" + strings.Join(simulated, ","), "SYNC_PUBLIC_URL=" + productURL, "SYNC_OPERATOR_KEY=" + operatorKey,
		"DATAVERSE_URL=https://" + crmHost, "DATAVERSE_ORGANIZATION_ID=" + organization, "DATAVERSE_WEBHOOK_HEADER=" + crmHeader, "DATAVERSE_WEBHOOK_SECRET=" + crmSecret,
		"AZURE_TENANT_ID=" + partnerTenant, "AZURE_CLIENT_ID=" + vaultClient, "AZURE_CLIENT_SECRET=" + vaultSecret,
		"ServiceBus=Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=k;SharedAccessKey=eA==;UseDevelopmentEmulator=true",
		"TABLES_CONNECTION_STRING=DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=eA==;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;",
		"SYNC_CONTACT_CONSENT=always", "SYNC_STARTED=2026-01-01", "SYNC_DEFAULT_OWNER=sam@northwind.example", "SYNC_RECONCILE_SCHEDULE=0 */5 * * * *",
		"PARTNER_CENTER_TENANT=" + partnerTenant, "PARTNER_CENTER_CLIENT_ID=" + partnerClient, "PARTNER_CENTER_CLIENT_SECRET=" + partnerSecret,
		"PARTNER_CENTER_VAULT_URL=https://" + vaultHost, "PARTNER_CENTER_REFRESH_TOKEN_SECRET=partner-center-refresh-token",
		"DATAVERSE_TENANT=" + crmTenant, "DATAVERSE_CLIENT_ID=" + crmClient, "DATAVERSE_CLIENT_SECRET=" + crmAppSecret,
	}
	if role == app.Intake {
		all = slices.DeleteFunc(all, func(one string) bool {
			return strings.HasPrefix(one, "SYNC_OPERATOR") || strings.HasPrefix(one, "PARTNER_CENTER_") || strings.HasPrefix(one, "DATAVERSE_TENANT") || strings.HasPrefix(one, "DATAVERSE_CLIENT")
		})
	}
	for _, one := range r.plan.own {
		if name, without := strings.CutPrefix(one, "-"); without {
			all = slices.DeleteFunc(all, func(one string) bool { return strings.HasPrefix(one, name+"=") })
			continue
		}
		all = append(all, one)
	}
	return all
}
