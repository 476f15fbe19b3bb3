package cosell

import (
	"maps"
	"slices"
	"time"
)

// Options are the settings of the decision.
type Options struct {
	// WonGuard is "off", "warn" or "delay": what happens to a registrable deal that is closed as won
	// before WonAge has passed since its acceptance (deal registration wants 72 hours between).
	WonGuard string
	WonAge   time.Duration
	// RegistrableValue is the deal value from which a deal can be registered, whatever its currency.
	RegistrableValue string
	// DeclineGrace is how long a pending deal that was closed as lost may be taken back.
	DeclineGrace time.Duration
	// AcceptStrict demands of an acceptance what only the portal's form demands.
	AcceptStrict bool
	// AuditSuccess is "steps", "all" or "none": which successes towards Partner Center Audit tells.
	AuditSuccess string
	// LastSync is "quiet" or "never": whether the column for the last sync is written also after edits that
	// bring nothing else into CRM, once nobody has edited for a while.
	LastSync string
	// Share is "allow" or "never": whether deals are shown to Microsoft at all.
	Share string
	// CosellOnly keeps leads of Partner Center out of CRM.
	CosellOnly bool
}

// Pairing is what Merge compares: the pair with its base, the referral as it is, and what is known of the
// opportunity.
type Pairing struct {
	Pair        Pair
	Referral    *Referral
	Opportunity Known
	Rules       []Rule
	Options     Options
	At          time.Time // for what is due, by a system's clock
	Retry       bool      // a person, a relative or the schedule wants what is held tried again
	Linking     bool      // the two records meet: what differs is told
	NewSheet    bool      // they were last kept in step by another sheet: what differs then is in the drift report alone
	Met         bool      // they are linked by the identifiers that they carry, and no person has asked for it
	Heeded      bool      // what is asked on the form comes to no more than a look
	Older       bool      // older tables were put back lately: the pair may have forgotten what it has told
}

// Merge is the decision. Per field, and per member of a list:
//
//	PC changed | CRM changed | happens
//	no         | no          | nothing
//	yes        | no          | CRM is written, if the field travels there
//	no         | yes         | Partner Center is written, if the field travels there; else it is put back
//	to the same value        | nothing, it is agreed
//	to different values      | the field's policy; the loser's value is told
//	no base: one is empty    | it is filled
//	no base: both say other  | by first sight: left alone and told, or one wins
//	a won deal is reopened, and its own column shows what it held before: the agreed value is put there
//
// A base of one side alone, because the other one could not be read, is none.
//
// Then the life cycle, the doors of Partner Center, what never replaces a value, and what was refused
// before and has not changed since.
func Merge(in Pairing) Plan {
	m := &merger{Pairing: in, plan: Plan{ToReferral: Record{}, ToOpportunity: Record{}, keep: map[Field]bool{}}}
	m.base = in.Pair.Base
	m.p = in.heard()
	m.d = in.Opportunity.Side().Record
	if m.switchedOff() {
		return m.off()
	}
	for _, rule := range in.Rules {
		switch {
		case rule.Door == Lifecycle || rule.Way == Read || rule.Way.created():
		case rule.Way == Inside:
			m.inside(rule)
		default:
			for _, f := range m.entries(rule) {
				m.compare(rule, f)
			}
		}
	}
	if !in.Referral.Microsoft {
		m.status()
	}
	m.customer()
	m.money()
	m.blanks()
	m.guard()
	m.wholeLists()
	m.leaders()
	m.locked()
	m.withhold()
	m.microsoftEdits()
	m.twoTruths()
	m.lapse()
	m.leadsStayOut()
	m.invitation()
	m.stamp()
	m.heed()
	m.unreadable()
	m.forgetUndecided()
	return m.plan
}

type merger struct {
	Pairing
	plan Plan
	base Base
	p, d Record
}

func (m *merger) switchedOff() bool { return m.d[Sync] == False }

// off is the plan while the seller has switched the deal off: nothing crosses, and what is remembered
// stays, so that after switching on each change is still seen as one.
func (m *merger) off() Plan {
	plan := Plan{ToReferral: Record{}, ToOpportunity: Record{}, keep: map[Field]bool{}}
	for _, r := range []Record{m.p, m.d} {
		for f := range r {
			plan.keep[f] = true
		}
	}
	delete(plan.keep, Sync)
	plan.Problems = []Problem{{Code: "sync.off", Field: Sync, Place: InPartnerCenter, Class: OfRule, Warn: true,
		Text: "the sync with Partner Center is switched off: nothing crosses in either direction",
		Mend: "switch it on again; what was changed on one side meanwhile then crosses"}}
	if m.wasReminded() {
		plan.Problems = append(plan.Problems, Problem{Code: answerDue, Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true, Quiet: true, Value: reminded})
	}
	return plan
}

