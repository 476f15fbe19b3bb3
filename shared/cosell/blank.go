package cosell

import (
	"maps"
	"math/big"
	"slices"
	"strings"
)

// neverBlank are the fields in which empty, and for the amount 0, is no value once a deal is linked.
var neverBlank = []Field{Name, DealValue, ClosingDate, Currency}

// isBlank says whether the value is none: empty, or 0 where the row does not allow it.
func (m *merger) isBlank(rule Rule, v string) bool {
	return blank(rule, v)
}

func blank(rule Rule, v string) bool {
	if v == "" {
		return true
	}
	return rule.Field == DealValue && !rule.AllowZero && !positive(v)
}

func positive(v string) bool {
	n, ok := new(big.Rat).SetString(v)
	return ok && n.Sign() > 0
}

// blanks keeps what is empty, or 0, from replacing a value. It is told once, and the tick stays.
func (m *merger) blanks() {
	for _, rule := range m.Rules {
		if rule.List || !rule.Required && !slices.Contains(neverBlank, rule.Field) {
			continue
		}
		m.keepFromBlank(rule, m.plan.ToReferral, InPartnerCenter)
		m.keepFromBlank(rule, m.plan.ToOpportunity, InCRM)
	}
}

func (m *merger) keepFromBlank(rule Rule, changes Record, place Place) {
	v, ok := changes[rule.Field]
	if !ok || !blank(rule, v) || place == InPartnerCenter && m.closed() {
		return
	}
	delete(changes, rule.Field)
	if place == InCRM && m.lapsed() {
		return
	}
	m.plan.keep[rule.Field] = true
	what := "is empty"
	if v != "" {
		what = "is " + v
	}
	here := "CRM"
	if place == InCRM {
		here = "Partner Center"
	}
	p := Problem{Code: "value.blank", Field: rule.Field, Place: place, Class: OfRule, Warn: true,
		Text: m.label(rule.Field) + " " + what + " in " + here + " and did not replace the value on the other side", Mend: "fill it in"}
	if status := changes[Status]; place == InPartnerCenter && status != "" && ReferralClosed(status) || place == InCRM && OpportunityClosed(status) {
		m.plan.unclosed = append(m.plan.unclosed, p)
		p.Text += "; the deal is " + status + " with the last agreed value, which is now final"
		p.Mend, p.Once, p.With = "nothing to do", true, Status
		delete(m.plan.keep, rule.Field)
	}
	m.say(p)
}

// money keeps amount and currency together: both go one way, or neither does.
func (m *merger) money() {
	m.oneWay()
	m.paired(m.plan.ToReferral, m.d, m.p, InPartnerCenter)
	m.paired(m.plan.ToOpportunity, m.p, m.d, InCRM)
}

// oneWay: where both sides changed, amount and currency may have been decided for different sides; the
// currency goes the amount's way.
func (m *merger) oneWay() {
	_, valueOut := m.plan.ToReferral[DealValue]
	_, valueIn := m.plan.ToOpportunity[DealValue]
	if c, ok := m.plan.ToOpportunity[Currency]; ok && valueOut {
		delete(m.plan.ToOpportunity, Currency)
		m.plan.ToReferral[Currency] = m.d[Currency]
		m.unsay(conflictResolved, Currency)
		m.lost(Currency, "Partner Center", c)
	}
	if c, ok := m.plan.ToReferral[Currency]; ok && valueIn {
		delete(m.plan.ToReferral, Currency)
		m.plan.ToOpportunity[Currency] = m.p[Currency]
		m.unsay(conflictResolved, Currency)
		m.lost(Currency, "CRM", c)
	}
}

// paired drops an amount that would meet another currency than its own.
func (m *merger) paired(changes, from, to Record, place Place) {
	value, ok := changes[DealValue]
	source, known := from[Currency]
	target, there := to[Currency]
	if c, travels := changes[Currency]; travels {
		target, there = c, true
	}
	if !known || !there || source == "" || target == "" || source == target || place == InPartnerCenter && m.closed() {
		return
	}
	if ok {
		delete(changes, DealValue)
		m.plan.keep[DealValue] = true
		m.say(Problem{Code: "currency.differs", Field: DealValue, Place: place, Class: OfRule, Value: remember(DealValue, value),
			Text: m.label(DealValue) + " was not sent: one side holds " + source + ", the other " + target,
			Mend: "set the same currency on both sides"})
	}
}

// locked drops what the opportunity does not take now, before it is tried.
func (m *merger) locked() {
	for _, field := range slices.Sorted(maps.Keys(m.d.Members(Locked))) {
		f := Field(field)
		if _, ok := m.plan.ToOpportunity[f]; !ok {
			continue
		}
		delete(m.plan.ToOpportunity, f)
		m.plan.keep[f] = true
		m.say(Problem{Code: "column." + m.d[Locked.Of(field)], Field: f, Place: InCRM, Class: OfRule, Warn: true,
			Text: m.label(f) + " is computed by CRM and goes to Partner Center only: Partner Center's value was not taken",
			Mend: "change what CRM computes it from"})
	}
	if m.plan.keep[DealValue] {
		if _, ok := m.plan.ToOpportunity[Currency]; ok && strings.HasPrefix(m.d[Locked.Of(string(DealValue))], "calc") {
			delete(m.plan.ToOpportunity, Currency)
			m.plan.keep[Currency] = true
		}
	}
}
