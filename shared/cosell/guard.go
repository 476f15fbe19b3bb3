package cosell

import (
	"math"
	"math/big"
)

// guard looks at the plan once more with the eyes of Partner Center: what can never be taken back is not
// attempted, what is closed is not written, and what a person loses by that is explained.
func (m *merger) guard() {
	m.askForHelp()
	if m.onHold() {
		return
	}
	for _, rule := range m.Rules {
		switch rule.Door {
		case OneWay:
			m.guardOneWay(rule.Field)
		case OnceSet:
			m.guardOnceSet(rule.Field)
		case OnceCreated:
			m.guardLocked(rule, customerLocked, "the customer's data cannot change in Partner Center after creation")
		case OnceShared:
			if m.shared() && m.hasMembers(rule.Field.led()) {
				m.guardLocked(rule, contactLocked, "the customer's contacts cannot change once shared with Microsoft")
			}
		case NeverEmpty:
			m.guardNeverEmpty(rule)
		}
		m.guardTooMany(rule.Field)
	}
	m.guardClosed()
	m.guardEarlyWin()
}

// onHold keeps everything back while the seller has not answered a pending referral: edits made meanwhile
// travel with the answer. Those of a lead go at once: it is one as long as nobody has answered.
func (m *merger) onHold() bool {
	if m.referralStatus() != Pending || m.plan.ToReferral[Status] != "" || m.Pair.Table == LeadTable {
		return false
	}
	for f := range m.plan.ToReferral {
		m.plan.keep[f] = true
	}
	m.plan.ToReferral = Record{}
	return true
}

func (m *merger) referralStatus() string {
	if v, ok := m.p[Status]; ok {
		return v
	}
	return m.base.Referral[Status]
}

// closed says whether the referral takes nothing any more, since before this plan.
func (m *merger) closed() bool { return ReferralClosed(m.referralStatus()) }

// shared says whether Microsoft's sellers see the referral already, before this plan.
func (m *merger) shared() bool {
	if v, ok := m.p[Visibility]; ok {
		return v == True
	}
	return m.base.Referral[Visibility] == True
}

func (m *merger) hasMembers(list Field) bool {
	for _, v := range m.p.Members(list) {
		if v != "" {
			return true
		}
	}
	return false
}

// askForHelp turns a help option that was chosen on a deal without Microsoft's referral into an
// invitation, which makes the deal visible on both sides, also where that is all that is left of it. What Microsoft
// wants to know must be there.
func (m *merger) askForHelp() {
	d := m.opportunityValue(Help)
	_, submitted := m.plan.ToReferral[Help]
	delete(m.plan.ToReferral, Help)
	if m.neverShared() {
		return
	}
	row, read := m.Opportunity.Row()
	if read && m.askedHalf(d) {
		m.show()
		return
	}
	if !read || m.Pair.MicrosoftID != "" || d == "" || m.base.Referral[Help] != "" || m.p[Help] != "" {
		return
	}
	switch {
	case submitted && m.closed():
		m.plan.ToReferral[Help] = d // which is told
		return
	case submitted && m.referralStatus() != Accepted:
		m.plan.keep[Help] = true
	}
	if m.referralStatus() != Accepted {
		return
	}
	m.plan.keep[Help] = true
	if !namesPeople(row.Record) {
		m.plan.Problems = append(m.plan.Problems, unseenPeople)
		return
	}
	if problems := Preflight(row); len(problems) > 0 {
		m.plan.Problems = append(m.plan.Problems, problems...)
		return
	}
	m.plan.Invite = d
	m.makeVisible()
}

// makeVisible shows the deal, which only the invitation asks for unless the seller switched it on.
func (m *merger) makeVisible() {
	if _, wanted := m.plan.ToReferral[Visibility]; !wanted && m.d[Visibility] != True {
		m.plan.keep[Visibility] = true
	}
	m.show()
}

// show shows the deal on the side that does not.
func (m *merger) show() {
	if m.p[Visibility] == False {
		m.plan.ToReferral[Visibility] = True
	}
	if m.d[Visibility] == False {
		m.plan.ToOpportunity[Visibility] = True
	}
}

// askedHalf says whether an earlier run asked Microsoft for this help and came no further: AskedMicrosoft notes
// the help for Partner Center alone, and the end of a run for CRM too.
func (m *merger) askedHalf(help string) bool {
	return help != "" && m.Pair.MicrosoftID != "" && m.base.Referral[Help] == help && m.base.Opportunity[Help] != help && m.referralStatus() == Accepted
}

// guardOneWay: what was shown to Microsoft's sellers stays shown.
func (m *merger) guardOneWay(f Field) {
	if m.plan.ToReferral[f] == False {
		delete(m.plan.ToReferral, f)
		m.plan.ToOpportunity[f] = True
		m.say(Problem{Code: "visibility.final", Field: f, Place: InPartnerCenter, Warn: true, Once: true,
			Text: "a deal that Microsoft's sellers can see cannot be hidden again; the switch was set back to Yes", Mend: "nothing to do"})
	}
}

// guardOnceSet: the help that was asked for cannot be changed.
func (m *merger) guardOnceSet(f Field) {
	d, ok := m.d.value(f)
	submitted := m.base.Referral[f]
	if !ok || m.Opportunity.Assumed() || submitted == "" || d == submitted || same(m.base.Opportunity[f], d) {
		return
	}
	m.say(Problem{Code: "help.submitted", Field: f, Place: InPartnerCenter, Warn: true, Once: true,
		Text: "the help asked of Microsoft cannot be changed after it was submitted; the change stays in CRM", Mend: "nothing to do"})
}

