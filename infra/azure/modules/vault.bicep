// The vault, its secrets, and who may read which one. A secret that is given is written; one that is not stays as it
// is. Those that the product itself writes begin as a placeholder, once, so that a right to each can be given.

@description('The vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Where it is.')
param location string

@description('Its tags.')
param tags object

@description('Enabled or Disabled.')
param publicNetworkAccess string

@description('Keys of operators.')
@secure()
param operatorKeys string

@description('The secret of the app registration for Partner Center.')
@secure()
param partnerCenterClientSecret string

@description('The secrets of further tenants that have an app registration of their own, as JSON by their alias.')
@secure()
param tenantClientSecrets string

@description('The aliases of those tenants.')
param ownTenants string[]

@description('What the event steps of the CRM send.')
@secure()
param dataverseWebhookSecret string

@description('The one before.')
@secure()
param dataverseWebhookSecretPrevious string

@description('The secret of the application user of the CRM.')
@secure()
param dataverseClientSecret string

@description('Where events are handed on to in shadow mode.')
@secure()
param forwardUrl string

@description('Whether the application user has a secret.')
param hasDataverseClient bool

@description('The secrets that the sync app writes itself.')
param keptNames string[]

@description('What stands in one that nobody has written.')
param unset string

@description('The intake app.')
param intakePrincipalId string

@description('The sync app.')
param syncPrincipalId string

@description('The workspace of all logs.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var names = {
  operatorKeys: 'operator-keys'
  partnerCenterClientSecret: 'partner-center-client-secret'
  dataverseWebhookSecret: 'dataverse-webhook-secret'
  dataverseWebhookSecretPrevious: 'dataverse-webhook-secret-previous'
  dataverseClientSecret: 'dataverse-client-secret'
  forwardUrl: 'forward-url'
}
var intakeReads = concat(
  [names.dataverseWebhookSecret],
  empty(dataverseWebhookSecretPrevious) ? [] : [names.dataverseWebhookSecretPrevious],
  empty(forwardUrl) ? [] : [names.forwardUrl]
)
var syncReads = concat(
  [names.operatorKeys, names.partnerCenterClientSecret],
  hasDataverseClient ? [names.dataverseClientSecret] : [],
  map(ownTenants, alias => '${names.partnerCenterClientSecret}-${alias}')
)
var tenantsGiven = filter(items(json(empty(tenantClientSecrets) ? '{}' : tenantClientSecrets)), s => contains(ownTenants, s.key))

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  name: name
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
    publicNetworkAccess: publicNetworkAccess
    networkAcls: { bypass: 'None', defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny' }
  }
}

resource setOperatorKeys 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(operatorKeys)) {
  parent: vault
  name: names.operatorKeys
  properties: { value: operatorKeys }
}

resource setPartnerCenterClientSecret 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(partnerCenterClientSecret)) {
  parent: vault
  name: names.partnerCenterClientSecret
  properties: { value: partnerCenterClientSecret }
}

resource setTenantClientSecrets 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = [for s in tenantsGiven: {
  parent: vault
  name: '${names.partnerCenterClientSecret}-${s.key}'
  properties: { value: s.value }
}]

resource setDataverseWebhookSecret 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(dataverseWebhookSecret)) {
  parent: vault
  name: names.dataverseWebhookSecret
  properties: { value: dataverseWebhookSecret }
}

resource setDataverseWebhookSecretPrevious 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(dataverseWebhookSecretPrevious)) {
  parent: vault
  name: names.dataverseWebhookSecretPrevious
  properties: { value: dataverseWebhookSecretPrevious }
}

resource setDataverseClientSecret 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(dataverseClientSecret)) {
  parent: vault
  name: names.dataverseClientSecret
  properties: { value: dataverseClientSecret }
}

resource setForwardUrl 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = if (!empty(forwardUrl)) {
  parent: vault
  name: names.forwardUrl
  properties: { value: forwardUrl }
}

// Never written again: the refresh token is replaced by consent and by rotation, the seal by the product.
@onlyIfNotExists()
resource kept 'Microsoft.KeyVault/vaults/secrets@2026-05-15' = [for secret in keptNames: {
  parent: vault
  name: secret
  properties: { value: unset }
}]

resource ofIntake 'Microsoft.KeyVault/vaults/secrets@2026-05-15' existing = [for secret in intakeReads: {
  parent: vault
  name: secret
}]

resource ofSync 'Microsoft.KeyVault/vaults/secrets@2026-05-15' existing = [for secret in syncReads: {
  parent: vault
  name: secret
}]

resource intakeMayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (secret, i) in intakeReads: {
  name: guid(ofIntake[i].id, intakePrincipalId, roles.secretsUser)
  scope: ofIntake[i]
  properties: {
    principalId: intakePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
  dependsOn: [setDataverseWebhookSecret, setDataverseWebhookSecretPrevious, setForwardUrl]
}]

resource syncMayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (secret, i) in syncReads: {
  name: guid(ofSync[i].id, syncPrincipalId, roles.secretsUser)
  scope: ofSync[i]
  properties: {
    principalId: syncPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
  dependsOn: [setOperatorKeys, setPartnerCenterClientSecret, setTenantClientSecrets, setDataverseClientSecret]
}]

resource syncMayWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (secret, i) in keptNames: {
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
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

@description('The vault.')
output id string = vault.id

@description('Its address.')
output uri string = vault.properties.vaultUri

@description('What stands in an app setting for each secret: where the host finds it.')
output references object = {
  operatorKeys: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${names.operatorKeys}/)'
  partnerCenterClientSecret: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${names.partnerCenterClientSecret}/)'
  dataverseWebhookSecret: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${names.dataverseWebhookSecret}/)'
  dataverseWebhookSecretPrevious: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${names.dataverseWebhookSecretPrevious}/)'
  dataverseClientSecret: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${names.dataverseClientSecret}/)'
  forwardUrl: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${names.forwardUrl}/)'
}
