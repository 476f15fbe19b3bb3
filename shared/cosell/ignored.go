package cosell

import (
	"maps"
	"slices"
)

// valueIgnored is the code of a value that a side said yes to and did not take.
const valueIgnored = "value.ignored"

// NotTaken compares CRM's answer with what was asked: what is still as it was, although CRM said yes, was
// ignored. The plan without it says so.
func (in Pairing) NotTaken(plan Plan, answered Record) (Plan, bool) {
	before := in.Opportunity.Side().Record
	found := false
	for _, atom := range Atoms(plan.ToOpportunity) {
		for _, f := range slices.Sorted(maps.Keys(atom)) { // the same one each time: it is told once
			want := atom[f]
			old, had := before.value(f)
			now, read := answered.value(f)
			if !had || !read || now == want || !same(old, now) || same(old, want) || f == Reason {
				continue
			}
			plan = plan.Without(Problem{Code: valueIgnored, Field: f, Place: InCRM, Class: OfRecord,
				Text: "CRM answered yes and did not take " + Label(in.Rules, f), Mend: "see whether the column can be written, or what changes it back"}, atom)
			found = true
			break
		}
	}
	return plan, found
}

// Unproven is the plan as it is told before CRM has answered: what CRM ignored before, and is asked once more, counts as ignored
// until the answer shows it. taken is what CRM has shown already.
func (in Pairing) Unproven(plan Plan, taken Record) Plan {
	for _, atom := range Atoms(plan.ToOpportunity) {
		i := slices.IndexFunc(in.Pair.Held, func(h Held) bool {
			_, shown := taken[h.Field]
			return h.Place == InCRM && h.Code == valueIgnored && !shown && touches(atom, h.Field)
		})
		if i >= 0 {
			plan = plan.Without(in.Pair.Held[i].Problem(), atom)
		}
	}
	return plan
}
