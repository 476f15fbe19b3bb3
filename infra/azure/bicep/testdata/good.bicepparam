using 'good.bicep'

param name = 'acme'
param doorKey = readEnvironmentVariable('DOOR_KEY', '')
param most = 7
param settings = {
  A: 'b'
}
