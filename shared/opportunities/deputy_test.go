package opportunities

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

const (
	owners = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0044"
	boss   = `{"systemuserid":"` + kim + `","internalemailaddress":"boss@northwind.example","firstname":"B","lastname":"Oss","address1_telephone1":"9"}`
)

// A referral's team begins with a person who has all four values.
func TestR50_WhoLeadsTheTeam(t *testing.T) {
	desk := strings.NewReplacer("boss@", "desk@").Replace(boss)
	member := func(o *Options) { o.DefaultMember = "desk@northwind.example" }
	team := map[string]any{"owninguser": nil, "_owningteam_value": owners}
	noPhone := map[string]any{"owninguser": map[string]any{"firstname": "Kim", "lastname": "Seller", "internalemailaddress": "kim@northwind.example"}}
	for what, c := range map[string]struct {
		columns     map[string]any
		admin, desk string
		option      func(*Options)
		want        string
	}{
		"the owner":                      {nil, boss, desk, member, "kim@northwind.example"},
		"the team's administrator":       {team, boss, desk, member, "boss@northwind.example"},
		"else the default member":        {team, "null", desk, member, "desk@northwind.example"},
		"an administrator who has left":  {team, strings.Replace(boss, "{", `{"isdisabled":true,`, 1), desk, member, "desk@northwind.example"},
		"nobody":                         {team, "null", "", func(*Options) {}, ""},
		"for an owner without phone":     {noPhone, boss, desk, member, "desk@northwind.example"},
		"the owner, should nobody do":    {noPhone, boss, "", member, "kim@northwind.example"},
		"the owner with a default phone": {noPhone, boss, desk, func(o *Options) { o.DefaultPhone = "1"; member(o) }, "kim@northwind.example"},
	} {
		s, crm, w := testCRM(t, c.columns, c.option)
		crm.rows["teams("+owners+")"] = `{"@odata.etag":"W/\"1\"","teamid":"` + owners + `","administratorid":` + c.admin + `}`
		crm.lists[userSet] = c.desk
		o := read(t, s)
		members := o.Record.Members(cosell.Team)
		if _, ok := members[c.want]; ok == (c.want == "") || len(members) > 1 {
			t.Errorf("%s: %v", what, members)
		}
		before := len(w.calls)
		if read(t, s); len(w.calls) != before+1 {
			t.Errorf("%s: the second reading asks again:\n%s", what, w.list())
		}
	}
}
