package dataversesim

import (
	"net/http"
	"slices"
)

// secure takes a permission for one secured column from the application user, or gives it back.
// https://learn.microsoft.com/power-platform/admin/field-level-security
func (s *Simulator) secure(p privilege) error {
	tab := s.schema.tables[p.Table]
	if tab == nil || tab.columns[p.Column] == nil || tab.columns[p.Column].fixed() {
		return fail(400, "", "column: table %s has no column %q that can be secured", p.Table, p.Column)
	}
	if p.ID != "" || !slices.Contains([]string{"create", "read", "write"}, p.Operation) {
		return fail(400, "", "a secured column knows create, read and write, and no id")
	}
	name := p.Table + "." + p.Column
	s.role.secure[name] = without(s.role.secure[name], p.Operation, *p.Allowed)
	return nil
}

// mayColumns refuses a write of the Web API that names a secured column. The answer names no column.
func (t *tx) mayColumns(operation string, tab *table, ch *change) error {
	if t.via == nil || len(t.s.deniedHere().secure) == 0 {
		return nil
	}
	for _, name := range ch.order {
		if !slices.Contains(t.s.deniedHere().secure[tab.name+"."+name], operation) {
			continue
		}
		code, word := codeSecuredUpdate, "update"
		if operation == "create" {
			code, word = codeSecuredCreate, "create"
		}
		return fail(http.StatusForbidden, code, "The user does not have %s permissions for a secured field. The requested operation could not be completed.", word)
	}
	return nil
}

// hides tells whether a secured column is shown as empty.
func (o *role) hides(c *column) bool {
	return len(o.secure) > 0 && slices.Contains(o.secure[c.table.name+"."+c.name], "read")
}