// forgetUndecided drops the notes about fields that wait: they are said when the field is decided, but for the
// reminder of an invitation, whose end does not wait. Nothing gave way where a door keeps the winner out.
func (m *merger) forgetUndecided() {
	m.plan.Problems = slices.DeleteFunc(m.plan.Problems, func(p Problem) bool {
		_, written := m.plan.at(p.Place)[p.Field]
		return p.Once && m.plan.keep[p.Field] && p.Code != answerDue || p.Code == conflictResolved && !written
	})
}

// unreadable tells of values that are not what the sheet says; the other fields go on.
func (m *merger) unreadable() {
	tell := func(r Record, place Place) {
		found := r.Members(Unreadable)
		for _, field := range slices.Sorted(maps.Keys(found)) {
			m.say(Problem{Code: "value.unreadable", Field: Field(field), Place: place, Class: OfRecord, Warn: true,
				Text: m.label(Field(field)) + ": " + found[field], Mend: "correct it; the other fields go on"})
		}
	}
	tell(m.p, InCRM)
	if !m.Opportunity.Assumed() {
		tell(m.d, InPartnerCenter)
	}
}

// Changed says whether the opportunity differs from its base in anything that could matter.
func Changed(base Base, o Opportunity, rules []Rule) bool {
	m := &merger{base: base, d: o.Record, p: Record{}}
	for _, rule := range rules {
		if rule.Way == Read || rule.Way.created() {
			continue
		}
		for _, f := range m.entries(rule) {
			if d, ok := o.Record.value(f); ok && !same(base.Opportunity[f], d) {
				return true
			}
		}
	}
	if !maps.Equal(o.Record.Members(Unreadable), base.Opportunity.Members(Unreadable)) {
		return true
	}
	return Mistold(base, o) || o.Record[Sync] != base.Opportunity[Sync] || o.Record[Mark] == MarkUntidy && base.Opportunity[Mark] != MarkUntidy
}

