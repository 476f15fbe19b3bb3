package cosell

import (
	"maps"
	"strings"
)

// accountUnclear is the code of a deal that several accounts could be the customer of.
const accountUnclear = "account.unclear"

// solutionRequired: a referral has at least one solution.
const solutionRequired = "solution.required"

// OfCustomer says whether the field tells who the customer is.
func OfCustomer(f Field) bool {
	if list, _, ok := f.List(); ok {
		f = list
	}
	return f == Contacts || strings.HasPrefix(string(f), "customer")
}

// customer brings the customer of an opportunity that was made without one, because CRM refused it or two
// accounts could be it. A person who chooses an account ends that. In a lead the customer's values are fields like
// others.
func (m *merger) customer() {
	held, unclear := m.lacksCustomer()
	if !held || m.p[CustomerName] == "" || m.Pair.Table == LeadTable {
		return
	}
	if m.Opportunity.Assumed() {
		m.plan.NeedsOpportunity = true
		return
	}
	if m.hasCustomer() || unclear && !m.Retry {
		return
	}
	for f, v := range m.p {
		if OfCustomer(f) && v != "" && f != Contacts && !isHashed(v) {
			m.plan.ToOpportunity[f] = across(m.ruleOf(f).ToOpportunity, v)
		}
	}
}

// lacksCustomer says whether the customer is held, and whether for want of a choice.
func (m *merger) lacksCustomer() (held, unclear bool) {
	for _, h := range m.Pair.Held {
		if h.Place == InCRM && OfCustomer(h.Field) {
			held, unclear = true, unclear || h.Code == accountUnclear
		}
	}
	return held, unclear
}

func (m *merger) hasCustomer() bool {
	return m.d[CustomerName] != "" || len(m.d.Members(Contacts)) > 0
}

func (m *merger) ruleOf(f Field) Rule {
	if list, _, ok := f.List(); ok {
		f = list
	}
	for _, r := range m.Rules {
		if r.Field == f {
			return r
		}
	}
	return Rule{}
}

// withoutCustomer takes the fields of the customer out of changes, of which people read one thing.
func withoutCustomer(changes Record) (rest Record, arrives string) {
	rest = changes.Clone()
	arrives = changes[CustomerName]
	if arrives != "" {
		maps.DeleteFunc(rest, func(f Field, _ string) bool { return OfCustomer(f) })
	}
	return rest, arrives
}