// The codes of what a door keeps as it is, whether the deal is closed or not.
const (
	customerLocked = "customer.locked"
	contactLocked  = "contact.locked"
)

func (m *merger) guardLocked(rule Rule, code, text string) {
	found := false
	closed := m.closed() // it could not have changed either: nothing to tell
	for f := range m.plan.ToReferral {
		list, _, member := f.List()
		if f == rule.Field || member && list == rule.Field {
			delete(m.plan.ToReferral, f)
			found = true
		}
	}
	if found && !closed && !m.said(code) {
		p := Problem{Code: code, Field: rule.Field, Place: InPartnerCenter, Warn: true, Once: true, Text: text + "; the change stays in CRM", Mend: "nothing to do"}
		if ReferralClosed(m.plan.ToReferral[Status]) { // after that it is not said any more
			p.With = Status
		}
		m.say(p)
	}
}

func (m *merger) said(code string) bool {
	for _, p := range m.plan.Problems {
		if p.Code == code {
			return true
		}
	}
	return false
}

// after are the members of a list of the referral as the plan leaves it, some of them empty; touched: the plan changes them.
func (m *merger) after(list Field) (members map[string]string, left int, touched bool) {
	members = m.p.Members(list)
	for f, v := range m.plan.ToReferral {
		if l, member, ok := f.List(); ok && l == list {
			members[member], touched = v, true
		}
	}
	for _, v := range members {
		if v != "" {
			left++
		}
	}
	return members, left, touched
}

// guardNeverEmpty: a referral needs at least one solution.
func (m *merger) guardNeverEmpty(rule Rule) {
	after, left, touched := m.after(rule.Field)
	if !touched || left > 0 || m.closed() {
		return
	}
	m.holdBack(rule.Field, after)
	m.say(Problem{Code: solutionRequired, Field: rule.Field, Place: InPartnerCenter, Class: OfRecord,
		Text: "the last solution was not removed in Partner Center: a referral needs at least one",
		Mend: "add a Microsoft solution to the opportunity"})
}

// guardTooMany: a list that Partner Center would refuse for its length is not sent.
func (m *merger) guardTooMany(list Field) {
	if len(tooMany(list, math.MaxInt)) == 0 {
		return // however long it is: all members of the record are not gone through for each of its fields
	}
	after, left, touched := m.after(list)
	too := tooMany(list, left)
	if !touched || len(too) == 0 || m.closed() {
		return
	}
	m.holdBack(list, after)
	for _, p := range too {
		p.Place, p.Class = InPartnerCenter, OfRecord
		m.say(p)
	}
}

// holdBack takes the members of a list out of the plan, until it is decided anew.
func (m *merger) holdBack(list Field, members map[string]string) {
	for member := range members {
		f := list.Of(member)
		delete(m.plan.ToReferral, f)
		m.plan.keep[f] = true
	}
}

// guardClosed: nothing is written to a referral that was closed before this plan.
func (m *merger) guardClosed() {
	if !m.closed() {
		return
	}
	if len(m.plan.ToReferral) > 0 && !m.said("referral.closed") {
		m.say(Problem{Code: "referral.closed", Place: InPartnerCenter, Warn: true, Once: true,
			Text: "the referral is closed; changes stay in CRM", Mend: "nothing to do"})
	}
	m.plan.ToReferral = Record{}
}

// guardEarlyWin: a deal that could be registered keeps 72 hours between acceptance and win, else the
// registration is lost. https://learn.microsoft.com/partner-center/register-deals
func (m *merger) guardEarlyWin() {
	o := m.Options
	if m.plan.ToReferral[Status] != Won || o.WonGuard != "warn" && o.WonGuard != "delay" || !m.registrable() {
		return
	}
	ripe := m.Referral.AcceptedAt.Add(o.WonAge)
	if m.Referral.AcceptedAt.IsZero() || !m.Referral.Read.Before(ripe) {
		return
	}
	if o.WonGuard == "warn" {
		m.say(Problem{Code: "won.early", Field: Status, Place: InPartnerCenter, Warn: true, Once: true,
			Text: "closed as won before " + o.WonAge.String() + " had passed since acceptance: the deal may not be registrable", Mend: "nothing to do"})
		return
	}
	for _, f := range []Field{Status, DealValue, Currency, ClosingDate} {
		if _, waits := m.plan.ToReferral[f]; waits {
			delete(m.plan.ToReferral, f)
			m.plan.keep[f] = true
		}
	}
	m.plan = m.plan.notClosing()
	m.plan.HeldUntil = ripe
	m.say(Problem{Code: "won.early", Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true,
		Text: "held back until " + clock(ripe) + ": a deal that can be registered must not be closed as won earlier",
		Mend: "nothing to do, it goes through by itself"})
}

func (m *merger) registrable() bool {
	value := firstOf(DealValue, m.plan.ToReferral, m.p, m.d)
	return m.shared() && !less(value, m.Options.RegistrableValue)
}

// less compares two decimals; what is no number is less than any.
func less(a, b string) bool {
	x, ok := new(big.Rat).SetString(a)
	y, limit := new(big.Rat).SetString(b)
	return !ok || limit && x.Cmp(y) < 0
}
