package mapping

import (
	"os"
	"strings"
	"testing"
)

// The administrator's page names every key and every codec of the sheet.
func TestThePageNamesEveryKeyAndCodec(t *testing.T) {
	text, err := os.ReadFile("../../docs/customise.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{rowKeys, codecNames()} {
		for name := range strings.SplitSeq(list, ", ") {
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("docs/customise.md does not name `%s`", name)
			}
		}
	}
}

// The example of leads compiles, and says of leads what the page says.
func TestTheExampleOfLeadsHolds(t *testing.T) {
	text, err := os.ReadFile("../../docs/customise.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "<!-- leads -->\n```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no example of leads")
	}
	s, err := Load(Source{Name: "mapping.yaml", Text: []byte(example)})
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for _, r := range s.Leads().Rows() {
		at[string(r.Field)] = r.CRM
	}
	for field, column := range map[string]string{"contactPhone": "mobilephone", "leadSegment": "new_segment", "leadTitle": "jobtitle", "customerName": "companyname"} {
		if at[field] != column {
			t.Errorf("field %s stands in %q of a lead", field, at[field])
		}
	}
	name, _ := s.Leads().Row("customerName")
	if name.Default != "not known yet" {
		t.Errorf("a new lead without company gets %q", name.Default)
	}
	reasons := s.Leads().StatusReasons([]Label{{Value: 9, State: 0, Labels: map[int]string{1033: "Nurturing"}}, {Value: 3, State: 1, Labels: map[int]string{1033: "Qualified"}}})
	if status, err := reasons.Status("0", "9"); err != nil || status != "onhold" {
		t.Errorf("%v %q", err, status)
	}
	for _, r := range s.Rows() {
		if r.Field == "leadTitle" && !r.OfLeads() {
			t.Error("a row of leads is one of opportunities")
		}
	}
}
