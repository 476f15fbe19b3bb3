// What the Functions host of one app keeps: the package, locks of timers, keys. No other app may look into it.

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

@description('The app.')
param principalId string

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
      services: { blob: { enabled: true, keyType: 'Account' } }
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-09-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-09-01' = {
  parent: blobs
  name: 'packages'
  properties: { publicAccess: 'None' }
}

resource owns 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, roles.blobOwner)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobOwner)
  }
}

@description('The account.')
output id string = account.id

@description('Its name.')
output name string = account.name

@description('Where the package goes.')
output packages string = '${account.properties.primaryEndpoints.blob}${packages.name}'
