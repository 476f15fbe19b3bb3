package opportunities

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// news is what formulas compute the values of a new record from: the fields, and the referral as it came.
type news struct {
	fields   cosell.Record
	referral any
}

func newsOf(r cosell.Referral, values cosell.Record) news {
	fields := r.Record.Clone()
	maps.Copy(fields, values)
	n := news{fields: fields}
	if d, is := r.Source.(interface{ JSON() []byte }); is {
		decoder := json.NewDecoder(strings.NewReader(string(d.JSON())))
		decoder.UseNumber()
		_ = decoder.Decode(&n.referral) // it was read as JSON before
	}
	return n
}

// defaultOf is the canonical text that a new record gets where the referral says nothing; "" for none.
func defaultOf(row mapping.Row, n news) string {
	if row.Computed() == nil {
		return row.Default
	}
	v, err := row.Computed().Eval(n.fields, n.referral)
	if err != nil {
		return "" // the referral does not have what it is computed from
	}
	return mapping.FixedText(v)
}

// fixed are the values of constants and formulas that every new row of a table gets, which is reached by the
// lookup; "" is the opportunity itself. One that has no value, no option or no row in CRM is left out, unless the
// sheet says that it is required: then nothing is made before somebody mends the sheet or the CRM.
func (s *Store) fixed(ctx context.Context, nav string, n news) (map[string]any, error) {
	out := map[string]any{}
	for _, row := range s.sheet().Rows() {
		if !row.Fixed() || row.CRM == "" || row.Place().Nav != nav {
			continue
		}
		err := s.setFixed(ctx, out, row, n)
		if err != nil && (row.Required || !fault.Is(err, fault.Refused)) {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) setFixed(ctx context.Context, columns map[string]any, row mapping.Row, n news) error {
	value := row.Constant
	if f := row.Computed(); f != nil {
		var err error
		if value, err = f.Eval(n.fields, n.referral); err != nil {
			return noValue(row, err.Error())
		}
	}
	if value == nil || value == "" {
		if row.Required {
			return noValue(row, "it is empty")
		}
		return nil
	}
	m, err := s.metadata.get(ctx)
	if err != nil {
		return err
	}
	p := row.Place()
	err = s.setTyped(ctx, columns, row.Field, p, m.tables[p.Table][p.Column], value)
	if fault.Is(err, fault.Refused) {
		return noValue(row, mapping.FirstText(fault.Of(err).Say, err.Error()))
	}
	return err
}

// setTyped writes a value as the column's type wants it: an option by its label in any language or by its integer,
// a lookup by what people call the row. Where nobody knows the column it goes as it is.
func (s *Store) setTyped(ctx context.Context, columns map[string]any, f cosell.Field, p mapping.Place, a dataverse.Attribute, value any) error {
	text := mapping.FixedText(value)
	as := mapping.CodecOf(mapping.ColumnType{Type: a.Type, Days: mapping.Days(a.Days), Day: a.Day})
	switch {
	case as == mapping.AsLookup || p.Key != "":
		return s.setLookup(ctx, columns, p, text)
	case as == mapping.AsChoice:
		option, err := mapping.OptionOf(text, labels(a.Options))
		if err != nil {
			return mapping.RefusedValue("a new "+p.Table, f, err)
		}
		columns[p.Column] = option
	case as == mapping.AsChoices:
		var options []string
		for one := range strings.SplitSeq(text, ",") {
			option, err := mapping.OptionOf(strings.TrimSpace(one), labels(a.Options))
			if err != nil {
				return mapping.RefusedValue("a new "+p.Table, f, err)
			}
			options = append(options, strconv.Itoa(option))
		}
		columns[p.Column] = strings.Join(options, ",")
	case as == mapping.AsDate || as == mapping.AsTime:
		m, err := s.metadata.get(ctx)
		if err != nil {
			return err
		}
		g := s.glossary(m)
		g.Days = map[string]mapping.Days{p.Column: mapping.Days(a.Days)}
		if columns[p.Column], err = fixedTime(g, p.Column, as, text); err != nil {
			return mapping.RefusedValue("a new "+p.Table, f, err)
		}
	case as == mapping.AsText || as == mapping.AsMemo:
		columns[p.Column] = mapping.Cut(text, a.MaxLength)
	default:
		columns[p.Column] = value
	}
	return nil
}

// fixedTime is a day, or an instant, as a column of its behaviour holds it.
func fixedTime(g *mapping.Glossary, column, as, text string) (any, error) {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		as = mapping.AsDate
	}
	return mapping.Row{CRM: column, As: as}.ToCRM(g, column, text)
}

// noValue is about the sheet, not about the deal: it waits until that is mended.
func noValue(row mapping.Row, why string) error {
	return fault.Lacking(fault.Ours, "mapping.novalue", "the row %s of the field sheet gives no value", row.Field).
		Saying("the row "+string(row.Field)+" of the field sheet ("+row.Where()+") gives no value for "+row.CRM+": "+why,
			"correct the row "+string(row.Field)+" of the mapping file, or the CRM")
}
