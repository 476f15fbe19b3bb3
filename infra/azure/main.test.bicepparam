// A test environment beside production: it reads both systems and touches nothing that it did not make. Partner
// Center knows one address for events, which stays production's.
using 'main.bicep'

param name = 'coselltest'
param partnerCenterTenant = '00000000-0000-0000-0000-000000000000'
param partnerCenterClientId = '00000000-0000-0000-0000-000000000000'
param dataverseUrl = 'https://ORG-test.crm4.dynamics.com'
param dataverseOrganizationId = '00000000-0000-0000-0000-000000000000'

// Set in the shell, or in the secrets of a pipeline. What is not set stays as the vault has it.
param operatorKeys = readEnvironmentVariable('COSELL_OPERATOR_KEYS', '')
param partnerCenterClientSecret = readEnvironmentVariable('COSELL_PARTNER_CENTER_CLIENT_SECRET', '')
param dataverseWebhookSecret = readEnvironmentVariable('COSELL_DATAVERSE_WEBHOOK_SECRET', '')

// Nobody waits here: everything may go to sleep, on the smallest instances.
param alwaysReadyHttp = 0
param alwaysReadyQueues = 0
param instanceMemoryMB = 512
param storageSku = 'Standard_LRS'
param logRetentionDays = 30

param settings = {
  SYNC_SCOPE: 'own'
  SYNC_SHARE: 'never'
  SYNC_REGISTER: 'never'
}
