package cosell

import (
	"maps"
	"slices"
)

// What is left alone: both sides hold something else, and no edit says which of them is right. So it stays, until one side changes;
// that takes a value away that never crossed, which is told as of any conflict.

// leaves notes that the field is left alone.
func (m *merger) leaves(f Field) { m.plan.leftAlone = append(m.plan.leftAlone, f) }

// gaveWay tells of the value that the place loses to an edit on the other side, where the two had been left alone; before is what
// the edited side held then. It says whether there is such a value.
func (m *merger) gaveWay(rule Rule, f Field, place Place, before, value string) bool {
	_, writes := m.plan.at(place)[f]
	if !writes || !slices.Contains(m.Pair.LeftAlone, f) || m.isBlank(rule, value) || m.agreed(rule, place, before, value) {
		return false
	}
	if isHashed(value) { // as it is remembered of an opportunity that was not read
		m.plan.NeedsOpportunity = true
		return true
	}
	loser := "CRM"
	if place == InPartnerCenter {
		loser = "Partner Center"
	}
	m.say(Problem{Code: conflictResolved, Field: f, Place: place, Warn: true, Once: true,
		Text: m.label(f) + " differed on the two sides and was changed on one; the value of " + loser + " gave way: " + quote(value), Mend: "nothing to do"})
	return true
}

// agreed says whether the value at the place is what the other side held before.
func (m *merger) agreed(rule Rule, place Place, before, value string) bool {
	if place == InCRM {
		return same(before, value) || same(before, across(rule.ToReferral, value)) || !isHashed(before) && m.agree(rule, before, value)
	}
	return same(before, value) || same(before, across(rule.ToOpportunity, value)) || !isHashed(before) && m.agree(rule, value, before)
}

// stillAlone are the fields that are left alone after the plan: those of the plan, those of before that nobody has changed, those that
// wait to be decided, and those that this sheet does not name: another process may have a newer one, by which they are compared.
func (in Pairing) stillAlone(plan Plan) []Field {
	out := slices.Clone(plan.leftAlone)
	for _, f := range in.Pair.LeftAlone {
		list, _, member := f.List()
		if plan.keep[f] || !slices.ContainsFunc(in.Rules, func(r Rule) bool { return r.Field == f || member && r.Field == list }) {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// apart adds the fields of a plan that is not carried out to those that are left alone.
func (p *Plan) apart(atom Record) {
	p.leftAlone = slices.AppendSeq(slices.Clone(p.leftAlone), maps.Keys(atom))
}
