package template

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/aws/federation"
)

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
