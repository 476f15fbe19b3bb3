package cosell

import (
	"maps"
	"slices"
	"time"
)

// Problem is something that a person should know. A problem stays as long as its cause does and is
// explained once; a note (Once) is explained and then over.
type Problem struct {
	Code  string // machine word, "solution.required"
	Field Field
	Text  string // what is wrong
	Mend  string // what to do
	Warn  bool   // does not turn the tick into a cross
	Once  bool
	// Inbound: it is about what was to come into CRM.
	Inbound bool
}

// Plan is what has to be done so that both sides agree again. It is computed, printed or applied: a dry
// run is the plan that is not applied.
type Plan struct {
	ToReferral    Record
	ToOpportunity Record
	Invite        string // help code: Microsoft's referral is to be created
	Problems      []Problem
	HeldUntil     time.Time // a change waits until then, by Partner Center's clock
	// NeedsOpportunity says that the opportunity was assumed from its base and that this does not do.
	NeedsOpportunity bool

	keep map[Field]bool // fields whose base stays as it is: not decided yet
}

// Empty says that there is nothing to write and nothing to say.
func (p Plan) Empty() bool {
	return len(p.ToReferral) == 0 && len(p.ToOpportunity) == 0 && p.Invite == "" && len(p.Problems) == 0
}

// Options are the settings of the decision.
type Options struct {
	// WonGuard is "off", "warn" or "delay": what happens to a registrable deal that is closed as won
	// before WonAge has passed since its acceptance (deal registration wants 72 hours between).
	WonGuard string
	WonAge   time.Duration
	// RegistrableValue is the deal value from which a deal can be registered, whatever its currency.
	RegistrableValue string
}

// Pairing is what Merge compares: the pair's base, the referral as it is, and the opportunity as it is or
// nil when it may be taken from its base.
type Pairing struct {
	Base        Base
	Referral    *Referral
	Opportunity *Opportunity
	Invited     bool // Microsoft's referral exists
	Rules       []Rule
	Options     Options
}

// Merge is the decision. Per field, and per member of a list: neither side changed since they agreed:
// nothing; one changed: the other is written; both changed to the same: nothing; both changed: the
// field's policy. Then the doors of Partner Center, which close behind some values, are guarded.
func Merge(in Pairing) Plan {
	m := &merger{Pairing: in, plan: Plan{ToReferral: Record{}, ToOpportunity: Record{}, keep: map[Field]bool{}}}
	m.assumed = in.Opportunity == nil
	m.p = in.Referral.Record
	m.d = in.Base.Opportunity
	if !m.assumed {
		m.d = in.Opportunity.Record
	}
	for _, rule := range in.Rules {
		if rule.Door == Lifecycle || rule.Way == Read {
			continue
		}
		for _, f := range m.entries(rule) {
			m.compare(rule, f)
		}
	}
	if !in.Referral.Microsoft {
		m.status()
	}
	m.guard()
	m.unreadable()
	m.forgetUndecided()
	return m.plan
}

// forgetUndecided drops the notes about fields that wait: they are said when the field is decided.
func (m *merger) forgetUndecided() {
	m.plan.Problems = slices.DeleteFunc(m.plan.Problems, func(p Problem) bool { return p.Once && m.plan.keep[p.Field] })
}

// unreadable tells of values that are not what the sheet says; the other fields go on.
func (m *merger) unreadable() {
	found := m.p.Members(Unreadable)
	if !m.assumed {
		maps.Copy(found, m.d.Members(Unreadable))
	}
	for _, field := range slices.Sorted(maps.Keys(found)) {
		m.say(Problem{Code: "value.unreadable." + field, Field: Field(field), Warn: true,
			Text: found[field], Mend: "correct it; the other fields go on"})
	}
}

// Changed says whether the opportunity differs from its base in anything that could matter to the referral.
func Changed(base Base, o Opportunity, rules []Rule) bool {
	m := &merger{Pairing: Pairing{Base: base}, d: o.Record, p: Record{}}
	for _, rule := range rules {
		if rule.Way == Read {
			continue
		}
		for _, f := range m.entries(rule) {
			if d, ok := o.Record.value(f); ok && !same(f, base.Opportunity[f], d) {
				return true
			}
		}
	}
	return false
}

type merger struct {
	Pairing
	plan    Plan
	p, d    Record
	assumed bool
}

