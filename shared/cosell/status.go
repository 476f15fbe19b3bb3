package cosell

import "time"

// The canonical texts of a referral's status. Pending stands for New/Pending and New/Received, accepted
// for Active/Accepted, the others for Closed with that substatus.
// https://learn.microsoft.com/partner-center/developer/referral-resources
const (
	Pending  = "pending"
	Accepted = "accepted"
	Won      = "won"
	Lost     = "lost"
	Declined = "declined"
	Expired  = "expired"
	Errored  = "error"
)

// The canonical texts of an opportunity's status, beside Won and Lost: open with status reason On Hold,
// open with any other, and lost with status reason Canceled.
const (
	OnHold   = "onhold"
	Open     = "open"
	Canceled = "canceled"

	// Other is open with a status reason of the organisation's own that the sheet does not name: it decides
	// nothing.
	Other = "other"
)

// ReferralClosed says whether nothing can be changed any more on a referral with the status.
func ReferralClosed(status string) bool {
	return status != "" && status != Pending && status != Accepted
}

// OpportunityClosed says whether the opportunity is won or lost.
func OpportunityClosed(status string) bool {
	return status == Won || status == Lost || status == Canceled
}

// StatusFor is the status that an opportunity gets when its referral has the given one.
func StatusFor(referral string) string {
	switch referral {
	case Pending:
		return OnHold
	case Accepted:
		return Open
	case Won, Lost:
		return referral
	default:
		return Canceled
	}
}

// ClosedAlike says whether a referral and its opportunity are closed, and say the same of the deal.
func ClosedAlike(referral, opportunity string) bool {
	return ReferralClosed(referral) && OpportunityClosed(opportunity) && agreeing(referral, opportunity)
}

// agreeing says whether the two say the same of the deal. An accepted deal may be put on hold in CRM
// without Microsoft knowing.
func agreeing(referral, opportunity string) bool {
	switch referral {
	case Accepted:
		return opportunity == Open || opportunity == OnHold || opportunity == Other
	case Pending:
		return opportunity == OnHold || opportunity == Other
	case Lost, Declined, Expired, Errored:
		return opportunity == Lost || opportunity == Canceled
	default:
		return StatusFor(referral) == opportunity
	}
}

// status decides what becomes of the life cycle. Partner Center's closed is final; a decision that a
// person made on either side is never undone.
//
//	referral \ CRM  | On Hold        | open                   | lost, canceled         | won
//	pending         | agreed         | accept, if a person    | decline after the      | explained: not
//	                |                | moved it from On Hold  | grace                  | accepted yet
//	accepted        | agreed; opened | agreed                 | Lost                   | Won
//	                | on acceptance  |                        |                        |
//	closed          | CRM is closed the same way; expired leaves what a person moved on; a deal that was
//	                | reopened in CRM is explained
//
// Two records that are linked by their identifiers, one of them closed already, stay as they are, and that is told.
func (m *merger) status() {
	p, pOK := m.p.value(Status)
	d, dOK := m.d.value(Status)
	if !pOK || !dOK || p == "" || d == "" {
		return
	}
	bp, bpOK := m.base.Referral.value(Status)
	bd, bdOK := m.base.Opportunity.value(Status)
	pChanged := bpOK && p != bp
	dChanged := bdOK && d != bd && !m.Opportunity.Assumed()
	switch {
	case m.Pair.Table == LeadTable:
		m.leadStatus(p, d, pChanged || !bpOK)
	case p == Accepted && d == OnHold && pChanged && !dChanged:
		m.plan.ToOpportunity[Status] = Open
	case agreeing(p, d):
	case m.apart(p, d, bpOK || bdOK, pChanged || dChanged):
		m.leaveApart(p, d)
	case ReferralClosed(p):
		m.referralClosed(p, d, pChanged || !bpOK)
	case p == Pending:
		m.answerPending(d, bd, dChanged)
	case p == Accepted && OpportunityClosed(d):
		m.closeReferral(d)
	}
}

// statusApart is the code of a pair of which one record was closed already, and the other open, when they were linked.
const statusApart = "status.apart"

// apart says whether two records were linked by the identifiers that they carry while one of them was closed already: nobody
// can tell which is right, so linking closes neither. It is over once the status of one of them changes.
func (m *merger) apart(p, d string, agreed, changed bool) bool {
	if ReferralClosed(p) == OpportunityClosed(d) {
		return false
	}
	return m.Met && !agreed || m.wasHeld(statusApart) && !changed
}

