package template

import (
	"slices"
	"strings"
	"testing"
)

// rules are what the template is held to; each gives what is wrong.
var rules = map[string]func(*testing.T, *Template) []string{
	"types": typesOfResources, "references": references, "functions": functionsAreServed, "settings": settingsStartTheApp, "rights": leastRights,
	"times": timesFit, "watched": everythingIsWatched, "world": worldRunsTheSame,
}

func TestTemplateKeepsEveryRule(t *testing.T) {
	for name, rule := range rules {
		for _, wrong := range rule(t, read(t)) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

// Each change breaks the rule; the text is what it must say.
func TestEveryRuleIsHeldByABreach(t *testing.T) {
	broken := map[string]bool{}
	for _, c := range []struct{ rule, from, to, says string }{
		{"types", "ReservedConcurrentExecutions: 1", "ReservedConcurrency: 1", "ReservedConcurrency"},
		{"types", "RetentionInDays: 30}", "RetentionInDays: long}", "RetentionInDays"},
		{"types", "FlexibleTimeWindow: {Mode: \"OFF\"}", "FlexibleTimeWindow: {}", "Mode"},
		{"types", "Type: AWS::SNS::Topic", "Type: AWS::SNS::Subject", "AWS::SNS::Subject"},
		{"references", "!GetAtt IntakeRole.Arn", "!GetAtt IntakesRole.Arn", "IntakesRole"},
		{"references", "!Sub \"{{resolve:secretsmanager:${SecretName}", "!Sub \"{{resolve:secretsmanager:${Secret}", "Secret"},
		{"references", "Description: Who is told of alarms.", "Description: x\n  Unused: {Type: String}", "Unused"},
		{"functions", "\"crmtopartnercenter\", ", "", "crmtopartnercenter is in no schedule"},
		{"functions", "[\"reconcile\"]", "[\"reconcile\", \"health\"]", "health"},
		{"functions", "\"stay\": \"${Stay}\"", "\"stays\": \"${Stay}\"", "neither"},
		{"functions", "InvokeMode: RESPONSE_STREAM", "InvokeMode: BUFFERED", "RESPONSE_STREAM"},
		{"functions", "AuthType: NONE", "AuthType: AWS_IAM", "NONE"},
		{"functions", "CodeUri: ../../.build/lambda.zip", "CodeUri: .", "lambda.zip"},
		{"functions", "Runtime: provided.al2023", "Runtime: provided.al2", "provided.al2023"},
		{"functions", "Default: x86_64", "Default: arm64", "builds for x86_64"},
		{"functions", "AllowedValues: [x86_64, arm64]", "AllowedValues: [x86_64]", "offers"},
		{"settings", "operatorKeys::${SecretVersion}}}", "operatorKeys::}}", "SYNC_OPERATOR_KEYS has no version"},
		{"settings", "PARTNER_CENTER_VAULT_URL: ", "PARTNER_CENTER_VAULTURL: ", "PARTNER_CENTER_VAULT_URL"},
		{"settings", "SYNC_REGISTER: ", "SYNC_REGISTERS: ", "SYNC_REGISTERS"},
		{"settings", "SYNC_ROLE: sync", "SYNC_ROLE: intake", "DATAVERSE_ORGANIZATION_ID"},
		{"settings", "SYNC_ROLE: intake", "SYNC_ROLE: all", "Intake"},
		{"settings", "          DATAVERSE_WEBHOOK_SECRET: !Sub", "          SYNC_OPERATOR_KEYS: !Sub", "DATAVERSE_WEBHOOK_SECRET"},
		{"settings", "SYNC_IDENTITY: federated", "SYNC_IDENTITY: managed", "federated"},
		{"settings", "SYNC_RECONCILE_SCHEDULE: 0 */5 * * * *", "SYNC_RECONCILE_SCHEDULE: 0 */7 * * * *", "every"},
		{"rights", "Action: [logs:CreateLogStream, logs:PutLogEvents]", "Action: logs:*", "logs:*"},
		{"rights", "Resource: !GetAtt IntakeLog.Arn", "Resource: \"*\"", "IntakeRole"},
		{"rights", "\"sts:DurationSeconds\": 300", "\"sts:DurationSeconds\": 3600", "sts:DurationSeconds"},
		{"rights", "[\"api://AzureADTokenExchange\"]", "[\"*\"]", "IdentityTokenAudience"},
		{"rights", "Role: !GetAtt IntakeRole.Arn", "Role: !GetAtt SyncRole.Arn", "Intake"},
		{"rights", "Action: lambda:InvokeFunction", "Action: lambda:*", "SchedulerRole"},
		{"rights", "Condition: {StringEquals: {\"aws:SourceAccount\": !Ref \"AWS::AccountId\"}}", "Sid: Any", "SchedulerRole"},
		{"times", "Default: 50s", "Default: 250s", "too short"},
		{"times", "Timeout: 60\n", "Timeout: 10\n", "Sync"},
		{"times", "MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60}\n      Environment", "MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60}\n      Environment", "again"},
		{"times", "ReservedConcurrentExecutions: 1", "ReservedConcurrentExecutions: 2", "one at a time"},
		{"watched", "Value: !Ref Queues", "Value: !Ref Sync", "Queues"},
		{"watched", "$.parked > 0", "$.parke > 0", "parke"},
		{"watched", "MetricName: held_ours\n", "MetricName: held\n", "held"},
		{"watched", "TreatMissingData: breaching", "TreatMissingData: notBreaching", "stands"},
		{"watched", "AlarmActions: [!Ref Alarms]", "AlarmActions: []", "nobody"},
		{"watched", "LogGroupName: !Sub \"/aws/lambda/${AWS::StackName}-queues\"", "LogGroupName: !Sub \"/aws/lambda/${AWS::StackName}-other\"", "log group"},
		{"world", "MemorySize: 256", "MemorySize: 512", "512"},
		{"world", "rate(1 minute)", "rate(2 minutes)", "rate"},
	} {
		broken[c.rule] = true
		found := rules[c.rule](t, read(t, c.from, c.to))
		if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, c.says) }) {
			t.Errorf("%s: %q to %q: found %q, want %q in it", c.rule, c.from, c.to, found, c.says)
		}
	}
	for name := range rules {
		if !broken[name] {
			t.Errorf("nothing shows that the rule %s can fail", name)
		}
	}
}
