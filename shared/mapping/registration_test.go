package mapping

import (
	"os"
	"strings"
	"testing"
)

// The example of the page compiles; its rows are of the registration, and no rule of comparing knows them.
func TestR98_TheExampleOfDealRegistrationHolds(t *testing.T) {
	text, err := os.ReadFile("../../docs/customise.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "<!-- registration -->\n```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no example")
	}
	s, err := Load(Source{Name: "mapping.yaml", Text: []byte(example)})
	if err != nil {
		t.Fatal(err)
	}
	fields := s.RegistrationFields()
	if len(fields) != 7 || fields[0] != "contractSigned" {
		t.Errorf("%v", fields)
	}
	for _, r := range s.Rules() {
		for _, f := range fields {
			if r.Field == f {
				t.Errorf("%s is compared", f)
			}
		}
	}
}

// Each path that the connector offers will do, and no other.
func TestR98_OnlyValuesOfARegistrationStandThere(t *testing.T) {
	for _, path := range strings.Split(registrationPaths, ", ") {
		if _, err := Load(Source{Name: "m", Text: []byte("- {field: x, referral: /registrations/0/" + path + ", crm: new_x}\n")}); err != nil && !strings.Contains(err.Error(), "is that of field") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, row := range []string{"referral: /registrations/0/status, crm: new_x", "referral: /registrations/1/contract/value, crm: new_x", "referral: /registrations/0/contract/term, constant: Finite",
		"referral: /registrations/0/contract/term, crm: new_x, way: both", "referral: /registrations/0/contract/term, crm: new_x, way: onCreate"} {
		if s, err := Load(Source{Name: "m", Text: []byte("- {field: x, " + row + "}\n")}); err == nil {
			t.Errorf("%s is taken: %v", row, s.RegistrationFields())
		}
	}
	if s, err := Default(); err != nil || len(s.RegistrationFields()) != 0 {
		t.Errorf("as shipped: %v, %v", s.RegistrationFields(), err)
	}
}