func (m *merger) leaveApart(p, d string) {
	problem := Problem{Code: statusApart, Field: Status, Place: InCRM, Class: OfRule, Warn: true,
		Text: "the referral was closed as " + p + " already when it was linked, the " + m.noun() + " is " + d + ": both stay as they are",
		Mend: "close the " + m.noun() + " as well, if that is right"}
	if OpportunityClosed(d) {
		problem.Place = InPartnerCenter
		problem.Text = "the " + m.noun() + " was closed as " + d + " already when it was linked, the referral is " + p + ": both stay as they are"
		problem.Mend = "close the referral in Partner Center as well, or reopen the " + m.noun()
	}
	m.say(problem)
}

func (m *merger) referralClosed(p, d string, pChanged bool) {
	switch {
	case OpportunityClosed(d):
		m.say(Problem{Code: "status.differs", Field: Status, Place: InCRM, Class: OfRule, Warn: true,
			Text: "the referral is closed as " + p + ", the opportunity as " + d,
			Mend: "reopen the opportunity and close it as in Partner Center if that is right"})
	case p == Expired && d != OnHold && pChanged:
		m.plan.Ends = true
		m.say(Problem{Code: "referral.expired", Field: Status, Place: InCRM, Warn: true, Once: true,
			Text: "the referral expired without an answer; the " + m.noun() + " was moved on, so it stays as it is and is no longer linked",
			Mend: "choose \"Ask Microsoft again\" on the form for a new engagement"})
	case pChanged:
		m.plan.ToOpportunity[Status] = StatusFor(p)
		m.plan.ToOpportunity[Reason] = m.p[Reason]
		if day := m.p[ClosedOn]; day != "" {
			m.plan.ToOpportunity[ClosedOn] = day
		}
	default:
		m.plan.keep[Status] = true
		m.say(Problem{Code: "referral.closed", Field: Status, Place: InPartnerCenter, Class: OfRecord,
			Text: "the referral is closed as " + p + " and cannot be opened again",
			Mend: m.closeAgain()})
	}
}

// answerPending turns the seller's answer to a pending referral into Partner Center's words. Acceptance is
// what a person does who moves the deal from On Hold to open; the CRM's Reopen is none.
func (m *merger) answerPending(d, before string, dChanged bool) {
	switch {
	case d == Open && dChanged && before == OnHold && !m.reopened():
		m.accept()
	case d == Open && (dChanged || m.wasHeld("reopen.pending")):
		m.say(Problem{Code: "reopen.pending", Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true,
			Text: "the opportunity is open again, the referral still waits for an answer",
			Mend: "to accept it set the opportunity to On Hold, save, and then to In Progress; to decline it close it as lost"})
	case d == Lost || d == Canceled:
		m.decline()
	case d == Won:
		m.plan.keep[Status] = true
		m.say(Problem{Code: "referral.pending", Field: Status, Place: InPartnerCenter, Class: OfRecord,
			Text: "the referral was not closed as won: it has not been accepted",
			Mend: "reopen the opportunity, set it to On Hold, then to In Progress, and close it as won after that"})
	}
}

// reopened says whether the opportunity was closed and opened again since both sides agreed.
func (m *merger) reopened() bool {
	return m.d[LastClosed] != m.base.Opportunity[LastClosed]
}

func (m *merger) wasHeld(code string) bool {
	for _, h := range m.Pair.Held {
		if h.Code == code {
			return true
		}
	}
	return false
}

// declineWaiting is the code of a decline that the seller can take back still.
const declineWaiting = "decline.waiting"

// decline waits for the grace in which the seller can take it back.
func (m *merger) decline() {
	row, read := m.Opportunity.Row()
	if !read {
		m.plan.NeedsOpportunity = true
		return
	}
	ripe := m.closedAt(row).Add(m.Options.DeclineGrace)
	if m.Pair.Table == LeadTable {
		ripe = m.givenUpAt().Add(m.Options.DeclineGrace)
	}
	if row.Read.Before(ripe) {
		m.plan.HeldUntil = ripe
		m.say(Problem{Code: declineWaiting, Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true,
			Text: "the referral will be declined at " + clock(ripe), Mend: "reopen the " + m.noun() + " before that to take it back"})
		return
	}
	m.plan.ToReferral[Status] = Declined
	m.plan.ToReferral[Reason] = m.reason()
}

