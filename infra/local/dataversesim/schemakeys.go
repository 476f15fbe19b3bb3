package dataversesim

import (
	"fmt"
	"slices"
	"strings"
)

// Limits of alternate keys: https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
const (
	mostKeys       = 10
	mostKeyColumns = 16
	keyBytes       = 900
)

// changeKey defines an alternate key of a table, or removes it. A key over rows that hold the same values twice
// comes into being too, as Failed, and finds nothing.
func (s *Simulator) changeKey(t *table, c schemaChange) error {
	i := slices.IndexFunc(t.keys, func(k *key) bool { return strings.EqualFold(k.schemaName, c.SchemaName) })
	if c.Remove {
		if i < 0 {
			return fmt.Errorf("schemaName: the table has no key %q", c.SchemaName)
		}
		t.keys = slices.Delete(slices.Clone(t.keys), i, i+1)
		return nil
	}
	switch {
	case c.SchemaName == "" || i >= 0:
		return fmt.Errorf("schemaName: a name that no key of the table has is needed")
	case len(t.keys) >= mostKeys:
		return fmt.Errorf("the table has %d keys already", mostKeys)
	case len(c.Columns) == 0 || len(c.Columns) > mostKeyColumns:
		return fmt.Errorf("columns: 1 to %d are needed", mostKeyColumns)
	}
	k := &key{schemaName: c.SchemaName}
	size := 0
	for _, name := range c.Columns {
		col := t.columns[name]
		if col == nil {
			return fmt.Errorf("columns: the table has no column %q", name)
		}
		if !slices.Contains([]kind{kindDecimal, kindInt, kindString, kindDate, kindDateTime, kindLookup, kindPicklist}, col.kind) {
			return fmt.Errorf("columns: %s is of type %s, which no key takes", name, col.attributeType())
		}
		size += 2 * col.maxLength
		k.columns = append(k.columns, col)
	}
	if size > keyBytes {
		return fmt.Errorf("columns: a key takes %d bytes, that is texts of %d characters in all", keyBytes, keyBytes/2)
	}
	k.failed = s.twice(t, k)
	t.keys = append(slices.Clone(t.keys), k)
	return nil
}

// twice says whether two rows hold the same values of a key.
func (s *Simulator) twice(t *table, k *key) bool {
	seen := map[string]bool{}
	for _, sl := range s.db.tables[t.name].order {
		if sl.row == nil {
			continue
		}
		var parts []string
		for _, c := range k.columns {
			if v := sl.row.v[c.name]; v != nil {
				parts = append(parts, strings.ToLower(fmt.Sprint(v)))
			}
		}
		text := strings.Join(parts, "\x00")
		if len(parts) == len(k.columns) && seen[text] {
			return true
		}
		seen[text] = seen[text] || len(parts) == len(k.columns)
	}
	return false
}
