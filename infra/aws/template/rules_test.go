package template

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/infra/aws/drain"
	"github.com/cosell-sync/cosell-sync/infra/aws/entry"
	"github.com/cosell-sync/cosell-sync/infra/aws/federation"
	"github.com/cosell-sync/cosell-sync/infra/local/lambdasim"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
	"github.com/cosell-sync/cosell-sync/shared/app"
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

// plainly puts a plausible text in the place of each intrinsic function.
func plainly(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return "text"
				}
			}
		}
		out := map[string]any{}
		for name, inner := range v {
			out[name] = plainly(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = plainly(inner)
		}
		return out
	}
	return v
}

// typesOfResources holds each resource against what the vendor says of its type.
func typesOfResources(t *testing.T, tpl *Template) (wrong []string) {
	t.Helper()
	file, err := os.Open("types.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	types, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	if err := compiler.AddResource("types.json", types); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(tpl.Resources)) {
		r := tpl.Resources[name]
		schema, err := compiler.Compile("types.json#/definitions/" + r.Type)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: no type %s is known", name, r.Type))
			continue
		}
		if r.Type == "AWS::Serverless::Function" && r.Properties["Handler"] == nil {
			r.Properties = withGlobals(tpl, r)
		}
		text, err := json.Marshal(plainly(map[string]any{"Type": r.Type, "Properties": r.Properties}))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
		}
	}
	return wrong
}

func withGlobals(tpl *Template, r Resource) map[string]any {
	out := maps.Clone(tpl.Globals["Function"].(map[string]any))
	maps.Copy(out, r.Properties)
	return out
}

var inSub = regexp.MustCompile(`\$\{([A-Za-z0-9:.]+)\}`)

// references: what is named is there, and each parameter is used.
func references(_ *testing.T, tpl *Template) (wrong []string) {
	used := map[string]bool{}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				switch name {
				case "Ref":
					used[inner.(string)] = true
				case "Fn::GetAtt":
					used[inner.([]any)[0].(string)] = true
				case "Fn::Sub":
					for _, m := range inSub.FindAllStringSubmatch(inner.(string), -1) {
						used[strings.Split(m[1], ".")[0]] = true
					}
				}
				look(inner)
			}
		case []any:
			for _, inner := range v {
				look(inner)
			}
		}
	}
	look(tpl.Globals)
	look(tpl.Outputs)
	known := map[string]bool{}
	for name, r := range tpl.Resources {
		look(r.Properties)
		known[name] = true
		if r.Properties["FunctionUrlConfig"] != nil {
			known[name+"Url"] = true // SAM makes it
		}
	}
	for name := range tpl.Parameters {
		if known[name] = true; !used[name] {
			wrong = append(wrong, "the parameter "+name+" is not used")
		}
	}
	for name := range used {
		if !known[name] && !strings.HasPrefix(name, "AWS::") {
			wrong = append(wrong, "there is no "+name)
		}
	}
	return wrong
}

// lambdas are the functions of the template by their logical names, with the globals.
func lambdas(tpl *Template) map[string]map[string]any {
	out := map[string]map[string]any{}
	for name, r := range tpl.Resources {
		if r.Type == "AWS::Serverless::Function" {
			out[name] = withGlobals(tpl, r)
		}
	}
	return out
}

func variables(properties map[string]any) map[string]any {
	environment, _ := properties["Environment"].(map[string]any)
	out, _ := environment["Variables"].(map[string]any)
	return out
}

// value gives the text of a property with the defaults of the parameters, and a plausible one where there is none.
func value(tpl *Template, v any) string {
	call, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprint(v)
	}
	resolve := func(name string) string {
		if p, ok := tpl.Parameters[name]; ok && p.Default != "" {
			return p.Default
		}
		plausible := map[string]string{"TablesEndpoint": "https://cosell.table.core.windows.net", "VaultUrl": "https://cosell.vault.azure.net",
			"ServiceBusNamespace": "cosell.servicebus.windows.net", "DataverseUrl": "https://org.crm4.dynamics.com", "Started": "2026-12-01",
			"DefaultOwner": "sam@northwind.example", "AWS::StackName": "cosell-sync", "IntakeUrl": "https://abc.lambda-url.eu-west-1.on.aws/"}
		if text, ok := plausible[name]; ok {
			return text
		}
		return "6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718"
	}
	if name, ok := call["Ref"].(string); ok {
		return resolve(name)
	}
	if pair, ok := call["Fn::GetAtt"].([]any); ok {
		return resolve(pair[0].(string))
	}
	text, _ := call["Fn::Sub"].(string)
	text = inSub.ReplaceAllStringFunc(text, func(m string) string { return resolve(inSub.FindStringSubmatch(m)[1]) })
	if key, ok := strings.CutPrefix(text, "{{resolve:secretsmanager:"); ok {
		if strings.HasSuffix(key, ":operatorKeys}}") {
			return "ann=" + strings.Repeat("k", 40)
		}
		return "7fd8Q~abcdefghijk"
	}
	return text
}

