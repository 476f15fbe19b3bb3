package dataversesim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// association is a relationship of many to many: rows of an own table that hold both ids.
type association struct{ table, near, far string }

// associate makes the associations between users, roles and privileges.
func (s *schema) associate() {
	add := func(table, name, child string, a association) {
		s.tables[table].collections[name] = &collection{name: name, child: child, through: &a}
	}
	add("systemuser", "systemuserroles_association", "role", association{"systemuserroles", "systemuserid", "roleid"})
	add("role", "systemuserroles_association", "systemuser", association{"systemuserroles", "roleid", "systemuserid"})
	add("role", "roleprivileges_association", "privilege", association{"roleprivileges", "roleid", "privilegeid"})
}

// holds chooses the rows of a collection that hang on one parent.
func (s *Simulator) hangsOn(coll *collection, parent, id string) predicate {
	if coll.through == nil {
		return pointsTo(coll.col, parent, id)
	}
	s.fillRights(coll.through.table)
	far := map[string]bool{}
	for _, sl := range s.db.tables[coll.through.table].order {
		if sl.row != nil && sl.row.v[coll.through.near] == guid(id) {
			other, _ := sl.row.v[coll.through.far].(guid)
			far[string(other)] = true
		}
	}
	return func(r *row) bool { return far[r.id] }
}

// fillRights makes the rows of the two tables that are worked out: privileges, and those of each role.
func (s *Simulator) fillRights(table string) {
	var want map[string]map[string]any
	switch table {
	case "privilege":
		want = s.privilegeRows()
	case "roleprivileges":
		want = s.rolePrivilegeRows()
	default:
		return
	}
	rows := s.db.tables[table]
	for _, sl := range slices.Clone(rows.order) {
		if sl.row != nil && (want[sl.id] == nil || !maps.Equal(want[sl.id], sl.row.v)) {
			s.db.set(table, sl.id, nil)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if rows.get(id) == nil {
			s.db.set(table, id, s.newRow(id, want[id]))
		}
	}
}

func (s *Simulator) privilegeRows() map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, r := range s.allRights() {
		near := s.schema.tables[r.table] != nil && s.schema.tables[r.table].userOwned
		out[r.id()] = map[string]any{"privilegeid": guid(r.id()), "name": r.name, "accessright": r.access,
			"canbebasic": near, "canbelocal": near, "canbedeep": near, "canbeglobal": true}
	}
	return out
}

func (s *Simulator) rolePrivilegeRows() map[string]map[string]any {
	out := map[string]map[string]any{}
	all := s.allRights()
	for _, sl := range s.db.tables["role"].order {
		if sl.row == nil {
			continue
		}
		for _, r := range all {
			if depth := s.depthIn(sl.id, r); depth > 0 {
				id := fixedID("roleprivilege/" + sl.id + "/" + r.name)
				out[id] = map[string]any{"roleprivilegeid": guid(id), "roleid": guid(sl.id), "privilegeid": guid(r.id()), "privilegedepthmask": depth}
			}
		}
	}
	return out
}

// rolePrivilege is the complex type of the actions: the depth is a name or its number, alone or in a text.
type rolePrivilege struct {
	PrivilegeID string          `json:"PrivilegeId"`
	Depth       json.RawMessage `json:"Depth"`
}

func (p rolePrivilege) mask() (int64, bool) {
	text := strings.Trim(string(p.Depth), `"`)
	for i, name := range depthNames() {
		if text == name || text == itoa(i) {
			return 1 << i, true
		}
	}
	return 0, false
}

// roleAction serves the actions and the function that are bound to a role.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/addprivilegesrole
func (s *Simulator) roleAction(c *call, t *tx, r *row, name string) (*answer, error) {
	tab := s.schema.tables["role"]
	if name == "RetrieveRolePrivilegesRole" {
		return s.rolePrivilegesAnswer(c, "RetrieveRolePrivilegesRoleResponse", []string{r.id}, tab, nil)
	}
	if err := t.may("write", tab, r.id); err != nil {
		return nil, err
	}
	if s.shippedRole(r) && !(s.granted[r.id] != nil && s.sw.text("setupManagedRoles") == "taken") {
		return nil, fail(400, codeReadOnly, "The role '%s' cannot be changed.", r.text("name"))
	}
	next := maps.Clone(s.granted[r.id])
	if next == nil || name == "ReplacePrivilegesRole" {
		next = map[string]int64{}
	}
	if err := s.readRolePrivileges(c.body, name, next); err != nil {
		return nil, err
	}
	before := s.granted[r.id]
	s.granted[r.id] = next
	t.undone(func() { s.granted[r.id] = before })
	t.put(tab, r.id, r.values())
	return &answer{status: 204}, nil
}

