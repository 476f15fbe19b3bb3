package dataversesim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// texts are a label as a caller gives it: in the base language and in others.
type texts struct {
	base   string
	others map[int]string
	given  bool
}

// readLabel reads Microsoft.Dynamics.CRM.Label. A language that is not installed is refused or passed over, as the
// switch setupLabels says: the documents only say that it has to be installed.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/label
func (s *Simulator) readLabel(raw json.RawMessage, what string) (texts, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return texts{}, nil
	}
	var in struct {
		LocalizedLabels []struct {
			Label        string
			LanguageCode int
		}
	}
	if err := loosely(raw, &in); err != nil {
		return texts{}, err
	}
	out := texts{others: map[int]string{}, given: len(in.LocalizedLabels) > 0}
	for _, l := range in.LocalizedLabels {
		switch {
		case l.LanguageCode == s.base():
			out.base = l.Label
		case !slices.Contains(s.languages(), l.LanguageCode):
			if s.sw.text("setupLabels") == "refused" {
				return texts{}, fail(400, codeInvalidArgument, "The language code %d of the label of %s is not installed in the organization.", l.LanguageCode, what)
			}
		default:
			out.others[l.LanguageCode] = l.Label
		}
	}
	return out, nil
}

// needLabel is readLabel for what cannot be without a text in the base language.
func (s *Simulator) needLabel(raw json.RawMessage, what string) (texts, error) {
	l, err := s.readLabel(raw, what)
	if err == nil && l.base == "" {
		err = fail(400, codeInvalidArgument, "%s needs a label in the base language of the organization (%d).", what, s.base())
	}
	return l, err
}

// over lays a new label over an old one: MSCRM.MergeLabels keeps the languages that it does not name.
func (l texts) over(base string, others map[int]string, merge bool) (string, map[int]string) {
	if !l.given {
		return base, others
	}
	if l.base != "" {
		base = l.base
	}
	if !merge {
		return base, l.others
	}
	merged := maps.Clone(others)
	if merged == nil {
		merged = map[int]string{}
	}
	maps.Copy(merged, l.others)
	return base, merged
}

// codes are the other languages as POST schema takes them.
func (l texts) codes() map[string]string {
	out := map[string]string{}
	for code, text := range l.others {
		out[strconv.Itoa(code)] = text
	}
	return out
}

// mergeLabels is what the header of that name says.
func (c *call) mergeLabels() bool { return c.header.Get("MSCRM.MergeLabels") == "true" }

// optionJSON is one value of a choice.
type optionJSON struct {
	Value *int64
	Label json.RawMessage
}

// choiceJSON is an option set, global or of one column.
type choiceJSON struct {
	Name, OptionSetType      string
	DisplayName, Description json.RawMessage
	IsGlobal                 *bool
	Options                  []optionJSON
	TrueOption, FalseOption  *optionJSON
}

// readOptions checks the values of a choice. One without a value gets the next of the publisher's.
func (s *Simulator) readOptions(in []optionJSON, first int64) ([]schemaOption, error) {
	var out []schemaOption
	seen := map[int64]bool{}
	for i, o := range in {
		label, err := s.needLabel(o.Label, fmt.Sprintf("option %d", i+1))
		if err != nil {
			return nil, err
		}
		n := schemaOption{Label: label.base, Labels: label.codes()}
		if o.Value != nil {
			n.Value = *o.Value
		} else {
			for n.Value = first; seen[n.Value]; n.Value++ {
			}
		}
		if seen[n.Value] || n.Value < 0 {
			return nil, fail(400, codeInvalidArgument, "The option value %d is given twice, or is negative.", n.Value)
		}
		seen[n.Value] = true
		out = append(out, n)
	}
	return out, nil
}
