// The queues, with their sessions, and who may send and receive on each one.

type queue = {
  @description('As the code and function.json have it.')
  name: string
  @description('Whether webhooks put messages there.')
  intakeSends: bool
}

@description('The namespace.')
param name string

@description('Where it is.')
param location string

@description('Its tags.')
param tags object

@description('Standard or Premium: Basic has no sessions.')
@allowed(['Standard', 'Premium'])
param sku string

@description('Enabled or Disabled.')
param publicNetworkAccess string

@description('The queues.')
param queues queue[]

@description('The intake app, which sends to some.')
param intakePrincipalId string

@description('The sync app, which receives from all and sends copies to all.')
param syncPrincipalId string

@description('The workspace of all logs.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var fromIntake = filter(queues, q => q.intakeSends)

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: sku }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: publicNetworkAccess
  }
}

// Sessions keep the messages of one record in order. Duplicate detection would drop copies that are meant. A message
// that waited two weeks is set aside, not lost.
resource busQueues 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = [for q in queues: {
  parent: bus
  name: q.name
  properties: {
    requiresSession: true
    requiresDuplicateDetection: false
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    maxSizeInMegabytes: 1024
    enablePartitioning: false
  }
}]

resource syncReceives 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (q, i) in queues: {
  name: guid(busQueues[i].id, syncPrincipalId, roles.busReceiver)
  scope: busQueues[i]
  properties: {
    principalId: syncPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busReceiver)
  }
}]

resource syncSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (q, i) in queues: {
  name: guid(busQueues[i].id, syncPrincipalId, roles.busSender)
  scope: busQueues[i]
  properties: {
    principalId: syncPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busSender)
  }
}]

resource intakeQueues 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' existing = [for q in fromIntake: {
  parent: bus
  name: q.name
}]

resource intakeSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (q, i) in fromIntake: {
  name: guid(intakeQueues[i].id, intakePrincipalId, roles.busSender)
  scope: intakeQueues[i]
  properties: {
    principalId: intakePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busSender)
  }
  dependsOn: [busQueues]
}]

#disable-next-line use-recent-api-versions // never left preview
resource toLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: bus
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('The namespace.')
output id string = bus.id

@description('Its host, as settings have it.')
output host string = '${bus.name}.servicebus.windows.net'
