package setup

import (
	"context"
	"strings"
)

// needed is the privilege that an item takes, by its kind; "" where several do or none is known.
// https://learn.microsoft.com/power-apps/developer/data-platform/security-roles
func needed(i *Item) string {
	of := map[string]string{"publisher": "Publisher", "solution": "Solution", "choice": "OptionSet", "option": "OptionSet", "table": "Entity", "column": "Attribute", "key": "EntityKey",
		"script": "WebResource", "view": "Query", "view name": "Query", "role": "Role", "application user": "User", "endpoint": "ServiceEndpoint", "step": "SdkMessageProcessingStep", "image": "SdkMessageProcessingStepImage"}[i.Kind]
	switch {
	case i.Kind == "role given":
		return "prvAssignRole"
	case of == "":
		return ""
	case i.Do == Create:
		return "prvCreate" + of
	case i.Do == Remove:
		return "prvDelete" + of
	}
	return "prvWrite" + of
}

// foresee says of the items of a plan which the caller may not do. It is a remark: what the CRM says when it is done counts,
// and where the CRM does not tell the caller's rights, there is none.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveuserprivileges
func (r *run) foresee(ctx context.Context) {
	var me struct {
		UserID string `json:"UserId"`
	}
	if r.w.get(ctx, "WhoAmI", &me) != nil {
		return
	}
	var mine struct {
		RolePrivileges []struct{ PrivilegeName string }
	}
	if r.w.get(ctx, "systemusers("+me.UserID+")/"+crmType+"RetrieveUserPrivileges()", &mine) != nil {
		return
	}
	have := map[string]bool{}
	for _, p := range mine.RolePrivileges {
		have[strings.ToLower(p.PrivilegeName)] = true
	}
	if len(have) == 0 || have[""] {
		return // older versions give ids alone
	}
	for _, i := range r.plan.Items {
		if p := needed(i); p != "" && (i.Do == Create || i.Do == Change || i.Do == Remove) && i.apply != nil && !have[strings.ToLower(p)] && known(have, p) {
			i.Lacks = p
		}
	}
}

// known keeps quiet about privileges that go by another name than is thought here: who may read a kind has heard of it.
func known(have map[string]bool, privilege string) bool {
	of := strings.TrimPrefix(privilege, "prv")
	for _, may := range []string{"Create", "Write", "Delete", "Assign"} {
		of = strings.TrimPrefix(of, may)
	}
	return have["prvread"+strings.ToLower(of)]
}
