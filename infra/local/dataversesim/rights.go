package dataversesim

import (
	"net/http"
	"slices"
	"strings"
)

// right is a privilege: what may be done with a table, with the definitions, or with the organisation.
type right struct {
	name   string
	access int64
	table  string // empty: none
}

func (r right) id() string {
	switch r.name { // the same in every organisation
	case bypassPrivilege:
		return "0ea552b0-a491-4470-9a1b-82068deccf66"
	case "prvBypassCustomPlugins":
		return "148a9eaf-d0c4-4196-9852-c3a38e35f6a1"
	}
	return fixedID("privilege/" + r.name)
}

const (
	bypassPrivilege = "prvBypassCustomBusinessLogic"
	actOnBehalf     = "prvActOnBehalfOfAnotherUser"
)

// How far a privilege reaches: the mask of roleprivileges, whose names in RolePrivilege are below.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/privilegedepth
const (
	depthBasic  = 1
	depthLocal  = 2
	depthDeep   = 4
	depthGlobal = 8
)

// depthNames are the members of PrivilegeDepth in the order of their numbers.
func depthNames() []string { return []string{"Basic", "Local", "Deep", "Global"} }

// accessRight is the number of an operation in the column accessright of a privilege.
func accessRight(operation string) int64 {
	return map[string]int64{"read": 1, "write": 2, "append": 4, "appendTo": 16, "create": 32, "delete": 65536, "share": 262144, "assign": 524288}[operation]
}

// metadataNames are what the privileges to change definitions are about.
func metadataNames() []string {
	return []string{"Entity", "Attribute", "Relationship", "OptionSet", "EntityKey"}
}

// isCustomization tells of tables whose rows are customisations: forms, views, roles, solutions. Tables with
// event steps are apart, as a customizer may read those only.
func isCustomization(table string) bool {
	return slices.Contains([]string{"publisher", "solution", "solutioncomponent", "role", "systemuserroles", "privilege", "roleprivileges", "systemform", "savedquery", "webresource", "importjob"}, table)
}

// rightName names the privilege that an operation on a table needs.
func rightName(operation string, t *table) string {
	return "prv" + capital(operation) + t.privilegeName()
}

// allRights are the privileges of the organisation as it is now, each name once.
func (s *Simulator) allRights() []right {
	var out []right
	seen := map[string]bool{}
	add := func(r right) {
		if !seen[r.name] {
			seen[r.name] = true
			out = append(out, r)
		}
	}
	for _, t := range s.schema.order {
		for _, op := range t.operations() {
			add(right{rightName(op, t), accessRight(op), t.name})
		}
	}
	for _, name := range metadataNames() {
		for _, op := range []string{"create", "read", "write", "delete"} {
			add(right{"prv" + capital(op) + name, accessRight(op), ""})
		}
	}
	for _, name := range []string{"prvPublishCustomization", "prvImportCustomization", "prvExportCustomization", actOnBehalf, bypassPrivilege, "prvBypassCustomPlugins"} {
		add(right{name, 0, ""})
	}
	return out
}

// operations are those that a table has privileges for.
func (t *table) operations() []string {
	if slices.Contains([]string{"solutioncomponent", "systemuserroles", "privilege", "roleprivileges"}, t.name) {
		return []string{"read"}
	}
	all := []string{"create", "read", "write", "delete", "append", "appendTo"}
	if t.userOwned {
		all = append(all, "assign", "share")
	}
	if t.name == "role" {
		all = append(all, "assign")
	}
	return all
}

// depthIn is how far a role's privilege reaches; 0 is not at all.
func (s *Simulator) depthIn(role string, r right) int64 {
	switch role {
	case SystemAdministratorRoleID:
		return depthGlobal
	case SystemCustomizerRoleID:
		return s.customizerDepth(r)
	case IntegrationRoleID:
		return integrationDepth(r)
	}
	return s.granted[role][r.name]
}

