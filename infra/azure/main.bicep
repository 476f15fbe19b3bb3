// Everything that cosell-sync needs in Azure, in one resource group: docs/azure.md says what and why.
targetScope = 'resourceGroup'

@description('Another partner tenant that this installation works for: docs/tenants.md.')
type furtherTenant = {
  @description('Its alias: a-z, 0-9 and dashes, a letter first.')
  alias: string
  @description('The id of its Microsoft Entra tenant.')
  partnerCenterTenant: string
  @description('The client id of an app registration of its own. Left out: the first one\'s, with its secret.')
  partnerCenterClientId: string?
}

@description('Begins the name of every resource: small letters and digits.')
@minLength(3)
@maxLength(10)
param name string = 'cosell'

@description('Where everything is: a region that has Flex Consumption.')
param location string = resourceGroup().location

@description('Tags of every resource.')
param tags object = {}

@description('The id of the partner\'s Microsoft Entra tenant.')
param partnerCenterTenant string

@description('The client id of the app registration for Partner Center.')
param partnerCenterClientId string

@description('The environment of Dynamics 365, as https://ORG.crm4.dynamics.com.')
param dataverseUrl string

@description('The id of its organisation: events of any other are refused.')
param dataverseOrganizationId string

@description('The client id of the application user. Empty: the identity of the sync app is the application user.')
param dataverseClientId string = ''

@description('The tenant of the CRM, where dataverseClientId is set.')
param dataverseTenant string = ''

@description('Keys of operators, as name=key,name=key. Empty keeps what the vault holds, as of all secrets here.')
@secure()
param operatorKeys string = ''

@description('The secret of the app registration for Partner Center.')
@secure()
param partnerCenterClientSecret string = ''

@description('The secrets of further tenants that have an app registration of their own, as JSON: {"ALIAS": "SECRET"}.')
@secure()
param tenantClientSecrets string = ''

@description('What the event steps of the CRM send with each event: at least 16 characters.')
@secure()
param dataverseWebhookSecret string = ''

@description('The one before, while it is changed. Empty: none is valid any more.')
@secure()
param dataverseWebhookSecretPrevious string = ''

@description('The secret of the application user, where dataverseClientId is set.')
@secure()
param dataverseClientSecret string = ''

@description('In shadow mode: where the events of Partner Center are handed on to, an https address, which may hold a key. Empty: nowhere.')
@secure()
param forwardUrl string = ''

@description('Further settings by name, for both apps: local.settings.sample.json lists them.')
param settings object = {}

@description('Further partner tenants.')
param tenants furtherTenant[] = []

@description('Who is told of alerts.')
param alertEmails string[] = []

@description('After how many hours in which Partner Center and the CRM were not both read somebody is told.')
@allowed([1, 2, 3, 4, 5, 6])
param hoursWithoutReading int = 2

@description('After how many hours without a new access token for Partner Center somebody is told. Tokens live about one hour.')
@allowed([2, 3, 4, 5, 6])
param hoursWithoutToken int = 3

@description('Instances of the intake app\'s HTTP functions that always run: without one the first event after a pause waits for a start.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttp int = 1

@description('Instances that always run of each queue function that people wait for: without one the first change after a pause may wait two minutes.')
@minValue(0)
@maxValue(20)
param alwaysReadyQueues int = 1

@description('The memory of an instance. The prices of all instances follow it.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('How many instances of each function group may run.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('The redundancy of the storage accounts. Not every region has zones.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Premium has private endpoints, too; it costs about seventy times as much.')
@allowed(['Standard', 'Premium'])
param serviceBusSku string = 'Standard'

@description('A virtual network, with private endpoints for storage and vault, and for Service Bus where it is Premium.')
param privateNetwork bool = false

@description('The addresses of that network: 256 of them.')
param addressPrefix string = '10.83.0.0/24'

@description('How many days logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

var product = loadJsonContent('product.json')
var suffix = uniqueString(resourceGroup().id)
var refreshTokenSecret = 'partner-center-refresh-token'
var tenantSecrets = map(tenants, t => '${refreshTokenSecret}-${t.alias}')
var tenantPrefixes = map(tenants, t => toUpper(replace(t.alias, '-', '_')))
var ownTenants = filter(tenants, t => !empty(t.?partnerCenterClientId ?? ''))
var vaultName = '${name}-kv-${take(suffix, 8)}'

resource intakeIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-intake-${suffix}'
  location: location
  tags: tags
}

resource syncIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-sync-${suffix}'
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    name: '${name}-${suffix}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    publishers: [intakeIdentity.properties.principalId, syncIdentity.properties.principalId]
  }
}

