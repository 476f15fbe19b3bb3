package opportunities

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// metadata is what the CRM says of the columns that the sheet names.
type metadata struct {
	choices map[string]mapping.Choices // by the options key of a row
	lengths map[string]int             // by crm path
	days    map[string]mapping.Days    // by crm path
	reasons mapping.StatusReasons
	found   map[string]dataverse.Attribute            // of the opportunity, or the lead
	tables  map[string]map[string]dataverse.Attribute // of every table that was read

	navigations map[string]map[string]string // of tables with lookups of the sheet
}

// loadMetadata reads choices, lengths and types. Where metadata may not be read, what we ship is taken: the
// work goes on with the standard integers and lengths.
func (s *Store) loadMetadata(ctx context.Context) (metadata, error) {
	m := metadata{choices: map[string]mapping.Choices{},
		tables: map[string]map[string]dataverse.Attribute{}, navigations: map[string]map[string]string{}}
	for table, lookups := range s.described() {
		found, err := s.definitions.attributes(ctx, table)
		if err == nil && lookups {
			m.navigations[table], err = s.definitions.navigations(ctx, table)
		}
		if err != nil && (fault.Is(err, fault.Broken) || fault.Is(err, fault.Later)) {
			return metadata{}, err
		}
		m.tables[table] = found
	}
	m.found = m.tables[s.table.kind]
	m.days, m.lengths = make(map[string]mapping.Days, len(m.found)), make(map[string]int, len(s.whole.Rows()))
	m.reasons = s.whole.StatusReasons(labels(m.found[statusColumn].Options))
	s.whole.Learn(m.facts(s.whole))
	for name, a := range m.found {
		m.days[name] = mapping.Days(a.Days)
	}
	for _, row := range s.whole.Rows() {
		if row.CRM == "" {
			continue
		}
		a := m.column(row.Place())
		m.days[row.CRM] = mapping.Days(a.Days)
		m.lengths[row.CRM] = m.column(row.PlaceOf(row.Written())).MaxLength
		if row.HasOptions() {
			m.choices[row.OptionsKey()] = s.optionsOf(row, labels(a.Options))
		}
	}
	return m, nil
}

// optionsOf are the options of a row: those of its value table, else those that we ship or that the CRM has.
func (s *Store) optionsOf(row mapping.Row, found []mapping.Label) mapping.Choices {
	if len(row.Values) > 0 {
		return mapping.ResolveValues(row.Values, found)
	}
	shipped, own := s.whole.Shipped(row)
	return mapping.ResolveChoices(shipped, own, found)
}

// column is what the metadata says of the column of a crm path.
func (m metadata) column(p mapping.Place) dataverse.Attribute {
	return m.tables[p.Table][p.Column]
}

// facts are what the sheet learns.
func (m metadata) facts(sheet *mapping.Sheet) mapping.Facts {
	rows := len(sheet.Rows())
	f := mapping.Facts{Codecs: make(map[string]string, rows), Lengths: make(map[string]int, rows)}
	for _, row := range sheet.Rows() {
		if row.CRM == "" || row.Place().Key != "" {
			continue
		}
		a := m.column(row.Place())
		f.Codecs[row.CRM] = mapping.CodecOf(mapping.ColumnType{Type: a.Type, Days: mapping.Days(a.Days), Day: a.Day})
		f.Lengths[row.Written()] = m.column(row.PlaceOf(row.Written())).MaxLength
	}
	return f
}

// described are the tables whose metadata the sheet cannot do without, each with whether it has lookups to write.
func (s *Store) described() map[string]bool {
	out := map[string]bool{s.table.kind: false}
	for _, row := range s.whole.Rows() {
		p := row.Place()
		if row.CRM == "" || p.Table == "opportunityclose" {
			continue
		}
		lookup := p.Key != "" || row.As == mapping.AsLookup || row.As == mapping.AsOwn || row.Fixed()
		if lookup || row.As == mapping.AsChoice || row.As == mapping.AsChoices || row.As == mapping.AsDate || len(row.Values) > 0 {
			out[p.Table] = out[p.Table] || lookup
		}
	}
	return out
}

func labels(options []dataverse.Option) []mapping.Label {
	var out []mapping.Label
	for _, o := range options {
		out = append(out, mapping.Label(o))
	}
	return out
}
