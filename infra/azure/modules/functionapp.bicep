// One of the two function apps: Flex Consumption, custom handler, its own identity, only the functions of its role.

type declaredFunction = {
  @description('As its folder is named.')
  name: string
  @description('The app that serves it: intake, sync or all.')
  role: string
  @description('What calls it: http, queue or timer.')
  trigger: string
}

@description('The app and its plan.')
param name string

@description('Where it is.')
param location string

@description('Its tags.')
param tags object

@description('SYNC_ROLE.')
@allowed(['intake', 'sync'])
param role string

@description('Its identity.')
param identityName string

@description('The account of its host.')
param hostStorageName string

@description('Where the package goes.')
param packages string

@description('Where telemetry goes.')
param insightsConnectionString string

@description('All functions of the package.')
param functions declaredFunction[]

@description('The settings of this role, by name.')
param settings object

@description('What always runs.')
param alwaysReady array

@description('The memory of an instance.')
param instanceMemoryMB int

@description('How many instances of each function group may run.')
param maximumInstanceCount int

@description('The part of the network that it calls from. Empty: none.')
param subnetId string

var others = filter(functions, f => (f.role != 'all' && f.role != role))
var disabled = toObject(others, f => 'AzureWebJobs.${f.name}.Disabled', f => 'true')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

// No keys anywhere: host, queues, tables, vault and telemetry are reached with the identity.
var own = {
  AZURE_CLIENT_ID: identity.properties.clientId
  AzureWebJobsStorage__accountName: hostStorageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.properties.clientId
  ServiceBus__credential: 'managedidentity'
  ServiceBus__clientId: identity.properties.clientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
  SYNC_ROLE: role
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packages
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstanceCount
        instanceMemoryMB: instanceMemoryMB
        alwaysReady: alwaysReady
        triggers: { http: { perInstanceConcurrency: 100 } }
      }
      runtime: { name: 'custom', version: '1.0' }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: map(items(union(settings, own, disabled)), s => { name: s.key, value: s.value })
    }
  }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

@description('The app.')
output name string = app.name

@description('Its host.')
output host string = app.properties.defaultHostName
