package mapping

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cosell-sync/cosell-sync/shared/spelling"
)

// Described is what the CRM has now, by the tables' logical names.
type Described map[string]DescribedTable

// DescribedTable is a table; labels are what people call it and its columns, in every language of the organisation.
type DescribedTable struct {
	Labels  []string
	Set, ID string
	Columns map[string][]string // labels by logical name
	Lookups map[string]Lookup   // by column and target: "new_regionid territory"
}

// Lookup is how a lookup is written, and how the row that it leads to has all that lead to it.
type Lookup struct{ Property, Collection string }

// LoadFor is Load for what the CRM has now: labels are looked up there. A row whose names are not there is off.
func LoadFor(crm Described, sources ...Source) (*Sheet, error) {
	l, err := read(crm, false, sources...)
	if err != nil {
		return nil, err
	}
	return l.made()
}

// Examine names every mistake of the sources, as Load does, and knows the CRM's columns by their labels beside. sheet
// is what can be made of the rows that have none, to be held against the metadata as well.
func Examine(crm Described, sources ...Source) (sheet *Sheet, mistakes []string, err error) {
	l, err := read(crm, true, sources...)
	if err != nil {
		return nil, nil, err
	}
	bad := map[string]bool{}
	for _, m := range l.mistakes {
		text := m.Error()
		if !slices.Contains(mistakes, text) {
			mistakes = append(mistakes, text)
		}
		bad[placeIn(text)] = true
	}
	l.rows = slices.DeleteFunc(l.rows, func(r Row) bool { return bad[r.where] || l.spoilt[r.Field] })
	return l.sheet(), mistakes, nil
}

// placeIn is the file:line that a mistake begins with.
func placeIn(text string) string {
	place, _, _ := strings.Cut(text, ": ")
	return place
}

// ByLine orders mistakes as their lines stand in the files.
func ByLine(a, b string) int {
	file, line := placeAndLine(a)
	otherFile, otherLine := placeAndLine(b)
	return cmp.Or(strings.Compare(file, otherFile), cmp.Compare(line, otherLine))
}

// placeAndLine takes "file:line: …" apart.
func placeAndLine(mistake string) (file string, line int) {
	file, rest, _ := strings.Cut(mistake, ":")
	number, _, _ := strings.Cut(rest, ":")
	line, _ = strconv.Atoi(number) // 0 where it has none
	return file, line
}

// column finds the column of the CRM that people see under the label.
func (d Described) column(table, label string) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(d[table].Columns)) {
		if has(d[table].Columns[name], label) {
			return name, true
		}
	}
	return "", false
}

// names are the columns of a table that are known: as shipped, and as the CRM has them now.
func (l *loader) names(table string) []string {
	names := slices.Collect(maps.Keys(l.crm[table].Columns))
	for _, c := range l.schema.tables[table] {
		names = append(names, c.name)
	}
	return names
}

// Nearest is the name that is most like the wrong one; "" where none is like it.
func Nearest(wrong string, names []string) string {
	near, best := "", max(2, len(wrong)/3)+1
	for _, n := range slices.Sorted(slices.Values(names)) {
		if d := spelling.Distance(strings.ToLower(wrong), strings.ToLower(n)); d < best {
			near, best = n, d
		}
	}
	return near
}

// Named are the fields that a source names; none where it cannot be read.
func Named(src Source) (fields []string) {
	var rows []struct {
		Field string `yaml:"field"`
	}
	if yaml.Unmarshal(src.Text, &rows) != nil {
		return nil
	}
	for _, r := range rows {
		fields = append(fields, r.Field)
	}
	return fields
}