// scheduled are the inputs of schedules by the function that they invoke.
func scheduled(tpl *Template) map[string][]string {
	out := map[string][]string{}
	for _, r := range tpl.Resources {
		if r.Type != "AWS::Scheduler::Schedule" {
			continue
		}
		target := r.Properties["Target"].(map[string]any)
		arn := target["Arn"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)
		out[arn] = append(out[arn], value(tpl, target["Input"]))
	}
	return out
}

// functionsAreServed: every function of the code has its way in, and no other.
func functionsAreServed(_ *testing.T, tpl *Template) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	inputs, named, roles := scheduled(tpl), map[string]bool{}, map[string]bool{}
	for name, f := range lambdas(tpl) {
		if f["Runtime"] != "provided.al2023" || f["Handler"] != "bootstrap" {
			say("%s: provided.al2023 starts bootstrap", name)
		}
		if f["CodeUri"] != "../../.build/lambda.zip" {
			say("%s: make package HOST=lambda makes .build/lambda.zip", name)
		}
		role := value(tpl, variables(f)["SYNC_ROLE"])
		if url, ok := f["FunctionUrlConfig"].(map[string]any); ok {
			roles[role] = true
			if url["InvokeMode"] != "RESPONSE_STREAM" {
				say("%s: lambdaurl answers with RESPONSE_STREAM alone", name)
			}
			if url["AuthType"] != "NONE" {
				say("%s: AuthType is NONE: neither Partner Center nor Dynamics signs for AWS", name)
			}
		}
		for _, input := range inputs[name] {
			s, err := entry.ReadSchedule([]byte(input))
			if err != nil {
				say("%s: %v", name, err)
				continue
			}
			for _, one := range s.Functions {
				named[one] = true
				if !slices.ContainsFunc(functions.Of(role), func(d functions.Declared) bool { return d.Name == one && d.Trigger.Route == "" }) {
					say("%s: the schedule names %s, which is no queue function or timer of the role %s", name, one, role)
				}
			}
		}
	}
	for _, d := range functions.All() {
		if d.Trigger.Route == "" && !named[d.Name] {
			say("%s is in no schedule", d.Name)
		}
	}
	if !roles[app.Intake] || !roles[app.Sync] {
		say("there is no Function URL for each of both roles")
	}
	return wrong
}

// settingsStartTheApp: with its variables each function starts, none is misspelt, and each app has its own.
func settingsStartTheApp(t *testing.T, tpl *Template) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	vouch := func(http.RoundTripper) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return "", nil }
	}
	for name, f := range lambdas(tpl) {
		var environ []string
		for key, v := range variables(f) {
			environ = append(environ, key+"="+value(tpl, v))
		}
		a, err := app.Of(environ, io.Discard, app.Parts{Vouch: vouch})
		if err != nil {
			say("%s: %v", name, err)
			continue
		}
		for _, s := range a.Watch.Snapshot() {
			for _, p := range s.Problems {
				if strings.HasPrefix(p.What, "setting.unknown") {
					say("%s: %s", name, p.What)
				}
			}
		}
		if value(tpl, variables(f)["SYNC_IDENTITY"]) != app.Federated {
			say("%s: on Lambda SYNC_IDENTITY is federated: no secret of Azure is stored", name)
		}
		want := app.Sync
		if name == "Intake" {
			want = app.Intake
		}
		if a.Role != want {
			say("%s: SYNC_ROLE is %s instead of %s", name, a.Role, want)
		}
		if err := (lambdasim.Function{Name: name, Memory: 256, Timeout: time.Minute, Environment: texts(tpl, variables(f))}).Check(); err != nil {
			say("%s: %v", name, err)
		}
		if s := value(tpl, variables(f)["SYNC_RECONCILE_SCHEDULE"]); name != "Intake" && s != "0 */5 * * * *" {
			say("%s: the schedule of Reconcile is every five minutes, and SYNC_RECONCILE_SCHEDULE %q", name, s)
		}
	}
	return wrong
}

