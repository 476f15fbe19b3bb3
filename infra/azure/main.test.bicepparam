// A test environment beside production: it reads both systems and touches nothing that it did not make. Partner
// Center knows one address for events, which stays production's.
using 'main.bicep'

// From test.env, by make deploy, or set in the shell.
param name = readEnvironmentVariable('COSELL_NAME', 'coselltest')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param partnerCenterTenant = readEnvironmentVariable('PARTNER_CENTER_TENANT', '00000000-0000-0000-0000-000000000000')
param partnerCenterClientId = readEnvironmentVariable('PARTNER_CENTER_CLIENT_ID', '00000000-0000-0000-0000-000000000000')
param dataverseUrl = readEnvironmentVariable('DATAVERSE_URL', 'https://ORG-test.crm4.dynamics.com')
param dataverseOrganizationId = readEnvironmentVariable('DATAVERSE_ORGANIZATION_ID', '00000000-0000-0000-0000-000000000000')
param dataverseTenant = readEnvironmentVariable('DATAVERSE_TENANT', '')
param dataverseClientId = readEnvironmentVariable('DATAVERSE_CLIENT_ID', '')

// Set in the shell, or in the secrets of a pipeline. What is not set stays as the vault has it.
param operatorKeys = readEnvironmentVariable('COSELL_OPERATOR_KEYS', '')
param partnerCenterClientSecret = readEnvironmentVariable('COSELL_PARTNER_CENTER_CLIENT_SECRET', '')
param tenantClientSecrets = readEnvironmentVariable('COSELL_TENANT_CLIENT_SECRETS', '')
param dataverseWebhookSecret = readEnvironmentVariable('COSELL_DATAVERSE_WEBHOOK_SECRET', '')
param dataverseWebhookSecretPrevious = readEnvironmentVariable('COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS', '')
param dataverseClientSecret = readEnvironmentVariable('COSELL_DATAVERSE_CLIENT_SECRET', '')
param forwardUrl = readEnvironmentVariable('COSELL_FORWARD_URL', '')

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
