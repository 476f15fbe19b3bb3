package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// column is what we know of a column before anybody asked the CRM.
type column struct {
	name   string
	label  string
	kind   string // "String", "Memo", "Money", "Boolean", "Picklist", "DateTime", "Lookup", …
	length int
	choice string
	told   bool // only ever written: nothing follows from a change
}

// Option is one option of a shipped choice: integer, our code, English label.
type Option struct {
	Value int    `json:"value"`
	Code  string `json:"code"`
	Label string `json:"label"`
}

// schema is the CRM as it is shipped: the standard columns that make sense in a sheet, and our own
// from infra/dataverse/schema.json.
type schema struct {
	tables  map[string][]column
	choices map[string][]Option
	raises  map[string][]string // columns of each table whose changes our steps for updates raise an event for
}

// lookupTable is the table behind a lookup that a crm path may go through.
func lookupTable(nav string) (table string, ok bool) {
	switch nav {
	case "parentaccountid":
		return "account", true
	case "parentcontactid":
		return "contact", true
	case "owninguser":
		return "systemuser", true
	}
	return "", false
}

const lookups = "parentaccountid, parentcontactid, owninguser"

func readSchema(text []byte) (*schema, error) {
	var doc struct {
		Choices []struct {
			Name    string   `json:"name"`
			Options []Option `json:"options"`
		} `json:"choices"`
		Tables []struct {
			LogicalName string `json:"logicalName"`
			Columns     []struct {
				LogicalName string `json:"logicalName"`
				Type        string `json:"type"`
				MaxLength   int    `json:"maxLength"`
				Label       string `json:"label"`
				Choice      string `json:"choice"`
				Collection  string `json:"collection"`
				Target      string `json:"target"`
				Told        bool   `json:"told"`
			} `json:"columns"`
		} `json:"tables"`
		Steps []struct {
			Message string   `json:"message"`
			Table   string   `json:"table"`
			Filter  []string `json:"filter"`
		} `json:"steps"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("reading infra/dataverse/schema.json: %w", err)
	}
	s := &schema{tables: standardColumns(), choices: map[string][]Option{}, raises: map[string][]string{}}
	for _, step := range doc.Steps {
		if step.Message == "Update" {
			s.raises[step.Table] = append(s.raises[step.Table], step.Filter...)
		}
	}
	for _, c := range doc.Choices {
		s.choices[c.Name] = c.Options
	}
	for _, t := range doc.Tables {
		for _, c := range t.Columns {
			s.tables[t.LogicalName] = append(s.tables[t.LogicalName],
				column{name: c.LogicalName, label: c.Label, kind: c.Type, length: c.MaxLength, choice: c.Choice, told: c.Told})
			if c.Collection != "" {
				s.tables[c.Target] = append(s.tables[c.Target], column{name: c.Collection, kind: "Collection"})
			}
		}
	}
	return s, nil
}

func (s *schema) find(table, name string) (column, bool) {
	i := slices.IndexFunc(s.tables[table], func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, false
	}
	return s.tables[table][i], true
}

// path finds the column of a crm path in a table: "estimatedvalue", "parentaccountid/name".
func (s *schema) path(table, path string) (column, bool) {
	p := placeOf(path)
	if p.Key != "" {
		return column{}, false // the row that a lookup leads to is the organisation's own
	}
	if p.Nav == "" && table == LeadTable {
		p.Table = LeadTable
	}
	return s.find(p.Table, p.Column)
}

// byLabel finds the column that people see under the label.
func (s *schema) byLabel(table, label string) (column, bool) {
	i := slices.IndexFunc(s.tables[table], func(c column) bool { return c.label != "" && FoldText(c.label) == FoldText(label) })
	if i < 0 {
		return column{}, false
	}
	return s.tables[table][i], true
}

// names lists the columns of a table that a codec can carry.
func (s *schema) names(table string, kinds []string) string {
	var out []string
	for _, c := range s.tables[table] {
		if len(kinds) == 0 || slices.Contains(kinds, c.kind) {
			out = append(out, c.name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
