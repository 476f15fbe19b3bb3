package dataversesim

import "slices"

// checkActive refuses a lookup to a row that was deactivated. A closed opportunity is no such row.
func (s *Simulator) checkActive(c *column, to ref) error {
	r, tab := s.db.get(to.table, to.id), s.schema.tables[to.table]
	if r == nil || !tab.states || r.number("statecode") == 0 || s.sw.text("inactiveLookups") == "taken" {
		return nil
	}
	return fail(400, codeInvalidArgument, "The %s with id %s is inactive: '%s' of entity '%s' cannot refer to it.", to.table, to.id, c.name, c.table.name)
}

// checkOwner refuses an owner that cannot own: a disabled or unlicensed user, a user or team without any
// security role, an access team. Application users own without a licence.
// https://learn.microsoft.com/power-platform/admin/create-users
func (s *Simulator) checkOwner(ch *change) error {
	to, named := ch.set["ownerid"].(ref)
	if !named {
		return nil
	}
	owner := s.db.get(to.table, to.id)
	if owner == nil {
		return nil // resolving the link has refused it already
	}
	switch {
	case to.table == "team" && owner.number("teamtype") == 1:
		return fail(400, codeInvalidArgument, "The team (id=%s) is an access team: it cannot own records.", to.id)
	case to.table == "systemuser" && owner.v["isdisabled"] == true:
		return fail(400, codeDisabledUser, "The specified user(Id = %s) is disabled. Consider enabling this user.", to.id)
	case to.table == "systemuser" && owner.v["islicensed"] == false && owner.v["applicationid"] == nil:
		return fail(403, codeNoLicence, "The user (id=%s) has not been assigned any License. Please contact your system administrator to assign license to this user for the action to succeed.", to.id)
	case s.role.nobody[to.id], to.table == "systemuser" && owner.v["applicationid"] != nil && len(s.rolesOf(to.id)) == 0:
		return fail(403, codeNoRoles, "The %s with id %s has not been assigned any roles. They need a role with minimal privileges to access and own records.", map[string]string{"systemuser": "user", "team": "team"}[to.table], to.id)
	}
	return nil
}

// unitOf is the business unit that an owner belongs to; its records belong there too.
func (s *Simulator) unitOf(owner ref) ref {
	if r := s.db.get(owner.table, owner.id); r != nil {
		if unit := r.ref("businessunitid"); unit != (ref{}) {
			return unit
		}
	}
	return ref{"businessunit", BusinessUnitID}
}

// moveOwned takes the records of a user or team along to another business unit. It raises no events of theirs.
// https://learn.microsoft.com/power-platform/admin/create-edit-business-units
func (t *tx) moveOwned(before, after *row, owner ref) {
	unit := after.ref("businessunitid")
	if unit == before.ref("businessunitid") {
		return
	}
	for _, tab := range t.s.schema.order {
		if !tab.userOwned {
			continue
		}
		for _, sl := range slices.Clone(t.s.db.tables[tab.name].order) {
			if sl.row == nil || sl.row.ref("ownerid") != owner {
				continue
			}
			v := sl.row.values()
			v["owningbusinessunit"] = t.s.unitOf(owner)
			t.put(tab, sl.id, v)
		}
	}
}
