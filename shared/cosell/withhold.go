package cosell

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// wonWaits is how long a won deal waits for a closing value that Partner Center refused.
const wonWaits = 24 * time.Hour

// closingValues cannot follow once the deal is won.
var closingValues = []Field{DealValue, Currency, ClosingDate}

// withhold does not ask again for what was refused, while nothing has changed: neither the value, nor a
// relative, nor the other side, and its time has not come.
func (m *merger) withhold() {
	m.withholdAt(InPartnerCenter)
	m.withholdAt(InCRM)
	m.withholdInvite()
	m.waitForClosingValues()
	m.tooLate()
	m.standing()
}

// tooLate does not ask Microsoft for help on a deal that this very plan closes.
func (m *merger) tooLate() {
	if m.plan.Invite == "" || !ReferralClosed(m.plan.ToReferral[Status]) {
		return
	}
	m.plan = m.plan.uninvited()
	delete(m.plan.keep, Help)
	if h, ok := m.held(InPartnerCenter, Help); ok {
		m.plan.unclosed = append(m.plan.unclosed, h.Problem())
	}
	m.say(Problem{Code: helpLate, Field: Help, Place: InPartnerCenter, Warn: true, Once: true, With: Status,
		Text: "Microsoft was not asked for help, because the deal was closed at the same time", Mend: "nothing to do"})
}

const helpLate = "help.late"

// notClosing is the plan whose closing does not come: what only that makes true is not said, no value is final, and Microsoft is asked
// another time. What is locked is so either way; what differs was left alone before.
func (p Plan) notClosing() Plan {
	p = p.clone()
	p.Problems = slices.DeleteFunc(p.Problems, func(note Problem) bool {
		if !note.Once || note.hangsOn() != Status || note.Code == customerLocked || note.Code == contactLocked {
			return false
		}
		if note.Code != closedDiffers {
			p.keep[note.Field] = true
		}
		return true
	})
	p.Problems = append(p.Problems, p.unclosed...)
	p.unclosed = nil
	return p
}

// standing keeps telling of what comparing cannot see: another referral of the opportunity, an account that
// nobody could choose yet, what only Microsoft's referral says, which was not read this time, an answer that the form did
// not take.
func (m *merger) standing() {
	for _, h := range m.Pair.Held {
		if m.OfMicrosoft(h) && !m.saidOf(h.Code, h.Field) {
			m.plan.keep[h.Field] = true
			m.say(h.Problem())
		}
		if h.Field == Action && h.Place == InCRM && m.d[Action] != "" && !m.looks() {
			m.say(h.Problem())
		}
		switch h.Code {
		case "link.taken", "referral.twice":
			m.say(h.Problem())
		case "microsoft.unreadable":
			if _, read := m.Referral.Record.value(MicrosoftStatus); !read {
				m.say(h.Problem())
			}
		case accountUnclear:
			if !m.hasCustomer() && m.plan.ToOpportunity[CustomerName] == "" {
				m.say(h.Problem())
			}
		}
	}
}

// OfMicrosoft says whether CRM refused something of Microsoft's referral, which the referral at hand does
// not say.
func (in Pairing) OfMicrosoft(h Held) bool {
	_, read := in.Referral.Record.value(h.Field)
	return h.Place == InCRM && !read && slices.ContainsFunc(in.Rules, func(r Rule) bool { return r.Field == h.Field && r.Way == ToOpportunity })
}

func (m *merger) withholdAt(place Place) {
	if !slices.ContainsFunc(m.Pair.Held, func(h Held) bool { return withholds(h, place) }) {
		return // as almost always: the changes need not be taken apart
	}
	changes := m.plan.at(place)
	for _, atom := range Atoms(changes) {
		for _, f := range slices.Sorted(maps.Keys(atom)) { // what an acceptance goes without
			if bad, rest := Sever(atom, f); len(rest) > 0 && m.withheld(place, f, bad) {
				atom = rest
			}
		}
		for _, f := range slices.Sorted(maps.Keys(atom)) {
			if m.withheld(place, f, atom) {
				break
			}
		}
	}
}

// withheld drops an atom that was refused, named after one of its fields, and has not changed since.
func (m *merger) withheld(place Place, f Field, atom Record) bool {
	h, ok := m.held(place, f)
	if !ok || !h.asks(atom) || m.Released(h) {
		return false
	}
	for g := range atom {
		delete(m.plan.at(place), g)
		m.plan.keep[g] = true
	}
	if _, closing := atom[Status]; closing {
		m.plan = m.plan.notClosing()
	}
	m.say(h.Problem())
	return true
}

// CutMark ends a text that CRM could not hold whole.
const CutMark = "…"

