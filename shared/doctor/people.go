package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// person finds a user by e-mail or id; ok is false where there is none.
func (e *examination) person(ctx context.Context, who string) (row dataverse.Row, ok bool, err error) {
	who = strings.Trim(strings.TrimSpace(who), "{}")
	rows, err := e.people(ctx, who, dataverse.Or(dataverse.EqText("internalemailaddress", who), dataverse.EqText("domainname", who)))
	if err != nil || len(rows) == 0 {
		return dataverse.Row{}, false, err
	}
	return rows[0], true, nil
}

// people finds users by an id, or by a filter where who is none.
func (e *examination) people(ctx context.Context, who, filter string) ([]dataverse.Row, error) {
	if uuid.Validate(who) == nil {
		filter = dataverse.EqID("systemuserid", who)
	}
	return e.CRM.List(ctx, userSet, dataverse.Query{Select: []string{"systemuserid", "fullname", "isdisabled", "islicensed", "accessmode", "internalemailaddress", "address1_telephone1", "mobilephone"}, Filter: filter})
}

func (e *examination) owner(ctx context.Context) []Finding {
	out := e.standby(ctx, "SYNC_DEFAULT_OWNER", e.Settings.DefaultOwner, "who owns what comes in when no member of its team is a user of the CRM", true)
	if e.Settings.DefaultMember != "" {
		out = append(out, e.standby(ctx, "SYNC_DEFAULT_MEMBER", e.Settings.DefaultMember, "who leads the team of a referral whose owner is a team", false)...)
	}
	return out
}

// accessTeam is the type of a team that shares records and owns none.
const accessTeam = "1"

// standby judges the person of a setting.
func (e *examination) standby(ctx context.Context, setting, who, does string, mayBeTeam bool) []Finding {
	mend := "set " + setting + " to the e-mail or id of an enabled user with a role"
	if who == "" {
		return []Finding{Warn("owner.unset", setting+" is not set: it says "+does, mend)}
	}
	row, ok, err := e.person(ctx, who)
	if err != nil {
		return []Finding{unread("the users of the CRM", err)}
	}
	if !ok && mayBeTeam && uuid.Validate(strings.Trim(who, "{}")) == nil {
		team, err := e.CRM.Get(ctx, "teams", strings.Trim(who, "{}"), dataverse.Query{Select: []string{"teamid", "name", "teamtype"}})
		switch {
		case err == nil && team.Text("teamtype") == accessTeam:
			return []Finding{Bad("owner.access", setting+": "+team.Text("name")+" is an access team, which can own nothing", mend+", or to the id of an owner team")}
		case err == nil:
			return []Finding{Fine(setting + " is the team " + team.Text("name"))}
		case !fault.Is(err, fault.Gone):
			return []Finding{unread("the teams of the CRM", err)}
		}
	}
	switch {
	case !ok:
		return []Finding{Bad("owner.unknown", setting+" names nobody in the CRM", mend)}
	case row.Text("isdisabled") == "true":
		return []Finding{Bad("owner.disabled", setting+": the user "+row.Text("fullname")+" is disabled", "enable the user, or "+mend)}
	case row.Text("islicensed") == "false" && mayBeTeam:
		return []Finding{Bad("owner.licence", setting+": the user "+row.Text("fullname")+" has no licence, so that nothing can be his", "give the user a licence of Dynamics 365 Sales, or "+mend)}
	}
	has, err := e.CRM.Privileges(ctx, row.ID("systemuserid"))
	switch {
	case err != nil:
		return []Finding{unread("the privileges of "+setting, err)}
	case len(has) == 0:
		return []Finding{Bad("owner.norole", setting+": the user "+row.Text("fullname")+" has no role, so that nothing can be his", "give the user a role, or "+mend)}
	}
	return []Finding{Fine(setting + " is " + row.Text("fullname"))}
}

func (e *examination) sellers(ctx context.Context) []Finding {
	if e.seller == "" {
		return []Finding{Fine("nobody is named: --seller EMAIL looks at a person's rights")}
	}
	who := strings.Trim(strings.TrimSpace(e.seller), "{}")
	rows, err := e.people(ctx, who, dataverse.Or(dataverse.EqText("internalemailaddress", who), dataverse.EqText("domainname", who), dataverse.EqText("fullname", who)))
	switch {
	case err != nil:
		return []Finding{unread("the users of the CRM", err)}
	case len(rows) == 0:
		return []Finding{Bad("seller.unknown", "the CRM has no user "+who, "add the person to the environment, with a licence of Dynamics 365 Sales and a role; or say --seller with the e-mail that the CRM has")}
	case len(rows) > 1:
		return []Finding{Bad("seller.several", fmt.Sprintf("%d users of the CRM are called %s", len(rows), who), "say --seller with the e-mail of one: "+emails(rows))}
	}
	row := rows[0]
	if row.Text("isdisabled") == "true" {
		return []Finding{Bad("seller.disabled", "the user "+row.Text("fullname")+" is disabled", "enable the user")}
	}
	var out []Finding
	if row.Text("islicensed") == "false" {
		out = append(out, Bad("seller.licence", "the user "+row.Text("fullname")+" has no licence", "give the user a licence of Dynamics 365 Sales"))
	}
	if row.Text("accessmode") != "0" && row.Has("accessmode") {
		out = append(out, Bad("seller.access", "the user "+row.Text("fullname")+" does not have the access mode Read-Write", "set the user's access mode to Read-Write"))
	}
	if strings.TrimSpace(row.Text("address1_telephone1")+row.Text("mobilephone")) == "" {
		out = append(out, Warn("seller.phone", "the user "+row.Text("fullname")+" has no phone, which Partner Center wants of the team", "fill in Main Phone or Mobile Phone of the user, or set SYNC_DEFAULT_PHONE"))
	}
	return append(out, e.rightsOf(ctx, row)...)
}

func emails(users []dataverse.Row) string {
	var out []string
	for _, u := range users {
		out = append(out, u.Text("internalemailaddress"))
	}
	return strings.Join(out, ", ")
}

// rightsOf names what a seller may not do.
func (e *examination) rightsOf(ctx context.Context, user dataverse.Row) []Finding {
	has, err := e.CRM.Privileges(ctx, user.ID("systemuserid"))
	if err != nil {
		return []Finding{unread("the privileges of "+user.Text("fullname"), err)}
	}
	if len(has) == 0 {
		return []Finding{Bad("seller.norole", "the user "+user.Text("fullname")+" has no role", "give the user a sales role and the seller's role of cosell-sync")}
	}
	sheet, defs, wrong := e.described()
	if wrong != nil {
		return wrong
	}
	var out []Finding
	for _, n := range sellerNeeds(sheet.Sheet) {
		for _, operation := range n.Operations {
			if name := defs[n.Table].Privileges[operation]; name != "" && !has[name] {
				out = append(out, Bad(dataverse.CodePrivilege+" "+name, fmt.Sprintf("the user %s lacks the privilege %s (%s)", user.Text("fullname"), name, n.Why), "add "+name+" to a role of the user"))
			}
		}
	}
	if len(out) == 0 {
		return []Finding{Fine(user.Text("fullname") + " may do what the form asks for")}
	}
	return out
}
