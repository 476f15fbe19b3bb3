// What the functions on AWS need in Azure: the queues, the tables, the vault, and the rights of both app registrations.
// It is what infra/azure/main.bicep makes, without all that belongs to function apps.
targetScope = 'resourceGroup'

@description('Begins every name.')
@minLength(3)
@maxLength(10)
param name string = 'cosell'

@description('Where everything is.')
param location string = resourceGroup().location

@description('Tags of every resource.')
param tags object = {}

@description('The object id of the service principal of the intake.')
param intakePrincipalId string

@description('The object id of the service principal of the sync app.')
param syncPrincipalId string

@description('The redundancy of the tables. Not every region has zones.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('How many days logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

var product = loadJsonContent('../azure/product.json')
var roles = loadJsonContent('../azure/roles.json')
var suffix = uniqueString(resourceGroup().id)
var written = concat(['partner-center-refresh-token'], product.ownSecrets)

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: 'log-${name}-${suffix}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: logRetentionDays
    features: { disableLocalAuth: true }
  }
}

module bus '../azure/modules/servicebus.bicep' = {
  params: {
    name: '${name}-bus-${suffix}'
    location: location
    tags: tags
    sku: 'Standard'
    publicNetworkAccess: 'Enabled'
    queues: product.queues
    intakePrincipalId: intakePrincipalId
    syncPrincipalId: syncPrincipalId
    workspaceId: workspace.id
  }
}

module tables '../azure/modules/tables.bicep' = {
  params: {
    name: '${name}t${suffix}'
    location: location
    tags: tags
    sku: storageSku
    publicNetworkAccess: 'Enabled'
    intakeTable: product.intakeTable
    intakePrincipalId: intakePrincipalId
    syncPrincipalId: syncPrincipalId
    workspaceId: workspace.id
  }
}

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  name: '${name}-kv-${take(suffix, 8)}'
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: 'Enabled'
    networkAcls: { bypass: 'None', defaultAction: 'Allow' }
  }
}

// The secrets that the product writes itself: the refresh token is replaced by consent and by rotation, the seal by the
// product. The three keys that a person chooses are in AWS.
@onlyIfNotExists()
resource kept 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = [for secret in written: {
  parent: vault
  name: secret
  properties: { value: product.unsetSecret }
}]

resource syncMayWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (secret, i) in written: {
  name: guid(kept[i].id, syncPrincipalId, roles.secretsOfficer)
  scope: kept[i]
  properties: {
    principalId: syncPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsOfficer)
  }
}]

#disable-next-line use-recent-api-versions // never left preview
resource toLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: vault
  properties: {
    workspaceId: workspace.id
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

@description('ServiceBusNamespace of the stack.')
output serviceBusNamespace string = bus.outputs.host

@description('TablesEndpoint of the stack.')
output tablesEndpoint string = tables.outputs.endpoint

@description('VaultUrl of the stack.')
output vaultUrl string = vault.properties.vaultUri
