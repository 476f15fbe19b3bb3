@description('Short name.')
@minLength(3)
@maxLength(10)
param name string = 'cosell'

@description('Where everything is.')
param location string = resourceGroup().location

@description('How many may run.')
@minValue(1)
param most int = 40

@description('What opens the door.')
@secure()
param doorKey string = ''

@description('Whether there is a network.')
param private bool = false

@description('Further settings.')
param settings object = {}

var suffix = uniqueString(resourceGroup().id)
var product = loadJsonContent('product.json')
var sessions = filter(product.queues, q => (q.sessions && !contains(['none'], q.name)))
var own = { B: 'own' }

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  name: '${name}-${take(suffix, 4)}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
  }
}

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: '${name}-bus'
  location: location
  sku: { name: private ? 'Premium' : 'Standard' }
  properties: { disableLocalAuth: true }
}

resource queues 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = [for (q, i) in sessions: {
  parent: bus
  name: q.name
  properties: { requiresSession: true, maxDeliveryCount: most + i }
}]

resource door 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(doorKey)) {
  parent: vault
  name: 'door'
  properties: { value: doorKey }
}

@onlyIfNotExists()
resource seal 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = {
  parent: vault
  name: 'seal'
  properties: { value: 'none' }
}

module inner 'modules/inner.bicep' = if (private) {
  params: { location: location, queueNames: map(sessions, q => q.name), busName: bus.name }
  dependsOn: [ door ]
}

resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (q, i) in sessions: {
  name: guid(queues[i].id, name)
  scope: queues[i]
  properties: {
    principalId: inner.?outputs.principal ?? 'none'
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39')
  }
}]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: '${name}-plan'
  location: location
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: '${name}-app'
  location: location
  properties: {
    serverFarmId: plan.id
    siteConfig: {
      appSettings: concat(map(items(union(settings, own)), s => { name: s.key, value: s.value }), [ { name: 'VAULT', value: vault.properties.vaultUri } ])
    }
  }
}

output sealId string = seal.id
output host string = app.properties.defaultHostName
