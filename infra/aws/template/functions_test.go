package template

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/infra/aws/drain"
	"github.com/cosell-sync/cosell-sync/infra/aws/entry"
	"github.com/cosell-sync/cosell-sync/infra/local/lambdasim"
	"github.com/cosell-sync/cosell-sync/infra/local/pack"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
	"github.com/cosell-sync/cosell-sync/shared/app"
)

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
		if built := f["Architectures"].([]any); len(built) != 1 || value(tpl, built[0]) != pack.Architecture {
			say("%s: make package HOST=lambda builds for %s, the template says %s", name, pack.Architecture, compact(built))
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
	if offered := tpl.Parameters["Architecture"].AllowedValues; !slices.Equal(offered, pack.Architectures()) {
		say("the template offers %q, make package HOST=lambda ARCH=… builds for %q", offered, pack.Architectures())
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
			// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
			if text := compact(v); strings.Contains(text, "{{resolve:") && !strings.HasSuffix(text, `::${SecretVersion}}}"}`) {
				say("%s: %s has no version: CloudFormation reads a secret again only where its reference changes", name, key)
			}
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