func texts(tpl *Template, in map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range in {
		out[name] = value(tpl, v)
	}
	return out
}

// leastRights: each role may do what is listed here and nothing else.
func leastRights(_ *testing.T, tpl *Template) (wrong []string) {
	vouched := `Allow sts:GetWebIdentityToken on "*" if {"ForAllValues:StringEquals":{"sts:IdentityTokenAudience":["` + federation.Audience +
		`"]},"Null":{"sts:IdentityTokenAudience":"false"},"NumericLessThanEquals":{"sts:DurationSeconds":300},"StringEquals":{"sts:SigningAlgorithm":"RS256"}}`
	logs := func(groups string) string {
		return `Allow ["logs:CreateLogStream","logs:PutLogEvents"] on ` + groups
	}
	want := map[string][]string{
		"IntakeRole":    {`trusts {"Service":"lambda.amazonaws.com"}`, vouched, logs(`{"Fn::GetAtt":["IntakeLog","Arn"]}`)},
		"SyncRole":      {`trusts {"Service":"lambda.amazonaws.com"}`, vouched, logs(`[{"Fn::GetAtt":["SyncLog","Arn"]},{"Fn::GetAtt":["QueuesLog","Arn"]},{"Fn::GetAtt":["ReconcileLog","Arn"]}]`)},
		"SchedulerRole": {`trusts {"Service":"scheduler.amazonaws.com"} if {"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}}`, `Allow lambda:InvokeFunction on [{"Fn::GetAtt":["Queues","Arn"]},{"Fn::GetAtt":["Reconcile","Arn"]}]`},
	}
	for name, r := range tpl.Resources {
		if r.Type != "AWS::IAM::Role" {
			continue
		}
		if got := rightsOf(r); !slices.Equal(got, want[name]) {
			wrong = append(wrong, fmt.Sprintf("%s may %q, and should %q", name, got, want[name]))
		}
		if r.Properties["ManagedPolicyArns"] != nil {
			wrong = append(wrong, name+" has a managed policy")
		}
	}
	for name, f := range lambdas(tpl) {
		role := "SyncRole"
		if name == "Intake" {
			role = "IntakeRole"
		}
		if got := compact(f["Role"]); got != `{"Fn::GetAtt":["`+role+`","Arn"]}` || f["Policies"] != nil {
			wrong = append(wrong, name+" has the role "+got)
		}
	}
	return wrong
}

func rightsOf(r Resource) (out []string) {
	statements := func(document any) []any { return document.(map[string]any)["Statement"].([]any) }
	condition := func(s map[string]any) string {
		if s["Condition"] == nil {
			return ""
		}
		return " if " + compact(s["Condition"])
	}
	for _, s := range statements(r.Properties["AssumeRolePolicyDocument"]) {
		s := s.(map[string]any)
		out = append(out, "trusts "+compact(s["Principal"])+condition(s))
	}
	for _, p := range r.Properties["Policies"].([]any) {
		for _, s := range statements(p.(map[string]any)["PolicyDocument"]) {
			s := s.(map[string]any)
			action := compact(s["Action"])
			if text, ok := s["Action"].(string); ok {
				action = text
			}
			out = append(out, fmt.Sprint(s["Effect"], " ", action, " on ", compact(s["Resource"]), condition(s)))
		}
	}
	return out
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// timesFit: an invocation lasts as long as what is done in it, and no two do the same work.
func timesFit(_ *testing.T, tpl *Template) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	inputs := scheduled(tpl)
	for name, f := range lambdas(tpl) {
		timeout := time.Duration(f["Timeout"].(int)) * time.Second
		if f["FunctionUrlConfig"] != nil && timeout < 25*time.Second {
			say("%s: %s is too short for a call: Dynamics waits up to a minute", name, timeout)
		}
		if f["FunctionUrlConfig"] != nil && name == "Sync" && timeout < time.Minute {
			say("Sync: an operator's question may take a minute")
		}
		if len(inputs[name]) == 0 {
			continue
		}
		for _, input := range inputs[name] {
			s, err := entry.ReadSchedule([]byte(input))
			if err != nil {
				continue // another rule's
			}
			if least := s.Length() + drain.Least + entry.Reserve; timeout < least+drain.Least {
				say("%s: a timeout of %s is too short: it stays %s, and a message takes a minute", name, timeout, s.Length())
			}
		}
		invoke, _ := f["EventInvokeConfig"].(map[string]any)
		if invoke["MaximumRetryAttempts"] != 0 || invoke["MaximumEventAgeInSeconds"] != 60 {
			say("%s: a failed schedule must not be tried again: the next one is a minute away", name)
		}
		if name == "Reconcile" && f["ReservedConcurrentExecutions"] != 1 {
			say("Reconcile: one at a time, as the timer on Azure")
		}
		if f["ReservedConcurrentExecutions"] == nil {
			say("%s: schedules may not take the account's room from the webhooks", name)
		}
	}
	return wrong
}