module bus 'modules/servicebus.bicep' = {
  params: {
    name: '${name}-bus-${suffix}'
    location: location
    tags: tags
    sku: serviceBusSku
    publicNetworkAccess: privateNetwork && serviceBusSku == 'Premium' ? 'Disabled' : 'Enabled'
    queues: product.queues
    intakePrincipalId: intakeIdentity.properties.principalId
    syncPrincipalId: syncIdentity.properties.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module tables 'modules/tables.bicep' = {
  params: {
    name: '${name}t${suffix}'
    location: location
    tags: tags
    sku: storageSku
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    intakeTable: product.intakeTable
    intakePrincipalId: intakeIdentity.properties.principalId
    syncPrincipalId: syncIdentity.properties.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module intakeHost 'modules/hoststorage.bicep' = {
  params: {
    name: '${name}i${suffix}'
    location: location
    tags: tags
    sku: storageSku
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    principalId: intakeIdentity.properties.principalId
  }
}

module syncHost 'modules/hoststorage.bicep' = {
  params: {
    name: '${name}s${suffix}'
    location: location
    tags: tags
    sku: storageSku
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    principalId: syncIdentity.properties.principalId
  }
}

module vault 'modules/vault.bicep' = {
  params: {
    name: vaultName
    location: location
    tags: tags
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    operatorKeys: operatorKeys
    partnerCenterClientSecret: partnerCenterClientSecret
    tenantClientSecrets: tenantClientSecrets
    ownTenants: map(ownTenants, t => t.alias)
    dataverseWebhookSecret: dataverseWebhookSecret
    dataverseWebhookSecretPrevious: dataverseWebhookSecretPrevious
    dataverseClientSecret: dataverseClientSecret
    forwardUrl: forwardUrl
    hasDataverseClient: !empty(dataverseClientId)
    keptNames: concat([refreshTokenSecret], product.ownSecrets, tenantSecrets)
    unset: product.unsetSecret
    intakePrincipalId: intakeIdentity.properties.principalId
    syncPrincipalId: syncIdentity.properties.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  params: {
    name: '${name}-${suffix}'
    location: location
    tags: tags
    addressPrefix: addressPrefix
    blobAccountIds: [intakeHost.outputs.id, syncHost.outputs.id]
    tableAccountId: tables.outputs.id
    vaultId: vault.outputs.id
    busId: serviceBusSku == 'Premium' ? bus.outputs.id : ''
  }
}

// What a customer sets may replace these, but none of what follows from the resources.
var defaults = {
  SYNC_RECONCILE_SCHEDULE: '0 */5 * * * *'
}

var common = {
  ServiceBus__fullyQualifiedNamespace: bus.outputs.host
  TABLES_ENDPOINT: tables.outputs.endpoint
  DATAVERSE_URL: dataverseUrl
  SYNC_TENANTS: join(map(tenants, t => t.alias), ',')
}

var intakeSettings = {
  DATAVERSE_ORGANIZATION_ID: dataverseOrganizationId
  DATAVERSE_WEBHOOK_SECRET: vault.outputs.references.dataverseWebhookSecret
  DATAVERSE_WEBHOOK_SECRET_PREVIOUS: empty(dataverseWebhookSecretPrevious) ? '' : vault.outputs.references.dataverseWebhookSecretPrevious
  SYNC_FORWARD_URL: empty(forwardUrl) ? '' : vault.outputs.references.forwardUrl
}

var syncSettings = {
  SYNC_PUBLIC_URL: 'https://${intake.outputs.host}'
  SYNC_OPERATOR_KEYS: vault.outputs.references.operatorKeys
  PARTNER_CENTER_TENANT: partnerCenterTenant
  PARTNER_CENTER_CLIENT_ID: partnerCenterClientId
  PARTNER_CENTER_CLIENT_SECRET: vault.outputs.references.partnerCenterClientSecret
  PARTNER_CENTER_VAULT_URL: vault.outputs.uri
  PARTNER_CENTER_REFRESH_TOKEN_SECRET: refreshTokenSecret
  DATAVERSE_TENANT: empty(dataverseClientId) ? '' : dataverseTenant
  DATAVERSE_CLIENT_ID: dataverseClientId
  DATAVERSE_CLIENT_SECRET: empty(dataverseClientId) ? '' : vault.outputs.references.dataverseClientSecret
}

// A secret is named by its vault here, and not by an address that only the vault knows: it stands in a lambda.
var tenantSettings = union(
  toObject(range(0, length(tenants)), i => '${tenantPrefixes[i]}_PARTNER_CENTER_TENANT', i => tenants[i].partnerCenterTenant),
  toObject(range(0, length(tenants)), i => '${tenantPrefixes[i]}_PARTNER_CENTER_REFRESH_TOKEN_SECRET', i => tenantSecrets[i]),
  toObject(ownTenants, t => '${toUpper(replace(t.alias, '-', '_'))}_PARTNER_CENTER_CLIENT_ID', t => t.?partnerCenterClientId ?? ''),
  toObject(ownTenants, t => '${toUpper(replace(t.alias, '-', '_'))}_PARTNER_CENTER_CLIENT_SECRET', t => '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=partner-center-client-secret-${t.alias})')
)

module intake 'modules/functionapp.bicep' = {
  params: {
    name: '${name}-intake-${suffix}'
    location: location
    tags: union(tags, { 'azd-service-name': 'intake' })
    role: 'intake'
    identityName: intakeIdentity.name
    hostStorageName: intakeHost.outputs.name
    packages: intakeHost.outputs.packages
    insightsConnectionString: monitoring.outputs.connectionString
    functions: product.functions
    settings: union(defaults, settings, common, intakeSettings)
    alwaysReady: alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : []
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    subnetId: network.?outputs.intakeSubnetId ?? ''
  }
}

module sync 'modules/functionapp.bicep' = {
  params: {
    name: '${name}-sync-${suffix}'
    location: location
    tags: union(tags, { 'azd-service-name': 'sync' })
    role: 'sync'
    identityName: syncIdentity.name
    hostStorageName: syncHost.outputs.name
    packages: syncHost.outputs.packages
    insightsConnectionString: monitoring.outputs.connectionString
    functions: product.functions
    settings: union(defaults, settings, common, syncSettings, tenantSettings)
    alwaysReady: alwaysReadyQueues > 0 ? map(product.awaited, f => { name: 'function:${f}', instanceCount: alwaysReadyQueues }) : []
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    subnetId: network.?outputs.syncSubnetId ?? ''
  }
}

module alerts 'modules/alerts.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    emails: alertEmails
    insightsId: monitoring.outputs.insightsId
    busId: bus.outputs.id
    hoursWithoutReading: hoursWithoutReading
    hoursWithoutToken: hoursWithoutToken
  }
}

@description('The app that takes events.')
output intakeName string = intake.outputs.name

@description('The app that does the work.')
output syncName string = sync.outputs.name

@description('What is registered with Partner Center; cosellctl register does it.')
output partnerCenterWebhook string = 'https://${intake.outputs.host}/api/partnercenterwebhook'

@description('Where the event steps of the CRM send their events.')
output crmWebhook string = 'https://${intake.outputs.host}/api/crmwebhook'

@description('SYNC_OPERATOR_URL of cosellctl.')
output operatorUrl string = 'https://${sync.outputs.host}'

@description('The application user of the CRM, where no other is set.')
output syncClientId string = syncIdentity.properties.clientId

@description('The vault, for consent and rotation.')
output vaultUri string = vault.outputs.uri
