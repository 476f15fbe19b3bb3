package decisions

import (
	"fmt"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Sheet says by which rows was decided: those of ours as they are now, with an organisation's own laid over.
type Sheet struct {
	Of      string   `json:"of,omitempty"` // leads; else opportunities
	Own     []Row    `json:"own,omitempty"`
	Without []string `json:"without,omitempty"`
	Whole   bool     `json:"whole,omitempty"` // Own are all rows there are, in their order
}

// Row is a row of the sheet as far as it decides.
type Row struct {
	Field      cosell.Field `json:"field"`
	Label      string       `json:"label,omitempty"`
	Way        cosell.Way   `json:"way"`
	Wins       cosell.Wins  `json:"wins,omitempty"`
	Door       cosell.Door  `json:"door,omitempty"`
	List       bool         `json:"list,omitempty"`
	FirstSight cosell.Wins  `json:"firstSight,omitempty"`
	Related    bool         `json:"related,omitempty"`
	Apart      bool         `json:"apart,omitempty"`
	Required   bool         `json:"required,omitempty"`
	AllowZero  bool         `json:"allowZero,omitempty"`
	WhenWon    bool         `json:"whenWon,omitempty"`
}

// RowOf is the row of a rule.
func RowOf(r cosell.Rule) Row {
	return Row{Field: r.Field, Label: r.Label, Way: r.Way, Wins: r.Wins, Door: r.Door, List: r.List, FirstSight: r.FirstSight, Related: r.Related, Apart: r.Apart,
		Required: r.Required, AllowZero: r.AllowZero, WhenWon: r.WhenWon}
}

func (r Row) rule(like cosell.Rule) cosell.Rule {
	same := func(text string) string { return text }
	out := cosell.Rule{Field: r.Field, Label: r.Label, Way: r.Way, Wins: r.Wins, Door: r.Door, List: r.List, FirstSight: r.FirstSight, Related: r.Related, Apart: r.Apart,
		Required: r.Required, AllowZero: r.AllowZero, WhenWon: r.WhenWon, ToOpportunity: same, ToReferral: same}
	if like.ToOpportunity != nil {
		out.ToOpportunity, out.ToReferral, out.Whole = like.ToOpportunity, like.ToReferral, like.Whole
	}
	return out
}

// Shipped are our own rows of now, by what they are of.
type Shipped map[string][]cosell.Rule

const ofLeads = "leads"

// ShippedNow reads them.
func ShippedNow() (Shipped, error) {
	s, err := mapping.Default()
	if err != nil {
		return nil, fmt.Errorf("reading the field sheet: %w", err)
	}
	return Shipped{"": s.Rules(), ofLeads: s.Leads().Rules()}, nil
}

// SheetOf says how the rows differ from ours: those of leads, where that is less.
func (s Shipped) SheetOf(rows []Row) Sheet {
	best := s.apart("", rows)
	if leads := s.apart(ofLeads, rows); len(leads.Own)+len(leads.Without) < len(best.Own)+len(best.Without) {
		best = leads
	}
	inOrder := slices.EqualFunc(s.rules(best), rows, func(o cosell.Rule, r Row) bool { return o.Field == r.Field })
	if !inOrder {
		return Sheet{Of: best.Of, Own: rows, Whole: true}
	}
	return best
}

func (s Shipped) apart(of string, rows []Row) Sheet {
	out := Sheet{Of: of}
	for _, r := range rows {
		if !slices.ContainsFunc(s[of], func(o cosell.Rule) bool { return RowOf(o) == r }) {
			out.Own = append(out.Own, r)
		}
	}
	for _, o := range s[of] {
		if !slices.ContainsFunc(rows, func(r Row) bool { return r.Field == o.Field }) {
			out.Without = append(out.Without, string(o.Field))
		}
	}
	return out
}

// rules are the rows to decide by now.
func (s Shipped) rules(sheet Sheet) (out []cosell.Rule) {
	own := slices.Clone(sheet.Own)
	if sheet.Whole {
		for _, o := range own {
			i := slices.IndexFunc(s[sheet.Of], func(r cosell.Rule) bool { return r.Field == o.Field })
			if i < 0 {
				out = append(out, o.rule(cosell.Rule{}))
				continue
			}
			out = append(out, o.rule(s[sheet.Of][i]))
		}
		return out
	}
	for _, r := range s[sheet.Of] {
		if slices.Contains(sheet.Without, string(r.Field)) {
			continue
		}
		if i := slices.IndexFunc(own, func(o Row) bool { return o.Field == r.Field }); i >= 0 {
			r, own = own[i].rule(r), slices.Delete(own, i, i+1)
		}
		out = append(out, r)
	}
	for _, o := range own {
		out = append(out, o.rule(cosell.Rule{}))
	}
	return out
}
