package dataversesim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// operations are what a security role allows for each table.
var operations = []string{"create", "read", "write", "delete", "append", "appendTo", "assign"}

// role is what the application user may not do, and who may own nothing. It starts without gaps.
type role struct {
	tables map[string][]string // operations that are not allowed, by table
	rows   map[ref][]string    // and for single rows
	secure map[string][]string // and for secured columns, by "table.column"
	nobody map[string]bool     // users and teams without any role
	people map[ref][]string    // and of single people: by table and systemuser
}

func newRole() *role {
	return &role{tables: map[string][]string{}, rows: map[ref][]string{}, secure: map[string][]string{}, nobody: map[string]bool{}, people: map[ref][]string{}}
}

// privilege is the body of POST /privileges.
type privilege struct {
	Table     string `json:"table"`
	Operation string `json:"operation"`
	ID        string `json:"id"`     // one row only: the role allows the table, the record's access does not
	Column    string `json:"column"` // a secured column: create, read or write of it alone
	User      string `json:"user"`   // a systemuser or team: whether it has a role at all; with table and operation, what one person may
	Allowed   *bool  `json:"allowed"`
	Role      string `json:"role"` // a whole role instead: administrator or runtime
}

func (s *Simulator) postPrivileges(w http.ResponseWriter, r *http.Request) {
	var p privilege
	if err := control.ReadJSON(r, &p); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	s.mu.Lock()
	err := s.grant(p)
	answer := s.role.describe()
	s.mu.Unlock()
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	control.WriteJSON(w, http.StatusOK, answer)
}

func (s *Simulator) getPrivileges(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	answer := s.role.describe()
	s.mu.Unlock()
	control.WriteJSON(w, http.StatusOK, answer)
}

// describe lists what is not allowed.
func (o *role) describe() map[string]any {
	denied := map[string][]string{}
	for table, ops := range o.tables {
		if len(ops) > 0 {
			denied[table] = ops
		}
	}
	rows := map[string][]string{}
	for to, ops := range o.rows {
		if len(ops) > 0 {
			rows[to.table+"("+to.id+")"] = ops
		}
	}
	columns := map[string][]string{}
	for name, ops := range o.secure {
		if len(ops) > 0 {
			columns[name] = ops
		}
	}
	people := map[string][]string{}
	for of, ops := range o.people {
		if len(ops) > 0 {
			people[of.id+" "+of.table] = ops
		}
	}
	nobody := []string{}
	for id, yes := range o.nobody {
		if yes {
			nobody = append(nobody, id)
		}
	}
	slices.Sort(nobody)
	return map[string]any{"denied": denied, "deniedRows": rows, "deniedColumns": columns, "withoutRole": nobody, "deniedPeople": people}
}

// grant changes the role as a control call says.
func (s *Simulator) grant(p privilege) error {
	if p.Role != "" {
		if p != (privilege{Role: p.Role}) {
			return fail(400, "", "role stands alone")
		}
		return s.giveRole(p.Role)
	}
	if p.Allowed == nil {
		return fail(400, "", "allowed: say true or false")
	}
	if p.User != "" && p.Table != "" {
		return s.ofPerson(p)
	}
	if p.User != "" {
		if p.Operation+p.ID != "" {
			return fail(400, "", "user takes or gives all roles of one owner: leave operation and id out, or name a table, too")
		}
		if s.db.get("systemuser", p.User) == nil && s.db.get("team", p.User) == nil {
			return fail(400, "", "user: there is no systemuser or team %q", p.User)
		}
		s.role.nobody[p.User] = !*p.Allowed
		return nil
	}
	if tab := s.schema.tables[p.Table]; tab == nil && !slices.Contains([]string{activities, metadataTable}, p.Table) {
		return fail(400, "", "table: there is no table %q; use a logical name, %s for all activities, or %s for the metadata", p.Table, activities, metadataTable)
	}
	if !slices.Contains(operations, p.Operation) {
		return fail(400, "", "operation %q: use %s", p.Operation, strings.Join(operations, ", "))
	}
	if p.Column != "" {
		return s.secure(p)
	}
	if p.ID == "" {
		s.role.tables[p.Table] = without(s.role.tables[p.Table], p.Operation, *p.Allowed)
		return nil
	}
	to := ref{p.Table, strings.ToLower(p.ID)}
	if s.db.get(to.table, to.id) == nil {
		return fail(400, "", "id: there is no such row")
	}
	s.role.rows[to] = without(s.role.rows[to], p.Operation, *p.Allowed)
	return nil
}