// readRolePrivileges changes a set of privileges as the body of an action says.
func (s *Simulator) readRolePrivileges(body []byte, name string, next map[string]int64) error {
	byID := map[string]right{}
	for _, one := range s.allRights() {
		byID[one.id()] = one
	}
	if name == "RemovePrivilegeRole" {
		var in struct {
			PrivilegeID string `json:"PrivilegeId"`
		}
		if err := strictly(body, &in); err != nil {
			return err
		}
		one, known := byID[strings.ToLower(in.PrivilegeID)]
		if !known {
			return fail(404, codeNotFound, "privilege With Id = %s Does Not Exist", in.PrivilegeID)
		}
		delete(next, one.name)
		return nil
	}
	var in struct{ Privileges []rolePrivilege }
	if err := loosely(body, &in); err != nil {
		return err
	}
	if in.Privileges == nil {
		return fail(400, codeInvalidArgument, "Required field 'Privileges' is missing or empty for the operation '%s'.", name)
	}
	for _, p := range in.Privileges {
		one, known := byID[strings.ToLower(p.PrivilegeID)]
		if !known {
			return fail(404, codeNotFound, "privilege With Id = %s Does Not Exist", p.PrivilegeID)
		}
		mask, ok := p.mask()
		if !ok {
			return fail(400, codePayload, "Error identified in Payload provided by the user: '%s' is no member of Microsoft.Dynamics.CRM.PrivilegeDepth.", clip(string(p.Depth), 40))
		}
		if owned := s.schema.tables[one.table] != nil && s.schema.tables[one.table].userOwned; !owned && mask != depthGlobal {
			return fail(400, codeInvalidArgument, "The privilege %s cannot be given at the depth %s.", one.name, clip(string(p.Depth), 40))
		}
		next[one.name] = mask
	}
	return nil
}

// shippedRole tells of roles that cannot be changed: System Administrator and System Customizer.
func (s *Simulator) shippedRole(r *row) bool {
	return r.id == SystemAdministratorRoleID || r.id == SystemCustomizerRoleID || r.v["ismanaged"] == true
}

// rolePrivilegesAnswer lists the privileges of some roles, each at its greatest depth.
func (s *Simulator) rolePrivilegesAnswer(c *call, response string, roles []string, tab *table, taken map[string]bool) (*answer, error) {
	if err := s.allows(s.calling, "read", tab, ""); err != nil {
		return nil, err
	}
	list := []any{}
	for _, r := range s.allRights() {
		best := int64(0)
		for _, role := range roles {
			best = max(best, s.depthIn(role, r))
		}
		if best == 0 || taken[r.name] {
			continue
		}
		name := ""
		for i, one := range depthNames() {
			if best == 1<<i {
				name = one
			}
		}
		list = append(list, (&document{}).add("Depth", name).add("PrivilegeId", r.id()).add("BusinessUnitId", BusinessUnitID).add("PrivilegeName", r.name))
	}
	return jsonAnswer((&document{}).add("@odata.context", c.root+"$metadata#Microsoft.Dynamics.CRM."+response).add("RolePrivileges", list))
}

// relateMany links or unlinks two rows of an association: a role is given to a user or taken away.
func (s *Simulator) relateMany(c *call, t *tx, tab *table, coll *collection, r *row, other ref) (*answer, error) {
	user, role := r.id, other.id
	if tab.name == "role" {
		user, role = other.id, r.id
	}
	if coll.through.table != "systemuserroles" {
		return nil, fail(400, codeReadOnly, "The relationship '%s' is read-only: use the actions of the role.", coll.name)
	}
	// https://learn.microsoft.com/power-apps/developer/data-platform/security-roles: assigning needs prvAssignRole, which a system administrator has
	if err := s.allows(s.calling, "assign", s.schema.tables["role"], ""); err != nil {
		return nil, err
	}
	links := s.schema.tables[coll.through.table]
	var have *row
	for _, sl := range s.db.tables[links.name].order {
		if sl.row != nil && sl.row.v["systemuserid"] == guid(user) && sl.row.v["roleid"] == guid(role) {
			have = sl.row
		}
	}
	switch {
	case c.method == http.MethodPost && have != nil:
		return nil, fail(412, codeDuplicate, "Cannot insert duplicate key.")
	case c.method == http.MethodPost:
		if unit := s.db.get("role", role).ref("businessunitid"); unit != s.unitOf(ref{"systemuser", user}) {
			return nil, fail(400, codeInvalidArgument, "Cannot associate security role because the security role's Business Unit is not the same as the user's Business Unit. Details: userid=%s, roleId=%s", user, role)
		}
		id := s.newID()
		t.put(links, id, map[string]any{"systemuserroleid": guid(id), "systemuserid": guid(user), "roleid": guid(role)})
	case have == nil:
		return nil, fail(404, codeNotFound, "Entity '%s' With Id = %s Does Not Exist", coll.child, other.id)
	default:
		t.erase(links, have.id)
	}
	return &answer{status: 204}, nil
}

// freeRole takes a role that is deleted away from its users.
func (t *tx) freeRole(r *row) error {
	if t.s.shippedRole(r) {
		return fail(400, codeReadOnlyDelete, "The role '%s' cannot be deleted.", r.text("name"))
	}
	links := t.s.schema.tables["systemuserroles"]
	for _, sl := range slices.Clone(t.s.db.tables[links.name].order) {
		if sl.row == nil || sl.row.v["roleid"] != guid(r.id) {
			continue
		}
		if t.s.sw.text("setupRoleInUse") == "refused" {
			return fail(http.StatusMethodNotAllowed, codeAssociated, "The role '%s' cannot be deleted because users have it.", r.text("name"))
		}
		t.erase(links, sl.id)
	}
	return nil
}
