package template

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/azure/bicep"
)

// rules say what is wrong with a deployment.
var rules = []struct {
	name  string
	holds func(t *testing.T, d deployed) []string
}{
	{"names", names}, {"queues", queuesOfTheCode}, {"rights", leastRights}, {"secrets may be read", readable}, {"secrets", secretsInTheVault},
	{"settings", settingsOfTheApps}, {"functions", functionsOfTheRole}, {"awake", awake}, {"apps", flex}, {"stores", stores}, {"network", network},
	{"alerts", alerts}, {"checklist", checklist},
}

func TestTemplatesDeployWhatTheProductNeeds(t *testing.T) {
	all, err := deploy(open(t), azure)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		for _, rule := range rules {
			for _, say := range rule.holds(t, d) {
				t.Errorf("%s, %s: %s", d.name, rule.name, say)
			}
		}
	}
}

// brokenTemplates: what each rule says when one line is changed.
var brokenTemplates = []struct{ rule, in, old, put, says string }{
	{"names", "main.bicep", "name: '${name}t${suffix}'", "name: '${name}-t${suffix}'", "maxLength"},
	{"names", "main.test.bicepparam", "'COSELL_NAME', 'coselltest'", "'COSELL_NAME', 'CosellTest'", "storageAccounts"},
	{"names", "main.bicep", "'${name}-kv-${take(suffix, 8)}'", "'${name}-vault-${suffix}'", "maxLength"},
	{"names", "main.bicep", "name: '${name}s${suffix}'", "name: '${name}i${suffix}'", "twice"},
	{"queues", "modules/servicebus.bicep", "requiresSession: true", "requiresSession: false", "requiresSession"},
	{"queues", "modules/servicebus.bicep", "requiresDuplicateDetection: false", "requiresDuplicateDetection: true", "requiresDuplicateDetection"},
	{"queues", "modules/servicebus.bicep", "lockDuration: 'PT1M'", "lockDuration: 'PT5M'", "lockDuration"},
	{"queues", "modules/servicebus.bicep", "maxDeliveryCount: 10", "maxDeliveryCount: 1", "maxDeliveryCount"},
	{"queues", "modules/servicebus.bicep", "deadLetteringOnMessageExpiration: true", "deadLetteringOnMessageExpiration: false", "deadLetteringOnMessageExpiration"},
	{"queues", "modules/servicebus.bicep", "defaultMessageTimeToLive: 'P14D'", "defaultMessageTimeToLive: 'P1D'", "defaultMessageTimeToLive"},
	{"queues", "modules/servicebus.bicep", "'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = [for q in queues: {\n  parent: bus\n  name: q.name", "'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = [for q in queues: {\n  parent: bus\n  name: '${q.name}s'", "referral-changed"},
	{"rights", "modules/servicebus.bicep", "  scope: intakeQueues[i]", "  scope: bus", "a right too many: intake: Azure Service Bus Data Sender on ServiceBus namespaces"},
	{"rights", "modules/servicebus.bicep", "guid(intakeQueues[i].id, intakePrincipalId, roles.busSender)\n  scope: intakeQueues[i]\n  properties: {\n    principalId: intakePrincipalId\n    principalType: 'ServicePrincipal'\n    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busSender)", "guid(intakeQueues[i].id, intakePrincipalId, roles.busSender)\n  scope: intakeQueues[i]\n  properties: {\n    principalId: intakePrincipalId\n    principalType: 'ServicePrincipal'\n    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busReceiver)", "a right too many: intake: Azure Service Bus Data Receiver"},
	{"rights", "modules/tables.bicep", "scope: ofIntake", "scope: account", "a right too many: intake: Storage Table Data Contributor on account of the tables"},
	{"rights", "main.bicep", "principalId: intakeIdentity.properties.principalId\n  }\n}\n\nmodule syncHost", "principalId: syncIdentity.properties.principalId\n  }\n}\n\nmodule syncHost", "a right too many: sync: Storage Blob Data Owner on account of the intake's host"},
	{"rights", "modules/vault.bicep", "scope: kept[i]", "scope: vault", "a right too many: sync: Key Vault Secrets Officer"},
	{"rights", "modules/vault.bicep", "[for (secret, i) in intakeReads: {\n  name: guid(", "[for (secret, i) in []: {\n  name: guid(", "a right too few: intake: Key Vault Secrets User on secret dataverse-webhook-secret"},
	{"rights", "modules/monitoring.bicep", "principalType: 'ServicePrincipal'", "principalType: 'User'", "principalType"},
	{"rights", "main.bicep", "publishers: [intakeIdentity.properties.principalId, syncIdentity", "publishers: [syncIdentity.properties.principalId, syncIdentity", "a right too few: intake: Monitoring"},
	{"secrets may be read", "main.bicep", "DATAVERSE_WEBHOOK_SECRET: vault.outputs.references.dataverseWebhookSecret", "DATAVERSE_WEBHOOK_SECRET: vault.outputs.references.operatorKeys", "may not read it"},
	{"secrets may be read", "modules/vault.bicep", "  map(ownTenants, alias => '${names.partnerCenterClientSecret}-${alias}')\n", "  []\n", "may not read it"},
	{"secrets", "main.bicep", "'@Microsoft.KeyVault(VaultName=${vaultName};SecretName=partner-center-client-secret-${t.alias})'", "tenantClientSecrets", "DE_AT_PARTNER_CENTER_CLIENT_SECRET does not refer to the vault"},
	{"secrets", "modules/vault.bicep", "s => contains(ownTenants, s.key)", "s => true", "and no others"},
	{"secrets", "main.bicep", "PARTNER_CENTER_CLIENT_SECRET: vault.outputs.references.partnerCenterClientSecret", "PARTNER_CENTER_CLIENT_SECRET: partnerCenterClientSecret", "PARTNER_CENTER_CLIENT_SECRET"},
	{"secrets", "modules/vault.bicep", "@onlyIfNotExists()", "", "would be written over"},
	{"secrets", "modules/vault.bicep", "properties: { value: unset }", "properties: { value: 'x' }", "the placeholder"},
	{"secrets", "modules/vault.bicep", "if (!empty(operatorKeys)) {", "if (empty(operatorKeys)) {", "operator-keys"},
	{"settings", "main.bicep", "  DATAVERSE_ORGANIZATION_ID: dataverseOrganizationId\n", "", "DATAVERSE_ORGANIZATION_ID is missing"},
	{"settings", "main.bicep", "  PARTNER_CENTER_VAULT_URL: vault.outputs.uri\n", "", "PARTNER_CENTER_VAULT_URL is missing"},
	{"settings", "main.bicep", "TABLES_ENDPOINT: tables.outputs.endpoint", "TABLE_ENDPOINT: tables.outputs.endpoint", "TABLE_ENDPOINT is no setting"},
	{"settings", "main.bicep", "SYNC_PUBLIC_URL: 'https://${intake.outputs.host}'", "SYNC_PUBLIC_URL: 'https://${intake.outputs.host}/api'", "SYNC_PUBLIC_URL must be"},
	{"settings", "modules/functionapp.bicep", "    AZURE_CLIENT_ID", "    AZURE_CLIENT_ID", ""},
	{"settings", "modules/functionapp.bicep", "  AzureWebJobsStorage__credential: 'managedidentity'\n", "", "AzureWebJobsStorage__credential"},
	{"settings", "modules/functionapp.bicep", "var own = {", "var own = {\n  FUNCTIONS_WORKER_RUNTIME: 'custom'", "FUNCTIONS_WORKER_RUNTIME"},
	{"settings", "modules/functionapp.bicep", "AZURE_CLIENT_ID: identity.properties.clientId", "AZURE_CLIENT_ID: identity.properties.principalId", "AZURE_CLIENT_ID"},
	{"functions", "modules/functionapp.bicep", "(f.role != 'all' && f.role != role)", "(f.role != role)", "health"},
	{"functions", "modules/functionapp.bicep", "'AzureWebJobs.${f.name}.Disabled'", "'AzureWebJobs.${f.name}.Enabled'", "crmwebhook"},
	{"functions", "modules/functionapp.bicep", "SYNC_ROLE: role", "SYNC_ROLE: 'all'", "SYNC_ROLE"},
	{"awake", "main.bicep", "name: 'function:${f}'", "name: f", "function:crmtopartnercenter"},
	{"awake", "main.bicep", "[{ name: 'http', instanceCount: alwaysReadyHttp }]", "[{ name: 'http', instanceCount: 0 }]", "http"},
	{"apps", "modules/functionapp.bicep", "runtime: { name: 'custom', version: '1.0' }", "runtime: { name: 'go', version: '1.0' }", "runtime"},
	{"apps", "modules/functionapp.bicep", "sku: { name: 'FC1', tier: 'FlexConsumption' }", "sku: { name: 'EP1', tier: 'ElasticPremium' }", "Flex"},
	{"apps", "main.bicep", "packages: syncHost.outputs.packages", "packages: intakeHost.outputs.packages", "same account"},
	{"apps", "main.bicep", "hostStorageName: syncHost.outputs.name", "hostStorageName: intakeHost.outputs.name", "same account"},
	{"apps", "main.bicep", "identityName: syncIdentity.name", "identityName: intakeIdentity.name", "same identity"},
	{"apps", "modules/functionapp.bicep", "keyVaultReferenceIdentity: identity.id\n", "", "keyVaultReferenceIdentity"},
	{"apps", "main.bicep", "tags: union(tags, { 'azd-service-name': 'sync' })", "tags: tags", "azd-service-name"},
	{"stores", "modules/tables.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess"},
	{"stores", "modules/servicebus.bicep", "disableLocalAuth: true", "disableLocalAuth: false", "disableLocalAuth"},
	{"stores", "modules/vault.bicep", "enableRbacAuthorization: true", "enableRbacAuthorization: false", "enableRbacAuthorization"},
	{"stores", "modules/vault.bicep", "enablePurgeProtection: true\n", "", "enablePurgeProtection"},
	{"stores", "modules/monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false", "DisableLocalAuth"},
	{"stores", "modules/monitoring.bicep", "features: { disableLocalAuth: true }", "features: {}", "disableLocalAuth"},
	{"stores", "modules/servicebus.bicep", "param sku string", "param sku string\nvar basic = 'Basic'", ""},
	{"network", "modules/hoststorage.bicep", "publicNetworkAccess: publicNetworkAccess", "publicNetworkAccess: 'Enabled'", "open to the internet"},
	{"network", "main.bicep", "blobAccountIds: [intakeHost.outputs.id, syncHost.outputs.id]", "blobAccountIds: [intakeHost.outputs.id]", "has no private endpoint"},
	{"network", "main.bicep", "subnetId: network.?outputs.syncSubnetId ?? ''", "subnetId: ''", "is not in the network"},
	{"network", "main.bicep", "subnetId: network.?outputs.syncSubnetId ?? ''", "subnetId: network.?outputs.intakeSubnetId ?? ''", "a part of the network of its own"},
	{"network", "modules/network.bicep", "serviceName: 'Microsoft.App/environments'", "serviceName: 'Microsoft.Web/serverFarms'", "Microsoft.App/environments"},
	{"network", "modules/network.bicep", "group: 'vault', zone: 2", "group: 'vault', zone: 0", "zone"},
	{"alerts", "modules/alerts.bicep", "toint(state.parked)", "toint(state.parked_messages)", "parked_messages"},
	{"alerts", "modules/alerts.bicep", `'"msg":"state"'`, `'"msg":"status"'`, "the line"},
	{"alerts", "modules/alerts.bicep", "metricName: 'DeadletteredMessages'", "metricName: 'ActiveMessages'", "DeadletteredMessages"},
	{"alerts", "modules/alerts.bicep", "name: 'token-age'", "name: 'age'", "token-age"},
	{"alerts", "modules/alerts.bicep", "actions: { actionGroups: [team.id] }", "actions: {}", "tells nobody"},
	{"alerts", "modules/alerts.bicep", "window: 'PT${hoursWithoutReading}H'", "window: 'PT7H'", "window"},
	{"alerts", "modules/alerts.bicep", "operator: 'LessThan'\n    threshold: 1", "operator: 'GreaterThan'\n    threshold: 0", "no-reading"},
	{"checklist", "modules/functionapp.bicep", "httpsOnly: true", "httpsOnly: false", "httpsOnly"},
	{"checklist", "modules/tables.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'", "minimumTlsVersion"},
	{"checklist", "modules/hoststorage.bicep", "      requireInfrastructureEncryption: true\n", "", "requireInfrastructureEncryption"},
	{"checklist", "modules/functionapp.bicep", "name: 'scm'\n  properties: { allow: false }", "name: 'scm'\n  properties: { allow: true }", "allow"},
}

