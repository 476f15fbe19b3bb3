package cosell

import (
	"slices"
	"time"
)

// Doubtful is the plan after older tables were put back, at the time given, without what nobody can decide then. Both
// records have changed since the copy was made, and a value differs from what was agreed then. Either somebody changed it on one side or on
// both since; or it had crossed already, and somebody has taken it back on the other side, or typed another there. So it is left as it is on
// both, and told.
func (in Pairing) Doubtful(plan Plan, restored time.Time) Plan {
	row, read := in.Opportunity.Row()
	if restored.IsZero() || !read || in.Referral.Microsoft || in.Pair.Phase != Linked || in.Pair.Knows(in.Referral.Side) || in.Pair.Knows(row.Side) ||
		in.Referral.Modified.After(restored) || row.Modified.After(restored) {
		return plan
	}
	plan = plan.clone()
	for _, place := range []Place{InPartnerCenter, InCRM} {
		for _, atom := range Atoms(plan.at(place)) {
			if _, step := atom[Status]; step || !in.agreedOn(atom) {
				continue
			}
			for f := range atom {
				delete(plan.at(place), f)
			}
			plan.apart(atom)
			plan.Problems = slices.DeleteFunc(plan.Problems, func(p Problem) bool { _, left := atom[p.Field]; return left && p.Once }) // nothing gave way
			told := first(atom)
			if list, _, member := told.List(); member {
				told = list
			}
			plan.Problems = append(plan.Problems, Problem{Code: CodeDiffer, Field: told, Place: InPartnerCenter, Warn: true, Once: true,
				Text: Label(in.Rules, told) + leftAlone + ", because older tables were put back", Mend: "change it on the side that is wrong"})
		}
	}
	return plan
}
