package cosell

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pat = `{"email":"pat@x","firstName":"Pat","lastName":"T","phone":"1"}`

// The owner leads the team: whoever is added comes behind him, and a new owner comes first, also one who was in the
// team before. Partner Center's own order is nobody's edit.
func TestR50_WhoLeadsTheTeam(t *testing.T) {
	led := append([]Rule{{Field: Team.First(), Way: ToReferral}, {Field: Contacts.First(), Way: ToReferral, Door: OnceShared}}, rules...)
	for name, tt := range map[string]struct {
		pc, crm, want Record
		shared        bool
	}{
		"SomebodyJoins":     {nil, Record{"team/pat": pat}, Record{"team/pat": pat, "team.first": "kim"}, false},
		"NewOwner":          {nil, Record{"team/kim": "", "team/pat": pat, "team.first": "pat"}, Record{"team/kim": "", "team/pat": pat, "team.first": "pat"}, false},
		"OwnerOfTheTeam":    {nil, Record{"team.first": "pat"}, Record{"team.first": "pat"}, false},
		"TheirOwnOrder":     {Record{"team.first": "pat"}, nil, Record{}, false},
		"NobodyIsRead":      {nil, Record{"team.first": "kim"}, Record{}, false},
		"PrimaryIsPrivate":  {nil, Record{"contacts.first": "ada", "contacts/ada": ada}, Record{"contacts.first": "ada", "contacts/ada": ada}, false},
		"PrimaryWhenShared": {nil, Record{"contacts.first": "ada", "contacts/ada": ada}, Record{}, true},
	} {
		p, d := agreed()
		for _, r := range []Record{p, d} {
			r["team.first"], r["contacts.first"], r[Contacts], r["contacts/bob"] = "kim", "bob", "1", "{}"
			if tt.shared {
				r[Visibility] = True
			}
		}
		base := baseOf(p, d)
		apply(p, tt.pc)
		apply(d, tt.crm)
		in := pairing(base, p, d)
		in.Rules = led
		if diff := cmp.Diff(tt.want, Merge(in).ToReferral); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if atoms := Atoms(Record{"team/pat": pat, "team.first": "pat", Name: "N"}); len(atoms) != 2 {
		t.Errorf("a list and who leads it are one: %v", atoms)
	}
}
