package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// wholeOrganisation is the depth of all our privileges.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/privilegedepth
const wholeOrganisation = "Global"

// lookRoles plans the security roles. A right that an administrator has given beside ours stays.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/addprivilegesrole
func (r *run) lookRoles(ctx context.Context) error {
	units, err := list[struct {
		BusinessUnitID string `json:"businessunitid"`
	}](ctx, r.w, where("businessunits", "businessunitid", "_parentbusinessunitid_value eq null"))
	if err != nil {
		return err
	}
	if len(units) == 0 {
		return fmt.Errorf("the organisation has no root business unit that the caller may read")
	}
	r.ids["unit"] = units[0].BusinessUnitID
	for _, role := range r.d.Roles {
		if err := r.role(ctx, role); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) role(ctx context.Context, role dataverse.Role) error {
	if err := r.nameTables(ctx, role.Privileges); err != nil {
		return err
	}
	have, err := list[struct {
		RoleID string `json:"roleid"`
	}](ctx, r.w, where("roles", "roleid", "name eq "+quoted(role.Name)+" and _businessunitid_value eq "+r.ids["unit"]))
	if err != nil {
		return err
	}
	item := &Item{Kind: "role", Name: role.Name, Do: Leave, needs: []string{r.solutionItem()}}
	for _, p := range role.Privileges {
		if own, ok := r.d.Table(p.Table); ok && !own.Standard {
			item.needs = append(item.needs, "table "+p.Table)
		}
	}
	id := role.ID()
	switch {
	case len(have) == 0 && r.managed:
		r.imported(item)
	case len(have) == 0:
		item.Do, item.Why = Create, fmt.Sprintf("%s: %d privileges", role.Description, len(names(role)))
		item.apply = func(ctx context.Context) error {
			if _, err := r.w.post(ctx, "roles", map[string]any{"roleid": id, "name": role.Name, "description": role.Description, "businessunitid@odata.bind": "/businessunits(" + r.ids["unit"] + ")"}); err != nil {
				return err
			}
			return r.grant(ctx, id, names(role))
		}
	default:
		ours := strings.EqualFold(have[0].RoleID, id) || r.made(componentRole, have[0].RoleID)
		id = have[0].RoleID
		lacks, err := r.lackingRights(ctx, id, role)
		if err != nil {
			return err
		}
		switch {
		case len(lacks) > 0 && !ours:
			item.Do, item.Why, item.Mend = Open, "it lacks "+strings.Join(lacks, ", ")+", and "+notOurs(r.d), mendNotOurs(r.d)
		case len(lacks) > 0:
			item.Do, item.Why = Change, "it lacks "+strings.Join(lacks, ", ")
			item.apply = func(ctx context.Context) error { return r.add(ctx, id, lacks) }
		}
	}
	r.ids["role "+role.For] = id
	r.plan.add(item)
	return nil
}

// nameTables gives the privileges of somebody else's tables their names.
func (r *run) nameTables(ctx context.Context, all []dataverse.Privilege) error {
	for i, p := range all {
		if p.Of != "" {
			continue
		}
		t, err := r.readTable(ctx, p.Table)
		if err != nil {
			return err
		}
		all[i].Of = t.SchemaName
	}
	return nil
}

func names(role dataverse.Role) (out []string) {
	for _, p := range role.Privileges {
		out = append(out, p.Names()...)
	}
	return out
}

type privilegeState struct {
	PrivilegeID string `json:"privilegeid"`
	Name        string `json:"name"`
}

// lackingRights are the privileges of ours that the role does not give for the whole organisation.
func (r *run) lackingRights(ctx context.Context, id string, role dataverse.Role) (out []string, err error) {
	var answer struct {
		RolePrivileges []struct {
			Depth       string
			PrivilegeID string `json:"PrivilegeId"`
		}
	}
	if err := r.w.get(ctx, "roles("+id+")/"+crmType+"RetrieveRolePrivilegesRole()", &answer); err != nil {
		return nil, err
	}
	ids, err := r.privileges(ctx, names(role))
	if err != nil {
		return nil, err
	}
	for _, name := range names(role) {
		p, exists := ids[strings.ToLower(name)]
		has := slices.ContainsFunc(answer.RolePrivileges, func(h struct {
			Depth       string
			PrivilegeID string `json:"PrivilegeId"`
		}) bool {
			return strings.EqualFold(h.PrivilegeID, p) && (h.Depth == wholeOrganisation || h.Depth == "3")
		})
		if exists && !has {
			out = append(out, name)
		}
	}
	return out, nil
}

// several are as many privileges as one query asks for.
const several = 20

// privileges finds the ids of privileges by their names, in lower case. One that the environment does not have, of a
// table that is not installed perhaps, is left out.
func (r *run) privileges(ctx context.Context, wanted []string) (map[string]string, error) {
	out := map[string]string{}
	for part := range slices.Chunk(wanted, several) {
		filter := make([]string, len(part))
		for i, name := range part {
			filter[i] = "name eq " + quoted(name)
		}
		found, err := list[privilegeState](ctx, r.w, where("privileges", "privilegeid,name", strings.Join(filter, " or ")))
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			out[strings.ToLower(p.Name)] = p.PrivilegeID
		}
	}
	return out, nil
}

