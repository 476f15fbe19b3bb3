package dataversesim

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/odata"
)

// resolver knows the columns of a table and of the tables one single-valued step away.
func (s *Simulator) resolver(t *table) resolver {
	return func(path string) (operand, error) {
		head, rest, nested := strings.Cut(path, "/")
		if !nested {
			c := t.props[head]
			if c == nil {
				return operand{}, s.noProperty(t, head)
			}
			name := c.name
			return operand{col: c, get: func(r *row) any { return r.v[name] }}, nil
		}
		n := t.navs[head]
		if n == nil {
			return operand{}, s.noProperty(t, head)
		}
		if len(n.targets) > 1 || strings.Contains(rest, "/") {
			return operand{}, s.noProperty(t, path)
		}
		target := s.schema.tables[n.targets[0]]
		if err := s.allows(s.calling, "read", target, ""); err != nil {
			return operand{}, err
		}
		c := target.props[rest]
		if c == nil {
			return operand{}, s.noProperty(target, rest)
		}
		return operand{col: c, get: func(r *row) any {
			if to := s.follow(n, r); to != nil {
				return to.v[c.name]
			}
			return nil
		}}, nil
	}
}

// filterCollections offers any and all over the rows that hang on a row.
func (s *Simulator) filterCollections(t *table) func(path string) (odata.Collection, error) {
	return func(path string) (odata.Collection, error) {
		coll := t.collections[path]
		if coll == nil {
			return odata.Collection{}, s.noProperty(t, path)
		}
		child := s.schema.tables[coll.child]
		if err := s.allows(s.calling, "read", child, ""); err != nil {
			return odata.Collection{}, err
		}
		items := func(v any) []any {
			parent, _ := v.(*row)
			var out []any
			hangs := s.hangsOn(coll, t.name, parent.id)
			for _, sl := range s.db.tables[child.name].order {
				if sl.row != nil && hangs(sl.row) {
					out = append(out, sl.row)
				}
			}
			return out
		}
		return odata.Collection{Items: items, Of: filterSchema(s.resolver(child), s.filterCollections(child))}, nil
	}
}