// asks says whether what is held was the same question as this one. How long a column of CRM is, one process may have heard
// before the other: the same text is the same question, whole or cut.
func (h Held) asks(atom Record) bool {
	now := Asked(atom)
	if h.Value == now || h.Place != InCRM || len(atom) != 1 {
		return h.Value == now
	}
	begins := func(text, shown string) bool {
		beginning, is := strings.CutSuffix(shown, CutMark)
		return is && beginning != "" && strings.HasPrefix(text, beginning)
	}
	return begins(now, h.Value) || begins(h.Value, now)
}

// held finds what the place refused of the field: a list is refused as a whole.
func (m *merger) held(place Place, f Field) (Held, bool) {
	for _, h := range m.Pair.Held {
		if h.Field == f && withholds(h, place) {
			return h, true
		}
	}
	return Held{}, false
}

// withholds says whether what is held is a value that the place has refused.
func withholds(h Held, place Place) bool {
	return h.Place == place && h.Class != OfRule && h.Value != ""
}

// Problem is what the row says, as a problem that nobody asked about in this run.
func (h Held) Problem() Problem {
	return Problem{Code: h.Code, Field: h.Field, Text: h.Text, Mend: h.Mend, Class: h.Class, Place: h.Place, Value: h.Value, Warn: h.Warn, Quiet: h.Quiet, Due: h.Next}
}

// Released says whether what is held may be sent again.
func (in Pairing) Released(h Held) bool {
	return in.Retry || h.Due(in.At) || h.Version != in.version(h.Place) && !h.tooSoon(in.At)
}

// tooSoon says whether a change of the record does not count yet. What was ignored was written all the same, and something may save the
// record after each write: then each try would be the reason for the next. So such a change counts at once after the first two tries, and
// after the others once the wait of two tries before is over.
func (h Held) tooSoon(at time.Time) bool {
	tried := h.Next.Add(-waitAfter(h.Attempts))
	return h.Code == valueIgnored && at.Before(tried.Add(waitAfter(h.Attempts-2)))
}

func (in Pairing) version(place Place) string {
	switch {
	case place == InPartnerCenter && in.Referral.Microsoft:
		return ""
	case place == InPartnerCenter:
		return in.Referral.Version
	}
	return in.Opportunity.Side().Version
}

func (m *merger) withholdInvite() {
	if m.plan.Invite == "" {
		return
	}
	if h, ok := m.held(InPartnerCenter, Help); ok && h.Value == remember(Help, m.plan.Invite) && !m.Released(h) {
		m.plan = m.plan.uninvited()
		m.say(h.Problem())
	}
}

// waitForClosingValues: a deal that is closed as won takes no value any more, so it waits a day for one
// that was refused. A lost one goes at once.
func (m *merger) waitForClosingValues() {
	if !ClosesAsWon(m.plan.ToReferral) {
		return
	}
	for _, f := range closingValues {
		h, ok := m.held(InPartnerCenter, f)
		if !ok || !m.plan.keep[f] {
			continue
		}
		m.plan = m.wonWithout(m.plan, f, h.Since)
	}
}

// wonWithout is the plan that closes as won without a value that Partner Center has not taken since then: won waits for it, or the
// day is over and the last agreed one is final.
func (in Pairing) wonWithout(p Plan, f Field, since time.Time) Plan {
	if !ClosesAsWon(p.ToReferral) { // it waits for another one
		return p
	}
	label := Label(in.Rules, f)
	if until := since.Add(wonWaits); in.At.Before(until) {
		return p.wonWaiting(label, until)
	}
	p = p.clone()
	delete(p.keep, f)
	p.unclosed = slices.Clone(p.unclosed)
	p.Problems = slices.DeleteFunc(p.Problems, func(of Problem) bool {
		over := of.Field == f && of.Place == InPartnerCenter
		if over && !of.Once {
			p.unclosed = append(p.unclosed, of)
		}
		return over
	})
	return p.With(Problem{Code: "won.final", Field: f, Place: InPartnerCenter, Warn: true, Once: true, With: Status,
		Text: "won goes through with the last agreed " + label + ", which Partner Center would not change; it is now final", Mend: "nothing to do"})
}

// wonWaiting is the plan whose won waits for a closing value.
func (p Plan) wonWaiting(label string, until time.Time) Plan {
	p = p.notClosing()
	delete(p.ToReferral, Status)
	delete(p.ToReferral, Reason)
	p.keep[Status] = true
	p.HeldUntil = until
	p.Problems = append(p.Problems, Problem{Code: "won.waiting", Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true,
		Text: "closing as won waits until " + clock(until) + " at most: Partner Center did not take " + label + ", and nothing can follow a won deal",
		Mend: "correct the value; won goes through with it"})
	return p
}

// WithWonWaiting is the plan after a closing value was refused in this very run.
func (p Plan) WithWonWaiting(rules []Rule, f Field, since time.Time) Plan {
	return p.wonWaiting(Label(rules, f), since.Add(wonWaits))
}
