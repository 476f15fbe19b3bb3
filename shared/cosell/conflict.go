package cosell

import (
	"slices"
	"strings"
	"time"
)

// What gave way, for certain and perhaps.
const (
	conflictResolved = "conflict.resolved"
	conflictPossible = "conflict.possible"
)

func (m *merger) conflict(rule Rule, f Field, p, d string) {
	if m.isBlank(rule, d) != m.isBlank(rule, p) { // an empty value never fights for itself
		if m.isBlank(rule, d) {
			m.toOpportunity(rule, f, p)
		} else {
			m.toReferral(rule, f, d)
		}
		return
	}
	switch m.winner(rule, f) {
	case PartnerCenter:
		m.plan.ToOpportunity[f] = across(rule.ToOpportunity, p)
		m.lost(f, "CRM", d)
	case ManualDecision:
		m.plan.keep[f] = true
		m.say(Problem{Code: "conflict.manual", Field: f, Place: InPartnerCenter, Class: OfRule,
			Text: m.label(f) + " was changed on both sides: Partner Center has " + quote(p) + ", CRM " + quote(d), Mend: "set the same value on both sides"})
	default:
		m.plan.ToReferral[f] = across(rule.ToReferral, d)
		m.lost(f, "Partner Center", p)
	}
}

// winner: what was decided and then refused stays decided, because telling of it makes CRM's row newer.
func (m *merger) winner(rule Rule, f Field) Wins {
	if rule.Wins != Newest && rule.Wins != "" {
		return rule.Wins
	}
	switch {
	case m.refusedBefore(InCRM, rule, f):
		return PartnerCenter
	case m.refusedBefore(InPartnerCenter, rule, f):
		return CRM
	}
	if row, read := m.Opportunity.Row(); !read || m.Referral.Modified.After(row.Modified) {
		return PartnerCenter
	}
	return CRM
}

// refusedBefore says whether the place refused what the other side still says of the field, or of the amount
// that the currency goes with. Of a list the changed members were refused together, under the name of one.
func (m *merger) refusedBefore(place Place, rule Rule, f Field) bool {
	if rule.List {
		atom := Asked(m.changedMembers(place, rule))
		return slices.ContainsFunc(m.Pair.Held, func(h Held) bool {
			list, _, member := h.Field.List()
			return member && list == rule.Field && h.Place == place && h.Class != OfRule && h.Value == atom
		})
	}
	if h, ok := m.held(place, f); ok && h.Value == m.wanted(place, f) {
		return true
	}
	h, ok := m.held(place, DealValue)
	return ok && (f == DealValue || f == Currency) && (h.Value == m.wanted(place, DealValue, Currency) || h.Value == m.wanted(place, Currency))
}

// wanted is what a place would be asked to take of the fields, as what is held remembers it.
func (m *merger) wanted(place Place, fields ...Field) string {
	atom := Record{}
	for _, rule := range m.Rules {
		switch {
		case !slices.Contains(fields, rule.Field):
		case place == InCRM:
			atom[rule.Field] = across(rule.ToOpportunity, m.p[rule.Field])
		default:
			atom[rule.Field] = across(rule.ToReferral, m.d[rule.Field])
		}
	}
	return Asked(atom)
}

// changedMembers is what a place would be asked to take of a list.
func (m *merger) changedMembers(place Place, rule Rule) Record {
	from, base, to, turned := m.d, m.base.Opportunity, m.p, rule.ToReferral
	if place == InCRM {
		from, base, to, turned = m.p, m.base.Referral, m.d, rule.ToOpportunity
	}
	atom := Record{}
	for _, f := range m.entries(rule) {
		was, _ := base.value(f)
		now, read := from.value(f)
		there, _ := to.value(f)
		if v := across(turned, now); read && !same(was, now) && there != v {
			atom[f] = v
		}
	}
	return atom
}

// lost tells what a person loses by the plan.
func (m *merger) lost(f Field, loser, value string) {
	place := InCRM
	if loser != "CRM" {
		place = InPartnerCenter
	}
	m.say(Problem{Code: conflictResolved, Field: f, Place: place, Warn: true, Once: true,
		Text: m.label(f) + " was changed on both sides; the value of " + loser + " gave way: " + quote(value), Mend: "nothing to do"})
}

// overtaken: CRM's row was saved after Partner Center's change, differs in nothing that we know, and shows
// the old value. As a rule nobody meant it; but where our memory is an older copy, somebody may have typed
// it anew, so it is told.
func (m *merger) overtaken(f Field, d string) {
	touched := m.Pair.Touched
	row, read := m.Opportunity.Row()
	if v := m.Pair.OpportunityVersion; read && v != "" && row.Version != v && !Changed(m.base, row, m.Rules) {
		touched = row.Modified
	}
	_, writes := m.plan.ToOpportunity[f]
	later := !touched.Before(m.Referral.Modified.Truncate(time.Second)) // CRM's clock has whole seconds
	if !writes || d == "" || touched.IsZero() || !later || isHashed(d) {
		return
	}
	m.say(Problem{Code: conflictPossible, Field: f, Place: InCRM, Warn: true, Once: true,
		Text: m.label(f) + " comes from Partner Center, although the opportunity was saved later; CRM's value gave way: " + quote(d),
		Mend: "set it again in CRM if it was meant"})
}

// quote keeps a value for Audit, whole as far as the column has room: it can be restored from there. Lines
// of Audit are lines, so the ends of the value's own show as ↵.
func quote(s string) string {
	const words = 500 // bytes of the line beside the value
	s = strings.ReplaceAll(s, "\n", " ↵ ")
	if len(s) <= longestAudit-words {
		return `"` + s + `"`
	}
	return `"` + strings.ToValidUTF8(s[:longestAudit-words], "") + `…"`
}