// ofPerson changes what one person may do, as RetrieveUserPrivileges tells it: what people do themselves (POST user) is
// never refused.
func (s *Simulator) ofPerson(p privilege) error {
	user := s.db.get("systemuser", p.User)
	switch {
	case user == nil || user.v["applicationid"] != nil:
		return fail(400, "", "user: with a table it is a person, and there is none %q", p.User)
	case s.schema.tables[p.Table] == nil || !slices.Contains(operations, p.Operation) || p.ID+p.Column != "":
		return fail(400, "", "of a person a table and an operation are taken or given, no row and no column")
	}
	of := ref{p.Table, strings.ToLower(p.User)}
	s.role.people[of] = without(s.role.people[of], p.Operation, *p.Allowed)
	return nil
}

// without is the list of what is denied after one more decision.
func without(denied []string, operation string, allowed bool) []string {
	out := slices.DeleteFunc(slices.Clone(denied), func(o string) bool { return o == operation })
	if !allowed {
		out = append(out, operation)
	}
	return out
}

const (
	activities    = "activitypointer" // the table whose privileges govern every kind of activity
	metadataTable = "entity"          // the definitions
)

// may refuses what the application user's role does not allow, in the words of the real system; id is empty
// where no row exists yet. People (POST user) have all rights.
// https://learn.microsoft.com/power-platform/admin/how-record-access-determined
func (t *tx) may(operation string, tab *table, id string) error {
	if t.via == nil {
		return nil
	}
	return t.s.allows(t.user, operation, tab, id)
}

func (s *Simulator) allows(user, operation string, tab *table, id string) error {
	reach := s.tableReach(operation, tab)
	if reach == 0 {
		return missingPrivilege(user, operation, tab.privilegeName(), tab.name)
	}
	if id != "" && !s.within(reach, tab, s.db.get(tab.name, id)) {
		return noAccess(user, operation, id, tab.name)
	}
	role := s.deniedHere()
	denied := slices.Contains(role.tables[tab.name], operation)
	if tab.primaryID == "activityid" {
		denied = denied || slices.Contains(role.tables[activities], operation)
	}
	if denied {
		return missingPrivilege(user, operation, tab.privilegeName(), tab.name)
	}
	if id != "" && slices.Contains(role.rows[ref{tab.name, id}], operation) {
		return noAccess(user, operation, id, tab.name)
	}
	return nil
}

// noAccess is the refusal that is about one row.
func noAccess(user, operation, id, table string) *apiError {
	return fail(http.StatusForbidden, codeAccess, "Principal with id %s does not have %sAccess right(s) for record with id %s of entity %s. Consider assigning a role with the required access level to the user or team.",
		user, capital(operation), id, table)
}

// deniedHere is what POST privileges took from the caller: from the product's application user and nobody else.
func (s *Simulator) deniedHere() *role {
	if s.calling == ApplicationUserID {
		return s.role
	}
	return &role{}
}

// missingPrivilege is the refusal that is about a whole table.
func missingPrivilege(user, operation, name, table string) *apiError {
	prv := "prv" + capital(operation) + name
	return fail(http.StatusForbidden, codePrivilege, "Principal user (Id=%s, type=8, roleCount=1, privilegeCount=412, accessMode='4 Non-interactive'), is missing %s privilege (Id=%s) on OTC=%d for entity '%s'. context.Caller=%s. Consider adding missed privilege to one of the principal (user/team) roles.",
		user, prv, fixedID("privilege/"+prv), objectType(table), table, user)
}

