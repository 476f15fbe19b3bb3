package cosell

// Sides says which side has another value of the field than when both last agreed; met is false for a field, or
// a pair, on which they never did.
func (b Base) Sides(f Field, opportunity, referral Record) (met, inCRM, inPC bool) {
	was, inBase := b.Opportunity.value(f)
	of, inOther := b.Referral.value(f)
	d, _ := opportunity.value(f)
	p, _ := referral.value(f)
	return inBase && inOther, inBase && !same(was, d), inOther && !same(of, p)
}
