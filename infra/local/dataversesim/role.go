package dataversesim

import (
	"fmt"
	"slices"
	"strings"
)

// Roles that POST privileges gives the application user as a whole.
const (
	roleAdministrator = "administrator" // everything; the role at first
	roleRuntime       = "runtime"       // what the product needs at work and no more
)

// runtimeAllows is what the custom role of a running product allows for a table: section 1.3 of the specification,
// and reading what hangs on the records that are synchronised. Tables of the organisation's own are not in it.
// https://learn.microsoft.com/power-platform/admin/security-roles-privileges
func runtimeAllows(tab *table) []string {
	switch {
	case slices.Contains([]string{"opportunity", "lead", "account", "contact"}, tab.name):
		return []string{"create", "read", "write", "append", "appendTo", "assign"}
	case tab.primaryID == "activityid":
		return []string{"create", "read", "write", "append", "appendTo", "assign"}
	case strings.HasPrefix(tab.name, "cosell_"), strings.HasPrefix(tab.name, "msft_"):
		return []string{"create", "read", "write", "delete", "append", "appendTo", "assign"}
	case tab.name == "transactioncurrency", tab.name == "territory", tab.name == "campaign":
		return []string{"read", "appendTo"}
	case slices.Contains([]string{"systemuser", "team", "businessunit", "organization", "asyncoperation", "connection", "connectionrole", "connectionroleobjecttypecode",
		definitionTable, valueTable, "opportunityproduct", "quote", "serviceendpoint", "sdkmessage", "sdkmessagefilter", stepTable, imageTable, "workflow"}, tab.name):
		return []string{"read"}
	}
	return nil
}

// giveRole replaces the role of the application user. Rights to single rows and columns stay as they are.
func (s *Simulator) giveRole(name string) error {
	switch name {
	case roleAdministrator:
		s.role.tables = map[string][]string{}
	case roleRuntime:
		s.role.tables = map[string][]string{}
		for _, tab := range s.schema.order {
			allowed := runtimeAllows(tab)
			s.role.tables[tab.name] = slices.DeleteFunc(slices.Clone(operations), func(o string) bool { return slices.Contains(allowed, o) })
		}
	default:
		return fmt.Errorf("role %q: use %s or %s", name, roleAdministrator, roleRuntime)
	}
	return nil
}
