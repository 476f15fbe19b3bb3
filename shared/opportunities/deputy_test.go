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
	team := map[string]any{"owninguser": nil, "_owningteam_value": owners, "cosell_referralid": nil}
	switcher := map[string]any{"owninguser": nil, "_owningteam_value": owners, "cosell_referralid": nil, "modifiedby": person("switch@northwind.example", nil)}
	accepter := map[string]any{"owninguser": nil, "_owningteam_value": owners, "cosell_state": 700010102, "modifiedby": person("accept@northwind.example", nil)}
	ours := map[string]any{"owninguser": nil, "_owningteam_value": owners, "cosell_referralid": nil, "modifiedby": person("app@northwind.example", ownID)}
	linked := map[string]any{"owninguser": nil, "_owningteam_value": owners, "modifiedby": person("next@northwind.example", nil)}
	noPhone := map[string]any{"cosell_referralid": nil, "owninguser": map[string]any{"firstname": "Kim", "lastname": "Seller", "internalemailaddress": "kim@northwind.example"}}
	for what, c := range map[string]struct {
		columns     map[string]any
		admin, desk string
		option      func(*Options)
		want        string
	}{
		"the owner":                      {nil, boss, desk, member, "kim@northwind.example"},
		"who switched Sync on":           {switcher, boss, desk, member, "switch@northwind.example"},
		"who accepted":                   {accepter, boss, desk, member, "accept@northwind.example"},
		"not our own application":        {ours, boss, desk, member, "boss@northwind.example"},
		"nobody new once it is linked":   {linked, boss, desk, member, ""},
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
		before := len(w.Calls)
		if read(t, s); len(w.Calls) > before+2 {
			t.Errorf("%s: the second reading asks again:\n%s", what, w.List())
		}
	}
}

func person(mail string, application any) map[string]any {
	return map[string]any{"systemuserid": kim, "firstname": "P", "lastname": "Erson", "internalemailaddress": mail, "address1_telephone1": "7", "applicationid": application}
}
