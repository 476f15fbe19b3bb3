package dataversesim

import "slices"

// merge lets one record of a kind take over another: what hangs on the loser moves, the loser becomes
// inactive and points to the winner.
// https://learn.microsoft.com/power-apps/developer/data-platform/org-service/entity-operations-merge
func (t *tx) merge(tab *table, winner, loser *row) error {
	if !slices.Contains([]string{"account", "contact", "lead"}, tab.name) {
		return fail(400, "", "only accounts, contacts and leads can be merged")
	}
	if loser == nil || loser.id == winner.id {
		return fail(400, "", "loser: there is no other such row")
	}
	if loser.v["merged"] == true || winner.v["merged"] == true {
		return fail(400, codeInvalidArgument, "The record has been merged already.")
	}
	from, to := ref{tab.name, loser.id}, ref{tab.name, winner.id}
	for _, c := range tab.incoming {
		if c.table.name != jobTable && c.name != "masterid" {
			t.reparent(c, from, to)
		}
	}
	v := loser.values()
	inactive := tab.state.options[len(tab.state.options)-1].value
	v["masterid"], v["merged"], v["statecode"], v["statuscode"] = to, true, inactive, tab.defaultStatus(inactive)
	t.stamp(tab, v, false)
	t.raise(&occurrence{message: "Merge", table: tab, row: winner, pre: winner, other: from})
	t.raiseUpdate(tab, loser, t.put(tab, loser.id, v), []string{"masterid", "merged", "statecode", "statuscode"})
	return nil
}

// reparent moves the rows of one lookup.
func (t *tx) reparent(c *column, from, to ref) {
	for _, sl := range slices.Clone(t.s.db.tables[c.table.name].order) {
		if sl.row == nil || sl.row.v[c.name] != from {
			continue
		}
		old, v := sl.row, sl.row.values()
		v[c.name] = to
		t.stamp(c.table, v, false)
		r := t.put(c.table, old.id, v)
		if t.s.sw.flag("mergeRaisesUpdate") {
			t.raiseUpdate(c.table, old, r, []string{c.name})
		}
	}
}