func TestEveryRuleRefusesABrokenTemplate(t *testing.T) {
	top := t.TempDir()
	var paths []string
	for i, c := range brokenTemplates {
		paths = append(paths, copied(t, filepath.Join(top, fmt.Sprint(i)), c.in, c.old, c.put)...)
	}
	p, err := bicep.Open(t.Context(), tools, paths...)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range brokenTemplates {
		var said []string
		all, err := deploy(p, filepath.Join(top, fmt.Sprint(i)))
		if err != nil { // the templates refuse it themselves
			said = append(said, err.Error())
		}
		for _, d := range all {
			for _, rule := range rules {
				if rule.name == c.rule {
					said = append(said, rule.holds(t, d)...)
				}
			}
		}
		switch {
		case c.says == "" && len(said) > 0:
			t.Errorf("%d: %s is fine, and %s refuses it: %s", i, c.put, c.rule, strings.Join(said, "\n"))
		case c.says != "" && !slices.ContainsFunc(said, func(say string) bool { return strings.Contains(say, c.says) }):
			t.Errorf("%d: %s lets pass %q; it says %q", i, c.rule, c.put, said)
		}
	}
}

// copied puts the templates into another folder, with one text changed, and lists them.
func copied(t *testing.T, dir, in, old, put string) (paths []string) {
	t.Helper()
	beside := []string{filepath.Join(azure, "product.json"), filepath.Join(azure, "roles.json")}
	for _, file := range append(files(t), beside...) {
		rel, err := filepath.Rel(azure, file)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := string(b)
		if filepath.ToSlash(rel) == in {
			if s = strings.Replace(s, old, put, 1); s == string(b) && old != put {
				t.Errorf("%q does not stand in %s", old, in)
			}
		}
		to := filepath.Join(dir, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(beside, file) {
			paths = append(paths, to)
		}
	}
	return paths
}

// nameForms are the vendor's rules for names.
// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
var nameForms = map[string]*regexp.Regexp{
	accounts:   regexp.MustCompile(`^[a-z0-9]{3,24}$`),
	vaults:     regexp.MustCompile(`^[a-z](-?[a-z0-9]){2,23}$`),
	namespaces: regexp.MustCompile(`^[a-z][a-z0-9-]{4,48}[a-z0-9]$`),
	sites:      regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,58}[a-z0-9]$`),
	queues:     regexp.MustCompile(`^[^/]+/[a-z0-9][a-z0-9-]{0,258}[a-z0-9]$`),
	"Microsoft.ManagedIdentity/userAssignedIdentities": regexp.MustCompile(`^[a-z0-9][a-z0-9-]{2,127}$`),
	"Microsoft.Insights/actionGroups":                  regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,259}$`),
	vaultSecret:                                        regexp.MustCompile(`^[^/]+/[a-zA-Z0-9-]{1,127}$`),
}

func names(_ *testing.T, d deployed) (out []string) {
	seen := map[string]bool{}
	for _, r := range d.Resources {
		if seen[r.ID] {
			out = append(out, r.ID+" is deployed twice")
		}
		seen[r.ID] = true
		form := nameForms[r.Type]
		length := len(r.Name)
		if r.Type == vaults && (length < 3 || length > 24) || form != nil && !form.MatchString(r.Name) {
			out = append(out, fmt.Sprintf("%s is no name for %s", r.Name, r.Type))
		}
	}
	return out
}
