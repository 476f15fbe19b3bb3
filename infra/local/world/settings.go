package world

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// The routes of the two public receivers behind the host's default prefix.
const (
	partnerCenterRoute = "/api/partnercenterwebhook"
	crmRoute           = "/api/crmwebhook"
	crmSecretHeader    = "x-cosell-crm-key"
	refreshTokenSecret = "partner-center-refresh-token"
)

// secrets are the names and keys of this world. Ids are the same in every world, so that people may keep
// them in scripts; keys are made anew.
type secrets struct {
	partnerTenant, partnerClient, partnerSecret, refreshToken string
	dataverseTenant, dataverseClient, dataverseSecret         string
	administrator, customizer                                 control.Application // of the CRM
	organization                                              string
	vaultClient, vaultSecret                                  string // the identity of the product, or of its sync app
	intakeClient, intakeSecret                                string // of its intake app, where the apps are two
	ownerClient, ownerSecret                                  string // of a person who may write secrets
	awsSecret, awsSession                                     string
	operatorKey, crmSecret                                    string
}

func newSecrets() secrets {
	return secrets{
		partnerTenant: "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90", partnerClient: "c0a1b2c3-1111-4222-8333-944455556666",
		dataverseTenant: "8b2d7f60-3c15-4e9a-b7d4-60a1e5c9f213", dataverseClient: "d0c9b8a7-2222-4333-8444-a55566667777",
		organization: "6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718", vaultClient: "e1f2a3b4-3333-4444-8555-b66677778888",
		ownerClient: "a3b4c5d6-5555-4666-8777-d88899990000", ownerSecret: key(),
		intakeClient: "f2a3b4c5-4444-4555-8666-c77788889999", intakeSecret: key(),
		administrator: control.Application{ClientID: "ad0b1c2d-4444-4555-8666-c77788889999", ClientSecret: key()},
		customizer:    control.Application{ClientID: "c5d6e7f8-5555-4666-8777-d88899990000", ClientSecret: key()},
		partnerSecret: key(), refreshToken: key(), dataverseSecret: key(), vaultSecret: key(), operatorKey: key(), crmSecret: key(), awsSecret: key(), awsSession: key(),
	}
}

func key() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// firstDay is the day from which the product works in this world: long before anything that happens in it.
const firstDay = "2026-01-01"

// settings are the handler's app settings: those of a real deployment. What differs from the product's
// defaults is the waiting times of the creation protocol and of a decline, as nobody wants to watch them,
// the consent of contacts, the owner of last resort, and the day of the start.
func (w *World) settings() map[string]string {
	k := w.secrets
	out := map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom",
		"SYNC_ROLE":                "all",
		"SYNC_SIMULATED":           w.simulated(),
		"SYNC_CA_FILE":             w.caFile(),
		"SYNC_SIMULATED_CLOCK":     w.clock.file,
		"SYNC_OPERATOR_KEY":        k.operatorKey,
		"SYNC_PUBLIC_URL":          w.productURL(),
		"SYNC_GUARD":               "1s",
		"SYNC_POST_TIMEOUT":        "2s",
		"SYNC_SETTLE":              "4s",
		"SYNC_DECLINE_GRACE":       "2s",
		"SYNC_CONTACT_CONSENT":     "always",
		"SYNC_STARTED":             firstDay,
		"SYNC_DEFAULT_OWNER":       "sam@northwind.example", // a person of the CRM's seed
		"SYNC_RECONCILE_SCHEDULE":  "0 */5 * * * *",

		"PARTNER_CENTER_TENANT":               k.partnerTenant,
		"PARTNER_CENTER_CLIENT_ID":            k.partnerClient,
		"PARTNER_CENTER_CLIENT_SECRET":        k.partnerSecret,
		"PARTNER_CENTER_VAULT_URL":            "https://" + vaultHost,
		"PARTNER_CENTER_REFRESH_TOKEN_SECRET": refreshTokenSecret,
		"PARTNER_CENTER_EXTRA_ROOTS_FILE":     w.signerFile(),
		"PARTNER_CENTER_INTERMEDIATES_FILE":   w.middleFile(),

		"DATAVERSE_URL":             "https://" + dataverseHost,
		"DATAVERSE_TENANT":          k.dataverseTenant,
		"DATAVERSE_CLIENT_ID":       k.dataverseClient,
		"DATAVERSE_CLIENT_SECRET":   k.dataverseSecret,
		"DATAVERSE_ORGANIZATION_ID": k.organization,
		"DATAVERSE_WEBHOOK_HEADER":  crmSecretHeader,
		"DATAVERSE_WEBHOOK_SECRET":  k.crmSecret,

		"AZURE_TENANT_ID":     k.partnerTenant,
		"AZURE_CLIENT_ID":     k.vaultClient,
		"AZURE_CLIENT_SECRET": k.vaultSecret,
	}
	maps.Copy(out, w.tenantSettings())
	maps.Copy(out, w.stores())
	maps.Copy(out, w.opt.Settings)
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	return out
}

