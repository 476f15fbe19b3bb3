package opportunities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// unreasoned names status reasons of the organisation's sheet that the CRM does not have, that belong to another
// state than the sheet puts them in, or that stand twice.
func (s *Store) unreasoned(m metadata) (out []Finding) {
	options := m.found[statusColumn].Options
	if len(options) == 0 {
		return nil // nobody could look
	}
	for _, f := range []cosell.Field{cosell.Status, cosell.Reason} {
		row, _ := s.whole.Row(f)
		if !row.OwnReasons() {
			continue
		}
		first := map[int]string{}
		for _, key := range slices.Sorted(maps.Keys(row.Reasons)) {
			for _, name := range row.Reasons[key] {
				text := s.reasonMisfit(f, key, name, options, first)
				if text != "" {
					out = append(out, Finding{Where: row.Where(), Text: fmt.Sprintf("field %s: the status reason %q of %s: %s", f, name, key, text)})
				}
			}
		}
	}
	return out
}

// reasonMisfit says what is wrong with one status reason of a list; first is in which list an option stood first.
func (s *Store) reasonMisfit(f cosell.Field, key, name string, options []dataverse.Option, first map[int]string) string {
	found := mapping.Options(name, labels(options))
	if len(found) == 0 {
		text := "the CRM has none of that name in " + s.table.kind
		if near := mapping.NearestLabel(name, labels(options)); near != "" {
			text += fmt.Sprintf("; the nearest is %q", near)
		}
		return text
	}
	for _, value := range found {
		if other, twice := first[value]; twice && other != key {
			return "it stands in the list of " + other + " already"
		}
		first[value] = key
		i := slices.IndexFunc(options, func(o dataverse.Option) bool { return o.Value == value })
		if f == cosell.Status && options[i].State != s.stateOf(key) {
			return fmt.Sprintf("it belongs to another state of the CRM (%d, not %d)", options[i].State, s.stateOf(key))
		}
	}
	return ""
}

// stateOf is the state of the CRM that a list of status reasons speaks of.
func (s *Store) stateOf(status string) int {
	switch status {
	case cosell.Won:
		return mapping.StateWon
	case cosell.Lost, cosell.Canceled:
		return mapping.StateLost
	case cosell.Open:
		if s.table.isLead {
			return mapping.StateQualified
		}
	}
	return mapping.StateOpen
}

// unclear names lines of value tables, and constants, whose label means two options in one language or another, and
// lines that mean the same option.
func (s *Store) unclear(m metadata) (out []Finding) {
	for _, row := range s.whole.Rows() {
		a := m.column(row.Place())
		if row.CRM == "" || len(a.Options) == 0 {
			continue
		}
		tell := func(format string, args ...any) {
			out = append(out, Finding{Where: row.Where(), Text: fmt.Sprintf("field %s: ", row.Field) + fmt.Sprintf(format, args...)})
		}
		names := []string{}
		for _, v := range row.Values {
			names = append(names, v.CRM)
		}
		if row.Constant != nil {
			names = strings.Split(mapping.FixedText(row.Constant), ",")
		}
		first := map[int]string{}
		for _, name := range names {
			found := mapping.Options(strings.TrimSpace(name), labels(a.Options))
			if len(found) > 1 {
				tell("%q is the label of several options of %s: %s; write the integer of one", name, row.Place().Column, integersOf(found))
				continue
			}
			for _, value := range found {
				if other, twice := first[value]; twice {
					tell("%q and %q are the same option of %s; write one of them", other, name, row.Place().Column)
				}
				first[value] = name
			}
		}
	}
	return out
}

func integersOf(values []int) string {
	var out []string
	for _, v := range values {
		out = append(out, strconv.Itoa(v))
	}
	return strings.Join(out, ", ")
}

// astray names constants of lookups that no row of the CRM is called by, or several are.
func (s *Store) astray(ctx context.Context, m metadata) (out []Finding, err error) {
	for _, row := range s.whole.Rows() {
		a := m.column(row.Place())
		if row.Constant == nil || row.CRM == "" || len(a.Targets) == 0 {
			continue
		}
		_, _, err := s.lookups.find(ctx, a.Targets, row.Place().Key, mapping.FixedText(row.Constant))
		switch {
		case fault.Is(err, fault.Broken), fault.Is(err, fault.Later):
			return nil, err
		case err != nil:
			out = append(out, Finding{Where: row.Where(), Text: fmt.Sprintf("field %s: %s: correct the constant, or add the row in CRM", row.Field, mapping.FirstText(fault.Of(err).Say, err.Error()))})
		}
	}
	return out, nil
}

// unlisted notes values of the yearly fields, as options or a value table have them, that the files of the years do
// not list: not all of Microsoft's values are published, so they are no mistake.
func (s *Store) unlisted(m metadata) (out []Finding) {
	for _, f := range []cosell.Field{cosell.SolutionArea, cosell.SolutionPlay, cosell.PartnerRole} {
		row, on := s.whole.Row(f)
		if !on || row.CRM == "" {
			continue
		}
		var texts []string
		for _, v := range row.Values {
			texts = append(texts, mapping.FixedText(v.Referral))
		}
		if len(row.Values) == 0 && row.HasOptions() {
			texts = m.choices[row.OptionsKey()].Codes()
		}
		for _, text := range texts {
			if said := mapping.Unlisted(s.years, f, text, s.options.Now()); said != "" {
				out = append(out, Finding{Where: row.Where(), Text: fmt.Sprintf("field %s: %s", f, said), Note: true})
			}
		}
	}
	return out
}
