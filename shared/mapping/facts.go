package mapping

import (
	"slices"
	"sync/atomic"
)

// Facts are what the CRM's metadata says of the columns that the sheet names, by crm path. They are learnt while
// the program runs: a column of the organisation's own has the codec that its type asks for.
type Facts struct {
	Codecs  map[string]string // the codec that fits the column
	Lengths map[string]int    // of texts: the most that the column holds
}

// knowledge is shared by a sheet, its rows and its shortened forms.
type knowledge struct{ facts atomic.Pointer[Facts] }

func (k *knowledge) codec(path string) string {
	if k == nil {
		return ""
	}
	if f := k.facts.Load(); f != nil {
		return f.Codecs[path]
	}
	return ""
}

func (k *knowledge) length(path string) (int, bool) {
	if k == nil {
		return 0, false
	}
	f := k.facts.Load()
	if f == nil {
		return 0, false
	}
	n, ok := f.Lengths[path]
	return n, ok
}

// Learn takes over what the metadata says. It may be called at any time, by any goroutine.
func (s *Sheet) Learn(f Facts) { s.known.facts.Store(&f) }

// Unlearnt is the same sheet for a process that has read no metadata yet: what one of the two learns, the other does not.
func (s *Sheet) Unlearnt() *Sheet {
	out := *s
	out.known, out.rows = &knowledge{}, slices.Clone(s.rows)
	for i := range out.rows {
		out.rows[i].known = out.known
	}
	if s.leads != nil {
		out.leads = s.leads.Unlearnt()
	}
	return &out
}

// Waits says whether rows of the sheet cannot be read yet, because nobody has read the metadata.
func (s *Sheet) Waits() bool {
	if s.known.facts.Load() != nil {
		return false
	}
	for _, r := range s.rows {
		if r.As == AsOwn {
			return true
		}
	}
	return false
}

// ColumnType is what the metadata says of a column, as far as a codec follows from it.
type ColumnType struct {
	Type string // "String", "Money", "Picklist", …
	Days Days   // of a DateTime: how it holds a day
	Day  bool   // of a DateTime: people see a day, no time
}

// CodecOf is the codec that fits a column; "" where none does.
// https://learn.microsoft.com/power-apps/developer/data-platform/attribute-metadata
func CodecOf(c ColumnType) string {
	switch c.Type {
	case "String":
		return AsText
	case "Memo":
		return AsMemo
	case "Integer", "BigInt":
		return AsWhole
	case "Decimal", "Double":
		return AsNumber
	case "Money":
		return AsMoney
	case "Boolean":
		return AsFlag
	case "Picklist":
		return AsChoice
	case "MultiSelectPicklist":
		return AsChoices
	case "Lookup", "Customer", "Owner":
		return AsLookup
	case "Uniqueidentifier":
		return AsID
	case "DateTime":
		if c.Days == DateOnly || c.Day {
			return AsDate
		}
		return AsTime
	}
	return ""
}

// Kind is the codec of the row: the one that it names, else the one that fits its column. "" as long as nobody
// has read the metadata, and for a column that no codec fits.
func (r Row) Kind() string {
	if r.As != AsOwn {
		return r.As
	}
	return r.known.codec(r.CRM)
}
