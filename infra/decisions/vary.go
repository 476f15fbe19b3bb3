package decisions

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// varied are cases made of a recorded one, with one thing of it otherwise: what nobody in the month has left out, and
// what the tests of the heart do not ask for. Those that show nothing new are not kept.
func (s Shipped) varied(c Case) (out []Case, err error) {
	add := func(in any) {
		text, wrong := json.Marshal(in)
		said, undecided := s.Decide(c.Kind, text)
		if wrong != nil || undecided != nil {
			err = wrong
			return
		}
		out = append(out, Case{Kind: c.Kind, From: c.From + ", varied", In: text, Out: said})
	}
	switch c.Kind {
	case Wanted:
		var w Wanting
		if err := json.Unmarshal(c.In, &w); err != nil {
			return nil, err
		}
		for _, f := range lists(w.Opportunity.Record) {
			less := w
			less.Opportunity.Record = without(w.Opportunity.Record, f)
			add(less)
			odd := less
			odd.Opportunity.Record = maps.Clone(less.Opportunity.Record)
			odd.Opportunity.Record[cosell.Unreadable.Of(string(f))] = "it is not what the field sheet says"
			odd.Opportunity.Record[cosell.Help] = "T1"
			add(odd)
		}
		for _, way := range []cosell.Way{cosell.OnCreate, cosell.NewReferral, cosell.NewOpportunity} {
			own := w
			own.Sheet.Own = append(slices.Clone(w.Sheet.Own), Row{Field: cosell.Notes, Way: way})
			add(own)
		}
	case Asked:
		var a Asking
		if err := json.Unmarshal(c.In, &a); err != nil {
			return nil, err
		}
		a.Pair.Phase = cosell.Making
		add(a)
	case Compare:
		var p Comparing
		if err := json.Unmarshal(c.In, &p); err != nil || p.Opportunity == nil {
			return nil, err
		}
		o := *p.Opportunity
		o.Record = maps.Clone(o.Record)
		o.Record[cosell.Mark], p.Opportunity = cosell.MarkUntidy, &o
		add(p)
	}
	return out, err
}

// lists are the fields of a record, its lists as one each.
func lists(r cosell.Record) (out []cosell.Field) {
	for f := range r {
		if list, _, member := f.List(); member {
			f = list
		}
		out = append(out, f)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// without is the record that lacks a field, or everything of a list.
func without(r cosell.Record, f cosell.Field) cosell.Record {
	out := maps.Clone(r)
	maps.DeleteFunc(out, func(g cosell.Field, _ string) bool { return g == f || strings.HasPrefix(string(g), string(f)+"/") })
	return out
}
