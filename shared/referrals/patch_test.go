package referrals

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"pgregory.net/rapid"
)

func TestUnknownMembersOfAListElementAreKept(t *testing.T) {
	doc := []byte(`{"team":[{"firstName":"Ada","lastName":"X","email":"a@x","phoneNumber":null,"title":"CEO","deep":{"k":[1,2.50]}},  {"email":"b@x", "odd" : 1e2},"scrap"]}`)
	row := mapping.Row{As: mapping.AsMembers, Referral: "/team"}
	got := newList(doc, row).after(map[string]string{"a@x": mapping.Member{Email: "a@x", FirstName: "Ada", LastName: "Y"}.Text(), "c@x": mapping.Member{Email: "c@x"}.Text()}, "")
	want := []string{`{"email":"c@x"}`, `{"contactPreference`, `{"email":"b@x", "odd" : 1e2}`, `"scrap"`}
	if len(got) != 4 {
		t.Fatalf("%s", got)
	}
	if string(got[1]) != `{"deep":{"k":[1,2.50]},"email":"a@x","firstName":"Ada","lastName":"Y","phoneNumber":null,"title":"CEO"}` {
		t.Errorf("changed member is %s", got[1])
	}
	for _, i := range []int{0, 2, 3} { // the new one leads
		if string(got[i]) != want[i] {
			t.Errorf("element %d is %s, want %s", i, got[i], want[i])
		}
	}
	if left := newList(doc, row).after(map[string]string{"a@x": "", "nobody@x": ""}, ""); len(left) != 2 || string(left[0]) != want[2] {
		t.Errorf("after a removal: %s", left)
	}
}

func TestUntouchedMembersStayByteByByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "members")
		var Elements []string
		for i := range n {
			unknown := rapid.SampledFrom([]string{`null`, `1e2`, `{"a": [ 1.50 ]}`, `"<&>"`}).Draw(t, "unknown")
			Elements = append(Elements, `{"id" : "S`+strconv.Itoa(i)+`","odd":`+unknown+`, "name":"n"}`)
		}
		touched := rapid.IntRange(0, n-1).Draw(t, "touched")
		doc := []byte(`{"s":[` + strings.Join(Elements, ",") + `]}`)
		out := newList(doc, mapping.Row{As: mapping.AsSolutions, Referral: "/s"}).after(map[string]string{"S" + strconv.Itoa(touched): mapping.Solution{Name: "new"}.Text()}, "")
		for i, e := range out {
			if i != touched && string(e) != Elements[i] {
				t.Fatalf("element %d became %s", i, e)
			}
		}
		var changed map[string]json.RawMessage
		if err := json.Unmarshal(out[touched], &changed); err != nil || string(changed["name"]) != `"new"` || changed["odd"] == nil {
			t.Fatalf("changed element is %s", out[touched])
		}
	})
}

// The owner leads the team, and the primary contact the contacts, whoever is added or was there before.
func TestR50_TheLeaderOfAListStandsFirst(t *testing.T) {
	doc := []byte(`{"team":[{"email":"a@x"},{"email":"b@x"},{"email":"c@x"}]}`)
	row := mapping.Row{Field: cosell.Team, As: mapping.AsMembers, Referral: "/team"}
	person := func(mail string) string { return mapping.Member{Email: mail}.Text() }
	for name, tt := range map[string]struct {
		changes map[string]string
		first   string
		want    string
	}{
		"MovedUp":           {nil, "c@x", "c@x a@x b@x"},
		"LeadsAlready":      {nil, "a@x", "a@x b@x c@x"},
		"AddedAndLeads":     {map[string]string{"d@x": person("d@x")}, "d@x", "d@x a@x b@x c@x"},
		"AddedBehindLeader": {map[string]string{"d@x": person("d@x")}, "a@x", "a@x b@x c@x d@x"},
		"Replaced":          {map[string]string{"a@x": "", "d@x": person("d@x")}, "d@x", "d@x b@x c@x"},
		"NobodySays":        {map[string]string{"d@x": person("d@x")}, "", "d@x a@x b@x c@x"},
		"NotThere":          {map[string]string{"d@x": person("d@x")}, "z@x", "a@x b@x c@x d@x"},
	} {
		var got []string
		for _, raw := range newList(doc, row).after(tt.changes, tt.first) {
			got = append(got, elementKey(mapping.AsMembers, raw))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