// entries lists the field itself, or every member that any of the four records knows.
func (m *merger) entries(rule Rule) []Field {
	if !rule.List {
		return []Field{rule.Field}
	}
	seen := map[Field]bool{}
	for _, r := range []Record{m.p, m.d, m.Base.Referral, m.Base.Opportunity} {
		for f := range r {
			if l, _, ok := f.List(); ok && l == rule.Field {
				seen[f] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func (m *merger) compare(rule Rule, f Field) {
	p, pOK := m.p.value(f)
	d, dOK := m.d.value(f)
	bp, bpOK := m.Base.Referral.value(f)
	bd, bdOK := m.Base.Opportunity.value(f)
	if !bpOK && !bdOK {
		m.firstSight(rule, f, p, d, pOK && dOK)
		return
	}
	pChanged := pOK && !same(f, bp, p)
	dChanged := dOK && !m.assumed && !same(f, bd, d)
	switch {
	case pChanged && dChanged && m.agree(rule, p, d):
	case pChanged && dChanged && rule.Way == Both:
		m.conflict(rule, f, p, d)
	case pChanged && rule.Way != ToReferral:
		m.toOpportunity(rule, f, p)
	case dChanged && rule.Way == ToOpportunity:
		m.restore(rule, f, p, pOK, bp, bpOK)
	case dChanged:
		m.toReferral(rule, f, d)
	}
}

// firstSight compares without a base: what is equal is taken as agreed, what differs is shown and left
// alone until one side changes again, because nobody can tell which value is the right one.
func (m *merger) firstSight(rule Rule, f Field, p, d string, both bool) {
	if both && rule.Way == Both && !m.agree(rule, p, d) {
		m.say(Problem{Code: "values.differ", Field: f, Warn: true, Once: true,
			Text: string(f) + " differs between Partner Center and CRM and was left alone",
			Mend: "change it on the side that is wrong"})
	}
}

func (m *merger) agree(rule Rule, p, d string) bool {
	return p == d || across(rule.ToOpportunity, p) == d || across(rule.ToReferral, d) == p
}

func across(f func(string) string, v string) string {
	if f == nil || v == "" {
		return v
	}
	return f(v)
}

func (m *merger) toOpportunity(rule Rule, f Field, p string) {
	v := across(rule.ToOpportunity, p)
	if d, ok := m.d.value(f); ok && d == v {
		return
	}
	m.plan.ToOpportunity[f] = v
	if rule.List && m.assumed {
		m.plan.NeedsOpportunity = true
	}
}

func (m *merger) toReferral(rule Rule, f Field, d string) {
	v := across(rule.ToReferral, d)
	if p, ok := m.p.value(f); ok && p == v {
		return
	}
	m.plan.ToReferral[f] = v
}

// restore puts back a column that only the other side fills.
func (m *merger) restore(rule Rule, f Field, p string, pOK bool, bp string, bpOK bool) {
	if !pOK {
		p, pOK = bp, bpOK
	}
	if !pOK {
		return
	}
	m.plan.ToOpportunity[f] = across(rule.ToOpportunity, p)
	m.say(Problem{Code: "column.readonly", Field: f, Warn: true, Once: true,
		Text: string(f) + " is filled by Partner Center and was restored", Mend: "nothing to do"})
}

func (m *merger) conflict(rule Rule, f Field, p, d string) {
	wins, loser := rule.Wins, "CRM"
	if wins == Newest {
		wins = CRM
		if m.Referral.Modified.After(m.Opportunity.Modified) {
			wins = PartnerCenter
		}
	}
	lost := d
	switch wins {
	case PartnerCenter:
		m.plan.ToOpportunity[f] = across(rule.ToOpportunity, p)
	case ManualDecision:
		m.plan.keep[f] = true
		m.say(Problem{Code: "conflict.manual", Field: f,
			Text: string(f) + " was changed on both sides", Mend: "set the same value on both sides"})
		return
	default:
		m.plan.ToReferral[f] = across(rule.ToReferral, d)
		loser, lost = "Partner Center", p
	}
	m.say(Problem{Code: "conflict.resolved", Field: f, Warn: true, Once: true,
		Text: string(f) + " was changed on both sides; the value of " + loser + " gave way: " + shorten(lost), Mend: "nothing to do"})
}

func shorten(s string) string {
	const most = 120
	r := []rune(s)
	if len(r) <= most {
		return `"` + s + `"`
	}
	return `"` + string(r[:most]) + `…"`
}

func (m *merger) say(p Problem) { m.plan.Problems = append(m.plan.Problems, p) }

// opportunityValue is what the opportunity will hold after the plan: the change if there is one, else the
// value read, else the remembered one.
func (m *merger) opportunityValue(f Field) string {
	return firstOf(f, m.plan.ToOpportunity, m.d, m.Base.Opportunity)
}

func firstOf(f Field, records ...Record) string {
	for _, r := range records {
		if v, ok := r[f]; ok {
			return v
		}
	}
	return ""
}