// customizerDepth is what the shipped role System Customizer holds: the definitions, solutions, forms, views and
// processes, all of the tables that the organisation made, of accounts and contacts the user's own; roles,
// endpoints and steps it may read only.
// https://learn.microsoft.com/power-platform/admin/database-security
func (s *Simulator) customizerDepth(r right) int64 {
	op := strings.ToLower(r.name[len("prv"):])
	reads := strings.HasPrefix(op, "read")
	switch {
	case r.table == "":
		if slices.Contains([]string{actOnBehalf, bypassPrivilege, "prvBypassCustomPlugins"}, r.name) {
			return 0
		}
		return depthGlobal
	case slices.Contains([]string{"role", "serviceendpoint", stepTable, imageTable, "systemuserroles", "privilege", "roleprivileges", "businessunit", "team", "systemuser", "transactioncurrency"}, r.table):
		if reads || r.table == stepTable && strings.HasPrefix(op, "appendto") || r.table == "transactioncurrency" && strings.HasPrefix(op, "append") {
			return depthGlobal
		}
		return 0
	case isCustomization(r.table), strings.Contains(r.table, "_"), slices.Contains([]string{"workflow", definitionTable, valueTable, jobTable, "connectionrole", "sdkmessage", "sdkmessagefilter"}, r.table):
		return depthGlobal
	case r.table == "organization" && (reads || strings.HasPrefix(op, "write")):
		return depthGlobal
	case r.table == "account", r.table == "contact", r.table == "connection":
		return depthBasic
	}
	return 0
}

// integrationDepth is the role of the application user of an organisation in which the product is set up already:
// all rows, and the definitions to read. It changes none of them.
func integrationDepth(r right) int64 {
	reads := strings.HasPrefix(r.name, "prvRead")
	switch {
	case r.table == "" && !reads && r.name != actOnBehalf, isCustomization(r.table) && !reads:
		return 0
	}
	return depthGlobal
}

// rolesOf are the roles of a user.
func (s *Simulator) rolesOf(user string) []string {
	if s.assigned == nil {
		s.assigned = map[string][]string{}
		for _, sl := range s.db.tables["systemuserroles"].order {
			if sl.row == nil {
				continue
			}
			who, _ := sl.row.v["systemuserid"].(guid)
			role, _ := sl.row.v["roleid"].(guid)
			s.assigned[string(who)] = append(s.assigned[string(who)], string(role))
		}
	}
	return s.assigned[user]
}

// reach is how far a privilege of a user reaches, by the best of the roles. Nobody at the API reaches everything:
// that is the control interface, or the system itself.
func (s *Simulator) reach(user string, r right) int64 {
	if user == "" {
		return depthGlobal
	}
	best := int64(0)
	for _, role := range s.rolesOf(user) {
		best = max(best, s.depthIn(role, r))
	}
	return best
}

// holds says whether the caller has a privilege that is about no table.
func (s *Simulator) holds(name string) bool { return s.reach(s.calling, right{name: name}) > 0 }

// needs refuses a caller without a privilege that is about no row: 0x80040220 with its name.
func (s *Simulator) needs(operation, name string) error {
	if s.holds("prv" + capital(operation) + name) {
		return nil
	}
	return missingPrivilege(s.calling, operation, name, strings.ToLower(name))
}

// tableReach is reach for an operation on a table; asking a role that holds everything costs nothing.
func (s *Simulator) tableReach(operation string, t *table) int64 {
	roles := s.rolesOf(s.calling)
	if s.calling == "" || slices.Contains(roles, SystemAdministratorRoleID) ||
		slices.Contains(roles, IntegrationRoleID) && (operation == "read" || !isCustomization(t.name)) {
		return depthGlobal
	}
	return s.reach(s.calling, right{rightName(operation, t), accessRight(operation), t.name})
}

// within says whether a row lies inside of what a privilege reaches.
func (s *Simulator) within(reach int64, t *table, r *row) bool {
	if reach >= depthGlobal || !t.userOwned || r == nil {
		return true
	}
	if reach >= depthLocal {
		return r.ref("owningbusinessunit") == s.unitOf(ref{"systemuser", s.calling})
	}
	return r.ref("ownerid") == ref{"systemuser", s.calling}
}

// roleless refuses callers without any role; with nobody's rights they can do nothing at all.
func (s *Simulator) roleless(user string) error {
	if len(s.rolesOf(user)) > 0 {
		return nil
	}
	return fail(http.StatusForbidden, codeNoRoles, "The user with id %s has not been assigned any roles. They need a role with minimal privileges to access and own records.", user)
}
