// Logs and telemetry. Nobody gets in with a key: both apps publish with their identities.

@description('The end of both names.')
param name string

@description('Where everything is.')
param location string

@description('Tags of every resource.')
param tags object

@description('How many days logs are kept.')
param retentionDays int

@description('The principals that publish.')
param publishers string[]

var roles = loadJsonContent('../roles.json')

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: 'log-${name}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'insights-${name}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource publish 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in publishers: {
  name: guid(insights.id, principal, roles.metricsPublisher)
  scope: insights
  properties: {
    principalId: principal
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
  }
}]

@description('The workspace of all logs.')
output workspaceId string = workspace.id

@description('What alerts ask.')
output insightsId string = insights.id

@description('Where telemetry goes. It opens nothing: keys are off.')
output connectionString string = insights.properties.ConnectionString
