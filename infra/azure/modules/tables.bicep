// The tables: what both systems last agreed on, what is held, what is parked. The sync app makes them; the one in
// which the intake app says how it is has to be there first, as it is the only one that the intake may write.

@description('The account.')
@minLength(3)
@maxLength(24)
param name string

@description('Where it is.')
param location string

@description('Its tags.')
param tags object

@description('Its redundancy.')
param sku string

@description('Enabled or Disabled.')
param publicNetworkAccess string

@description('The table of the intake app.')
param intakeTable string

@description('The intake app.')
param intakePrincipalId string

@description('The sync app.')
param syncPrincipalId string

@description('The workspace of all logs.')
param workspaceId string

var roles = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2026-09-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: publicNetworkAccess
    networkAcls: { bypass: 'None', defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny' }
    supportsHttpsTrafficOnly: true
    isLocalUserEnabled: false
    isSftpEnabled: false
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: { table: { enabled: true, keyType: 'Account' } }
    }
  }
}

resource service 'Microsoft.Storage/storageAccounts/tableServices@2026-09-01' = {
  parent: account
  name: 'default'
}

resource ofIntake 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-09-01' = {
  parent: service
  name: intakeTable
}

resource intakeWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(ofIntake.id, intakePrincipalId, roles.tableContributor)
  scope: ofIntake
  properties: {
    principalId: intakePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableContributor)
  }
}

resource syncWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, syncPrincipalId, roles.tableContributor)
  scope: account
  properties: {
    principalId: syncPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableContributor)
  }
}

#disable-next-line use-recent-api-versions // never left preview
resource toLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: service
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

@description('The account.')
output id string = account.id

@description('Its tables, as settings have them.')
output endpoint string = account.properties.primaryEndpoints.table
