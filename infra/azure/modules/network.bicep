// The way of both apps to storage, vault and, where it is Premium, Service Bus, without the internet. The apps stay
// reachable: Partner Center and the CRM call them.

@description('The end of all names.')
param name string

@description('Where it is.')
param location string

@description('Tags of every resource.')
param tags object

@description('256 addresses: a quarter for each app, one for the endpoints.')
param addressPrefix string

@description('The accounts of the hosts.')
param blobAccountIds string[]

@description('The account of the tables.')
param tableAccountId string

@description('The vault.')
param vaultId string

@description('The namespace. Empty: it is reached over the internet, as Standard has no private endpoints.')
param busId string

var storage = environment().suffixes.storage
var zones = concat(
  ['privatelink.blob.${storage}', 'privatelink.table.${storage}', 'privatelink.vaultcore.azure.net'],
  empty(busId) ? [] : ['privatelink.servicebus.windows.net']
)
var endpoints = concat(
  map(range(0, length(blobAccountIds)), i => { name: 'blob-${i}', target: blobAccountIds[i], group: 'blob', zone: 0 }),
  [
    { name: 'table', target: tableAccountId, group: 'table', zone: 1 }
    { name: 'vault', target: vaultId, group: 'vault', zone: 2 }
  ],
  empty(busId) ? [] : [{ name: 'bus', target: busId, group: 'namespace', zone: 3 }]
)

resource network 'Microsoft.Network/virtualNetworks@2026-03-01' = {
  name: 'net-${name}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'intake'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'sync'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 2)
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

resource dns 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zones: {
  name: zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, i) in zones: {
  parent: dns[i]
  name: 'net-${name}'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: { id: network.id }
  }
}]

resource doors 'Microsoft.Network/privateEndpoints@2026-03-01' = [for e in endpoints: {
  name: '${e.name}-${name}'
  location: location
  tags: tags
  properties: {
    subnet: { id: '${network.id}/subnets/endpoints' }
    privateLinkServiceConnections: [
      {
        name: e.name
        properties: { privateLinkServiceId: e.target, groupIds: [e.group] }
      }
    ]
  }
}]

resource groups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2026-03-01' = [for (e, i) in endpoints: {
  parent: doors[i]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [{ name: e.group, properties: { privateDnsZoneId: dns[e.zone].id } }]
  }
  dependsOn: [links]
}]

@description('Where the intake app calls from.')
output intakeSubnetId string = '${network.id}/subnets/intake'

@description('Where the sync app calls from.')
output syncSubnetId string = '${network.id}/subnets/sync'