// privilegeName is how privileges call a table: prvReadAccount, prvReadUser, prvReadActivity.
func (t *table) privilegeName() string {
	if t.privilege != "" {
		return t.privilege
	}
	if t.primaryID == "activityid" {
		return "Activity"
	}
	special := map[string]string{"systemuser": "User", "businessunit": "BusinessUnit", "transactioncurrency": "TransactionCurrency",
		"asyncoperation": "AsyncOperation", "serviceendpoint": "ServiceEndpoint", "sdkmessage": "SdkMessage", "sdkmessagefilter": "SdkMessage",
		"sdkmessageprocessingstep": "SdkMessageProcessingStep", "sdkmessageprocessingstepimage": "SdkMessageProcessingStepImage", "opportunityproduct": "Opportunity",
		"connectionrole": "ConnectionRole", "connectionroleobjecttypecode": "ConnectionRole", "environmentvariabledefinition": "EnvironmentVariableDefinition",
		"environmentvariablevalue": "EnvironmentVariableDefinition", "solutioncomponent": "Solution", "systemuserroles": "Role", "roleprivileges": "Role",
		"privilege": "Privilege", "systemform": "SystemForm", "webresource": "WebResource", "savedquery": "Query", "importjob": "ImportJob"}
	if name := special[t.name]; name != "" {
		return name
	}
	if strings.Contains(t.name, "_") {
		return t.schemaName // custom tables keep their own spelling
	}
	return capital(t.name)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// objectType is the number of a table; custom ones have theirs above 10000.
func objectType(table string) int {
	if n := map[string]int{"account": 1, "contact": 2, "opportunity": 3, "lead": 4, "systemuser": 8, "team": 9, "businessunit": 10,
		"organization": 1019, "quote": 1084, "opportunityclose": 4208, "task": 4212, "activitypointer": 4200, "connection": 3234, "connectionrole": 3231, "campaign": 4400, "territory": 2013, "workflow": 4703, "environmentvariabledefinition": 380, "environmentvariablevalue": 381,
		"transactioncurrency": 9105, "asyncoperation": 4700, "serviceendpoint": 4618, "sdkmessageprocessingstep": 4608}[table]; n != 0 {
		return n
	}
	sum := 0
	for _, c := range table {
		sum = sum*31 + int(c)
	}
	return 10000 + (sum&0x7fffffff)%5000
}

// mayLink asks for Append on the row that gets a lookup, AppendTo on what it leads to, and Assign when its
// owner is another than the caller or than before.
func (t *tx) mayLink(tab *table, ch *change, id string, owner ref) error {
	if t.via == nil {
		return nil
	}
	for _, name := range ch.order {
		to, isLookup := ch.set[name].(ref)
		if !isLookup {
			continue
		}
		if tab.columns[name].kind == kindOwner {
			if to != owner {
				if err := t.may("assign", tab, id); err != nil {
					return err
				}
			}
			continue
		}
		if err := t.may("append", tab, id); err != nil {
			return err
		}
		if err := t.may("appendTo", t.s.schema.tables[to.table], to.id); err != nil {
			return err
		}
	}
	return nil
}

// deprived are the privileges that POST privileges took from a user: from the application user and from people those of single
// tables, from anybody all of them. Tables share privileges, those of activities for instance: the one of that name decides, else each
// of them.
func (s *Simulator) deprived(user string) map[string]bool {
	out, decided := map[string]bool{}, map[string]bool{}
	for _, tab := range s.schema.order {
		for _, operation := range operations {
			name := "prv" + capital(operation) + tab.privilegeName()
			denied := s.role.nobody[user] || slices.Contains(s.role.people[ref{tab.name, user}], operation) || user == ApplicationUserID && (slices.Contains(s.role.tables[tab.name], operation) ||
				tab.primaryID == "activityid" && slices.Contains(s.role.tables[activities], operation))
			switch own := strings.EqualFold(tab.privilegeName(), tab.name); {
			case own:
				out[name], decided[name] = denied, true
			case !decided[name]:
				out[name] = out[name] || denied
			}
		}
	}
	return out
}
