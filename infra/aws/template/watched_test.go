package template

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

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
