package opportunities

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// unfilled names the columns of the organisation's own that the CRM requires and that no row of the sheet fills in
// the records that we make. The API refuses a record only where the system requires the column; its form cannot be
// saved either way. https://learn.microsoft.com/power-apps/developer/data-platform/entity-attribute-metadata
func (s *Store) unfilled(tables map[string]map[string]dataverse.Attribute) []Mismatch {
	filled := map[string]bool{}
	for _, row := range s.whole.Rows() {
		if row.CRM != "" && fills(row) {
			p := row.PlaceOf(row.Written())
			filled[p.Table+" "+p.Column] = true
		}
	}
	var out []Mismatch
	for _, table := range []string{opportunityKind, accountKind, contactKind} {
		for _, name := range slices.Sorted(maps.Keys(tables[table])) {
			a := tables[table][name]
			if a.Fixed || !strings.Contains(name, "_") || a.Required != "SystemRequired" && a.Required != "ApplicationRequired" || filled[table+" "+name] {
				continue
			}
			out = append(out, Mismatch{Field: cosell.Field(name), Table: table, Column: name,
				Problem: "is required by the CRM (" + a.Required + "), and no row of the sheet fills it in new records",
				Mend:    "add a row with a constant, a formula or a default to your mapping file: - {field: " + fieldOf(name) + ", crm: " + pathTo(table) + name + ", constant: …}"})
		}
	}
	return out
}

// fills says whether the row gives a new record a value, whatever the referral says.
func fills(row mapping.Row) bool {
	return row.Fixed() || row.Default != "" || row.Formula != "" || row.Referral == "" ||
		row.Way == cosell.Both || row.Way == cosell.ToOpportunity || row.Way == cosell.OnCreate || row.Way == cosell.NewOpportunity
}

func pathTo(table string) string {
	switch table {
	case accountKind:
		return accountNav + "/"
	case contactKind:
		return contactNav + "/"
	}
	return ""
}

// fieldOf makes a field's name of a column's: "new_business_line" is "businessLine".
func fieldOf(column string) string {
	_, name, _ := strings.Cut(column, "_")
	var b strings.Builder
	for i, part := range strings.Split(name, "_") {
		if i > 0 && part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// unfixed names the constants that the column of the organisation's own does not take: options that it does not
// have, values of another type. Lookups are looked up when a record is made.
func (s *Store) unfixed(tables map[string]map[string]dataverse.Attribute) []Mismatch {
	var out []Mismatch
	for _, row := range s.whole.Rows() {
		p := row.Place()
		a, known := tables[p.Table][p.Column]
		if row.Constant == nil || row.CRM == "" || !known || p.Key != "" {
			continue
		}
		problem := ""
		switch a.Type {
		case "Picklist", "MultiSelectPicklist":
			for one := range strings.SplitSeq(mapping.FixedText(row.Constant), ",") {
				if !hasOption(a, strings.TrimSpace(one)) {
					problem = fmt.Sprintf("has no option %q", strings.TrimSpace(one))
				}
			}
		case "Boolean":
			if _, is := row.Constant.(bool); !is {
				problem = fmt.Sprintf("is of type Boolean and does not take %q", mapping.FixedText(row.Constant))
			}
		case "Integer", "Decimal", "Double", "Money":
			if _, is := row.Constant.(string); is {
				problem = fmt.Sprintf("is of type %s and does not take %q", a.Type, row.Constant)
			}
		case "String", "Memo":
			if _, is := row.Constant.(string); !is {
				problem = fmt.Sprintf("is of type %s and takes a text, in quotes", a.Type)
			}
		}
		if problem != "" {
			out = append(out, Mismatch{Field: row.Field, Table: p.Table, Column: p.Column, Problem: problem,
				Mend: "correct the constant of the row " + string(row.Field) + " of your mapping file (" + row.Where() + ")"})
		}
	}
	return out
}

func hasOption(a dataverse.Attribute, text string) bool {
	value, err := mapping.OptionOf(text, labels(a.Options))
	return err == nil && slices.ContainsFunc(a.Options, func(o dataverse.Option) bool { return o.Value == value })
}
