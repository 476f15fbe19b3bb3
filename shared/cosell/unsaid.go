package cosell

import (
	"slices"
	"strconv"
)

// heard is the referral's record in which a list that it says nothing of is as last agreed, and empty where
// nothing was.
func (in Pairing) heard() Record {
	out, last := in.Referral.Record, in.Pair.Base.Referral
	for _, list := range in.Referral.Unsaid {
		out = out.Clone()
		out[list] = strconv.Itoa(len(last.Members(list)))
		for member, v := range last.Members(list) {
			out[list.Of(member)] = v
		}
	}
	return out
}

// wholeLists completes the change of a list of which Partner Center said nothing: lists are replaced whole there,
// and what it holds cannot be added to. Of a member that is remembered by its hash CRM's text is sent.
func (m *merger) wholeLists() {
	for _, rule := range m.Rules {
		if !slices.Contains(m.Referral.Unsaid, rule.Field) || len(m.plan.ToReferral.Members(rule.Field)) == 0 {
			continue
		}
		for member, v := range m.p.Members(rule.Field) {
			f := rule.Field.Of(member)
			if _, changed := m.plan.ToReferral[f]; changed {
				continue
			}
			if isHashed(v) {
				v = across(rule.ToReferral, m.d[f])
			}
			if isHashed(v) { // as it is remembered of an opportunity that was not read
				m.plan.NeedsOpportunity = true
				continue
			}
			if v != "" {
				m.plan.ToReferral[f] = v
			}
		}
	}
}

// renewSent renews a field that was sent to Partner Center by its answer; of a list that the answer says nothing
// of, what was sent counts.
func (r Record) renewSent(f Field, sent Record, answer Referral) {
	if list, _, _ := f.List(); slices.Contains(answer.Unsaid, list) {
		r.put(f, remember(f, sent[f]))
		return
	}
	r.renew(f, answer.Record)
}
