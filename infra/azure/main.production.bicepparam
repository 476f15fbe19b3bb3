// Production. Replace what stands for something of yours; docs/azure.md says what the rest costs.
using 'main.bicep'

// From production.env, by make deploy, or set in the shell.
param name = readEnvironmentVariable('COSELL_NAME', 'cosell')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param partnerCenterTenant = readEnvironmentVariable('PARTNER_CENTER_TENANT', '00000000-0000-0000-0000-000000000000')
param partnerCenterClientId = readEnvironmentVariable('PARTNER_CENTER_CLIENT_ID', '00000000-0000-0000-0000-000000000000')
param dataverseUrl = readEnvironmentVariable('DATAVERSE_URL', 'https://ORG.crm4.dynamics.com')
param dataverseOrganizationId = readEnvironmentVariable('DATAVERSE_ORGANIZATION_ID', '00000000-0000-0000-0000-000000000000')
param dataverseTenant = readEnvironmentVariable('DATAVERSE_TENANT', '')
param dataverseClientId = readEnvironmentVariable('DATAVERSE_CLIENT_ID', '')

// Set in the shell, or in the secrets of a pipeline. What is not set stays as the vault has it. A vault of your own
// does as well: getSecret('SUBSCRIPTION', 'GROUP', 'VAULT', 'NAME').
param operatorKeys = readEnvironmentVariable('COSELL_OPERATOR_KEYS', '')
param partnerCenterClientSecret = readEnvironmentVariable('COSELL_PARTNER_CENTER_CLIENT_SECRET', '')
param tenantClientSecrets = readEnvironmentVariable('COSELL_TENANT_CLIENT_SECRETS', '')
param dataverseWebhookSecret = readEnvironmentVariable('COSELL_DATAVERSE_WEBHOOK_SECRET', '')
param dataverseWebhookSecretPrevious = readEnvironmentVariable('COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS', '')
param dataverseClientSecret = readEnvironmentVariable('COSELL_DATAVERSE_CLIENT_SECRET', '')
param forwardUrl = readEnvironmentVariable('COSELL_FORWARD_URL', '')

param alertEmails = ['operations@example.org']

// One instance each is awake, so that nobody waits for a start.
param alwaysReadyHttp = 1
param alwaysReadyQueues = 1
param instanceMemoryMB = 2048

// Storage and vault only from inside. Service Bus Standard cannot do that; serviceBusSku = 'Premium' can.
param privateNetwork = true

param settings = {
  SYNC_REGISTER: 'restore'
  PARTNER_CENTER_TIME_ZONE: 'Europe/Paris'
}
