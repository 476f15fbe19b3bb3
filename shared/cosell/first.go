package cosell

import "strings"

// firstSight compares without a base. What is equal is agreed; what only one side has is filled in on the
// other; two different values stay as they are, because nobody can tell which is right, unless the sheet
// says whose counts. That is told where the two meet, and where a side shows a value later than the other, as an assessment does once it
// is accepted; what a new sheet sees for the first time is in the drift report alone.
func (m *merger) firstSight(rule Rule, f Field, p, d string, pOK, dOK bool) {
	if _, _, member := f.List(); member {
		m.firstMember(rule, f, p, d, pOK && dOK)
		return
	}
	if !pOK || !dOK || m.agree(rule, p, d) {
		return
	}
	pEmpty, dEmpty := m.isBlank(rule, p), m.isBlank(rule, d)
	switch {
	case dEmpty && !pEmpty:
		if rule.Way != ToReferral {
			m.toOpportunity(rule, f, p)
		}
	case pEmpty && !dEmpty:
		if rule.Way != ToOpportunity && !(f == Name && stopgap(d)) {
			m.toReferral(rule, f, d)
		}
	case rule.Way != Both:
	case rule.FirstSight == CRM:
		m.toReferral(rule, f, d)
	case rule.FirstSight == PartnerCenter:
		m.toOpportunity(rule, f, p)
	default:
		m.leaves(f)
		if m.Linking || !m.NewSheet {
			m.differs(f)
		}
	}
}

// half says whether the base knows a field of one side alone because the other one could not be read: then the two have not met in it yet, and
// what is read later is no edit. A side that never says the field is something else.
func (b Base) half(f Field, p, d Record) bool {
	unread := Unreadable.Of(string(f))
	misses := func(base, now Record) bool { return !base.has(f) && (base.has(unread) || now.has(unread)) }
	return misses(b.Referral, p) || misses(b.Opportunity, d)
}

// Stopgap is the name of a row of the CRM, which wants one, that is made of a referral without any: kind is what it is.
func Stopgap(kind, customer string) string {
	return strings.TrimSuffix(kind+ofMicrosoft+": "+customer, ": ")
}

const ofMicrosoft = " from Microsoft"

// The kinds of which a stopgap speaks.
const (
	StopgapReferral = "Referral"
	StopgapLead     = "Lead"
)

// stopgap says whether a name is one: nobody has typed it, so it is no value for the referral.
func stopgap(name string) bool {
	for _, kind := range []string{StopgapReferral, StopgapLead} {
		if rest, is := strings.CutPrefix(name, kind+ofMicrosoft); is && (rest == "" || strings.HasPrefix(rest, ": ")) {
			return true
		}
	}
	return false
}

// firstMember fills a list that one side has none of; two lists that differ are left alone.
func (m *merger) firstMember(rule Rule, f Field, p, d string, both bool) {
	list, _, _ := f.List()
	if !both || rule.Way != Both && rule.Way != ToReferral {
		return
	}
	switch {
	case len(m.d.Members(list)) == 0 && p != "" && rule.Way == Both:
		m.toOpportunity(rule, f, p)
	case len(m.p.Members(list)) == 0 && d != "":
		m.toReferral(rule, f, d)
	case p != d && !m.agree(rule, p, d) && rule.Way == Both:
		m.leaves(f)
		if (m.Linking || !m.NewSheet) && !m.saidOf("values.differ", list) {
			m.differs(list)
		}
	}
}

// differs tells that the values differ, unless Audit does: the tables may have been lost more than once.
func (m *merger) differs(f Field) {
	p := Problem{Code: CodeDiffer, Field: f, Place: InPartnerCenter, Warn: true, Once: true, Text: m.label(f) + leftAlone,
		Mend: "change it on the side that is wrong"}
	p.Quiet = StillTold(m.d[Audit], p)
	m.say(p)
}

// CodeDiffer says that two values differed when the records met, and were left alone.
const CodeDiffer = "values.differ"

const leftAlone = " differs between Partner Center and CRM and was left alone"

func (m *merger) saidOf(code string, f Field) bool {
	for _, p := range m.plan.Problems {
		if p.Code == code && p.Field == f {
			return true
		}
	}
	return false
}
