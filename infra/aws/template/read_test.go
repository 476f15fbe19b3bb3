package template

import (
	"os"
	"strings"
	"testing"
)

func source(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatCloudFormationDoesNotKnowOfYAMLIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"an alias":     "Resources:\n  A: &a {Type: X}\n  B: *a\n",
		"a merge":      "Resources:\n  A: {Type: X}\n  B: {<<: {Type: X}}\n",
		"a duplicate":  "Resources:\n  A: {Type: X}\n  A: {Type: Y}\n",
		"another form": "Resources:\n  A: {Type: !ImportValue X}\n",
		"a comma":      "Parameters:\n  A: {Type: String, Description: Of one, which has another.}\n",
		"a member":     "Parameters:\n  A: {Type: String, Defaults: x}\n",
	} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	got, err := Parse("Resources:\n  A:\n    Type: X\n    Properties: {R: !Ref P, S: !Sub \"a-${P}\", G: !GetAtt B.Arn, N: 1}\n")
	if err != nil {
		t.Fatal(err)
	}
	p := got.Resources["A"].Properties
	if p["R"].(map[string]any)["Ref"] != "P" || p["S"].(map[string]any)["Fn::Sub"] != "a-${P}" || p["N"] != 1 ||
		p["G"].(map[string]any)["Fn::GetAtt"].([]any)[1] != "Arn" {
		t.Errorf("%v", p)
	}
}

// read reads the template as it is, or with one text of it changed, which must stand there.
func read(t *testing.T, change ...string) *Template {
	t.Helper()
	text := source(t)
	if len(change) == 2 {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("template.yaml has no %q any more", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
