// Who is told of what. The sync app logs one line "state" at the end of every pass of reconcile; all alerts but the
// first ask for it.

@description('Begins the names.')
param name string

@description('Where the rules are.')
param location string

@description('Their tags.')
param tags object

@description('Who is told.')
param emails string[]

@description('What is asked.')
param insightsId string

@description('The namespace of the queues.')
param busId string

@description('After how many hours without reading both systems.')
param hoursWithoutReading int

@description('After how many hours without a new token.')
param hoursWithoutToken int

// A line of the handler comes as the message of a trace; before it the host may put something of its own.
var states = '''
traces
| where message contains '"msg":"state"'
| extend state = parse_json(substring(message, indexof(message, '{')))
'''

// Each rule counts lines over its window. The first five tell of what one line says, the last of what no line says.
var rules = [
  {
    name: 'parked'
    display: 'Messages are parked'
    description: 'They can never work as they are: cosellctl parked list says why.'
    severity: 2
    query: '${states}| where toint(state.parked) > 0'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
  }
  {
    name: 'held-ours'
    display: 'Changes are refused for a reason of ours'
    description: 'A right, a table, a column or a consent is missing: GET /api/health with the operator key says which, and what to do.'
    severity: 1
    query: '${states}| where toint(state.held_ours) > 0 or toint(state.refused) > 0'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
  }
  {
    name: 'brake-on'
    display: 'More would be written than any edit explains'
    description: 'As after lost tables or another field sheet: nothing of it is written. cosellctl brake show says what waits and why; brake release has it written.'
    severity: 1
    query: '${states}| where toint(state.braked) > 0'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
  }
  {
    name: 'registration-lost'
    display: 'Partner Center sends its events elsewhere'
    description: 'The webhook registration is gone, incomplete or somebody else\'s: cosellctl register, or POST /api/webhookregistration.'
    severity: 1
    query: '${states}| where tobool(state.registration_lost)'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
  }
  {
    name: 'token-age'
    display: 'Partner Center gives no new token'
    description: 'No access token is younger than ${hoursWithoutToken} hours, although they live about one: the consent has ended, or the directory cannot be reached. cosellctl consent signs in anew.'
    severity: 1
    query: '${states}| summarize lines = count(), fresh = countif(todatetime(state.token_since) > ago(${hoursWithoutToken}h)) | where lines > 0 and fresh == 0'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
  }
  {
    name: 'no-reading'
    display: 'Partner Center and the CRM are not both read'
    description: 'In ${hoursWithoutReading} hours no pass of reconcile has read both, or there was no pass at all: what changes there is not noticed.'
    severity: 1
    query: '${states}| where todatetime(state.partner_center_read) > ago(${hoursWithoutReading}h) and todatetime(state.crm_read) > ago(${hoursWithoutReading}h)'
    operator: 'LessThan'
    threshold: 1
    window: 'PT${hoursWithoutReading}H'
  }
]

resource team 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${name}-team'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: take(name, 12)
    emailReceivers: [for (email, i) in emails: { name: 'person-${i}', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource deadLetters 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: '${name}-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    severity: 1
    description: 'The broker set messages aside because processes failed before they could deal with them: look for killed or restarting processes. The next pass of reconcile sends them again, or parks them.'
    scopes: [busId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Maximum'
          dimensions: [{ name: 'EntityName', operator: 'Include', values: ['*'] }]
        }
      ]
    }
    actions: [{ actionGroupId: team.id }]
  }
}

resource fromState 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    enabled: true
    displayName: rule.display
    description: rule.description
    severity: rule.severity
    scopes: [insightsId]
    evaluationFrequency: 'PT15M'
    windowSize: rule.window
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: rule.operator
          threshold: rule.threshold
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [team.id] }
  }
}]
