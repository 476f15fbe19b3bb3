package partnercentersim

import (
	"slices"
	"strings"
	"time"
)

// legalPairs is the table of status and substatus: section 2.3 of the specification, and
// https://learn.microsoft.com/partner-center/developer/referral-resources. Error is of 2023, from portal and bulk.
func legalPairs() map[string][]string {
	return map[string][]string{
		"New":    {"Pending", "Received"},
		"Active": {"Accepted"},
		"Closed": {"Won", "Lost", "Declined", "Expired", "Error"},
	}
}

// nextStates says where a status may go. Closed is terminal.
func nextStates() map[string][]string {
	return map[string][]string{"New": {"New", "Active", "Closed"}, "Active": {"Active", "Closed"}}
}

// step checks a change of the state that a caller asks for.
func (s *Sim) step(before, after document, by way) *refusal {
	from, fromSub := before.text("status"), before.text("substatus")
	to, toSub := after.text("status"), after.text("substatus")
	if from == to && fromSub == toSub {
		return nil
	}
	if from == "Engaged" { // typed in by a control call; third parties have seen it
		from = "Active"
	}
	if !slices.Contains(legalPairs()[to], toSub) {
		return invalid("invalidStatus", "status %s does not go with substatus %s: allowed is %s", to, toSub, strings.Join(legalPairs()[to], ", ")).about("substatus")
	}
	if !slices.Contains(nextStates()[from], to) {
		return invalid("invalidStatusTransition", "a referral that is %s cannot become %s", from, to).about("status")
	}
	if toSub == "Expired" || to == "New" {
		return invalid("invalidStatusTransition", "only Partner Center itself sets %s/%s", to, toSub).about("status")
	}
	if toSub == "Error" && by == byAPI && s.is("errorSubstatus", "refuse") {
		return invalid("invalidSubstatus", "substatus %s is not one of %s", toSub, "Won, Lost, Declined, Expired").about("substatus")
	}
	if s.is("closeSteps", "strict") {
		if from == "New" && (toSub == "Won" || toSub == "Lost") {
			return invalid("invalidStatusTransition", "substatus %s follows Active/Accepted: accept the referral first", toSub).about("substatus")
		}
		if from == "Active" && toSub == "Declined" {
			return invalid("invalidStatusTransition", "substatus Declined follows New: an accepted referral is closed as Lost").about("substatus")
		}
	}
	if s.is("strict", "true") {
		return s.checkReason(toSub, after.text("statusReason"))
	}
	return nil
}

// settle sets what follows from a state: the times of acceptance and closing, and the end of the waiting time.
func settle(before, after document, now time.Time) {
	from, to := before.text("status"), after.text("status")
	if to == from {
		return
	}
	if to == "Active" {
		after["acceptedDateTime"] = serverTime(now)
		after["expirationDateTime"] = nil
	}
	if to == "Closed" {
		after["closedDateTime"] = serverTime(now)
	}
}

// expire closes what has waited for an answer longer than 14 days. It is all that time alone does.
func (s *Sim) expire(now time.Time) {
	for _, r := range s.order {
		if r.expires.IsZero() || r.expires.After(now) {
			continue
		}
		r.doc["status"], r.doc["substatus"] = "Closed", "Expired"
		r.doc["closedDateTime"] = serverTime(r.expires)
		s.lapsed(r.doc)
		s.save(r)
	}
}
