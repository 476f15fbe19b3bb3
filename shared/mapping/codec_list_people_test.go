package mapping

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestR100_FurtherPeopleOfAnyShape(t *testing.T) {
	person := func(first, last, mail string) map[string]any {
		return map[string]any{"firstName": first, "lastName": last, "email": mail}
	}
	for want, list := range map[string]any{
		"":                            nil,
		"Kim Jung (kim@x)":            []any{person("Lee", "Lead", "lee@x"), person("Kim", "Jung", "kim@x")},
		"kim@x\nLou":                  []any{nil, "odd", person("Lee", "", ""), map[string]any{"email": "kim@x", "lastName": nil}, 7, map[string]any{"firstName": "Lou", "email": []any{}}, map[string]any{}},
		"Kim, Buyer":                  []any{map[string]any{}, map[string]any{"firstName": "Kim", "title": "Buyer"}},
		"Buyer (+49 40 1)":            []any{map[string]any{}, map[string]any{"title": "Buyer", "phoneNumber": "+49 40 1"}},
		"Kim (kim@x, 1)\nKim (kim@x)": []any{map[string]any{}, map[string]any{"firstName": "Kim", "email": "kim@x", "phoneNumber": json.Number("1")}, person("Kim", "", "kim@x")},
	} {
		if got := FurtherPeople(list); got != want {
			t.Errorf("%v is %q instead of %q", list, got, want)
		}
	}
	if got := FurtherPeople("no list"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestASheetThatWritesPeopleByTheirTextIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"- {field: others, referral: /customerProfile/team, lead: new_people, as: people, way: both}":          "whom nobody writes by it",
		"- {field: others, referral: /details/notes, lead: new_people, as: people, way: toOpportunity}":        "shows people of",
		"- {field: others, referral: /customerProfile/team, lead: new_people, as: people, way: toOpportunity}": "",
	} {
		_, err := Load(Source{Name: "mapping.yaml", Text: []byte(text)})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