// everythingIsWatched: logs are kept and end, failures and silence are told, and what is asked of the log is in it.
func everythingIsWatched(t *testing.T, tpl *Template) (wrong []string) {
	t.Helper()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	groups, alarms, metrics := map[string]bool{}, map[string]string{}, map[string]bool{}
	state, err := os.ReadFile("../../../shared/health/state.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range tpl.Resources {
		switch r.Type {
		case "AWS::Logs::LogGroup":
			groups[value(tpl, r.Properties["LogGroupName"])] = r.Properties["RetentionInDays"] != nil
		case "AWS::Logs::MetricFilter":
			for _, m := range regexp.MustCompile(`\$\.([a-z_]+)`).FindAllStringSubmatch(r.Properties["FilterPattern"].(string), -1) {
				if m[1] != "msg" && !strings.Contains(string(state), `"`+m[1]+`"`) {
					say("%s: the line of state has no %s", name, m[1])
				}
			}
			for _, m := range r.Properties["MetricTransformations"].([]any) {
				metrics[m.(map[string]any)["MetricName"].(string)] = true
			}
		case "AWS::CloudWatch::Alarm":
			metric := r.Properties["MetricName"].(string)
			if dimensions, ok := r.Properties["Dimensions"].([]any); ok {
				metric += " " + dimensions[0].(map[string]any)["Value"].(map[string]any)["Ref"].(string)
			}
			alarms[metric] = r.Properties["TreatMissingData"].(string)
			if compact(r.Properties["AlarmActions"]) != `[{"Ref":"Alarms"}]` {
				say("%s tells nobody", name)
			}
		}
	}
	inputs := scheduled(tpl)
	for name, f := range lambdas(tpl) {
		if group := "/aws/lambda/" + value(tpl, f["FunctionName"]); !groups[group] {
			say("%s has no log group %s with an end", name, group)
		}
		if alarms["Errors "+name] == "" {
			say("nobody is told when %s fails", name)
		}
		if len(inputs[name]) > 0 && alarms["Invocations "+name] != "breaching" {
			say("nobody is told when %s stands still", name)
		}
	}
	for metric := range metrics {
		if alarms[metric] == "" {
			say("no alarm for %s", metric)
		}
	}
	for metric := range alarms {
		if !strings.Contains(metric, " ") && !metrics[metric] {
			say("an alarm for %s, which nothing counts", metric)
		}
	}
	return wrong
}

// worldRunsTheSame: `make demo HOST=lambda` has the functions of the template.
func worldRunsTheSame(t *testing.T, tpl *Template) (wrong []string) {
	t.Helper()
	want, err := world.OnLambda("../../../functions")
	if err != nil {
		t.Fatal(err)
	}
	have := lambdas(tpl)
	if len(want) != len(have) {
		wrong = append(wrong, fmt.Sprintf("%d functions, the world has %d", len(have), len(want)))
	}
	for _, w := range want {
		name := strings.ToUpper(w.Name[:1]) + w.Name[1:]
		f := have[name]
		reserved, _ := f["ReservedConcurrentExecutions"].(int)
		got := fmt.Sprint(f["MemorySize"], " MB ", f["Timeout"], " s ", reserved, " at once, URL ", f["FunctionUrlConfig"] != nil)
		if its := fmt.Sprint(w.Memory, " MB ", w.Timeout.Seconds(), " s ", w.Reserved, " at once, URL ", w.URL); got != its {
			wrong = append(wrong, fmt.Sprintf("%s: %s, in the world %s", name, got, its))
		}
		for _, s := range w.Schedules {
			if !slices.ContainsFunc(slices.Collect(maps.Values(tpl.Resources)), func(r Resource) bool {
				target, ok := r.Properties["Target"].(map[string]any)
				return ok && r.Properties["ScheduleExpression"] == s.Expression && value(tpl, target["Input"]) == s.Input
			}) {
				wrong = append(wrong, fmt.Sprintf("%s: no schedule %s with %s", name, s.Expression, s.Input))
			}
		}
	}
	return wrong
}
