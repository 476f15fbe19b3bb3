package cosell

// twoTruths tells, before a deal is closed, what the two sides will say of it for ever: what was left alone
// when they met, and nobody has decided since.
func (m *merger) twoTruths() {
	if !m.closes() {
		return
	}
	for _, rule := range m.Rules {
		if rule.Way != Both || rule.Door != NoDoor || rule.List || m.spokenOf(rule.Field) {
			continue
		}
		p, pOK := after(rule.Field, m.plan.ToReferral, m.p)
		d, dOK := after(rule.Field, m.plan.ToOpportunity, m.d)
		if !pOK || !dOK || m.isBlank(rule, p) || m.isBlank(rule, d) || m.agree(rule, p, d) {
			continue
		}
		if isHashed(d) { // as it is remembered of an opportunity that was not read
			m.plan.NeedsOpportunity = m.plan.NeedsOpportunity || m.Opportunity.Assumed() && !same(d, across(rule.ToOpportunity, p))
			continue
		}
		m.say(Problem{Code: closedDiffers, Field: rule.Field, Place: InPartnerCenter, Warn: true, Once: true, With: Status,
			Text: "the deal is closed with two values of " + m.label(rule.Field) + ": Partner Center keeps " + quote(p) + ", CRM " + quote(d),
			Mend: "nothing to do there: a closed referral takes no change"})
	}
}

const closedDiffers = "closed.differs"

// closes says whether the plan closes the deal as won or lost, on either side.
func (m *merger) closes() bool {
	for _, s := range []string{m.plan.ToReferral[Status], m.plan.ToOpportunity[Status]} {
		if s == Won || s == Lost {
			return true
		}
	}
	return false
}

// spokenOf says whether the plan says something of the field already.
func (m *merger) spokenOf(f Field) bool {
	for _, p := range m.plan.Problems {
		if p.Field == f {
			return true
		}
	}
	return false
}

// after is what a side says of the field after the changes.
func after(f Field, changes, side Record) (string, bool) {
	if v, ok := changes[f]; ok {
		return v, true
	}
	return side.value(f)
}
