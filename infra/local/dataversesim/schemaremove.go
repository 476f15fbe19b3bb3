package dataversesim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rewrite changes the values of all rows of a table without a new version: the change is none of the rows'.
func (db *database) rewrite(table string, change func(v map[string]any)) {
	db.tables[table].finds = nil
	for _, sl := range db.tables[table].order {
		if sl.row == nil {
			continue
		}
		r := *sl.row
		r.v = maps.Clone(sl.row.v)
		change(r.v)
		sl.row = &r
	}
}

// fixed columns carry the table itself.
func (c *column) fixed() bool {
	t := c.table
	return c.name == t.primaryID || c.name == t.primaryName || c.kind == kindState || c.kind == kindStatus || c.kind == kindOwner ||
		c == t.currency || slices.Contains([]string{"createdon", "createdby", "modifiedon", "modifiedby", "versionnumber", "exchangerate"}, c.name)
}

// removeColumn deletes a column, what stands in it, and what is made of it.
func (s *Simulator) removeColumn(c *column) error {
	if c.fixed() {
		return fmt.Errorf("the table cannot be without it")
	}
	t := c.table
	delete(t.columns, c.name)
	delete(t.props, c.prop)
	t.order = slices.DeleteFunc(t.order, func(other *column) bool { return other == c })
	t.money = slices.DeleteFunc(t.money, func(other *column) bool { return other == c })
	t.keys = slices.DeleteFunc(t.keys, func(k *key) bool { return slices.Contains(k.columns, c) })
	maps.DeleteFunc(t.navs, func(_ string, n *nav) bool { return n.col == c })
	for _, target := range c.targets {
		if to := s.schema.tables[target]; to != nil {
			to.incoming = slices.DeleteFunc(to.incoming, func(other *column) bool { return other == c })
			maps.DeleteFunc(to.collections, func(_ string, coll *collection) bool { return coll.col == c })
		}
	}
	s.db.rewrite(t.name, func(v map[string]any) { delete(v, c.name) })
	for _, other := range slices.Clone(t.order) {
		if other.baseOf == c || other.formula != nil && other.formula.column == c.name {
			if err := s.removeColumn(other); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeTable deletes a custom table with its rows and the lookups that lead to it.
func (s *Simulator) removeTable(t *table) error {
	if !strings.Contains(t.name, "_") {
		return fmt.Errorf("a standard table cannot be deleted")
	}
	for _, c := range slices.Clone(t.incoming) {
		if len(c.targets) == 1 {
			if err := s.removeColumn(c); err != nil {
				return err
			}
			continue
		}
		i := slices.Index(c.targets, t.name)
		delete(c.table.navs, c.navs[i])
		c.targets, c.navs = slices.Delete(slices.Clone(c.targets), i, i+1), slices.Delete(slices.Clone(c.navs), i, i+1)
		if i < len(c.relationships) {
			c.relationships = slices.Delete(slices.Clone(c.relationships), i, i+1)
		}
		s.db.rewrite(c.table.name, func(v map[string]any) {
			if to, ok := v[c.name].(ref); ok && to.table == t.name {
				delete(v, c.name)
			}
		})
	}
	for _, c := range t.order {
		for _, target := range c.targets {
			to := s.schema.tables[target]
			to.incoming = slices.DeleteFunc(to.incoming, func(other *column) bool { return other == c })
			maps.DeleteFunc(to.collections, func(_ string, coll *collection) bool { return coll.col == c })
		}
	}
	delete(s.schema.tables, t.name)
	delete(s.schema.sets, t.set)
	s.schema.order = slices.DeleteFunc(s.schema.order, func(other *table) bool { return other == t })
	delete(s.db.tables, t.name)
	return nil
}