// entries lists the field itself, or every member that any of the four records knows.
func (m *merger) entries(rule Rule) []Field {
	if !rule.List {
		return []Field{rule.Field}
	}
	seen := map[Field]bool{}
	for _, r := range []Record{m.p, m.d, m.base.Referral, m.base.Opportunity} {
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
	bp, bpOK := m.base.Referral.value(f)
	bd, bdOK := m.base.Opportunity.value(f)
	if !bpOK && !bdOK || rule.Way == Both && m.base.half(f, m.p, m.d) {
		m.firstSight(rule, f, p, d, pOK, dOK)
		return
	}
	pChanged := pOK && !same(bp, p)
	dChanged := dOK && !m.Opportunity.Assumed() && !same(bd, d)
	switch {
	case pChanged && dChanged && m.agree(rule, p, d):
	case dChanged && m.backInOwn(rule, f, d):
		m.agreeAgain(rule, f, p, pOK)
	case pChanged && dChanged && rule.Way == Both:
		m.conflict(rule, f, p, d)
	case pChanged && rule.Way != ToReferral:
		m.toOpportunity(rule, f, p)
		if !m.gaveWay(rule, f, InCRM, bp, d) {
			m.overtaken(f, d)
		}
	case dChanged && rule.Way == ToOpportunity:
		m.restore(rule, f, p, pOK)
	case dChanged:
		m.toReferral(rule, f, d)
		m.gaveWay(rule, f, InPartnerCenter, bd, p)
	case slices.Contains(m.Pair.LeftAlone, f) && (!pOK || !dOK || !m.agree(rule, p, d)):
		m.leaves(f)
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
	if rule.List && m.Opportunity.Assumed() {
		m.plan.NeedsOpportunity = true
	}
}

func (m *merger) toReferral(rule Rule, f Field, d string) {
	v := across(rule.ToReferral, d)
	p, ok := m.p.value(f)
	if ok && p == v {
		return
	}
	if ok && rule.Whole != nil && p != "" && d != "" && !m.closed() {
		whole, sure := rule.Whole(d, p)
		if !sure {
			m.plan.keep[f] = true
			m.say(Problem{Code: "text.cut", Field: f, Place: InPartnerCenter, Class: OfRecord, Warn: true, Sent: true,
				Text: m.label(f) + " shows only the beginning of a longer text, and its mark is gone: the change was not sent",
				Mend: "edit it in Partner Center, or ask for a longer column"})
			return
		}
		v = whole
	}
	m.plan.ToReferral[f] = v
}

// restore puts back a column that only the other side fills.
func (m *merger) restore(rule Rule, f Field, p string, pOK bool) {
	bp, bpOK := m.base.Referral.value(f)
	bd, bdOK := m.base.Opportunity.value(f)
	v := bd
	switch {
	case pOK && isHashed(p), !pOK && bpOK && isHashed(bp):
		m.unkept(f)
		return
	case pOK:
		v = across(rule.ToOpportunity, p)
	case bpOK:
		v = across(rule.ToOpportunity, bp)
	case !bdOK || isHashed(bd): // Partner Center has said nothing of it yet
		return
	}
	if m.d[f] == v {
		return // somebody typed what stands there: nothing is restored
	}
	m.plan.ToOpportunity[f] = v
	m.say(Problem{Code: "column.readonly", Field: f, Place: InCRM, Warn: true, Once: true,
		Text: m.label(f) + " is filled by Partner Center and was restored", Mend: "nothing to do"})
}

// unkept leaves a column that only the other side fills as somebody has made it: of what stood there no more than a hash is
// remembered, and what says it was not read. Whoever reads that next restores it.
func (m *merger) unkept(f Field) {
	m.plan.NeedsMicrosoft = true
	m.plan.unkept = append(m.plan.unkept, f)
	m.say(Problem{Code: "column.changed", Field: f, Place: InCRM, Warn: true, Once: true,
		Text: "somebody has changed " + m.label(f) + ", which is filled by Partner Center, and its text is not kept here: it is restored when Partner Center says it the next time",
		Mend: "nothing to do"})
}

// inside puts back a column of ours that somebody else has changed.
func (m *merger) inside(rule Rule) {
	f := rule.Field
	d, ok := m.d.value(f)
	b, was := m.base.Opportunity[f]
	if m.Opportunity.Assumed() || !ok || !was || b == "" && f != Audit || same(b, d) {
		return
	}
	if isHashed(b) {
		if f == Audit && !grownByUs(b, d) {
			m.say(Problem{Code: "column.changed", Field: f, Place: InCRM, Warn: true, Once: true,
				Text: "somebody else has changed " + m.label(f) + ", and its copy is not kept any more: what stood there is not restored", Mend: "nothing to do"})
		}
		return
	}
	if f == Audit {
		if b = withOurLines(b, d); b == d {
			return
		}
	}
	m.plan.ToOpportunity[f] = b
	m.say(Problem{Code: "column.locked", Field: f, Place: InCRM, Warn: true, Once: true,
		Text: m.label(f) + " is kept by the sync and was restored", Mend: "nothing to do"})
}

func (m *merger) label(f Field) string { return Label(m.Rules, f) }

func (m *merger) say(p Problem) { m.plan.Problems = append(m.plan.Problems, p) }

// unsay takes back what was said of a field before it was decided anew.
func (m *merger) unsay(code string, f Field) {
	m.plan.Problems = slices.DeleteFunc(m.plan.Problems, func(p Problem) bool { return p.Code == code && p.Field == f })
}

// opportunityValue is what the opportunity will hold after the plan: the change if there is one, else the
// value read, else the remembered one.
func (m *merger) opportunityValue(f Field) string {
	return firstOf(f, m.plan.ToOpportunity, m.d, m.base.Opportunity)
}

func firstOf(f Field, records ...Record) string {
	for _, r := range records {
		if v, ok := r[f]; ok {
			return v
		}
	}
	return ""
}

// Restorable says whether a column of ours was changed by somebody else.
func Restorable(base Base, o Opportunity, rules []Rule) bool {
	for _, rule := range rules {
		d, ok := o.Record.value(rule.Field)
		if (rule.Way == Inside || rule.Way == ToOpportunity) && ok && !same(base.Opportunity[rule.Field], d) {
			return true
		}
	}
	return false
}
