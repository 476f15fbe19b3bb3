package cosell

import "time"

// Doubtful is the plan after older tables were put back, at the time given, without what nobody can decide then. Both
// records have changed since the copy was made, and a value differs from what was agreed then on one side alone. Either
// somebody changed it there since; or it had crossed already, and somebody has taken it back on the other side. So it is left as it
// is on both, and told.
func (in Pairing) Doubtful(plan Plan, restored time.Time) Plan {
	row, read := in.Opportunity.Row()
	if restored.IsZero() || !read || in.Referral.Microsoft || in.Pair.Phase != Linked || in.Pair.Knows(in.Referral.Side) || in.Pair.Knows(row.Side) ||
		in.Referral.Modified.After(restored) || row.Modified.After(restored) {
		return plan
	}
	plan = plan.clone()
	for _, place := range []Place{InPartnerCenter, InCRM} {
		for _, atom := range Atoms(plan.at(place)) {
			if _, step := atom[Status]; step || !in.agreedOn(atom) || !in.changedOnOneSide(atom) {
				continue
			}
			for f := range atom {
				delete(plan.at(place), f)
			}
			plan.apart(atom)
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

// changedOnOneSide says whether none of the fields has changed on both sides.
func (in Pairing) changedOnOneSide(fields Record) bool {
	p, d := in.Referral.Record, in.Opportunity.Side().Record
	for f := range fields {
		if _, inCRM, inPC := in.Pair.Base.Sides(f, d, p); inCRM && inPC {
			return false
		}
	}
	return true
}
