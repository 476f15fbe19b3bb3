package dataversesim

import "slices"

// Roles of connections that Dynamics 365 Sales ships, and that the seed holds. Forms show the connections of an
// opportunity by the category of the role: its sales team (users) and its stakeholders (contacts and accounts).
const (
	AccountManagerRoleID    = "cc000000-0000-4000-8000-000000001001" // Sales Team
	SalesProfessionalRoleID = "cc000000-0000-4000-8000-000000001002" // Sales Team
	StakeholderRoleID       = "cc000000-0000-4000-8000-000000001003" // Stakeholder
	DecisionMakerRoleID     = "cc000000-0000-4000-8000-000000001004" // Stakeholder
	FormerEmployerRoleID    = "cc000000-0000-4000-8000-000000001005" // Business
)

// Categories of connection roles.
const (
	roleBusiness    int64 = 1
	roleStakeholder int64 = 1000
	roleSalesTeam   int64 = 1001
)

const connectionTable = "connection"

func (s *Simulator) seedConnectionRoles(t *tx) {
	people := []string{"contact", "account"}
	for _, one := range []struct {
		id, name string
		category int64
		tables   []string // what the role may be given to; none is everything
	}{
		{AccountManagerRoleID, "Account Manager", roleSalesTeam, []string{"systemuser"}},
		{SalesProfessionalRoleID, "Sales Professional", roleSalesTeam, []string{"systemuser"}},
		{StakeholderRoleID, "Stakeholder", roleStakeholder, people},
		{DecisionMakerRoleID, "Decision Maker", roleStakeholder, people},
		{FormerEmployerRoleID, "Former Employer", roleBusiness, nil},
	} {
		t.plant("connectionrole", one.id, map[string]any{"name": one.name, "category": one.category})
		for _, table := range one.tables {
			t.plant("connectionroleobjecttypecode", fixedID("role/"+one.id+"/"+table),
				map[string]any{"associatedobjecttypecode": table, "connectionroleid": ref{"connectionrole", one.id}})
		}
	}
}

// checkConnection refuses a record that is connected to itself, and a role on a kind of record it is not made for.
// https://learn.microsoft.com/power-apps/developer/data-platform/connection-entities
func (s *Simulator) checkConnection(v map[string]any) error {
	if v["record1id"] == v["record2id"] {
		return fail(400, codeInvalidArgument, "A record cannot be connected to itself.")
	}
	for _, side := range []string{"record1", "record2"} {
		role, has := v[side+"roleid"].(ref)
		to, _ := v[side+"id"].(ref)
		if has && !s.roleFits(role.id, to.table) {
			return fail(400, codeInvalidArgument, "The connection role '%s' cannot be used for a record of type %s.", s.primaryName(role), to.table)
		}
	}
	return nil
}

func (s *Simulator) roleFits(role, table string) bool {
	var made []string
	for _, sl := range s.db.tables["connectionroleobjecttypecode"].order {
		if sl.row != nil && sl.row.ref("connectionroleid").id == role {
			made = append(made, sl.row.text("associatedobjecttypecode"))
		}
	}
	return len(made) == 0 || slices.Contains(made, table)
}

// mirrored says what a column of a connection is called in the row that tells the same from the other side.
func mirrored(column string) string {
	pairs := map[string]string{"record1id": "record2id", "record2id": "record1id", "record1roleid": "record2roleid", "record2roleid": "record1roleid"}
	if other := pairs[column]; other != "" {
		return other
	}
	return column
}

// mirror lays the values of a connection into those of its other row.
func mirror(from, to map[string]any) {
	for _, name := range []string{"record1id", "record2id", "record1roleid", "record2roleid", "description", "effectivestart", "effectiveend",
		"statecode", "statuscode", "ownerid", "owninguser", "owningteam", "owningbusinessunit", "modifiedon", "modifiedby"} {
		delete(to, mirrored(name))
		if v := from[name]; v != nil {
			to[mirrored(name)] = v
		}
	}
}

// reciprocate makes the second row of a new connection: the system keeps one for each side.
func (t *tx) reciprocate(tab *table, r *row) (*row, error) {
	id := t.s.newID()
	v := r.values()
	v["relatedconnectionid"] = ref{connectionTable, id}
	r = t.put(tab, r.id, v)
	other := r.values()
	mirror(v, other)
	other["connectionid"], other["ismaster"], other["relatedconnectionid"] = guid(id), false, ref{connectionTable, r.id}
	if err := t.s.derive(tab, other); err != nil {
		return nil, err
	}
	second := t.put(tab, id, other)
	t.raise(&occurrence{message: "Create", table: tab, row: second, order: createdOrder(tab, second)})
	return r, nil
}

// followConnection changes the other row of a connection as this one was.
func (t *tx) followConnection(tab *table, r *row, order []string) error {
	old := t.s.db.get(connectionTable, r.ref("relatedconnectionid").id)
	if old == nil {
		return nil
	}
	v := old.values()
	mirror(r.v, v)
	if err := t.s.derive(tab, v); err != nil {
		return err
	}
	names := make([]string, len(order))
	for i, name := range order {
		names[i] = mirrored(name)
	}
	t.raiseUpdate(tab, old, t.put(tab, old.id, v), names)
	return nil
}

// silent says whether a connection's second row raises no events.
func (s *Simulator) silent(o *occurrence) bool {
	return o.table.name == connectionTable && o.row.v["ismaster"] == false && !s.sw.flag("reciprocalRaisesEvents")
}
