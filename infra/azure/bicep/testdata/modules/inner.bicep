@description('Where everything is.')
param location string

@description('The queues.')
param queueNames string[]

@description('Their namespace.')
param busName string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'of-${busName}-${length(queueNames)}'
  location: location
}

output principal string = identity.properties.principalId