// add gives rights to a role that is there. One that came with a managed solution may be closed to it.
func (r *run) add(ctx context.Context, role string, wanted []string) error {
	err := r.grant(ctx, role, wanted)
	var refused *refusal
	if _, no := denied(err); r.managed && !no && errors.As(err, &refused) {
		return &kept{err.Error(), "give the application user a second role, of your own, with the rights that this one lacks"}
	}
	return err
}

func (r *run) grant(ctx context.Context, role string, wanted []string) error {
	ids, err := r.privileges(ctx, wanted)
	if err != nil {
		return err
	}
	var rights []any
	for _, name := range wanted {
		if id := ids[strings.ToLower(name)]; id != "" {
			rights = append(rights, map[string]any{"PrivilegeId": id, "Depth": wholeOrganisation})
		}
	}
	return r.w.act(ctx, "roles("+role+")/"+crmType+"AddPrivilegesRole", map[string]any{"Privileges": rights})
}

// lookUser plans the application user and its role.
// https://learn.microsoft.com/power-platform/admin/manage-application-users
func (r *run) lookUser(ctx context.Context) error {
	role := r.d.Role(dataverse.ForApplication)
	if r.AppUser == "" {
		r.plan.add(&Item{Kind: "application user", Name: "(none named)", Do: Open, Why: "nobody has the role " + role.Name + " yet",
			Mend: "say --app-user CLIENTID, or set DATAVERSE_CLIENT_ID (AZURE_CLIENT_ID for a managed identity)"})
		return nil
	}
	have, err := list[struct {
		ID         string `json:"systemuserid"`
		IsDisabled bool   `json:"isdisabled"`
	}](ctx, r.w, where("systemusers", "systemuserid,isdisabled", "applicationid eq "+r.AppUser))
	if err != nil {
		return err
	}
	user := &Item{Kind: "application user", Name: r.AppUser, Do: Leave}
	given := &Item{Kind: "role given", Name: role.Name, Do: Create, Why: "to the application user", needs: []string{user.id()}}
	there := func(i *Item) bool { return i.Kind == "role" && i.Name == role.Name && i.Do == Change }
	if !slices.ContainsFunc(r.plan.Items, there) { // one that is there is given, whatever it lacks
		given.needs = append(given.needs, "role "+role.Name)
	}
	id := dataverse.ID("user", strings.ToLower(r.AppUser))
	switch {
	case len(have) == 0:
		user.Do, user.Why = Create, "the app's registration is no user of this environment yet"
		user.apply = func(ctx context.Context) error {
			_, err := r.w.post(ctx, "systemusers", map[string]any{"systemuserid": id, "applicationid": r.AppUser, "businessunitid@odata.bind": "/businessunits(" + r.ids["unit"] + ")"})
			return err
		}
	case have[0].IsDisabled:
		id = have[0].ID
		user.Do, user.Why, user.Mend = Open, "the application user is disabled", "enable it in the Power Platform admin center, or name another client id"
	default:
		id = have[0].ID
		roles, err := list[struct {
			RoleID string `json:"roleid"`
		}](ctx, r.w, "systemusers("+id+")/systemuserroles_association?$select=roleid")
		if err != nil {
			return err
		}
		for _, x := range roles {
			if strings.EqualFold(x.RoleID, r.ids["role "+role.For]) {
				given.Do, given.Why = Leave, ""
			}
		}
	}
	given.apply = func(ctx context.Context) error {
		return r.w.act(ctx, "systemusers("+id+")/systemuserroles_association/$ref", map[string]any{"@odata.id": r.w.Base + "/roles(" + r.ids["role "+role.For] + ")"})
	}
	r.plan.add(user, given)
	return nil
}
