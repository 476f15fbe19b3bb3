package cosell

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

// agreeing says whether the two say the same of the deal. An accepted deal may be put on hold in CRM
// without Microsoft knowing.
func agreeing(referral, opportunity string) bool {
	switch referral {
	case Accepted:
		return opportunity == Open || opportunity == OnHold
	case Lost, Declined, Expired, Errored:
		return opportunity == Lost || opportunity == Canceled
	default:
		return StatusFor(referral) == opportunity
	}
}

// status decides what becomes of the life cycle. Partner Center's closed is final; a decision that a
// person made on either side is never undone.
func (m *merger) status() {
	p, pOK := m.p.value(Status)
	d, dOK := m.d.value(Status)
	if !pOK || !dOK {
		return
	}
	bp, bpOK := m.Base.Referral.value(Status)
	bd, bdOK := m.Base.Opportunity.value(Status)
	pChanged := bpOK && p != bp
	dChanged := bdOK && d != bd && !m.assumed
	switch {
	case p == Accepted && d == OnHold && pChanged && !dChanged:
		m.plan.ToOpportunity[Status] = Open
	case agreeing(p, d):
	case ReferralClosed(p):
		m.referralClosed(p, d, pChanged)
	case p == Pending:
		m.answerPending(d, dChanged)
	case p == Accepted && OpportunityClosed(d):
		m.closeReferral(d)
	}
}

func (m *merger) referralClosed(p, d string, pChanged bool) {
	switch {
	case OpportunityClosed(d):
		m.say(Problem{Code: "status.differs", Field: Status, Warn: true,
			Text: "the referral is closed as " + p + ", the opportunity as " + d,
			Mend: "reopen the opportunity and close it as in Partner Center if that is right"})
	case pChanged:
		m.plan.ToOpportunity[Status] = StatusFor(p)
		m.plan.ToOpportunity[Reason] = m.p[Reason]
	default:
		m.plan.keep[Status] = true
		m.say(Problem{Code: "referral.closed", Field: Status,
			Text: "the referral is closed as " + p + " and cannot be opened again",
			Mend: "close the opportunity again, or make a new one for a new deal"})
	}
}

// answerPending turns the seller's answer to a pending referral into Partner Center's words.
func (m *merger) answerPending(d string, dChanged bool) {
	switch {
	case d == Open && dChanged:
		m.plan.ToReferral[Status] = Accepted
	case (d == Lost || d == Canceled) && m.d[Reason] == "":
		m.plan.keep[Status] = true
		m.say(Problem{Code: "reason.required", Field: Status,
			Text: "the referral was not declined: Partner Center wants a reason",
			Mend: "reopen the opportunity and close it as lost with a description"})
	case d == Lost || d == Canceled:
		m.plan.ToReferral[Status] = Declined
		m.plan.ToReferral[Reason] = m.d[Reason]
	case d == Won:
		m.plan.keep[Status] = true
		m.say(Problem{Code: "referral.pending", Field: Status,
			Text: "the referral was not closed as won: it has not been accepted",
			Mend: "reopen the opportunity, set it to In Progress, then close it as won"})
	}
}

// noReason is sent when a seller lost a deal without a word: Partner Center demands some.
const noReason = "Others"

func (m *merger) closeReferral(d string) {
	if d == Won {
		m.plan.ToReferral[Status] = Won
		return
	}
	m.plan.ToReferral[Status] = Lost
	m.plan.ToReferral[Reason] = m.d[Reason]
	if m.d[Reason] == "" {
		m.plan.ToReferral[Reason] = noReason
	}
}
