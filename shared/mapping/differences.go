package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Difference is one key of one row that two sheets do not say alike; empty: it is not said, or the row is not there.
type Difference struct{ Field, Key, Now, Then string }

// Differences are what the other sheet has otherwise, in the order of its rows, then of rows that it has no more.
func (s *Sheet) Differences(then *Sheet) (out []Difference) {
	for _, r := range then.rows {
		old, had := s.Row(r.Field)
		now, next := map[string]string{}, r.said()
		if had {
			now = old.said()
		}
		for _, key := range strings.Split(rowKeys, ", ") {
			if now[key] != next[key] {
				out = append(out, Difference{string(r.Field), key, now[key], next[key]})
			}
		}
	}
	for _, r := range s.rows {
		if _, still := then.Row(r.Field); !still {
			out = append(out, Difference{Field: string(r.Field), Key: "off", Then: "true"})
		}
	}
	return out
}

// said is the row by its keys, as a person would write them, without what is not said.
func (r Row) said() map[string]string {
	flag := func(b bool) string {
		if b {
			return "true"
		}
		return ""
	}
	one := func(v any) string {
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	out := map[string]string{
		"referral": r.Referral, "from": map[bool]string{true: "microsoft"}[r.Microsoft], "crm": r.CRM, "crmWrite": r.CRMWrite,
		"crmWhenWon": r.CRMWhenWon, "watch": strings.Join(r.Watch, ", "), "as": r.As, "way": string(r.Way), "wins": string(r.Wins), "door": string(r.Door), "label": r.label,
		"firstSight": r.FirstSight, "required": flag(r.Required), "allowZero": flag(r.AllowZero), "freeText": flag(r.FreeText),
		"constant": one(r.Constant), "withHelp": one(r.WithHelp), "default": r.Default, "formula": r.Formula, "match": strings.Join(r.Match, ", "),
		"values": r.valuesText(), "reasons": reasonsText(r.Reasons),
		"rows": namesText(r.Rows), "catalogue": namesText(r.Catalogue),
		"lead": r.Lead, "leadDefault": r.LeadDefault, "leadReasons": reasonsText(r.LeadReasons),
	}
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	return out
}

func (r Row) valuesText() string {
	var out []string
	for _, v := range r.Values {
		out = append(out, fmt.Sprintf("%s: %v", v.CRM, v.Referral))
	}
	return strings.Join(out, ", ")
}

func reasonsText(reasons map[string][]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		var all []string
		for _, one := range reasons[name] {
			all = append(all, strconv.Quote(one))
		}
		out = append(out, name+": ["+strings.Join(all, ", ")+"]")
	}
	return strings.Join(out, ", ")
}

func namesText(names map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(names)) {
		out = append(out, key+": "+names[key])
	}
	return strings.Join(out, ", ")
}
