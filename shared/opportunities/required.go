package opportunities

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

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
	for _, table := range []string{opportunityKind, accountKind, contactKind, leadKind} {
		for _, name := range slices.Sorted(maps.Keys(tables[table])) {
			a := tables[table][name]
			if a.Fixed || !strings.Contains(name, "_") || a.Required != "SystemRequired" && a.Required != "ApplicationRequired" || filled[table+" "+name] {
				continue
			}
			out = append(out, Mismatch{Field: cosell.Field(name), Table: table, Column: name, of: OfRequired,
				Problem: "is required by the CRM (" + a.Required + "), and no row of the sheet fills it in new records",
				Mend:    "add a row with a constant, a formula or a default to your mapping file: - {field: " + fieldOf(name) + ", " + pathTo(table) + name + ", constant: …}"})
		}
	}
	return out
}

// fills says whether the row gives a new record a value, whatever the referral says.
func fills(row mapping.Row) bool {
	return row.Fixed() || row.Default != "" || row.Formula != "" || row.Referral == "" ||
		row.Way == cosell.Both || row.Way == cosell.ToOpportunity || row.Way == cosell.OnCreate || row.Way == cosell.NewOpportunity
}

// pathTo is the key of a row that names a column of the table, and the way to it.
func pathTo(table string) string {
	switch table {
	case accountKind:
		return "crm: " + accountNav + "/"
	case contactKind:
		return "crm: " + contactNav + "/"
	case leadKind:
		return "lead: "
	}
	return "crm: "
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

// unfixed names the constants and defaults that the column of the organisation's own does not take: options that it
// does not have, values of another type or too long. Lookups are looked up when a record is made.
func (s *Store) unfixed(tables map[string]map[string]dataverse.Attribute) []Mismatch {
	var out []Mismatch
	for _, row := range s.whole.Rows() {
		p := row.Place()
		a, known := tables[p.Table][p.Column]
		if row.CRM == "" || !known || p.Key != "" {
			continue
		}
		key, problem := "constant", ""
		switch {
		case row.Constant != nil:
			problem = misfit(a, row.Constant)
		case row.Computed() != nil && a.Type != "":
			if gives, ok := row.Computed().Fits(a.Type); !ok {
				key, problem = "formula", "is of type "+a.Type+", and the formula gives "+gives
			}
		case row.Default != "" && !s.said(row, a):
			key, problem = "default", misfit(a, typed(a, row.Default))
		}
		if problem != "" {
			out = append(out, Mismatch{Field: row.Field, Table: p.Table, Column: p.Column, Problem: problem, of: OfValue,
				Mend: "correct the " + key + " of the row " + string(row.Field) + " of your mapping file"})
		}
	}
	return out
}

// said says whether the default of a row is what its value table, or our own word for an option, makes of one.
func (s *Store) said(row mapping.Row, a dataverse.Attribute) bool {
	if !row.HasOptions() {
		return len(row.Values) > 0
	}
	_, ok := s.optionsOf(row, labels(a.Options)).Value(row.Default)
	return ok
}

// typed is a default as a constant of the column would be written.
func typed(a dataverse.Attribute, text string) any {
	switch a.Type {
	case "Boolean":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case "Integer", "BigInt", "Decimal", "Double", "Money":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	}
	return text
}

// misfit says why a column does not take a value of the sheet; "" where it does, or where nobody knows.
func misfit(a dataverse.Attribute, value any) string {
	text := mapping.FixedText(value)
	_, isText := value.(string)
	switch a.Type {
	case "Picklist", "MultiSelectPicklist":
		for one := range strings.SplitSeq(text, ",") {
			if one = strings.TrimSpace(one); !hasOption(a, one) {
				return fmt.Sprintf("has no option %q", one) + nearLabel(one, a)
			}
		}
	case "Boolean":
		if _, is := value.(bool); !is {
			return fmt.Sprintf("is of type Boolean and does not take %q: true or false", text)
		}
	case "Integer", "BigInt", "Decimal", "Double", "Money":
		if isText || (a.Type == "Integer" || a.Type == "BigInt") && strings.Contains(text, ".") {
			return fmt.Sprintf("is of type %s and does not take %q", a.Type, text)
		}
	case "String", "Memo":
		switch {
		case !isText:
			return fmt.Sprintf("is of type %s and takes a text, in quotes", a.Type)
		case a.MaxLength > 0 && len(utf16.Encode([]rune(text))) > a.MaxLength:
			return fmt.Sprintf("holds %d characters, and the text has more", a.MaxLength)
		}
	case "DateTime":
		_, noDay := time.Parse(time.DateOnly, text)
		if _, noTime := time.Parse(time.RFC3339, text); noDay != nil && noTime != nil {
			return fmt.Sprintf("holds dates like '2027-01-31', and %q is none", text)
		}
	}
	return ""
}

func hasOption(a dataverse.Attribute, text string) bool {
	value, err := mapping.OptionOf(text, labels(a.Options))
	return err == nil && slices.ContainsFunc(a.Options, func(o dataverse.Option) bool { return o.Value == value })
}