// intakeIdentity is the identity of the intake app where the apps are two.
func (w *World) intakeIdentity() map[string]string {
	return map[string]string{"AZURE_TENANT_ID": w.secrets.partnerTenant, "AZURE_CLIENT_ID": w.secrets.intakeClient, "AZURE_CLIENT_SECRET": w.secrets.intakeSecret}
}

func (w *World) productURL() string {
	return fmt.Sprintf("https://localhost:%d", w.ports.number[portProduct])
}

// tablesConnection is Azurite's own, by way of the proxy.
func (w *World) tablesConnection() string {
	through := fmt.Sprintf("127.0.0.1:%d", w.ports.number[portTables])
	return strings.Replace(w.azurite.ConnectionString(), fmt.Sprintf("127.0.0.1:%d", w.azurite.Port()), through, 1)
}

// brokerConnection is the broker's own, by way of its link.
func (w *World) brokerConnection() string {
	through := fmt.Sprintf("127.0.0.1:%d", w.ports.number[portServiceBus])
	return strings.Replace(w.broker.ConnectionString(), fmt.Sprintf("127.0.0.1:%d", w.broker.Port()), through, 1)
}

// describe is the content of .build/local.json.
func (w *World) describe() control.Local {
	k := w.secrets
	at := func(p port) string { return fmt.Sprintf("https://127.0.0.1:%d", w.ports.number[p]) }
	controlOf := func(part string) string {
		return fmt.Sprintf("http://127.0.0.1:%d/%s", w.ports.number[portControl], part)
	}
	product := w.productURL()
	return control.Local{
		CAFile: w.caFile(),
		Product: control.Product{URL: product, OperatorKey: k.operatorKey, CRMSecretHeader: crmSecretHeader, CRMSecret: k.crmSecret,
			Webhooks: control.Webhooks{PartnerCenter: product + partnerCenterRoute, CRM: product + crmRoute}},
		Host:       control.Part{Control: controlOf("host"), Kind: w.hostKind()},
		ServiceBus: control.ServiceBus{ConnectionString: w.brokerConnection(), Control: controlOf("servicebus")},
		Tables:     control.Tables{ConnectionString: w.tablesConnection(), Control: controlOf("tables")},
		Vault: control.Vault{Control: controlOf("vault"), URL: at(portVault), Host: vaultHost, Tenant: k.partnerTenant,
			ClientID: k.ownerClient, ClientSecret: k.ownerSecret, RefreshTokenSecret: refreshTokenSecret},
		PartnerCenter: control.PartnerCenter{URL: at(portReferrals), WebhooksURL: at(portWebhooks),
			TokenURL: at(portLogin) + "/" + k.partnerTenant + "/oauth2/v2.0/token", Tenant: k.partnerTenant,
			ClientID: k.partnerClient, ClientSecret: k.partnerSecret, RefreshToken: k.refreshToken, Users: usersOf(w.first), Control: controlOf("partnercenter")},
		Dataverse: control.Dataverse{URL: at(portDataverse), TokenURL: at(portLogin) + "/" + k.dataverseTenant + "/oauth2/v2.0/token",
			Tenant: k.dataverseTenant, ClientID: k.dataverseClient, ClientSecret: k.dataverseSecret,
			OrganizationID: k.organization, Control: controlOf("dataverse"), Administrator: k.administrator, Customizer: k.customizer},
		Simulated: w.simulated(),
		Layout:    cmp.Or(w.opt.Layout, LayoutOne),
		Tenants:   w.describeTenants(at, controlOf),
	}
}

// usersOf are who can sign in at a partner's directory.
func usersOf(sim *partnercentersim.Sim) (out []control.User) {
	for _, p := range sim.People() {
		out = append(out, control.User(p))
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