func (m *merger) closedAt(row Opportunity) time.Time {
	if at, err := time.Parse(time.RFC3339, m.d[LastClosed]); err == nil {
		return at
	}
	return row.Modified
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }

// noReason is sent when a seller closed a deal without a word: Partner Center demands some.
const noReason = "Others"

func (m *merger) reason() string {
	if r := m.d[Reason]; r != "" {
		return r
	}
	return noReason
}

func (m *merger) closeReferral(d string) {
	if d == Won {
		m.plan.ToReferral[Status] = Won
		return
	}
	m.plan.ToReferral[Status] = Lost
	m.plan.ToReferral[Reason] = m.reason()
}

// accept sends with the status everything that an acceptance says: a referral that was only answered would
// show a deal without name, value, date and people.
func (m *merger) accept() {
	missing := m.lacksForAcceptance()
	if len(missing) > 0 {
		m.plan.keep[Status] = true
		for _, p := range missing {
			m.say(p)
		}
		return
	}
	m.plan.ToReferral[Status] = Accepted
	for _, rule := range m.Rules {
		switch rule.Field {
		case Name, DealValue, Currency, ClosingDate, Team, Team.First():
			m.complete(rule)
		case Notes:
			if m.Referral.Lead {
				m.complete(rule)
			}
		}
	}
}

// complete adds what the opportunity says of a field and the referral does not.
func (m *merger) complete(rule Rule) {
	for _, f := range m.entries(rule) {
		if _, decided := m.plan.ToOpportunity[f]; decided {
			continue
		}
		if d := m.d[f]; d != "" {
			if v := across(rule.ToReferral, d); v != m.p[f] && (m.p[f] == "" || blank(rule, m.p[f])) {
				m.plan.ToReferral[f] = v
			}
		}
	}
}

// Completes is the pair before the plan is carried out: what an acceptance says although nobody has edited it counts as an edit in CRM from now on,
// so that it is not forgotten where Partner Center does not take it.
func (p Pair) Completes(plan Plan, o Record) Pair {
	if plan.ToReferral[Status] != Accepted {
		return p
	}
	p.Base = p.Base.Clone()
	for f := range plan.ToReferral {
		d, read := o.value(f)
		if b, was := p.Base.Opportunity.value(f); was && read && same(b, d) && f != Status && f != Reason {
			p.Base.Opportunity.put(f, "")
		}
	}
	return p
}

// lastDays is when an acceptance is sent although the portal's form would ask for more.
const lastDays = 48 * time.Hour

func (m *merger) lacksForAcceptance() []Problem {
	if m.Opportunity.Assumed() {
		m.plan.NeedsOpportunity = true
		return nil
	}
	lacks := team(m.d)
	expires := m.Referral.ExpiresAt
	hurry := !expires.IsZero() && !m.Referral.Read.Add(lastDays).Before(expires) // from the moment on that afterReminder gives
	if m.Options.AcceptStrict && !hurry {
		lacks = append(lacks, m.lacking(Name, Currency, DealValue, ClosingDate)...)
		if m.Referral.Lead { // https://learn.microsoft.com/partner-center/manage-leads wants notes, too
			lacks = append(lacks, m.lacking(Notes)...)
		}
	}
	for i := range lacks {
		lacks[i].Code = "acceptance.incomplete"
		lacks[i].Class, lacks[i].Place = OfRecord, InPartnerCenter
		lacks[i].Text = "the referral is not accepted yet: " + lacks[i].Text
		if !expires.IsZero() {
			lacks[i].Text += " (it expires on " + expires.UTC().Format("2006-01-02") + ")"
		}
	}
	return lacks
}

// lacking names the plain fields that neither side fills.
func (m *merger) lacking(fields ...Field) []Problem {
	var out []Problem
	for _, f := range fields {
		for _, rule := range m.Rules {
			if rule.Field == f && blank(rule, m.d[f]) && blank(rule, m.p[f]) {
				out = append(out, Problem{Field: f, Text: rule.label() + " is missing", Mend: "fill it in"})
			}
		}
	}
	return out
}
