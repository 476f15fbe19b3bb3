package dataversesim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// addCustomTable makes a table of the organisation's own, with its name column and its messages.
func (s *Simulator) addCustomTable(c schemaChange) error {
	if !strings.Contains(c.Table, "_") || c.Table != strings.ToLower(c.Table) || c.Set == "" || s.schema.sets[c.Set] != nil {
		return fmt.Errorf(`a new table needs a logical name with a prefix, such as new_country, and a "set" of its own`)
	}
	if !slices.Contains([]string{"", "UserOwned", "OrganizationOwned"}, c.Ownership) {
		return fmt.Errorf("ownership %q: use UserOwned or OrganizationOwned", c.Ownership)
	}
	prefix, _, _ := strings.Cut(c.Table, "_")
	labels, err := languages(c.Labels)
	if err != nil {
		return err
	}
	plurals, err := languages(c.Plurals)
	if err != nil {
		return err
	}
	t := &table{name: c.Table, schemaName: cmp.Or(c.SchemaName, c.Table), set: c.Set, label: cmp.Or(c.Label, c.Table), labels: labels, plural: c.Plural, plurals: plurals,
		primaryID: c.Table + "id", primaryName: cmp.Or(c.PrimaryName, prefix+"_name"), userOwned: c.Ownership != "OrganizationOwned", states: true, tracking: c.Tracking}
	name := &column{name: t.primaryName, kind: kindString, label: c.PrimaryLabel, autoNumber: c.AutoNumber, maxLength: cmp.Or(c.Length, 100)}
	s.schema.addTable(t)
	t.add(&column{name: t.primaryID, kind: kindGUID, createOnly: true})
	t.add(name)
	if err := s.schema.finish(t); err != nil {
		return err
	}
	s.db.tables[t.name] = &rows{byID: map[string]*slot{}}
	tx := s.begin(ApplicationUserID, ApplicationUserID)
	tx.skipAll = true
	tx.plantFilters(t)
	tx.commit()
	return nil
}

// autoNumbers fills the columns of a new row that the system numbers and nobody has filled.
// https://learn.microsoft.com/power-apps/developer/data-platform/create-auto-number-attributes
func (t *tx) autoNumbers(tab *table, v map[string]any) {
	for _, c := range tab.order {
		if c.autoNumber == "" || v[c.name] != nil {
			continue
		}
		c.numbered++
		text := strings.ReplaceAll(c.autoNumber, "{DATETIMEUTC:yyyy-MM-dd}", t.now().Format("2006-01-02"))
		head, rest, _ := strings.Cut(text, "{SEQNUM:")
		digits, tail, _ := strings.Cut(rest, "}")
		width, _ := strconv.Atoi(digits) // none: as many as it takes
		v[c.name] = fmt.Sprintf("%s%0*d%s", head, width, c.numbered, tail)
	}
}
